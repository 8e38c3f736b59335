/* tun.h - the TUN device that tun-read and tun-write share (session.md 5.1).
 *
 * Layer 3, without packet information.  The device gets our mesh address with the prefix of the
 * mesh, which makes the route fd00::/8, and its MTU.  Both outlive `ip link set ... down`.  Without
 * `tun.enabled` there is no device: it has no queues, nothing is read and what should be written is
 * dropped by name.
 *
 * The device has several queues where the kernel lets it, each with a descriptor.  The kernel puts
 * what programs send into them by flow: into the queue that the flow's packets of the other
 * direction were written to, or one drawn by its own hash while there were none.  So a flow that
 * fills its queue makes no other wait, as long as the reader takes turns.
 *
 * Where the kernel lets it, the device has offloads as a network card has: in front of every packet
 * there is a struct virtio_net_hdr, a read may bring a super-packet of one TCP stream (TSO) or one
 * UDP program (USO), and a write may hand one over.  Each that the kernel refuses is gone without;
 * without any of it one read or write is one packet.  What a device may gather is limited so that
 * the frames of one read fit into one UDP send.
 */
#ifndef MR_STAGES_TUN_H
#define MR_STAGES_TUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stage.h"

#define MR_TUN_QUEUES 16

struct mr_tun_conf {
	bool     enabled;
	char    *name; /* at most 15 bytes          */
	uint32_t mtu;  /* largest IPv6 packet, bytes */
	uint32_t queue; /* packets                   */
	uint32_t queues; /* to be asked for          */
	bool     offload, uso; /* to be asked for    */
};

struct mr_tun {
	int      fd[MR_TUN_QUEUES]; /* of the queues, owned                                   */
	unsigned queues; /* 0: there is no device                                             */
	int      ready; /* readable while a queue is: fd[0] of one queue, else an epoll descriptor,
	                 * owned, whose events say the number of the queue; -1: no device     */
	uint32_t mtu;
	uint32_t queue; /* packets the kernel keeps for us in each while we are away          */
	char     name[16];
	bool     asked; /* offloads were wanted; const after open, as are these four:          */
	bool     vnet; /* every packet has a struct virtio_net_hdr before it                  */
	bool     tso, uso; /* super-packets may be read; of UDP (uso) only then written too    */
	uint32_t segments; /* of a super-packet, if the kernel heeds it; [1, MR_VECTOR]       */
	bool     up; /* has its address: nothing to do when another graph opens its reader */
};

extern const struct mr_resource mr_resource_tun;

/* What the device can do, in a line for the log; buf holds MR_TUN_TEXT.  NULL: there is no
 * device. */
#define MR_TUN_TEXT 128
const char *mr_tun_text(const struct mr_tun *tun, char buf[MR_TUN_TEXT]);

/* Give the open device its address, MTU and route, and bring it up.  Set-up only; complains and
 * returns -1.  Called by whoever knows our address (control). */
int mr_tun_configure(struct mr_tun *tun, const uint8_t own[16], struct mr_setup *s);

#endif
