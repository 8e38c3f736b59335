/* mesh_lookup_own.c - our own lookups with what waits for them: answers that count, and others. */
#include <string.h>

#include "t/fips/mesh_lookup_bench.h"

START_TEST(a_packet_is_worth_a_lookup)
{
	struct fips_lookup_request q = seek();
	struct fips_addr far = addr(FAR);
	struct answer a = { .from = B, .target = FAR, .id = q.id, .mtu = 1300 };
	struct puppet p = { .who = FAR, .from = B, .epoch = 1, .ephemeral = 7 };

	ck_assert_uint_eq(asked(), 1u << B);
	ck_assert(fips_addr_eq(&q.target, &far) && fips_addr_eq(&q.origin, &r.b->me.addr));
	ck_assert_uint_eq(q.ttl, 64);
	ck_assert_uint_eq(q.min_mtu, 0);
	ck_assert_uint_eq(q.coords.count, 1);
	want("", bench_resolve(r.b, FAR)); /* one is under way */

	respond(&a);
	want("setup", r.b->words);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_ACCEPTED), 1);
	bench_ack(r.b, &p);
	ck_assert(strstr(r.b->words, "route"));
	ck_assert(fips_addr_eq(&r.b->last[FIPS_ACT_ROUTE].peer, &far));
	far = addr(B);
	ck_assert(fips_addr_eq(&r.b->last[FIPS_ACT_ROUTE].via_peer, &far));
	close_room();
}
END_TEST

/* session.md 3.2: nobody answers the setup, and nobody complains of it.  It may not be where it was
 * found: it is looked for again, and when it is somewhere else the setup goes there at once. */
START_TEST(a_setup_in_vain_is_worth_another)
{
	struct fips_lookup_request q = seek();
	struct answer a = { .from = B, .target = FAR, .id = q.id, .mtu = 1300 };
	struct fips_addr c = addr(C);

	respond(&a);
	want("setup", r.b->words);
	child(C);
	filter(C, FAR);
	filter(B, FARTHER);
	r.n_sent = 0;
	bench_wait(r.b, SECONDS(1));
	a.id = last_request().id;
	ck_assert_uint_eq(asked(), 1u << C);
	a.from = C;
	respond(&a);
	want("setup", bench_wait(r.b, SECONDS(1)));
	ck_assert(fips_addr_eq(&r.b->last[FIPS_ACT_SEND_LINK].peer, &c));
	close_room();
}
END_TEST

/* A neighbour looks for the same node, and its answer goes through here: packets of ours need wait
 * no longer, while our own lookup goes on.  One about nobody we look for leaves no trace. */
START_TEST(an_answer_to_another_is_overheard)
{
	struct fips_lookup_request q = seek();
	struct fips_addr far = addr(FAR), farther = addr(FARTHER);
	struct answer a = { .from = B, .target = FAR, .id = 77, .mtu = 1300 };
	struct answer other = { .from = B, .target = FARTHER, .id = 78, .mtu = 1300 };

	filter_of(B, FAR, 2);
	bench_wait(r.b, SECONDS(2));
	request(A, 77, far, 9);
	request(A, 78, farther, 9);
	respond(&other);
	ck_assert_uint_eq(fips_node_cache(r.b->node)->n, 0);
	respond(&a);
	want("answer", r.b->words);
	want("setup", bench_wait(r.b, 0));
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_FORWARDED), 2);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_ACCEPTED), 0);
	a.id = q.id;
	respond(&a);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_ACCEPTED), 1);
	close_room();
}
END_TEST

/* Four requests, each with an id of its own, then the packets are answered. */
START_TEST(nobody_answers)
{
	uint64_t ids[4] = { seek().id };

	for (unsigned i = 1; i < 4; i++) {
		bench_wait(r.b, SECONDS(1u << i)); /* each is put off by its own time at most */
		ids[i] = last_request().id;
		ck_assert_uint_eq(asked(), 1u << B);
		for (unsigned k = 0; k < i; k++)
			ck_assert(ids[i] != ids[k]);
	}
	bench_wait(r.b, SECONDS(1) - 1);
	ck_assert(!strstr(r.b->words, "unreachable"));
	bench_wait(r.b, 1);
	ck_assert(strstr(r.b->words, "unreachable"));
	ck_assert_uint_eq(r.n_sent, 0);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_TIMED_OUT), 1);
	close_room();
}
END_TEST

/* A configured peer without a link is looked for too,
 * and waited for no longer than the lookup takes. */
START_TEST(nobody_answers_for_a_peer)
{
	struct fips_identity id = world_identity(FAR);
	struct fips_peer_config peer = { .addr = id.addr, .n_vias = 1, .vias = { bench_via(FAR) } };
	struct fips_node_config config = fips_node_config_default();

	memcpy(peer.pub, id.pub, FIPS_PUB_LEN);
	config.peers = &peer;
	config.n_peers = 1;
	open_as(utmost(false), 2, &config);
	filter(B, FAR);
	want("lookup", bench_resolve(r.b, FAR));
	bench_wait(r.b, SECONDS(15) - 1);
	ck_assert(!strstr(r.b->words, "unreachable"));
	bench_wait(r.b, 1);
	ck_assert(strstr(r.b->words, "unreachable"));
	close_room();
}
END_TEST

/* Whoever is looked for becomes a neighbour: the rest of the requests are spared. */
START_TEST(it_comes_by_itself)
{
	const struct puppet p = { .who = FAR, .epoch = 1, .ephemeral = 9, .index = 99 };

	seek();
	bench_msg1(r.b, &p);
	want("heartbeat setup", bench_confirm(r.b, FAR, r.b->link_key, 0));
	bench_wait(r.b, SECONDS(20));
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_INITIATED), 1);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_TIMED_OUT), 0);
	close_room();
}
END_TEST

/* Answers that are worth nothing, and what they are counted as. */
static const struct { struct answer a; bool own_id; enum fips_lookup_count count; } worthless[] = {
	{ { .from = B, .target = FAR, .id = 1 }, false, FIPS_LOOKUP_RESP_UNASKED },
	{ { .from = B, .target = FARTHER }, true, FIPS_LOOKUP_RESP_FOREIGN },
	{ { .from = B, .target = FAR, .first = FARTHER }, true, FIPS_LOOKUP_RESP_FOREIGN },
	{ { .from = B, .target = FAR, .first = B }, true, FIPS_LOOKUP_RESP_FOREIGN },
	{ { .from = B, .target = FAR, .signer = B }, true, FIPS_LOOKUP_RESP_PROOF_FAILED },
	{ { .from = A, .target = FAR, .signer = FARTHER }, true, FIPS_LOOKUP_RESP_PROOF_FAILED },
};

START_TEST(worthless_answers)
{
	struct fips_lookup_request q = seek();
	struct answer a = worthless[_i].a,
		      good = { .from = B, .target = FAR, .id = q.id, .mtu = 1280 };
	unsigned before = r.n_sent;

	if (worthless[_i].own_id)
		a.id = q.id;
	a.mtu = 1280;
	respond(&a);
	want("", r.b->words);
	ck_assert_uint_eq(r.n_sent, before);
	ck_assert_uint_eq(counted(worthless[_i].count), 1);
	respond(&good); /* it can still come */
	want("setup", r.b->words);
	respond(&good);
	want("", r.b->words);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_DUPLICATE), 1);
	close_room();
}
END_TEST

/* R7: proofs that do not hold cost their sender, not the others and not us. */
START_TEST(a_flood_of_bad_proofs)
{
	struct fips_lookup_request q = seek();
	struct answer bad = { .from = A, .target = FAR, .signer = A, .id = q.id, .mtu = 1280 };
	struct answer good = { .from = B, .target = FAR, .id = q.id, .mtu = 1280 };
	uint64_t ops = fips_node_curve_ops(r.b->node);

	for (unsigned i = 0; i < 1000; i++)
		respond(&bad);
	ck_assert_uint_le(fips_node_curve_ops(r.b->node) - ops, 50);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_PROOF_FAILED), 50);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_LIMITED), 950);
	respond(&good);
	want("setup", r.b->words);
	close_room();
}
END_TEST

START_TEST(our_own_request_comes_back)
{
	struct fips_lookup_request q = seek();
	struct answer good = { .from = B, .target = FAR, .id = q.id, .mtu = 1280 };

	r.n_sent = 0;
	request(C, q.id, addr(FAR), 60);
	ck_assert_uint_eq(r.n_sent, 0);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_OWN), 1);
	respond(&good);
	want("setup", r.b->words);
	close_room();
}
END_TEST

/* What the answer says of the path: what the route is told. */
static const struct { uint16_t said, route; bool ignored; } mtus[] = {
	{ 0, LINK_MTU, true },    { 1, LINK_MTU, true },      { 255, LINK_MTU, true },
	{ 256, 256, false },      { 1000, 1000, false },      { LINK_MTU, LINK_MTU, false },
	{ 9000, LINK_MTU, false }, { 65535, LINK_MTU, false },
};

START_TEST(path_mtu_of_an_answer)
{
	struct fips_lookup_request q = seek();
	struct answer a = { .from = B, .target = FAR, .id = q.id, .mtu = mtus[_i].said };
	struct puppet p = { .who = FAR, .from = B, .epoch = 1, .ephemeral = 7 };

	respond(&a);
	bench_ack(r.b, &p);
	ck_assert(strstr(r.b->words, "route"));
	ck_assert_uint_eq(r.b->last[FIPS_ACT_ROUTE].mtu, mtus[_i].route);
	ck_assert_uint_eq(signalled(FIPS_SIGNALS_LOOKUP_RESP_MTU_BELOW_FLOOR), mtus[_i].ignored);
	close_room();
}
END_TEST

TCase *mesh_lookup_own(void)
{
	TCase *tc = tcase_create("own");

	tcase_add_test(tc, a_packet_is_worth_a_lookup);
	tcase_add_test(tc, a_setup_in_vain_is_worth_another);
	tcase_add_test(tc, an_answer_to_another_is_overheard);
	tcase_add_test(tc, nobody_answers);
	tcase_add_test(tc, nobody_answers_for_a_peer);
	tcase_add_test(tc, it_comes_by_itself);
	tcase_add_loop_test(tc, worthless_answers, 0, COUNT(worthless));
	tcase_add_test(tc, a_flood_of_bad_proofs);
	tcase_add_test(tc, our_own_request_comes_back);
	tcase_add_loop_test(tc, path_mtu_of_an_answer, 0, COUNT(mtus));
	return tc;
}
