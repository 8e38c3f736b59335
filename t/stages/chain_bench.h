/* chain_bench.h - halves of nodes, each stage on a rig of its own, and what moves between them. */
#ifndef T_STAGES_CHAIN_BENCH_H
#define T_STAGES_CHAIN_BENCH_H

#include <check.h>

#include "t/lib/craft.h"

extern const struct mr_kind mr_kind_fsp_seal, mr_kind_fmp_seal, mr_kind_fmp_open, mr_kind_fsp_open,
	mr_kind_route;

#define NODE_A CRAFT_NODE(CRAFT_A, CRAFT_UDP)
#define NODE_B CRAFT_NODE(CRAFT_B, CRAFT_UDP)
#define NODE_T \
	CRAFT_NODE("0303030303030303030303030303030303030303030303030303030303030303", CRAFT_UDP)

extern const struct fips_via via_a, via_b, via_t;

/* A way in one direction: link or session keys with the receiver's state. */
struct way {
	struct keys             *keys;
	struct fips_link_recv    link;
	struct fips_session_recv session;
};
void way_open(struct way *w, const struct mr_aead *p, uint8_t secret, uint32_t index);

/* The sending half of a node, and the receiving half. */
struct sender {
	struct rig *fsp, *fmp;
};

struct receiver {
	struct rig *fmp, *fsp;
};
struct sender sender_open(const char *node);
struct receiver receiver_open(const char *node);

/* From now on frames arrive as slices. */
void as_slices(void);

/* All packets of an output to an input of the same node; how many. */
unsigned inside(struct rig *from, const char *output, struct rig *to, const char *input);

/* A received frame, which as a slice has no room around it but that of its own headers. */
struct mr_pkt *feed_frame(struct rig *to, const void *bytes, size_t n);

/* One frame on the wire, coming from `via`; all that have left. */
void arrive(struct rig *to, const struct mr_pkt *frame, const struct fips_via *via);
unsigned wire(struct rig *from, struct rig *to, const struct fips_via *via);

/* An IP packet for these handles. */
void send_ip(struct sender *s, uint64_t link, uint64_t session, const void *ip, size_t n);

/* It is there, and these are its bytes. */
void same_packet(const char *what, const struct mr_pkt *p, const void *want, size_t n);

#endif
