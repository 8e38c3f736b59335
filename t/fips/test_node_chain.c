/* Peers behind a neighbour: me --- hop --- far.  First each decision alone, then three nodes. */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "t/lib/node_bench.h"
#include "t/lib/node_plane.h"
#include "t/lib/two_nodes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- one node --------------------------------------------------------------------------------- */

enum { ME = 1, FAR = 2, HOP = 6, OTHER = 5, NOBODY = 7 };

static struct bench *open_behind(void)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_peer_config peers[2] = {
		{ .auto_connect = true, .auto_reconnect = true, .behind = true },
		{ .auto_reconnect = true },
	};
	struct fips_identity far = world_identity(FAR), hop = world_identity(HOP);

	memcpy(peers[0].pub, far.pub, FIPS_PUB_LEN);
	peers[0].addr = far.addr;
	peers[0].hop = hop.addr;
	memcpy(peers[1].pub, hop.pub, FIPS_PUB_LEN);
	peers[1].addr = hop.addr;
	config.peers = peers;
	config.n_peers = 2;
	config.session_mmp = config.link_mmp = FIPS_MMP_MINIMAL;
	return bench_open(ME, 0, &config);
}

enum op {
	END,
	LINK,    /* number a links with us and is proven; its handshake is number b */
	CALL,    /* number a links with us and is not proven                        */
	PROVE,   /* ... and now it is                                               */
	BYE,     /* number a's link goes                                            */
	HANG_UP, /* the operator wants the link to number a gone                    */
	CONNECT, /* ... wants one                                                   */
	RESOLVE, /* a packet for the far one                                        */
	SETUP,   /* of number a, by the link of b, ephemeral 1 and the hundreds of b */
	MSG3,
	ACK,     /* to our setup, by the link of b                                  */
	HEARD,   /* a message under the session's key                               */
	MTU,     /* the far one says that the path takes a                          */
	STRAY,   /* a sealed message of number a, by the link of b                  */
	WAIT,    /* a ms; heartbeats are left out                                   */
	BY,      /* the last datagram, and the last route, leave by number a        */
	SESSION, /* is there one with the far one?                                  */
	UNSAID,  /* nothing was logged                                              */
	COUNTED,
};

struct step {
	enum op     op;
	unsigned    a, b;
	const char *want;
};

struct row {
	const char *why;
	struct step step[16];
};

#define ANSWERED                                                 \
	{ LINK, HOP, 1, "heartbeat" },                           \
	{ SETUP, FAR, HOP, "expect-session ack" },               \
	{ MSG3, FAR, HOP, "install-current use-session route warmup" }, { HEARD, 0, 0, "" }, \
	{ WAIT, 1000, 0, "warmup" }
#define STARTED                                                  \
	{ LINK, HOP, 1, "heartbeat" }, { RESOLVE, 0, 0, "setup" }, \
	{ ACK, FAR, HOP, "install-current msg3 use-session route warmup" }, { HEARD, 0, 0, "" }, \
	{ WAIT, 1000, 0, "warmup" }

static const struct row rows[] = {
	{ "it is never dialled", { { WAIT, 100000, 0, "" }, { CONNECT, FAR, 0, "" },
	                           { WAIT, 100000, 0, "" }, { UNSAID, 0, 0, NULL } } },
	{ "we start", { STARTED, { BY, HOP, 0, NULL }, { SESSION, 1, 0, NULL } } },
	{ "we answer", { ANSWERED, { BY, HOP, 0, NULL }, { SESSION, 1, 0, NULL } } },
	{ "a setup by another neighbour is answered by the hop",
	  { { LINK, HOP, 1, "heartbeat" }, { LINK, OTHER, 2, "heartbeat" },
	    { SETUP, FAR, OTHER, "expect-session ack" }, { BY, HOP, 0, NULL } } },
	{ "... but pushes out none that came by the hop",
	  { { LINK, HOP, 1, "heartbeat" }, { LINK, OTHER, 2, "heartbeat" },
	    { SETUP, FAR, 100 + HOP, "expect-session ack" }, { SETUP, FAR, HOP, "ack" },
	    { SETUP, FAR, 200 + OTHER, "" }, { COUNTED, FIPS_NODE_SESSION_STATE, 1, NULL },
	    { MSG3, FAR, HOP, "install-current use-session route warmup" } } },
	{ "a setup while the hop is away is dropped by name",
	  { { LINK, OTHER, 2, "heartbeat" }, { SETUP, FAR, OTHER, "" },
	    { COUNTED, FIPS_NODE_NO_ROUTE, 1, NULL } } },
	{ "a setup of a node that nobody has told us of is dropped by name",
	  { { LINK, HOP, 1, "heartbeat" }, { SETUP, NOBODY, HOP, "" },
	    { COUNTED, FIPS_NODE_NO_ROUTE, 1, NULL } } },
	{ "asked while the hop is away: begun when it comes",
	  { { RESOLVE, 0, 0, "" }, { WAIT, 14000, 0, "" }, { LINK, HOP, 1, "heartbeat" },
	    { WAIT, 0, 0, "setup" }, { BY, HOP, 0, NULL } } },
	{ "asked while the hop is away, which does not come",
	  { { RESOLVE, 0, 0, "" }, { WAIT, 14999, 0, "" }, { WAIT, 1, 0, "unreachable" } } },
	{ "asked while the hop's link is a stranger's word: begun when it is proven",
	  { { CALL, HOP, 1, "install msg2 use" }, { RESOLVE, 0, 0, "" }, { WAIT, 100, 0, "" },
	    { PROVE, HOP, 0, "heartbeat" }, { WAIT, 0, 0, "setup" } } },
	{ "the hop's link goes and comes: the session waits, and goes on",
	  { STARTED, { BYE, HOP, 0, "retire link-down" }, { WAIT, 0, 0, "unroute" },
	    { RESOLVE, 0, 0, "" }, { SESSION, 1, 0, NULL }, { WAIT, 5000, 0, "" },
	    { LINK, HOP, 3, "heartbeat" }, { WAIT, 0, 0, "route warmup" }, { BY, HOP, 0, NULL },
	    { SESSION, 1, 0, NULL } } },
	{ "it goes, and a stranger calls in its name: the session waits on",
	  { STARTED, { BYE, HOP, 0, "retire link-down" }, { WAIT, 0, 0, "unroute" },
	    { CALL, HOP, 3, "install msg2 use" }, { RESOLVE, 0, 0, "" }, { WAIT, 1000, 0, "" } } },
	{ "it goes and comes before anybody has looked: the route is given again",
	  { STARTED, { BYE, HOP, 0, "retire link-down" }, { LINK, HOP, 3, "heartbeat" },
	    { WAIT, 0, 0, "route" } } },
	{ "the hop's link goes for good: what waits is told, the session idles out",
	  { STARTED, { BYE, HOP, 0, "retire link-down" }, { WAIT, 0, 0, "unroute" },
	    { RESOLVE, 0, 0, "" }, { WAIT, 15000, 0, "unreachable" },
	    { WAIT, 80000, 0, "retire-session session-down" }, { SESSION, 0, 0, NULL } } },
	{ "the setup is lost with the link: sent again when it is due and the link there",
	  { { LINK, HOP, 1, "heartbeat" }, { RESOLVE, 0, 0, "setup" },
	    { BYE, HOP, 0, "retire link-down" }, { WAIT, 1500, 0, "" },
	    { COUNTED, FIPS_NODE_NO_ROUTE, 1, NULL }, { LINK, HOP, 3, "heartbeat" },
	    { WAIT, 3000, 0, "setup" } } },
	{ "the hop restarts: the session stays",
	  { STARTED, { CALL, HOP, 10, "install msg2" }, { PROVE, HOP, 0, "retire use heartbeat" },
	    { WAIT, 1000, 0, "" }, { SESSION, 1, 0, NULL } } },
	{ "it links with us: its own link is the way, and another path",
	  { STARTED, { MTU, 900, 0, "route" }, { LINK, FAR, 2, "heartbeat" },
	    { WAIT, 0, 0, "route" }, { BY, FAR, 0, NULL }, { SESSION, 1, 0, NULL } } },
	{ "... and when that goes, the session goes, and the next one takes the old way",
	  { STARTED, { LINK, FAR, 2, "heartbeat" }, { WAIT, 0, 0, "route" },
	    { BYE, FAR, 0, "retire-session session-down retire link-down" }, { WAIT, 0, 0, "" },
	    { RESOLVE, 0, 0, "setup" },
	    { ACK, FAR, HOP, "install-current msg3 use-session route warmup" },
	    { BY, HOP, 0, NULL } } },
	{ "a link in its name that nobody has proven changes nothing, nor does its end",
	  { STARTED, { CALL, FAR, 2, "install msg2 use" }, { WAIT, 1000, 0, "" },
	    { HANG_UP, FAR, 0, "bye" }, { WAIT, 1000, 0, "retire link-down" },
	    { BY, HOP, 0, NULL }, { SESSION, 1, 0, NULL } } },
	{ "a sealed message without a session: one is begun",
	  { { LINK, HOP, 1, "heartbeat" }, { STRAY, FAR, HOP, "setup" }, { BY, HOP, 0, NULL } } },
	{ "a sealed message while the hop is away",
	  { { LINK, OTHER, 2, "heartbeat" }, { WAIT, 10000, 0, "" }, { STRAY, FAR, OTHER, "" },
	    { COUNTED, FIPS_NODE_NO_ROUTE, 1, NULL } } },
};

static const char *operator_says(struct bench *b, enum fips_input_kind kind, unsigned who)
{
	return bench_feed(b,
	                  &(struct fips_input){ .kind = kind, .peer = world_identity(who).addr });
}

static const char *call(struct bench *b, const struct step *s)
{
	struct puppet p = { .who = s->a, .epoch = s->b < 10 ? 1 : s->b, .ephemeral = 100 + s->b,
		            .index = 1000 + s->b };

	b->alive = true;
	return bench_msg1(b, &p);
}

static void leaves_by(const struct bench *b, unsigned who)
{
	const struct fips_action *send = &b->last[FIPS_ACT_SEND_LINK];
	const struct fips_action *route = &b->last[FIPS_ACT_ROUTE];
	struct fips_addr hop = world_identity(who).addr, far = world_identity(FAR).addr;

	if (route->kind == FIPS_ACT_ROUTE) {
		ck_assert(fips_addr_eq(&route->peer, &far));
		ck_assert(fips_addr_eq(&route->via_peer, &hop));
		ck_assert_uint_eq(route->mtu, FIPS_UDP_MTU);
	}
	if (send->bytes[0] == FIPS_LINK_DATAGRAM)
		ck_assert(fips_addr_eq(&send->peer, &hop));
}

static const char *path_mtu_is(struct bench *b, uint16_t mtu)
{
	uint8_t bytes[1 + FIPS_FSP_PATH_MTU_LEN] = { FIPS_FSP_PATH_MTU };

	fips_fsp_path_mtu_build(bytes + 1, mtu);
	return bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_BODY, .key = b->session_key,
	                                           .peer = world_identity(FAR).addr,
	                                           .bytes = bytes, .len = sizeof bytes });
}

static void take(struct bench *b, const struct step *s)
{
	struct puppet p = { .who = s->a, .epoch = 1,
	                    .ephemeral = 1 + s->b / 100, .from = s->b % 100 };
	static const uint8_t bye[] = { FIPS_LINK_DISCONNECT, 0 }, sealed[40];
	struct fips_addr far = world_identity(FAR).addr;
	const char *got = NULL;

	switch (s->op) {
	case LINK:
		call(b, s);
		got = bench_confirm(b, s->a, b->link_key, 0);
		break;
	case CALL: got = call(b, s); break;
	case PROVE: got = bench_confirm(b, s->a, b->link_key, 0); break;
	case BYE: got = bench_message(b, s->a, bye, sizeof bye); break;
	case HANG_UP: got = operator_says(b, FIPS_IN_DISCONNECT, s->a); break;
	case CONNECT: got = operator_says(b, FIPS_IN_CONNECT, s->a); break;
	case RESOLVE: got = bench_resolve(b, FAR); break;
	case SETUP: got = bench_setup(b, &p); break;
	case MSG3: got = bench_msg3(b, &p); break;
	case ACK: got = bench_ack(b, &p); break;
	case HEARD: got = bench_confirm_session(b, FAR, b->session_key); break;
	case STRAY: got = bench_datagram(b, &p, sealed, sizeof sealed); break;
	case MTU: got = path_mtu_is(b, (uint16_t)s->a); break;
	case WAIT: got = bench_without(bench_wait(b, MS(s->a)), "heartbeat"); break;
	case BY: leaves_by(b, s->a); break;
	case SESSION: ck_assert_int_eq(fips_node_has_session(b->node, &far), (int)s->a); break;
	case UNSAID: ck_assert_uint_eq(b->last[FIPS_ACT_LOG].len, 0); break;
	case COUNTED: ck_assert_uint_eq(bench_count(b, (enum fips_node_count)s->a), s->b); break;
	case END: break;
	}
	if (s->want)
		want(s->want, got);
}

START_TEST(each_row)
{
	const struct row *row = &rows[_i];
	struct bench *b = open_behind();

	printf("%s\n", row->why);
	fflush(stdout);
	for (const struct step *s = row->step; s->op != END; s++)
		take(b, s);
	bench_close(b);
}
END_TEST

/* What a setup through a neighbour looks like (session.md 1.1, 1.2, 2.3). */
START_TEST(setup_by_a_hop)
{
	struct bench *b = open_behind();
	const struct fips_action *act = &b->last[FIPS_ACT_SEND_LINK];
	struct fips_addr far = world_identity(FAR).addr, hop = world_identity(HOP).addr;
	struct fips_fsp_setup setup;
	struct fips_datagram d;
	struct fips_addr coords;

	bench_link(b, HOP);
	want("setup", bench_resolve(b, FAR));
	ck_assert(fips_addr_eq(&act->peer, &hop));
	ck_assert(fips_datagram_parse(act->bytes, act->len, &d));
	ck_assert_uint_eq(d.ttl, 64);
	ck_assert_uint_eq(d.path_mtu, FIPS_UDP_MTU);
	ck_assert(fips_addr_eq(&d.src, &b->me.addr));
	ck_assert(fips_addr_eq(&d.dest, &far));
	ck_assert(fips_fsp_setup_parse(d.payload, d.payload_len, &setup));
	ck_assert_uint_eq(setup.src.count, 1);
	coords = fips_coords_entry(&setup.src, 0);
	ck_assert(fips_addr_eq(&coords, &b->me.addr));
	ck_assert_uint_eq(setup.dest.count, 1);
	coords = fips_coords_entry(&setup.dest, 0);
	ck_assert(fips_addr_eq(&coords, &far));
	bench_close(b);
}
END_TEST

/* Configurations that cannot be meant. */
START_TEST(refused)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_identity me = world_identity(ME), far = world_identity(FAR);
	struct fips_identity hop = world_identity(HOP), third = world_identity(OTHER);
	struct fips_peer_config peers[3] = {
		{ .addr = far.addr, .behind = true, .hop = hop.addr },
		{ .addr = hop.addr, .behind = true, .hop = third.addr },
		{ .addr = third.addr },
	};
	struct mr_rand_state rand = { .seed = 1 };
	struct bench *b = open_behind(); /* lends its words */
	struct fips_node_env env = { .curve = b->curve, .rand = mr_rand_seeded(&rand),
		                     .unix_ms = world_unix_ms, .self = &b->now };
	struct fips_node *node;

	env.words = plane_words(NULL);
	config.me = &me;
	config.peers = peers;
	for (config.n_peers = 1; config.n_peers <= 3; config.n_peers++)
		ck_assert_str_eq(fips_node_open(&node, &config, &env),
		                 "a peer must be behind a configured peer that is not behind another");
	peers[1].behind = false;
	config.n_peers = 3;
	ck_assert_ptr_null(fips_node_open(&node, &config, &env));
	fips_node_close(node);
	bench_close(b);
}
END_TEST

/* --- three nodes ------------------------------------------------------------------------------ */

struct chain {
	struct world     *w;
	struct sim_node  *a, *b, *c;
	struct world_peer of_a[2], of_c[2];
};

/* a and c dial b, or b both of them. */
static struct chain chain_open(uint64_t seed, bool b_dials)
{
	struct chain x = {
		.w = world_open(seed),
		.of_a = { { .secret = 3, .behind = 2 }, { .secret = 2, .vias = !b_dials } },
		.of_c = { { .secret = 2, .vias = !b_dials }, { .secret = 1, .behind = 2 } },
	};
	struct world_peer of_b[2] = { { .secret = 1, .vias = b_dials },
		                      { .secret = 3, .vias = b_dials } };

	x.a = world_node(x.w, 1, x.of_a, 2, NULL);
	x.b = world_node(x.w, 2, of_b, 2, NULL);
	x.c = world_node(x.w, 3, x.of_c, 2, NULL);
	return x;
}

static void talk(struct chain *x, unsigned s, unsigned every)
{
	for (uint64_t end = x->w->now + SECONDS(s); x->w->now < end;) {
		world_data(x->a, &x->c->me.addr);
		world_data(x->c, &x->a->me.addr);
		world_run(x->w, MS(every));
	}
}

static void ck_heals(struct chain *x, unsigned s)
{
	uint64_t a = x->a->got, c = x->c->got;

	for (unsigned i = 0; i < s && (x->a->got == a || x->c->got == c); i++)
		talk(x, 1, 250);
	ck_assert_msg(x->a->got > a && x->c->got > c, "no data after %u s", s);
	ck_assert(world_in_session(x->a, x->c));
}

/* The one in the middle forwards, and is nobody's endpoint; the ends have no link. */
static void ck_middle(const struct chain *x)
{
	ck_assert_uint_gt(x->b->forwarded, 0);
	ck_assert_uint_eq(x->b->actions_done[FIPS_ACT_INSTALL_SESSION], 0);
	ck_assert_uint_eq(x->b->actions_done[FIPS_ACT_EXPECT_SESSION], 0);
	ck_assert(!fips_node_has_link(x->a->brain, &x->c->me.addr));
	ck_assert(!fips_node_has_link(x->c->brain, &x->a->me.addr));
}

START_TEST(carries)
{
	struct chain x = chain_open((uint64_t)_i, _i & 1);
	uint64_t sent, got, dropped;

	x.w->loss = x.w->dup = x.w->reorder = (unsigned)_i / 2 * 5;
	ck_heals(&x, 60);
	sent = x.a->sent + x.c->sent;
	got = x.a->got + x.c->got;
	dropped = x.a->dropped + x.c->dropped;
	talk(&x, 600, 500);
	ck_assert(world_in_session(x.a, x.c));
	ck_assert_uint_eq(x.a->dropped + x.c->dropped, dropped);
	x.w->loss = x.w->dup = x.w->reorder = 0;
	world_run(x.w, SECONDS(2));
	sent = x.a->sent + x.c->sent - sent;
	got = x.a->got + x.c->got - got;
	if (_i < 2)
		ck_assert_uint_eq(got, sent);
	else /* two hops that lose each */
		ck_assert_uint_ge(got * 100, sent * (100 - 11 * ((unsigned)_i / 2)));
	ck_middle(&x);
	world_close(x.w);
}
END_TEST

/* Whoever ends without a word and begins anew, the others find it again. */
START_TEST(restarts)
{
	struct chain x = chain_open(100 + (uint64_t)_i, false);
	struct world_peer of_b[2] = { { .secret = 1 }, { .secret = 3 } };

	ck_heals(&x, 60);
	for (unsigned i = 0; i < 6; i++) {
		switch ((i + (unsigned)_i) % 3) {
		case 0: world_restart(x.b, of_b, 2, NULL); break;
		case 1: world_restart(x.c, x.of_c, 2, NULL); break;
		default: world_restart(x.a, x.of_a, 2, NULL); break;
		}
		ck_heals(&x, 120);
		talk(&x, 40, 500);
		ck_assert(world_in_session(x.a, x.c));
	}
	ck_middle(&x);
	world_close(x.w);
}
END_TEST

/* A short absence of the one in the middle costs no session: its keys are used on. */
START_TEST(sessions_survive_the_middle)
{
	struct chain x = chain_open(200 + (uint64_t)_i, false);
	struct world_peer of_b[2] = { { .secret = 1 }, { .secret = 3 } };
	uint64_t keys;

	ck_heals(&x, 60);
	talk(&x, 5, 200);
	keys = x.a->actions_done[FIPS_ACT_INSTALL_SESSION];
	world_kill(x.b);
	world_run(x.w, SECONDS(60)); /* both links are given up, nobody talks */
	ck_assert(!world_linked(x.a, x.b));
	ck_assert(fips_node_has_session(x.a->brain, &x.c->me.addr));
	world_restart(x.b, of_b, 2, NULL);
	for (unsigned i = 0; i < 25; i++)
		world_run(x.w, SECONDS(1));
	ck_heals(&x, 5);
	ck_assert_uint_eq(x.a->actions_done[FIPS_ACT_INSTALL_SESSION], keys);
	ck_middle(&x);
	world_close(x.w);
}
END_TEST

/* --- the path in between ---------------------------------------------------------------------- */

static uint16_t path_mtu(const struct sim_node *node)
{
	struct fips_session_info info;

	ck_assert(fips_node_session(node->brain, 0, &info));
	ck_assert_uint_eq(info.path_mtu, node->route_mtu);
	return info.path_mtu;
}

/* Both ends learn what the middle takes, a smaller one within seconds, a larger one when three
 * notifications have said so; whatever gets lost. */
START_TEST(path_mtu_follows)
{
	static const uint16_t walk[] = { 1280, 600, 900, 256, 1280 };
	struct chain x = chain_open(300 + (uint64_t)_i, false);
	struct world_peer of_b[2] = { { .secret = 1 }, { .secret = 3 } };
	struct fips_node_config config = fips_node_config_default();
	uint16_t before = FIPS_UDP_MTU;

	config.max_peers = 8;
	x.w->loss = (unsigned)_i * 10;
	ck_heals(&x, 60);
	for (size_t i = 0; i < COUNT(walk); i++) {
		config.link_mtu = walk[i];
		world_restart(x.b, of_b, 2, &config);
		ck_heals(&x, 180);
		if (x.w->loss == 0 && walk[i] < before) {
			talk(&x, 2, 250);
			ck_assert_uint_eq(path_mtu(x.a), walk[i]);
			ck_assert_uint_eq(path_mtu(x.c), walk[i]);
		}
		talk(&x, x.w->loss ? 180 : 45, 250);
		ck_assert_uint_eq(path_mtu(x.a), walk[i]);
		ck_assert_uint_eq(path_mtu(x.c), walk[i]);
		before = walk[i];
	}
	world_close(x.w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node chain");
	TCase *tc = tcase_create("one node"), *three = tcase_create("three nodes");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_row, 0, (int)COUNT(rows));
	tcase_add_test(tc, setup_by_a_hop);
	tcase_add_test(tc, refused);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(three, carries, 0, 8);
	tcase_add_loop_test(three, restarts, 0, 3);
	tcase_add_loop_test(three, sessions_survive_the_middle, 0, 3);
	tcase_add_loop_test(three, path_mtu_follows, 0, 3);
	suite_add_tcase(suite, three);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
