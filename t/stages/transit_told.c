/* transit_told.c - what control is told of coordinates in others' datagrams. */
#include <string.h>

#include "core/wire.h"
#include "stages/lib/words.h"
#include "t/stages/transit_bench.h"

/* A list of n entries that begins with `first`, as on the wire. */
static size_t list_of(uint8_t *out, const struct fips_addr *first, unsigned n, uint8_t salt)
{
	struct fips_addr at[8] = { *first };
	struct mr_wire w = mr_wire_write(out, 200);
	struct fips_coords list;

	for (unsigned i = 1; i < n; i++)
		at[i] = (struct fips_addr){ { 0x10, (uint8_t)i, salt } };
	list = fips_coords_of(at, n);
	fips_coords_put(&w, &list);
	ck_assert(mr_wire_ok(&w));
	return FIPS_COORDS_LEN(n);
}

/* A sealed message with CP that carries these lists, from `src` to `dest`. */
static void feed_lists(struct rig *rig, const struct fips_addr *src, const struct fips_addr *dest,
                       const uint8_t *lists, size_t n, uint8_t ttl)
{
	uint8_t payload[600] = { 0, FIPS_FSP_CP, 0, 0 }, bytes[700];
	struct mr_pkt *p;

	memcpy(payload + FIPS_FSP_HEAD, lists, n);
	p = rig_feed(rig, "transit", bytes,
	             craft_datagram(bytes, src, dest, 1472, payload, 100 + n));
	p->data[FIPS_DATAGRAM_AT_TTL] = ttl;
	p->near = neighbour(1);
	rig_run(rig);
}

/* mesh.md 6.2: both ends, before it is asked where to send it on, and not again the next moment. */
START_TEST(coordinates_are_told)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	uint8_t lists[400], other[400];
	size_t n = list_of(lists, &craft_b, 3, 1), m = list_of(lists + n, &dest, 2, 1), o;

	feed_lists(rig, &craft_b, &dest, lists, n + m, 64);
	told(rig, MR_SHAPE_LEARNED, &craft_b, lists, n);
	told(rig, MR_SHAPE_LEARNED, &dest, lists + n, m);
	told(rig, MR_SHAPE_WANTED, &dest, NULL, 0);
	nothing_told(rig);
	feed_lists(rig, &craft_b, &dest, lists, n + m, 64);
	nothing_told(rig);
	/* another list waits for 100 ms, and so does the same */
	o = list_of(other, &craft_b, 3, 2);
	memcpy(other + o, lists + n, m);
	put_forward(rig, &dest, craft_link(rig, &craft_t, NULL, NULL, 1472), FIPS_ROUTE_TREE_UP);
	rig_at(rig, MR_NS_PER_S + 100 * MR_NS_PER_MS - 1);
	feed_lists(rig, &craft_b, &dest, other, o + m, 64);
	nothing_told(rig);
	rig_at(rig, MR_NS_PER_S + 100 * MR_NS_PER_MS);
	feed_lists(rig, &craft_b, &dest, other, o + m, 64);
	told(rig, MR_SHAPE_LEARNED, &craft_b, other, o);
	told(rig, MR_SHAPE_LEARNED, &dest, lists + n, m);
	nothing_told(rig);
	ck_assert_uint_eq(rig_count(rig, "learned"), 4);
	rig_close(rig);
}
END_TEST

/* Whatever becomes of the datagram; what is none of an end's is left out,
 * what does not parse is counted. */
static const struct {
	const char *what;
	bool        foreign; /* the first list begins with another node */
	uint8_t     ttl;
	unsigned    cut;     /* bytes of the lists left out              */
	unsigned    told;
	const char *counted;
} odd[] = {
	{ "ttl used up",     false, 1,  0,  2, "ttl-exhausted-packets"  },
	{ "another's list",  true,  64, 0,  1, "forwarded-packets"      },
	{ "one list is cut", false, 64, 90, 0, "warm-malformed-packets" },
};

START_TEST(odd_lists)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint8_t lists[400], payload[600] = { 0, FIPS_FSP_CP, 0, 0 }, bytes[700];
	size_t n = list_of(lists, odd[_i].foreign ? &craft_a : &craft_b, 3, 1);
	size_t all = n + list_of(lists + n, &craft_t, 4, 1);
	unsigned count = 0;
	struct mr_pkt *p;

	craft_link(rig, &craft_t, NULL, NULL, 1472);
	memcpy(payload + FIPS_FSP_HEAD, lists, all);
	n = FIPS_FSP_HEAD + all + 16;
	p = rig_feed(rig, "transit", bytes,
	             craft_datagram(bytes, &craft_b, &craft_t, 1472, payload, n - odd[_i].cut));
	p->data[FIPS_DATAGRAM_AT_TTL] = odd[_i].ttl;
	p->near = neighbour(1);
	rig_run(rig);
	while ((p = rig_out(rig, "control"))) {
		ck_assert(p->mark == MR_SHAPE_LEARNED || odd[_i].ttl == 1);
		count += p->mark == MR_SHAPE_LEARNED;
	}
	ck_assert_uint_eq(count, odd[_i].told);
	ck_assert_uint_eq(rig_count(rig, odd[_i].counted), 1);
	ck_assert_uint_eq(rig_count(rig, "forwarded-packets"), odd[_i].ttl > 1);
	rig_close(rig);
}
END_TEST

/* A whole vector in which each datagram tells of two nodes and goes no further: all have a place at
 * control, what was learnt has what is left. */
START_TEST(there_is_room_for_all)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	unsigned datagrams = 0, learned = 0;
	const struct mr_pkt *p;

	for (unsigned i = 0; i < 2 * MR_VECTOR; i++) {
		struct fips_addr dest = far_node(3 * i), src = far_node(1000 + i);
		uint8_t payload[300] = { 0, FIPS_FSP_CP, 0, 0 }, bytes[400];
		size_t n = FIPS_FSP_HEAD;

		put_forward(rig, &dest, FIPS_NO_HANDLE, 0);
		n += list_of(payload + n, &src, 2, 1);
		n += list_of(payload + n, &dest, 2, 1);
		rig_feed(rig, "transit", bytes,
		         craft_datagram(bytes, &src, &dest, 1472, payload, n + 16))
			->near = neighbour(i);
	}
	rig_run(rig);
	while ((p = rig_out(rig, "control"))) {
		datagrams += p->mark == MR_SHAPE_DATAGRAM;
		learned += p->mark == MR_SHAPE_LEARNED;
	}
	ck_assert_uint_eq(datagrams + rig_count(rig, "no-route"), 2 * MR_VECTOR);
	ck_assert_uint_gt(datagrams, MR_VECTOR / 2);
	ck_assert_uint_eq(learned, rig_count(rig, "learned"));
	ck_assert_uint_gt(learned, 0);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* Without packets to spare nothing is told now; what waits waits on. */
START_TEST(without_spares)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	struct mr_pkt *p = feed(rig, &dest, neighbour(1), 0);

	(void)p;
	rig_dry(rig, 0);
	rig_run(rig);
	nothing_told(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), 1);
	rig_wet(rig);
	rig_at(rig, 2 * MR_NS_PER_S);
	rig_run(rig);
	told(rig, MR_SHAPE_WANTED, &dest, NULL, 0);
	rig_close(rig);
}
END_TEST

TCase *transit_told(void)
{
	TCase *tc = tcase_create("told");

	tcase_add_test(tc, coordinates_are_told);
	tcase_add_loop_test(tc, odd_lists, 0, sizeof odd / sizeof odd[0]);
	tcase_add_test(tc, there_is_room_for_all);
	tcase_add_test(tc, without_spares);
	return tc;
}
