/* A node on the way: the stored hops, the link's size, CE, and what is never answered. */
#include "fips/path/transit.h"

#include <string.h>

#include <check.h>

#include "t/lib/vectors.h"

/* What the stages do with a datagram for somebody else. */
static enum fips_transit hop(uint8_t *datagram, size_t n, uint16_t mtu)
{
	enum fips_transit t = fips_transit_ttl(datagram);

	return t == FIPS_TRANSIT_FORWARD ? fips_transit_mtu(datagram, n, mtu) : t;
}

START_TEST(stored_hops)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "session_datagram_transit"), index, v) {
		struct bytes d = vectors_bytes(v, "in");
		bool dropped = json_is_null(vectors_get(v, "out"));
		enum fips_transit got = hop(d.at, d.n, (uint16_t)vectors_u64(v, "out_link_mtu"));

		ck_assert_int_eq(got, dropped ? FIPS_TRANSIT_EXPIRED : FIPS_TRANSIT_FORWARD);
		if (!dropped) {
			struct bytes want = vectors_bytes(v, "out");

			vectors_same(vectors_name(v), d.at, d.n, want.at, want.n);
		}
	}
	ck_assert_uint_eq(index, 5);
	json_decref(root);
}
END_TEST

/* path_mtu in, size, MTU of the link out: verdict, path_mtu out. */
static const struct {
	uint16_t          in;
	size_t            n;
	uint16_t          mtu;
	enum fips_transit verdict;
	uint16_t          out;
} sizes[] = {
	{ 65535, 1244, 1280, FIPS_TRANSIT_FORWARD, 1280 },
	{ 65535, 1245, 1280, FIPS_TRANSIT_TOO_BIG, 65535 },
	{ 1280, 36, 72, FIPS_TRANSIT_FORWARD, 72 },
	{ 1280, 36, 71, FIPS_TRANSIT_TOO_BIG, 1280 },
	{ 0, 100, 1280, FIPS_TRANSIT_FORWARD, 0 },
	{ 1281, 100, 1280, FIPS_TRANSIT_FORWARD, 1280 },
	{ 1279, 100, 1280, FIPS_TRANSIT_FORWARD, 1279 },
	{ 1280, 100, 0, FIPS_TRANSIT_TOO_BIG, 1280 },
};

START_TEST(sizes_and_path_mtu)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		const struct fips_datagram before = { .ttl = 9, .path_mtu = sizes[i].in };
		uint8_t d[FIPS_DATAGRAM_HEAD];
		struct fips_datagram after;

		fips_datagram_build(d, &before);
		ck_assert_int_eq(fips_transit_mtu(d, sizes[i].n, sizes[i].mtu), sizes[i].verdict);
		ck_assert(fips_datagram_parse(d, sizeof d, &after));
		ck_assert_uint_eq(after.path_mtu, sizes[i].out);
		ck_assert_uint_eq(after.ttl, 9);
	}
}
END_TEST

/* mesh.md 11: 255 is taken, and leaves with what an originator may use. */
START_TEST(every_ttl)
{
	for (unsigned ttl = 0; ttl < 256; ttl++) {
		uint8_t d[FIPS_DATAGRAM_HEAD] = { 0, (uint8_t)ttl };

		ck_assert_int_eq(fips_transit_ttl(d),
		                 ttl > 1 ? FIPS_TRANSIT_FORWARD : FIPS_TRANSIT_EXPIRED);
		ck_assert_uint_eq(d[1], ttl > 64 ? 64 : ttl ? ttl - 1 : 0);
		d[1] = (uint8_t)ttl;
		ck_assert(fips_transit_last(d) == (ttl <= 1));
	}
}
END_TEST

START_TEST(ce)
{
	ck_assert(!fips_transit_ce(false, false));
	ck_assert(fips_transit_ce(true, false));
	ck_assert(fips_transit_ce(false, true));
	ck_assert(fips_transit_ce(true, true));
}
END_TEST

static const struct {
	const char *payload;
	bool        answer;
} payloads[] = {
	{ "", true },
	{ "0004", true },               /* no prefix: not a signal            */
	{ "00042200", false },          /* a signal, however short            */
	{ "0004220020", false },
	{ "00062200", false },          /* U among other flags                */
	{ "0000220000", true },         /* encrypted                          */
	{ "01042200", true },           /* the flag means nothing in a setup  */
	{ "10042200", true },           /* another version                    */
};

START_TEST(signals_are_not_answered)
{
	for (size_t i = 0; i < COUNT(payloads); i++) {
		struct bytes p = vectors_hex(payloads[i].payload);
		uint8_t d[FIPS_DATAGRAM_HEAD + 16] = { 0 };

		memcpy(d + FIPS_DATAGRAM_HEAD, p.at, p.n);
		ck_assert_msg(fips_transit_answerable(d, FIPS_DATAGRAM_HEAD + p.n) ==
		                      payloads[i].answer,
		              "\"%s\"", payloads[i].payload);
	}
	for (size_t n = 0; n < FIPS_DATAGRAM_HEAD; n++)
		ck_assert(!fips_transit_answerable((const uint8_t[FIPS_DATAGRAM_HEAD]){ 0 }, n));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/transit");
	TCase *t = tcase_create("transit");
	SRunner *sr;
	int failed;

	tcase_add_test(t, stored_hops);
	tcase_add_test(t, sizes_and_path_mtu);
	tcase_add_test(t, every_ttl);
	tcase_add_test(t, ce);
	tcase_add_test(t, signals_are_not_answered);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
