/* One flow through sealing and opening that are dealt out to several threads: all of it arrives, in
 * order, and right. */

#include <check.h>

#include "t/lib/flow.h"
#include "t/lib/keys.h"

static const struct {
	bool     opening;
	unsigned threads, most;
	uint32_t bytes;
} rows[] = {
	{ false, 0, 0, 1280 },  { false, 1, 0, 1280 }, { false, 2, 0, 1280 }, { false, 2, 3, 100 },
	{ false, 3, 64, 300 },  { false, 8, 7, 48 },   { true, 1, 0, 1280 },  { true, 2, 0, 1280 },
	{ true, 2, 3, 100 },    { true, 3, 64, 300 },  { true, 8, 7, 48 },
};

START_TEST(order_is_kept)
{
	struct flow f = { .aead = &mr_aead_mbedtls, .threads = rows[_i].threads,
		          .bytes = rows[_i].bytes, .packets = 20000, .most = rows[_i].most,
		          .opening = rows[_i].opening };

	flow_run(&f);
	ck_assert_uint_eq(f.arrived, f.packets);
	ck_assert_uint_eq(f.disorder, 0);
	ck_assert_uint_eq(f.wrong, 0);
	ck_assert_uint_eq(f.lost, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dealt");
	TCase *tc = tcase_create("threads");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, order_is_kept, 0, sizeof rows / sizeof rows[0]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
