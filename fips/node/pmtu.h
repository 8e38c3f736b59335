/* pmtu.h - the path MTU of a session, from both ends (session.md 4.5).
 *
 * The source holds `current`: lower claims count at once, a higher one after three notifications
 * of the same value spanning two intervals.  The destination watches the envelopes that reach it
 * and tells the source what it sees: a first or lower value at once, any value again after an
 * interval.  All values are link MTUs: the largest whole FMP frame.
 */
#ifndef FIPS_NODE_PMTU_H
#define FIPS_NODE_PMTU_H

#include <stdbool.h>
#include <stdint.h>

#define FIPS_PMTU_NONE 65535 /* nothing smaller is known */

struct fips_pmtu {
	/* source */
	uint16_t current;  /* [256, 65535]                                        */
	uint16_t higher;   /* claim being counted; 0: none                        */
	unsigned claims;   /* of it, in a row                                     */
	uint64_t since;    /* ns, the first of them                               */

	/* destination */
	uint16_t told;     /* last value we reported; FIPS_PMTU_NONE: none        */
	uint64_t told_at;  /* ns                                                  */
};

void fips_pmtu_init(struct fips_pmtu *p);

/* We are about to send over a first hop with this MTU. */
void fips_pmtu_seed(struct fips_pmtu *p, uint16_t first_hop);

/* The destination, or a signal, claims v.  interval in ns. */
void fips_pmtu_claim(struct fips_pmtu *p, uint16_t v, uint64_t interval, uint64_t now);

/* The path is not what it was: forget what was learnt of it. */
void fips_pmtu_forget(struct fips_pmtu *p);

/* The envelope of the last message said seen (0: none yet).  Is the source to be told now?  If so
 * it counts as told. */
bool fips_pmtu_tell(struct fips_pmtu *p, uint16_t seen, uint64_t interval, uint64_t now);

#endif
