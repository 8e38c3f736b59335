/* Next hops of others' datagrams: the table by itself, then what the node says of it. */

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fips/node/forwards.h"
#include "fips/node/nexthop.h"
#include "t/lib/node_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the table ---- */

static struct fips_forwards table(unsigned max)
{
	struct mr_rand_state state = { .seed = 7 };
	struct mr_rand rand = mr_rand_seeded(&state);
	struct fips_forwards f;

	ck_assert(fips_forwards_open(&f, max, &rand));
	return f;
}

static struct fips_addr dest(unsigned i)
{
	return (struct fips_addr){ { (uint8_t)i, (uint8_t)(i >> 8), 3 } };
}

/* Against a plain list, so many random steps. */
START_TEST(as_a_list_would)
{
	enum { MAX = 50, NODES = 120, STEPS = 20000 };
	struct mr_rand_state state = { .seed = 1 };
	struct mr_rand rand = mr_rand_seeded(&state);
	struct fips_forwards f = table(MAX);
	uint64_t used[NODES] = { 0 }; /* 0: not there */
	unsigned n = 0;

	for (unsigned step = 1; step <= STEPS; step++) {
		unsigned i = mr_rand_below(&rand, NODES);
		struct fips_addr a = dest(i);
		struct fips_forward *e = fips_forwards_find(&f, &a);

		ck_assert_int_eq(e != NULL, used[i] != 0);
		if (e) {
			ck_assert(fips_addr_eq(&e->dest, &a));
			ck_assert_uint_eq(e->used, used[i]);
			fips_forwards_drop(&f, e);
			used[i] = 0;
			n--;
		} else if (n < MAX) {
			fips_forwards_add(&f, &a, step);
			used[i] = step;
			n++;
		}
		ck_assert_uint_eq(f.n, n);
	}
	fips_forwards_close(&f);
}
END_TEST

/* Strangers before nodes we know, and among them who was sent to longest ago. */
static const struct {
	const char *what;
	struct { bool known; uint64_t used; } e[3];
	unsigned    goes;
} victims[] = {
	{ "the oldest stranger",      { { false, 5 }, { false, 3 }, { false, 4 } }, 1 },
	{ "a stranger, however new",  { { true, 1 },  { false, 9 }, { true, 2 } },  1 },
	{ "the older of two",         { { false, 8 }, { true, 1 },  { false, 7 } }, 2 },
	{ "of known ones the oldest", { { true, 5 },  { true, 6 },  { true, 4 } },  2 },
};

START_TEST(who_makes_room)
{
	struct fips_forwards f = table(3);
	struct fips_addr goes = dest(victims[_i].goes);

	ck_assert_ptr_null(fips_forwards_victim(&f));
	for (unsigned i = 0; i < 3; i++) {
		struct fips_addr a = dest(i);

		fips_forwards_add(&f, &a, victims[_i].e[i].used)->known = victims[_i].e[i].known;
	}
	ck_assert(fips_addr_eq(&fips_forwards_victim(&f)->dest, &goes));
	fips_forwards_close(&f);
}
END_TEST

/* Each is walked once a generation, whatever is dropped and added meanwhile;
 * what is added is decided already. */
START_TEST(all_are_walked)
{
	enum { N = 30 };
	struct fips_forwards f = table(N + 10);
	unsigned seen[N + 10] = { 0 };
	struct fips_forward *e;

	ck_assert(!fips_forwards_behind(&f, 5));
	for (unsigned i = 0; i < N; i++) {
		struct fips_addr a = dest(i);

		fips_forwards_add(&f, &a, i);
	}
	ck_assert(fips_forwards_behind(&f, 5));
	for (unsigned i = 0; (e = fips_forwards_next(&f, 5)); i++) {
		seen[e->dest.b[0]]++;
		if (i % 3 == 0)
			fips_forwards_drop(&f, e);
		if (i % 7 == 0) {
			struct fips_addr a = dest(N + i / 7);

			fips_forwards_add(&f, &a, i);
		}
	}
	for (unsigned i = 0; i < N; i++)
		ck_assert_uint_eq(seen[i], 1);
	for (unsigned i = N; i < N + 10; i++)
		ck_assert_uint_eq(seen[i], 0);
	ck_assert(!fips_forwards_behind(&f, 5));
	ck_assert(fips_forwards_behind(&f, 6));
	/* another generation in the middle: from the beginning */
	for (unsigned i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(fips_forwards_next(&f, 6));
	for (unsigned left = f.n; left > 0; left--)
		ck_assert_ptr_nonnull(fips_forwards_next(&f, 7));
	ck_assert_ptr_null(fips_forwards_next(&f, 7));
	fips_forwards_close(&f);
}
END_TEST

/* ---- the node ---- */

enum { ME = 1, FAR = 2, HOP = 6, OTHER = 5, NOBODY = 9 };

/* The far one is behind the hop by configuration: a way for others' datagrams too. */
static struct bench *open_node(const struct fips_node_ecn *ecn)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_identity far = world_identity(FAR), hop = world_identity(HOP);
	struct fips_peer_config peers[2] = {
		{ .addr = far.addr, .hop = hop.addr, .behind = true },
		{ .addr = hop.addr, .auto_reconnect = true },
	};

	memcpy(peers[0].pub, far.pub, FIPS_PUB_LEN);
	memcpy(peers[1].pub, hop.pub, FIPS_PUB_LEN);
	config.peers = peers;
	config.n_peers = 2;
	config.session_mmp = config.link_mmp = FIPS_MMP_MINIMAL;
	config.rekey = false;
	if (ecn)
		config.ecn = *ecn;
	return bench_open(ME, 0, &config);
}

static const char *wanted(struct bench *b, unsigned who)
{
	return bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_FORWARD,
	                                           .peer = world_identity(who).addr });
}

/* The words but heartbeats. */
static const char *wait_s(struct bench *b, unsigned s)
{
	static char out[1024];
	char copy[1024];

	out[0] = '\0';
	strcpy(copy, bench_wait(b, SECONDS(s)));
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
		if (strcmp(w, "heartbeat") == 0)
			continue;
		strcat(strcat(out, out[0] ? " " : ""), w);
	}
	return out;
}

static const uint8_t bye[] = { FIPS_LINK_DISCONNECT, 0 };

START_TEST(asked_and_answered)
{
	struct bench *b = open_node(NULL);
	const struct fips_action *act = &b->last[FIPS_ACT_FORWARD];
	struct fips_addr far = world_identity(FAR).addr, hop = world_identity(HOP).addr;

	want("no-forward", wanted(b, FAR)); /* the hop is not there */
	want("no-forward", wanted(b, NOBODY));
	bench_link(b, HOP);
	want("forward", wanted(b, FAR));
	ck_assert(fips_addr_eq(&act->peer, &far));
	ck_assert(fips_addr_eq(&act->via_peer, &hop));
	want("forward", wanted(b, FAR)); /* asked again: said again */
	want("unforward", wanted(b, HOP)); /* a neighbour: what waits is to look again */
	want("", wanted(b, ME));
	want("no-forward", wanted(b, NOBODY));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_FORWARDS_GIVEN), 2);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_FORWARDS_REFUSED), 3);
	bench_close(b);
}
END_TEST

/* What it was decided by has changed: the hop's link goes, and later the far one is a neighbour. */
START_TEST(decided_again)
{
	struct bench *b = open_node(NULL);
	struct puppet far = { .who = FAR, .epoch = 1, .ephemeral = 50, .index = 77 };
	struct puppet hop = { .who = HOP, .epoch = 1, .ephemeral = 51, .index = 78 };
	const char *words;

	bench_link(b, HOP);
	want("forward", wanted(b, FAR));
	b->alive = true;
	want("", wait_s(b, 5));
	words = bench_message(b, HOP, bye, sizeof bye);
	ck_assert_ptr_nonnull(strstr(words, "link-down"));
	want("unforward", wait_s(b, 1));
	want("no-forward", wanted(b, FAR));
	bench_msg1(b, &hop);
	bench_confirm(b, HOP, b->link_key, 0);
	want("forward", wanted(b, FAR));
	bench_msg1(b, &far);
	bench_confirm(b, FAR, b->link_key, 0);
	want("unforward", wait_s(b, 1));
	want("unforward", wanted(b, FAR));
	bench_close(b);
}
END_TEST

/* One that is sent to stays; one that is not goes after 300 s. */
START_TEST(nobody_sends_to_it)
{
	struct bench *b = open_node(NULL);

	b->alive = true;
	bench_link(b, HOP);
	want("forward", wanted(b, FAR));
	for (unsigned i = 0; i < 20; i++) {
		/* the data threads' clocks are a little ahead */
		b->forward_used = b->now + SECONDS(1);
		want("", wait_s(b, 30));
	}
	want("", wait_s(b, 269));
	want("unforward", wait_s(b, 3));
	want("forward", wanted(b, FAR));
	bench_close(b);
}
END_TEST

/* mesh.md 5.6: kernel drops, loss and ETX of the link out, each by its own;
 * said when it changes. */
START_TEST(crowded_ways)
{
	static const struct fips_node_ecn off = { .enabled = false, .loss = 0.05, .etx = 3 };
	struct bench *b = open_node(_i ? &off : NULL);
	const struct fips_action *act = &b->last[FIPS_ACT_CONGESTION];
	struct fips_addr hop = world_identity(HOP).addr;
	const char *said = _i ? "" : "congestion";

	b->alive = true;
	bench_link(b, HOP);
	want("", wait_s(b, 3));
	b->overflows = 10;
	want(said, wait_s(b, 1));
	ck_assert(_i || (act->congested && fips_addr_eq(&act->peer, &hop)));
	b->overflows = 20;
	want("", wait_s(b, 1)); /* it goes on */
	want(said, wait_s(b, 1));
	ck_assert(!act->congested);
	want("", wait_s(b, 5));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_KERNEL_DROP_EVENTS), 1);
	bench_close(b);
}
END_TEST

/* Frames sent and received since the report before, of the link out;
 * what is frames there and back is ETX. */
static const struct {
	uint64_t sent, arrived;
	bool     congested;
	double   loss, etx; /* node.ecn; 0: 0.05 and 3 */
} losses[] = {
	{ 1000, 1000, false, 0, 0 },
	{ 1000, 951, false, 0, 0 },
	{ 1000, 950, true, 0, 0 },
	{ 1000, 100, true, 0, 0 },
	{ 100, 95, true, 0, 0 },
	{ 100, 96, false, 0, 0 },
	{ 1000, 500, true, 0.5, 100 }, /* there, not only beyond */
	{ 1000, 501, false, 0.5, 100 },
	{ 1000, 500, true, 1, 2 },     /* ETX: two sendings a frame */
	{ 1000, 501, false, 1, 2 },
};

static void report(struct bench *b, uint64_t highest, uint64_t frames)
{
	struct fips_receiver_report r = { .highest = highest, .frames = frames,
	                                  .bytes = frames * 100 };
	uint8_t bytes[FIPS_LINK_RECEIVER_LEN];

	b->link_words.sent = highest + 10;
	fips_link_receiver_build(bytes, &r);
	bench_message(b, HOP, bytes, sizeof bytes);
}

START_TEST(a_link_that_loses)
{
	const struct fips_node_ecn own = { true, losses[_i].loss, losses[_i].etx };
	struct bench *b = open_node(own.etx > 0 ? &own : NULL);
	bool congested = losses[_i].congested;

	b->alive = true;
	bench_link(b, HOP);
	report(b, 100, 100);
	want("", wait_s(b, 2));
	report(b, 100 + losses[_i].sent, 100 + losses[_i].arrived);
	want(congested ? "congestion" : "", wait_s(b, 1));
	want("", wait_s(b, 1));
	report(b, 5000, 100 + losses[_i].arrived + 4900 - losses[_i].sent); /* none lost any more */
	want(congested ? "congestion" : "", wait_s(b, 1));
	ck_assert(!b->last[FIPS_ACT_CONGESTION].congested);
	bench_close(b);
}
END_TEST

/* R7: ever new destinations are answered one by one, and leave nothing behind. */
START_TEST(ever_new_ones)
{
	struct bench *b = open_node(NULL);

	bench_link(b, HOP);
	for (unsigned i = 0; i < 10000; i++) {
		struct fips_addr a = dest(i);

		want("no-forward",
		     bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_FORWARD, .peer = a }));
	}
	want("forward", wanted(b, FAR));
	bench_close(b);
}
END_TEST

/* R7: more destinations that have a way than there are places:
 * who was sent to longest ago makes room. */
START_TEST(more_than_there_are_places)
{
	enum { MORE = 5, ALL = FIPS_FORWARDS_MAX + MORE };
	struct fips_node_config config = fips_node_config_default();
	struct fips_peer_config *peers = calloc(ALL + 1, sizeof *peers);
	struct fips_identity hop = world_identity(HOP);
	struct bench *b;

	peers[0] = (struct fips_peer_config){ .addr = hop.addr, .auto_reconnect = true };
	memcpy(peers[0].pub, hop.pub, FIPS_PUB_LEN);
	for (unsigned i = 0; i < ALL; i++)
		peers[1 + i] = (struct fips_peer_config){ .addr = dest(i), .hop = hop.addr,
		                                          .behind = true };
	config.peers = peers;
	config.n_peers = ALL + 1;
	config.rekey = false;
	b = bench_open(ME, 0, &config);
	b->alive = true;
	bench_link(b, HOP);
	for (unsigned i = 0; i < ALL; i++) {
		struct fips_addr a = dest(i), first = dest(i - FIPS_FORWARDS_MAX);

		b->now += 1000;
		want(i < FIPS_FORWARDS_MAX ? "forward" : "unforward forward",
		     bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_FORWARD, .peer = a }));
		if (i >= FIPS_FORWARDS_MAX)
			ck_assert(fips_addr_eq(&b->last[FIPS_ACT_UNFORWARD].peer, &first));
	}
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_FORWARDS_EVICTED), MORE);
	bench_close(b);
	free(peers);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("forwards");
	TCase *tc = tcase_create("table"), *node = tcase_create("node");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, as_a_list_would);
	tcase_add_loop_test(tc, who_makes_room, 0, COUNT(victims));
	tcase_add_test(tc, all_are_walked);
	suite_add_tcase(s, tc);
	tcase_add_test(node, asked_and_answered);
	tcase_add_test(node, decided_again);
	tcase_add_test(node, nobody_sends_to_it);
	tcase_add_loop_test(node, crowded_ways, 0, 2);
	tcase_add_loop_test(node, a_link_that_loses, 0, COUNT(losses));
	tcase_add_test(node, ever_new_ones);
	tcase_add_test(node, more_than_there_are_places);
	suite_add_tcase(s, node);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
