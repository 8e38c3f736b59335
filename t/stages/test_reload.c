/* Whole nodes whose graphs and node files are exchanged: links, sessions and packets do not notice,
 * whenever it comes; what the node file says from then on is obeyed. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rand.h"
#include "fips/path/entry.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "t/lib/whole.h"

static const unsigned shapes[][WHOLE_SHARDED] = {
	{ 0, 0, 0, 0, 0 }, { 0, 2, 0, 3, 0 }, { 2, 2, 2, 2, 2 }, { 4, 0, 2, 3, 4 },
	{ 0, 3, 0, 2, 0 }, { 3, 4, 4, 0, 2 }, { 2, 0, 3, 0, 4 },
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static char dial_1[512], dial_0[512];

static const char *peers_of(unsigned i)
{
	return i == 0 ? dial_1 : "";
}

/* Node i gets that shape; nothing is lost by it. */
static struct mr_swapped swap_to(unsigned i, unsigned shape)
{
	struct mr_swapped done;
	enum mr_swap what;

	whole_threads = shapes[shape];
	what = whole_swap(i, "", peers_of(i), &done);
	if (what == MR_SWAP_REFUSED)
		mr_report_print(&node[i].report, stderr);
	ck_assert_int_ne(what, MR_SWAP_REFUSED);
	ck_assert_uint_eq(done.lost, 0);
	ck_assert_uint_eq(done.missing, 0);
	return done;
}

static void begin(void)
{
	whole_threads = shapes[0];
	whole_dial(1, dial_1);
	whole_dial(0, dial_0);
}

static void link_up(void)
{
	begin();
	whole_link_up();
}

/* A nonce that came twice would be two frames of one direction with one counter: they only grow. */
static uint64_t newest[2];
static uint32_t under[2];
static unsigned repeated;

static uint64_t watch(const struct flight *f)
{
	struct fips_link_head head;
	unsigned to = f->to & 1;

	if (fips_frame_check(f->bytes, f->len) != FIPS_FRAME_ESTABLISHED)
		return MS;
	fips_link_head_parse(f->bytes, &head);
	repeated += head.receiver_idx == under[to] && head.counter <= newest[to];
	under[to] = head.receiver_idx;
	newest[to] = head.counter;
	return MS;
}

/* ---- numbered packets ---- */

/* Packets each way, filled with their number:
 * the last that came has the number of all that came. */
struct way {
	unsigned sent, got;
};

static void say(unsigned from, struct way *w)
{
	whole_say(from, &whole_mesh(!from)->me.addr, 200, (uint8_t)++w->sent);
}

static void hear(unsigned at, struct way *w)
{
	w->got = air.got[at];
	if (w->got)
		ck_assert_uint_eq(air.got_bytes[at][100], (uint8_t)w->got);
}

/* Packets are between all stages when the exchange comes: a millisecond's few turns are not enough
 * for them to come through. */
START_TEST(every_packet_once_and_in_order)
{
	struct mr_rand_state seed = { .seed = (uint64_t)_i + 1 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	struct way way[2] = { { 0 } };
	unsigned swaps = 0, before;

	link_up();
	air.fate = watch;
	say(0, &way[0]);
	whole_run(100);
	hear(1, &way[0]);
	ck_assert_uint_eq(way[0].got, 1);
	before = (unsigned)whole_word(0, &mr_kind_fsp_seal, MR_W_IN);
	for (unsigned ms = 0; ms < 2000; ms++) {
		unsigned from = ms & 1, which = mr_rand_u32(&rand) & 1;

		say(from, &way[from]);
		whole_run(1);
		if (mr_rand_u32(&rand) % 4 == 0) {
			say(from, &way[from]);
			whole_data_turns(from, 1 + mr_rand_u32(&rand) % 3);
			swap_to(which, mr_rand_u32(&rand) % SHAPES);
			swaps++;
			whole_run(1);
		}
		hear(1, &way[0]);
		hear(0, &way[1]);
	}
	whole_run(20);
	hear(1, &way[0]);
	hear(0, &way[1]);
	ck_assert_uint_gt(swaps, 300);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(way[i].got, way[i].sent);
	ck_assert_uint_eq(repeated, 0);
	/* counted on since the start, replies of the node itself included */
	ck_assert_uint_ge(whole_word(0, &mr_kind_fsp_seal, MR_W_IN), before + way[0].sent - 1);
	ck_assert_uint_eq(control_count(0, "node-session-cuts"), 0);
	ck_assert_uint_eq(control_count(0, "node-link-cuts"), 0);
	whole_close_all();
}
END_TEST

/* ---- at any moment of the first seconds ---- */

/* Handshakes under way, installs that wait for an acknowledgement, reports. */
START_TEST(whenever_it_comes)
{
	unsigned turns = (unsigned)_i % 3, ms = (unsigned)_i / 3;

	begin();
	whole_reset();
	air.fate = watch;
	whole_open(0, "", dial_1);
	whole_open(1, "", "");
	whole_say(0, &whole_mesh(1)->me.addr, 200, 7);
	whole_run(ms);
	whole_data_turns(0, turns);
	whole_data_turns(1, turns);
	swap_to(0, 1 + (unsigned)_i % (SHAPES - 1));
	swap_to(1, 1 + (unsigned)_i / 2 % (SHAPES - 1));
	whole_run(300);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	ck_assert(whole_in_session(0) && whole_in_session(1));
	ck_assert_uint_eq(air.got[1], 1);
	ck_assert_uint_eq(repeated, 0);
	whole_close_all();
}
END_TEST

/* ---- what is kept ---- */

/* Packets that wait for a way wait on, each with the replica that owns its destination. */
START_TEST(parked_packets_go_along)
{
	struct fips_peer_info peer;
	struct mr_swapped done;

	begin();
	whole_reset();
	whole_open(0, "", dial_1);
	ck_assert(mr_control_peer(mr_engine_host_state(node[0].engine), 0, &peer));
	for (unsigned k = 1; k <= 3; k++) {
		whole_say(0, &peer.addr, 100 + k, (uint8_t)k);
		whole_run(1);
	}
	ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_HELD), 3);
	for (unsigned shape = 1; shape < SHAPES; shape++) {
		done = swap_to(0, shape);
		ck_assert_uint_eq(done.moved, 3);
		ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_HELD), 3);
		ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_IN), 3);
		whole_run(3);
	}
	whole_open(1, "", "");
	whole_run(8000); /* the next message 1 */
	ck_assert_uint_eq(air.got[1], 3);
	ck_assert_uint_eq(air.got_len[1], 103);
	ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_HELD), 0);
	whole_close_all();
}
END_TEST

static uint64_t msg3_late(const struct flight *f)
{
	uint32_t msg3 = FIPS_LINK_OVERHEAD + FIPS_DATAGRAM_HEAD + FIPS_FSP_MSG3_LEN;

	return f->len == msg3 ? 100 * MS : MS;
}

/* Data that overtook message 3 waits at control for its key. */
START_TEST(what_waits_for_its_key_goes_along)
{
	struct mr_swapped done;
	uint64_t held;

	link_up();
	air.fate = msg3_late;
	whole_say(0, &whole_mesh(1)->me.addr, 200, 9);
	whole_run(60);
	ck_assert_uint_eq(air.got[1], 0);
	held = control_word(1, MR_W_HELD);
	ck_assert_uint_ge(held, 1);
	done = swap_to(1, 3);
	ck_assert_uint_eq(done.moved, held);
	ck_assert_uint_eq(control_word(1, MR_W_HELD), held);
	whole_run(100);
	ck_assert_uint_eq(air.got[1], 1);
	ck_assert_uint_eq(control_word(1, MR_W_HELD), 0);
	whole_close_all();
}
END_TEST

/* A graph without sessions for a while: the keys that went meanwhile are not found by the stage
 * that comes back, and those that are left go on. */
START_TEST(sessions_outlive_a_graph_without)
{
	static const unsigned away[] = { 0, 3000, 12000, 16000 }; /* a key drains for 10 s */
	static const char rekeys[] = ",\"rekey\":{\"after_secs\":2,\"hurry\":40}";
	struct mr_swapped done;
	unsigned got, sent;

	begin();
	whole_reset();
	whole_open(0, rekeys, dial_1);
	whole_open(1, rekeys, "");
	whole_run(50);
	for (unsigned k = 0; control_count(0, "node-session-cuts") < 2; k++) {
		ck_assert_uint_lt(k, 100);
		whole_say(0, &whole_mesh(1)->me.addr, 200, 1);
		whole_run(100);
	}
	whole_router = true;
	ck_assert_int_eq(whole_swap(0, "", dial_1, &done), MR_SWAP_ALL);
	whole_run(away[_i]);
	whole_router = false;
	ck_assert_int_eq(whole_swap(0, "", dial_1, &done), MR_SWAP_ALL);
	whole_run(100);
	got = air.got[0];
	for (sent = 0; sent < 50; sent++) {
		whole_say(1, &whole_mesh(0)->me.addr, 200, 1);
		whole_run(100);
		whole_say(0, &whole_mesh(1)->me.addr, 200, 1);
		whole_run(100);
	}
	ck_assert_uint_gt(air.got[0], got + 30);
	whole_close_all();
}
END_TEST

/* ---- the node file ---- */

static struct mr_worker *workers;

static void file_is(unsigned i, const char *more, const char *peers)
{
	struct mr_swapped done;

	ck_assert_int_eq(whole_swap(i, more, peers, &done), MR_SWAP_HOST);
	ck_assert_ptr_eq(node[i].engine->worker, workers);
	ck_assert_uint_eq(done.rest_ns, 0);
}

/* Peers leave and come back; data workers are not touched. */
START_TEST(peers_leave_and_join)
{
	link_up();
	workers = node[0].engine->worker;
	file_is(0, "", "");
	whole_run(1100);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_IDLE);
	ck_assert_int_eq(whole_peer_state(1), FIPS_PEER_IDLE);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->links), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->index), 0);
	file_is(0, "", dial_1);
	whole_run(100);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_close_all();
}
END_TEST

/* Both at once, and again and again: the peer is dialled by the workers that are there then. */
START_TEST(peers_join_with_another_graph)
{
	struct mr_swapped done;

	begin();
	whole_reset();
	whole_open(0, "", "");
	whole_open(1, "", "");
	whole_run(20);
	whole_threads = shapes[5];
	ck_assert_int_eq(whole_swap(0, "", dial_1, &done), MR_SWAP_ALL);
	whole_run(100);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_threads = shapes[0];
	ck_assert_int_eq(whole_swap(0, "", "", &done), MR_SWAP_ALL);
	whole_run(1100);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_IDLE);
	whole_close_all();
}
END_TEST

START_TEST(timers_change)
{
	uint64_t sent;

	link_up();
	workers = node[0].engine->worker;
	whole_run(30000);
	file_is(0, ",\"heartbeat_interval_secs\":1,\"mmp\":{\"mode\":\"minimal\"}", dial_1);
	whole_run(11000);
	sent = air.sent[0];
	whole_run(10000);
	ck_assert_uint_ge(air.sent[0], sent + 10);
	whole_close_all();
}
END_TEST

/* What control refuses changes nothing, with another graph or without. */
START_TEST(a_bad_file)
{
	struct mr_swapped done;
	struct mr_graph *graph;
	char *text = NULL;
	size_t n = 0;
	FILE *f;

	link_up();
	graph = node[0].graph;
	whole_threads = shapes[_i ? 0 : 4];
	ck_assert_int_eq(whole_swap(0, ",\"link_dead_timeout_secs\":5", dial_1, &done),
	                 MR_SWAP_REFUSED);
	f = open_memstream(&text, &n);
	mr_report_print(&node[0].report, f);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(text, "node.link_dead_timeout_secs: control: 5 s are not longer"));
	free(text);
	ck_assert_ptr_eq(node[0].engine->graph, graph);
	whole_say(0, &whole_mesh(1)->me.addr, 200, 9);
	whole_run(100);
	ck_assert_uint_eq(air.got[1], 1);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reload");
	TCase *tc = tcase_create("whole");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_packet_once_and_in_order, 0, 3);
	tcase_add_loop_test(tc, whenever_it_comes, 0, 45);
	tcase_add_test(tc, parked_packets_go_along);
	tcase_add_test(tc, what_waits_for_its_key_goes_along);
	tcase_add_loop_test(tc, sessions_outlive_a_graph_without, 0, 4);
	tcase_add_test(tc, peers_leave_and_join);
	tcase_add_test(tc, peers_join_with_another_graph);
	tcase_add_test(tc, timers_change);
	tcase_add_loop_test(tc, a_bad_file, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
