/* The end of keys: a link's or session's key that has drained is unregistered everywhere, and freed
 * when nobody can hold it any more (R9, R4: nothing leaks at drain).
 *
 * Every AEAD context is counted, so a key that stays, or goes too early, shows. */

#include <check.h>
#include <stdlib.h>

#include "core/epoch.h"
#include "core/wire.h"
#include "fips/wire/link.h"
#include "t/lib/neighbour.h"

/* ---- a provider that counts its contexts ---- */

static unsigned contexts;

static struct mr_aead_ctx *prepare(const uint8_t key[MR_AEAD_KEY])
{
	contexts++;
	return mr_aead_mbedtls.prepare(key);
}

static void release(struct mr_aead_ctx *ctx)
{
	contexts -= ctx != NULL;
	mr_aead_mbedtls.release(ctx);
}

static struct mr_aead counting;

static struct neighbour nb;

/* Node 0, and the neighbour who has called it. */
static void begin(void)
{
	counting = mr_aead_mbedtls;
	counting.prepare = prepare;
	counting.release = release;
	whole_aead = &counting;
	contexts = 0;
	whole_reset();
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
}

static void end(void)
{
	neighbour_close(&nb);
	whole_close_all();
	ck_assert_uint_eq(contexts, 0);
}

/* Keys that are not freed: each has a context for sending and one for receiving a worker. */
static unsigned keys(void)
{
	unsigned each = 2 * node[0].engine->workers;

	ck_assert_uint_eq(contexts % each, 0);
	return contexts / each;
}

/* Bit i: the key of the neighbour's i-th call has an entry in the index table. */
static unsigned indices(void)
{
	unsigned set = 0;

	for (unsigned i = 0; i < nb.links; i++) {
		uint8_t index[4];

		mr_to_le32(index, nb.link[i].theirs);
		set |= (unsigned)(mr_table_find(whole_mesh(0)->index, index) != NULL) << i;
	}
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->index), (unsigned)__builtin_popcount(set));
	return set;
}

/* Bits: which of fsp-open's slots hold a key. */
enum { CUR = 1 << FIPS_CURRENT, PEND = 1 << FIPS_PENDING, PREV = 1 << FIPS_PREVIOUS };

static unsigned slots(void)
{
	const struct fips_session_entry *e = mr_table_find(whole_mesh(0)->sessions, nb.me.addr.b);
	unsigned set = 0;

	for (unsigned i = 0; e && e->live && i < FIPS_SESSION_KEYS; i++)
		set |= (unsigned)(e->recv->slot[i] != NULL) << i;
	return set;
}

/* Bits: of which slots whoever opens before fsp-open knows the key. */
static unsigned listed(void)
{
	const struct fips_session_entry *e = mr_table_find(whole_mesh(0)->sessions, nb.me.addr.b);
	unsigned set = 0;

	for (unsigned k = 0; e && e->live && k < FIPS_SESSION_KEYS && e->key[k]; k++) {
		unsigned slot = 0;

		while (slot < FIPS_SESSION_KEYS && e->recv->slot[slot] != e->key[k])
			slot++;
		set |= 1u << slot;
	}
	return set;
}

/* ---- the last moments of each sort of key ---- */

/* Time passes, and a session has something to carry in it. */
static void pass(unsigned s)
{
	for (; s; s--) {
		whole_run(1000);
		if (nb.sessions)
			neighbour_data(&nb);
	}
	whole_run(20);
}

static void nothing(void)
{
}

static void disconnect(void)
{
	uint8_t bye[FIPS_DISCONNECT_LEN];

	fips_disconnect_build(bye, FIPS_DISCONNECT_SHUTDOWN);
	neighbour_message(&nb, bye, sizeof bye);
	nb.beat_at = MR_NEVER;
	nb.sessions = 0;
}

/* Without data: 90 s are too long. */
static void quiet(void)
{
	whole_run(97000);
}

static void link_offer(void)
{
	pass(31); /* a younger link takes another call for a duplicate */
	neighbour_call(&nb);
}

static void link_move(void)
{
	pass(31);
	neighbour_link(&nb);
}

static void session_make(void)
{
	neighbour_session(&nb);
}

static void session_offer(void)
{
	neighbour_setup(&nb);
	whole_run(20);
}

static void session_make_and_offer(void)
{
	session_make();
	session_offer();
}

static void session_move(void)
{
	session_make();
	session_make();
}

static void everything(void)
{
	link_move();
	session_move();
	session_offer();
}

struct seen {
	unsigned keys, indices, slots;
};

static const struct {
	const char *key;
	void      (*begin)(void); /* brings it about              */
	unsigned    wait;         /* s, and it is still there     */
	struct seen before;
	void      (*then)(void);  /* ends it, or only time does   */
	unsigned    more;         /* s, and it is gone            */
	struct seen after;
} ends[] = {
	{ "a link's only one, by a Disconnect", nothing, 1, { 1, 1, 0 }, disconnect, 1,
	  { 0, 0, 0 } },
	{ "a link's that nobody used", link_offer, 39, { 2, 3, 0 }, nothing, 3, { 1, 1, 0 } },
	{ "a link's before the last", link_move, 14, { 2, 3, 0 }, nothing, 3, { 1, 2, 0 } },
	{ "a session's only one, with its link", session_make, 1, { 2, 1, CUR }, disconnect, 1,
	  { 0, 0, 0 } },
	{ "a session's only one, by idleness", session_make, 1, { 2, 1, CUR }, quiet, 0,
	  { 1, 1, 0 } },
	{ "a session's that nobody used, for another", session_make_and_offer, 91,
	  { 3, 1, CUR | PEND }, session_offer, 1, { 3, 1, CUR | PEND } },
	{ "a session's before the last", session_move, 8, { 3, 1, CUR | PREV }, nothing, 12,
	  { 2, 1, CUR } },
	{ "all there can be, with the link", everything, 1, { 5, 3, CUR | PEND | PREV }, disconnect,
	  1, { 0, 0, 0 } },
};

static void check_seen(const char *key, const char *when, const struct seen *want)
{
	ck_assert_msg(keys() == want->keys, "%s: %u keys %s", key, keys(), when);
	ck_assert_msg(indices() == want->indices, "%s: indices %x %s", key, indices(), when);
	ck_assert_msg(slots() == want->slots, "%s: slots %x %s", key, slots(), when);
	ck_assert_msg(listed() == want->slots, "%s: slots %x listed %s", key, listed(), when);
	ck_assert_msg(mr_table_count(whole_mesh(0)->keys) == want->keys, "%s: %u handles %s", key,
	              mr_table_count(whole_mesh(0)->keys), when);
}

/* R9, for current, pending and previous keys of both layers. */
START_TEST(a_key_leaves_nothing_behind)
{
	begin();
	ends[_i].begin();
	pass(ends[_i].wait);
	check_seen(ends[_i].key, "before", &ends[_i].before);
	ends[_i].then();
	pass(ends[_i].more);
	check_seen(ends[_i].key, "after", &ends[_i].after);
	end();
}
END_TEST

/* ---- what a reader found stays until it has left ---- */

static ck_epoch_record_t reader;

static void reader_enters(void)
{
	ck_epoch_register(&node[0].engine->epochs->global, &reader, NULL);
	mr_epoch_begin(&reader);
}

static void reader_leaves(void)
{
	mr_epoch_end(&reader);
	whole_run(20);
	ck_epoch_unregister(&reader);
}

/* The first link key: found in both tables, then moved from, drained, retired.  Every order that
 * named it is acknowledged; only the reader is left. */
START_TEST(a_link_key_waits_for_its_readers)
{
	const struct fips_index_entry *e;
	const struct fips_link_entry *l;
	uint8_t index[4];

	begin();
	reader_enters();
	mr_to_le32(index, nb.link[0].theirs);
	e = mr_table_find(whole_mesh(0)->index, index);
	l = mr_table_find(whole_mesh(0)->links, nb.me.addr.b);
	link_move();
	pass(20);
	ck_assert_uint_eq(indices(), 2);
	ck_assert_uint_eq(keys(), 2);
	ck_assert_uint_eq(e->key->id, l->send->id);
	ck_assert_uint_gt(fips_word_get(&e->key->heard), 0);
	ck_assert_uint_gt(fips_numbered(l->send), 0);
	reader_leaves();
	ck_assert_uint_eq(keys(), 1);
	end();
}
END_TEST

START_TEST(a_session_key_waits_for_its_readers)
{
	const struct fips_session_entry *e;
	struct fips_recv_key *key;

	begin();
	session_make();
	reader_enters();
	e = mr_table_find(whole_mesh(0)->sessions, nb.me.addr.b);
	key = e->recv->slot[FIPS_CURRENT];
	session_make();
	pass(20);
	ck_assert_uint_eq(slots(), CUR);
	ck_assert_uint_eq(listed(), CUR);
	ck_assert_uint_eq(keys(), 3);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->keys), 2);
	ck_assert_uint_eq(key->id, e->send->id);
	ck_assert_ptr_eq(e->key[0], key);
	ck_assert_uint_gt(fips_word_get(&key->heard), 0);
	ck_assert_uint_gt(fips_numbered(e->send), 0);
	reader_leaves();
	ck_assert_uint_eq(keys(), 2);
	end();
}
END_TEST

/* The receive states too, when the link goes with all that hangs on it. */
START_TEST(a_link_that_is_gone_waits_for_its_readers)
{
	const struct fips_session_entry *s;
	const struct fips_index_entry *e;
	uint8_t index[4];

	begin();
	session_make();
	reader_enters();
	mr_to_le32(index, nb.link[0].theirs);
	e = mr_table_find(whole_mesh(0)->index, index);
	s = mr_table_find(whole_mesh(0)->sessions, nb.me.addr.b);
	disconnect();
	pass(1);
	ck_assert_uint_eq(indices(), 0);
	ck_assert_uint_eq(keys(), 2);
	ck_assert_uint_gt(fips_word_get(&e->recv->frames), 0);
	ck_assert_uint_gt(fips_word_get(&s->recv->frames), 0);
	reader_leaves();
	ck_assert_uint_eq(keys(), 0);
	end();
}
END_TEST

static void spread(void)
{
	whole_spread = true;
}

static TCase *all(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_key_leaves_nothing_behind, 0, sizeof ends / sizeof ends[0]);
	tcase_add_test(tc, a_link_key_waits_for_its_readers);
	tcase_add_test(tc, a_session_key_waits_for_its_readers);
	tcase_add_test(tc, a_link_that_is_gone_waits_for_its_readers);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("control keys");
	TCase *several = all("keys, several replicas of a stage");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, all("keys"));
	tcase_add_checked_fixture(several, spread, NULL);
	suite_add_tcase(s, several);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
