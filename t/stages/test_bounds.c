/* Nothing is unbounded (R7): each thing that could grow is flooded here, stops at its cap, and what
 * was too much is a named drop or a counter.
 *
 * Whole nodes again; node 0 is the one that is flooded.  What a single part can show alone is shown
 * with that part: the README of the tests lists where. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "stages/control/state.h"
#include "stages/lib/words.h"
#include "stages/route/route.h"
#include "t/lib/craft.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;

static void linked(const char *more)
{
	whole_open(0, more, "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
}

static struct mr_engine *engine(void)
{
	return node[0].engine;
}

/* ---- packets that came before their key ---- */

#define CALLS 20

static uint32_t announced[CALLS];
static unsigned announcements;

static uint64_t note_index(const struct flight *f)
{
	if (f->len != FIPS_MSG1_LEN)
		return MS;
	ck_assert_uint_lt(announcements, CALLS);
	announced[announcements++] = mr_le32(f->bytes + FIPS_LINK_PREFIX);
	return MR_NEVER;
}

/* Node 0 dials this many at once, and somebody sends n frames for each index it has announced. */
static void frames_before_keys(unsigned calls, unsigned n)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_via via = via_of(air.host[0]);
	char peers[CALLS * 160] = "";

	announcements = 0;
	air.fate = note_index;
	for (unsigned i = 0; i < calls; i++) {
		uint8_t secret[FIPS_SECRET_LEN] = { 1, (uint8_t)i };
		struct fips_identity id;
		size_t at = strlen(peers);

		ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
		snprintf(peers + at, sizeof peers - at,
		         "%s{\"npub\":\"%s\",\"addresses\":[{\"transport\":\"udp\","
		         "\"addr\":\"10.0.0.2:%u\"}]}", i ? "," : "", id.npub, 1000 + i);
	}
	fips_curve_close(&curve);
	whole_open(0, "", peers);
	whole_run(20);
	ck_assert_uint_eq(announcements, calls);
	for (unsigned i = 0; i < calls * n; i++) {
		struct fips_link_head head = { .payload_len = 5, .counter = i,
			                       .receiver_idx = announced[i % calls] };
		uint8_t frame[FIPS_LINK_MIN + 5] = { 0 };

		fips_link_head_build(frame, &head);
		air_send(HAND, &via, frame, sizeof frame);
	}
	whole_run(20);
}

static void frames_of_one_key(void)
{
	frames_before_keys(1, 40);
}

static void frames_of_many_keys(void)
{
	frames_before_keys(CALLS, CONTROL_KEPT_EACH);
}

/* A session of the neighbour's is never finished, and sealed messages come all the same. */
static void messages_before_a_key(void)
{
	static const uint8_t key[MR_AEAD_KEY], text[20];
	uint8_t message[200];

	linked("");
	nb.no_msg3 = true;
	neighbour_setup(&nb);
	whole_run(20);
	for (unsigned i = 0; i < 40; i++)
		neighbour_message(&nb, message,
		                  craft_sealed(message, &nb.me.addr, &whole_mesh(0)->me.addr, key,
		                               i, 0, text, sizeof text));
	whole_run(20);
}

static uint64_t held_by_control(void)
{
	return control_word(0, MR_W_HELD);
}

/* ---- packets without a way ---- */

static void pack(unsigned destinations, unsigned each)
{
	whole_open(0, "", "");
	node[0].deaf = true; /* nobody finds a way */
	for (unsigned i = 0; i < destinations; i++) {
		struct fips_addr to = { { 0xee, (uint8_t)i, (uint8_t)(i >> 8) } };

		whole_say(0, &to, 100, 1);
		air.outbox_n = each;
		whole_data_turns(0, 3);
	}
}

static void packets_for_one(void)
{
	pack(1, 100);
}

static void packets_for_some(void)
{
	pack(20, MR_PARK_EACH);
}

static void packets_for_many(void)
{
	pack(300, 1);
}

static uint64_t parked(void)
{
	return whole_word(0, &mr_kind_route, MR_W_HELD);
}

/* ---- strangers ---- */

/* One each 10 ms, as fast as they are answered at length. */
static void strangers(const char *more, unsigned n)
{
	linked(more);
	for (unsigned i = 0; i < n; i++) {
		neighbour_stranger(&nb, i);
		whole_run(10);
	}
	whole_run(20);
}

static void strangers_for_few_places(void)
{
	strangers(",\"limits\":{\"max_peers\":8}", 50);
}

static uint64_t links(void)
{
	return mr_table_count(whole_mesh(0)->links);
}

static void strangers_in_a_hurry(void)
{
	strangers(",\"limits\":{\"max_peers\":1024}", 300);
}

/* ---- tables ---- */

/* Entries of nobody's, until no more fit. */
static void fill(struct mr_table *t, size_t entry, unsigned cap)
{
	uint8_t key[32] = { 0 };

	for (unsigned i = 0;; i++) {
		void *e = calloc(1, entry);

		mr_to_be32(key, 0xc0000000 | i); /* the index table looks at four bytes only */
		ck_assert_ptr_nonnull(e);
		if (mr_table_put(t, engine()->host->epoch, key, e) != MR_NO_HANDLE)
			continue;
		free(e);
		ck_assert_uint_le(i, cap);
		break;
	}
}

static void a_call_without_an_index(void)
{
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	fill(whole_mesh(0)->index, sizeof(struct fips_index_entry), 8 * MR_PEERS_MAX);
	neighbour_call(&nb);
	whole_run(20);
}

static void a_call_without_a_link(void)
{
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	fill(whole_mesh(0)->links, sizeof(struct fips_link_entry), MR_PEERS_MAX);
	neighbour_call(&nb);
	whole_run(20);
}

static void a_setup_without_a_session(void)
{
	linked("");
	fill(whole_mesh(0)->sessions, sizeof(struct fips_session_entry), MR_SESSIONS_MAX);
	neighbour_setup(&nb);
	whole_run(20);
}

static void a_packet_without_a_route(void)
{
	struct fips_addr nobody = { { 0xee } };

	linked("");
	fill(whole_mesh(0)->routes, sizeof(struct fips_route_entry), MR_ROUTES_MAX);
	whole_say(0, &nobody, 100, 1);
	whole_run(20);
}

static void a_datagram_without_a_forward(void)
{
	struct fips_addr nobody = { { 0xee } };
	uint8_t message[200], payload[40] = { 0, 0, 24, 0 };

	linked("");
	fill(whole_mesh(0)->forwards, sizeof(struct fips_forward_entry), MR_FORWARDS_MAX);
	neighbour_message(&nb, message, craft_datagram(message, &nb.me.addr, &nobody, 1472, payload,
	                                               sizeof payload));
	whole_run(20);
}

static uint64_t indices(void)
{
	return mr_table_count(whole_mesh(0)->index);
}

static uint64_t sessions(void)
{
	return mr_table_count(whole_mesh(0)->sessions);
}

static uint64_t routes(void)
{
	return mr_table_count(whole_mesh(0)->routes);
}

static uint64_t forwards(void)
{
	return mr_table_count(whole_mesh(0)->forwards);
}

/* ---- what all have in common ---- */

static const struct {
	const char           *what;
	void                (*flood)(void);
	uint64_t            (*grown)(void);
	uint64_t              cap;
	const struct mr_kind *kind;
	const char           *over; /* drop or counter of that kind */
	uint64_t              n;    /* ... and what it is then; 0: anything but that */
} bounds[] = {
	{ "frames kept for one key", frames_of_one_key, held_by_control, CONTROL_KEPT_EACH,
	  &mr_kind_control, "kept-over", 36 },
	{ "frames kept for all keys", frames_of_many_keys, held_by_control, CONTROL_KEPT,
	  &mr_kind_control, "kept-over", CALLS * CONTROL_KEPT_EACH - CONTROL_KEPT },
	{ "messages kept for one session", messages_before_a_key, held_by_control,
	  CONTROL_KEPT_EACH, &mr_kind_control, "kept-over", 36 },
	{ "packets parked for one destination", packets_for_one, parked, MR_PARK_EACH,
	  &mr_kind_route, "park-over", 84 },
	{ "packets parked in all", packets_for_some, parked, MR_PARK_ALL, &mr_kind_route,
	  "park-full", 20 * MR_PARK_EACH - MR_PARK_ALL },
	{ "destinations parked for", packets_for_many, parked, MR_PARK_DESTS, &mr_kind_route,
	  "park-full", 300 - MR_PARK_DESTS },
	{ "links of strangers", strangers_for_few_places, links, 8, &mr_kind_control,
	  "node-refused", 50 - 7 },
	/* 100 at once, the neighbour's among them, and 10 a second, of 300 in 3 s */
	{ "calls of strangers", strangers_in_a_hurry, links, 130, &mr_kind_control,
	  "node-limited", 300 - 129 },
	{ "the index table", a_call_without_an_index, indices, 8 * MR_PEERS_MAX, &mr_kind_control,
	  "table-full", 0 },
	{ "the links table", a_call_without_a_link, links, MR_PEERS_MAX, &mr_kind_control,
	  "table-full", 0 },
	{ "the sessions table", a_setup_without_a_session, sessions, MR_SESSIONS_MAX,
	  &mr_kind_control, "table-full", 0 },
	{ "the routes table", a_packet_without_a_route, routes, MR_ROUTES_MAX, &mr_kind_control,
	  "table-full", 0 },
	{ "the forwards table", a_datagram_without_a_forward, forwards, MR_FORWARDS_MAX,
	  &mr_kind_control, "table-full", 0 },
};

static uint64_t counted(const struct mr_kind *kind, const char *name)
{
	for (unsigned i = 0; kind->drops[i].name; i++) {
		if (!strcmp(kind->drops[i].name, name))
			return whole_drop(0, kind, name);
	}
	return whole_count(0, kind, name);
}

START_TEST(it_stops_at_its_cap)
{
	uint64_t over;

	whole_reset();
	bounds[_i].flood();
	over = counted(bounds[_i].kind, bounds[_i].over);
	ck_assert_msg(bounds[_i].grown() == bounds[_i].cap, "%s: %llu", bounds[_i].what,
	              (unsigned long long)bounds[_i].grown());
	ck_assert_msg(bounds[_i].n ? over == bounds[_i].n : over > 0, "%s: %llu %s",
	              bounds[_i].what, (unsigned long long)over, bounds[_i].over);
	whole_run(1);
	if (nb.me.npub[0])
		neighbour_close(&nb);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bounds");
	TCase *tc = tcase_create("bounds");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, it_stops_at_its_cap, 0, sizeof bounds / sizeof bounds[0]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
