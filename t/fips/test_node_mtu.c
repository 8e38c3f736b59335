/* The path MTU of a session in both directions, step by step (session.md 4.5, 2.9, 3.9). */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "fips/wire/signal.h"
#include "t/lib/node_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ME = 1, PEER = 2, OTHER = 6, FIRST_HOP = 1472 };

enum op {
	END,
	SEES,   /* the peer's last envelope said a                                */
	WAIT,   /* a ms                                                           */
	TOLD,   /* the last notification of ours said a                           */
	CLAIM,  /* the peer notifies a                                            */
	SHORT,  /* ... in one byte                                                */
	SIGNAL, /* of type a about the peer, from another, with b                 */
	ROUTE,  /* the route was last given a                                     */
	REKEY,  /* by the peer, and the new key is heard                          */
	RTT,    /* a report of the peer's shows a round trip of a ms              */
};

struct step {
	enum op     op;
	unsigned    a, b;
	const char *want;
};

struct row {
	const char *why;
	struct step step[28];
};

static const struct row rows[] = {
	/* source: what the path takes, as the route is told it */
	{ "at first what the first hop takes", { { ROUTE, FIRST_HOP, 0, NULL } } },
	{ "less counts at once",
	  { { CLAIM, 1400, 0, "route" }, { ROUTE, 1400, 0, NULL }, { CLAIM, 256, 0, "route" },
	    { ROUTE, 256, 0, NULL } } },
	{ "the same says nothing", { { CLAIM, 1472, 0, "" }, { CLAIM, 1400, 0, "route" },
	                             { CLAIM, 1400, 0, "" } } },
	{ "less than 256 is not believed", { { CLAIM, 255, 0, "" }, { CLAIM, 0, 0, "" } } },
	{ "half a notification is none", { { SHORT, 0, 0, "" } } },
	{ "more counts after three in a row over twice the interval",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" },
	    { CLAIM, 1400, 0, "" }, { WAIT, 9999, 0, "" }, { CLAIM, 1400, 0, "" },
	    { WAIT, 1, 0, "" }, { CLAIM, 1400, 0, "route" }, { ROUTE, 1400, 0, NULL } } },
	{ "two are not three, however far apart",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" }, { WAIT, 40000, 0, "" },
	    { CLAIM, 1400, 0, "" }, { CLAIM, 1400, 0, "route" } } },
	{ "another value begins anew",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" },
	    { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" }, { CLAIM, 1350, 0, "" },
	    { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" }, { CLAIM, 1400, 0, "" },
	    { WAIT, 9999, 0, "" }, { CLAIM, 1400, 0, "" }, { WAIT, 1, 0, "" },
	    { CLAIM, 1400, 0, "route" } } },
	{ "the value we have does not",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" },
	    { CLAIM, 1400, 0, "" }, { CLAIM, 1300, 0, "" }, { WAIT, 10000, 0, "" },
	    { CLAIM, 1400, 0, "route" } } },
	{ "less begins anew, even for the same value (ours)",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" },
	    { CLAIM, 1400, 0, "" }, { WAIT, 10000, 0, "" }, { CLAIM, 1200, 0, "route" },
	    { CLAIM, 1400, 0, "" }, { CLAIM, 1400, 0, "" }, { CLAIM, 1400, 0, "" },
	    { WAIT, 20000, 0, "" }, { CLAIM, 1400, 0, "route" } } },
	{ "never more than the first hop takes",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 9000, 0, "" }, { WAIT, 10000, 0, "" },
	    { CLAIM, 9000, 0, "" }, { WAIT, 10000, 0, "" }, { CLAIM, 9000, 0, "route" },
	    { ROUTE, FIRST_HOP, 0, NULL }, { CLAIM, 1471, 0, "route" } } },
	{ "a signal: less at once, more never, small ones not at all",
	  { { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, 1400, "route" }, { ROUTE, 1400, 0, NULL },
	    { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, 255, "" },
	    { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, 1450, "" }, { WAIT, 10000, 0, "" },
	    { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, 1450, "" }, { WAIT, 10000, 0, "" },
	    { SIGNAL, FIPS_SIGNAL_MTU_EXCEEDED, 1450, "" }, { ROUTE, 1400, 0, NULL } } },
	{ "a broken path: back to the first hop, and what was counted is forgotten",
	  { { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" }, { CLAIM, 1400, 0, "" },
	    { WAIT, 20000, 0, "" }, { SIGNAL, FIPS_SIGNAL_PATH_BROKEN, 0, "warmup route" },
	    { ROUTE, FIRST_HOP, 0, NULL }, { CLAIM, 1300, 0, "route" }, { CLAIM, 1400, 0, "" } } },
	{ "a rekey changes nothing", { { CLAIM, 1400, 0, "route" }, { REKEY, 0, 0, NULL },
	                               { ROUTE, 1400, 0, NULL }, { CLAIM, 1400, 0, "" } } },

	/* destination: what we tell */
	{ "nothing seen, nothing told", { { WAIT, 40000, 0, "" } } },
	{ "only 65535 seen, nothing told", { { SEES, 65535, 0, NULL }, { WAIT, 40000, 0, "" } } },
	{ "a first value within a second, then every 10 s",
	  { { SEES, 1400, 0, NULL }, { WAIT, 1000, 0, "mtu" }, { TOLD, 1400, 0, NULL },
	    { WAIT, 9999, 0, "" }, { WAIT, 1, 0, "mtu" }, { WAIT, 10000, 0, "mtu" } } },
	{ "less within a second, more at its time",
	  { { SEES, 1400, 0, NULL }, { WAIT, 1000, 0, "mtu" }, { WAIT, 5000, 0, "" },
	    { SEES, 1300, 0, NULL }, { WAIT, 1000, 0, "mtu" }, { TOLD, 1300, 0, NULL },
	    { SEES, 1350, 0, NULL }, { WAIT, 9999, 0, "" }, { WAIT, 1, 0, "mtu" },
	    { TOLD, 1350, 0, NULL } } },
	{ "more, then back to what was told last: not told again (ours)",
	  { { SEES, 1300, 0, NULL }, { WAIT, 1000, 0, "mtu" }, { SEES, 1400, 0, NULL },
	    { WAIT, 3000, 0, "" }, { SEES, 1300, 0, NULL }, { WAIT, 3000, 0, "" } } },
	{ "less than 256 is never told", { { SEES, 255, 0, NULL }, { WAIT, 40000, 0, "" } } },
	{ "what we send has no part in it (ours)",
	  { { CLAIM, 1200, 0, "route" }, { SEES, 1400, 0, NULL }, { WAIT, 1000, 0, "mtu" },
	    { SEES, 1300, 0, NULL }, { WAIT, 1000, 0, "mtu" } } },
	{ "a slow path: five round trips",
	  { { WAIT, 5000, 0, "" }, { RTT, 4000, 0, "" }, { SEES, 1400, 0, NULL },
	    { WAIT, 1000, 0, "mtu" },
	    { WAIT, 19000, 0, "" }, { WAIT, 1000, 0, "mtu" } } },
	{ "a new key may be a new process's: told again at once",
	  { { SEES, 1400, 0, NULL }, { WAIT, 1000, 0, "mtu" }, { REKEY, 0, 0, NULL },
	    { WAIT, 0, 0, "mtu" }, { TOLD, 1400, 0, NULL }, { WAIT, 9000, 0, "" } } },
};

static const char *body(struct bench *b, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_BODY, .peer = world_identity(PEER).addr,
		                 .key = b->session_key, .bytes = bytes, .len = n, .rx = b->now };

	return bench_feed(b, &in);
}

static const char *claim(struct bench *b, unsigned mtu, size_t n)
{
	uint8_t bytes[1 + FIPS_FSP_PATH_MTU_LEN] = { FIPS_FSP_PATH_MTU };

	fips_fsp_path_mtu_build(bytes + 1, (uint16_t)mtu);
	return body(b, bytes, n);
}

static const char *signal_in(struct bench *b, const struct step *s)
{
	struct fips_signal signal = { .type = (enum fips_signal_type)s->a, .mtu = (uint16_t)s->b,
		                      .dest = world_identity(PEER).addr };
	struct puppet p = { .who = OTHER };
	uint8_t bytes[100];
	size_t n = fips_signal_build(bytes, sizeof bytes, &signal);

	return bench_datagram(b, &p, bytes, n);
}

static void rekey(struct bench *b)
{
	struct puppet p = { .who = PEER, .epoch = 1, .ephemeral = 77 };

	want("ack", bench_setup(b, &p));
	want("install-pending use-session warmup", bench_msg3(b, &p));
	want("", bench_confirm_session(b, PEER, b->session_key));
}

static const char *round_trip(struct bench *b, unsigned ms)
{
	uint8_t bytes[1 + FIPS_SESSION_RECEIVER_LEN] = { FIPS_FSP_RECEIVER_REPORT };
	uint64_t since = b->now - b->last[FIPS_ACT_USE_SESSION].clock_zero;
	struct fips_receiver_report r = { .highest = 10, .frames = 10, .bytes = 1000,
		                          .echo = (uint32_t)(since / MR_NS_PER_MS) - ms };

	b->session_words.sent = 20;
	fips_session_receiver_build(bytes + 1, &r);
	return body(b, bytes, sizeof bytes);
}

static void take(struct bench *b, const struct step *s)
{
	const struct fips_action *told = &b->last[FIPS_ACT_SEND_SESSION];
	const char *got = NULL;
	uint16_t mtu;

	switch (s->op) {
	case SEES: b->session_words.path_mtu = (uint16_t)s->a; break;
	case WAIT: got = bench_without(bench_wait(b, MS(s->a)), "heartbeat retire-session"); break;
	case TOLD:
		ck_assert_uint_eq(told->bytes[0], FIPS_FSP_PATH_MTU);
		ck_assert(fips_fsp_path_mtu_parse(told->bytes + 1, told->len - 1u, &mtu));
		ck_assert_uint_eq(mtu, s->a);
		break;
	case CLAIM: got = claim(b, s->a, 1 + FIPS_FSP_PATH_MTU_LEN); break;
	case SHORT: got = claim(b, 1000, FIPS_FSP_PATH_MTU_LEN); break;
	case SIGNAL: got = signal_in(b, s); break;
	case ROUTE: ck_assert_uint_eq(b->last[FIPS_ACT_ROUTE].mtu, s->a); break;
	case REKEY: rekey(b); break;
	case RTT: got = round_trip(b, s->a); break;
	case END: break;
	}
	if (s->want)
		want(s->want, got);
}

START_TEST(each_row)
{
	const struct row *row = &rows[_i];
	struct fips_node_config config = fips_node_config_default();
	struct puppet p = { .who = PEER, .epoch = 1, .ephemeral = 1 };
	struct bench *b;

	printf("%s\n", row->why);
	fflush(stdout);
	config.link_mtu = FIRST_HOP;
	config.session_mmp = config.link_mmp = FIPS_MMP_MINIMAL;
	b = bench_open(ME, 0, &config);
	bench_link(b, OTHER);
	bench_link(b, PEER);
	b->data = true;
	want("expect-session ack", bench_setup(b, &p));
	want("install-current use-session route warmup", bench_msg3(b, &p));
	want("", bench_confirm_session(b, PEER, b->session_key));
	want("warmup", bench_without(bench_wait(b, MS(1000)), "heartbeat retire-session"));
	for (const struct step *s = row->step; s->op != END; s++)
		take(b, s);
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node mtu");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_row, 0, (int)COUNT(rows));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
