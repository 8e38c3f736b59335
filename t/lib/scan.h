/* scan.h - a look through the memory of this very process for bytes that should not be there.
 *
 * Needles are kept masked, so that the list does not find itself.  A look goes over every mapping
 * that can be written: heap, stack, globals, and memory for secrets (core/secret.h), which is told
 * by being locked and left out of core dumps.
 */
#ifndef T_LIB_SCAN_H
#define T_LIB_SCAN_H

#include <stdint.h>

#define SCAN_BYTES 32 /* of a needle */
#define SCAN_MAX   64

void scan_reset(void);

/* One more needle; the caller's copy is the caller's to wipe. */
void scan_add(const uint8_t needle[SCAN_BYTES]);

struct scan {
	unsigned guarded; /* needles found in memory that is locked and not dumped */
	unsigned exposed; /* ... elsewhere; told on stdout, with the mapping        */
	unsigned left;    /* of those added: different ones found anywhere          */
};
struct scan scan_look(void);

/* Can it be done here?  Not where memory may not be locked, and not under ThreadSanitizer, whose
 * own memory is endless. */
int scan_possible(void);

#endif
