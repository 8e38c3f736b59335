/* test_mesh_lookup.c - lookups in the node: what is sent on and to whom, answers and their proofs,
 * our own lookups with what waits for them, and input of the hostile kind: floods of fresh ids,
 * answers nobody asked for, places that are another's, path MTUs that cannot be. */
#include <string.h>

#include "t/fips/mesh_lookup_bench.h"

/* ---- others' ---- */

START_TEST(a_request_for_us_is_answered)
{
	struct fips_lookup_response resp;
	struct fips_addr first;
	uint8_t digest[32];

	open_room(3);
	request(B, 77, r.b->me.addr, 0); /* ttl does not matter */
	ck_assert_uint_eq(r.n_sent, 1);
	first = addr(B);
	ck_assert(fips_addr_eq(&r.sent[0].to, &first));
	ck_assert(fips_lookup_response_parse(r.sent[0].bytes, r.sent[0].len, &resp));
	ck_assert_uint_eq(resp.id, 77);
	ck_assert_uint_eq(resp.path_mtu, LINK_MTU);
	ck_assert(fips_addr_eq(&resp.target, &r.b->me.addr));
	ck_assert_uint_eq(resp.coords.count, 1);
	first = fips_coords_entry(&resp.coords, 0);
	ck_assert(fips_addr_eq(&first, &r.b->me.addr));
	fips_lookup_digest(&resp, digest);
	ck_assert(r.b->curve.verify(r.b->curve.self, r.b->me.pub + 1, digest, resp.proof));
	request(C, 77, r.b->me.addr, 64);
	ck_assert_uint_eq(r.n_sent, 1);
	close_room();
}
END_TEST

/* ttl in: out, 0: not sent on. */
static const struct { uint8_t in, out; bool on; } ttls[] = {
	{ 64, 63, true }, { 2, 1, true }, { 1, 0, true }, { 0, 0, false }, { 255, 63, true },
};

START_TEST(a_request_for_another_is_sent_on)
{
	struct fips_lookup_request q;
	struct fips_addr far = addr(FAR), farther = addr(FARTHER);

	open_room(4);
	child(B);
	child(C);
	filter(B, FAR);
	filter(D, FAR);
	request(A, 5, far, ttls[_i].in);
	if (ttls[_i].on) {
		ck_assert_uint_eq(r.n_sent, 1);
		q = last_request();
		ck_assert_uint_eq(q.ttl, ttls[_i].out);
		ck_assert_uint_eq(q.id, 5);
		ck_assert_uint_eq(q.min_mtu, 9);
		ck_assert(fips_addr_eq(&q.target, &far) && fips_addr_eq(&q.origin, &farther));
		ck_assert_uint_eq(q.coords.count, 1);
	}
	ck_assert_uint_eq(asked(), ttls[_i].on ? 1u << B : 0);
	close_room();
}
END_TEST

START_TEST(filters_say_where_to)
{
	open_room(4);
	request(A, 1, addr(FAR), 9);
	ck_assert_uint_eq(asked(), 0);
	filter(D, FAR); /* no tree peer */
	request(A, 2, addr(FAR), 9);
	ck_assert_uint_eq(asked(), 1u << D);
	child(C);
	filter(C, FAR);
	bench_wait(r.b, SECONDS(2));
	request(A, 3, addr(FAR), 9);
	ck_assert_uint_eq(asked(), 1u << C);
	bench_wait(r.b, SECONDS(2));
	request(C, 4, addr(FAR), 9); /* not back */
	ck_assert_uint_eq(asked(), 1u << D);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_NO_TREE_PEER), 1);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_FALLBACK_FORWARDED), 2);
	close_room();
}
END_TEST

/* R7: however many might have it, eight are asked. */
START_TEST(a_request_is_not_multiplied)
{
	open_room(MANY);
	for (unsigned i = 0; i < MANY; i++)
		filter(A + i, FAR);
	request(A, 1, addr(FAR), 9);
	ck_assert_uint_eq(r.n_sent, FIPS_LOOKUP_WAYS);
	close_room();
}
END_TEST

START_TEST(a_response_goes_back)
{
	struct answer a = { .from = B, .target = FAR, .id = 5, .mtu = 1400, .extra = 3 };
	struct fips_lookup_response resp;
	struct fips_addr to = addr(A);

	open_room(3);
	filter(B, FAR);
	request(A, 5, addr(FAR), 9);
	r.n_sent = 0;
	respond(&a);
	ck_assert_uint_eq(r.n_sent, 1);
	ck_assert(fips_addr_eq(&r.sent[0].to, &to));
	ck_assert_uint_eq(r.sent[0].len, FIPS_LOOKUP_RESPONSE_LEN(3)); /* not what was behind it */
	ck_assert(fips_lookup_response_parse(r.sent[0].bytes, r.sent[0].len, &resp));
	ck_assert_uint_eq(resp.path_mtu, LINK_MTU);
	respond(&a);
	ck_assert_uint_eq(r.n_sent, 1);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_DUPLICATE), 1);
	a.mtu = 600; /* that of a smaller link stays */
	a.id = 6;
	bench_wait(r.b, SECONDS(2));
	request(A, 6, addr(FAR), 9);
	respond(&a);
	ck_assert(fips_lookup_response_parse(r.sent[r.n_sent - 1].bytes, r.sent[r.n_sent - 1].len,
	                                     &resp));
	ck_assert_uint_eq(resp.path_mtu, 600);
	close_room();
}
END_TEST

/* Not to whoever has its place in the table now. */
START_TEST(a_response_to_nobody)
{
	struct answer a = { .from = B, .target = FAR, .id = 5, .mtu = 1400 };
	struct fips_input gone = { .kind = FIPS_IN_DISCONNECT, .peer = addr(A) };

	open_room(2);
	filter(B, FAR);
	request(A, 5, addr(FAR), 9);
	bench_feed(r.b, &gone);
	bench_wait(r.b, SECONDS(3));
	r.n_sent = 0;
	respond(&a);
	ck_assert_uint_eq(r.n_sent, 0);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_NO_ROUTE), 1);
	close_room();
}
END_TEST

/* R7: fresh ids without an end by one neighbour: others' requests still pass, nothing is signed but
 * 50 a second, nothing sent on but one a target every two seconds. */
START_TEST(a_flood_of_fresh_ids)
{
	uint64_t ops, id = 1;

	open_room(3);
	filter(C, FAR);
	ops = fips_node_curve_ops(r.b->node);
	for (unsigned i = 0; i < 20000; i++) {
		request(A, id++, i % 2 ? r.b->me.addr : addr(FAR), 9);
		r.n_sent = r.n_sent > 200 ? 0 : r.n_sent;
	}
	ck_assert_uint_le(fips_node_curve_ops(r.b->node) - ops, 50);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_FORWARDED), 1);
	ck_assert_uint_gt(counted(FIPS_LOOKUP_REQ_DEDUP_CACHE_FULL), 17000);
	r.n_sent = 0;
	request(B, id++, r.b->me.addr, 9);
	ck_assert_uint_eq(r.n_sent, 1);
	bench_wait(r.b, SECONDS(2));
	request(B, id++, addr(FAR), 9);
	ck_assert_uint_eq(asked(), 1u << C);
	close_room();
}
END_TEST

/* Each length and each byte of both messages changed: dropped, or as good as any other. */
START_TEST(malformed_ones_are_counted)
{
	struct fips_addr origin = addr(FARTHER);
	const struct fips_lookup_request q = { .id = 1, .target = origin, .origin = origin,
		                               .ttl = 3, .coords = fips_coords_of(&origin, 1) };
	uint8_t bytes[128];
	size_t len;

	open_room(1);
	len = fips_lookup_request_build(bytes, sizeof bytes, &q);
	for (size_t n = 1; n < len; n++)
		say(A, bytes, n);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_DECODE_ERROR), len - 1);
	bytes[0] = 0x31;
	for (size_t n = 1; n <= len; n++)
		say(A, bytes, n);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_RESP_DECODE_ERROR), len);
	ck_assert_uint_eq(counted(FIPS_LOOKUP_REQ_RECEIVED), len - 1);
	ck_assert_uint_eq(r.n_sent, 0);
	close_room();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mesh_lookup");
	TCase *t = tcase_create("others");
	SRunner *run = srunner_create(s);

	tcase_add_test(t, a_request_for_us_is_answered);
	tcase_add_loop_test(t, a_request_for_another_is_sent_on, 0, COUNT(ttls));
	tcase_add_test(t, filters_say_where_to);
	tcase_add_test(t, a_request_is_not_multiplied);
	tcase_add_test(t, a_response_goes_back);
	tcase_add_test(t, a_response_to_nobody);
	tcase_add_test(t, a_flood_of_fresh_ids);
	tcase_add_test(t, malformed_ones_are_counted);
	suite_add_tcase(s, t);
	suite_add_tcase(s, mesh_lookup_own());
	suite_add_tcase(s, mesh_lookup_signals());
	srunner_run_all(run, CK_ENV);
	int failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
