/* What others, and our own dials, may take up at a time (link.md 6.9, session.md 3.10,
 * operations.md 3.3): each setting does what it says,
 * and what is over a limit costs no public-key work (R7). */

#include <check.h>
#include <string.h>

#include "t/lib/node_bench.h"

/* Numbers 1 and 2 ... are peers, 40 and up nobody has told us of. */
enum { ME = 1, PEER = 2, OTHER = 3, STRANGER = 40 };

static struct bench *open_with(unsigned peers, const struct fips_node_config *config)
{
	struct bench *b = bench_open(ME, peers, config);

	b->alive = true;
	return b;
}

/* ---- message 1 ---- */

/* Message 1s that do not open, from these addresses in turn; how many were looked into. */
static unsigned junk(struct bench *b, unsigned n, unsigned from, unsigned addresses)
{
	uint8_t bytes[FIPS_MSG1_LEN] = { 1, 0, FIPS_MSG1_LEN - FIPS_LINK_PREFIX };
	uint64_t forged = bench_count(b, FIPS_NODE_FORGED);
	uint64_t limited = bench_count(b, FIPS_NODE_LIMITED);
	uint64_t looked;

	bytes[8] = 2;
	for (unsigned i = 0; i < n; i++) {
		struct puppet p = { .who = from + i % addresses };
		uint64_t ops = fips_node_curve_ops(b->node);
		uint64_t refused = bench_count(b, FIPS_NODE_LIMITED);

		bytes[20] = (uint8_t)i;
		bytes[21] = (uint8_t)(i >> 8);
		want("", bench_raw(b, &p, bytes, sizeof bytes));
		if (bench_count(b, FIPS_NODE_LIMITED) > refused)
			ck_assert_uint_eq(fips_node_curve_ops(b->node), ops);
	}
	looked = bench_count(b, FIPS_NODE_FORGED) - forged;
	ck_assert_uint_eq(looked + bench_count(b, FIPS_NODE_LIMITED) - limited, n);
	return (unsigned)looked;
}

static const struct {
	struct fips_rate strangers, known;
	unsigned from, addresses;    /* a flood of 200 from there                    */
	unsigned at_once, in_1500ms; /* of it looked into; of another, 1.5 s later   */
} floods[] = {
	{ { 100, 10000 }, { 128, 6400 }, STRANGER, 200, 100, 15 },
	{ { 5, 2000 }, { 128, 6400 }, STRANGER, 200, 5, 3 },
	{ { 1, 1 }, { 128, 6400 }, STRANGER, 1, 1, 0 },
	{ { 5, 2000 }, { 128, 6400 }, PEER, 1, 32, 3 },  /* each peer's own: 32, 2 a second */
	{ { 5, 2000 }, { 128, 6400 }, PEER, 4, 128, 9 }, /* ... and that of all              */
	{ { 5, 2000 }, { 7, 2000 }, PEER, 4, 7, 3 },
	{ { 5, 2000 }, { 7, 2000 }, PEER, 1, 7, 3 },
};

START_TEST(calls_by_the_hundred)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	config.limits.strangers = floods[_i].strangers;
	config.limits.known = floods[_i].known;
	b = open_with(4, &config);
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_START });
	ck_assert_uint_eq(junk(b, 200, floods[_i].from, floods[_i].addresses), floods[_i].at_once);
	bench_wait(b, MS(1500));
	ck_assert_uint_eq(junk(b, 200, floods[_i].from, floods[_i].addresses),
	                  floods[_i].in_1500ms);
	bench_close(b);
}
END_TEST

/* Whoever floods, and in whose name: the others are answered. */
START_TEST(floods_starve_nobody_else)
{
	struct puppet peer = { .who = PEER, .ephemeral = 1, .epoch = 1, .index = 5 };
	struct puppet other = { .who = OTHER, .ephemeral = 2, .epoch = 1, .index = 6 };
	struct puppet stranger = { .who = STRANGER, .ephemeral = 3, .epoch = 1, .index = 7 };
	struct bench *b = open_with(2, NULL);

	bench_wait(b, MS(1));
	junk(b, 500, 50, 250);
	want("", bench_msg1(b, &stranger));
	want("install msg2 use", bench_msg1(b, &peer));
	junk(b, 500, PEER, 1);
	want("install msg2 use", bench_msg1(b, &other));
	bench_wait(b, MS(100));
	want("install msg2 use", bench_msg1(b, &stranger));
	bench_close(b);
}
END_TEST

/* Lines that tell where something came from, of each place. */
struct told {
	unsigned by_peer, by_other;
};

static void count_line(void *self, const struct fips_action *act)
{
	struct told *told = self;

	if (act->kind != FIPS_ACT_LOG || !act->via.len)
		return;
	if (strstr((const char *)act->bytes, "who calls"))
		told->by_other++;
	else
		told->by_peer++;
}

/* Handshakes for another key are told of, with where they came from, and so seldom that nobody can
 * fill a log by them: three lines about strangers and one about each peer's place,
 * and then one in 500 s. */
START_TEST(what_does_not_open_is_told_seldom)
{
	struct bench *b = open_with(2, NULL);
	struct told told = { 0 };

	b->see = count_line;
	b->see_self = &told;
	bench_wait(b, MS(1));
	for (unsigned i = 0; i < 100; i++) {
		junk(b, 10, 50, 250);
		junk(b, 10, PEER, 1);
		bench_wait(b, MS(1000));
	}
	ck_assert_uint_eq(told.by_other, 3);
	ck_assert_uint_eq(told.by_peer, 1);
	junk(b, 1, OTHER, 1);
	ck_assert_uint_eq(told.by_peer, 2);
	bench_wait(b, SECONDS(500));
	junk(b, 10, 50, 250);
	junk(b, 10, PEER, 1);
	ck_assert_uint_eq(told.by_other, 4);
	ck_assert_uint_eq(told.by_peer, 3);
	bench_close(b);
}
END_TEST

/* Links that nobody has proven are counted; one that is proven makes room. */
START_TEST(links_not_heard_yet)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	config.limits.pending = 2;
	b = open_with(0, &config);
	for (unsigned i = 0; i < 4; i++) {
		struct puppet p = { .who = STRANGER + i, .ephemeral = i + 1, .epoch = 1,
		                    .index = i };

		want(i < 2 ? "install msg2 use" : "", bench_msg1(b, &p));
	}
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_REFUSED), 2);
	bench_confirm(b, STRANGER, 1, 0);
	for (unsigned i = 2; i < 4; i++) {
		struct puppet p = { .who = STRANGER + i, .ephemeral = 9 + i, .epoch = 1,
		                    .index = i };

		want(i < 3 ? "install msg2 use" : "", bench_msg1(b, &p));
	}
	bench_close(b);
}
END_TEST

/* ---- which transports answer strangers ---- */

static const char *call_at(struct bench *b, unsigned instance, const struct puppet *p)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .via = bench_via(p->from) };
	uint8_t bytes[FIPS_MSG1_LEN];

	bench_msg1_bytes(b, p, bytes);
	in.via.instance = (uint16_t)instance;
	in.bytes = bytes;
	in.len = sizeof bytes;
	return bench_feed(b, &in);
}

START_TEST(each_transport_accepts_or_not)
{
	struct fips_node_config config = fips_node_config_default();
	struct puppet stranger = { .who = STRANGER, .from = STRANGER, .ephemeral = 1, .epoch = 1 };
	struct puppet guest = { .who = STRANGER, .from = PEER, .ephemeral = 2, .epoch = 1 };
	struct puppet peer = { .who = PEER, .from = PEER, .ephemeral = 3, .epoch = 1 };
	struct bench *b;
	uint64_t ops;

	config.accept = 1u << 0 | 1u << 31;
	b = open_with(1, &config);
	ops = fips_node_curve_ops(b->node);
	want("", call_at(b, 1, &stranger));
	want("", call_at(b, 2, &stranger));
	want("", call_at(b, 32, &stranger));
	want("", call_at(b, 65535, &stranger));
	ck_assert_uint_eq(fips_node_curve_ops(b->node), ops);
	want("", call_at(b, 1, &guest)); /* an address we know, another's name */
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_REFUSED), 5);
	want("install msg2 use", call_at(b, 1, &peer));
	want("install msg2 use", call_at(b, 0, &stranger));
	stranger = (struct puppet){ .who = 41, .from = 41, .ephemeral = 4, .epoch = 1 };
	want("install msg2 use", call_at(b, 31, &stranger));
	bench_close(b);
}
END_TEST

/* ---- our own dials ---- */

static unsigned words(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text += strlen(word);
	}
	return n;
}

static const struct {
	unsigned calls, links;
	unsigned at_once, after; /* dials: at start, and when one has been answered */
} dials[] = {
	{ 256, 256, 6, 0 }, { 0, 0, 6, 0 }, { 2, 256, 2, 1 }, { 1, 0, 1, 1 },
	{ 256, 3, 3, 0 },   { 0, 1, 1, 0 }, { 4, 5, 4, 1 },
};

START_TEST(so_many_dials)
{
	struct fips_node_config config = fips_node_config_default();
	struct puppet p = { .ephemeral = 1, .epoch = 1, .index = 5 };
	const char *said;
	struct bench *b;

	config.limits.calls = dials[_i].calls;
	config.limits.links = dials[_i].links;
	config.link_mmp = FIPS_MMP_MINIMAL;
	b = open_with(6, &config);
	ck_assert_uint_eq(words(bench_wait(b, MS(1)), "expect msg1"), dials[_i].at_once);
	p.who = ME + dials[_i].at_once; /* the one called last */
	said = bench_msg2(b, &p);
	ck_assert_int_eq(strncmp(said, "install use heartbeat", 21), 0);
	ck_assert_uint_eq(words(bench_wait(b, MS(1)), "expect msg1"), dials[_i].after);
	bench_close(b);
}
END_TEST

/* Gaps of 1 s and each thrice the one before, until 30 s are over. */
START_TEST(gaps_grow_as_told)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	config.timers.backoff = 3000;
	b = open_with(1, &config);
	want("expect msg1", bench_wait(b, MS(0)));
	want("", bench_wait(b, MS(999)));
	want("msg1", bench_wait(b, MS(1)));
	want("", bench_wait(b, MS(2999)));
	want("msg1", bench_wait(b, MS(1)));
	want("", bench_wait(b, MS(8999)));
	want("msg1", bench_wait(b, MS(1)));
	want("forget", bench_wait(b, MS(17000)));
	bench_close(b);
}
END_TEST

/* A peer whose name nobody knows: each question without an answer is a dial that failed at once, so
 * the next one comes after 10, 20, ... s.  That is said once (6.4). */
START_TEST(a_name_that_fails)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_identity peer = world_identity(PEER);
	struct fips_peer_config named = { .addr = peer.addr, .named = true, .auto_connect = true,
		                          .auto_reconnect = true };
	struct bench *b = bench_open(ME, 0, &config);
	struct fips_input none = { .kind = FIPS_IN_VIAS, .peer = peer.addr };
	struct fips_via via = bench_via(PEER);

	memcpy(named.pub, peer.pub, FIPS_PUB_LEN);
	named.pub[0] = 2;
	config.me = &b->me;
	config.peers = &named;
	config.n_peers = 1;
	bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_CONFIGURE, .config = &config });
	want("resolve-name", bench_wait(b, 0));
	for (unsigned k = 1; k <= 4; k++) {
		b->last[FIPS_ACT_LOG].len = 0;
		bench_feed(b, &none);
		ck_assert_int_eq(b->last[FIPS_ACT_LOG].len > 0, k == 1);
		want("", bench_wait(b, SECONDS(5 << k) - 1));
		want("resolve-name", bench_wait(b, 1));
	}
	want("", bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_VIAS, .peer = peer.addr,
	                                             .vias = &via, .n_vias = 1 }));
	want("expect msg1", bench_wait(b, 0));
	bench_close(b);
}
END_TEST

/* ---- session set-ups ---- */

START_TEST(setups_by_one_link)
{
	struct fips_node_config config = fips_node_config_default();
	struct puppet p = { .who = PEER, .from = OTHER };
	unsigned answered = 0;
	struct bench *b;

	config.limits.setups = (struct fips_rate){ 3, 2000 };
	b = open_with(0, &config);
	bench_link(b, OTHER);
	bench_link(b, PEER);
	for (p.ephemeral = 1; p.ephemeral <= 20; p.ephemeral++)
		answered += bench_setup(b, &p)[0] != '\0';
	ck_assert_uint_eq(answered, 3);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LIMITED), 17);
	b->now += MS(500);
	ck_assert_str_eq(bench_setup(b, &p), "ack");
	p.ephemeral++;
	ck_assert_str_eq(bench_setup(b, &p), "");
	bench_close(b);
}
END_TEST

/* node.cache.identity_size: so many keys of nodes that are no peers,
 * and who was named first makes way. */
START_TEST(keys_that_are_kept)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_known_info info;
	unsigned n = 0, at = 0;
	struct bench *b;

	config.known = 2;
	b = open_with(0, &config);
	for (unsigned i = 0; i < 3; i++) {
		struct fips_identity id = world_identity(STRANGER + i);

		bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_KNOWN, .bytes = id.pub,
		                                    .len = FIPS_PUB_LEN });
	}
	while (fips_node_known_next(b->node, &at, &info)) {
		struct fips_addr first = world_identity(STRANGER).addr;

		ck_assert(!fips_addr_eq(&info.addr, &first));
		n++;
	}
	ck_assert_uint_eq(n, 2);
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node limits");
	TCase *tc = tcase_create("limits");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, calls_by_the_hundred, 0, sizeof floods / sizeof floods[0]);
	tcase_add_test(tc, floods_starve_nobody_else);
	tcase_add_test(tc, what_does_not_open_is_told_seldom);
	tcase_add_test(tc, links_not_heard_yet);
	tcase_add_test(tc, each_transport_accepts_or_not);
	tcase_add_loop_test(tc, so_many_dials, 0, sizeof dials / sizeof dials[0]);
	tcase_add_test(tc, gaps_grow_as_told);
	tcase_add_test(tc, a_name_that_fails);
	tcase_add_test(tc, setups_by_one_link);
	tcase_add_test(tc, keys_that_are_kept);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
