/* The rows of link.md 6.5, 6.6 and 7.3: what a message 1 or 2 leads to, by situation. */
#include <string.h>

#include <check.h>

#include "t/lib/node_bench.h"
#include "t/lib/vectors.h"

/* Numbers 10 < 11 < 2 < 1 are in the order of their addresses. */
enum { SMALL = 10, SMALLS_PEER = 11, LARGE = 1, LARGES_PEER = 2 };

enum op {
	END,
	CALL,    /* the peer's message 1: ephemeral a, epoch b                    */
	REPLY,   /* its message 2 to our last message 1: ephemeral a, epoch b     */
	FORGED,  /* a message 2 for its index that does not open                  */
	STRANGER, /* message 1 of number a                                        */
	CONFIRM, /* a frame under the a-th key from the newest (0), K flag b      */
	WAIT,    /* a ms; heartbeats are left out of what is wanted               */
	SILENCE, /* the peer is not heard from now on                             */
	BYE,     /* Disconnect                                                    */
	LINKED,  /* is there a link? a: 1 yes, 0 no                               */
	K,       /* the last USE had this K: a                                    */
	COUNTED, /* count a has grown to b                                        */
};

struct step {
	enum op     op;
	unsigned    a, b;
	const char *want;
};

struct row {
	const char *why;
	unsigned    me;      /* the peer is me + 1                     */
	bool        dials;   /* the peer is configured                 */
	unsigned    max_peers;
	struct step step[14];
};

#define UP { CALL, 1, 1, "install msg2 use" }, { CONFIRM, 0, 0, "heartbeat" }
#define DIALLED { WAIT, 1, 0, "expect msg1" }, { REPLY, 1, 1, "install use heartbeat" }

static const struct row rows[] = {
	{ "6.5: not active", LARGE, false, 8, { UP, { LINKED, 1, 0, NULL }, { K, 0, 0, NULL } } },
	{ "6.5: not active, table full", LARGE, false, 1,
	  { UP, { WAIT, 6000, 0, "" }, { STRANGER, 40, 0, "" },
	    { COUNTED, FIPS_NODE_REFUSED, 1, NULL } } },
	{ "table full, but of a link that nobody proved", LARGE, false, 1,
	  { { CALL, 1, 1, "install msg2 use" }, { WAIT, 4999, 0, "" },
	    { STRANGER, 40, 0, "" }, { WAIT, 1, 0, "" },
	    { STRANGER, 40, 0, "retire link-down install msg2 use" },
	    { LINKED, 0, 0, NULL } } },
	{ "ourselves", LARGE, false, 8,
	  { { STRANGER, LARGE, 0, "" }, { COUNTED, FIPS_NODE_REFUSED, 1, NULL } } },
	{ "6.5: not active, a dial of ours stays outstanding", LARGE, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, UP, { WAIT, 2999, 0, "msg1 msg1" } } },
	{ "6.5: other epoch, replaced when proven", LARGE, false, 8,
	  { UP, { CALL, 2, 2, "install msg2" }, { COUNTED, FIPS_NODE_RESTARTS, 0, NULL },
	    { CONFIRM, 0, 0, "retire use heartbeat" }, { COUNTED, FIPS_NODE_RESTARTS, 1, NULL } } },
	{ "6.5: other epoch, never proven: nothing is torn down", LARGE, false, 8,
	  { UP, { CALL, 2, 2, "install msg2" }, { WAIT, 39999, 0, "" }, { WAIT, 1, 0, "retire" },
	    { LINKED, 1, 0, NULL }, { COUNTED, FIPS_NODE_RESTARTS, 0, NULL } } },
	{ "7.6: a superseded epoch is a replay", LARGE, false, 8,
	  { UP, { CALL, 2, 2, "install msg2" }, { CONFIRM, 0, 0, "retire use heartbeat" },
	    { WAIT, 31000, 0, "" }, { CALL, 3, 1, "" },
	    { COUNTED, FIPS_NODE_REPLAYED, 1, NULL } } },
	{ "6.5: same epoch, young, we answered: the stored message 2", LARGE, false, 8,
	  { UP, { WAIT, 29999, 0, "" }, { CALL, 2, 1, "msg2" },
	    { COUNTED, FIPS_NODE_DUPLICATE, 1, NULL } } },
	{ "6.5: same epoch, young, we dialled: nothing", LARGE, true, 8,
	  { DIALLED, { CONFIRM, 0, 0, "" }, { WAIT, 29998, 0, "" }, { CALL, 2, 1, "" },
	    { COUNTED, FIPS_NODE_DUPLICATE, 1, NULL } } },
	{ "6.5, 7.3: same epoch, 30 s old: a rekey", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" }, { WAIT, 1000, 0, "" },
	    { CONFIRM, 0, 1, "use heartbeat" }, { K, 1, 0, NULL }, { WAIT, 14999, 0, "" },
	    { WAIT, 1, 0, "retire" }, { COUNTED, FIPS_NODE_LINK_CUTS, 1, NULL } } },
	{ "6.5: the link's age counts from the cut-over", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" },
	    { CONFIRM, 0, 1, "use heartbeat" }, { WAIT, 29999, 0, "retire" },
	    { CALL, 3, 1, "msg2" }, { WAIT, 1, 0, "" }, { CALL, 3, 1, "install msg2" } } },
	{ "7.3: the same message 1 again, live session", LARGE, false, 8,
	  { UP, { CALL, 1, 1, "msg2" }, { WAIT, 30000, 0, "" }, { CALL, 1, 1, "msg2" },
	    { CALL, 2, 1, "install msg2" }, { CALL, 2, 1, "msg2" }, { CALL, 1, 1, "msg2" },
	    { COUNTED, FIPS_NODE_REPEATED, 4, NULL }, { COUNTED, FIPS_NODE_ANSWERED, 2, NULL } } },
	{ "7.3: the same message 1 when its session is gone", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" },
	    { CONFIRM, 0, 1, "use heartbeat" }, { WAIT, 60000, 0, "retire" }, { CALL, 1, 1, "" },
	    { COUNTED, FIPS_NODE_REPLAYED, 1, NULL } } },
	{ "7.3: a pending session is discarded after 40 s", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" }, { WAIT, 39999, 0, "" },
	    { WAIT, 1, 0, "retire" }, { CALL, 2, 1, "" }, { LINKED, 1, 0, NULL } } },
	{ "7.2: the older of two pending sessions loses", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" },
	    { CALL, 3, 1, "install msg2" }, { CONFIRM, 0, 1, "use heartbeat" },
	    { CONFIRM, 1, 1, "" }, { K, 1, 0, NULL }, { WAIT, 15000, 0, "retire retire" } } },
	{ "7.2: whichever pending session is heard is used", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" },
	    { CALL, 3, 1, "install msg2" }, { CONFIRM, 1, 1, "use heartbeat" },
	    { CONFIRM, 0, 0, "use heartbeat" }, { K, 0, 0, NULL } } },
	{ "7.4: our K is that of the frame, not the inverse of ours", LARGE, false, 8,
	  { UP, { WAIT, 30000, 0, "" }, { CALL, 2, 1, "install msg2" },
	    { CONFIRM, 0, 0, "use heartbeat" }, { K, 0, 0, NULL } } },
	{ "provisional: a replay does not lock the true peer out", LARGE, false, 8,
	  { { CALL, 1, 1, "install msg2 use" }, { WAIT, 3000, 0, "" },
	    { CALL, 2, 1, "install msg2" }, { CONFIRM, 0, 0, "use heartbeat" },
	    { LINKED, 1, 0, NULL } } },
	{ "provisional: does not keep us from dialling", LARGE, true, 8,
	  { { WAIT, 30001, 0, "expect msg1 msg1 msg1 msg1 msg1 forget" },
	    { CALL, 1, 1, "install msg2 use" }, { WAIT, 9998, 0, "" },
	    { WAIT, 1, 0, "expect msg1" }, { REPLY, 2, 2, "install retire use heartbeat" },
	    { LINKED, 1, 0, NULL } } },
	{ "provisional: a replay that came to nothing is not answered again", LARGE, false, 8,
	  { { CALL, 1, 1, "install msg2 use" }, { SILENCE, 0, 0, NULL },
	    { WAIT, 29999, 0, "" }, { CALL, 1, 1, "msg2" }, { WAIT, 1, 0, "retire link-down" },
	    { CALL, 1, 1, "" }, { COUNTED, FIPS_NODE_REPLAYED, 1, NULL },
	    { CALL, 2, 1, "install msg2 use" } } },
	{ "6.6: not active", LARGE, true, 8,
	  { DIALLED, { LINKED, 1, 0, NULL }, { K, 0, 0, NULL } } },
	{ "6.6: message 2 again", LARGE, true, 8,
	  { DIALLED, { REPLY, 1, 1, "" }, { COUNTED, FIPS_NODE_NO_HANDSHAKE, 1, NULL } } },
	{ "6.6: message 2 that does not open: the attempt goes on", LARGE, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, { FORGED, 1, 1, "" },
	    { COUNTED, FIPS_NODE_FORGED, 1, NULL }, { REPLY, 1, 1, "install use heartbeat" } } },
	{ "6.6: crossing, our address is smaller: ours is used", SMALL, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, UP, { REPLY, 2, 1, "install use heartbeat" },
	    { WAIT, 14999, 0, "" }, { WAIT, 1, 0, "retire" }, { LINKED, 1, 0, NULL } } },
	{ "6.6: crossing, our address is larger: theirs is kept", LARGE, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, UP, { REPLY, 2, 1, "install" }, { CONFIRM, 0, 0, "" },
	    { WAIT, 14999, 0, "" }, { WAIT, 1, 0, "retire" }, { LINKED, 1, 0, NULL } } },
	{ "6.6: crossing, larger, but theirs was a replay", LARGE, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, { CALL, 1, 1, "install msg2 use" },
	    { REPLY, 2, 1, "install" }, { CONFIRM, 0, 0, "" }, { WAIT, 14999, 0, "" },
	    { WAIT, 1, 0, "use heartbeat" }, { WAIT, 15000, 0, "retire" },
	    { LINKED, 1, 0, NULL } } },
	{ "6.6: our dial meets a new life of the peer", LARGE, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, UP, { REPLY, 2, 2, "install retire use heartbeat" },
	    { COUNTED, FIPS_NODE_RESTARTS, 1, NULL } } },
	{ "6.3, 6.4: no answer", LARGE, true, 8,
	  { { WAIT, 1, 0, "expect msg1" }, { WAIT, 15000, 0, "msg1 msg1 msg1 msg1" },
	    { WAIT, 14998, 0, "" }, { WAIT, 1, 0, "forget" }, { WAIT, 9999, 0, "" },
	    { WAIT, 1, 0, "expect msg1" } } },
	{ "6.8: silence, then the retry schedule", LARGE, true, 8,
	  { DIALLED, { SILENCE, 0, 0, NULL }, { WAIT, 29999, 0, "" },
	    { WAIT, 1, 0, "retire link-down" }, { COUNTED, FIPS_NODE_LOST, 1, NULL },
	    { WAIT, 4999, 0, "" }, { WAIT, 1, 0, "expect msg1" } } },
	{ "6.4: a link that is proven under a later key begins the schedule anew", LARGE, true, 8,
	  { { WAIT, 30001, 0, "expect msg1 msg1 msg1 msg1 msg1 forget" },
	    { CALL, 1, 1, "install msg2 use" }, { CALL, 2, 1, "install msg2" },
	    { CONFIRM, 0, 0, "use heartbeat" }, { SILENCE, 0, 0, NULL }, { WAIT, 29999, 0, "retire" },
	    { WAIT, 1, 0, "retire link-down" }, { WAIT, 4999, 0, "" },
	    { WAIT, 1, 0, "expect msg1" } } },
	{ "6.8: a stranger is not called back", LARGE, false, 8,
	  { UP, { SILENCE, 0, 0, NULL }, { WAIT, 30000, 0, "retire link-down" },
	    { WAIT, 400000, 0, "" } } },
	{ "4.1: Disconnect", LARGE, true, 8,
	  { DIALLED, { BYE, 0, 0, "retire link-down" }, { LINKED, 0, 0, NULL }, { WAIT, 4999, 0, "" },
	    { WAIT, 1, 0, "expect msg1" } } },
};

static void confirm(struct bench *b, const struct row *row, const struct step *s)
{
	want(s->want, bench_confirm(b, row->me + 1, b->link_key - s->a, (uint8_t)s->b));
}

static void forged(struct bench *b, const struct row *row, const struct step *s)
{
	struct puppet p = { .who = row->me + 1 };
	uint8_t junk[FIPS_MSG2_LEN] = { 2, 0, 65, 0 };

	memcpy(junk + 8, b->msg1 + 4, 4); /* the index, which anybody on the way can see */
	junk[12] = 2;
	junk[44] = 9;
	want(s->want, bench_raw(b, &p, junk, sizeof junk));
}

/* Heartbeats are not said, but where a key comes into use. */
static const char *quiet(const char *words)
{
	return strstr(words, "use") ? words : bench_without(words, "heartbeat");
}

static void take(struct bench *b, const struct row *row, const struct step *s)
{
	struct puppet p = { .who = row->me + 1, .ephemeral = s->a, .epoch = s->b,
		            .index = 500 + s->a };
	static const uint8_t bye[] = { FIPS_LINK_DISCONNECT, 0 };

	switch (s->op) {
	case CALL:
		want(s->want, bench_msg1(b, &p));
		if (strncmp(s->want, "install", 7) == 0)
			bench_check_link(b, &p);
		break;
	case REPLY: want(s->want, bench_msg2(b, &p)); break;
	case STRANGER:
		p = (struct puppet){ .who = s->a, .ephemeral = 9, .epoch = 9, .index = 9 };
		want(s->want, bench_msg1(b, &p));
		break;
	case FORGED: forged(b, row, s); break;
	case CONFIRM: confirm(b, row, s); break;
	case WAIT: want(s->want, quiet(bench_wait(b, MS(s->a)))); break;
	case SILENCE: b->alive = false; break;
	case BYE: want(s->want, bench_message(b, row->me + 1, bye, sizeof bye)); break;
	case LINKED: {
		struct fips_addr peer = world_identity(row->me + 1).addr;

		ck_assert_int_eq(fips_node_has_link(b->node, &peer), (int)s->a);
		break;
	}
	case K: ck_assert_uint_eq(b->last[FIPS_ACT_USE_LINK].k, s->a); break;
	case COUNTED: ck_assert_uint_eq(bench_count(b, (enum fips_node_count)s->a), s->b); break;
	case END: break;
	}
}

START_TEST(each_row)
{
	const struct row *row = &rows[_i];
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	printf("%s\n", row->why);
	fflush(stdout);
	config.max_peers = row->max_peers;
	config.rekey = false; /* test_node_rekey.c */
	b = bench_open(row->me, row->dials, &config);
	b->alive = true;
	for (const struct step *s = row->step; s->op != END; s++)
		take(b, row, s);
	bench_close(b);
}
END_TEST

/* Somebody sends an old message 1 of the peer from elsewhere; then the peer itself calls, or is
 * called.  What we send goes to where the peer is. */
START_TEST(a_replays_address_is_left)
{
	struct puppet replay = { .who = LARGES_PEER, .ephemeral = 1, .epoch = 1,
	                         .index = 5, .from = 40 };
	struct puppet peer = { .who = LARGES_PEER, .ephemeral = 2, .epoch = 1, .index = 6 };
	struct fips_via elsewhere = bench_via(40), home = bench_via(LARGES_PEER);
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	config.link_mmp = FIPS_MMP_MINIMAL;
	b = bench_open(LARGE, (unsigned)_i, &config);
	if (_i)
		want("expect msg1", bench_wait(b, 0));
	want("install msg2 use", bench_msg1(b, &replay));
	ck_assert(fips_via_eq(&b->last[FIPS_ACT_USE_LINK].via, &elsewhere));
	b->alive = true;
	if (_i) {
		want("install", bench_msg2(b, &peer));
		bench_confirm(b, peer.who, b->link_key, 0);
		bench_wait(b, SECONDS(15));
	} else {
		want("install msg2", bench_msg1(b, &peer));
		want("use heartbeat", bench_confirm(b, peer.who, b->link_key, 0));
	}
	ck_assert_uint_eq(b->last[FIPS_ACT_USE_LINK].key, b->link_key);
	ck_assert(fips_via_eq(&b->last[FIPS_ACT_USE_LINK].via, &home));
	bench_close(b);
}
END_TEST

/* All places are taken by strangers.  Message 1 proves nothing and gets none of them; a configured
 * peer that answers our dial takes that of the stranger who came last. */
START_TEST(full_of_strangers)
{
	struct fips_node_config config = fips_node_config_default();
	struct puppet peer = { .who = LARGES_PEER, .ephemeral = 1, .epoch = 1, .index = 5 };
	struct fips_addr first = world_identity(40).addr, second = world_identity(41).addr;
	struct bench *b;

	config.max_peers = 2;
	config.link_mmp = FIPS_MMP_MINIMAL;
	b = bench_open(LARGE, 1, &config);
	want("expect msg1", bench_wait(b, 0));
	bench_link(b, 40);
	bench_link(b, 41);
	bench_wait(b, MS(1000));
	want("", bench_msg1(b, &peer));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_REFUSED), 1);
	peer.ephemeral = 2;
	want("retire link-down install use heartbeat", bench_msg2(b, &peer));
	ck_assert(fips_node_has_link(b->node, &first));
	ck_assert(!fips_node_has_link(b->node, &second));
	bench_close(b);
}
END_TEST

static unsigned byes(const char *words)
{
	unsigned n = 0;

	while ((words = strstr(words, "bye"))) {
		n++;
		words++;
	}
	return n;
}

/* More links than one call has actions for: the rest are told at the deadline that has passed. */
START_TEST(stops_in_turns)
{
	struct bench *b = bench_open(LARGE, 0, NULL);
	struct fips_input stop = { .kind = FIPS_IN_STOP };
	unsigned told;

	b->alive = true;
	for (unsigned i = 0; i < 90; i++) {
		struct puppet p = { .who = 20 + i, .ephemeral = i + 1, .epoch = 1, .index = i };

		want("install msg2 use", bench_msg1(b, &p));
		want("heartbeat", bench_confirm(b, p.who, b->link_key, 0));
	}
	told = byes(bench_feed(b, &stop));
	ck_assert_uint_eq(told, FIPS_ACTIONS_TURN);
	ck_assert(!fips_node_stopped(b->node));
	ck_assert_uint_le(fips_node_deadline(b->node), b->now);
	told += byes(bench_wait(b, 0));
	ck_assert_uint_eq(told, 90);
	ck_assert(fips_node_stopped(b->node));
	ck_assert_uint_eq(fips_node_deadline(b->node), MR_NEVER);
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node links");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_row, 0, (int)COUNT(rows));
	tcase_add_loop_test(tc, a_replays_address_is_left, 0, 2);
	tcase_add_test(tc, full_of_strangers);
	tcase_add_test(tc, stops_in_turns);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
