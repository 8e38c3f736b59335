/* route's datagrams of others, alone: by which entry they leave, what waits, what control is told. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/node/nexthop.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "stages/route/route.h"
#include "t/lib/craft.h"

extern const struct mr_kind mr_kind_route;

#define NODE CRAFT_NODE(CRAFT_A, CRAFT_UDP)
#define LEN  (FIPS_DATAGRAM_HEAD + 60)

/* A datagram from B to `dest`, its last byte `tail`, that came by the link `near`. */
static struct mr_pkt *feed(struct rig *rig, const struct fips_addr *dest, uint64_t near, uint8_t tail)
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

static struct fips_addr far_node(unsigned i)
{
	return (struct fips_addr){ { 0xf0, (uint8_t)i, (uint8_t)(i >> 8), 9 } };
}

static uint64_t neighbour(uint64_t i)
{
	return i << 20;
}

static fips_word *put_forward(struct rig *rig, const struct fips_addr *dest, uint64_t link, uint8_t class)
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

static void look_again(struct rig *rig, const struct fips_addr *dest)
{
	struct mr_order order = { .kind = MR_ORD_FORWARD, .p = (void *)(uintptr_t)dest->b };

	rig_order(rig, &order);
}

/* The oldest word to control. */
static void told(struct rig *rig, uint8_t mark, const struct fips_addr *node, const void *list, size_t n)
{
	const struct mr_pkt *p = rig_out(rig, "control");

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->mark, mark);
	ck_assert_uint_eq(p->len, FIPS_ADDR_LEN + n);
	ck_assert_mem_eq(p->data, node->b, FIPS_ADDR_LEN);
	if (n)
		ck_assert_mem_eq(p->data + FIPS_ADDR_LEN, list, n);
}

static void nothing_told(struct rig *rig)
{
	ck_assert_ptr_null(rig_out(rig, "control"));
}

/* ---- by an entry ---- */

static const char *const class_name[FIPS_ROUTES] = {
	"route-direct-peer", "route-tree-up", "route-tree-down", "route-tree-down-cross",
	"route-crosslink-descend", "route-crosslink-ascend",
};

/* Every class is counted once, and their sum is what was forwarded (operations.md 4.3). */
START_TEST(by_forwards)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint64_t link = craft_link(rig, &craft_t, NULL, NULL, 1300);
	uint64_t sum = 0;

	for (unsigned i = 0; i < FIPS_ROUTES; i++) {
		struct fips_addr dest = i ? far_node(i) : craft_t;
		struct mr_pkt *p;

		if (i)
			put_forward(rig, &dest, link, (uint8_t)i);
		feed(rig, &dest, neighbour(1), 0);
		ck_assert_str_eq(rig_run(rig), "forward");
		p = rig_out(rig, "forward");
		ck_assert_uint_eq(p->near, link);
		ck_assert_uint_eq(p->len, LEN);
		ck_assert_uint_eq(p->data[FIPS_DATAGRAM_AT_TTL], 63);
		ck_assert_uint_eq(mr_le16(p->data + FIPS_DATAGRAM_AT_PATH_MTU), 1300);
		ck_assert_uint_eq(rig_count(rig, class_name[i]), 1);
	}
	for (unsigned i = 0; i < FIPS_ROUTES; i++)
		sum += rig_count(rig, class_name[i]);
	ck_assert_uint_eq(sum, rig_count(rig, "forwarded-packets"));
	ck_assert_uint_eq(rig_count(rig, "forwarded-bytes"), FIPS_ROUTES * LEN);
	nothing_told(rig);
	rig_close(rig);
}
END_TEST

/* A neighbour is its own next hop, whatever stands in forwards. */
START_TEST(a_neighbour_goes_first)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	uint64_t other = craft_link(rig, &craft_b, NULL, NULL, 1472);
	uint64_t link = craft_link(rig, &craft_t, NULL, NULL, 1472);

	put_forward(rig, &craft_t, other, FIPS_ROUTE_TREE_UP);
	feed(rig, &craft_t, neighbour(1), 0);
	rig_run(rig);
	ck_assert_uint_eq(rig_out(rig, "forward")->near, link);
	ck_assert_uint_eq(rig_count(rig, "route-direct-peer"), 1);
	rig_close(rig);
}
END_TEST

/* A link that nobody has proven may be a stranger's doing: nothing of others goes there. */
START_TEST(a_link_that_is_not_proven)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_link_entry *e = calloc(1, sizeof *e);
	uint64_t other = craft_link(rig, &craft_b, NULL, NULL, 1472);

	*e = (struct fips_link_entry){ .peer = craft_t, .mtu = 1472 };
	mr_table_put(mesh->links, rig_epoch(rig), craft_t.b, e);
	feed(rig, &craft_t, neighbour(1), 0);
	ck_assert_str_eq(rig_run(rig), "control");
	told(rig, MR_SHAPE_WANTED, &craft_t, NULL, 0);
	put_forward(rig, &craft_t, other, FIPS_ROUTE_TREE_UP);
	look_again(rig, &craft_t);
	rig_run(rig);
	ck_assert_uint_eq(rig_out(rig, "forward")->near, other);
	rig_close(rig);
}
END_TEST

/* The note that a forward is used is made once a second: by it it lives on, and so do its coordinates. */
START_TEST(use_is_noted)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	fips_word *used = put_forward(rig, &dest, craft_link(rig, &craft_t, NULL, NULL, 1472),
	                              FIPS_ROUTE_TREE_UP);
	static const struct { uint64_t at, noted; } uses[] = {
		{ 5000, 5000 }, { 5999, 5000 }, { 6000, 6000 }, { 6500, 6000 }, { 9000, 9000 },
	};

	ck_assert_uint_eq(fips_word_get(used), 0);
	for (unsigned i = 0; i < sizeof uses / sizeof uses[0]; i++) {
		rig_at(rig, uses[i].at * MR_NS_PER_MS);
		feed(rig, &dest, neighbour(1), 0);
		rig_run(rig);
		ck_assert_uint_eq(fips_word_get(used), uses[i].noted * MR_NS_PER_MS);
	}
	rig_close(rig);
}
END_TEST

/* A link that went: its forwards lead nowhere, and are asked about again. */
START_TEST(a_link_that_is_gone)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	uint64_t link = craft_link(rig, &craft_t, NULL, NULL, 1472);

	put_forward(rig, &dest, link, FIPS_ROUTE_TREE_UP);
	craft_link_gone(rig, &craft_t);
	feed(rig, &dest, neighbour(1), 0);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), 1);
	told(rig, MR_SHAPE_WANTED, &dest, NULL, 0);
	link = craft_link(rig, &craft_b, NULL, NULL, 1472);
	put_forward(rig, &dest, link, FIPS_ROUTE_TREE_DOWN);
	look_again(rig, &dest);
	ck_assert_str_eq(rig_run(rig), "forward");
	ck_assert_uint_eq(rig_out(rig, "forward")->near, link);
	rig_close(rig);
}
END_TEST

/* ---- waiting ---- */

/* R7: so many for one, the oldest go first; ttl is counted down once. */
START_TEST(unknown_destinations_wait)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);

	for (unsigned i = 0; i < 20; i++)
		feed(rig, &dest, neighbour(1), (uint8_t)i);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), MR_PARK_EACH);
	ck_assert_uint_eq(rig_count(rig, "transit-over"), 4);
	told(rig, MR_SHAPE_WANTED, &dest, NULL, 0);
	nothing_told(rig);
	look_again(rig, &dest); /* there is no answer yet */
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), MR_PARK_EACH);
	put_forward(rig, &dest, craft_link(rig, &craft_t, NULL, NULL, 1472), FIPS_ROUTE_TREE_UP);
	feed(rig, &dest, neighbour(1), 20); /* before the order: goes behind */
	look_again(rig, &dest);
	ck_assert_str_eq(rig_run(rig), "forward");
	for (unsigned i = 4; i < 21; i++) {
		struct mr_pkt *p = rig_out(rig, "forward");

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->data[LEN - 1], i);
		ck_assert_uint_eq(p->data[FIPS_DATAGRAM_AT_TTL], 63);
	}
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* R7: one neighbour's unknown destinations are cut at a rate, another's are not in the way of that, and all
 * together have an end.  What is local has room of its own. */
START_TEST(ever_new_destinations)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	const struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_addr own = mesh->me.addr;
	unsigned asked = 0;
	uint8_t ip[100];

	for (unsigned i = 0; i < 1000; i++) {
		struct fips_addr dest = far_node(i);

		feed(rig, &dest, neighbour(1), 0);
		rig_run(rig);
	}
	ck_assert_uint_eq(rig_count(rig, "held"), ROUTE_ASK_BURST);
	ck_assert_uint_eq(rig_count(rig, "over-rate"), 1000 - ROUTE_ASK_BURST);
	for (unsigned i = 0; i < 1000; i++) {
		struct fips_addr dest = far_node(2000 + i);

		feed(rig, &dest, neighbour(2 + i % 8), 0);
		rig_run(rig);
	}
	ck_assert_uint_eq(rig_count(rig, "held"), MR_PARK_DESTS);
	ck_assert_uint_eq(rig_count(rig, "transit-full"), 1000 - (MR_PARK_DESTS - ROUTE_ASK_BURST));
	while (rig_out(rig, "control"))
		asked++;
	ck_assert_uint_eq(asked, MR_PARK_DESTS);
	rig_feed(rig, "ip", ip, craft_ip(ip, &own, &craft_t, 1, sizeof ip));
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), MR_PARK_DESTS + 1);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* A word to control may be lost, and control may be stuck. */
START_TEST(asked_again_and_given_up)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);

	feed(rig, &dest, neighbour(1), 0);
	rig_run(rig);
	for (unsigned s = 2; s <= 7; s++) {
		rig_at(rig, s * MR_NS_PER_S);
		rig_run(rig);
		ck_assert_uint_eq(rig_count(rig, "asked"), s < 6 ? s : 6);
	}
	ck_assert_uint_eq(rig_count(rig, "transit-late"), 1);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	rig_close(rig);
}
END_TEST

/* ---- no further ---- */

/* mesh.md 5.5: control is told once in 100 ms a destination, by the whole datagram; what waited as well. */
START_TEST(without_a_next_hop)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	struct mr_pkt *p;

	for (unsigned i = 0; i < 3; i++)
		feed(rig, &dest, neighbour(1), (uint8_t)i);
	rig_run(rig);
	told(rig, MR_SHAPE_WANTED, &dest, NULL, 0);
	put_forward(rig, &dest, FIPS_NO_HANDLE, 0);
	look_again(rig, &dest);
	rig_run(rig);
	p = rig_out(rig, "control");
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
	ck_assert_uint_eq(p->limit, 0);
	ck_assert_uint_eq(p->len, LEN);
	ck_assert_uint_eq(p->data[LEN - 1], 0);
	ck_assert_uint_eq(rig_count(rig, "no-route"), 2);
	rig_at(rig, MR_NS_PER_S + 99 * MR_NS_PER_MS);
	feed(rig, &dest, neighbour(1), 3);
	ck_assert_str_eq(rig_run(rig), "no-route");
	rig_at(rig, MR_NS_PER_S + 100 * MR_NS_PER_MS);
	feed(rig, &dest, neighbour(1), 4);
	ck_assert_str_eq(rig_run(rig), "control");
	ck_assert_uint_eq(rig_count(rig, "drop-no-route-packets"), 5);
	ck_assert_uint_eq(rig_count(rig, "drop-no-route-bytes"), 5 * LEN);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* The next hop is where it came from: control is told as if there were none, and nothing leaves.  By another link it
 * leaves. */
START_TEST(not_back_where_it_came_from)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	uint64_t link = craft_link(rig, &craft_b, NULL, NULL, 1472);
	struct mr_pkt *p;

	put_forward(rig, &dest, link, FIPS_ROUTE_TREE_UP);
	feed(rig, &dest, link, 0);
	rig_run(rig);
	p = rig_out(rig, "control");
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
	ck_assert_uint_eq(p->limit, 0);
	ck_assert_ptr_null(rig_out(rig, "forward"));
	ck_assert_uint_eq(rig_count(rig, "drop-no-route-packets"), 1);
	feed(rig, &dest, neighbour(1), 0);
	ck_assert_str_eq(rig_run(rig), "forward");
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* R25: larger than the link out.  The size that fits is the link's MTU less what the frame adds (36). */
START_TEST(too_big_for_the_link)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	uint8_t payload[1300] = { 0, 0, 16, 0 }, bytes[1400];
	uint64_t link = craft_link(rig, &craft_t, NULL, NULL, 1300);

	put_forward(rig, &dest, link, FIPS_ROUTE_TREE_UP);
	for (unsigned i = 0; i < 3; i++) {
		size_t n = craft_datagram(bytes, &craft_b, i ? &dest : &craft_t, 1472, payload,
		                          1300 - FIPS_LINK_OVERHEAD - FIPS_DATAGRAM_HEAD + (i > 0));
		struct mr_pkt *p = rig_feed(rig, "transit", bytes, n);

		p->near = neighbour(1);
		ck_assert_str_eq(rig_run(rig), i == 0 ? "forward" : i == 1 ? "control" : "too-big");
		if (i == 1) {
			p = rig_out(rig, "control");
			ck_assert_uint_eq(p->limit, 1300);
			ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
			ck_assert_mem_eq(p->data, bytes, n);
		}
	}
	ck_assert_uint_eq(rig_count(rig, "drop-mtu-exceeded-packets"), 2);
	rig_close(rig);
}
END_TEST

/* Nothing is ever signalled about a signal. */
START_TEST(a_signal_is_not_answered)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	uint8_t signal[60] = { 0, 4, 56, 0, 0x20 }, bytes[100];

	put_forward(rig, &dest, FIPS_NO_HANDLE, 0);
	rig_feed(rig, "transit", bytes,
	         craft_datagram(bytes, &craft_b, &dest, 1472, signal, sizeof signal))->near = 1;
	ck_assert_str_eq(rig_run(rig), "no-route");
	nothing_told(rig);
	rig_close(rig);
}
END_TEST

/* mesh.md 11 */
START_TEST(ours_do_not_come_back)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	const struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	uint8_t payload[60] = { 0, 0, 16, 0 }, bytes[100];

	craft_link(rig, &craft_t, NULL, NULL, 1472);
	rig_feed(rig, "transit", bytes,
	         craft_datagram(bytes, &mesh->me.addr, &craft_t, 1472, payload, sizeof payload));
	ck_assert_str_eq(rig_run(rig), "own-source");
	rig_close(rig);
}
END_TEST

/* ---- what they tell ---- */

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
	p = rig_feed(rig, "transit", bytes, craft_datagram(bytes, src, dest, 1472, payload, 100 + n));
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
	/* another list waits for a second, the same for a minute */
	o = list_of(other, &craft_b, 3, 2);
	memcpy(other + o, lists + n, m);
	put_forward(rig, &dest, craft_link(rig, &craft_t, NULL, NULL, 1472), FIPS_ROUTE_TREE_UP);
	rig_at(rig, 2 * MR_NS_PER_S - 1);
	feed_lists(rig, &craft_b, &dest, other, o + m, 64);
	nothing_told(rig);
	rig_at(rig, 2 * MR_NS_PER_S);
	feed_lists(rig, &craft_b, &dest, other, o + m, 64);
	told(rig, MR_SHAPE_LEARNED, &craft_b, other, o);
	nothing_told(rig);
	rig_at(rig, 61 * MR_NS_PER_S);
	feed_lists(rig, &craft_b, &dest, other, o + m, 64);
	told(rig, MR_SHAPE_LEARNED, &dest, lists + n, m);
	nothing_told(rig);
	ck_assert_uint_eq(rig_count(rig, "learned"), 4);
	rig_close(rig);
}
END_TEST

/* Whatever becomes of the datagram; what is none of an end's is left out, what does not parse is counted. */
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
		ck_assert_uint_eq(p->mark, MR_SHAPE_LEARNED);
		count++;
	}
	ck_assert_uint_eq(count, odd[_i].told);
	ck_assert_uint_eq(rig_count(rig, odd[_i].counted), 1);
	ck_assert_uint_eq(rig_count(rig, "forwarded-packets"), odd[_i].ttl > 1);
	rig_close(rig);
}
END_TEST

/* A whole vector in which each datagram tells of two nodes and goes no further: all have a place at control, what
 * was learnt has what is left. */
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
		         craft_datagram(bytes, &src, &dest, 1472, payload, n + 16))->near = neighbour(i);
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

int main(void)
{
	Suite *s = suite_create("transit");
	TCase *tc = tcase_create("transit");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, by_forwards);
	tcase_add_test(tc, a_neighbour_goes_first);
	tcase_add_test(tc, a_link_that_is_not_proven);
	tcase_add_test(tc, use_is_noted);
	tcase_add_test(tc, a_link_that_is_gone);
	tcase_add_test(tc, unknown_destinations_wait);
	tcase_add_test(tc, ever_new_destinations);
	tcase_add_test(tc, asked_again_and_given_up);
	tcase_add_test(tc, without_a_next_hop);
	tcase_add_test(tc, not_back_where_it_came_from);
	tcase_add_test(tc, too_big_for_the_link);
	tcase_add_test(tc, a_signal_is_not_answered);
	tcase_add_test(tc, ours_do_not_come_back);
	tcase_add_test(tc, coordinates_are_told);
	tcase_add_loop_test(tc, odd_lists, 0, sizeof odd / sizeof odd[0]);
	tcase_add_test(tc, there_is_room_for_all);
	tcase_add_test(tc, without_spares);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
