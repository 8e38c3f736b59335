/* lookup_own.c - lookups of our own: which answers count, attempts, back-off; and what all have. */
#include <string.h>

#include "t/fips/lookup_bench.h"

START_TEST(attempts_in_time)
{
	static const uint64_t first[] = { 0, 1, 3, 7 }, last[] = { 0, 2, 6, 14 };
	struct fips_addr target = node(1), which;
	struct fips_lookup_ways ways;
	uint64_t id[4];

	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id[0], &ways),
	                 FIPS_LOOKUP_STARTED);
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
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 15 * S, &which, &id[0], &ways),
	                 FIPS_LOOKUP_NOWHERE);
	ck_assert(fips_addr_eq(&which, &target));
	ck_assert_uint_eq(l.due, MR_NEVER);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 99 * S, &which, &id[0], &ways),
	                 FIPS_LOOKUP_PENDING);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_INITIATED], 4);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_DEDUPLICATED], 3);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_TIMED_OUT], 1);
	/* there is no back-off */
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 99 * S, &id[0], &ways),
	                 FIPS_LOOKUP_STARTED);
}
END_TEST

/* Which answers count: by whom asked, for whom, first coordinate, when. */
static const struct {
	bool ours; unsigned target, first; uint64_t at;
	enum fips_lookup_verdict verdict; enum fips_lookup_count count;
} answers[] = {
	{ true, 1, 1, 1 * S, FIPS_LOOKUP_OWN, FIPS_LOOKUP_COUNTS },
	{ true, 1, 1, 20 * S, FIPS_LOOKUP_OWN, FIPS_LOOKUP_COUNTS },
	{ true, 1, 1, 20 * S + 1, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_UNASKED },
	{ false, 1, 1, 1 * S, FIPS_LOOKUP_DROP, FIPS_LOOKUP_RESP_UNASKED },
	{ true, 2, 2, 1 * S, FIPS_LOOKUP_DROP,
	  FIPS_LOOKUP_RESP_FOREIGN }, /* another target's answer */
	{ true, 1, 2, 1 * S, FIPS_LOOKUP_DROP,
	  FIPS_LOOKUP_RESP_FOREIGN }, /* its proof, another's place */
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

/* Proofs that do not hold use up nothing but the neighbour's own share;
 * the good one still counts. */
START_TEST(bad_proofs_do_not_end_it)
{
	struct fips_addr target = node(1);
	struct fips_lookup_response good = { .target = target,
	                                     .coords = fips_coords_of(&target, 1) };
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
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 2 * S, &which, &second, &ways),
	                 FIPS_LOOKUP_STARTED);
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
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways),
	                 FIPS_LOOKUP_NOWHERE);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_BLOOM_MISS], 1);
	ck_assert_uint_eq(l.ids.n, 0);
	have_it = 1; /* no tree peer's: others are asked */
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways),
	                 FIPS_LOOKUP_STARTED);
	ck_assert(ways.fallback && ways.n == 1 && ways.peer[0] == 0);
	have_it = 0; /* and gone again: the attempts go on, to nobody */
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 2 * S, &which, &id, &ways),
	                 FIPS_LOOKUP_STARTED);
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
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, true, 0, &id, &ways),
	                 FIPS_LOOKUP_STARTED);
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
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 24 * S, &which, &id, &ways),
	                 FIPS_LOOKUP_NOWHERE);
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
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 15 * S, &which, &id, &ways),
	                 FIPS_LOOKUP_NOWHERE);
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

			ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false,
			                                  round * 60 * S, &id, &ways),
			                 i < FIPS_LOOKUPS_PENDING ? FIPS_LOOKUP_STARTED :
			                                            FIPS_LOOKUP_SUPPRESSED);
		}
		for (unsigned t = 1; t < 16; t++)
			while (fips_lookups_next(&l, &filters, (round * 60 + t) * S, &which, &id,
			                         &ways) != FIPS_LOOKUP_PENDING)
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

/* Of the askers, those who are pending and whose time has come ask a node on the way, in their
 * order; whoever is let through by it is answered. */
static unsigned ask_all(struct fips_lookups *asker, uint64_t now, bool first)
{
	struct fips_addr target = node(1);
	unsigned answered = 0;

	for (unsigned i = 0; i < ASKERS; i++) {
		struct fips_lookup_response good = { .target = target,
		                                     .coords = fips_coords_of(&target, 1) };
		struct fips_lookup_ways ways;
		struct fips_addr which;
		bool sent;

		if (first)
			sent = fips_lookups_ask(&asker[i], &target, &filters, false, now, &good.id,
			                        &ways) == FIPS_LOOKUP_STARTED;
		else
			sent = fips_lookups_next(&asker[i], &filters, now, &which, &good.id,
			                         &ways) == FIPS_LOOKUP_STARTED;
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

/* The limiter of 4.3 lets one in two seconds through.  At equal times that would be three of
 * twelve, the same each time anew; and none waits longer than 15 s. */
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
	{ 4, { 1000, 2000, 4000, 8000 } }, { 1, { 3000 } },
	{ 2, { 4000, 1000 } }, { 3, { 1000, 1000, 1000 } },
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
		ck_assert_int_eq(fips_lookups_next(&l, &filters, at, &which, &id, &ways),
		                 FIPS_LOOKUP_STARTED);
	}
	ck_assert_uint_eq(l.due, 5 + whole);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, l.due, &which, &id, &ways),
	                 FIPS_LOOKUP_NOWHERE);
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

		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, now, &id, &ways),
		                 FIPS_LOOKUP_NOWHERE);
		now += waits[i] * S;
		ck_assert_int_eq(
			fips_lookups_ask(&l, &target, &filters, false, now - 1, &id, &ways),
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
	struct fips_lookup_response good = { .target = target,
	                                     .coords = fips_coords_of(&target, 1) };
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
		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways),
		                 FIPS_LOOKUP_NOWHERE);
		fips_lookups_hope(&l);
	}
	/* one that fails by time backs off too; hope leaves what is under way */
	have_it = 1;
	fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways);
	fips_lookups_hope(&l);
	ck_assert(fips_lookups_pending(&l, &target));
	for (unsigned t = 1; t < 15; t++)
		fips_lookups_next(&l, &filters, t * S, &target, &id, &ways);
	ck_assert_int_eq(fips_lookups_next(&l, &filters, 15 * S, &target, &id, &ways),
	                 FIPS_LOOKUP_NOWHERE);
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 15 * S, &id, &ways),
	                 FIPS_LOOKUP_SUPPRESSED);
	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 16 * S, &id, &ways),
	                 FIPS_LOOKUP_STARTED);
}
END_TEST

/* R7: more targets in back-off than there are slots: those whose end is near make room. */
START_TEST(back_off_is_bounded)
{
	struct fips_lookup_ways ways;
	uint64_t id;

	for (unsigned i = 0; i < 5000; i++) {
		struct fips_addr target = node(i);

		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, i, &id, &ways),
		                 FIPS_LOOKUP_NOWHERE);
	}
	have_it = 1;
	for (unsigned i = 0; i < FIPS_LOOKUPS_PENDING; i++) {
		struct fips_addr target = node(10000 + i);

		ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 5000, &id, &ways),
		                 FIPS_LOOKUP_STARTED);
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

void lookup_own(Suite *s)
{
	TCase *own = tcase_create("own"), *b = tcase_create("backoff");

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
	tcase_add_test(own, every_counter_has_a_name);
	tcase_add_test(own, slots_grow);
	suite_add_tcase(s, own);
	tcase_add_checked_fixture(b, set_up_backoff, tear_down);
	tcase_add_test(b, back_off_grows);
	tcase_add_test(b, back_off_ends);
	tcase_add_test(b, back_off_is_bounded);
	suite_add_tcase(s, b);
}
