/* merged.h - what stages/tun-write/merge.h promises, checked for one vector of any packets.
 *
 *   - every packet is in one run
 *   - a run that is cut again, as tun-read cuts what a kernel hands over, is the packets it was
 *   made
 *     of, byte for byte; so is one that is undone
 *   - of a flow, nothing is written before what came before it
 */
#ifndef T_LIB_MERGED_H
#define T_LIB_MERGED_H

#include "stages/tun-write/merge.h"

/* Fails the test where a promise is broken.  m: room for the work, and afterwards the runs before
 * they were finished. */
void merged_check(struct mr_merge *m, uint8_t *const *ip, const uint32_t *len, unsigned n,
                  bool udp);

#endif
