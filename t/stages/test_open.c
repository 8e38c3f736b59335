/* open, alone and in front of those who accept: what it opens, what it leaves as it was, and that
 * everything ends as it would if fmp-open and fsp-open had opened it themselves. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/rand.h"
#include "core/wire.h"
#include "fips/path/session_recv.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_open, mr_kind_fmp_open, mr_kind_fsp_open;

#define NODE  CRAFT_NODE(CRAFT_B, CRAFT_UDP)
#define INDEX 0xa1b2c3d4u
#define LINK  77
#define KEYS  3 /* of the session */

static const uint8_t link_secret[MR_AEAD_KEY] = { 5, 6, 7 }, stranger[MR_AEAD_KEY] = { 66 };
static const uint8_t session_secret[KEYS][MR_AEAD_KEY] = { { 11 }, { 12 }, { 13 } };
static const struct fips_via home = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };

/* Node B, with a link with A and a session with A:
 * receive states and keys of one way of opening. */
struct state {
	struct keys             *link, *session[KEYS]; /* ids 1, and 11 to 13 */
	struct fips_link_recv    recv;
	struct fips_session_recv session_recv;
};

/* open in front of fmp-open and fsp-open, and those two alone. */
struct bench {
	const struct mr_aead *provider;
	struct rig  *open, *fmp, *fsp;
	struct rig  *fmp_alone, *fsp_alone;
	struct state dealt, alone;
};

static void state_open(struct state *s, const struct mr_aead *p)
{
	s->link = keys_open(p, link_secret, 1, 0);
	for (unsigned i = 0; i < KEYS; i++)
		s->session[i] = keys_open(p, session_secret[i], 11 + i, 0);
	fips_link_recv_init(&s->recv, &home);
	s->recv.sending = 1;
	fips_session_recv_init(&s->session_recv);
}

static void state_close(struct state *s)
{
	keys_close(s->link);
	for (unsigned i = 0; i < KEYS; i++)
		keys_close(s->session[i]);
}

/* fsp-open has key i in a slot, and open has the first n of the list of keys, newest first. */
static void install(struct rig *fsp, struct state *s, unsigned i)
{
	struct mr_order order = { .kind = MR_ORD_SESSION_INSTALL, .p = &s->session_recv,
		                  .q = &s->session[i]->recv };

	rig_order(fsp, &order);
}

static void list(struct bench *b, unsigned n)
{
	struct keys *newest[KEYS];

	for (unsigned i = 0; i < n; i++)
		newest[i] = b->dealt.session[n - 1 - i];
	craft_session_keys(b->open, &craft_a, &b->dealt.session_recv, newest, n);
}

static bool bench_open(struct bench *b, int provider)
{
	const struct mr_aead *p = keys_provider(provider);

	*b = (struct bench){ .provider = p };
	if (!p)
		return false;
	rig_aead(p);
	b->open = rig_open(&mr_kind_open, "{}", NODE);
	b->fmp = rig_open(&mr_kind_fmp_open, "{}", NODE);
	b->fsp = rig_open(&mr_kind_fsp_open, "{}", NODE);
	b->fmp_alone = rig_open(&mr_kind_fmp_open, "{}", NODE);
	b->fsp_alone = rig_open(&mr_kind_fsp_open, "{}", NODE);
	state_open(&b->dealt, p);
	state_open(&b->alone, p);
	craft_index(b->open, INDEX, &craft_a, LINK, &b->dealt.recv, &b->dealt.link->recv);
	craft_index(b->fmp, INDEX, &craft_a, LINK, &b->dealt.recv, &b->dealt.link->recv);
	craft_index(b->fmp_alone, INDEX, &craft_a, LINK, &b->alone.recv, &b->alone.link->recv);
	craft_session(b->fsp, &craft_a, NULL, &b->dealt.session_recv, 1472);
	craft_session(b->fsp_alone, &craft_a, NULL, &b->alone.session_recv, 1472);
	install(b->fsp, &b->dealt, 0);
	install(b->fsp_alone, &b->alone, 0);
	list(b, 1);
	return true;
}

static void bench_close(struct bench *b)
{
	rig_close(b->open);
	rig_close(b->fmp);
	rig_close(b->fsp);
	rig_close(b->fmp_alone);
	rig_close(b->fsp_alone);
	state_close(&b->dealt);
	state_close(&b->alone);
}

/* ---- frames ---- */

static const uint8_t note[8] = { 0xe8, 3, 0, 0, FIPS_FSP_PATH_MTU, 0, 0, 5 };

/* A frame with a message of the session's in it, from A to `dest`. */
static size_t frame_of(uint8_t *out, uint64_t counter, const struct fips_addr *dest,
                       const uint8_t key[MR_AEAD_KEY], uint64_t inner, uint8_t inner_flags)
{
	uint8_t text[400] = { 0xe8, 3 };
	size_t n =
		craft_sealed(text + 4, &craft_a, dest, key, inner, inner_flags, note, sizeof note);

	return craft_frame(out, link_secret, INDEX, counter, 0, text, 4 + n);
}

static struct mr_pkt *feed(struct rig *rig, const char *input, const void *frame, size_t n)
{
	struct mr_pkt *p = rig_feed(rig, input, frame, n);

	*mr_pkt_via(p) = home;
	p->mark = MR_SHAPE_FRAME;
	return p;
}

/* ---- alone ---- */

/* Both layers in place, and who did it beside them; R5: the bytes in front of the texts stay. */
START_TEST(both_layers_are_opened)
{
	uint8_t frame[500];
	struct mr_pkt *p;
	struct bench b;
	size_t n;

	if (!bench_open(&b, _i))
		return;
	n = frame_of(frame, 5, &craft_b, session_secret[0], 9, 0);
	feed(b.open, "frames", frame, n);
	ck_assert_str_eq(rig_run(b.open), "out");
	p = rig_out(b.open, "out");
	ck_assert_uint_eq(p->len, n);
	ck_assert_mem_eq(p->data, frame, 16);
	ck_assert_mem_eq(p->data + 20 + 36 + 12, note, sizeof note);
	ck_assert_uint_eq(mr_le64(p->data + 20 + 36 + 4), 9);
	ck_assert_uint_eq(p->near, LINK);
	ck_assert_uint_eq(p->seq, 1);
	ck_assert_uint_eq(p->far, 11);
	ck_assert_uint_eq(p->flags, MR_FLAG_OPENED);
	ck_assert_uint_eq(b.dealt.link->recv.window.highest, 0);
	ck_assert_uint_eq(fips_word_get(&b.dealt.recv.frames), 0);
	craft_silent(b.open);
	bench_close(&b);
}
END_TEST

/* What is for others, for a session there is not, or sealed by somebody else is opened at the link
 * layer alone, and its bytes stay, whatever the packet said of itself before. */
static const struct {
	const char             *name;
	const struct fips_addr *dest;
	const uint8_t          *key;
	bool                    session;
} half[] = {
	{ "for others", &craft_t, session_secret[0], true },
	{ "no session", &craft_b, session_secret[0], false },
	{ "forged", &craft_b, stranger, true },
};

START_TEST(what_is_not_ours_to_open_stays)
{
	uint8_t frame[500], inner[400];
	struct mr_pkt *p;
	struct bench b;
	size_t n, len;

	ck_assert(bench_open(&b, 0));
	if (!half[_i].session)
		craft_session_gone(b.open, &craft_a);
	n = frame_of(frame, 5, half[_i].dest, half[_i].key, 9, 0);
	len = craft_sealed(inner, &craft_a, half[_i].dest, half[_i].key, 9, 0, note, sizeof note);
	p = feed(b.open, "frames", frame, n);
	p->flags = MR_FLAG_OPENED;
	p->far = 11;
	ck_assert_str_eq(rig_run(b.open), "out");
	p = rig_out(b.open, "out");
	vectors_same(half[_i].name, p->data + 20, p->len - 36, inner, len);
	ck_assert_uint_eq(p->flags, 0);
	bench_close(&b);
}
END_TEST

/* Every truncation and every flipped bit of a frame ends by name. */
START_TEST(nothing_forged_passes)
{
	uint8_t frame[500];
	struct bench b;
	size_t n;

	if (!bench_open(&b, _i))
		return;
	n = frame_of(frame, 5, &craft_b, session_secret[0], 9, 0);
	for (size_t len = 0; len < n; len++)
		feed(b.open, "frames", frame, len);
	rig_run(b.open);
	craft_drops(b.open, &mr_kind_open, "malformed", n);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		feed(b.open, "frames", frame, n);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit % 256 == 255)
			rig_run(b.open);
	}
	rig_run(b.open);
	ck_assert_uint_eq(rig_count(b.open, "out"), 0);
	ck_assert_uint_eq(rig_count(b.open, "malformed"), n + 8 * 3);
	ck_assert_uint_eq(rig_count(b.open, "unknown-index"), 8 * 4);
	ck_assert_uint_eq(rig_count(b.open, "forged"), 8 * (n - 7));
	craft_index(b.open, INDEX, &craft_a, MR_NO_HANDLE, NULL, NULL);
	feed(b.open, "frames", frame, n);
	ck_assert_str_eq(rig_run(b.open), "not-yet");
	bench_close(&b);
}
END_TEST

/* Three keys: whichever it was sealed under opens it, and is tried first from then on. */
START_TEST(the_key_that_fits_is_found_and_kept)
{
	uint64_t retried[KEYS] = { 2, 2, 2 }, sum = 0, counter = 0;
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	list(&b, KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		for (unsigned again = 0; again < 3; again++) {
			uint8_t frame[500];
			struct mr_pkt *p;

			feed(b.open, "frames", frame,
			     frame_of(frame, counter++, &craft_b, session_secret[i], again, 0));
			ck_assert_str_eq(rig_run(b.open), "out");
			p = rig_out(b.open, "out");
			ck_assert_uint_eq(p->far, 11 + i);
			ck_assert_uint_eq(p->flags, MR_FLAG_OPENED);
			ck_assert_mem_eq(p->data + 68, note, sizeof note);
		}
		ck_assert_uint_le(rig_count(b.open, "keys-retried") - sum, retried[i]);
		sum = rig_count(b.open, "keys-retried");
	}
	bench_close(&b);
}
END_TEST

/* ---- and those who accept ---- */

/* Through all three, as one vector each. */
static void run_dealt(struct bench *b)
{
	rig_run(b->open);
	rig_carry(b->open, "out", b->fmp, "opened");
	rig_run(b->fmp);
	rig_carry(b->fmp, "session", b->fsp, "datagrams");
	rig_run(b->fsp);
}

static void run_alone(struct bench *b)
{
	rig_run(b->fmp_alone);
	rig_carry(b->fmp_alone, "session", b->fsp_alone, "datagrams");
	rig_run(b->fsp_alone);
}

/* R10: an index that was given to another key since is no way to it. */
START_TEST(a_recycled_index_is_unknown)
{
	uint8_t frame[500];
	struct keys *keys;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	keys = keys_open(b.provider, link_secret, 2, 0); /* even with the same bytes */
	feed(b.open, "frames", frame, frame_of(frame, 0, &craft_b, session_secret[0], 0, 0));
	rig_run(b.open);
	rig_carry(b.open, "out", b.fmp, "opened");
	craft_index(b.fmp, INDEX, &craft_a, LINK, &b.dealt.recv, &keys->recv);
	ck_assert_str_eq(rig_run(b.fmp), "unknown-index");
	ck_assert_uint_eq(keys->recv.window.highest, 0);
	craft_silent(b.fmp);
	craft_index_gone(b.fmp, INDEX);
	feed(b.open, "frames", frame, frame_of(frame, 1, &craft_b, session_secret[0], 1, 0));
	run_dealt(&b);
	craft_drops(b.fmp, &mr_kind_fmp_open, "unknown-index", 2);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* What says of itself that it was opened is believed by the input `opened` alone: such a frame from
 * rx is opened by both, and what is no message in clear is not taken for one. */
START_TEST(only_open_says_that_it_was_opened)
{
	uint8_t frame[500];
	struct mr_pkt *p;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	p = feed(b.fmp, "frames", frame, frame_of(frame, 0, &craft_b, session_secret[0], 0, 0));
	p->flags = MR_FLAG_OPENED | MR_FLAG_CE;
	p->far = 11;
	ck_assert_str_eq(rig_run(b.fmp), "session");
	p = rig_out(b.fmp, "session");
	ck_assert_uint_eq(p->flags, 0);
	mr_pkt_learn(rig_feed(b.fsp, "datagrams", p->data, p->len), p);
	ck_assert_str_eq(rig_run(b.fsp), "control");
	p = feed(b.fmp, "frames", frame, frame_of(frame, 1, &craft_b, stranger, 1, 0));
	p->flags = MR_FLAG_OPENED;
	p->far = 11;
	rig_run(b.fmp);
	rig_carry(b.fmp, "session", b.fsp, "datagrams");
	ck_assert_str_eq(rig_run(b.fsp), "forged");
	bench_close(&b);
}
END_TEST

/* What the session lost between opening and accepting: the message is dropped by name and control
 * never has it in clear. */
static void key_retired(struct bench *b)
{
	struct mr_order order = { .kind = MR_ORD_SESSION_RETIRE,
	                          .p = &b->dealt.session_recv, .a = 11 };

	rig_order(b->fsp, &order);
}

static void session_ended(struct bench *b)
{
	craft_session_gone(b->fsp, &craft_a);
}

static void session_expected(struct bench *b)
{
	craft_session_gone(b->fsp, &craft_a);
	craft_session(b->fsp, &craft_a, NULL, NULL, 0);
}

static const struct {
	const char *went;
	void (*before)(struct bench *b);
} lost[] = {
	{ "no-key", key_retired }, { "no-session", session_ended }, { "no-key", session_expected },
};

START_TEST(what_a_session_lost_meanwhile)
{
	uint8_t frame[500];
	struct bench b;

	ck_assert(bench_open(&b, 0));
	feed(b.open, "frames", frame, frame_of(frame, 0, &craft_b, session_secret[0], 0, 0));
	rig_run(b.open);
	rig_carry(b.open, "out", b.fmp, "opened");
	rig_run(b.fmp);
	rig_carry(b.fmp, "session", b.fsp, "datagrams");
	lost[_i].before(&b);
	ck_assert_str_eq(rig_run(b.fsp), lost[_i].went);
	ck_assert_uint_eq(rig_count(b.fsp, "out"), 0);
	ck_assert_uint_eq(b.dealt.session[0]->recv.window.highest, 0);
	bench_close(&b);
}
END_TEST

/* R13: a pending key is promoted by the first message that was opened under it, which is delivered,
 * once; a repeated one is a duplicate, one from long ago is stale. */
START_TEST(a_pending_key_is_promoted)
{
	struct fips_session_recv *recv;
	uint8_t frame[500];
	struct mr_event event;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	recv = &b.dealt.session_recv;
	install(b.fsp, &b.dealt, 1);
	list(&b, 2);
	for (unsigned i = 0; i < 2; i++)
		feed(b.open, "frames", frame,
		     frame_of(frame, i, &craft_b, session_secret[1], 5000, FIPS_FSP_K));
	run_dealt(&b);
	ck_assert_uint_eq(rig_count(b.fsp, "out"), 1);
	craft_drops(b.fsp, &mr_kind_fsp_open, "duplicate", 1);
	ck_assert_uint_eq(recv->slot[FIPS_CURRENT]->id, 12);
	ck_assert_uint_eq(recv->slot[FIPS_PREVIOUS]->id, 11);
	ck_assert(rig_event(b.fsp, &event));
	ck_assert(event.kind == MR_EV_CONFIRMED_SESSION && event.a == 12 && event.u == 1);
	craft_silent(b.fsp);
	feed(b.open, "frames", frame,
	     frame_of(frame, 2, &craft_b, session_secret[1], 1, FIPS_FSP_K));
	feed(b.open, "frames", frame, frame_of(frame, 3, &craft_b, session_secret[0], 1, 0));
	run_dealt(&b);
	ck_assert_uint_eq(rig_count(b.fsp, "stale"), 1);
	ck_assert_uint_eq(rig_count(b.fsp, "out"), 2);
	bench_close(&b);
}
END_TEST

/* ---- the same as without it ---- */

/* What happened in a walk: counters that were used, of the link and of each key of the session. */
struct walk {
	uint64_t link, inner[KEYS];
	unsigned keys; /* installed */
	uint8_t  frame[8][500]; /* some of those that were sent */
	size_t   len[8];
};

/* A frame: fresh, late, repeated, damaged at either layer, or for others. */
static size_t step(struct walk *w, const struct mr_rand *rnd, uint8_t out[500])
{
	unsigned what = mr_rand_below(rnd, 16), k = mr_rand_below(rnd, w->keys), at;
	uint64_t back = mr_rand_below(rnd, 8) ? 0 : mr_rand_below(rnd, 3000);
	uint64_t counter, inner;
	size_t n;

	at = mr_rand_below(rnd, 8);
	if (what == 0 && w->len[at]) {
		memcpy(out, w->frame[at], w->len[at]);
		return w->len[at];
	}
	w->link += what == 1 ? 901 : 1;
	w->inner[k] += what == 2 ? 901 : 1;
	counter = w->link > back ? w->link - back : 0;
	inner = w->inner[k] > back ? w->inner[k] - back : 0;
	n = frame_of(out, counter, what == 3 ? &craft_t : &craft_b,
	             what == 4 ? stranger : session_secret[k], inner, k % 2 ? FIPS_FSP_K : 0);
	if (what == 5)
		out[n - 1] ^= 1;
	w->len[at] = n;
	memcpy(w->frame[at], out, n);
	return n;
}

static void same_out(struct rig *a, struct rig *b, const char *output)
{
	struct mr_pkt *p, *q;

	while ((p = rig_out(a, output))) {
		q = rig_out(b, output);
		ck_assert_ptr_nonnull(q);
		vectors_same(output, p->data, p->len, q->data, q->len);
		ck_assert_uint_eq(p->mark, q->mark);
		ck_assert_uint_eq(p->near, q->near);
		ck_assert_mem_eq(mr_pkt_via(p), mr_pkt_via(q), sizeof(struct fips_via));
	}
	ck_assert_ptr_null(rig_out(b, output));
}

static void same_events(struct rig *a, struct rig *b)
{
	struct mr_event x, y;

	while (rig_event(a, &x)) {
		ck_assert(rig_event(b, &y));
		ck_assert(x.kind == y.kind && x.a == y.a && x.u == y.u);
	}
	craft_silent(b);
}

static void same_windows(const struct state *a, const struct state *b)
{
	ck_assert_mem_eq(&a->link->recv.window, &b->link->recv.window, sizeof a->link->recv.window);
	for (unsigned i = 0; i < KEYS; i++)
		ck_assert_mem_eq(&a->session[i]->recv.window, &b->session[i]->recv.window,
		                 sizeof a->session[i]->recv.window);
	for (unsigned i = 0; i < FIPS_SESSION_KEYS; i++)
		ck_assert_uint_eq(a->session_recv.slot[i] ? a->session_recv.slot[i]->id : 0,
		                  b->session_recv.slot[i] ? b->session_recv.slot[i]->id : 0);
	ck_assert_uint_eq(fips_word_get(&a->recv.frames), fips_word_get(&b->recv.frames));
	ck_assert_uint_eq(fips_word_get(&a->session_recv.frames),
	                  fips_word_get(&b->session_recv.frames));
}

/* As many end, though not always by the same name: what one key has seen before is tried under the
 * others, where nobody knows yet whose it is, and is refused as forged;
 * a repeated frame may be damaged too. */
static uint64_t ended(struct rig *rig, const char *const names[])
{
	uint64_t n = 0;

	for (unsigned i = 0; names[i]; i++)
		n += rig_count(rig, names[i]);
	return n;
}

static void same_drops(const struct bench *b)
{
	static const char *const inner[] = { "stale", "duplicate", "no-key", "forged", NULL };
	static const char *const outer[] = { "stale", "duplicate", "forged", NULL };

	ck_assert_uint_eq(ended(b->fsp, inner), ended(b->fsp_alone, inner));
	ck_assert_uint_eq(rig_count(b->open, "forged") + ended(b->fmp, outer),
	                  ended(b->fmp_alone, outer));
}

/* Frames in any order, more than once, damaged, under keys that come one after the other: all that
 * leaves, all that control is told, every window and every slot is the same. */
START_TEST(all_ends_as_without_it)
{
	struct mr_rand_state seed = { .seed = (uint64_t)_i + 1 };
	struct mr_rand rnd = mr_rand_seeded(&seed);
	static struct walk w;
	struct bench b;

	memset(&w, 0, sizeof w);
	w.keys = 1;
	ck_assert(bench_open(&b, 0));
	for (unsigned turn = 0; turn < 300; turn++) {
		unsigned n = 1 + mr_rand_below(&rnd, 40);

		if ((turn == 100 || turn == 200) && w.keys < KEYS) {
			install(b.fsp, &b.dealt, w.keys);
			install(b.fsp_alone, &b.alone, w.keys);
			list(&b, ++w.keys);
		}
		for (unsigned i = 0; i < n; i++) {
			uint8_t frame[500];
			size_t len = step(&w, &rnd, frame);

			feed(b.open, "frames", frame, len);
			feed(b.fmp_alone, "frames", frame, len);
		}
		run_dealt(&b);
		run_alone(&b);
		same_out(b.fmp, b.fmp_alone, "transit");
		same_out(b.fsp, b.fsp_alone, "control");
		same_events(b.fmp, b.fmp_alone);
		same_events(b.fsp, b.fsp_alone);
		same_windows(&b.dealt, &b.alone);
		rig_at(b.open, MR_NS_PER_S * (2 + turn));
	}
	same_drops(&b);
	ck_assert_uint_gt(rig_count(b.fsp, "out"), 2000);
	ck_assert_uint_gt(rig_count(b.fmp, "duplicate"), 50);
	ck_assert_uint_gt(rig_count(b.fmp, "stale"), 50);
	ck_assert_uint_gt(rig_count(b.open, "keys-retried"), 10);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("open");
	TCase *tc = tcase_create("open");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, both_layers_are_opened, 0, keys_providers());
	tcase_add_loop_test(tc, what_is_not_ours_to_open_stays, 0, (int)COUNT(half));
	tcase_add_loop_test(tc, nothing_forged_passes, 0, keys_providers());
	tcase_add_loop_test(tc, the_key_that_fits_is_found_and_kept, 0, keys_providers());
	tcase_add_test(tc, a_recycled_index_is_unknown);
	tcase_add_test(tc, only_open_says_that_it_was_opened);
	tcase_add_loop_test(tc, what_a_session_lost_meanwhile, 0, (int)COUNT(lost));
	tcase_add_test(tc, a_pending_key_is_promoted);
	tcase_add_loop_test(tc, all_ends_as_without_it, 0, 4);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
