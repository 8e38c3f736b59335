/* What strangers send tears nothing down: replays of everything ever heard, junk that carries a
 * live index, floods of true handshakes, setups under the peer's name, and every bit of a message 1
 * turned over. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/node_bench.h"
#include "t/lib/node_plane.h"
#include "t/lib/reference.h"
#include "t/lib/small_curve.h"

/* --- replays ---------------------------------------------------------------------------------- */

#define KEPT 4096

struct tape {
	struct sim_node *to;
	size_t           n;
	struct {
		uint64_t at;
		size_t   n;
		uint8_t  bytes[256];
	} heard[KEPT];
};

/* Keeps every handshake and one in eight of the other datagrams. */
static bool record(void *self, const struct sim_node *from, const struct sim_node *to,
                   const uint8_t *bytes, size_t n)
{
	struct tape *tape = self;

	(void)from;
	if (to != tape->to || n > sizeof tape->heard[0].bytes || tape->n == KEPT ||
	    (bytes[0] == 0 && world_random(to->world, 8)))
		return true;
	tape->heard[tape->n].at = to->world->now;
	memcpy(tape->heard[tape->n].bytes, bytes, n);
	tape->heard[tape->n++].n = n;
	return true;
}

/* Handshakes are picked as often as all the rest together.  Nothing is played before the true one
 * has arrived: a copy that wins the race is no replay, and the link follows it for a moment. */
static void play(struct tape *tape, struct world *w)
{
	struct fips_via from = world_via(200, (unsigned)world_random(w, 250));
	bool handshake = world_random(w, 2);

	for (unsigned i = 0; i < 200 && tape->n; i++) {
		size_t pick = world_random(w, tape->n);

		if ((handshake && tape->heard[pick].bytes[0] == 0) ||
		    w->now - tape->heard[pick].at < SECONDS(1))
			continue;
		world_send(w, &from, &tape->to->via, tape->heard[pick].bytes, tape->heard[pick].n);
		return;
	}
}

/* Everything the peer ever said, said again by somebody else, all the time; rekeys go on. */
START_TEST(replays)
{
	struct world *w = world_open((uint64_t)_i);
	struct world_peer peer = { .secret = 2, .vias = (unsigned)_i % 2 };
	struct reference_config config = { .secret = 2, .peer = 1, .dials = true,
		                           .link_messages = 300, .session_messages = 100,
		                           .link_age = 120, .session_age = 120 };
	struct sim_node *we = world_node(w, 1, &peer, 1, NULL);
	struct reference *they = reference_open(w, &config);
	struct tape *tape = calloc(1, sizeof *tape);

	tape->to = we;
	w->filter = record;
	w->filter_self = tape;
	world_run(w, SECONDS(20));
	for (unsigned i = 0; i < 36000; i++) {
		if (i % 3 == 0) {
			world_data(we, &they->node->me.addr);
			reference_data(they);
		}
		play(tape, w);
		world_run(w, MS(50));
	}
	world_run(w, SECONDS(1));
	ck_assert_uint_eq(we->actions_done[FIPS_ACT_LINK_DOWN], 0);
	ck_assert_uint_eq(we->actions_done[FIPS_ACT_SESSION_DOWN], 0);
	ck_assert_uint_eq(we->actions_done[FIPS_ACT_SET_VIA], 0);
	ck_assert_uint_eq(fips_node_counts(we->brain)[FIPS_NODE_RESTARTS], 0);
	ck_assert_uint_eq(they->links, 1);
	ck_assert_uint_ge(they->link_rekeys, 25);
	ck_assert_uint_ge(they->session_rekeys, 60);
	ck_assert_uint_ge(they->node->got + 1, we->sent);
	ck_assert_uint_ge(we->got + 1, they->node->sent);
	free(tape);
	world_close(w);
}
END_TEST

/* A message 1 of the peer's that was recorded before, played before the peer itself calls: the
 * peer's own call is answered all the same, at once. */
START_TEST(a_replay_comes_first)
{
	struct bench *b = bench_open(1, 0, NULL);
	struct puppet old = { .who = 2, .epoch = 1, .ephemeral = 1, .index = 1, .from = 9 };
	struct puppet now = { .who = 2, .epoch = 1, .ephemeral = 2, .index = 2 };

	for (unsigned life = 1; life <= 2; life++) {
		old.ephemeral += 2;
		now.ephemeral += 2;
		now.epoch = life; /* the replay is of this life, or of the one before */
		want("install msg2 use", bench_msg1(b, &old));
		want("install msg2", bench_msg1(b, &now));
		want(life == 1 ? "use heartbeat" : "retire use heartbeat",
		     bench_confirm(b, 2, b->link_key, 0));
		bench_wait(b, SECONDS(100)); /* silent: removed */
	}
	bench_close(b);
}
END_TEST

/* Message 1s of this life that were recorded and are no longer remembered, played before and after
 * the peer's own, all in the time it waits with sending: its key is there when it is heard. */
static const struct {
	const char *why;
	unsigned    before, ms, after; /* replays, then so long nothing, its own call, replays */
	unsigned    from;              /* 2: under the address that the peer has, 9: another   */
} crowds[] = {
	{ "none at all", 0, 0, 0, 9 },
	{ "as many as there are slots, after it", 0, 0, 6, 9 },
	{ "one more", 0, 0, 7, 9 },
	{ "many", 0, 0, 30, 9 },
	{ "... under its own address", 0, 0, 30, 2 },
	{ "before it, too", 7, 0, 20, 9 },
	{ "many before it", 20, 0, 20, 9 },
	{ "its own address, some time before", 7, 4000, 20, 2 },
	{ "... and again", 20, 4000, 7, 2 },
};

START_TEST(replays_leave_the_peers_key_alone)
{
	struct bench *b = bench_open(1, 0, NULL);
	struct puppet old = { .who = 2, .ephemeral = 500, .index = 1, .from = crowds[_i].from };
	struct puppet own = { .who = 2, .ephemeral = 400, .index = 2 };
	uint64_t key, first;

	bench_link(b, 2);
	first = b->link_key;
	b->alive = true;
	old.epoch = own.epoch = 1;
	bench_wait(b, SECONDS(40));
	for (unsigned i = 0; i < crowds[_i].before; i++, old.ephemeral++, old.index += 3)
		bench_msg1(b, &old);
	bench_wait(b, MS(crowds[_i].ms));
	ck_assert_ptr_nonnull(strstr(bench_msg1(b, &own), "install msg2"));
	key = b->link_key;
	for (unsigned i = 0; i < crowds[_i].after; i++, old.ephemeral++, old.index += 3) {
		bench_msg1(b, &old);
		bench_wait(b, MS(60));
	}
	ck_assert_str_eq(bench_confirm(b, 2, first, 0), ""); /* meanwhile the old one goes on */
	want("use heartbeat", bench_confirm(b, 2, key, 1));
	ck_assert_uint_eq(b->last[FIPS_ACT_USE_LINK].key, key);
	bench_close(b);
}
END_TEST

/* --- junk ------------------------------------------------------------------------------------- */

static bool up(void *self)
{
	struct world *w = self;

	return world_in_session(&w->node[0], &w->node[1]);
}

START_TEST(junk_on_live_indices)
{
	struct world *w = world_open(3);
	struct world_peer to_a = { .secret = 1 }, to_b = { .secret = 2, .vias = 1 };
	struct sim_node *a = world_node(w, 1, &to_b, 1, NULL),
			*b = world_node(w, 2, &to_a, 1, NULL);
	uint64_t packets;

	world_run(w, SECONDS(1));
	world_data(a, &b->me.addr);
	ck_assert(world_until(w, SECONDS(10), up, w));
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t junk[200];
		uint32_t index[8];
		unsigned n = plane_indices(b->plane, index, 8);
		struct fips_link_head head = { .payload_len = (uint16_t)(5 + world_random(w, 100)),
			                       .flags = (uint8_t)world_random(w, 256),
			                       .counter = world_random(w, 0) };
		struct fips_via from = world_via(200, i % 250);

		ck_assert_uint_gt(n, 0);
		for (size_t j = 0; j < sizeof junk; j++)
			junk[j] = (uint8_t)world_random(w, 256);
		head.receiver_idx = index[world_random(w, n)];
		fips_link_head_build(junk, &head);
		world_send(w, &from, &b->via, junk, (size_t)head.payload_len + FIPS_LINK_MIN);
		if (i % 100 == 0)
			world_data(a, &b->me.addr);
		world_run(w, MS(5));
	}
	world_run(w, SECONDS(1));
	packets = b->actions_done[FIPS_ACT_SEND_RAW];
	ck_assert_uint_eq(packets, 1); /* message 2 */
	ck_assert_uint_eq(b->actions_done[FIPS_ACT_LINK_DOWN], 0);
	ck_assert_uint_eq(b->actions_done[FIPS_ACT_SESSION_DOWN], 0);
	ck_assert_uint_eq(b->actions_done[FIPS_ACT_SET_VIA], 0);
	ck_assert_uint_eq(b->got, a->sent);
	world_close(w);
}
END_TEST

/* Handshake packets and datagrams of random bytes: an input that leads to no action is counted. */
START_TEST(noise)
{
	struct world *w = world_open(11);
	struct bench *b = bench_open(1, 0, NULL);
	uint8_t bytes[400];

	bench_link(b, 2);
	for (unsigned i = 0; i < 20000; i++) {
		struct puppet p = { .who = 2 };
		size_t n = world_random(w, sizeof bytes);
		uint64_t before = 0, after = 0;
		const char *words;

		for (size_t j = 0; j < n; j++)
			bytes[j] = (uint8_t)world_random(w, 256);
		if (n > 4 && world_random(w, 2))
			bytes[0] = (uint8_t)world_random(w, 4);
		if (world_random(w, 2) && n > 4)
			memcpy(bytes, n % 2 ? "\1\0\x6e" : "\2\0\x41", 4), n = n % 2 ? 114 : 69;
		for (unsigned c = 0; c < FIPS_NODE_COUNTS; c++)
			before += fips_node_counts(b->node)[c];
		switch (i % 3) {
		case 0: words = bench_raw(b, &p, bytes, n); break;
		case 1: words = bench_datagram(b, &p, bytes, n); break;
		default: words = bench_message(b, 2, bytes, n); break;
		}
		for (unsigned c = 0; c < FIPS_NODE_COUNTS; c++)
			after += fips_node_counts(b->node)[c];
		if (i % 3 == 2 && strstr(words, "link-down")) {
			b->now += SECONDS(1);
			ck_assert_uint_eq(bytes[0], FIPS_LINK_DISCONNECT); /* by the peer itself */
			bench_close(b);
			b = bench_open(1, 0, NULL);
			bench_link(b, 2);
			continue;
		}
		ck_assert_msg(after > before || words[0] || i % 3, "%02x is not counted", bytes[0]);
		b->now += MS(1);
	}
	bench_close(b);
	world_close(w);
}
END_TEST

/* --- floods ----------------------------------------------------------------------------------- */

/* Strangers with true keys, 1000 a second: work is bounded, the table too, and neither the peer's
 * rekey nor its restart is kept out. */
START_TEST(flood_of_strangers)
{
	struct fips_node_config config = fips_node_config_default();
	struct puppet peer = { .who = 2, .epoch = 1, .ephemeral = 900, .index = 7 };
	struct fips_peer_info info;
	uint64_t ops, start;
	struct bench *b;
	unsigned n = 0;

	config.max_peers = 20;
	b = bench_open(1, 0, &config);
	bench_link(b, 2);
	b->alive = true;
	ops = fips_node_curve_ops(b->node);
	start = b->now;
	for (unsigned i = 0; i < 40000; i++) {
		struct puppet p = { .who = 3 + i % 250, .epoch = i / 256, .ephemeral = i % 65000,
			            .index = i };

		bench_msg1(b, &p);
		b->now += MS(1);
	}
	ops = fips_node_curve_ops(b->node) - ops;
	ck_assert_uint_le(ops, 4 * (100 + 10 * ((b->now - start) / MR_NS_PER_S + 1)));
	while (fips_node_peer(b->node, n, &info))
		n++;
	ck_assert_uint_le(n, 20);
	bench_wait(b, 0);
	want("install msg2", bench_msg1(b, &peer)); /* from the address of a link: its own bucket */
	want("use heartbeat", bench_confirm(b, 2, b->link_key, 1));
	peer.epoch = 2;
	peer.ephemeral++;
	want("install msg2", bench_msg1(b, &peer));
	bench_close(b);
}
END_TEST

/* A flood of forged answers to a dial costs a bounded number of operations and not the dial. */
START_TEST(flood_of_answers)
{
	struct bench *b = bench_open(1, 1, NULL);
	struct puppet p = { .who = 2, .epoch = 1, .ephemeral = 1, .index = 3 };
	uint8_t junk[FIPS_MSG2_LEN] = { 2, 0, 65, 0 };
	uint64_t ops;

	want("expect msg1", bench_wait(b, 0));
	memcpy(junk + 8, b->msg1 + 4, 4);
	junk[12] = 2;
	ops = fips_node_curve_ops(b->node);
	for (unsigned i = 0; i < 10000; i++) {
		junk[43] = (uint8_t)i;
		junk[44] = (uint8_t)(1 + i / 256);
		want("", bench_raw(b, &p, junk, sizeof junk));
	}
	ck_assert_uint_le(fips_node_curve_ops(b->node) - ops, 100);
	b->now += SECONDS(1) / 2;
	want("install use heartbeat", bench_msg2(b, &p));
	bench_close(b);
}
END_TEST

/* A setup that anybody behind the same hop could have written under the other's name. */
static void forge_setup(struct sim_node *at, const struct sim_node *name)
{
	struct fips_curve curve = small_curve();
	struct fips_identity stranger = world_identity(7);
	struct fips_coords us = fips_coords_of(&name->me.addr, 1);
	uint8_t msg1[FIPS_XK_MSG1], e[FIPS_SECRET_LEN] = { 0x66 }, life[FIPS_EPOCH_LEN] = { 0 };
	uint8_t bytes[300];
	struct fips_fsp_setup setup = { .src = us, .dest = us, .noise = msg1 };
	struct fips_datagram d = { .ttl = 64, .path_mtu = 1280, .src = name->me.addr,
		                   .dest = at->me.addr };
	struct fips_input in = { .kind = FIPS_IN_DATAGRAM, .bytes = bytes, .peer = name->me.addr };
	struct fips_xk xk;

	mr_to_le64(e + 24, world_random(at->world, 0));
	fips_xk_init_initiator(&xk, &curve, &stranger, at->me.pub, e, life);
	ck_assert(fips_xk_write1(&xk, msg1));
	fips_datagram_build(bytes, &d);
	in.len = FIPS_DATAGRAM_HEAD +
	         fips_fsp_setup_build(bytes + FIPS_DATAGRAM_HEAD, sizeof bytes - FIPS_DATAGRAM_HEAD,
	                              &setup);
	world_input(at, &in);
}

/* Setups that nobody finishes, every 3 s, at the one that rekeys: of the larger address, of the
 * smaller, or both are.  Rekeys go on, and no packet is lost for it. */
START_TEST(setups_under_the_peers_name)
{
	struct world *w = world_open((uint64_t)_i);
	struct world_peer peer[2] = { { .secret = 2, .vias = 1 }, { .secret = 1, .vias = 0 } };
	struct sim_node *node[2];
	uint64_t from[2] = { 0 };

	for (unsigned k = 0; k < 2; k++) { /* the address of secret 1 is the larger one */
		struct fips_node_config config = fips_node_config_default();

		config.max_peers = 8;
		config.timers.session_rekey = 40000;
		config.timers.rekey_jitter = 5000;
		config.rekey = (unsigned)_i == k || _i == 2;
		node[k] = world_node(w, 1 + k, &peer[k], 1, &config);
	}
	for (unsigned i = 0; i < 12000; i++) {
		if (i == 200) /* what it costs to begin does not count */
			from[0] = node[0]->ledger.numbered, from[1] = node[1]->ledger.numbered;
		for (unsigned k = 0; i > 200 && i % 30 == 0 && k < 2; k++)
			if ((unsigned)_i == k || _i == 2)
				forge_setup(node[k], node[!k]);
		world_data(node[0], &node[1]->me.addr);
		world_data(node[1], &node[0]->me.addr);
		world_run(w, MS(100));
	}
	world_run(w, SECONDS(1));
	for (unsigned k = 0; k < 2; k++) {
		struct tally t = ledger_tally(&node[k]->ledger, from[k]);

		ck_assert_uint_gt(t.numbered, 11000);
		ck_assert_uint_eq(t.delivered, t.numbered);
		ck_assert_uint_eq(t.doubled, 0);
		ck_assert_uint_ge(fips_node_counts(node[k]->brain)[FIPS_NODE_SESSION_CUTS], 12);
		ck_assert_uint_eq(fips_node_counts(node[k]->brain)[FIPS_NODE_SESSION_REKEYS_FAILED],
		                  0);
		ck_assert_uint_eq(node[k]->actions_done[FIPS_ACT_SESSION_DOWN], 0);
	}
	world_close(w);
}
END_TEST

/* --- every bit of a message 1 ----------------------------------------------------------------- */

/* What the protocol does not protect, and what turning it over does. */
static const struct {
	unsigned    from, to; /* bits of the packet, [from, to) */
	const char *does;
} unprotected[] = {
	{ 32, 64, "another index, on which nobody listens" },
	{ 64, 65, "02 for 03: the parity of the ephemeral key, of which x alone counts" },
};

START_TEST(every_bit_of_a_message_1)
{
	struct puppet p = { .who = 2, .epoch = 1, .ephemeral = 1, .index = 3 };
	unsigned answered = 0;

	for (unsigned bit = 0; bit < 8 * FIPS_MSG1_LEN; bit++) {
		struct bench *b = bench_open(1, 0, NULL);
		uint8_t bytes[FIPS_MSG1_LEN];
		bool open = false;

		for (size_t i = 0; i < sizeof unprotected / sizeof unprotected[0]; i++)
			open |= bit >= unprotected[i].from && bit < unprotected[i].to;
		bench_msg1_bytes(b, &p, bytes);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		want(open ? "install msg2 use" : "", bench_raw(b, &p, bytes, sizeof bytes));
		answered += open;
		/* The true one is welcome, and is the same handshake if its ephemeral is. */
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		want(open ? "msg2" : "install msg2 use",
		     bench_raw(b, &p, bytes, sizeof bytes));
		bench_close(b);
	}
	ck_assert_uint_eq(answered, 33);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node hostile");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, replays, 0, 4);
	tcase_add_test(tc, a_replay_comes_first);
	tcase_add_loop_test(tc, replays_leave_the_peers_key_alone, 0,
	                    sizeof crowds / sizeof crowds[0]);
	tcase_add_test(tc, junk_on_live_indices);
	tcase_add_test(tc, noise);
	tcase_add_test(tc, flood_of_strangers);
	tcase_add_test(tc, flood_of_answers);
	tcase_add_loop_test(tc, setups_under_the_peers_name, 0, 3);
	tcase_add_test(tc, every_bit_of_a_message_1);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
