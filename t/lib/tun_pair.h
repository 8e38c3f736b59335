/* tun_pair.h - a pair of sockets in the place of the TUN device: what one end writes, the other
 * reads as the device would, packet for packet. */
#ifndef MR_T_TUN_PAIR_H
#define MR_T_TUN_PAIR_H

#include "t/lib/rig.h"

#define TUN_IDENTITY "\"node\":{\"identity\":{\"nsec\":\"" CRAFT_A "\"}}"
#define TUN_NONE     "{" TUN_IDENTITY "}" /* a node file that wants no device */

/* Give the rig one end as its device, closed with the rig; returns the other, the caller's. */
int tun_pair_become(struct rig *rig);

/* The same with n pairs as its queues, 2 to MR_TUN_QUEUES. */
void tun_pair_queues(struct rig *rig, unsigned n, int far_end[]);

/* A rig of tun-read on such a pair. */
struct rig *tun_pair_reader(const char *settings, int *far_end);

#endif
