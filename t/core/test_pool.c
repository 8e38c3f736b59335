/* Packets and slabs, and their way home. */

#include <check.h>
#include <string.h>

#include "core/pool.h"
#include "core/worker.h"

START_TEST(packets_come_home)
{
	struct mr_pool *pool = mr_pool_open(1, 10, 300, 0, 0, 3);
	struct mr_pkt *out[10];

	for (unsigned i = 0; i < 10; i++) {
		out[i] = mr_pool_get(pool);
		ck_assert_ptr_nonnull(out[i]);
		ck_assert_uint_eq(mr_pkt_headroom(out[i]), MR_HEADROOM);
		ck_assert_uint_ge(out[i]->room, 300);
		ck_assert_uint_eq(out[i]->pool, 1);
		memset(out[i]->base, (int)i, out[i]->room);
		memset(mr_pkt_side(out[i]), (int)i, MR_SIDE);
	}
	ck_assert_ptr_null(mr_pool_get(pool));
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_uint_eq(out[i]->pool, 1);
		ck_assert_uint_eq(out[i]->base[out[i]->room - 1], i);
		ck_assert_uint_eq(mr_pkt_side(out[i])[0], i);
		ck_assert_uint_eq(mr_pkt_side(out[i])[MR_SIDE - 1], i);
	}
	for (unsigned i = 0; i < 10; i++) {
		if (i % 3 == 1)
			mr_pool_put(pool, out[i]);
		else
			mr_pool_return(pool, i % 3 ? 2 : 0, out[i]);
	}
	ck_assert_uint_eq(mr_pool_home(pool), 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_ptr_nonnull(mr_pool_get(pool));
	mr_pool_close(pool);
}
END_TEST

START_TEST(a_slab_is_reused_when_its_slices_are_home)
{
	struct mr_pool *pool = mr_pool_open(0, 1, 300, 2, 8, 2);
	uint16_t a = mr_slab_get(pool), b = mr_slab_get(pool);
	struct mr_pkt *s[3];

	ck_assert_uint_ne(a, b);
	ck_assert_uint_eq(mr_slab_get(pool), MR_NO_SLAB);
	for (unsigned i = 0; i < 3; i++) {
		s[i] = mr_slab_slice(pool, a, i * 1500, 1500);
		ck_assert_uint_eq(s[i]->room, 1500);
		ck_assert_ptr_eq(s[i]->data, pool->slab[a].base + i * 1500);
	}
	mr_slab_done(pool, a);
	mr_slab_done(pool, b);
	ck_assert_uint_eq(mr_slab_get(pool), b); /* a has slices out */
	mr_pool_put(pool, s[1]);
	mr_pool_return(pool, 1, s[0]);
	ck_assert_uint_eq(mr_slab_get(pool), MR_NO_SLAB);
	mr_pool_return(pool, 1, s[2]);
	ck_assert_uint_eq(mr_pool_home(pool), 1 + 8);
	ck_assert_uint_eq(mr_slab_get(pool), a);
	/* everything is counted until it is home: slabs too */
	ck_assert_uint_eq(mr_pool_missing(pool), 2);
	mr_slab_done(pool, a);
	ck_assert_uint_eq(mr_pool_missing(pool), 1);
	mr_slab_done(pool, b);
	ck_assert_uint_eq(mr_pool_missing(pool), 0);
	mr_pool_close(pool);
}
END_TEST

/* Who keeps a packet long copies it out of its slab, with all that is known of it; without a spare,
 * or where it does not fit, the slice stays what it is. */
START_TEST(what_is_kept_is_copied_small)
{
	struct mr_pool *pool = mr_pool_open(0, 1, 1500, 1, 4, 1);
	struct mr_worker w = { .pool = pool };
	struct mr_turn t = { .pool = pool, .runtime = &w };
	uint16_t slab = mr_slab_get(pool);
	struct mr_pkt *s[3], *p;

	for (unsigned i = 0; i < 3; i++) {
		s[i] = mr_slab_slice(pool, slab, i * 1000, i == 0 ? 1500 : 1000);
		memset(mr_pkt_put(s[i], s[i]->room), (int)(7 + i), s[i]->room);
		memset(mr_pkt_side(s[i]), (int)(9 + i), MR_SIDE);
		s[i]->far = 5 + i;
	}
	mr_slab_done(pool, slab);
	ck_assert_ptr_eq(mr_own(&t, s[0]), s[0]); /* 1500 behind a headroom do not fit into 1500 */
	p = mr_own(&t, s[1]);
	ck_assert_ptr_ne(p, s[1]);
	ck_assert_ptr_eq(mr_own(&t, p), p);
	ck_assert_uint_eq(p->slab, MR_NO_SLAB);
	ck_assert_uint_eq(mr_pkt_headroom(p), MR_HEADROOM);
	ck_assert_uint_eq(p->len, 1000);
	ck_assert_uint_eq(p->data[0] + p->data[999], 2 * 8);
	ck_assert_uint_eq(p->far, 6);
	ck_assert_uint_eq(mr_pkt_side(p)[MR_SIDE - 1], 10);
	ck_assert_uint_eq(pool->slab[slab].out, 2);
	ck_assert_ptr_eq(mr_own(&t, s[2]), s[2]);
	mr_free(&t, s[0]);
	mr_free(&t, s[2]);
	mr_free(&t, p);
	ck_assert_uint_eq(mr_pool_missing(pool), 0);
	mr_pool_close(pool);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, packets_come_home);
	tcase_add_test(tc, a_slab_is_reused_when_its_slices_are_home);
	tcase_add_test(tc, what_is_kept_is_copied_small);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
