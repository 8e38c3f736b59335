/* test_node_known.c - where addresses are (directory.h) and whose keys they are (known.h):
 * against a plain list that does the same slowly, over long rows of comings and goings drawn from
 * a seed. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fips/node/known.h"

static struct mr_rand_state seed;
static struct mr_rand rnd;

static void begin(void)
{
	seed = (struct mr_rand_state){ .seed = 7 };
	rnd = mr_rand_seeded(&seed);
}

/* Number i.  Those of one `family` share all that the hash looks at first. */
static struct fips_addr address(unsigned i, bool family)
{
	struct fips_addr a = { { 0 } };

	if (!family)
		a.b[0] = (uint8_t)(i * 37);
	a.b[FIPS_PREFIX - 1] = (uint8_t)i;
	a.b[FIPS_PREFIX - 2] = (uint8_t)(i >> 8);
	a.b[FIPS_PREFIX] = (uint8_t)(i * 11); /* no part of what an IPv6 address shows */
	return a;
}

/* ---- directory ---- */

enum { ROOM = 100, NAMES = 160 };

/* R15: whatever came and went, everybody who is there is found, by either length,
 * and nobody else. */
START_TEST(the_directory_finds_who_is_there)
{
	struct fips_directory d;
	unsigned at[NAMES], n = 0;

	ck_assert(fips_directory_open(&d, ROOM, &rnd));
	for (unsigned i = 0; i < NAMES; i++)
		at[i] = FIPS_NO_PLACE;
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = mr_rand_below(&rnd, NAMES);
		struct fips_addr a = address(i, _i == 1);

		if (at[i] != FIPS_NO_PLACE) {
			fips_directory_take(&d, &a);
			at[i] = FIPS_NO_PLACE;
			n--;
		} else if (n < ROOM) {
			at[i] = mr_rand_below(&rnd, 1000000);
			fips_directory_put(&d, &a, at[i]);
			n++;
		} else {
			fips_directory_take(&d, &a); /* who is not there */
		}
		ck_assert_uint_eq(d.n, n);
		if (step % 16)
			continue;
		for (unsigned k = 0; k < NAMES; k++) {
			struct fips_addr b = address(k, _i == 1);

			ck_assert_uint_eq(fips_directory_find(&d, &b), at[k]);
			ck_assert_uint_eq(fips_directory_find_prefix(&d, b.b), at[k]);
			b.b[FIPS_PREFIX] ^= 1;
			ck_assert_uint_eq(fips_directory_find(&d, &b), FIPS_NO_PLACE);
		}
	}
	fips_directory_close(&d);
}
END_TEST

/* Two nodes have different secrets, so that what collides in one does not in the other. */
START_TEST(places_differ_from_node_to_node)
{
	struct fips_directory d[2];
	unsigned same = 0;

	for (unsigned k = 0; k < 2; k++) {
		ck_assert(fips_directory_open(&d[k], ROOM, &rnd));
		for (unsigned i = 0; i < ROOM; i++) {
			struct fips_addr a = address(i, true);

			fips_directory_put(&d[k], &a, i);
		}
	}
	for (unsigned i = 0; i <= d[0].mask; i++)
		same += d[0].place[i].at != FIPS_NO_PLACE && d[0].place[i].at == d[1].place[i].at;
	ck_assert_uint_lt(same, ROOM / 4);
	fips_directory_close(&d[0]);
	fips_directory_close(&d[1]);
}
END_TEST

/* ---- known ---- */

enum { KNOWN = 8, PEOPLE = 24 };

static void key(unsigned i, uint8_t pub[FIPS_PUB_LEN])
{
	memset(pub, 0, FIPS_PUB_LEN);
	pub[0] = 2;
	pub[32] = (uint8_t)i;
}

/* Newest first. */
struct model {
	unsigned who[KNOWN];
	unsigned n;
};

static bool model_use(struct model *m, unsigned who)
{
	for (unsigned i = 0; i < m->n; i++) {
		if (m->who[i] != who)
			continue;
		memmove(m->who + 1, m->who, i * sizeof m->who[0]);
		m->who[0] = who;
		return true;
	}
	return false;
}

static void model_put(struct model *m, unsigned who)
{
	if (model_use(m, who))
		return;
	if (m->n < KNOWN)
		m->n++;
	memmove(m->who + 1, m->who, (m->n - 1) * sizeof m->who[0]);
	m->who[0] = who;
}

/* session.md 5.2: who was used longest ago makes way; looking somebody up is a use. */
START_TEST(keys_are_kept_by_use)
{
	struct model m = { .n = 0 };
	struct fips_known k;

	ck_assert(fips_known_open(&k, KNOWN, &rnd));
	for (unsigned step = 0; step < 20000; step++) {
		unsigned who = mr_rand_below(&rnd, PEOPLE);
		struct fips_addr a = address(who, false);
		const struct fips_acquaintance *found;
		uint8_t pub[FIPS_PUB_LEN];

		key(who, pub);
		if (mr_rand_below(&rnd, 3) == 0) {
			fips_known_put(&k, &a, pub);
			model_put(&m, who);
			continue;
		}
		found = mr_rand_below(&rnd, 2) ? fips_known_find(&k, &a) :
		                                 fips_known_find_prefix(&k, a.b);
		ck_assert_int_eq(found != NULL, model_use(&m, who));
		if (!found)
			continue;
		ck_assert(fips_addr_eq(&found->addr, &a));
		ck_assert_mem_eq(found->pub, pub, sizeof pub);
		ck_assert_uint_eq(k.n, m.n);
	}
	fips_known_close(&k);
}
END_TEST

/* The parity of a key may be made up: the one that was there first stays. */
START_TEST(a_key_is_kept_as_it_came_first)
{
	struct fips_addr a = address(1, false);
	uint8_t pub[FIPS_PUB_LEN];
	struct fips_known k;

	ck_assert(fips_known_open(&k, 1, &rnd));
	key(1, pub);
	fips_known_put(&k, &a, pub);
	pub[0] = 3;
	fips_known_put(&k, &a, pub);
	ck_assert_uint_eq(fips_known_find(&k, &a)->pub[0], 2);
	ck_assert_uint_eq(k.n, 1);
	fips_known_close(&k);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node known");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, the_directory_finds_who_is_there, 0, 2);
	tcase_add_test(tc, places_differ_from_node_to_node);
	tcase_add_test(tc, keys_are_kept_by_use);
	tcase_add_test(tc, a_key_is_kept_as_it_came_first);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
