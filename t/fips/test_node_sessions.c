/* The rows of session.md 3.5 and 3.13: what a datagram leads to, by state of the session. */
#include <string.h>

#include <check.h>

#include "fips/wire/signal.h"
#include "t/lib/node_bench.h"
#include "t/lib/vectors.h"

/* Numbers 10 < 11 < 2 < 1 are in the order of their addresses.  OTHER is a neighbour too. */
enum { SMALL = 10, SMALLS_PEER = 11, LARGE = 1, LARGES_PEER = 2, OTHER = 6 };

enum op {
	END,
	RESOLVE,   /* a packet for the peer                                        */
	SETUP,     /* the peer's, ephemeral a, by the link of b (0: its own)       */
	ACK,       /* to our last setup, ephemeral a                               */
	ACK_AGAIN, /* the bytes of the last ACK                                    */
	ACK_JUNK,  /* one that does not open                                       */
	MSG3,      /* to our last ack, of the setup with ephemeral a               */
	MSG3_FROM, /* the same, but written by number a in the peer's name         */
	MSG3_JUNK,
	HEARD,     /* a message under the a-th key from the newest (0)             */
	DATA,      /* data is sent and received from now on (a: 1) or not (0)      */
	WAIT,      /* a ms; heartbeats are left out                                */
	SIGNAL,    /* of type a, about the peer, from number b                     */
	STRAY,     /* a sealed message although there is no session                */
	BYE,       /* the link goes                                                */
	RESTART,   /* the peer's next life, proven                                 */
	K,         /* our K is a                                                   */
	SESSION,   /* is there an established one?                                 */
	COUNTED,
};

struct step {
	enum op     op;
	unsigned    a, b;
	const char *want;
};

struct row {
	const char *why;
	unsigned    me; /* the peer is me + 1 */
	struct step step[16];
};

#define ANSWERED                                   \
	{ SETUP, 1, 0, "expect-session ack" },     \
	{ MSG3, 1, 0, "install-current use-session route warmup" }, { HEARD, 0, 0, "" }
#define STARTED                                    \
	{ RESOLVE, 0, 0, "setup" },                \
	{ ACK, 1, 0, "install-current msg3 use-session route warmup" }
#define IS(n)       { SESSION, n, 0, NULL }
#define COUNTS(c, n) { COUNTED, c, n, NULL }

static const struct row rows[] = {
	/* SessionSetup */
	{ "setup, none: ack, then established by message 3", LARGE, { ANSWERED, IS(1) } },
	{ "setup, initiating, we are smaller: ignored", SMALL,
	  { { RESOLVE, 0, 0, "setup" }, { SETUP, 1, 0, "" }, COUNTS(FIPS_NODE_SESSION_STATE, 1),
	    { ACK, 1, 0, "install-current msg3 use-session route warmup" } } },
	{ "setup, initiating, we are larger: answered", LARGE,
	  { { RESOLVE, 0, 0, "setup" }, { SETUP, 1, 0, "expect-session ack" },
	    { WAIT, 1000, 0, "ack" },
	    { MSG3, 1, 0, "install-current use-session route warmup" }, { ACK, 7, 0, "" } } },
	{ "setup, initiating, larger, forged by another: ours goes on", LARGE,
	  { { RESOLVE, 0, 0, "setup" }, { SETUP, 1, OTHER, "expect-session ack" },
	    { WAIT, 1000, 0, "ack setup" },
	    { ACK, 7, 0, "install-current msg3 use-session route warmup" } } },
	{ "setup, awaiting message 3, the same: the same ack", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { SETUP, 1, 0, "ack" },
	    { MSG3, 1, 0, "install-current use-session route warmup" } } },
	{ "setup, awaiting message 3, another: both stand", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { SETUP, 2, 0, "ack" },
	    { MSG3, 2, 0, "install-current use-session route warmup" }, IS(1) } },
	{ "setup, awaiting, forged ones do not push out the true one", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { SETUP, 2, OTHER, "ack" },
	    { SETUP, 3, OTHER, "ack" }, { SETUP, 4, OTHER, "ack" }, { SETUP, 1, 0, "ack" },
	    { MSG3, 1, 0, "install-current use-session route warmup" } } },
	{ "setup, awaiting, two by its own link: no room for a forged one", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { SETUP, 2, 0, "ack" }, { SETUP, 3, OTHER, "" },
	    COUNTS(FIPS_NODE_SESSION_STATE, 1), { SETUP, 1, 0, "ack" }, { SETUP, 4, 0, "ack" },
	    { SETUP, 2, 0, "ack" }, { MSG3, 2, 0, "install-current use-session route warmup" } } },
	{ "setup, established: a rekey beside the current key", LARGE,
	  { ANSWERED, { K, 0, 0, NULL }, { SETUP, 2, 0, "ack" },
	    { MSG3, 2, 0, "install-pending use-session warmup" }, { K, 1, 0, NULL },
	    { HEARD, 0, 0, "" }, { WAIT, 10999, 0, "warmup" }, { WAIT, 1, 0, "retire-session" },
	    COUNTS(FIPS_NODE_SESSION_CUTS, 1) } },
	{ "setup, established, late copy of the one that made the session", LARGE,
	  { ANSWERED, { SETUP, 1, 0, "" }, COUNTS(FIPS_NODE_SESSION_STATE, 1) } },
	{ "setup, established, two rekeys in a row", LARGE,
	  { ANSWERED, { SETUP, 2, 0, "ack" }, { MSG3, 2, 0, "install-pending use-session warmup" },
	    { HEARD, 0, 0, "" }, { SETUP, 3, 0, "ack" },
	    { MSG3, 3, 0, "install-pending use-session warmup" }, { HEARD, 0, 0, "retire-session" },
	    { K, 0, 0, NULL } } },
	{ "setup, established, a young pending key refuses it", LARGE,
	  { ANSWERED, { SETUP, 2, 0, "ack" }, { MSG3, 2, 0, "install-pending use-session warmup" },
	    { SETUP, 3, 0, "" }, { DATA, 1, 0, NULL }, { WAIT, 90000, 0, "warmup" },
	    { SETUP, 3, 0, "ack" },
	    { MSG3, 3, 0, "use-session retire-session install-pending use-session warmup" } } },
	{ "setup, rekey armed by the peer: the same, and another", LARGE,
	  { ANSWERED, { SETUP, 2, 0, "ack" }, { SETUP, 2, 0, "ack" }, { SETUP, 3, 0, "ack" },
	    { MSG3, 3, 0, "install-pending use-session warmup" } } },
	{ "rekey ack is sent again at 1, 3, 7, 15 s, and forgotten after 30", LARGE,
	  { ANSWERED, { DATA, 1, 0, NULL }, { SETUP, 2, 0, "ack" },
	    { WAIT, 15000, 0, "ack warmup ack ack ack" }, { WAIT, 15000, 0, "" },
	    { MSG3, 2, 0, "" }, IS(1) } },

	/* SessionAck */
	{ "ack, none", LARGE,
	  { STARTED, { HEARD, 0, 0, "" }, { BYE, 0, 0, "retire-session session-down retire link-down" },
	    { ACK, 2, 0, "" } } },
	{ "ack, initiating", LARGE, { STARTED, IS(1), { K, 0, 0, NULL } } },
	{ "ack, initiating, does not open: rolled back", LARGE,
	  { { RESOLVE, 0, 0, "setup" }, { ACK_JUNK, 0, 0, "" }, COUNTS(FIPS_NODE_FORGED, 1),
	    { ACK, 1, 0, "install-current msg3 use-session route warmup" } } },
	{ "ack, unconfirmed, the same again: message 3 again", LARGE,
	  { STARTED, { ACK_AGAIN, 0, 0, "msg3" }, { HEARD, 0, 0, "" }, { ACK_AGAIN, 0, 0, "" } } },
	{ "ack, unconfirmed, another: its keys replace ours", LARGE,
	  { STARTED, { ACK, 2, 0, "install-pending msg3 use-session warmup" },
	    { ACK_AGAIN, 0, 0, "msg3" }, { ACK, 1, 0, "" }, { HEARD, 0, 0, "" }, IS(1) } },
	{ "ack, unconfirmed: after however many others an old one installs nothing again", LARGE,
	  { STARTED, { ACK, 2, 0, "install-pending msg3 use-session warmup" }, { ACK, 3, 0, NULL },
	    { ACK, 4, 0, NULL }, { ACK, 5, 0, NULL }, { ACK, 6, 0, NULL }, { ACK, 7, 0, NULL },
	    { ACK, 8, 0, NULL }, { ACK, 9, 0, NULL }, { ACK, 10, 0, NULL }, { ACK, 1, 0, "" } } },
	{ "ack, confirmed: ignored", LARGE,
	  { STARTED, { HEARD, 0, 0, "" }, { ACK, 2, 0, "" }, COUNTS(FIPS_NODE_SESSION_STATE, 1) } },
	{ "unconfirmed: message 3 and warm-ups again", LARGE,
	  { STARTED, { WAIT, 1000, 0, "msg3 warmup" }, { WAIT, 2000, 0, "msg3 warmup" },
	    { WAIT, 12000, 0, "msg3 msg3" }, { WAIT, 14999, 0, "" },
	    { WAIT, 1, 0, "retire-session session-down" } } },
	{ "confirmed: one more warm-up and no message 3", LARGE,
	  { STARTED, { HEARD, 0, 0, "" }, { WAIT, 20000, 0, "warmup" } } },

	/* SessionMsg3 */
	{ "message 3, none, and initiating", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { WAIT, 30000, 0, "ack ack ack ack session-down" },
	    { MSG3, 1, 0, "" }, { RESOLVE, 0, 0, "setup" }, { MSG3, 1, 0, "" },
	    COUNTS(FIPS_NODE_SESSION_STATE, 2) } },
	{ "message 3, again after established", LARGE,
	  { ANSWERED, { MSG3, 1, 0, "" }, COUNTS(FIPS_NODE_SESSION_STATE, 1) } },
	{ "message 3 that does not open: rolled back", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { MSG3_JUNK, 0, 0, "" },
	    COUNTS(FIPS_NODE_FORGED, 1),
	    { MSG3, 1, 0, "install-current use-session route warmup" } } },
	{ "message 3 of somebody else: its handshake is deleted, and it alone", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { MSG3_FROM, OTHER, 0, "" },
	    COUNTS(FIPS_NODE_FORGED, 1), IS(0), { SETUP, 1, 0, "ack" },
	    { MSG3, 1, 0, "install-current use-session route warmup" } } },
	{ "message 3 of somebody else, rekey: the handshake is dropped only", LARGE,
	  { ANSWERED, { SETUP, 2, 0, "ack" }, { MSG3_FROM, OTHER, 0, "" },
	    COUNTS(FIPS_NODE_FORGED, 1), IS(1) } },
	{ "message 3 that does not open, rekey", LARGE,
	  { ANSWERED, { SETUP, 2, 0, "ack" }, { MSG3_JUNK, 0, 0, "" }, IS(1),
	    { MSG3, 2, 0, "install-pending use-session warmup" } } },

	/* sealed messages, signals, time, the link */
	{ "sealed message, none: a session is begun, once in 5 s", LARGE,
	  { { STRAY, 0, 0, "setup" }, { STRAY, 0, 0, "" },
	    { WAIT, 30000, 0, "setup setup setup setup session-down" },
	    { STRAY, 0, 0, "setup" } } },
	{ "sealed message, none: not before 5 s have passed", LARGE,
	  { { STRAY, 0, 0, "setup" }, { RESTART, 0, 0, "session-down retire use heartbeat" },
	    { WAIT, 4999, 0, "" }, { STRAY, 0, 0, "" }, { WAIT, 1, 0, "" },
	    { STRAY, 0, 0, "setup" } } },
	{ "signal, none", LARGE,
	  { { SIGNAL, FIPS_SIGNAL_COORDS_REQUIRED, OTHER, "" }, COUNTS(FIPS_NODE_SIGNAL, 1) } },
	{ "signal, awaiting message 3", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" }, { SIGNAL, FIPS_SIGNAL_PATH_BROKEN, OTHER, "" },
	    COUNTS(FIPS_NODE_SIGNAL, 1) } },
	{ "signal, established: a warm-up, one in 2 s", LARGE,
	  { ANSWERED, { SIGNAL, FIPS_SIGNAL_COORDS_REQUIRED, OTHER, "warmup" },
	    { SIGNAL, FIPS_SIGNAL_PATH_BROKEN, OTHER, "" }, { WAIT, 2000, 0, "warmup" },
	    { SIGNAL, FIPS_SIGNAL_PATH_BROKEN, OTHER, "warmup" } } },
	{ "signal, established, from the very destination", LARGE,
	  { ANSWERED, { SIGNAL, FIPS_SIGNAL_COORDS_REQUIRED, LARGES_PEER, "" },
	    COUNTS(FIPS_NODE_SIGNAL, 1) } },
	{ "signal, established: a smaller MTU goes to the route", LARGE,
	  { ANSWERED, { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, OTHER, "route" },
	    { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, OTHER, "" },
	    { SIGNAL, FIPS_SIGNAL_PATH_BROKEN, OTHER, "warmup route" } } },
	{ "30 s without an ack", LARGE,
	  { { RESOLVE, 0, 0, "setup" }, { WAIT, 15000, 0, "setup setup setup setup" },
	    { WAIT, 14999, 0, "" }, { WAIT, 1, 0, "session-down unreachable" } } },
	{ "idle", LARGE,
	  { ANSWERED, { WAIT, 90000, 0, "warmup" }, { WAIT, 5001, 0, "retire-session session-down" },
	    { RESOLVE, 0, 0, "setup" } } },
	{ "not idle", LARGE,
	  { ANSWERED, { DATA, 1, 0, NULL }, { WAIT, 400000, 0, "warmup" }, IS(1) } },
	{ "link removed, initiating: what waits, waits 15 s", LARGE,
	  { { RESOLVE, 0, 0, "setup" }, { BYE, 0, 0, "session-down retire link-down" },
	    { WAIT, 14999, 0, "" }, { WAIT, 1, 0, "unreachable" } } },
	{ "link removed, awaiting message 3", LARGE,
	  { { SETUP, 1, 0, "expect-session ack" },
	    { BYE, 0, 0, "session-down retire link-down" } } },
	{ "peer restarted", LARGE,
	  { ANSWERED, { RESTART, 0, 0, "retire-session session-down retire use heartbeat" },
	    { RESOLVE, 0, 0, "setup" } } },
	{ "asked again", LARGE, { { RESOLVE, 0, 0, "setup" }, { RESOLVE, 0, 0, "" } } },
	{ "asked when it is there", LARGE, { ANSWERED, { RESOLVE, 0, 0, "route" } } },
};

static const char *signal_in(struct bench *b, const struct row *row, const struct step *s)
{
	struct fips_signal signal = { .type = (enum fips_signal_type)s->a, .mtu = 600,
		                      .dest = world_identity(row->me + 1).addr };
	struct puppet p = { .who = s->b };
	uint8_t bytes[100];
	size_t n = fips_signal_build(bytes, sizeof bytes, &signal);

	return bench_datagram(b, &p, bytes, n);
}

static const char *msg3_from(struct bench *b, const struct row *row, unsigned who)
{
	struct fips_identity id = world_identity(who);
	struct puppet p = { .who = row->me + 1 };
	uint8_t setup[FIPS_XK_MSG1], noise3[FIPS_XK_MSG3], fsp[200], e[FIPS_SECRET_LEN] = { 9, 9 };
	struct fips_coords us = fips_coords_of(&id.addr, 1);
	struct fips_fsp_setup msg = { .src = us, .dest = us, .noise = setup }, ack;
	struct fips_xk xk;

	/* A setup in the peer's name, then the message 3 that belongs to it. */
	e[31] = 9;
	fips_xk_init_initiator(&xk, &b->curve, &id, b->me.pub, e, e);
	ck_assert(fips_xk_write1(&xk, setup));
	want("ack", bench_datagram(b, &p, fsp, fips_fsp_setup_build(fsp, sizeof fsp, &msg)));
	ck_assert(fips_fsp_ack_parse(b->ack.bytes, b->ack.len, &ack));
	ck_assert(fips_xk_read2(&xk, ack.noise));
	ck_assert(fips_xk_write3(&xk, noise3));
	fips_fsp_msg3_build(fsp, noise3);
	return bench_datagram(b, &p, fsp, FIPS_FSP_MSG3_LEN);
}

static const char *junk(struct bench *b, const struct puppet *p, bool ack)
{
	uint8_t fsp[200], noise[FIPS_XK_MSG3] = { 2 };
	struct fips_addr addr = world_identity(p->who).addr;
	struct fips_coords us = fips_coords_of(&addr, 1);
	struct fips_fsp_setup msg = { .src = us, .dest = us, .noise = noise };
	size_t n = FIPS_FSP_MSG3_LEN;

	noise[32] = 7;
	if (ack)
		n = fips_fsp_ack_build(fsp, sizeof fsp, &msg);
	else
		fips_fsp_msg3_build(fsp, noise);
	return bench_datagram(b, p, fsp, n);
}

static const char *restart(struct bench *b, const struct puppet *p)
{
	struct puppet next = { .who = p->who, .epoch = 2, .ephemeral = 50, .index = 50 };

	want("install msg2", bench_msg1(b, &next));
	return bench_confirm(b, p->who, b->link_key, 0);
}

static void take(struct bench *b, const struct row *row, const struct step *s)
{
	struct puppet p = { .who = row->me + 1, .epoch = 1, .ephemeral = s->a, .from = s->b };
	static const uint8_t bye[] = { FIPS_LINK_DISCONNECT, 0 }, sealed[40];
	struct puppet peer = { .who = row->me + 1 };
	const char *got = NULL;

	switch (s->op) {
	case RESOLVE: got = bench_resolve(b, p.who); break;
	case SETUP: got = bench_setup(b, &p); break;
	case ACK: got = bench_ack(b, &p); break;
	case ACK_AGAIN: got = bench_datagram(b, &peer, b->acked.bytes, b->acked.len); break;
	case ACK_JUNK: got = junk(b, &peer, true); break;
	case MSG3: got = bench_msg3(b, &p); break;
	case MSG3_FROM: got = msg3_from(b, row, s->a); break;
	case MSG3_JUNK: got = junk(b, &peer, false); break;
	case HEARD: got = bench_confirm_session(b, p.who, b->session_key - s->a); break;
	case DATA: b->data = s->a; break;
	case WAIT: got = bench_without(bench_wait(b, MS(s->a)), "heartbeat"); break;
	case SIGNAL: got = signal_in(b, row, s); break;
	case STRAY: got = bench_datagram(b, &peer, sealed, sizeof sealed); break;
	case BYE:
		b->link_key = b->peer_key;
		got = bench_message(b, p.who, bye, sizeof bye);
		break;
	case RESTART: got = restart(b, &peer); break;
	case K: ck_assert_uint_eq(b->last[FIPS_ACT_USE_SESSION].k, s->a); break;
	case SESSION: {
		struct fips_addr addr = world_identity(p.who).addr;

		ck_assert_int_eq(fips_node_has_session(b->node, &addr), (int)s->a);
		break;
	}
	case COUNTED: ck_assert_uint_eq(bench_count(b, (enum fips_node_count)s->a), s->b); break;
	case END: break;
	}
	if (s->want)
		want(s->want, got);
}

START_TEST(each_row)
{
	const struct row *row = &rows[_i];
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	printf("%s\n", row->why);
	fflush(stdout);
	config.session_mmp = config.link_mmp = FIPS_MMP_MINIMAL;
	config.rekey = false; /* test_node_rekey.c */
	b = bench_open(row->me, 0, &config);
	bench_link(b, OTHER);
	bench_link(b, row->me + 1);
	b->peer_key = b->link_key;
	for (const struct step *s = row->step; s->op != END; s++)
		take(b, row, s);
	bench_close(b);
}
END_TEST

/* Datagrams that must change nothing, whatever the state. */
static const struct {
	const char *why;
	const char *fsp;
} bad[] = {
	{ "empty", "" },
	{ "three bytes", "010000" },
	{ "version 1", "1100000000" },
	{ "phase 4", "04000000" },
	{ "phase 15", "0f000000" },
	{ "setup without lists", "01000000" },
	{ "setup, truncated list", "0100000000ffff00" },
	{ "ack without anything", "02000000" },
	{ "message 3, short", "0300000000490011" },
	{ "signal, empty", "00040000" },
	{ "signal, unknown", "000422002300ffffffffffffffffffffffffffffffff00000000000000000000000000000000" },
};

START_TEST(bad_datagrams)
{
	struct bench *b = bench_open(LARGE, 0, NULL);
	struct puppet p = { .who = LARGES_PEER };

	bench_link(b, LARGES_PEER);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct bytes fsp = vectors_hex(bad[i].fsp);
		uint64_t before = bench_count(b, FIPS_NODE_DATAGRAM) +
		                  bench_count(b, FIPS_NODE_SIGNAL) +
		                  bench_count(b, FIPS_NODE_SESSION_STATE);

		want("", bench_datagram(b, &p, fsp.at, fsp.n));
		ck_assert_msg(bench_count(b, FIPS_NODE_DATAGRAM) +
		                              bench_count(b, FIPS_NODE_SIGNAL) +
		                              bench_count(b, FIPS_NODE_SESSION_STATE) ==
		                      before + 1,
		              "%s is not counted", bad[i].why);
	}
	bench_close(b);
}
END_TEST

/* A setup in every way that 3.13 lists, and the bytes of a good one changed one by one. */
START_TEST(bad_setups)
{
	struct bench *b = bench_open(LARGE, 0, NULL);
	struct puppet p = { .who = LARGES_PEER };
	struct fips_addr addr = world_identity(LARGES_PEER).addr, many[100];
	uint8_t noise[FIPS_XK_MSG1] = { 2 }, fsp[2048];
	struct fips_coords one = fips_coords_of(&addr, 1), long_list = fips_coords_of(many, 100);
	struct fips_fsp_setup msg = { .src = one, .dest = one, .noise = noise };
	size_t n;

	memset(many, 7, sizeof many);
	bench_link(b, LARGES_PEER);
	n = fips_fsp_setup_build(fsp, sizeof fsp, &msg);
	want("", bench_datagram(b, &p, fsp, n)); /* x = 0: no point */
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_FORGED), 1);
	noise[32] = 3;
	n = fips_fsp_setup_build(fsp, sizeof fsp, &msg);
	for (size_t len = 0; len < n; len++)
		want("", bench_datagram(b, &p, fsp, len));
	fsp[n - FIPS_XK_MSG1 - 2] = 34; /* Noise length */
	want("", bench_datagram(b, &p, fsp, n));
	msg.src = long_list; /* its ack would not fit a datagram */
	n = fips_fsp_setup_build(fsp, 1900, &msg);
	ck_assert_uint_gt(n, 0);
	want("", bench_datagram(b, &p, fsp, n));
	ck_assert(!fips_node_has_session(b->node, &addr));
	bench_close(b);
}
END_TEST

/* Over the limit of the neighbour it came by, nothing is computed. */
START_TEST(limited_setups)
{
	struct bench *b = bench_open(LARGE, 0, NULL);
	struct puppet p = { .who = LARGES_PEER, .from = OTHER };
	unsigned answered = 0;
	uint64_t ops;

	bench_link(b, OTHER);
	bench_link(b, LARGES_PEER);
	for (p.ephemeral = 1; p.ephemeral <= 100; p.ephemeral++)
		answered += bench_setup(b, &p)[0] != '\0';
	ck_assert_uint_eq(answered, 64);
	ops = fips_node_curve_ops(b->node);
	bench_setup(b, &p);
	ck_assert_uint_eq(fips_node_curve_ops(b->node), ops);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LIMITED), 37);
	p.from = 0;
	want("ack", bench_setup(b, &p)); /* the peer's own link has a bucket of its own */
	bench_close(b);
}
END_TEST

/* Destinations that are no neighbours. */
START_TEST(unresolved)
{
	struct bench *b = bench_open(LARGE, 1, NULL); /* 2 is configured */
	struct puppet p = { .who = LARGES_PEER, .epoch = 1, .ephemeral = 1, .index = 5 };

	b->alive = true;
	want("unreachable", bench_resolve(b, 40));
	want("", bench_resolve(b, LARGES_PEER));
	want("expect msg1 msg1 msg1 msg1", bench_wait(b, MS(14999)));
	want("unreachable", bench_wait(b, MS(1)) + strlen("msg1 "));
	want("", bench_resolve(b, LARGES_PEER));
	want("install msg2 use", bench_msg1(b, &p)); /* may be a replay: told nothing more */
	want("heartbeat setup", bench_confirm(b, LARGES_PEER, b->link_key, 0));
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node sessions");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_row, 0, (int)COUNT(rows));
	tcase_add_test(tc, bad_datagrams);
	tcase_add_test(tc, bad_setups);
	tcase_add_test(tc, limited_setups);
	tcase_add_test(tc, unresolved);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
