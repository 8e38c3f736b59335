/* Others' datagrams through whole nodes, by each graph:
 *
 *     the hand --- node 0 --- node 1 --- node 2
 *
 * Node 2 is no neighbour of node 0, which knows that it is behind node 1: so node 0 sends on by its
 * forwards, node 1 by its links.  Every run ends with the books of all nodes in balance. */

#include <check.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/fsp.h"
#include "fips/wire/signal.h"
#include "stages/lib/ether.h"
#include "stages/lib/udp.h"
#include "stages/route/route.h"
#include "t/lib/craft.h"
#include "t/lib/neighbour.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define QUICK ",\"retry\":{\"base_interval_secs\":1}"

static struct neighbour nb;
static uint32_t chain_mtu = 1472; /* of node 0 */

/* ---- graphs ---- */

/* Replicas of fmp-open, fsp-open, route, fsp-seal, fmp-seal. */
static const unsigned shapes[][WHOLE_SHARDED] = {
	{ 0, 0, 0, 0, 0 }, { 1, 1, 1, 1, 1 }, { 2, 2, 2, 2, 2 }, { 3, 1, 3, 1, 3 },
	{ 4, 4, 4, 4, 4 },
};

static const struct {
	const char *what;
	bool        router;
	unsigned    dealt;
	unsigned    shape;
} graphs[] = {
	{ "one worker for all", false, 0, 0 },
	{ "a worker each",      false, 0, 1 },
	{ "two of each",        false, 0, 2 },
	{ "three and one",      false, 0, 3 },
	{ "four of each",       false, 0, 4 },
	{ "a router",           true, 0, 0 },
	{ "dealt to one",       false, 1, 0 },
	{ "dealt to two",       false, 2, 0 },
	{ "dealt to four",      false, 4, 0 },
};

static void take_graph(int i)
{
	whole_router = graphs[i].router;
	whole_dealt = graphs[i].dealt;
	whole_threads = shapes[graphs[i].shape];
}

static void open_far(void)
{
	whole_router = false; /* it is an end */
	whole_dealt = 0;
	whole_threads = shapes[0];
	whole_open(2, QUICK, "");
}

static void open_chain(int graph)
{
	char peers[1200], dial[512], hop[FIPS_KEY_TEXT], far[FIPS_KEY_TEXT];

	whole_life = 0;
	whole_reset();
	open_far();
	take_graph(graph);
	whole_open(1, QUICK, whole_dial(2, dial));
	whole_npub(1, hop);
	whole_npub(2, far);
	snprintf(peers, sizeof peers, "%s,{\"npub\":\"%s\",\"via\":\"%s\"}", whole_dial(1, dial),
	         far, hop);
	whole_mtu = chain_mtu;
	whole_open(0, QUICK, peers);
	whole_mtu = 1472;
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	whole_run(100);
}

static void close_chain(void)
{
	neighbour_close(&nb);
	whole_close_all();
}

/* ---- what the hand sends ---- */

static void send_to(const struct fips_addr *dest, unsigned n)
{
	uint8_t payload[200] = { 0, 0, 100, 0 }, message[300];

	mr_to_le32(payload + 100, n);
	neighbour_message(
		&nb, message,
		craft_datagram(message, &nb.me.addr, dest, 1472, payload, sizeof payload));
}

static struct fips_addr far_addr(void)
{
	return whole_mesh(2)->me.addr;
}

/* So many, some a millisecond. */
static void stream(unsigned n)
{
	struct fips_addr far = far_addr();

	for (unsigned i = 0; i < n; i++) {
		send_to(&far, i);
		if (i % 16 == 15)
			whole_run(1);
	}
	whole_run(30);
}

static uint64_t arrived(void)
{
	return whole_count(2, &mr_kind_fmp_open, "delivered-packets");
}

static uint64_t forwarded(unsigned i)
{
	return whole_count(i, &mr_kind_route, "forwarded-packets");
}

static uint32_t forwards(unsigned i)
{
	return mr_table_count(whole_mesh(i)->forwards);
}

/* ---- carrying ---- */

/* By forwards and by links, with one question and no more work for control than without (R3). */
START_TEST(carried_by_each_graph)
{
	uint64_t control;

	open_chain(_i);
	stream(32);
	ck_assert_uint_eq(arrived(), 32);
	control = control_word(0, MR_W_IN) + control_word(1, MR_W_IN);
	stream(640);
	ck_assert_uint_eq(arrived(), 672);
	ck_assert_uint_eq(forwarded(0), 672);
	ck_assert_uint_eq(forwarded(1), 672);
	ck_assert_uint_eq(whole_count(1, &mr_kind_route, "route-direct-peer"), 672);
	ck_assert_uint_eq(whole_count(0, &mr_kind_route, "route-direct-peer"), 0);
	ck_assert_uint_eq(whole_count(0, &mr_kind_route, "asked"), 1);
	ck_assert_uint_eq(whole_count(1, &mr_kind_route, "asked"), 0);
	ck_assert_uint_eq(forwards(0), 1);
	ck_assert_uint_lt(control_word(0, MR_W_IN) + control_word(1, MR_W_IN) - control, 40);
	close_chain();
}
END_TEST

/* The way in between goes and comes: what has no next hop is known by name,
 * and later all arrives again. */
START_TEST(the_next_hop_goes_and_comes)
{
	char dial[512];
	uint64_t before;

	open_chain(_i);
	stream(16);
	ck_assert_uint_eq(arrived(), 16);
	mr_control_stop(mr_engine_host_state(node[1].engine)); /* says goodbye */
	whole_run(50);
	whole_close(1);
	whole_run(1000);
	ck_assert_uint_eq(forwards(0), 0);
	before = forwarded(0);
	stream(16);
	ck_assert_uint_eq(forwarded(0), before);
	ck_assert_uint_eq(whole_count(0, &mr_kind_route, "drop-no-route-packets"), 16);
	ck_assert_uint_gt(control_drop(0, "no-route"), 0);
	whole_life++;
	take_graph(_i);
	whole_open(1, QUICK, whole_dial(2, dial));
	whole_run(8000);
	before = arrived();
	stream(64);
	ck_assert_uint_eq(arrived(), before + 64);
	close_chain();
}
END_TEST

/* Those that wait for an answer when the graph is exchanged wait in the next one, as they came: ttl
 * is counted down once. */
START_TEST(kept_by_an_exchange)
{
	char peers[1200], dial[512], hop[FIPS_KEY_TEXT], far[FIPS_KEY_TEXT];
	struct mr_swapped done;
	struct fips_addr to;

	open_chain(0);
	to = far_addr();
	for (unsigned i = 0; i < 5; i++)
		send_to(&to, i);
	air.now += 2 * MS;
	air_deliver();
	whole_data_turns(0, 5); /* and none for control */
	ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_HELD), 5);
	whole_npub(1, hop);
	whole_npub(2, far);
	snprintf(peers, sizeof peers, "%s,{\"npub\":\"%s\",\"via\":\"%s\"}", whole_dial(1, dial),
	         far, hop);
	whole_threads = shapes[4];
	ck_assert_int_eq(whole_swap(0, QUICK, peers, &done), MR_SWAP_ALL);
	whole_run(1200);
	ck_assert_uint_eq(arrived(), 5);
	ck_assert_uint_eq(whole_count(1, &mr_kind_route, "forwarded-packets"), 5);
	close_chain();
}
END_TEST

/* ---- senders are told ---- */

static struct fips_signal heard(unsigned so_far)
{
	struct fips_signal s;

	whole_run(20);
	ck_assert_uint_eq(nb.signals, so_far);
	ck_assert(fips_signal_parse(nb.signal, nb.signal_len, &s));
	ck_assert(fips_addr_eq(&s.reporter, &whole_mesh(0)->me.addr));
	return s;
}

/* A sealed message with the coordinates of both ends. */
static void send_with_lists(const struct fips_addr *dest, const struct fips_addr *root)
{
	const struct fips_addr src_path[2] = { nb.me.addr, *root }, dest_path[2] = { *dest, *root };
	struct fips_coords src = fips_coords_of(src_path, 2), dst = fips_coords_of(dest_path, 2);
	uint8_t payload[200] = { 0, FIPS_FSP_CP, 100, 0 }, message[300];
	struct mr_wire w = mr_wire_write(payload + FIPS_FSP_HEAD, 150);

	fips_coords_put(&w, &src);
	fips_coords_put(&w, &dst);
	ck_assert(mr_wire_ok(&w));
	neighbour_message(
		&nb, message,
		craft_datagram(message, &nb.me.addr, dest, 1472, payload, sizeof payload));
}

/* mesh.md 5.5, R25: which signal it is, what it says, and no more than one in 100 ms. */
START_TEST(senders_are_told)
{
	struct fips_addr nowhere = { { 0xe0, 1 } }, lost = { { 0xe0, 2 } }, root = { { 0, 1 } };
	struct fips_addr far, entry;
	uint8_t payload[1300] = { 0, 0, 100, 0 }, message[1400];
	struct fips_signal s;

	chain_mtu = 1280;
	open_chain(_i);
	chain_mtu = 1472;
	for (unsigned i = 0; i < 5; i++)
		send_to(&nowhere, i);
	s = heard(1);
	ck_assert_int_eq(s.type, FIPS_SIGNAL_COORDS_REQUIRED);
	ck_assert(fips_addr_eq(&s.dest, &nowhere));
	whole_run(100);
	send_to(&nowhere, 9);
	heard(2);

	send_with_lists(&lost, &root);
	s = heard(3);
	ck_assert_int_eq(s.type, FIPS_SIGNAL_PATH_BROKEN);
	ck_assert(fips_addr_eq(&s.dest, &lost));
	ck_assert_uint_eq(s.coords.count, 2);
	entry = fips_coords_entry(&s.coords, 1);
	ck_assert(fips_addr_eq(&entry, &root));

	/* what is for ourselves tells nothing that nobody seals for us */
	send_with_lists(&whole_mesh(0)->me.addr, &root);
	whole_run(20);
	if (!graphs[_i].router)
		ck_assert_uint_eq(whole_count(0, &mr_kind_fsp_open, "learned"), 0);

	far = far_addr();
	stream(16);
	neighbour_message(&nb, message,
	                  craft_datagram(message, &nb.me.addr, &far, 1472, payload,
	                                 1280 - FIPS_LINK_OVERHEAD - FIPS_DATAGRAM_HEAD + 1));
	s = heard(4);
	ck_assert_int_eq(s.type, FIPS_SIGNAL_MTU_EXCEEDED);
	ck_assert(fips_addr_eq(&s.dest, &far));
	ck_assert_uint_eq(s.mtu, 1280);
	ck_assert_uint_eq(control_drop(0, "too-big"), 1);
	ck_assert_uint_eq(arrived(), 16);
	close_chain();
}
END_TEST

/* ---- R7: a flood ---- */

/* Bytes of the heap in use; always 0 where a sanitizer keeps it. */
static size_t heap(void)
{
#ifdef __GLIBC__
	return mallinfo2().uordblks;
#else
	return 0;
#endif
}

/* Ever new destinations: questions are bounded by the neighbour that causes them, the table by what
 * control refuses, and who sends to a node that is there does not notice. */
START_TEST(ever_new_destinations)
{
	enum { MS_ALL = 1500, EACH = 20 };
	unsigned routes = shapes[graphs[_i].shape][2] ? shapes[graphs[_i].shape][2] : 1;
	uint64_t most = ROUTE_ASK_BURST + ROUTE_ASK_RATE / 1000 * (MS_ALL + 100) / 1000;
	struct fips_addr far;
	uint64_t in, asked, told;
	size_t before;

	open_chain(_i);
	far = far_addr();
	stream(16);
	whole_run(2500); /* what neighbours tell each other at first */
	before = heap();
	in = control_word(0, MR_W_IN);
	for (unsigned ms = 0; ms < MS_ALL; ms++) {
		for (unsigned i = 0; i < EACH; i++) {
			unsigned k = ms * EACH + i;
			struct fips_addr dest = { { 0xd0, (uint8_t)k, (uint8_t)(k >> 8),
			                            (uint8_t)(k >> 16) } };

			send_to(&dest, k);
		}
		send_to(&far, ms);
		whole_run(1);
		ck_assert_uint_le(forwards(0), 1 + 256);
		ck_assert_uint_le(whole_word(0, &mr_kind_route, MR_W_HELD), MR_PARK_ALL);
		ck_assert_uint_le(heap(), before + (256 << 10)); /* entries, orders */
	}
	whole_run(20);
	asked = whole_count(0, &mr_kind_route, "asked");
	told = asked + control_drop(0, "no-route");
	ck_assert_uint_eq(arrived(), 16 + MS_ALL);
	ck_assert_uint_le(asked, 2 + routes * most); /* each replica counts for itself */
	ck_assert_uint_gt(whole_drop(0, &mr_kind_route, "over-rate"), MS_ALL * EACH / 2);
	ck_assert_uint_le(control_word(0, MR_W_IN) - in, told + 200);
	whole_run(1200);
	ck_assert_uint_eq(forwards(0), 1); /* nothing is left but the one that is used */
	ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_HELD), 0);
	close_chain();
}
END_TEST

/* ---- congestion ---- */

static bool congested(unsigned i, const struct fips_addr *peer)
{
	const struct fips_link_entry *e = mr_table_find(whole_mesh(i)->links, peer->b);

	return e && e->congested;
}

/* mesh.md 5.6: the kernel has dropped what came to node 0, by one transport or another; what it
 * sends on is marked, and node 1 keeps the mark. */
START_TEST(marked_where_it_is_crowded)
{
	_Atomic uint64_t *lost[2];
	struct fips_addr hop;

	open_chain(_i);
	hop = whole_mesh(1)->me.addr;
	lost[0] = &((struct mr_udp *)whole_stage(0, &mr_kind_control)->use[1])->overflows;
	lost[1] = &((struct mr_ether *)whole_stage(0, &mr_kind_control)->use[3])->overflows;
	stream(16);
	ck_assert_uint_eq(whole_count(0, &mr_kind_route, "ce-forwarded"), 0);
	for (unsigned k = 1; k <= 2; k++) {
		atomic_fetch_add(lost[k - 1], 3);
		for (unsigned i = 0; i < 1200 && !congested(0, &hop); i++)
			whole_run(1);
		ck_assert(congested(0, &hop));
		stream(16);
		ck_assert_uint_eq(whole_count(0, &mr_kind_route, "congestion-detected"), k * 16);
		ck_assert_uint_eq(whole_count(1, &mr_kind_route, "ce-forwarded"), k * 16);
		ck_assert_uint_eq(whole_count(1, &mr_kind_route, "congestion-detected"), 0);
		whole_run(1200);
		ck_assert(!congested(0, &hop));
		stream(16);
		ck_assert_uint_eq(whole_count(0, &mr_kind_route, "ce-forwarded"), k * 16);
		ck_assert_uint_eq(control_count(0, "node-kernel-drop-events"), k);
	}
	close_chain();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("through");
	TCase *tc = tcase_create("chain");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, carried_by_each_graph, 0, COUNT(graphs));
	tcase_add_loop_test(tc, the_next_hop_goes_and_comes, 0, COUNT(graphs));
	tcase_add_test(tc, kept_by_an_exchange);
	tcase_add_loop_test(tc, senders_are_told, 0, COUNT(graphs));
	tcase_add_loop_test(tc, ever_new_destinations, 0, COUNT(graphs));
	tcase_add_loop_test(tc, marked_where_it_is_crowded, 0, COUNT(graphs));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
