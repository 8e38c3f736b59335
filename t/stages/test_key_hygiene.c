/* Keys in memory: as long as they live only where it is locked and left out of core dumps, and
 * nowhere at all once they are retired or the node is closed.  With each AEAD provider.
 *
 * Looked for are the keys of links and sessions as their provider was given them, both directions,
 * and the second node's identity.  What a test keeps of them it keeps masked. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/secret.h"
#include "t/lib/keys.h"
#include "t/lib/scan.h"
#include "t/lib/whole.h"

static const struct mr_aead *real;
static struct mr_aead noting;
static unsigned noted;

static struct mr_aead_ctx *prepare(const uint8_t key[MR_AEAD_KEY])
{
	scan_add(key);
	noted++;
	return real->prepare(key);
}

/* Two nodes in a session, which has carried something both ways.  False: not here. */
static bool begin(int provider)
{
	real = keys_provider(provider);
	if (!real || !scan_possible())
		return false;
	noting = *real;
	noting.prepare = prepare;
	whole_aead = &noting;
	noted = 0;
	scan_reset();
	whole_link_up();
	scan_add(whole_mesh(1)->me.secret);
	whole_say(0, &whole_mesh(1)->me.addr, 600, 0x5a);
	whole_run(200);
	whole_say(1, &whole_mesh(0)->me.addr, 600, 0x5b);
	whole_run(200);
	ck_assert_uint_ge(air.got[0], 1);
	ck_assert_uint_ge(air.got[1], 1);
	/* a link and a session, two ends, two directions, two workers */
	ck_assert_uint_ge(noted, 2 * 2 * 2 * 2);
	return true;
}

/* The providers' names go out where a test is skipped. */
START_TEST(only_where_it_is_locked)
{
	struct scan s;

	if (!begin(_i))
		return;
	s = scan_look();
	ck_assert_uint_ge(s.guarded, s.left);
	/* two keys of the link, two of the session, the identity */
	ck_assert_uint_ge(s.left, 4 + 1);
	ck_assert_uint_eq(s.exposed, 0);
	whole_close_all();
}
END_TEST

START_TEST(nowhere_after_close)
{
	if (!begin(_i))
		return;
	whole_close_all();
	ck_assert_uint_eq(scan_look().left, 0);
}
END_TEST

/* Node 1 is gone; node 0 finds out and forgets link and session. */
START_TEST(nowhere_after_retiring)
{
	if (!begin(_i))
		return;
	whole_close(1);
	ck_assert_uint_ge(scan_look().left, 4);
	for (unsigned s = 0; s < 200 && (whole_in_session(0) || scan_look().left); s++)
		whole_run(1000);
	ck_assert_uint_eq(scan_look().left, 0);
	whole_close_all();
}
END_TEST

/* All of it was given back. */
START_TEST(nothing_is_kept)
{
	struct mr_secret_use before;

	if (!begin(_i))
		return;
	whole_close_all();
	before = mr_secret_use(); /* what a library keeps for good */
	ck_assert(begin(_i));
	ck_assert_uint_gt(mr_secret_use().objects, before.objects);
	whole_close_all();
	ck_assert_uint_eq(mr_secret_use().objects, before.objects);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("key hygiene");
	TCase *tc = tcase_create("keys");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, only_where_it_is_locked, 0, keys_providers());
	tcase_add_loop_test(tc, nowhere_after_close, 0, keys_providers());
	tcase_add_loop_test(tc, nowhere_after_retiring, 0, keys_providers());
	tcase_add_loop_test(tc, nothing_is_kept, 0, keys_providers());
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
