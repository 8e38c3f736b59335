/* mesh_lookup_signals.c - signals about a session that goes through others,
 * and what no filter has. */
#include <string.h>

#include "fips/wire/signal.h"
#include "t/fips/mesh_lookup_bench.h"

/* A session with FAR, by B, ten seconds old. */
static void far_session(void)
{
	struct fips_lookup_request q = seek();
	struct answer a = { .from = B, .target = FAR, .id = q.id, .mtu = 1280 };
	struct puppet p = { .who = FAR, .from = B, .epoch = 1, .ephemeral = 7 };

	respond(&a);
	bench_ack(r.b, &p);
	bench_confirm_session(r.b, FAR, r.b->session_key);
	bench_wait(r.b, SECONDS(10));
	r.n_sent = 0;
}

static const char *hear(enum fips_signal_type type)
{
	struct fips_signal signal = { .type = type, .dest = addr(FAR), .reporter = addr(B) };
	struct puppet p = { .who = B };
	uint8_t bytes[64];

	return bench_datagram(r.b, &p, bytes, fips_signal_build(bytes, sizeof bytes, &signal));
}

static bool known(unsigned who)
{
	struct fips_addr a = addr(who);
	struct fips_cache *cache = (struct fips_cache *)(uintptr_t)fips_node_cache(r.b->node);

	return fips_cache_find(cache, &a, r.b->now) != NULL;
}

/* They do not know where it is: once more where we think it is, and a look whether it is there. */
START_TEST(coordinates_are_required)
{
	struct answer a = { .from = B, .target = FAR, .mtu = 1280 };

	far_session();
	want("warmup lookup", hear(FIPS_SIGNAL_COORDS_REQUIRED));
	ck_assert(known(FAR));
	want("", hear(FIPS_SIGNAL_COORDS_REQUIRED));
	a.id = last_request().id;
	respond(&a);
	want("warmup", r.b->words);
	want("warmup", bench_wait(r.b, SECONDS(1)));
	close_room();
}
END_TEST

/* It is not where we think: that is forgotten, and packets wait until it is found. */
START_TEST(a_path_is_broken)
{
	struct answer a = { .from = C, .target = FAR, .mtu = 1280 };
	struct fips_addr c = addr(C);

	far_session();
	child(C);
	want("warmup lookup unroute", hear(FIPS_SIGNAL_PATH_BROKEN));
	ck_assert(!known(FAR));
	ck_assert_uint_eq(asked(), 1u << B);
	want("", bench_resolve(r.b, FAR));
	bench_wait(r.b, SECONDS(2));
	a.id = last_request().id;
	filter(B, A); /* no more behind B, but behind C */
	filter(C, FAR);
	respond(&a);
	ck_assert(known(FAR));
	ck_assert(strstr(r.b->words, "route"));
	ck_assert(fips_addr_eq(&r.b->last[FIPS_ACT_ROUTE].via_peer, &c));
	close_room();
}
END_TEST

/* A datagram of others for it that is to go back where it came from, or whose ttl is used up (0);
 * then somebody says that it is elsewhere. */
static void doubt(uint8_t ttl)
{
	struct fips_datagram d = { .ttl = ttl, .path_mtu = 1280,
	                           .src = addr(C), .dest = addr(FAR) };
	uint8_t bytes[FIPS_DATAGRAM_HEAD + FIPS_FSP_MIN] = { 0 }, list[64];
	struct fips_addr path[2] = { addr(FAR), addr(C) };
	struct fips_coords coords = fips_coords_of(path, 2);
	struct mr_wire w = mr_wire_write(list, sizeof list);

	fips_datagram_build(bytes, &d);
	bench_feed(r.b, &(struct fips_input){ .kind = FIPS_IN_UNDELIVERED, .peer = addr(B),
	                                      .bytes = bytes, .len = sizeof bytes });
	fips_coords_put(&w, &coords);
	bench_feed(r.b, &(struct fips_input){ .kind = FIPS_IN_LEARNED, .peer = addr(FAR),
	                                      .bytes = list, .len = (size_t)(w.at - list) });
}

/* What an answer said stands for ten seconds, but not when it has led nowhere;
 * anybody can send what has no ttl. */
START_TEST(an_answer_that_led_nowhere)
{
	struct answer a = { .from = B, .target = FAR, .mtu = 1280 };
	struct fips_addr far = addr(FAR);
	struct fips_treepath path;

	a.id = seek().id;
	respond(&a);
	for (unsigned ttl = 1; ttl <= 2; ttl++) {
		struct fips_cache *cache =
			(struct fips_cache *)(uintptr_t)fips_node_cache(r.b->node);

		doubt((uint8_t)ttl);
		fips_cache_path(cache, fips_cache_find(cache, &far, r.b->now), &path);
		ck_assert_uint_eq(path.n, ttl == 1 ? 3 : 2);
	}
	close_room();
}
END_TEST

static const char *hear_broken(const struct fips_treepath *place)
{
	struct fips_signal signal = { .type = FIPS_SIGNAL_PATH_BROKEN, .dest = addr(FAR),
		                      .reporter = addr(B), .coords = fips_treepath_coords(place) };
	struct puppet p = { .who = B };
	uint8_t bytes[FIPS_SIGNAL_PATH_BROKEN_LEN(4)];

	return bench_datagram(r.b, &p, bytes, fips_signal_build(bytes, sizeof bytes, &signal));
}

/* They looked for it elsewhere than we know it to be: they are told, and what we know is not
 * forgotten.  When they go by the same place as we, it is. */
START_TEST(a_path_is_broken_for_whom_it_is_old)
{
	struct fips_addr far = addr(FAR);
	struct fips_treepath ours, old = { .n = 2, .a = { far, addr(C) } };
	struct fips_cache *cache;

	far_session();
	cache = (struct fips_cache *)(uintptr_t)fips_node_cache(r.b->node);
	fips_cache_path(cache, fips_cache_find(cache, &far, r.b->now), &ours);
	ck_assert(!fips_treepath_eq(&ours, &old));
	want("warmup lookup", hear_broken(&old));
	ck_assert(known(FAR));
	bench_wait(r.b, SECONDS(20));
	want("warmup lookup unroute", hear_broken(&ours));
	ck_assert(!known(FAR));
	close_room();
}
END_TEST

/* Whoever says so all the time has us look for it every two seconds, and no more. */
START_TEST(a_path_is_said_to_be_broken)
{
	far_session();
	for (unsigned i = 0; i < 1000; i++) { /* ten seconds */
		struct answer a = { .from = B, .target = FAR, .mtu = 1280 };

		if (strstr(hear(FIPS_SIGNAL_PATH_BROKEN), "lookup")) {
			a.id = last_request().id;
			respond(&a);
			ck_assert(known(FAR));
		}
		r.b->now += MR_NS_PER_MS * 10;
	}
	ck_assert_uint_eq(r.n_sent, 5);
	close_room();
}
END_TEST

START_TEST(no_filter_has_it)
{
	open_room(2);
	know(FAR);
	bench_wait(r.b, SECONDS(10));
	want("unreachable", bench_resolve(r.b, FAR));
	ck_assert_uint_eq(r.n_sent, 0);
	ck_assert_uint_ge(counted(FIPS_LOOKUP_REQ_BLOOM_MISS), 1);
	bench_wait(r.b, SECONDS(40));
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_INITIATED), 0);
	close_room();
}
END_TEST

/* A link is new, and the filter that has it still to come: packets wait for that. */
START_TEST(no_filter_has_it_yet)
{
	open_room(2);
	know(FAR);
	want("", bench_resolve(r.b, FAR));
	ck_assert_uint_eq(r.n_sent, 0);
	filter(B, FAR);
	bench_wait(r.b, SECONDS(1));
	ck_assert_uint_eq(asked(), 1u << B);
	close_room();
}
END_TEST

/* What was not found just now is looked for again when we have another parent. */
START_TEST(back_off_ends_with_the_parent)
{
	struct fips_node_config config = fips_node_config_default();

	config.lookup.backoff = config.lookup.backoff_max = 60000;
	open_as(utmost(true), 2, &config);
	bench_wait(r.b, SECONDS(10));
	know(FAR);
	for (unsigned i = 0; i < 3; i++)
		want("unreachable", bench_resolve(r.b, FAR));
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_BLOOM_MISS), 1);
	filter(A, FAR);
	want("unreachable", bench_resolve(r.b, FAR));
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_BACKOFF_SUPPRESSED), 3);
	below(A, addr(A));
	want("lookup", bench_resolve(r.b, FAR));
	ck_assert_uint_eq(last_request().coords.count, 2);
	close_room();
}
END_TEST

/* Many at a time: all are asked for, no call does too much, and none is forgotten. */
START_TEST(many_at_a_time)
{
	open_room(2);
	filter_of(A, 50, 150);
	for (unsigned i = 0; i < 150; i++) {
		know(50 + i);
		want("lookup", bench_resolve(r.b, 50 + i));
		r.n_sent = 0;
	}
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_INITIATED), 150);
	for (unsigned i = 0; i < 400; i++) { /* by 40 ms, so that what is seen stays small */
		bench_wait(r.b, SECONDS(1) / 25);
		ck_assert_uint_le(r.b->pushed, FIPS_ACTIONS_TURN);
		r.n_sent = 0;
	}
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_INITIATED), 600);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_TIMED_OUT), 150);
	close_room();
}
END_TEST

TCase *mesh_lookup_signals(void)
{
	TCase *tc = tcase_create("signals");

	tcase_add_test(tc, coordinates_are_required);
	tcase_add_test(tc, a_path_is_broken);
	tcase_add_test(tc, an_answer_that_led_nowhere);
	tcase_add_test(tc, a_path_is_broken_for_whom_it_is_old);
	tcase_add_test(tc, a_path_is_said_to_be_broken);
	tcase_add_test(tc, no_filter_has_it);
	tcase_add_test(tc, no_filter_has_it_yet);
	tcase_add_test(tc, back_off_ends_with_the_parent);
	tcase_add_test(tc, many_at_a_time);
	return tc;
}
