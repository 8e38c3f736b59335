/* transit_bench.h - others' datagrams before a route stage, entries for them,
 * and what it tells control. */
#ifndef T_STAGES_TRANSIT_BENCH_H
#define T_STAGES_TRANSIT_BENCH_H

#include <check.h>

#include "fips/node/nexthop.h"
#include "fips/wire/datagram.h"
#include "t/lib/craft.h"

extern const struct mr_kind mr_kind_route;

#define NODE CRAFT_NODE(CRAFT_A, CRAFT_UDP)
#define LEN  (FIPS_DATAGRAM_HEAD + 60) /* of a datagram */

/* A datagram from B to `dest`, its last byte `tail`, that came by the link `near`. */
struct mr_pkt *feed(struct rig *rig, const struct fips_addr *dest, uint64_t near, uint8_t tail);

/* A node somewhere, and the link with a neighbour. */
struct fips_addr far_node(unsigned i);
uint64_t neighbour(uint64_t i);

/* An entry: by this link, or refused (FIPS_NO_HANDLE).  When it was used last. */
fips_word *put_forward(struct rig *rig, const struct fips_addr *dest, uint64_t link, uint8_t class);

/* Control says that there is another entry by now. */
void look_again(struct rig *rig, const struct fips_addr *dest);

/* The oldest word to control; there is none. */
void told(struct rig *rig, uint8_t mark, const struct fips_addr *node, const void *list, size_t n);
void nothing_told(struct rig *rig);

/* The test's part about what is told of coordinates. */
TCase *transit_told(void);

#endif
