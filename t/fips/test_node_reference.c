/* A node beside the reference: rekeys that the other side begins, at both layers, are answered and
 * followed without a packet lost, and whatever datagram is lost on the way, the link stays. */
#include <string.h>

#include <check.h>

#include "t/lib/reference.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Numbers 10 < 11 < 2 < 1 are in the order of their addresses. */
static const struct {
	unsigned we, they;
} order[] = { { 1, 2 }, { 10, 11 } };

struct meeting {
	struct world     *w;
	struct sim_node  *we;
	struct reference *they;
};

enum { WE_DIAL = 1, THEY_DIAL = 2, OUT_OF_PHASE = 4 };

static struct meeting meet(uint64_t seed, unsigned how, unsigned who, uint64_t link_messages,
                           uint64_t session_messages)
{
	struct meeting m = { .w = world_open(seed) };
	struct world_peer peer = { .secret = order[who].they, .vias = how & WE_DIAL ? 1 : 0 };
	struct reference_config config = {
		.secret = order[who].they,
		.peer = order[who].we,
		.dials = how & THEY_DIAL,
		.link_messages = link_messages,
		.session_messages = session_messages,
		.link_age = 120,
		.session_age = 120,
		.k_out_of_phase = how & OUT_OF_PHASE,
	};

	m.we = world_node(m.w, order[who].we, &peer, 1, NULL);
	m.they = reference_open(m.w, &config);
	return m;
}

static bool linked(const struct meeting *m)
{
	return m->they->active && fips_node_has_link(m->we->brain, &m->they->node->me.addr);
}

/* s seconds with data both ways while there is a link. */
static void talk(struct meeting *m, unsigned s, unsigned every)
{
	for (uint64_t end = m->w->now + SECONDS(s); m->w->now < end;) {
		if (linked(m)) {
			world_data(m->we, &m->they->node->me.addr);
			reference_data(m->they);
		}
		world_run(m->w, MS(every));
	}
}

static uint64_t count(const struct meeting *m, enum fips_node_count what)
{
	return fips_node_counts(m->we->brain)[what];
}

/* Of what was sent, at least so many percent came. */
static void ck_delivered(const struct meeting *m, unsigned percent)
{
	const struct sim_node *they = m->they->node;

	ck_assert_msg(they->got * 100 >= m->we->sent * percent, "to them %lu of %lu",
	              (unsigned long)they->got, (unsigned long)m->we->sent);
	ck_assert_msg(m->we->got * 100 >= they->sent * percent, "to us %lu of %lu",
	              (unsigned long)m->we->got, (unsigned long)they->sent);
}

static void ck_one_link(const struct meeting *m)
{
	ck_assert_uint_eq(m->they->links, 1);
	ck_assert_uint_eq(m->they->lost, 0);
	ck_assert_uint_eq(count(m, FIPS_NODE_LOST), 0);
	ck_assert_uint_eq(count(m, FIPS_NODE_RESTARTS), 0);
}

/* Up, and past what the beginning may cost: a message that overtakes message 3 is lost there. */
static void settle(struct meeting *m)
{
	talk(m, 20, 300);
	world_run(m->w, SECONDS(1));
	ck_assert(linked(m));
	m->we->sent = m->we->got = m->they->node->sent = m->they->node->got = 0;
}

/* --- rekeys on a good network ----------------------------------------------------------------- */

static const struct {
	unsigned how;
	uint64_t link_messages, session_messages;
	unsigned every;               /* ms between packets each way            */
	unsigned link, session;       /* rekeys there must be in 20 minutes      */
} rekeys[] = {
	{ WE_DIAL, 65536, 65536, 300, 8, 8 },
	{ THEY_DIAL, 65536, 65536, 300, 8, 8 },
	{ WE_DIAL | THEY_DIAL, 65536, 65536, 300, 8, 8 },
	{ WE_DIAL | OUT_OF_PHASE, 65536, 65536, 300, 8, 8 },
	{ THEY_DIAL | OUT_OF_PHASE, 65536, 65536, 300, 8, 8 },
	{ WE_DIAL, 100, 65536, 100, 28, 8 },    /* links by count: as fast as it can        */
	{ WE_DIAL, 65536, 40, 50, 8, 300 },     /* sessions by count: every 2 s             */
	{ THEY_DIAL | OUT_OF_PHASE, 100, 40, 50, 28, 300 },
};

START_TEST(rekeys_cost_nothing)
{
	size_t kind = (size_t)_i / 2;
	struct meeting m = meet((uint64_t)_i, rekeys[kind].how, (unsigned)_i % 2,
	                        rekeys[kind].link_messages, rekeys[kind].session_messages);

	settle(&m);
	talk(&m, 1200, rekeys[kind].every);
	world_run(m.w, SECONDS(1));
	ck_one_link(&m);
	ck_assert_uint_eq(m.they->sessions, 1);
	ck_assert_uint_ge(m.they->link_rekeys, rekeys[kind].link);
	ck_assert_uint_ge(m.they->session_rekeys, rekeys[kind].session);
	/* We may be a frame ahead of them or behind. */
	ck_assert_uint_le(count(&m, FIPS_NODE_LINK_CUTS), m.they->link_rekeys);
	ck_assert_uint_ge(count(&m, FIPS_NODE_LINK_CUTS) + 1, m.they->link_rekeys);
	ck_assert_uint_ge(count(&m, FIPS_NODE_SESSION_CUTS), m.they->session_rekeys);
	ck_assert_uint_le(count(&m, FIPS_NODE_SESSION_CUTS), m.they->session_rekeys + 1);
	ck_assert_uint_eq(m.they->undecryptable, 0);
	ck_assert_uint_eq(m.they->node->got, m.we->sent);
	ck_assert_uint_eq(m.we->got, m.they->node->sent);
	world_close(m.w);
}
END_TEST

/* The metrics go on over hundreds of cut-overs. */
START_TEST(metrics_survive_rekeys)
{
	struct meeting m = meet(5, WE_DIAL, 0, 100, 200);
	struct fips_peer_info link;
	struct fips_session_info session;

	talk(&m, 600, 50);
	ck_assert(fips_node_peer(m.we->brain, 0, &link));
	ck_assert(fips_node_session(m.we->brain, 0, &session));
	ck_assert_uint_gt(link.metrics.srtt_us, 10000);
	ck_assert_uint_lt(link.metrics.srtt_us, 30000);
	ck_assert_uint_gt(session.metrics.srtt_us, 10000);
	ck_assert_uint_lt(session.metrics.srtt_us, 30000);
	ck_assert_double_le(link.metrics.etx, 1.05);
	ck_assert_double_le(session.metrics.etx, 1.05);
	world_close(m.w);
}
END_TEST

/* --- rekeys on a bad one ---------------------------------------------------------------------- */

#define SEEDS 12

START_TEST(bad_weather)
{
	static const unsigned hows[] = { 1, 2, 3, 5, 6, 7 };
	unsigned percent = 5 * (1 + (unsigned)_i / 2 % 2);
	struct meeting m = meet((uint64_t)_i, hows[_i % 6], (unsigned)_i % 2, 400, 400);

	m.w->loss = m.w->dup = m.w->reorder = percent;
	talk(&m, 3600, 300);
	ck_assert_uint_eq(m.they->lost, 0);
	ck_assert_uint_eq(count(&m, FIPS_NODE_LOST), 0);
	ck_assert_uint_eq(count(&m, FIPS_NODE_RESTARTS), 0);
	ck_assert_uint_ge(m.they->link_rekeys, 15);
	ck_delivered(&m, 100 - percent - 3);
	world_close(m.w);
}
END_TEST

/* --- one message of a handshake --------------------------------------------------------------- */

enum what { MSG1, MSG2, SETUP, ACK, MSG3, BEAT };

struct loss {
	enum what what;
	unsigned  skip, lose; /* of the messages of that kind, per 100 s or so */
	unsigned  seen, lost;
};

static enum what kind_of(const uint8_t *bytes, size_t n)
{
	struct fips_datagram d;

	if (bytes[0] == 1)
		return MSG1;
	if (bytes[0] == 2)
		return MSG2;
	/* Nothing is encrypted here. */
	if (!fips_datagram_parse(bytes + 20, n - 36, &d))
		return BEAT;
	switch (fips_fsp_check(d.payload, d.payload_len)) {
	case FIPS_FSP_SETUP: return SETUP;
	case FIPS_FSP_ACK: return ACK;
	case FIPS_FSP_MSG3: return MSG3;
	default: return BEAT;
	}
}

static bool lose(void *self, const struct sim_node *from, const struct sim_node *to,
                 const uint8_t *bytes, size_t n)
{
	struct loss *loss = self;

	(void)from, (void)to;
	if (kind_of(bytes, n) != loss->what)
		return true;
	if (loss->seen++ % (loss->skip + loss->lose) < loss->skip)
		return true;
	loss->lost++;
	return false;
}

static const struct {
	enum what what;
	unsigned  skip, lose;
	unsigned  percent; /* of the data that must come */
} losses[] = {
	{ MSG1, 2, 1, 100 }, { MSG2, 1, 1, 100 }, { MSG2, 1, 2, 100 }, { MSG2, 1, 3, 100 },
	{ ACK, 1, 1, 100 },  { ACK, 1, 3, 100 },
	{ MSG3, 1, 1, 100 }, { MSG3, 1, 3, 95 }, /* they cut over after 2 s, whatever we have */
};

/* The same message of every handshake is lost, so many times in a row. */
START_TEST(lost_messages)
{
	size_t kind = (size_t)_i / 4;
	struct loss loss = { .what = losses[kind].what, .skip = losses[kind].skip,
		             .lose = losses[kind].lose };
	struct meeting m = meet((uint64_t)_i, _i & 2 ? WE_DIAL : THEY_DIAL, (unsigned)_i % 2, 65536,
	                        65536);

	settle(&m);
	m.w->filter = lose;
	m.w->filter_self = &loss;
	talk(&m, 1800, 300);
	ck_one_link(&m);
	ck_assert_uint_gt(loss.lost, 3);
	ck_assert_uint_ge(m.they->link_rekeys, 10);
	ck_assert_uint_ge(m.they->session_rekeys, 5);
	world_run(m.w, SECONDS(1));
	ck_delivered(&m, losses[kind].percent);
	world_close(m.w);
}
END_TEST

/* --- restarts --------------------------------------------------------------------------------- */

START_TEST(they_restart)
{
	struct meeting m = meet((uint64_t)_i, 1 + (unsigned)_i % 3, (unsigned)_i % 2, 65536, 65536);

	talk(&m, 60, 300);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t got, back;

		reference_restart(m.they);
		talk(&m, 70, 300);
		got = m.they->node->got;
		back = m.we->got;
		talk(&m, 10, 300);
		ck_assert_uint_gt(m.they->node->got, got + 20);
		ck_assert_uint_gt(m.we->got, back + 20);
	}
	world_close(m.w);
}
END_TEST

START_TEST(we_restart)
{
	struct meeting m = meet((uint64_t)_i, 1 + (unsigned)_i % 3, (unsigned)_i % 2, 65536, 65536);
	struct world_peer peer = { .secret = order[_i % 2].they,
		                   .vias = (1 + (unsigned)_i % 3) & WE_DIAL ? 1 : 0 };

	talk(&m, 60, 300);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t got, back;

		world_restart(m.we, &peer, 1, NULL);
		talk(&m, 110, 300);
		got = m.they->node->got;
		back = m.we->got;
		talk(&m, 10, 300);
		ck_assert_uint_gt(m.they->node->got, got + 20);
		ck_assert_uint_gt(m.we->got, back + 20);
	}
	world_close(m.w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node reference");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, rekeys_cost_nothing, 0, 2 * (int)COUNT(rekeys));
	tcase_add_test(tc, metrics_survive_rekeys);
	tcase_add_loop_test(tc, bad_weather, 0, SEEDS);
	tcase_add_loop_test(tc, lost_messages, 0, 4 * (int)COUNT(losses));
	tcase_add_loop_test(tc, they_restart, 0, 6);
	tcase_add_loop_test(tc, we_restart, 0, 6);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
