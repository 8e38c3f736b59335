/* route's datagrams of others, alone: by which entry they leave, what waits,
 * what control is told. */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/words.h"
#include "stages/route/route.h"
#include "t/stages/transit_bench.h"

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

/* The note that a forward is used is made once a second:
 * by it it lives on, and so do its coordinates. */
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

/* R7: one neighbour's unknown destinations are cut at a rate, another's are not in the way of that,
 * and all together have an end.  What is local has room of its own. */
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

/* mesh.md 5.5: control is told once in 100 ms a destination, by the whole datagram;
 * what waited as well. */
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

static unsigned reports(struct rig *rig)
{
	unsigned n = 0;

	rig_run(rig);
	while (rig_out(rig, "control"))
		n++;
	return n;
}

/* Another destination whose address shares a place with that of a busy one is told of all the same;
 * and however many share it, control hears of no more than it is to. */
START_TEST(the_quiet_beside_the_busy)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr busy = far_node(1), quiet = far_node(1 + MR_NUDGE_NODES);
	unsigned said = 0;

	put_forward(rig, &busy, FIPS_NO_HANDLE, 0);
	put_forward(rig, &quiet, FIPS_NO_HANDLE, 0);
	for (unsigned ms = 5; ms <= 60000; ms += 5) {
		rig_at(rig, MR_NS_PER_S + ms * MR_NS_PER_MS);
		feed(rig, &busy, neighbour(1), 1);
		reports(rig);
		if (ms % 1000 != 535)
			continue;
		feed(rig, &quiet, neighbour(2), 1);
		said += reports(rig);
	}
	ck_assert_uint_eq(said, 60);
	rig_at(rig, 70 * MR_NS_PER_S);
	for (unsigned i = said = 0; i < 1000; i++) { /* turn and turn about */
		feed(rig, i % 2 ? &busy : &quiet, neighbour(1), 1);
		said += reports(rig);
	}
	ck_assert_uint_eq(said, 1 + MR_NUDGE_PUSHES);
	rig_close(rig);
}
END_TEST

/* The next hop is where it came from: control is told as if there were none, and nothing leaves.
 * By another link it leaves. */
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

/* The ttl is used up: control is told as of what has no next hop, in the same turn of 100 ms, even
 * where there is one; one that carries a signal ends here. */
START_TEST(gone_round)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	struct fips_addr dest = far_node(1);
	uint8_t signal[60] = { 0, 4, 56, 0, 0x20 }, bytes[100];
	struct mr_pkt *p;

	put_forward(rig, &dest, craft_link(rig, &craft_b, NULL, NULL, 1472), FIPS_ROUTE_TREE_UP);
	for (unsigned i = 0; i < 3; i++) {
		p = feed(rig, &dest, neighbour(1), 0);
		p->data[FIPS_DATAGRAM_AT_TTL] = i != 2;
		ck_assert_str_eq(rig_run(rig), i == 0 ? "control" : "ttl");
		p = rig_out(rig, "control");
		ck_assert_int_eq(p != NULL, i == 0);
		ck_assert(!p || (p->mark == MR_SHAPE_DATAGRAM && p->limit == 0 && p->len == LEN));
	}
	rig_at(rig, 2 * MR_NS_PER_S);
	p = rig_feed(rig, "transit", bytes,
	             craft_datagram(bytes, &craft_b, &dest, 1472, signal, sizeof signal));
	p->data[FIPS_DATAGRAM_AT_TTL] = 1;
	ck_assert_str_eq(rig_run(rig), "ttl");
	ck_assert_uint_eq(rig_count(rig, "ttl-exhausted-packets"), 4);
	ck_assert_uint_eq(rig_count(rig, "drop-no-route-packets"), 0);
	rig_conserved(rig);
	rig_close(rig);
}
END_TEST

/* R25: larger than the link out.  The size that fits is the link's MTU less what the frame adds
 * (36). */
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

/* mesh.md 11, and ours: they go no further, and control is told now and then. */
START_TEST(ours_do_not_come_back)
{
	struct rig *rig = rig_open(&mr_kind_route, "{}", NODE);
	const struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	uint8_t payload[60] = { 0, 0, 16, 0 }, bytes[100];

	craft_link(rig, &craft_t, NULL, NULL, 1472);
	for (unsigned i = 0; i < 2; i++) {
		rig_feed(rig, "transit", bytes,
		         craft_datagram(bytes, &mesh->me.addr, &craft_t, 1472, payload,
		                        sizeof payload));
		ck_assert_str_eq(rig_run(rig), i == 0 ? "control" : "own-source");
	}
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
	tcase_add_test(tc, the_quiet_beside_the_busy);
	tcase_add_test(tc, not_back_where_it_came_from);
	tcase_add_test(tc, gone_round);
	tcase_add_test(tc, too_big_for_the_link);
	tcase_add_test(tc, a_signal_is_not_answered);
	tcase_add_test(tc, ours_do_not_come_back);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, transit_told());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
