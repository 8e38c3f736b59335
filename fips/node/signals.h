/* signals.h - telling the source of a datagram that it cannot be sent on (mesh.md 5.5).
 *
 *     source ---- datagram ----> us --X      no next hop, or too big for the link out
 *     source <---- signal ------ us
 *
 * What is known of the destination says which signal it is.  There is at most one about a
 * destination every 100 ms, whatever its kind; none about a datagram that is a signal itself, and
 * none about one that claims to come from us.  Making one proves nothing and costs little: bytes
 * and one slot of a table.
 */
#ifndef FIPS_NODE_SIGNALS_H
#define FIPS_NODE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/node/aging.h"
#include "fips/wire/coords.h"
#include "fips/wire/datagram.h"
#include "fips/wire/signal.h"

#define FIPS_SIGNALS 1024 /* destinations remembered: as many signals every 100 ms */

/* By the names of the control socket (operations.md 4.3), about signals that came;
 * those from SENT on are ours. */
enum fips_signal_count {
	FIPS_SIGNALS_COORDS_REQUIRED, /* believed                                        */
	FIPS_SIGNALS_PATH_BROKEN,
	FIPS_SIGNALS_MTU_EXCEEDED,
	FIPS_SIGNALS_UNBOUND_COORDS,  /* about no session of ours                        */
	FIPS_SIGNALS_UNBOUND_BROKEN,
	FIPS_SIGNALS_UNBOUND_MTU,
	FIPS_SIGNALS_UNBOUND_FORGED,  /* about us, or by the destination itself          */
	FIPS_SIGNALS_MTU_EXCEEDED_BELOW_FLOOR,
	FIPS_SIGNALS_PATH_MTU_NOTIF_BELOW_FLOOR,
	FIPS_SIGNALS_LOOKUP_RESP_MTU_BELOW_FLOOR,
	FIPS_SIGNALS_MALFORMED,
	FIPS_SIGNALS_SENT,
	FIPS_SIGNALS_LIMITED,         /* one was sent about this destination just now    */
	FIPS_SIGNALS_UNANSWERABLE,    /* the datagram is a signal, or claims to be ours  */
	FIPS_SIGNALS_NO_WAY_BACK,     /* no next hop towards the source                  */
	FIPS_SIGNALS_COUNTS,
};

/* "coords_required", ... */
const char *fips_signal_count_name(enum fips_signal_count count);

struct fips_signals {
	struct fips_aging limiter; /* by destination                                 */
	uint64_t          counts[FIPS_SIGNALS_COUNTS];
};

/* Set-up; false when memory is gone. */
bool fips_signals_open(struct fips_signals *s, const struct mr_rand *rand);
void fips_signals_close(struct fips_signals *s);

static inline void fips_signals_count(struct fips_signals *s, enum fips_signal_count count)
{
	s->counts[count]++;
}

/* May a signal about this datagram be made now?  If so the destination's turn is used up. */
bool fips_signals_admit(struct fips_signals *s, const struct fips_datagram *failed,
                        const struct fips_addr *me, uint64_t now);

/* Write the datagram with the signal that tells the source of `failed`.  mtu: of the link it is too
 * big for; 0: there was no next hop, and known says where its destination was last, empty when we
 * do not know.  Returns the length, or 0 when it does not fit into room. */
size_t fips_signals_build(uint8_t *out, size_t room, const struct fips_datagram *failed,
                          const struct fips_addr *me, uint16_t mtu,
                          const struct fips_coords *known);

#endif
