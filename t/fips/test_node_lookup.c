/* test_node_lookup.c - requests that pass by and lookups of our own, by the module alone: floods, who gets a request,
 * which answers count, attempts and back-off. */
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "fips/node/lookup.h"
#include "t/lib/vectors.h"

#define PEERS  32
#define RECENT 4096
#define S      MR_NS_PER_S
#define MS     MR_NS_PER_MS

static struct mr_rand_state seed = { .seed = 3 };
static struct mr_rand rnd;
static struct fips_lookups l;
static const struct fips_addr me = { { 0xee } };

/* What filters say in a test: bit i for slot i. */
static uint32_t tree_peers, have_it;

static bool contains(const void *self, unsigned peer, const struct fips_addr *target)
{
	(void)self;
	(void)target;
	return have_it >> peer & 1;
}

static bool tree(const void *self, unsigned peer)
{
	(void)self;
	return tree_peers >> peer & 1;
}

static const struct fips_lookup_filters filters = { .n_peers = PEERS, .contains = contains, .tree = tree };

static void open_with(const struct fips_lookup_config *config)
{
	rnd = mr_rand_seeded(&seed);
	ck_assert(fips_lookups_open(&l, config, PEERS, &rnd));
	for (unsigned i = 0; i < PEERS; i++)
		fips_lookups_peer_up(&l, i, 0);
	tree_peers = have_it = 1u << 31;
}

static void set_up(void)
{
	struct fips_lookup_config config = fips_lookup_config_default();

	open_with(&config);
}

static void tear_down(void)
{
	uint32_t held = 0, known = 0;

	for (unsigned i = 0; i < PEERS; i++)
		held += l.peers[i].held;
	for (uint32_t i = 0; i < l.recent.n; i++)
		known += l.came[(l.recent.oldest + i) % RECENT].from != FIPS_NO_PEER;
	ck_assert_uint_eq(held, known);
	fips_lookups_close(&l);
}

static struct fips_addr node(unsigned i)
{
	struct fips_addr a = { { 1, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

	return a;
}

static enum fips_lookup_verdict ask(unsigned from, uint64_t id, struct fips_addr target, uint64_t now,
                                    struct fips_lookup_ways *ways)
{
	struct fips_lookup_request r = {
		.id = id, .target = target, .origin = node(999), .ttl = 9,
		.coords = fips_coords_of(&r.origin, 1),
	};

	return fips_lookups_request(&l, from, &r, &me, &filters, now, ways);
}

static enum fips_lookup_verdict answer(unsigned from, uint64_t id, struct fips_addr target,
                                       struct fips_addr first, uint64_t now, unsigned *peer)
{
	struct fips_lookup_response r = { .id = id, .target = target, .coords = fips_coords_of(&first, 1) };

	return fips_lookups_response(&l, from, &r, now, peer);
}

/* ---- floods ---- */

/* R7: fresh ids by each of the first `floods` neighbours in turn, then one by somebody new.  How many of each are
 * remembered. */
static const struct { unsigned floods, each; } floods[] = { { 1, 2048 }, { 2, 1365 }, { 3, 1024 }, { 7, 512 } };

START_TEST(a_flood_leaves_room)
{
	unsigned n = floods[_i].floods, each = floods[_i].each;
	struct fips_lookup_ways ways;
	uint64_t id = 1;

	for (unsigned i = 0; i < 3 * RECENT; i++)
		for (unsigned p = 0; p < n; p++)
			ask(p, id++, node(i), i, &ways);
	for (unsigned p = 0; p < n; p++) {
		ck_assert_uint_ge(l.peers[p].held, each);
		ck_assert_uint_le(l.peers[p].held, each + 1);
	}
	for (unsigned i = 0; i < each / 2; i++)
		ask(20, id++, node(100000 + i), 3 * RECENT, &ways);
	ck_assert_uint_eq(l.peers[20].held, each / 2);
	ck_assert_uint_ge(l.counts[FIPS_LOOKUP_REQ_DEDUP_CACHE_FULL], (3 * RECENT - each - 1) * n);

	/* it is over when they have grown old */
	ask(0, id++, node(1), 10 * S + 3 * RECENT, &ways);
	ck_assert_uint_le(l.recent.n, each / 2 + 1);
	ask(0, id++, node(1), 20 * S + 3 * RECENT, &ways);
	ck_assert_uint_eq(l.recent.n, 2);
}
END_TEST

/* R7: one that links, floods and goes, again and again, holds nothing of its own, and still leaves room. */
START_TEST(a_flood_by_many_links)
{
	struct fips_lookup_ways ways;
	uint64_t id = 1;

	for (unsigned i = 0; i < 50; i++) {
		for (unsigned k = 0; k < 3000; k++)
			ask(4, id++, node(k), 1, &ways);
		fips_lookups_peer_down(&l, 4);
		ck_assert_uint_eq(l.peers[4].held, 0);
		fips_lookups_peer_up(&l, 4, 1);
	}
	ck_assert_uint_le(l.recent.n, RECENT);
}
END_TEST

START_TEST(targets_are_limited_each)
{
	struct fips_lookup_ways ways;
	uint64_t id = 1;
	unsigned on = 0;

	for (unsigned i = 0; i < 1000; i++) /* 10 s, 100 a second, for two targets */
		on += ask(i % 4, id++, node(i & 1), i * 10 * MS, &ways) == FIPS_LOOKUP_FORWARD;
	ck_assert_uint_eq(on, 10);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_FORWARDED], 10);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED], 990);
}
END_TEST

START_TEST(nothing_is_owed_to_whom_nothing_was_sent)
{
	struct fips_lookup_ways ways;

	have_it = 0;
	ck_assert_int_eq(ask(0, 1, node(1), 0, &ways), FIPS_LOOKUP_DROP);
	have_it = 2; /* the filter has come: the next attempt need not wait */
	ck_assert_int_eq(ask(0, 2, node(1), 1, &ways), FIPS_LOOKUP_FORWARD);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_NO_TREE_PEER], 1);
}
END_TEST

/* 50 at once and 50 a second, each neighbour. */
START_TEST(answers_of_ours_are_limited)
{
	struct fips_lookup_ways ways;
	unsigned answered[3] = { 0 };
	uint64_t id = 1;

	for (unsigned i = 0; i < 501; i++) /* half a second */
		for (unsigned p = 0; p < 2; p++)
			answered[p] += ask(p, id++, me, i * MS, &ways) == FIPS_LOOKUP_RESPOND;
	for (unsigned i = 0; i < 100; i++) /* two seconds, 50 a second */
		answered[2] += ask(2, id++, me, S + i * 20 * MS, &ways) == FIPS_LOOKUP_RESPOND;
	ck_assert_uint_eq(answered[0], 75);
	ck_assert_uint_eq(answered[1], 75);
	ck_assert_uint_eq(answered[2], 100);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_TARGET_IS_US], 1102);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_ANSWER_LIMITED], 1002 - 150);
}
END_TEST

/* ---- where to ---- */

static unsigned bits(uint32_t v)
{
	unsigned n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

static uint32_t set_of(const struct fips_lookup_ways *ways)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < ways->n; i++)
		set |= 1u << ways->peer[i];
	ck_assert_uint_eq(bits(set), ways->n);
	return set;
}

/* Tree peers, whose filter matches, who it came from: who gets it. */
static const struct { uint32_t tree, match; unsigned from; uint32_t got; bool fallback; } ways_of[] = {
	{ 0x0f, 0xff, 31, 0x0f, false },          /* tree peers alone, while there are any */
	{ 0x0f, 0xf5, 31, 0x05, false },
	{ 0x0f, 0xf0, 31, 0xf0, true },
	{ 0x0f, 0x00, 31, 0x00, false },
	{ 0x00, 0x03, 31, 0x03, true },
	{ 0x0f, 0x03, 0, 0x02, false },           /* not back to where it came from */
	{ 0x0f, 0x31, 0, 0x30, true },
	{ 0x0f, 0x01, 0, 0x00, false },
	{ 0x0f, 0x03, FIPS_NO_PEER, 0x03, false }, /* ours */
};

START_TEST(who_gets_a_request)
{
	struct fips_lookup_ways ways;
	struct fips_addr target = node(1);

	tree_peers = ways_of[_i].tree;
	have_it = ways_of[_i].match;
	for (uint64_t id = 0; id < 40; id++) {
		fips_lookup_choose(&filters, &target, id, ways_of[_i].from, &ways);
		ck_assert_uint_eq(set_of(&ways), ways_of[_i].got);
		ck_assert_int_eq(ways.fallback, ways_of[_i].fallback);
	}
}
END_TEST

/* At most eight, and not always the same. */
START_TEST(at_most_eight)
{
	struct fips_addr target = node(1);
	struct fips_lookup_ways ways;
	uint32_t all = 0;

	tree_peers = have_it = 0x00ffffff;
	for (uint64_t id = 0; id < 40; id++) {
		fips_lookup_choose(&filters, &target, id, 3, &ways);
		ck_assert_uint_eq(ways.n, FIPS_LOOKUP_WAYS);
		all |= set_of(&ways);
	}
	ck_assert_uint_eq(all, 0x00ffffff & ~8u);
}
END_TEST

/* ---- the way back ---- */

START_TEST(one_answer_goes_back)
{
	struct fips_lookup_ways ways;
	unsigned peer = 99;

	ck_assert_int_eq(ask(5, 77, node(1), 0, &ways), FIPS_LOOKUP_FORWARD);
	ck_assert_int_eq(ask(6, 77, node(1), 1, &ways), FIPS_LOOKUP_DROP);
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 2, &peer), FIPS_LOOKUP_FORWARD);
	ck_assert_uint_eq(peer, 5);
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 3, &peer), FIPS_LOOKUP_DROP);
	ck_assert_int_eq(answer(31, 78, node(1), node(1), 3, &peer), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_DUPLICATE], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_DUPLICATE], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_UNASKED], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_FORWARDED], 1);
}
END_TEST

/* What is old counts until a request comes and it is thrown away. */
START_TEST(a_late_answer_goes_back)
{
	struct fips_lookup_ways ways;
	unsigned peer;

	ask(5, 77, node(1), 0, &ways);
	ask(5, 78, node(2), 1, &ways);
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 60 * S, &peer), FIPS_LOOKUP_FORWARD);
	ask(5, 79, node(3), 60 * S, &ways);
	ck_assert_int_eq(answer(31, 78, node(2), node(2), 60 * S, &peer), FIPS_LOOKUP_DROP);
}
END_TEST

/* Whoever has the slot now did not ask. */
START_TEST(a_link_that_is_gone_gets_nothing)
{
	struct fips_lookup_ways ways;
	unsigned peer = 99;

	ask(5, 77, node(1), 0, &ways);
	ask(6, 78, node(2), 0, &ways);
	fips_lookups_peer_down(&l, 5);
	fips_lookups_peer_up(&l, 5, 1);
	ck_assert_int_eq(ask(6, 77, node(1), 1, &ways), FIPS_LOOKUP_DROP); /* still known */
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 1, &peer), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_NO_ROUTE], 1);
	ck_assert_int_eq(answer(31, 78, node(2), node(2), 1, &peer), FIPS_LOOKUP_FORWARD);
	ck_assert_uint_eq(peer, 6);
}
END_TEST

START_TEST(ours_that_come_back_are_dropped)
{
	struct fips_lookup_ways ways;
	struct fips_addr target = node(1);
	uint64_t id;

	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways), FIPS_LOOKUP_STARTED);
	ck_assert_int_eq(ask(5, id, target, 1, &ways), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_OWN], 1);
	ck_assert_uint_eq(l.recent.n, 0); /* so the answer is ours still */
}
END_TEST

/* ---- our own ---- */

START_TEST(attempts_in_time)
{
	static const uint64_t first[] = { 0, 1, 3, 7 }, last[] = { 0, 2, 6, 14 };
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t id[4];

	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id[0], &ways), FIPS_LOOKUP_STARTED);
	ck_assert_uint_eq(set_of(&ways), 1u << 31);
	for (unsigned i = 1; i < 4; i++) {
		uint64_t at = l.due;

		ck_assert(at >= first[i] * S && at <= last[i] * S);
		ck_assert_int_eq(fips_lookups_next(&l, &filters, at - 1, &which, &id[i], &ways),
		                 FIPS_LOOKUP_PENDING);
		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, at, &id[i], &ways),
		                 FIPS_LOOKUP_PENDING);
		ck_assert_int_eq(fips_lookups_next(&l, &filters, at, &which, &id[i], &ways),
		                 FIPS_LOOKUP_STARTED);
		ck_assert(fips_addr_eq(&which, &target) && ways.n == 1);
		for (unsigned k = 0; k < i; k++)
			ck_assert(id[i] != id[k]);
	}
	ck_assert_uint_eq(l.due, 15 * S);
	ck_assert(!fips_lookups_overdue(&l, 15 * S - 1, &which));
	which = node(2);
	ck_assert(fips_lookups_overdue(&l, 15 * S, &which) && fips_addr_eq(&which, &target));
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 15 * S, &which, &id[0], &ways), FIPS_LOOKUP_NOWHERE);
	ck_assert(fips_addr_eq(&which, &target));
	ck_assert_uint_eq(l.due, MR_NEVER);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 99 * S, &which, &id[0], &ways), FIPS_LOOKUP_PENDING);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_INITIATED], 4);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_DEDUPLICATED], 3);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_TIMED_OUT], 1);
	/* there is no back-off */
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 99 * S, &id[0], &ways), FIPS_LOOKUP_STARTED);
}
END_TEST

/* Which answers count: by whom asked, for whom, first coordinate, when. */
static const struct {
	bool ours; unsigned target, first; uint64_t at; enum fips_lookup_verdict verdict; enum fips_lookup_count count;
} answers[] = {
	{ true, 1, 1, 1 * S, FIPS_LOOKUP_OWN, FIPS_LOOKUP_COUNTS },
	{ true, 1, 1, 20 * S, FIPS_LOOKUP_OWN, FIPS_LOOKUP_COUNTS },
	{ true, 1, 1, 20 * S + 1, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_UNASKED },
	{ false, 1, 1, 1 * S, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_UNASKED },
	{ true, 2, 2, 1 * S, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_FOREIGN }, /* another target's answer */
	{ true, 1, 2, 1 * S, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_FOREIGN }, /* its proof, another's place */
	{ true, 2, 1, 1 * S, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_FOREIGN },
};

START_TEST(which_answers_count)
{
	struct fips_addr target = node(1);
	struct fips_lookup_ways ways;
	uint64_t id;
	unsigned peer;

	fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways);
	ck_assert_int_eq(answer(3, answers[_i].ours ? id : id + 1, node(answers[_i].target),
	                        node(answers[_i].first), answers[_i].at, &peer),
	                 answers[_i].verdict);
	if (answers[_i].count != FIPS_LOOKUP_COUNTS)
		ck_assert_uint_eq(l.counts[answers[_i].count], 1);
}
END_TEST

/* Proofs that do not hold use up nothing but the neighbour's own share; the good one still counts. */
START_TEST(bad_proofs_do_not_end_it)
{
	struct fips_addr target = node(1);
	struct fips_lookup_response good = { .target = target, .coords = fips_coords_of(&target, 1) };
	struct fips_lookup_ways ways;
	unsigned peer, checked = 0;

	fips_lookups_ask(&l, &target, &filters, false, 0, &good.id, &ways);
	for (unsigned i = 0; i < 1000; i++)
		checked += answer(3, good.id, target, target, 1, &peer) == FIPS_LOOKUP_OWN;
	ck_assert_uint_eq(checked, 50);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_LIMITED], 950);
	ck_assert(fips_lookups_pending(&l, &target));
	ck_assert_int_eq(fips_lookups_response(&l, 4, &good, 2, &peer), FIPS_LOOKUP_OWN);
	fips_lookups_accept(&l, &good);
	ck_assert(!fips_lookups_pending(&l, &target));
	ck_assert_uint_eq(l.due, MR_NEVER);
	ck_assert_int_eq(fips_lookups_response(&l, 5, &good, 3, &peer), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_DUPLICATE], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_ACCEPTED], 1);
}
END_TEST

START_TEST(an_answer_to_an_earlier_attempt_counts)
{
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t first, second;
	unsigned peer;

	fips_lookups_ask(&l, &target, &filters, false, 0, &first, &ways);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 2 * S, &which, &second, &ways), FIPS_LOOKUP_STARTED);
	ck_assert_int_eq(answer(3, first, target, target, 3 * S, &peer), FIPS_LOOKUP_OWN);
	ck_assert_int_eq(answer(3, second, target, target, 3 * S, &peer), FIPS_LOOKUP_OWN);
}
END_TEST

START_TEST(no_filter_contains_it)
{
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t id;

	have_it = 0;
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways), FIPS_LOOKUP_NOWHERE);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_BLOOM_MISS], 1);
	ck_assert_uint_eq(l.ids.n, 0);
	have_it = 1; /* no tree peer's: others are asked */
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways), FIPS_LOOKUP_STARTED);
	ck_assert(ways.fallback && ways.n == 1 && ways.peer[0] == 0);
	have_it = 0; /* and gone again: the attempts go on, to nobody */
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 2 * S, &which, &id, &ways), FIPS_LOOKUP_STARTED);
	ck_assert_uint_eq(ways.n, 0);
}
END_TEST

/* Filters may still come: nobody is asked at first, and whoever has it a second later. */
START_TEST(no_filter_contains_it_yet)
{
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t id;

	have_it = 0;
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, true, 0, &id, &ways), FIPS_LOOKUP_STARTED);
	for (unsigned t = 1; t < 9; t++) {
		ck_assert_uint_eq(ways.n, 0);
		ck_assert_uint_eq(l.due, t * S);
		ck_assert_int_eq(fips_lookups_next(&l, &filters, t * S, &which, &id, &ways),
		                 FIPS_LOOKUP_STARTED);
	}
	have_it = 1u << 31; /* the four attempts begin, each put off as long as may be */
	for (unsigned t = 9; t < 9 + 15; t = t * 2 - 7) {
		ck_assert_int_eq(fips_lookups_next(&l, &filters, t * S, &which, &id, &ways),
		                 FIPS_LOOKUP_STARTED);
		ck_assert_uint_eq(ways.n, 1);
	}
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_INITIATED], 4);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 24 * S, &which, &id, &ways), FIPS_LOOKUP_NOWHERE);
}
END_TEST

/* ... or nobody has it in as long as a lookup takes. */
START_TEST(no_filter_ever_contains_it)
{
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t id;

	have_it = 0;
	fips_lookups_ask(&l, &target, &filters, true, 0, &id, &ways);
	for (unsigned t = 1; t < 15; t++)
		ck_assert_int_eq(fips_lookups_next(&l, &filters, t * S, &which, &id, &ways),
		                 FIPS_LOOKUP_STARTED);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 15 * S, &which, &id, &ways), FIPS_LOOKUP_NOWHERE);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_INITIATED], 0);
	ck_assert_uint_eq(l.n_pending, 0);
}
END_TEST

/* R7: 256 at a time, and more ids than are remembered: the oldest are forgotten, nothing grows. */
START_TEST(many_targets)
{
	struct fips_lookup_ways ways;
	struct fips_addr which;
	uint64_t id;

	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 300; i++) {
			struct fips_addr target = node(1000 * round + i);

			ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, round * 60 * S, &id, &ways),
			                 i < FIPS_LOOKUPS_PENDING ? FIPS_LOOKUP_STARTED :
			                                            FIPS_LOOKUP_SUPPRESSED);
		}
		for (unsigned t = 1; t < 16; t++)
			while (fips_lookups_next(&l, &filters, (round * 60 + t) * S, &which, &id, &ways) !=
			       FIPS_LOOKUP_PENDING)
				;
		ck_assert_uint_eq(l.n_pending, 0);
	}
	ck_assert_uint_le(l.ids.n, l.ids.cap);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_TIMED_OUT], 40 * FIPS_LOOKUPS_PENDING);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_TABLE_FULL], 40 * 44);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_INITIATED], 40 * 4 * FIPS_LOOKUPS_PENDING);
}
END_TEST

START_TEST(nobody_wants_it_any_more)
{
	struct fips_addr target = node(1), other = node(2);
	struct fips_lookup_ways ways;
	uint64_t id;

	fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways);
	fips_lookups_ask(&l, &other, &filters, false, 5, &id, &ways);
	fips_lookups_cancel(&l, &target);
	ck_assert(!fips_lookups_pending(&l, &target) && fips_lookups_pending(&l, &other));
	ck_assert_uint_ge(l.due, 1 * S + 5);
	ck_assert_uint_le(l.due, 2 * S + 5);
	ck_assert_uint_eq(l.n_pending, 1);
}
END_TEST

/* ---- several who look for one node ---- */

#define ASKERS 12

/* Of the askers, those who are pending and whose time has come ask a node on the way, in their order; whoever is let
 * through by it is answered. */
static unsigned ask_all(struct fips_lookups *asker, uint64_t now, bool first)
{
	struct fips_addr target = node(1);
	unsigned answered = 0;

	for (unsigned i = 0; i < ASKERS; i++) {
		struct fips_lookup_response good = { .target = target, .coords = fips_coords_of(&target, 1) };
		struct fips_lookup_ways ways;
		struct fips_addr which;
		bool sent;

		if (first)
			sent = fips_lookups_ask(&asker[i], &target, &filters, false, now, &good.id, &ways) ==
			       FIPS_LOOKUP_STARTED;
		else
			sent = fips_lookups_next(&asker[i], &filters, now, &which, &good.id, &ways) == FIPS_LOOKUP_STARTED;
		if (!sent || ask(i, good.id, target, now, &ways) != FIPS_LOOKUP_FORWARD)
			continue;
		fips_lookups_accept(&asker[i], &good);
		answered++;
	}
	return answered;
}

/* How many of them are answered, of those who begin now. */
static unsigned look_for_one(uint64_t now)
{
	struct fips_lookup_config config = fips_lookup_config_default();
	struct fips_lookups asker[ASKERS];
	unsigned answered = 0, timed_out = 0;

	for (unsigned i = 0; i < ASKERS; i++) {
		ck_assert(fips_lookups_open(&asker[i], &config, PEERS, &rnd));
		fips_lookups_peer_up(&asker[i], 31, now);
	}
	for (unsigned ms = 0; ms <= 15000; ms += 10)
		answered += ask_all(asker, now + ms * MS, ms == 0);
	for (unsigned i = 0; i < ASKERS; i++) {
		ck_assert_uint_eq(asker[i].n_pending, 0);
		timed_out += (unsigned)asker[i].counts[FIPS_LOOKUP_RESP_TIMED_OUT];
		fips_lookups_close(&asker[i]);
	}
	ck_assert_uint_eq(answered + timed_out, ASKERS);
	return answered;
}

/* The limiter of 4.3 lets one in two seconds through.  At equal times that would be three of twelve, the same each time
 * anew; and none waits longer than 15 s. */
START_TEST(several_look_for_one)
{
	unsigned answered = 0;

	for (unsigned round = 0; round < 20; round++)
		answered += look_for_one(round * 60 * S);
	ck_assert_uint_gt(answered, 20 * 4);
}
END_TEST

/* However few attempts are configured, and however long: all together take what is configured. */
static const struct { unsigned n; uint32_t ms[4]; } plans[] = {
	{ 4, { 1000, 2000, 4000, 8000 } }, { 1, { 3000 } }, { 2, { 4000, 1000 } }, { 3, { 1000, 1000, 1000 } },
};

START_TEST(attempts_take_their_time)
{
	struct fips_lookup_config config = fips_lookup_config_default();
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t id, whole = 0, early = 0, at;

	config.n_attempts = plans[_i].n;
	memcpy(config.attempts, plans[_i].ms, sizeof plans[_i].ms);
	for (unsigned i = 0; i < plans[_i].n; i++)
		whole += plans[_i].ms[i] * MS;
	fips_lookups_configure(&l, &config);
	fips_lookups_ask(&l, &target, &filters, false, 5, &id, &ways);
	for (unsigned i = 1; i < plans[_i].n; i++) {
		early += plans[_i].ms[i - 1] * MS;
		at = l.due;
		ck_assert_uint_ge(at, 5 + early);
		ck_assert_uint_lt(at, 5 + whole);
		ck_assert_int_eq(fips_lookups_next(&l, &filters, at, &which, &id, &ways), FIPS_LOOKUP_STARTED);
	}
	ck_assert_uint_eq(l.due, 5 + whole);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, l.due, &which, &id, &ways), FIPS_LOOKUP_NOWHERE);
}
END_TEST

/* ---- back-off: 1, 2, 4, 5, 5 s ---- */

static void set_up_backoff(void)
{
	struct fips_lookup_config config = fips_lookup_config_default();

	config.backoff = 1000;
	config.backoff_max = 5000;
	open_with(&config);
	have_it = 0;
}

START_TEST(back_off_grows)
{
	static const uint64_t waits[] = { 1, 2, 4, 5, 5 };
	struct fips_addr target = node(1);
	struct fips_lookup_ways ways;
	uint64_t id, now = 0;

	for (unsigned i = 0; i < COUNT(waits); i++) {
		struct fips_addr other = node(2 + i);

		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, now, &id, &ways), FIPS_LOOKUP_NOWHERE);
		now += waits[i] * S;
		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, now - 1, &id, &ways),
		                 FIPS_LOOKUP_SUPPRESSED);
		ck_assert_int_eq(fips_lookups_ask(&l, &other, &filters, false, now - 1, &id, &ways),
		                 FIPS_LOOKUP_NOWHERE);
	}
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_BACKOFF_SUPPRESSED], COUNT(waits));
}
END_TEST

/* What ends it: a new link, hope, an answer. */
START_TEST(back_off_ends)
{
	struct fips_addr target = node(1);
	struct fips_lookup_response good = { .target = target, .coords = fips_coords_of(&target, 1) };
	struct fips_lookup_ways ways;
	uint64_t id;

	fips_lookups_peer_down(&l, 9);
	for (unsigned i = 0; i < 3; i++) {
		fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways);
		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways),
		                 FIPS_LOOKUP_SUPPRESSED);
		if (i == 0)
			fips_lookups_peer_up(&l, 9, 0);
		else if (i == 1)
			fips_lookups_hope(&l);
		else
			fips_lookups_accept(&l, &good);
		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways), FIPS_LOOKUP_NOWHERE);
		fips_lookups_hope(&l);
	}
	/* one that fails by time backs off too; hope leaves what is under way */
	have_it = 1;
	fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways);
	fips_lookups_hope(&l);
	ck_assert(fips_lookups_pending(&l, &target));
	for (unsigned t = 1; t < 15; t++)
		fips_lookups_next(&l, &filters, t * S, &target, &id, &ways);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 15 * S, &target, &id, &ways), FIPS_LOOKUP_NOWHERE);
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 15 * S, &id, &ways), FIPS_LOOKUP_SUPPRESSED);
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 16 * S, &id, &ways), FIPS_LOOKUP_STARTED);
}
END_TEST

/* R7: more targets in back-off than there are slots: those whose end is near make room. */
START_TEST(back_off_is_bounded)
{
	struct fips_lookup_ways ways;
	uint64_t id;

	for (unsigned i = 0; i < 5000; i++) {
		struct fips_addr target = node(i);

		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, i, &id, &ways), FIPS_LOOKUP_NOWHERE);
	}
	have_it = 1;
	for (unsigned i = 0; i < FIPS_LOOKUPS_PENDING; i++) {
		struct fips_addr target = node(10000 + i);

		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 5000, &id, &ways), FIPS_LOOKUP_STARTED);
	}
}
END_TEST

START_TEST(every_counter_has_a_name)
{
	for (unsigned i = 0; i < FIPS_LOOKUP_COUNTS; i++) {
		ck_assert_ptr_nonnull(fips_lookup_count_name(i));
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(fips_lookup_count_name(i), fips_lookup_count_name(k));
	}
}
END_TEST

START_TEST(slots_grow)
{
	struct fips_lookup_ways ways;

	ask(5, 77, node(1), 0, &ways);
	ck_assert(fips_lookups_reserve(&l, PEERS - 5) && l.n_peers == PEERS);
	ck_assert(fips_lookups_reserve(&l, 2 * PEERS) && l.n_peers == 2 * PEERS);
	ck_assert_uint_eq(l.peers[5].held, 1);
	fips_lookups_peer_up(&l, 2 * PEERS - 1, 1);
	ck_assert_int_eq(ask(2 * PEERS - 1, 77, node(1), 1, &ways), FIPS_LOOKUP_DROP);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node_lookup");
	TCase *t = tcase_create("requests"), *own = tcase_create("own"), *b = tcase_create("backoff");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_flood_leaves_room, 0, COUNT(floods));
	tcase_add_test(t, a_flood_by_many_links);
	tcase_add_test(t, targets_are_limited_each);
	tcase_add_test(t, nothing_is_owed_to_whom_nothing_was_sent);
	tcase_add_test(t, answers_of_ours_are_limited);
	tcase_add_loop_test(t, who_gets_a_request, 0, COUNT(ways_of));
	tcase_add_test(t, at_most_eight);
	tcase_add_test(t, one_answer_goes_back);
	tcase_add_test(t, a_late_answer_goes_back);
	tcase_add_test(t, a_link_that_is_gone_gets_nothing);
	tcase_add_test(t, ours_that_come_back_are_dropped);
	tcase_add_test(t, every_counter_has_a_name);
	tcase_add_test(t, slots_grow);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(own, set_up, tear_down);
	tcase_add_test(own, attempts_in_time);
	tcase_add_loop_test(own, which_answers_count, 0, COUNT(answers));
	tcase_add_test(own, bad_proofs_do_not_end_it);
	tcase_add_test(own, an_answer_to_an_earlier_attempt_counts);
	tcase_add_test(own, no_filter_contains_it);
	tcase_add_test(own, no_filter_contains_it_yet);
	tcase_add_test(own, no_filter_ever_contains_it);
	tcase_add_test(own, many_targets);
	tcase_add_test(own, nobody_wants_it_any_more);
	tcase_add_test(own, several_look_for_one);
	tcase_add_loop_test(own, attempts_take_their_time, 0, COUNT(plans));
	suite_add_tcase(s, own);
	tcase_add_checked_fixture(b, set_up_backoff, tear_down);
	tcase_add_test(b, back_off_grows);
	tcase_add_test(b, back_off_ends);
	tcase_add_test(b, back_off_is_bounded);
	suite_add_tcase(s, b);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
