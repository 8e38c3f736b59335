/* Other settings while a node lives: who joins is dialled, who leaves is told goodbye, and nobody
 * else notices. */

#include "t/lib/node_bench.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ME    60
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* A node file as a row says it. */
struct says {
	unsigned who;    /* 0: the list has ended                        */
	unsigned at;     /* number whose address it has; 0: who's        */
	bool     named, manual;
	unsigned name;   /* of those that are named: which name      */
	unsigned behind; /* number of its hop; 0: none                   */
};

#define MOST 120

struct file {
	struct fips_node_config config;
	struct fips_peer_config peers[MOST];
};

static void add(struct file *f, const struct says *s)
{
	struct fips_identity id = world_identity(s->who);
	struct fips_peer_config *p = &f->peers[f->config.n_peers++];

	memcpy(p->pub, id.pub, FIPS_PUB_LEN);
	p->addr = id.addr;
	p->named = s->named;
	p->names = s->name;

	p->auto_connect = !s->manual;
	p->auto_reconnect = true;
	p->behind = s->behind != 0;
	if (s->behind) {
		p->hop = world_identity(s->behind).addr;
	} else if (!s->named) {
		p->vias[0] = bench_via(s->at ? s->at : s->who);
		p->n_vias = 1;
	}
	snprintf(p->alias, sizeof p->alias, "n%u", s->who);
}

static struct file *file_of(const struct bench *b, const struct says *list)
{
	struct file *f = calloc(1, sizeof *f);

	f->config = fips_node_config_default();
	f->config.link_mmp = f->config.session_mmp = FIPS_MMP_MINIMAL;
	f->config.me = b ? &b->me : NULL;
	f->config.peers = f->peers;
	for (; list && list->who; list++)
		add(f, list);
	return f;
}

static struct bench *open_with(const struct says *list)
{
	struct file *f = file_of(NULL, list);
	struct bench *b = bench_open(ME, 0, &f->config);

	free(f);
	return b;
}

static const char *configure(struct bench *b, const struct file *f)
{
	struct fips_input in = { .kind = FIPS_IN_CONFIGURE, .config = &f->config };
	const char *why = fips_node_reserve(b->node, &f->config);

	ck_assert_msg(!why, "%s", why);
	return bench_feed(b, &in);
}

/* ---- who joins, who leaves, who has moved ---- */

enum op { END, LINK, REPLY, FILE_IS, WAIT, NAMES };

struct row {
	const char *why;
	struct says before[3];
	struct {
		enum op     op;
		unsigned    a;       /* LINK, REPLY: who; WAIT: ms; NAMES: whose */
		struct says list[3]; /* FILE_IS                                  */
		const char *want;
	} step[8];
};

#define DIALLED { WAIT, 0, .want = "expect msg1" }, { REPLY, 1, .want = "install use heartbeat" }

static const struct row rows[] = {
	{ "a new one is dialled", { { 0 } },
	  { { FILE_IS, 0, { { .who = 1 } }, "" }, { WAIT, 0, .want = "expect msg1" },
	    { REPLY, 1, .want = "install use heartbeat" } } },
	{ "a new one that is manual is not", { { 0 } },
	  { { FILE_IS, 0, { { .who = 1, .manual = true } }, "" }, { WAIT, 60000, .want = "" } } },
	{ "nothing new is nothing", { { .who = 1 } },
	  { DIALLED, { FILE_IS, 0, { { .who = 1 } }, "" }, { WAIT, 9000, .want = "" } } },
	{ "one that leaves is told, then the link goes", { { .who = 1 } },
	  { DIALLED, { FILE_IS, 0, { { 0 } }, "" }, { WAIT, 0, .want = "bye" },
	    { WAIT, 999, .want = "" }, { WAIT, 1, .want = "retire link-down" },
	    { WAIT, 600000, .want = "" } } },
	{ "one that leaves is not dialled any more", { { .who = 1 } },
	  { { WAIT, 0, .want = "expect msg1" }, { FILE_IS, 0, { { 0 } }, "" },
	    { WAIT, 0, .want = "forget" }, { WAIT, 600000, .want = "" } } },
	{ "one that comes back at once is dialled when it has gone", { { .who = 1 } },
	  { DIALLED, { FILE_IS, 0, { { 0 } }, "" }, { WAIT, 0, .want = "bye" },
	    { FILE_IS, 0, { { .who = 1 } }, "" }, { WAIT, 1000, .want = "retire link-down" },
	    { WAIT, 1, .want = "expect msg1" } } },
	{ "another address, not linked: dialled there and not here", { { .who = 1 } },
	  { { WAIT, 0, .want = "expect msg1" }, { FILE_IS, 0, { { .who = 1, .at = 9 } }, "" },
	    { WAIT, 0, .want = "forget expect msg1" } } },
	{ "another address, between two dials: at once", { { .who = 1 } },
	  { { WAIT, 30000, .want = "expect msg1 msg1 msg1 msg1 msg1 forget" },
	    { FILE_IS, 0, { { .who = 1, .at = 9 } }, "" }, { WAIT, 0, .want = "expect msg1" } } },
	{ "another address, linked: the link stays", { { .who = 1 } },
	  { DIALLED, { FILE_IS, 0, { { .who = 1, .at = 9 } }, "" }, { WAIT, 9000, .want = "" } } },
	{ "now manual: a dial goes on, no other is begun", { { .who = 1 } },
	  { { WAIT, 30000, .want = "expect msg1 msg1 msg1 msg1 msg1 forget" },
	    { FILE_IS, 0, { { .who = 1, .manual = true } }, "" }, { WAIT, 600000, .want = "" } } },
	{ "manual before: dialled", { { .who = 1, .manual = true } },
	  { { WAIT, 1000, .want = "" }, { FILE_IS, 0, { { .who = 1 } }, "" },
	    { WAIT, 0, .want = "expect msg1" } } },
	{ "a name for a number: asked for", { { .who = 1 } },
	  { { WAIT, 0, .want = "expect msg1" },
	    { FILE_IS, 0, { { .who = 1, .named = true } }, "" },
	    { WAIT, 0, .want = "forget resolve-name" }, { NAMES, 1, .want = "" },
	    { WAIT, 0, .want = "expect msg1" } } },
	{ "a name that is asked for is asked for anew", { { .who = 1, .named = true } },
	  { { WAIT, 0, .want = "resolve-name" },
	    { FILE_IS, 0, { { .who = 1, .named = true } }, "" },
	    { WAIT, 0, .want = "resolve-name" } } },
	{ "the same name between two dials: nothing new", { { .who = 1, .named = true } },
	  { { WAIT, 0, .want = "resolve-name" }, { NAMES, 1, .want = "" },
	    { WAIT, 30000, .want = "expect msg1 msg1 msg1 msg1 msg1 forget" },
	    { FILE_IS, 0, { { .who = 1, .named = true } }, "" }, { WAIT, 1000, .want = "" } } },
	{ "another name between two dials: at once", { { .who = 1, .named = true } },
	  { { WAIT, 0, .want = "resolve-name" }, { NAMES, 1, .want = "" },
	    { WAIT, 30000, .want = "expect msg1 msg1 msg1 msg1 msg1 forget" },
	    { FILE_IS, 0, { { .who = 1, .named = true, .name = 2 } }, "" },
	    { WAIT, 0, .want = "resolve-name" } } },
	{ "the same name, linked: nothing new", { { .who = 1, .named = true } },
	  { { WAIT, 0, .want = "resolve-name" }, { NAMES, 1, .want = "" }, DIALLED,
	    { FILE_IS, 0, { { .who = 1, .named = true }, { .who = 2, .manual = true } }, "" },
	    { WAIT, 9000, .want = "" } } },
	{ "the stranger who is there becomes a peer", { { 0 } },
	  { { LINK, 1, .want = "" }, { FILE_IS, 0, { { .who = 1 } }, "" },
	    { WAIT, 8000, .want = "" } } },
	{ "others do not notice", { { .who = 2, .manual = true } },
	  { { LINK, 2, .want = "" },
	    { FILE_IS, 0, { { .who = 2, .manual = true }, { .who = 1 } }, "" },
	    { WAIT, 0, .want = "expect msg1" }, { REPLY, 1, .want = "install use heartbeat" },
	    { FILE_IS, 0, { { .who = 2, .manual = true } }, "" }, { WAIT, 0, .want = "bye" },
	    { WAIT, 1000, .want = "retire link-down" } } },
};

static void answer(struct bench *b, unsigned who, const char *wanted)
{
	struct puppet p = { .who = who, .epoch = 1, .ephemeral = 7, .index = 5 };

	b->alive = true;
	want(wanted, bench_msg2(b, &p));
	bench_confirm(b, who, b->link_key, 0);
}

static void names(struct bench *b, unsigned who)
{
	struct fips_via via = bench_via(who);
	struct fips_input in = { .kind = FIPS_IN_VIAS, .peer = world_identity(who).addr,
		                 .vias = &via, .n_vias = 1 };

	bench_feed(b, &in);
}

START_TEST(each_row)
{
	const struct row *row = &rows[_i];
	struct bench *b = open_with(row->before);

	printf("%s\n", row->why);
	fflush(stdout);
	for (unsigned i = 0; row->step[i].op != END; i++) {
		struct file *f;

		switch (row->step[i].op) {
		case LINK: bench_link(b, row->step[i].a); break;
		case REPLY: answer(b, row->step[i].a, row->step[i].want); break;
		case NAMES: names(b, row->step[i].a); break;
		case WAIT: want(row->step[i].want, bench_wait(b, MS(row->step[i].a))); break;
		case FILE_IS:
			f = file_of(b, row->step[i].list);
			want(row->step[i].want, configure(b, f));
			free(f);
			break;
		case END: break;
		}
	}
	bench_close(b);
}
END_TEST

/* R15: two peers that are called have a further address, and two that packets wait for are put
 * behind a neighbour who is there: two message 1s and two setups are owed,
 * which is too much for one call together. */
START_TEST(calls_and_sessions_at_once)
{
	const struct says before[] = { { .who = 3, .manual = true }, { .who = 1 }, { .who = 2 },
		                       { .who = 4, .manual = true }, { .who = 5, .manual = true },
		                       { 0 } };
	const struct says after[] = { { .who = 3, .manual = true }, { .who = 1 }, { .who = 2 },
		                      { .who = 4, .behind = 3 }, { .who = 5, .behind = 3 }, { 0 } };
	struct bench *b = open_with(before);
	struct file *f = file_of(b, after);

	want("expect msg1 expect msg1", bench_wait(b, 0));
	bench_link(b, 3);
	want("", bench_resolve(b, 4));
	want("", bench_resolve(b, 5));
	for (unsigned i = 1; i <= 2; i++) {
		f->peers[i].vias[1] = bench_via(10 + i);
		f->peers[i].n_vias = 2;
	}
	want("", configure(b, f));
	want("setup setup expect msg1 expect msg1", bench_wait(b, 0));
	free(f);
	bench_close(b);
}
END_TEST

/* Where it dials is where the file says. */
START_TEST(the_new_address_is_called)
{
	const struct says before[] = { { .who = 1 }, { 0 } },
			  after[] = { { .who = 1, .at = 9 }, { 0 } };
	struct bench *b = open_with(before);
	struct file *f = file_of(b, after);
	struct fips_via via = bench_via(9);

	bench_wait(b, 0);
	configure(b, f);
	want("forget expect msg1", bench_wait(b, 0));
	ck_assert(fips_via_eq(&b->last[FIPS_ACT_SEND_RAW].via, &via));
	free(f);
	bench_close(b);
}
END_TEST

/* Links that are up take it at once: what was planned is due as it was, or never. */
START_TEST(rekeys_are_switched)
{
	const struct says list[] = { { .who = 1 }, { 0 } };
	struct file *f = file_of(NULL, list);
	struct bench *b;

	f->config.rekey = _i;
	b = bench_open(ME, 0, &f->config);
	f->config.me = &b->me;
	want("expect msg1", bench_wait(b, 0));
	answer(b, 1, "install use heartbeat");
	bench_wait(b, SECONDS(_i ? 60 : 300));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LINK_REKEYS), 0);
	f->config.rekey = !_i;
	configure(b, f);
	bench_wait(b, SECONDS(_i ? 300 : 1));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LINK_REKEYS), _i ? 0 : 1);
	free(f);
	bench_close(b);
}
END_TEST

START_TEST(a_new_alias_is_shown)
{
	const struct says list[] = { { .who = 1 }, { 0 } };
	struct bench *b = open_with(list);
	struct file *f = file_of(b, list);
	struct fips_peer_info info;

	snprintf(f->peers[0].alias, FIPS_ALIAS_LEN, "somebody");
	configure(b, f);
	ck_assert(fips_node_peer(b->node, 0, &info));
	ck_assert_str_eq(info.alias, "somebody");
	ck_assert(!fips_node_peer(b->node, 1, &info));
	f->config.n_peers = 0;
	configure(b, f);
	ck_assert(!fips_node_peer(b->node, 0, &info));
	free(f);
	bench_close(b);
}
END_TEST

/* A session goes with its link. */
START_TEST(the_session_goes_too)
{
	const struct says list[] = { { .who = 1, .manual = true }, { 0 } };
	struct puppet p = { .who = 1, .epoch = 1, .ephemeral = 7 };
	struct bench *b = open_with(list);
	struct file *f = file_of(b, NULL);
	struct fips_addr peer = world_identity(1).addr;

	bench_link(b, 1);
	bench_setup(b, &p);
	bench_msg3(b, &p);
	ck_assert(fips_node_has_session(b->node, &peer));
	configure(b, f);
	want("bye", bench_wait(b, 0));
	ck_assert_ptr_nonnull(strstr(bench_wait(b, MS(1000)), "session-down"));
	ck_assert(!fips_node_has_session(b->node, &peer));
	ck_assert(!fips_node_has_link(b->node, &peer));
	free(f);
	bench_close(b);
}
END_TEST

/* ---- room ---- */

/* The tables grow under links and sessions that live; less room turns nobody out. */
START_TEST(more_and_fewer)
{
	struct says all[MOST] = { { 0 } };
	struct bench *b;
	struct file *f = file_of(NULL, NULL), *g;
	unsigned byes = 0;
	const char *said;

	f->config.max_peers = 1;
	b = bench_open(ME, 0, &f->config);
	free(f);
	bench_link(b, 100);
	for (unsigned i = 0; i < MOST - 1; i++)
		all[i] = (struct says){ .who = 101 + i, .manual = true };
	g = file_of(b, all);
	g->config.max_peers = 110;
	configure(b, g);
	for (unsigned i = 0; i < 100; i++)
		bench_link(b, 101 + i);
	for (unsigned i = 0; i <= 100; i++) {
		struct fips_addr peer = world_identity(100 + i).addr;

		ck_assert(fips_node_has_link(b->node, &peer));
	}
	/* fewer places than links: who is there stays, nobody else comes */
	g->config.max_peers = 2;
	want("", configure(b, g));
	want("",
	     bench_msg1(b, &(struct puppet){ .who = 250, .epoch = 1, .ephemeral = 3, .index = 3 }));
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_REFUSED), 1);
	/* all hundred leave at once: in portions */
	g->config.n_peers = 0;
	want("", configure(b, g));
	for (said = bench_wait(b, 0); (said = strstr(said, "bye")); said++)
		byes++;
	ck_assert_uint_eq(byes, 100);
	free(g);
	bench_close(b);
}
END_TEST

/* The table is full of strangers who were there once.  Who leaves while it is dialled has its slot
 * until its call is taken back: else that would count as one of those that may be out at a time,
 * for ever, and its index would stay expected. */
START_TEST(who_leaves_is_not_pushed_out)
{
	const struct says before[] = { { .who = 1 }, { 0 } }, after[] = { { .who = 2 }, { 0 } };
	static const uint8_t bye[] = { FIPS_LINK_DISCONNECT, 0 };
	struct file *f = file_of(NULL, before);
	struct bench *b;

	f->config.max_peers = 1;
	f->config.limits.calls = 1;
	b = bench_open(ME, 0, &f->config);
	free(f);
	want("expect msg1", bench_wait(b, 0));
	for (unsigned who = 100; who < 110; who++) {
		bench_link(b, who);
		bench_message(b, who, bye, sizeof bye);
	}
	f = file_of(b, after);
	f->config.max_peers = 1;
	f->config.limits.calls = 1;
	for (unsigned i = 0; i < 5; i++) {
		f->peers[0] = (struct fips_peer_config){ 0 };
		f->config.n_peers = 0;
		add(f, &(struct says){ .who = 2 + i });
		want("", configure(b, f));
		want("forget expect msg1", bench_wait(b, 0));
	}
	/* and all of them between two looks of the timers */
	for (unsigned i = 0; i < 50; i++) {
		f->peers[0] = (struct fips_peer_config){ 0 };
		f->config.n_peers = 0;
		add(f, &(struct says){ .who = 120 + i });
		want("", configure(b, f));
	}
	want("forget expect msg1", bench_wait(b, 0));
	free(f);
	bench_close(b);
}
END_TEST

START_TEST(timers_are_taken)
{
	const struct says list[] = { { .who = 1, .manual = true }, { 0 } };
	struct bench *b = open_with(list);
	struct file *f = file_of(b, list);

	bench_link(b, 1);
	f->config.timers.heartbeat = 2000;
	configure(b, f);
	want("heartbeat", bench_wait(b, MS(9000))); /* set before */
	want("heartbeat heartbeat heartbeat", bench_wait(b, MS(6000)));
	free(f);
	bench_close(b);
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
	struct says list[3];
	unsigned    max_peers;
	const char *why;
} wrong[] = {
	{ { { .who = ME } }, 8, "a peer must not be the node itself" },
	{ { { .who = 1 }, { .who = 1 } }, 8, "a peer is listed twice" },
	{ { { .who = 1, .behind = 2 } }, 8,
	  "a peer must be behind a configured peer that is not behind another" },
	{ { { .who = 1 } }, 0, "max_peers must be from 1 to 65536" },
};

START_TEST(a_bad_one_changes_nothing)
{
	const struct says list[] = { { .who = 1 }, { 0 } };
	struct bench *b = open_with(list);
	struct file *f = file_of(b, wrong[_i].list);
	const char *why;

	f->config.max_peers = wrong[_i].max_peers;
	why = fips_node_reserve(b->node, &f->config);
	ck_assert_ptr_nonnull(why);
	ck_assert_str_eq(why, wrong[_i].why);
	want("expect msg1", bench_wait(b, 0));
	free(f);
	bench_close(b);
}
END_TEST

/* ---- behind others ---- */

/* A peer that is behind another from now on has a session by it; when it is no more, the session
 * goes. */
START_TEST(behind_and_not)
{
	const struct says alone[] = { { .who = 1, .manual = true }, { 0 } },
	                  both[] = { { .who = 1, .manual = true }, { .who = 2, .behind = 1 },
	                             { 0 } };
	struct bench *b = open_with(alone);
	struct file *f = file_of(b, both), *g = file_of(b, alone);

	bench_link(b, 1);
	want("unreachable", bench_resolve(b, 2));
	want("", configure(b, f));
	want("", bench_wait(b, 0));
	ck_assert_ptr_nonnull(strstr(bench_resolve(b, 2), "setup"));
	want("", configure(b, g));
	ck_assert_ptr_nonnull(strstr(bench_wait(b, 0), "session-down"));
	want("unreachable", bench_resolve(b, 2));
	free(f);
	free(g);
	bench_close(b);
}
END_TEST

/* One that is put behind a neighbour while it is called is not called any more, neither when there
 * were no names to be found (1) nor at the end of the call. */
START_TEST(behind_while_called)
{
	const struct says before[] = { { .who = 3, .manual = true }, { .who = 1 }, { 0 } },
	                  after[] = { { .who = 3, .manual = true }, { .who = 1, .behind = 3 },
	                              { 0 } };
	struct fips_input none = { .kind = FIPS_IN_VIAS, .peer = world_identity(1).addr };
	struct bench *b = open_with(before);
	struct file *f = file_of(b, after);
	struct fips_peer_info info;

	want("expect msg1", bench_wait(b, 0));
	bench_link(b, 3);
	want("", configure(b, f));
	if (_i == 1)
		want("forget", bench_feed(b, &none));
	want(_i == 1 ? "" : "forget", bench_wait(b, 0));
	bench_wait(b, MS(40000));
	ck_assert(fips_node_peer(b->node, 1, &info));
	ck_assert_int_eq(info.state, FIPS_PEER_BEHIND);
	ck_assert_uint_eq(info.retry_at, MR_NEVER);
	free(f);
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node configure");
	TCase *tc = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, each_row, 0, (int)COUNT(rows));
	tcase_add_test(tc, calls_and_sessions_at_once);
	tcase_add_test(tc, the_new_address_is_called);
	tcase_add_loop_test(tc, rekeys_are_switched, 0, 2);
	tcase_add_test(tc, a_new_alias_is_shown);
	tcase_add_test(tc, the_session_goes_too);
	tcase_add_test(tc, more_and_fewer);
	tcase_add_test(tc, who_leaves_is_not_pushed_out);
	tcase_add_test(tc, timers_are_taken);
	tcase_add_loop_test(tc, a_bad_one_changes_nothing, 0, (int)COUNT(wrong));
	tcase_add_test(tc, behind_and_not);
	tcase_add_loop_test(tc, behind_while_called, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
