/* transit_bench.c - see transit_bench.h. */
#include "t/stages/transit_bench.h"

#include <stdlib.h>

#include "stages/lib/mesh.h"
#include "stages/lib/words.h"

struct mr_pkt *feed(struct rig *rig, const struct fips_addr *dest, uint64_t near, uint8_t tail)
{
	uint8_t payload[60] = { 0, 0, 16, 0 }, bytes[LEN];
	struct mr_pkt *p;

	payload[59] = tail;
	craft_datagram(bytes, &craft_b, dest, 1472, payload, sizeof payload);
	p = rig_feed(rig, "transit", bytes, sizeof bytes);
	p->near = near;
	p->far = MR_NO_HANDLE;
	return p;
}

struct fips_addr far_node(unsigned i)
{
	return (struct fips_addr){ { 0xf0, (uint8_t)i, (uint8_t)(i >> 8), 9 } };
}

uint64_t neighbour(uint64_t i)
{
	return i << 20;
}

fips_word *put_forward(struct rig *rig, const struct fips_addr *dest, uint64_t link, uint8_t class)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_forward_entry *e = calloc(1, sizeof *e);

	e->dest = *dest;
	e->refused = link == FIPS_NO_HANDLE;
	e->link = link;
	e->route = class;
	e->used = &e->word;
	ck_assert(mr_table_put(mesh->forwards, rig_epoch(rig), dest->b, e) != MR_NO_HANDLE);
	return e->used;
}

void look_again(struct rig *rig, const struct fips_addr *dest)
{
	struct mr_order order = { .kind = MR_ORD_FORWARD, .p = (void *)(uintptr_t)dest->b };

	rig_order(rig, &order);
}

void told(struct rig *rig, uint8_t mark, const struct fips_addr *node, const void *list, size_t n)
{
	const struct mr_pkt *p = rig_out(rig, "control");

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->mark, mark);
	ck_assert_uint_eq(p->len, FIPS_ADDR_LEN + n);
	ck_assert_mem_eq(p->data, node->b, FIPS_ADDR_LEN);
	if (n)
		ck_assert_mem_eq(p->data + FIPS_ADDR_LEN, list, n);
}

void nothing_told(struct rig *rig)
{
	ck_assert_ptr_null(rig_out(rig, "control"));
}
