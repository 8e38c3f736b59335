/* One neighbour's flood is its own affair: what it says too much is dropped by name where links are
 * opened, and control hears everybody else (R7).
 * Forged frames with a live index change nothing at all (R29). */

#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "t/lib/always.h"
#include "t/lib/craft.h"
#include "t/lib/descriptors.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;

/* Node 1 dials node 0, and the hand is linked with node 0, too, with a session. */
static void crowd(void)
{
	char peers[512];

	whole_life = 0;
	whole_reset();
	whole_open(0, "", "");
	whole_open(1, "", whole_dial(0, peers));
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	neighbour_session(&nb);
	whole_say(1, &whole_mesh(0)->me.addr, 100, 1);
	whole_run(50);
	ck_assert_uint_eq(air.got[0], 1);
}

/* ---- what it floods with ---- */

static void heartbeats(void)
{
	neighbour_beat(&nb);
}

static void unknown(void)
{
	neighbour_message(&nb, "\x99what is this", 13);
}

/* An ephemeral key that is on no curve: nothing is answered. */
static void setups(void)
{
	uint8_t noise[FIPS_XK_MSG1] = { 2 }, fsp[FIPS_FSP_SETUP_LEN(1, 1)], message[BYTES];
	struct fips_coords us = fips_coords_of(&nb.me.addr, 1);
	struct fips_fsp_setup setup = { .src = us, .dest = us, .noise = noise };
	size_t n = fips_fsp_setup_build(fsp, sizeof fsp, &setup);

	n = craft_datagram(message, &nb.me.addr, &whole_mesh(0)->me.addr, FIPS_UDP_MTU, fsp, n);
	neighbour_message(&nb, message, n);
}

static void warmups(void)
{
	neighbour_body(&nb, FIPS_FSP_COORDS_WARMUP, "", 0);
}

static const struct {
	const char           *name;
	void                (*say)(void);
	const struct mr_kind *where; /* it is dropped there */
} floods[] = {
	{ "heartbeats", heartbeats, &mr_kind_fmp_open },
	{ "messages nobody knows", unknown, &mr_kind_fmp_open },
	{ "session setups", setups, &mr_kind_fmp_open },
	{ "session messages", warmups, &mr_kind_fsp_open },
};

#define EACH 60 /* a millisecond */

/* The hand says too much for so long, while node 1 sends a packet a millisecond if it is to. */
static void flood(int row, unsigned ms, bool packets)
{
	for (unsigned k = 0; k < ms; k++) {
		for (unsigned i = 0; i < EACH; i++)
			floods[row].say();
		if (packets)
			whole_say(1, &whole_mesh(0)->me.addr, 100, 1);
		whole_run(1);
	}
}

/* Does node i know how long the way to the other one is?  Reports have come and gone then. */
static bool rtt_known(unsigned i)
{
	const void *control = mr_engine_host_state(node[i].engine);
	struct fips_peer_info peer;

	for (unsigned p = 0; mr_control_peer(control, p, &peer); p++) {
		if (fips_addr_eq(&peer.addr, &whole_mesh(!i)->me.addr))
			return peer.metrics.srtt_us > 0;
	}
	return false;
}

START_TEST(a_flood_leaves_the_others_alone)
{
	uint64_t allowed = FIPS_TALK_BURST + FIPS_TALK_RATE / 1000 + 100, over;
	char peers[512];

	crowd();
	flood(_i, 500, false);
	ck_assert(rtt_known(0) && rtt_known(1));
	whole_close(1);
	whole_life++;
	whole_open(1, "", whole_dial(0, peers)); /* a handshake, and a session after it */
	flood(_i, 20, false);
	ck_assert_uint_eq(control_count(0, "node-restarts"), 1);
	flood(_i, 480, true);
	ck_assert_uint_ge(air.got[0], 470);
	over = whole_drop(0, floods[_i].where, "over-rate");
	ck_assert_uint_ge(over, 1000 * EACH - allowed);
	ck_assert_uint_eq(whole_edge(0, &mr_kind_fmp_open, 2), 0); /* no ring to control was full */
	ck_assert_uint_eq(whole_edge(0, &mr_kind_fsp_open, 1), 0);
	neighbour_close(&nb);
	whole_close_all();
}
END_TEST

/* ---- forged frames ---- */

#define JUNK 100000
#define A_MS 250 /* of them a millisecond */

/* The index that node 0 receives on from node 1, as anybody on the way can see it. */
static uint32_t live_index(void)
{
	struct fips_peer_info peer;

	ck_always(mr_control_peer(mr_engine_host_state(node[0].engine), 0, &peer));
	return peer.ours;
}

static void forge(struct mr_rand_state *seed, uint32_t index)
{
	struct mr_rand rand = mr_rand_seeded(seed);
	struct fips_via to = via_of(air.host[0]);
	struct fips_link_head head = { .receiver_idx = index };
	uint8_t frame[256];
	uint32_t r;

	mr_rand_bytes(&rand, frame, sizeof frame);
	r = mr_le32(frame);
	head.payload_len = (uint16_t)(r % 200);
	head.flags = (uint8_t)(r >> 8);
	head.counter = r & 0x10000 ? mr_le64(frame + 8) : r >> 17; /* old ones and new ones */
	fips_link_head_build(frame, &head);
	air_send(HAND, &to, frame, FIPS_LINK_MIN + head.payload_len);
}

/* R29: they come from elsewhere, with every flag and counter, while packets go both ways.
 * Afterwards the link, its key and its address are what they were, the session too,
 * and each packet has arrived. */
START_TEST(forged_frames_change_nothing)
{
	struct mr_rand_state seed = { .seed = 29 };
	struct fips_peer_info before, after;
	const void *control;
	char peers[512];

	whole_life = 0;
	whole_reset();
	whole_open(0, "", "");
	whole_open(1, "", whole_dial(0, peers));
	whole_run(20);
	whole_say(1, &whole_mesh(0)->me.addr, 100, 1);
	whole_run(50);
	control = mr_engine_host_state(node[0].engine);
	ck_assert(mr_control_peer(control, 0, &before));
	air.host[HAND] = 66;
	for (unsigned k = 0; k < JUNK / A_MS; k++) {
		for (unsigned i = 0; i < A_MS; i++)
			forge(&seed, live_index());
		whole_say(k % 2, &whole_mesh(!(k % 2))->me.addr, 100, 1);
		whole_run(1);
	}
	whole_run(50);
	ck_assert_uint_eq(air.got[0], 1 + JUNK / A_MS / 2);
	ck_assert_uint_eq(air.got[1], JUNK / A_MS / 2);
	ck_assert(mr_control_peer(control, 0, &after));
	ck_assert_int_eq(after.state, FIPS_PEER_UP);
	ck_assert_uint_eq(after.key, before.key);
	ck_assert_uint_eq(after.k, before.k);
	ck_assert(fips_via_eq(&after.via, &before.via));
	ck_assert(whole_in_session(0) && whole_in_session(1));
	ck_assert_uint_eq(whole_drop(0, &mr_kind_fmp_open, "forged") +
	                          whole_drop(0, &mr_kind_fmp_open, "stale") +
	                          whole_drop(0, &mr_kind_fmp_open, "duplicate"), JUNK);
	ck_assert_uint_ge(whole_drop(0, &mr_kind_fmp_open, "forged"), JUNK / 2);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->index), 1);
	ck_assert_uint_eq(control_count(0, "node-lost") + control_count(0, "node-gone"), 0);
	whole_close_all();
}
END_TEST

/* ---- many peers, one peer ---- */

/* R16, R23: a hundred links take no more descriptors than one: none has a socket of its own. */
START_TEST(descriptors_do_not_grow_with_peers)
{
	unsigned with_one;

	whole_reset();
	whole_open(0, ",\"rate_limit\":{\"handshake_burst\":1000}", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	with_one = descriptors();
	for (unsigned i = 0; i < 100; i++) {
		neighbour_stranger(&nb, i);
		whole_run(2);
	}
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->links), 101);
	ck_assert_uint_eq(descriptors(), with_one);
	neighbour_close(&nb);
	whole_close_all();
}
END_TEST

/* The replica of fmp-open that takes in a frame under this key of the neighbour's. */
static const struct mr_replica *owner(unsigned key)
{
	const struct mr_engine *e = node[0].engine;
	const struct mr_replica *found = NULL;
	uint64_t before[64];

	ck_assert_uint_le(e->replicas, 64);
	for (unsigned r = 0; r < e->replicas; r++)
		before[r] = e->replica[r].block->live[MR_W_IN];
	nb.link_at = key;
	neighbour_beat(&nb);
	whole_run(5);
	for (unsigned r = 0; r < e->replicas; r++) {
		if (e->replica[r].kind != &mr_kind_fmp_open ||
		    e->replica[r].block->live[MR_W_IN] == before[r])
			continue;
		ck_assert_ptr_null(found);
		found = &e->replica[r];
	}
	ck_assert_ptr_nonnull(found);
	return found;
}

/* R28: whatever index a rekey brings, old and new frames of a peer meet the same replica, which has
 * all its windows. */
START_TEST(rekeys_stay_with_their_replica)
{
	const struct mr_replica *first;

	whole_reset();
	whole_open(0, ",\"rekey\":{\"enabled\":false}", "");
	neighbour_open(&nb, 0);
	nb.seed.seed = 1000 + (uint64_t)_i;
	neighbour_link(&nb);
	first = owner(0);
	for (unsigned k = 1; k < 6; k++) {
		whole_run(31000);
		neighbour_link(&nb);
		ck_assert_uint_ne(nb.link[k].theirs, nb.link[k - 1].theirs);
		ck_assert_ptr_eq(owner(k), first);
		ck_assert_ptr_eq(owner(k - 1), first); /* it still receives */
		nb.link_at = k;
	}
	ck_assert_uint_eq(control_count(0, "node-link-cuts"), 5);
	neighbour_close(&nb);
	whole_close_all();
}
END_TEST

static void spread(void)
{
	whole_spread = true;
}

static TCase *all(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, a_flood_leaves_the_others_alone, 0,
	                    sizeof floods / sizeof floods[0]);
	tcase_add_test(tc, forged_frames_change_nothing);
	tcase_add_test(tc, descriptors_do_not_grow_with_peers);
	tcase_add_loop_test(tc, rekeys_stay_with_their_replica, 0, 2);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("a crowd of neighbours");
	TCase *several = all("several replicas of a stage");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, all("one of each"));
	tcase_add_checked_fixture(several, spread, NULL);
	suite_add_tcase(s, several);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
