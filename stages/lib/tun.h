/* tun.h - the TUN device that tun-read and tun-write share (session.md 5.1).
 *
 * Layer 3, without packet information: one read is one IPv6 packet.  The device gets our mesh
 * address with the prefix of the mesh, which makes the route fd00::/8, and its MTU.  Both outlive
 * `ip link set ... down`.  Without `tun.enabled` there is no device: fd is -1, nothing is read and
 * what should be written is dropped by name.
 */
#ifndef MR_STAGES_TUN_H
#define MR_STAGES_TUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stage.h"

struct mr_tun_conf {
	bool     enabled;
	char    *name; /* at most 15 bytes          */
	uint32_t mtu;  /* largest IPv6 packet, bytes */
	uint32_t queue; /* packets                   */
};

struct mr_tun {
	int      fd; /* -1: none */
	uint32_t mtu;
	uint32_t queue; /* packets the kernel keeps for us while we are away */
	char     name[16];
	bool     up; /* has its address: nothing to do when another graph opens its reader */
};

extern const struct mr_resource mr_resource_tun;

/* Give the open device its address, MTU and route, and bring it up.  Set-up only; complains and
 * returns -1.  Called by whoever knows our address (control). */
int mr_tun_configure(struct mr_tun *tun, const uint8_t own[16], struct mr_setup *s);

#endif
