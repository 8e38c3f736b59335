/* Rekeys between nodes on a made-up network, with numbered packets: what the path brings is
 * delivered, once, whichever side begins, whatever message of a handshake is lost. */
#include <string.h>

#include <check.h>

#include "t/lib/node_plane.h"
#include "t/lib/reference.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- two nodes that rekey ---- */

enum { A_BEGINS = 1, B_BEGINS = 2 };

struct pair {
	struct world    *w;
	struct sim_node *a, *b;
	struct world_peer to_a, to_b;
	struct fips_node_config config[2];
	uint64_t         from[2]; /* first number that counts */
};

/* Keys are replaced when they are 40 s old, 5 s more or less. */
static struct fips_node_config often(bool begins)
{
	struct fips_node_config config = fips_node_config_default();

	config.max_peers = 8;
	config.limits.sessions = 8;
	config.rekey = begins;
	config.timers.link_rekey = config.timers.session_rekey = 40000;
	config.timers.rekey_jitter = 5000;
	return config;
}

/* Of each seed another one dials: b, a, both. */
static struct pair pair_with(uint64_t seed, const struct fips_node_config *a,
                             const struct fips_node_config *b)
{
	struct pair p = { .w = world_open(seed), .to_a = { .secret = 1, .vias = seed % 3 > 0 },
		          .to_b = { .secret = 2, .vias = seed % 3 != 1 }, .config = { *a, *b } };

	p.a = world_node(p.w, 1, &p.to_b, 1, &p.config[0]);
	p.b = world_node(p.w, 2, &p.to_a, 1, &p.config[1]);
	return p;
}

static struct pair pair_open(uint64_t seed, unsigned begins)
{
	struct fips_node_config a = often(begins & A_BEGINS), b = often(begins & B_BEGINS);

	return pair_with(seed, &a, &b);
}

/* s seconds with a packet each way every `every` ms. */
static void talk(struct pair *p, unsigned s, unsigned every)
{
	for (uint64_t end = p->w->now + SECONDS(s); p->w->now < end;) {
		world_data(p->a, &p->b->me.addr);
		world_data(p->b, &p->a->me.addr);
		world_run(p->w, MS(every));
	}
}

/* Past what the beginning may cost: a message that overtakes message 3 is lost there. */
static void settle(struct pair *p)
{
	talk(p, 20, 250);
	world_run(p->w, SECONDS(2));
	ck_assert(world_linked(p->a, p->b) && world_in_session(p->a, p->b));
	p->from[0] = p->a->ledger.numbered;
	p->from[1] = p->b->ledger.numbered;
}

static uint64_t count(const struct sim_node *node, enum fips_node_count what)
{
	return fips_node_counts(node->brain)[what];
}

static uint64_t both(const struct pair *p, enum fips_node_count what)
{
	return count(p->a, what) + count(p->b, what);
}

/* What the path brought was delivered, once; nothing was torn down. */
static void ck_exact(struct pair *p, unsigned percent)
{
	struct sim_node *node[2] = { p->a, p->b };

	p->w->loss = p->w->dup = p->w->reorder = 0;
	p->w->filter = NULL;
	world_run(p->w, SECONDS(3));
	for (unsigned i = 0; i < 2; i++) {
		struct tally t = ledger_tally(&node[i]->ledger, p->from[i]);

		ck_assert_uint_gt(t.numbered, 1000);
		ck_assert_msg(t.lost == 0 && t.doubled == 0, "%lu lost, %lu doubled of %lu",
		              (unsigned long)t.lost, (unsigned long)t.doubled,
		              (unsigned long)t.numbered);
		if (!percent)
			ck_assert_uint_eq(t.delivered, t.numbered);
		ck_assert_uint_eq(node[i]->actions_done[FIPS_ACT_SESSION_DOWN], 0);
		ck_assert_uint_eq(node[i]->actions_done[FIPS_ACT_LINK_DOWN], 0);
	}
}

/* ---- hitless ---- */

static const struct {
	unsigned begins, percent, delay; /* ms each way */
	bool     count;                  /* by count, not by age */
} paths[] = {
	{ A_BEGINS, 0, 5, false },  { B_BEGINS, 0, 5, false },  { 3, 0, 5, false },
	{ 3, 0, 600, false },       { 3, 0, 5, true },          { 3, 0, 300, true },
	{ A_BEGINS, 5, 5, false },  { B_BEGINS, 5, 5, false },  { 3, 5, 5, false },
	{ 3, 10, 5, false },        { 3, 10, 300, false },      { 3, 5, 5, true },
};

/* 100 rekeys of each kind.  On a clean path none fails and no packet is missed. */
START_TEST(hitless)
{
	size_t kind = (size_t)_i % COUNT(paths);
	unsigned percent = paths[kind].percent;
	struct pair p = pair_open((uint64_t)_i, paths[kind].begins);
	unsigned rounds = 0;

	p.w->delay = paths[kind].delay;
	if (paths[kind].count) {
		world_close(p.w);
		p = (struct pair){ .w = world_open((uint64_t)_i),
			           .to_a = { .secret = 1, .vias = 1 },
			           .to_b = { .secret = 2, .vias = 1 },
			           .config = { often(true), often(true) } };
		for (unsigned i = 0; i < 2; i++) {
			p.config[i].timers.link_rekey = p.config[i].timers.session_rekey =
				4000000000;
			p.config[i].timers.rekey_messages = 100;
		}
		p.w->delay = paths[kind].delay;
		p.a = world_node(p.w, 1, &p.to_b, 1, &p.config[0]);
		p.b = world_node(p.w, 2, &p.to_a, 1, &p.config[1]);
	}
	settle(&p);
	p.w->loss = p.w->dup = p.w->reorder = percent;
	while (count(p.a, FIPS_NODE_LINK_CUTS) < 100 || count(p.a, FIPS_NODE_SESSION_CUTS) < 100) {
		talk(&p, 60, 100);
		ck_assert_uint_lt(rounds++, 250);
	}
	ck_exact(&p, percent);
	ck_assert_uint_ge(both(&p, FIPS_NODE_LINK_REKEYS), 100);
	ck_assert_uint_ge(both(&p, FIPS_NODE_SESSION_REKEYS), 100);
	if (!percent)
		ck_assert_uint_eq(both(&p, FIPS_NODE_LINK_REKEYS_FAILED) +
		                          both(&p, FIPS_NODE_SESSION_REKEYS_FAILED), 0);
	world_close(p.w);
}
END_TEST

/* ---- one message of each handshake ---- */

enum what { MSG1, MSG2, SETUP, ACK, MSG3, FRAME, MESSAGE, OTHER };

struct loss {
	enum what what;
	unsigned  skip, lose; /* of those of that kind */
	unsigned  seen, lost;
};

/* FRAME and MESSAGE: the first three under a key. */
static enum what kind_of(const uint8_t *bytes, size_t n)
{
	struct fips_fsp_sealed sealed;
	struct fips_link_head head;
	struct fips_datagram d;

	if (bytes[0] == 1)
		return MSG1;
	if (bytes[0] == 2)
		return MSG2;
	fips_link_head_parse(bytes, &head);
	if (head.counter < 3)
		return FRAME;
	if (n < 36 || bytes[20] != FIPS_LINK_DATAGRAM ||
	    !fips_datagram_parse(bytes + 20, n - 36, &d))
		return OTHER;
	switch (fips_fsp_check(d.payload, d.payload_len)) {
	case FIPS_FSP_SETUP: return SETUP;
	case FIPS_FSP_ACK: return ACK;
	case FIPS_FSP_MSG3: return MSG3;
	case FIPS_FSP_ENCRYPTED: break;
	default: return OTHER;
	}
	return fips_fsp_sealed_parse(d.payload, d.payload_len, &sealed) && sealed.counter < 3 ?
	               MESSAGE :
	               OTHER;
}

static bool lose(void *self, const struct sim_node *from, const struct sim_node *to,
                 const uint8_t *bytes, size_t n)
{
	struct loss *loss = self;

	(void)from, (void)to;
	if (kind_of(bytes, n) != loss->what)
		return true;
	if (loss->seen++ % (loss->skip + loss->lose) < loss->skip)
		return true;
	loss->lost++;
	return false;
}

static const struct loss losses[] = {
	{ MSG1, 1, 1, 0, 0 },  { MSG1, 1, 3, 0, 0 },  { MSG2, 1, 1, 0, 0 },  { MSG2, 1, 4, 0, 0 },
	{ SETUP, 1, 1, 0, 0 }, { SETUP, 1, 2, 0, 0 }, { ACK, 1, 1, 0, 0 },   { ACK, 1, 3, 0, 0 },
	{ MSG3, 1, 1, 0, 0 },  { MSG3, 1, 2, 0, 0 },  { FRAME, 0, 1, 0, 0 }, { FRAME, 1, 1, 0, 0 },
	{ MESSAGE, 0, 1, 0, 0 }, { MESSAGE, 1, 1, 0, 0 },
};

/* The same message of every rekey is lost, so many times in a row: costs no packet but those that
 * are lost themselves. */
START_TEST(lost_at_each_step)
{
	struct loss loss = losses[(size_t)_i / 3];
	struct pair p = pair_open((uint64_t)_i, 1 + (unsigned)_i % 3);

	settle(&p);
	p.w->filter = lose;
	p.w->filter_self = &loss;
	talk(&p, 1800, 200);
	ck_exact(&p, 1);
	ck_assert_uint_gt(loss.lost, 5);
	ck_assert_uint_ge(count(p.a, FIPS_NODE_LINK_CUTS), 5);
	ck_assert_uint_ge(count(p.a, FIPS_NODE_SESSION_CUTS), 5);
	world_close(p.w);
}
END_TEST

/* The wait for message 3 to be heard is much shorter than the gaps between its sendings: the move
 * waits for these, and again a lost one costs nothing. */
START_TEST(moves_wait_for_sendings)
{
	static const struct {
		uint32_t resend, cut_over; /* ms */
		unsigned lose;             /* in a row; the ack sent again brings
		                            * one more at a time */
	} waits[] = { { 1000, 80, 1 }, { 1000, 80, 3 }, { 1000, 4000, 5 }, { 6000, 8000, 3 } };
	struct loss loss = { MSG3, 1, waits[_i].lose, 0, 0 };
	struct fips_node_config config = often(true);
	struct pair p;

	config.timers.resend = waits[_i].resend;
	config.timers.session_cut_over = waits[_i].cut_over;
	p = pair_with((uint64_t)_i, &config, &config);
	settle(&p);
	p.w->filter = lose;
	p.w->filter_self = &loss;
	talk(&p, 1800, 200);
	ck_exact(&p, 1);
	ck_assert_uint_gt(loss.lost, 5);
	ck_assert_uint_ge(count(p.a, FIPS_NODE_SESSION_CUTS), 5);
	world_close(p.w);
}
END_TEST

/* Rekeys are never answered: the old keys go on, and when the path is well again so are rekeys. */
START_TEST(a_peer_that_never_answers)
{
	struct loss loss = { .what = _i % 2 ? SETUP : MSG1, .lose = 1 };
	struct pair p = pair_open((uint64_t)_i, 3);
	enum fips_node_count failed = _i % 2 ? FIPS_NODE_SESSION_REKEYS_FAILED :
	                                       FIPS_NODE_LINK_REKEYS_FAILED;
	enum fips_node_count cuts = _i % 2 ? FIPS_NODE_SESSION_CUTS : FIPS_NODE_LINK_CUTS;
	uint64_t before;

	settle(&p);
	before = both(&p, cuts);
	p.w->filter = lose;
	p.w->filter_self = &loss;
	talk(&p, 1200, 250);
	ck_assert_uint_ge(count(p.a, failed), 5);
	ck_assert_uint_ge(count(p.b, failed), 5);
	ck_assert_uint_le(both(&p, cuts), before + 2); /* a crossing of first setups, untangled */
	p.w->filter = NULL;
	talk(&p, 300, 250);
	ck_assert_uint_ge(both(&p, cuts), before + 4);
	ck_exact(&p, 0);
	world_close(p.w);
}
END_TEST

/* ---- restarts and one-way paths in the middle of it ---- */

static bool no_answers(void *self, const struct sim_node *from, const struct sim_node *to,
                       const uint8_t *bytes, size_t n)
{
	(void)to, (void)bytes, (void)n;
	return from != self;
}

static bool together(const struct pair *p)
{
	return world_linked(p->a, p->b) && world_in_session(p->a, p->b);
}

static void ck_heals(struct pair *p, unsigned s)
{
	uint64_t a = p->a->got, b = p->b->got;

	for (unsigned i = 0; i < s && (p->a->got == a || p->b->got == b || !together(p)); i++)
		talk(p, 1, 250);
	ck_assert_msg(p->a->got > a && p->b->got > b, "no data after %u s", s);
}

/* A process ends, or one side is not heard for longer than a link lives, so that it dials while the
 * other rekeys; at any moment of a rekey. */
START_TEST(restarts_and_outages)
{
	struct pair p = pair_open(300 + (uint64_t)_i, 3);

	p.w->loss = p.w->reorder = (unsigned)_i % 2 * 5;
	settle(&p);
	for (unsigned i = 0; i < 12; i++) {
		talk(&p, 30 + (unsigned)world_random(p.w, 20), 250);
		world_run(p.w, world_random(p.w, SECONDS(1)));
		switch (i % 4) {
		case 0: world_restart(p.a, &p.to_b, 1, &p.config[0]); break;
		case 1: world_restart(p.b, &p.to_a, 1, &p.config[1]); break;
		default:
			p.w->filter = no_answers;
			p.w->filter_self = i % 4 == 2 ? p.a : p.b;
			talk(&p, 20 + (unsigned)world_random(p.w, 40), 250);
			p.w->filter = NULL;
		}
		ck_heals(&p, 150);
	}
	world_close(p.w);
}
END_TEST

#define ASIDE 12 /* steps of 10 ms before and behind the moment */

static bool begins_rekey(void *self)
{
	return count(self, FIPS_NODE_LINK_REKEYS) > 0;
}

/* A process that is new dials while a message 1 of our rekey, meant for the one before it, is on
 * its way: both are answered, and both sides must come to send with the same handshake's keys.
 * Whoever has the smaller address may be the new one. */
START_TEST(a_rekey_meets_a_new_process)
{
	struct fips_node_config config[2] = { often(true), often(true) };
	struct pair p = { .w = world_open((uint64_t)_i), .to_a = { .secret = 1, .vias = 1 },
		          .to_b = { .secret = 2, .vias = 1 } };
	unsigned young = (unsigned)_i % 2, step = (unsigned)_i / 2;
	struct sim_node *stays, *begins;

	for (unsigned i = 0; i < 2; i++) {
		config[i].timers.rekey_jitter = 0;
		config[i].rekey = i != young;
	}
	p.w->delay = 50;
	p.a = world_node(p.w, 1, &p.to_b, 1, &config[0]);
	p.b = world_node(p.w, 2, &p.to_a, 1, &config[1]);
	stays = young ? p.a : p.b;
	begins = young ? p.b : p.a;
	talk(&p, 35, 250);
	world_kill(begins);
	ck_assert(world_until(p.w, SECONDS(20), begins_rekey, stays));
	world_run(p.w, MS(3000 + 10 * step) - MS(10 * ASIDE)); /* it is sent again after 3 s */
	world_restart(begins, young ? &p.to_a : &p.to_b, 1, &config[young]);
	talk(&p, 2, 250);
	p.from[0] = p.a->ledger.numbered;
	p.from[1] = p.b->ledger.numbered;
	talk(&p, 60, 50);
	for (unsigned i = 0; i < 2; i++) {
		struct tally t = ledger_tally(&(i ? p.b : p.a)->ledger, p.from[i]);

		ck_assert_uint_ge(t.delivered + 4, t.numbered); /* on their way */
	}
	ck_assert_uint_eq(both(&p, FIPS_NODE_LOST), 0);
	world_close(p.w);
}
END_TEST

/* ---- what comes late, and junk ---- */

#define KEPT 2000

struct attic {
	unsigned n;
	struct {
		struct fips_via from, to;
		size_t          n;
		uint8_t         bytes[200];
	} frame[KEPT];
};

static bool keep(void *self, const struct sim_node *from, const struct sim_node *to,
                 const uint8_t *bytes, size_t n)
{
	struct attic *attic = self;

	if (bytes[0] == 0 && n <= 200 && attic->n < KEPT) {
		attic->frame[attic->n].from = from->via;
		attic->frame[attic->n].to = to->via;
		memcpy(attic->frame[attic->n].bytes, bytes, n);
		attic->frame[attic->n++].n = n;
		return world_random(from->world, 4) != 0; /* some have not come yet */
	}
	return true;
}

/* R22: frames of old epochs come in masses, early ones while their key drains,
 * others when it is gone. */
START_TEST(late_frames_of_old_epochs_tear_nothing_down)
{
	static struct attic attic;
	struct pair p = pair_open((uint64_t)_i, 3);

	settle(&p);
	attic.n = 0;
	p.w->filter = keep;
	p.w->filter_self = &attic;
	talk(&p, 60, 250);
	p.w->filter = NULL;
	p.from[0] = p.a->ledger.numbered;
	p.from[1] = p.b->ledger.numbered;
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < attic.n; i++)
			world_send(p.w, &attic.frame[i].from, &attic.frame[i].to,
			           attic.frame[i].bytes, attic.frame[i].n);
		talk(&p, 10, 250);
		if (round == 0) /* those that were lost and are heard now are none of the rest */
			p.from[0] = p.a->ledger.numbered, p.from[1] = p.b->ledger.numbered;
	}
	ck_exact(&p, 0);
	ck_assert_uint_ge(both(&p, FIPS_NODE_LINK_CUTS), 8);
	world_close(p.w);
}
END_TEST

/* R29: junk for every live index, old, pending and current, all through rekeys of both kinds. */
START_TEST(junk_with_a_live_index_tears_nothing_down)
{
	struct pair p = pair_open((uint64_t)_i, 3);
	struct fips_via from = world_via(200, 1);
	uint8_t junk[64] = { 0 };

	settle(&p);
	for (unsigned i = 0; i < 6000; i++) {
		struct sim_node *at = i % 2 ? p.a : p.b;
		uint32_t index[16];
		unsigned n = plane_indices(at->plane, index, 16);

		for (unsigned k = 0; k < n; k++) {
			struct fips_link_head head = { .payload_len = 64 - FIPS_LINK_MIN,
				                       .flags = (uint8_t)(k % 2),
				                       .receiver_idx = index[k], .counter = i };

			fips_link_head_build(junk, &head);
			world_send(p.w, &from, &at->via, junk, sizeof junk);
		}
		world_data(p.a, &p.b->me.addr);
		world_data(p.b, &p.a->me.addr);
		world_run(p.w, MS(100));
	}
	ck_exact(&p, 0);
	ck_assert_uint_ge(both(&p, FIPS_NODE_LINK_CUTS), 20);
	ck_assert_uint_eq(p.a->actions_done[FIPS_ACT_SET_VIA], 0);
	world_close(p.w);
}
END_TEST

/* ---- beside the reference ---- */

/* Numbers 10 < 11 < 2 < 1 are in the order of their addresses. */
static const struct {
	unsigned we, they;
} order[] = { { 1, 2 }, { 10, 11 } };

static const struct {
	unsigned age; /* the reference's; s */
	bool     k_out_of_phase;
	unsigned links, sessions; /* rekeys we begin at least */
} meetings[] = {
	{ 100000, false, 100, 100 }, /* we lead */
	{ 100000, true, 100, 100 },
	{ 40, false, 20, 20 },       /* now one, now the other */
	{ 40, true, 20, 20 },
};

START_TEST(beside_the_reference)
{
	size_t kind = (size_t)_i / 4;
	struct world *w = world_open((uint64_t)_i);
	struct reference_config config = {
		.secret = order[_i % 2].they, .peer = order[_i % 2].we, .dials = _i & 2,
		.link_messages = UINT64_MAX, .session_messages = UINT64_MAX,
		.link_age = meetings[kind].age, .session_age = meetings[kind].age,
		.k_out_of_phase = meetings[kind].k_out_of_phase,
	};
	struct world_peer peer = { .secret = order[_i % 2].they, .vias = !(_i & 2) };
	struct fips_node_config ours = often(true);
	struct sim_node *we = world_node(w, order[_i % 2].we, &peer, 1, &ours);
	struct reference *they = reference_open(w, &config);
	struct sim_node *node[2] = { we, they->node };
	uint64_t from[2];

	for (unsigned i = 0; i < 50000; i++) {
		if (i > 200) {
			world_data(we, &they->node->me.addr);
			reference_data(they);
		}
		if (i == 400) {
			world_run(w, SECONDS(1));
			from[0] = we->ledger.numbered;
			from[1] = they->node->ledger.numbered;
		}
		world_run(w, MS(100));
	}
	world_run(w, SECONDS(2));
	for (unsigned i = 0; i < 2; i++) {
		struct tally t = ledger_tally(&node[i]->ledger, from[i]);

		ck_assert_uint_eq(t.delivered, t.numbered);
		ck_assert_uint_eq(t.lost + t.doubled, 0);
	}
	ck_assert_uint_eq(they->undecryptable, 0);
	ck_assert_uint_eq(they->links, 1);
	ck_assert_uint_eq(they->sessions, 1);
	ck_assert_uint_ge(count(we, FIPS_NODE_LINK_REKEYS), meetings[kind].links);
	ck_assert_uint_ge(count(we, FIPS_NODE_SESSION_REKEYS), meetings[kind].sessions);
	if (meetings[kind].age == 40) {
		ck_assert_uint_ge(count(we, FIPS_NODE_LINK_REKEYS_ANSWERED), 20);
		ck_assert_uint_ge(count(we, FIPS_NODE_SESSION_REKEYS_ANSWERED), 20);
	}
	ck_assert_uint_eq(count(we, FIPS_NODE_LINK_REKEYS_FAILED), 0);
	world_close(w);
}
END_TEST

/* Each is a case, so that CK_RUN_CASE picks it. */
static void add(Suite *suite, const TTest *test, const char *name, int times)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, test, 0, times);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("node rekey pair");
	SRunner *runner;
	int failed;

	add(suite, hitless, "hitless", (int)COUNT(paths));
	add(suite, lost_at_each_step, "lost at each step", 3 * (int)COUNT(losses));
	add(suite, moves_wait_for_sendings, "moves wait for sendings", 4);
	add(suite, a_peer_that_never_answers, "a peer that never answers", 4);
	add(suite, restarts_and_outages, "restarts and outages", 6);
	add(suite, a_rekey_meets_a_new_process, "a rekey meets a new process", 4 * ASIDE);
	add(suite, late_frames_of_old_epochs_tear_nothing_down, "late frames", 3);
	add(suite, junk_with_a_live_index_tears_nothing_down, "junk", 3);
	add(suite, beside_the_reference, "beside the reference", 4 * (int)COUNT(meetings));
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
