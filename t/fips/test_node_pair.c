/* Two nodes and a network that loses, doubles and reorders: they find each other, stay together,
 * and carry data, whatever happens to single datagrams, to the network, or to one of them. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "t/lib/node_plane.h"
#include "t/lib/two_nodes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
	struct world      *w;
	struct sim_node   *a, *b;
	struct world_peer  to_a, to_b;
};

/* Who dials whom: bit 0 a, bit 1 b; by how many addresses. */
static struct pair pair_open(uint64_t seed, unsigned dials, unsigned vias)
{
	struct pair p = { .w = world_open(seed),
		          .to_a = { .secret = 1, .vias = dials & 2 ? vias : 0 },
		          .to_b = { .secret = 2, .vias = dials & 1 ? vias : 0 } };

	p.a = world_node(p.w, 1, &p.to_b, 1, NULL);
	p.b = world_node(p.w, 2, &p.to_a, 1, NULL);
	return p;
}

static void chance(struct pair *p, unsigned percent)
{
	p->w->loss = p->w->dup = p->w->reorder = percent;
}

/* s seconds with a packet each way every `every` ms. */
static void talk(struct pair *p, unsigned s, unsigned every)
{
	for (uint64_t end = p->w->now + SECONDS(s); p->w->now < end;) {
		world_data(p->a, &p->b->me.addr);
		world_data(p->b, &p->a->me.addr);
		world_run(p->w, MS(every));
	}
}

static bool together(void *self)
{
	struct pair *p = self;

	return world_linked(p->a, p->b) && world_in_session(p->a, p->b);
}

/* Both directions deliver, within s seconds of trying. */
static void ck_heals(struct pair *p, unsigned s)
{
	uint64_t a = p->a->got, b = p->b->got;

	for (unsigned i = 0; i < s && (p->a->got == a || p->b->got == b || !together(p)); i++)
		talk(p, 1, 250);
	ck_assert_msg(p->a->got > a && p->b->got > b, "no data after %u s", s);
	ck_assert(together(p));
}

static uint64_t count(const struct sim_node *node, enum fips_node_count what)
{
	return fips_node_counts(node->brain)[what];
}

/* --- chance ----------------------------------------------------------------------------------- */

static const struct {
	unsigned percent, dials, vias;
} weather[] = {
	{ 0, 1, 1 }, { 0, 2, 1 }, { 0, 3, 1 }, { 0, 3, 4 }, { 5, 3, 1 }, { 10, 1, 4 }, { 10, 2, 1 },
	{ 10, 3, 1 }, { 20, 1, 1 }, { 20, 3, 2 }, { 30, 1, 1 }, { 30, 2, 4 }, { 30, 3, 1 },
};

#define SEEDS 4

START_TEST(up_and_staying_up)
{
	size_t kind = (size_t)_i % COUNT(weather);
	unsigned percent = weather[kind].percent;
	struct pair p = pair_open((uint64_t)_i, weather[kind].dials, weather[kind].vias);
	uint64_t sent, got, dropped;

	chance(&p, percent);
	ck_heals(&p, 60);
	sent = p.a->sent + p.b->sent;
	got = p.a->got + p.b->got;
	dropped = p.a->dropped + p.b->dropped;
	talk(&p, 1200, 500);
	ck_assert(together(&p));
	ck_assert_uint_eq(count(p.a, FIPS_NODE_LOST) + count(p.b, FIPS_NODE_LOST), 0);
	ck_assert_uint_eq(p.a->dropped + p.b->dropped, dropped);
	chance(&p, 0);
	world_run(p.w, SECONDS(2));
	sent = p.a->sent + p.b->sent - sent;
	got = p.a->got + p.b->got - got;
	/* What the network takes, and hardly anything on top. */
	ck_assert_msg(got * 100 >= sent * (100 - percent - (percent ? 3 : 0)), "%lu of %lu",
	              (unsigned long)got, (unsigned long)sent);
	world_close(p.w);
}
END_TEST

/* A network that is away for a while, again and again. */
START_TEST(heals)
{
	struct pair p = pair_open(1000 + (uint64_t)_i, 1 + (unsigned)_i % 3, 1);

	chance(&p, (unsigned)_i % 4 * 5);
	ck_heals(&p, 60);
	for (unsigned i = 0; i < 12; i++) {
		p.w->cut = true;
		talk(&p, 1 + (unsigned)world_random(p.w, 120), 500);
		p.w->cut = false;
		ck_heals(&p, 120);
		talk(&p, 20, 500);
	}
	world_close(p.w);
}
END_TEST

/* --- one datagram ----------------------------------------------------------------------------- */

struct pick {
	uint64_t seen, from, to; /* the datagrams from..to are lost, counted from 0 */
};

static bool all_but(void *self, const struct sim_node *from, const struct sim_node *to,
                    const uint8_t *bytes, size_t n)
{
	struct pick *pick = self;
	uint64_t i = pick->seen++;

	(void)from, (void)to, (void)bytes, (void)n;
	return i < pick->from || i > pick->to;
}

#define FIRST 45

/* Each datagram of the beginning is lost, alone and with those that follow. */
START_TEST(lost_at_each_step)
{
	for (unsigned run = 0; run < 4; run++) {
		struct pair p = pair_open(77, 1 + (unsigned)_i % 3, 1);
		struct pick pick = { .from = (unsigned)_i / 3, .to = (unsigned)_i / 3 + run };

		p.w->filter = all_but;
		p.w->filter_self = &pick;
		ck_heals(&p, 50); /* enough message 1s lost end a dial: 30 s, then 10 */
		ck_assert_uint_eq(count(p.a, FIPS_NODE_LOST) + count(p.b, FIPS_NODE_LOST), 0);
		world_close(p.w);
	}
}
END_TEST

/* --- crossing --------------------------------------------------------------------------------- */

struct slow {
	unsigned from; /* place of the node whose datagrams are held back */
	uint64_t until;
};

static bool one_way(void *self, const struct sim_node *from, const struct sim_node *to,
                    const uint8_t *bytes, size_t n)
{
	struct slow *slow = self;

	(void)to, (void)bytes, (void)n;
	return !from || from->id != slow->from || from->world->now >= slow->until;
}

/* Both dial; one is not heard at first.  Both end on the handshake of the smaller address. */
START_TEST(crossing)
{
	struct pair p = pair_open((uint64_t)_i, 3, 1);
	struct slow slow = { .from = (unsigned)_i % 2, .until = p.w->now + MS(10 * (unsigned)_i) };
	struct fips_peer_info at_a, at_b;

	p.w->filter = one_way;
	p.w->filter_self = &slow;
	ck_heals(&p, 60);
	talk(&p, 40, 500);
	ck_assert(fips_node_peer(p.a->brain, 0, &at_a) && fips_node_peer(p.b->brain, 0, &at_b));
	ck_assert_uint_eq(at_a.ours, at_b.theirs);
	ck_assert_uint_eq(at_b.ours, at_a.theirs);
	ck_assert_int_ne(at_a.initiator, at_b.initiator);
	ck_assert_uint_eq(at_a.keys, 1);
	ck_assert_uint_eq(at_b.keys, 1);
	ck_assert_uint_eq(count(p.a, FIPS_NODE_LOST) + count(p.b, FIPS_NODE_LOST), 0);
	world_close(p.w);
}
END_TEST

/* --- one of them ------------------------------------------------------------------------------ */

START_TEST(restarts)
{
	struct pair p = pair_open(500 + (uint64_t)_i, 3, 1);
	uint64_t seen = 0;

	chance(&p, (unsigned)_i % 3 * 10);
	ck_heals(&p, 60);
	for (unsigned i = 0; i < 10; i++) {
		talk(&p, 1 + (unsigned)world_random(p.w, 60), 500);
		seen += count(p.b, FIPS_NODE_RESTARTS);
		if (i % 2)
			world_restart(p.a, &p.to_b, 1, NULL);
		else
			world_restart(p.b, &p.to_a, 1, NULL);
		ck_heals(&p, 60);
	}
	ck_assert_uint_gt(seen, 0);
	world_close(p.w);
}
END_TEST

/* The one that is called restarts: its caller finds out by silence. */
START_TEST(the_called_one_restarts)
{
	struct pair p = pair_open(600 + (uint64_t)_i, 1, 1);

	ck_heals(&p, 60);
	talk(&p, 20, 500);
	world_restart(p.b, &p.to_a, 1, NULL);
	ck_heals(&p, 60);
	ck_assert_uint_eq(count(p.a, FIPS_NODE_LOST), 1);
	world_close(p.w);
}
END_TEST

START_TEST(roams)
{
	struct pair p = pair_open(700, 1, 1);
	struct fips_peer_info info;

	ck_heals(&p, 60);
	talk(&p, 5, 500);
	p.a->via.sock[1] = 9;
	talk(&p, 5, 500);
	ck_assert(fips_node_peer(p.b->brain, 0, &info));
	ck_assert(fips_via_eq(&info.via, &p.a->via));
	ck_assert_uint_eq(p.b->actions_done[FIPS_ACT_SET_VIA], 1);
	ck_assert_uint_eq(p.a->sent + p.b->sent, p.a->got + p.b->got + p.a->dropped + p.b->dropped);
	world_close(p.w);
}
END_TEST

/* Stop tells the peer, which does not wait for silence. */
START_TEST(stops)
{
	struct pair p = pair_open(800, 1, 1);
	struct fips_input stop = { .kind = FIPS_IN_STOP };

	ck_heals(&p, 60);
	world_input(p.b, &stop);
	world_run(p.w, SECONDS(1));
	ck_assert(fips_node_stopped(p.b->brain));
	ck_assert(!fips_node_has_link(p.a->brain, &p.b->me.addr));
	world_kill(p.b);
	world_run(p.w, SECONDS(20));
	world_restart(p.b, &p.to_a, 1, NULL);
	ck_heals(&p, 60);
	ck_assert_uint_eq(count(p.a, FIPS_NODE_LOST), 0);
	world_close(p.w);
}
END_TEST

START_TEST(operator_disconnects)
{
	struct pair p = pair_open(900, 3, 1);
	struct fips_input in = { .kind = FIPS_IN_DISCONNECT };

	ck_heals(&p, 60);
	in.peer = p.b->me.addr;
	world_input(p.a, &in);
	world_run(p.w, SECONDS(3));
	ck_assert(!fips_node_has_link(p.a->brain, &p.b->me.addr));
	ck_assert(!fips_node_has_link(p.b->brain, &p.a->me.addr));
	world_run(p.w, SECONDS(10)); /* b calls again after 5 s, and is answered */
	ck_assert(world_linked(p.a, p.b));
	world_close(p.w);
}
END_TEST

/* Figures that a quiet, even network must give. */
START_TEST(metrics_of_both_layers)
{
	struct pair p = pair_open(950, 1, 1);
	struct fips_peer_info link;
	struct fips_session_info session;

	ck_heals(&p, 60);
	talk(&p, 120, 50);
	ck_assert(fips_node_peer(p.a->brain, 0, &link));
	ck_assert(fips_node_session(p.a->brain, 0, &session));
	ck_assert_uint_ge(link.metrics.srtt_us, 10000);
	ck_assert_uint_le(link.metrics.srtt_us, 20000);
	ck_assert_uint_ge(session.metrics.srtt_us, 10000);
	ck_assert_uint_le(session.metrics.srtt_us, 20000);
	ck_assert_double_eq_tol(link.metrics.etx, 1, 0.02);
	ck_assert_double_eq_tol(session.metrics.etx, 1, 0.02);
	ck_assert_uint_eq(session.path_mtu, 1280);
	p.w->loss = 20;
	talk(&p, 300, 50);
	ck_assert(fips_node_peer(p.a->brain, 0, &link));
	ck_assert_double_eq_tol(link.metrics.loss, 0.2, 0.08);
	ck_assert_double_ge(link.metrics.etx, 1.2);
	ck_assert_double_le(link.metrics.etx, 2.6);
	world_close(p.w);
}
END_TEST

/* Quiet for so long that the sessions idle out, then data again. */
START_TEST(idles_out_and_comes_back)
{
	struct pair p = pair_open(970 + (uint64_t)_i, 3, 1);

	chance(&p, (unsigned)_i * 10);
	ck_heals(&p, 60);
	for (unsigned i = 0; i < 8; i++) {
		world_run(p.w, SECONDS(60 + world_random(p.w, 60)));
		ck_heals(&p, 70);
	}
	ck_assert_uint_eq(count(p.a, FIPS_NODE_LOST) + count(p.b, FIPS_NODE_LOST), 0);
	world_close(p.w);
}
END_TEST

/* Data one way only: the receiver has nothing to say but its reports. */
START_TEST(one_way_data)
{
	struct pair p = pair_open(990 + (uint64_t)_i, 1, 1);

	chance(&p, (unsigned)_i * 10);
	for (unsigned i = 0; i < 600; i++) {
		world_data(p.a, &p.b->me.addr);
		world_run(p.w, SECONDS(1));
	}
	ck_assert_uint_ge(p.b->got * 100, 600 * (100 - 10 * (unsigned)_i - 5));
	ck_assert_uint_eq(p.a->actions_done[FIPS_ACT_SESSION_DOWN], 0);
	world_close(p.w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node pair");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, up_and_staying_up, 0, (int)COUNT(weather) * SEEDS);
	tcase_add_loop_test(tc, heals, 0, 12);
	tcase_add_loop_test(tc, lost_at_each_step, 0, 3 * FIRST);
	tcase_add_loop_test(tc, crossing, 0, 40);
	tcase_add_loop_test(tc, restarts, 0, 12);
	tcase_add_loop_test(tc, the_called_one_restarts, 0, 4);
	tcase_add_test(tc, roams);
	tcase_add_test(tc, stops);
	tcase_add_test(tc, operator_disconnects);
	tcase_add_test(tc, metrics_of_both_layers);
	tcase_add_loop_test(tc, idles_out_and_comes_back, 0, 3);
	tcase_add_loop_test(tc, one_way_data, 0, 3);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
