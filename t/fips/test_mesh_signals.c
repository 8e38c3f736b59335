/* test_mesh_signals.c - error signals in the node: to the sources of what goes no further, and from
 * others about what we sent. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/node/signals.h"
#include "fips/wire/fsp.h"
#include "fips/wire/report.h"
#include "fips/wire/signal.h"
#include "t/lib/node_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ME = 1, A, B, FAR = 30, SOURCE };
#define LINK_MTU 1280

static struct bench *b;
static struct sent {
	struct fips_addr to;
	uint8_t          bytes[FIPS_ACT_BYTES];
	size_t           len;
} sent;
static unsigned n_sent; /* signals */

static struct fips_addr addr(unsigned who)
{
	return world_identity(who).addr;
}

static void see(void *self, const struct fips_action *act)
{
	(void)self;
	if (act->kind != FIPS_ACT_SEND_LINK || act->bytes[0] != FIPS_LINK_DATAGRAM ||
	    act->bytes[FIPS_DATAGRAM_HEAD + 1] != FIPS_FSP_U)
		return;
	sent.to = act->peer;
	memcpy(sent.bytes, act->bytes, sent.len = act->len);
	n_sent++;
}

static void set_up(void)
{
	b = bench_open(ME, 0, NULL);
	b->see = see;
	bench_link(b, A);
	bench_link(b, B);
	n_sent = 0;
}

static void tear_down(void)
{
	bench_close(b);
}

static uint64_t counted(enum fips_signal_count count)
{
	return fips_node_signals(b->node)->counts[count];
}

/* A datagram of others that goes no further. */
struct failure {
	unsigned src, dest;
	uint8_t  flags;
	uint16_t mtu;
	unsigned by; /* the link it came by; 0: not known */
};

static void undelivered(const struct failure *f)
{
	struct fips_datagram d = { .ttl = 3, .path_mtu = 1280,
	                           .src = addr(f->src), .dest = addr(f->dest) };
	uint8_t bytes[FIPS_DATAGRAM_HEAD + FIPS_FSP_MIN] = { 0 };
	struct fips_input in = { .kind = FIPS_IN_UNDELIVERED, .bytes = bytes, .len = sizeof bytes,
		                 .mtu = f->mtu };

	if (f->by)
		in.peer = addr(f->by);
	fips_datagram_build(bytes, &d);
	bytes[FIPS_DATAGRAM_HEAD + 1] = f->flags;
	bench_feed(b, &in);
}

/* Somebody says where a node is: itself first, then a neighbour, then us. */
static void learn(unsigned who, unsigned by)
{
	struct fips_addr path[3] = { addr(who), addr(by), b->me.addr };
	struct fips_coords list = fips_coords_of(path, 3);
	uint8_t bytes[64];
	struct mr_wire w = mr_wire_write(bytes, sizeof bytes);
	struct fips_input in = { .kind = FIPS_IN_LEARNED, .peer = addr(who), .bytes = bytes };

	fips_coords_put(&w, &list);
	in.len = (size_t)(w.at - bytes);
	bench_feed(b, &in);
}

/* ---- to others ---- */

static const struct {
	struct failure f; bool known; uint8_t type; uint16_t mtu; unsigned coords;
} kinds[] = {
	{ { .src = A, .dest = FAR }, false, FIPS_SIGNAL_COORDS_REQUIRED, 0, 0 },
	{ { .src = A, .dest = FAR }, true, FIPS_SIGNAL_PATH_BROKEN, 0, 3 },
	{ { .src = A, .dest = FAR, .mtu = 1000 }, true, FIPS_SIGNAL_MTU_EXCEEDED, 1000, 0 },
	{ { .src = A, .dest = FAR, .mtu = 1000 }, false, FIPS_SIGNAL_MTU_EXCEEDED, 1000, 0 },
};

/* R25, the last two. */
START_TEST(the_source_is_told)
{
	struct fips_addr to = addr(A), dest = addr(FAR);
	struct fips_datagram d;
	struct fips_signal s;

	if (kinds[_i].known)
		learn(FAR, B);
	undelivered(&kinds[_i].f);
	ck_assert_uint_eq(n_sent, 1);
	ck_assert(fips_addr_eq(&sent.to, &to));
	ck_assert(fips_datagram_parse(sent.bytes, sent.len, &d));
	ck_assert(fips_addr_eq(&d.src, &b->me.addr) && fips_addr_eq(&d.dest, &to));
	ck_assert_uint_eq(d.ttl, 64);
	ck_assert_uint_eq(d.path_mtu, 65535);
	ck_assert(fips_signal_parse(d.payload, d.payload_len, &s));
	ck_assert_uint_eq(s.type, kinds[_i].type);
	ck_assert(fips_addr_eq(&s.dest, &dest) && fips_addr_eq(&s.reporter, &b->me.addr));
	ck_assert_uint_eq(s.mtu, kinds[_i].mtu);
	ck_assert_uint_eq(s.coords.count, kinds[_i].coords);
	ck_assert_uint_eq(counted(FIPS_SIGNALS_SENT), 1);
}
END_TEST

/* A source that nobody leads to is told by the link that the datagram came by;
 * if that is no link, it is not told. */
START_TEST(the_way_back)
{
	struct failure f = { .src = SOURCE, .dest = FAR },
		       stranger = { .src = SOURCE, .dest = FAR, .by = SOURCE };
	struct failure by = { .src = SOURCE, .dest = FAR, .by = B };
	struct fips_addr to = addr(B);

	undelivered(&f);
	ck_assert_uint_eq(n_sent, 0);
	ck_assert_uint_eq(counted(FIPS_SIGNALS_NO_WAY_BACK), 1);
	b->now += MR_NS_PER_S;
	undelivered(&stranger);
	ck_assert_uint_eq(n_sent, 0);
	ck_assert_uint_eq(counted(FIPS_SIGNALS_NO_WAY_BACK), 2);
	b->now += MR_NS_PER_S;
	undelivered(&by);
	ck_assert_uint_eq(n_sent, 1);
	ck_assert(fips_addr_eq(&sent.to, &to));
}
END_TEST

static const struct { struct failure f; enum fips_signal_count count; } silent[] = {
	{ { .src = A, .dest = FAR, .flags = FIPS_FSP_U }, FIPS_SIGNALS_UNANSWERABLE },
	{ { .src = ME, .dest = FAR }, FIPS_SIGNALS_UNANSWERABLE },
	{ { .src = A, .dest = ME }, FIPS_SIGNALS_UNANSWERABLE },
};

START_TEST(nobody_is_told)
{
	struct failure f = { .src = A, .dest = FAR };

	undelivered(&silent[_i].f);
	ck_assert_uint_eq(n_sent, 0);
	ck_assert_uint_eq(counted(silent[_i].count), 1);
	undelivered(&f); /* and nobody's turn is used up */
	ck_assert_uint_eq(n_sent, 1);
}
END_TEST

/* Whatever comes: ten a second about each, the kinds together. */
START_TEST(not_more_than_that)
{
	for (unsigned ms = 0; ms < 1000; ms++) {
		struct failure f = { .src = ms % 2 ? A : B, .dest = FAR, .mtu = ms % 3 ? 0 : 900 };

		undelivered(&f);
		b->now += MR_NS_PER_MS;
	}
	ck_assert_uint_eq(n_sent, 10);
	ck_assert_uint_eq(counted(FIPS_SIGNALS_LIMITED), 990);
}
END_TEST

START_TEST(broken_ones_are_counted)
{
	uint8_t bytes[FIPS_DATAGRAM_HEAD + 8] = { 0 };

	for (size_t n = 0; n < FIPS_DATAGRAM_HEAD; n++) {
		struct fips_input in = { .kind = FIPS_IN_UNDELIVERED, .bytes = bytes, .len = n };

		bench_feed(b, &in);
	}
	ck_assert_uint_eq(n_sent, 0);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_DATAGRAM), FIPS_DATAGRAM_HEAD);
}
END_TEST

/* ---- from others: about a session with A, by B's link ---- */

static void session_with_a(void)
{
	struct puppet p = { .who = A, .epoch = 1, .ephemeral = 9 };

	bench_setup(b, &p);
	bench_msg3(b, &p);
	bench_confirm_session(b, A, b->session_key);
	bench_wait(b, SECONDS(3));
}

/* A signal from `from`, by B's link, about `dest`. */
static const char *hear(unsigned from, enum fips_signal_type type, unsigned dest, uint16_t mtu)
{
	struct fips_signal signal = { .type = type, .dest = dest == ME ? b->me.addr : addr(dest),
		                      .reporter = addr(B), .mtu = mtu };
	struct puppet p = { .who = from, .from = B };
	uint8_t bytes[64];

	return bench_datagram(b, &p, bytes, fips_signal_build(bytes, sizeof bytes, &signal));
}

static const struct {
	unsigned from, dest; enum fips_signal_type type; uint16_t mtu; const char *words;
	enum fips_signal_count count;
} heard[] = {
	{ B, A, FIPS_SIGNAL_COORDS_REQUIRED, 0, "warmup", FIPS_SIGNALS_COORDS_REQUIRED },
	{ B, A, FIPS_SIGNAL_PATH_BROKEN, 0, "warmup", FIPS_SIGNALS_PATH_BROKEN },
	{ B, A, FIPS_SIGNAL_MTU_EXCEEDED, 1000, "route", FIPS_SIGNALS_MTU_EXCEEDED },
	{ B, A, FIPS_SIGNAL_MTU_EXCEEDED, 256, "route", FIPS_SIGNALS_MTU_EXCEEDED },
	{ B, A, FIPS_SIGNAL_MTU_EXCEEDED, 255, "", FIPS_SIGNALS_MTU_EXCEEDED_BELOW_FLOOR },
	{ B, A, FIPS_SIGNAL_MTU_EXCEEDED, 0, "", FIPS_SIGNALS_MTU_EXCEEDED_BELOW_FLOOR },
	{ B, FAR, FIPS_SIGNAL_COORDS_REQUIRED, 0, "", FIPS_SIGNALS_UNBOUND_COORDS },
	{ B, FAR, FIPS_SIGNAL_PATH_BROKEN, 0, "", FIPS_SIGNALS_UNBOUND_BROKEN },
	{ B, FAR, FIPS_SIGNAL_MTU_EXCEEDED, 900, "", FIPS_SIGNALS_UNBOUND_MTU },
	{ A, A, FIPS_SIGNAL_COORDS_REQUIRED, 0, "", FIPS_SIGNALS_UNBOUND_FORGED },
	{ B, ME, FIPS_SIGNAL_PATH_BROKEN, 0, "", FIPS_SIGNALS_UNBOUND_FORGED },
};

START_TEST(what_is_believed)
{
	session_with_a();
	want(heard[_i].words, hear(heard[_i].from, heard[_i].type, heard[_i].dest, heard[_i].mtu));
	ck_assert_uint_eq(counted(heard[_i].count), 1);
	ck_assert_uint_eq(n_sent, 0); /* nothing is ever answered to a signal */
}
END_TEST

/* A setup of theirs that was answered, and no more. */
START_TEST(half_a_session_is_none)
{
	struct puppet p = { .who = A, .epoch = 1, .ephemeral = 9 };

	bench_setup(b, &p);
	want("", hear(B, FIPS_SIGNAL_COORDS_REQUIRED, A, 0));
	ck_assert_uint_eq(counted(FIPS_SIGNALS_UNBOUND_COORDS), 1);
}
END_TEST

/* One of ours has come back: as if its path were broken, but what we know is not forgotten. */
START_TEST(ours_come_back)
{
	struct failure f = { .src = ME, .dest = A }, g = { .src = ME, .dest = FAR };

	session_with_a();
	bench_wait(b, SECONDS(1));
	undelivered(&f);
	ck_assert_str_eq(b->words, "warmup");
	undelivered(&f);
	ck_assert_str_eq(b->words, "");
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_CAME_BACK), 2);
	undelivered(&g); /* nothing that we are about */
	ck_assert_str_eq(b->words, "");
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_CAME_BACK), 2);
	ck_assert_uint_eq(counted(FIPS_SIGNALS_UNANSWERABLE), 1);
	ck_assert_uint_eq(n_sent, 0);
}
END_TEST

/* Data leaves to one that reports: while it does nothing is said, and when it ceases to our place
 * is told once in five seconds, whether anybody has complained or not. */
START_TEST(reports_cease)
{
	struct fips_receiver_report report = { .highest = 0, .frames = 1 };
	uint8_t body[1 + FIPS_SESSION_RECEIVER_LEN] = { FIPS_FSP_RECEIVER_REPORT };
	struct fips_input in = { .kind = FIPS_IN_BODY, .peer = addr(A),
	                         .bytes = body, .len = sizeof body };
	unsigned warmups[3] = { 0 };

	session_with_a();
	b->alive = b->data = true;
	/* a minute: silent at first, then it reports, then no more */
	for (unsigned i = 0; i < 360; i++) {
		unsigned third = i / 120;

		in.key = b->session_key;
		report.frames = ++report.highest;
		fips_session_receiver_build(body + 1, &report);
		if (third == 1)
			bench_feed(b, &in);
		warmups[third] += strstr(bench_wait(b, SECONDS(1) / 6), "warmup") != NULL;
	}
	ck_assert_uint_eq(warmups[0], 0);
	ck_assert_uint_eq(warmups[1], 0);
	ck_assert_uint_ge(warmups[2], 4);
	ck_assert_uint_le(warmups[2], 8); /* each is said twice */
}
END_TEST

/* One reaction every two seconds, however many come. */
START_TEST(a_flood_of_signals)
{
	unsigned warmups = 0;

	session_with_a();
	for (unsigned i = 0; i < 1000; i++) { /* ten seconds */
		warmups += strstr(hear(B, i % 2 ? FIPS_SIGNAL_PATH_BROKEN :
		                                  FIPS_SIGNAL_COORDS_REQUIRED, A, 0),
		                  "warmup") != NULL;
		b->now += 10 * MR_NS_PER_MS;
	}
	ck_assert_uint_eq(warmups, 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mesh_signals");
	TCase *t = tcase_create("to others"), *f = tcase_create("from others");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, the_source_is_told, 0, COUNT(kinds));
	tcase_add_test(t, the_way_back);
	tcase_add_loop_test(t, nobody_is_told, 0, COUNT(silent));
	tcase_add_test(t, not_more_than_that);
	tcase_add_test(t, broken_ones_are_counted);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(f, set_up, tear_down);
	tcase_add_loop_test(f, what_is_believed, 0, COUNT(heard));
	tcase_add_test(f, half_a_session_is_none);
	tcase_add_test(f, ours_come_back);
	tcase_add_test(f, reports_cease);
	tcase_add_test(f, a_flood_of_signals);
	suite_add_tcase(s, f);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
