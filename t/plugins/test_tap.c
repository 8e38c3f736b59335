/* tap: what comes in leaves untouched and in order whatever else happens; whom copies are made for,
 * and what is in them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/tap/note.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/modules.h"

#define NODE CRAFT_NODE(CRAFT_A, CRAFT_UDP)

static struct rig *tap_open(const char *settings, const char *node)
{
	return rig_open(modules_kind("tap", "tap"), settings, node);
}

static void fill(uint8_t *out, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(i * 7 + seed);
}

/* A packet whose every field says which it is. */
static void feed_marked(struct rig *rig, unsigned i, size_t len)
{
	uint8_t bytes[1500];
	struct mr_pkt *p;

	fill(bytes, len, i);
	p = rig_feed(rig, "in", bytes, len);
	memset(mr_pkt_via(p), (int)i, sizeof(struct fips_via));
	p->stamp = 1000 + i;
	p->near = 2000 + i;
	p->far = 3000 + i;
	p->seq = 4000 + i;
	p->limit = (uint16_t)(500 + i);
	p->mark = (uint8_t)(i % 5);
	p->flags = (uint8_t)i;
}

static void is_marked(const struct mr_pkt *p, unsigned i, size_t len)
{
	uint8_t bytes[1500];

	ck_assert_ptr_nonnull(p);
	fill(bytes, len, i);
	ck_assert_uint_eq(p->len, len);
	ck_assert_mem_eq(p->data, bytes, len);
	for (unsigned n = 0; n < sizeof(struct fips_via); n++)
		ck_assert_uint_eq(mr_pkt_side(p)[n], (uint8_t)i);
	ck_assert_uint_eq(p->stamp, 1000 + i);
	ck_assert_uint_eq(p->near, 2000 + i);
	ck_assert_uint_eq(p->far, 3000 + i);
	ck_assert_uint_eq(p->seq, 4000 + i);
	ck_assert_uint_eq(p->limit, 500 + i);
	ck_assert_uint_eq(p->mark, i % 5);
	ck_assert_uint_eq(p->flags, (uint8_t)i);
}

static const char *const ways[] = { "{}", "{\"capture\":true}", "{\"capture\":true,\"snap\":20}",
	                            "{\"capture\":true,\"peer\":\"00112233445566778899aabbccddeeff\"}" };

START_TEST(packets_pass_untouched)
{
	struct rig *rig = tap_open(ways[_i], NODE);

	for (unsigned i = 0; i < 200; i++)
		feed_marked(rig, i, 60 + i);
	rig_run(rig);
	for (unsigned i = 0; i < 200; i++)
		is_marked(rig_out(rig, "out"), i, 60 + i);
	ck_assert_ptr_null(rig_out(rig, "out"));
	ck_assert_uint_eq(rig_count(rig, "copied"), _i == 1 || _i == 2 ? 200 : 0);
	rig_close(rig);
}
END_TEST

START_TEST(off_there_are_no_copies)
{
	struct rig *rig = tap_open("{\"capture\":false,\"snap\":9}", NODE);

	feed_marked(rig, 1, 100);
	ck_assert_str_eq(rig_run(rig), "out");
	ck_assert_ptr_null(rig_out(rig, "copy"));
	ck_assert_uint_eq(rig_count(rig, "made"), 0);
	rig_close(rig);
}
END_TEST

START_TEST(what_a_copy_holds)
{
	struct rig *rig = tap_open("{\"capture\":true,\"snap\":40,\"direction\":\"out\"}", NODE);
	uint8_t bytes[1500];

	rig_at(rig, 7 * MR_NS_PER_S);
	for (unsigned i = 0; i < 100; i++)
		feed_marked(rig, i, 20 + i);
	rig_run(rig);
	for (unsigned i = 0; i < 100; i++) {
		const struct mr_pkt *c = rig_out(rig, "copy");
		struct tap_note note;

		ck_assert_ptr_nonnull(c);
		fill(bytes, 40, i);
		ck_assert_uint_eq(c->len, 20 + i < 40 ? 20 + i : 40);
		ck_assert_mem_eq(c->data, bytes, c->len);
		ck_assert_uint_eq(c->near, 2000 + i);
		ck_assert_uint_eq(c->far, 3000 + i);
		ck_assert_uint_eq(c->mark, i % 5);
		ck_assert_uint_eq(c->stamp, 0);
		for (unsigned n = 0; n < sizeof(struct fips_via); n++)
			ck_assert_uint_eq(mr_pkt_side(c)[n], i % 5 == MR_SHAPE_FRAME ? i : 0);
		note = tap_note_of(c);
		ck_assert_str_eq(note.name, "under");
		ck_assert_uint_eq(note.time, 7 * MR_NS_PER_S);
		ck_assert_uint_eq(note.len, 20 + i);
		ck_assert_uint_eq(note.direction, TAP_OUT);
	}
	ck_assert_uint_eq(rig_count(rig, "made"), 100);
	rig_close(rig);
}
END_TEST

/* Its address, its key, or its alias in the node file. */
static void peer_settings(char *settings, char *node, int form)
{
	struct fips_curve curve = fips_curve_secp256k1();
	char npub[FIPS_KEY_TEXT], addr[FIPS_ADDR_TEXT];
	struct fips_identity id;

	ck_assert_ptr_null(fips_identity_parse(&id, &curve, CRAFT_B));
	ck_assert(fips_addr_eq(&id.addr, &craft_b));
	fips_curve_close(&curve);
	fips_addr_text(&craft_b, addr);
	strcpy(npub, id.npub);
	sprintf(settings, "{\"capture\":true,\"peer\":\"%s\"}",
	        form == 0 ? addr : form == 1 ? npub : "bob");
	sprintf(node, "{\"node\":{\"identity\":{\"nsec\":\"" CRAFT_A "\"}},\"peers\":["
	        "{\"npub\":\"x\",\"alias\":\"al\"},{\"npub\":\"%s\",\"alias\":\"bob\"}]}", npub);
}

START_TEST(only_what_concerns_the_peer)
{
	char settings[256], node[512];
	uint8_t bytes[100] = { 0 }, ip[80];
	uint64_t link_b, link_t, session_b;
	struct rig *rig;

	peer_settings(settings, node, _i);
	rig = tap_open(settings, node);
	link_b = craft_link(rig, &craft_b, NULL, NULL, 1400);
	link_t = craft_link(rig, &craft_t, NULL, NULL, 1400);
	session_b = craft_session(rig, &craft_b, NULL, NULL, 1400);
	rig_feed(rig, "in", bytes, 100)->near = link_b;               /* yes: its link     */
	rig_feed(rig, "in", bytes, 99)->near = link_t;                /* no: another's     */
	rig_feed(rig, "in", bytes, 98);                               /* no: no relation   */
	rig_feed(rig, "in", bytes, 97)->far = session_b;              /* yes: its session  */
	craft_ip(ip, &craft_a, &craft_b, 1, 80);
	rig_feed(rig, "in", ip, 80)->mark = MR_SHAPE_IP;              /* yes: to it        */
	rig_feed(rig, "in", ip, 79)->mark = MR_SHAPE_BODY;            /* no: no IP packet  */
	craft_ip(ip, &craft_b, &craft_a, 1, 78);
	rig_feed(rig, "in", ip, 78)->mark = MR_SHAPE_IP;              /* yes: from it      */
	craft_ip(ip, &craft_t, &craft_a, 1, 77);
	rig_feed(rig, "in", ip, 77)->mark = MR_SHAPE_IP;              /* no                */
	rig_feed(rig, "in", ip, 39)->mark = MR_SHAPE_IP;              /* no: too short     */
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "copied"), 4);
	ck_assert_uint_eq(rig_out(rig, "copy")->len, 100);
	ck_assert_uint_eq(rig_out(rig, "copy")->len, 97);
	ck_assert_uint_eq(rig_out(rig, "copy")->len, 80);
	ck_assert_uint_eq(rig_out(rig, "copy")->len, 78);
	ck_assert_ptr_null(rig_out(rig, "copy"));
	/* the link ends and comes again: its handle is another, the peer is the same */
	craft_link_gone(rig, &craft_b);
	rig_feed(rig, "in", bytes, 100)->near = link_b;
	link_b = craft_link(rig, &craft_b, NULL, NULL, 1400);
	rig_feed(rig, "in", bytes, 95)->near = link_b;
	rig_run(rig);
	ck_assert_uint_eq(rig_out(rig, "copy")->len, 95);
	ck_assert_ptr_null(rig_out(rig, "copy"));
	rig_close(rig);
}
END_TEST

START_TEST(without_spares_packets_pass_all_the_same)
{
	struct rig *rig = tap_open("{\"capture\":true}", NODE);

	for (unsigned i = 0; i < 64; i++)
		feed_marked(rig, i, 100);
	rig_dry(rig, 10);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "copied"), 10);
	ck_assert_uint_eq(rig_count(rig, "no-spare"), 54);
	for (unsigned i = 0; i < 64; i++)
		is_marked(rig_out(rig, "out"), i, 100);
	rig_wet(rig);
	rig_close(rig);
}
END_TEST

static const struct {
	const char *settings, *says;
} bad[] = {
	{ "{\"peer\":\"\"}", "names nobody" },
	{ "{\"peer\":\"npub1xyz\"}", "peer" },
	{ "{\"peer\":\"nobody\"}", "is neither an npub" },
	{ "{\"peer\":\"00112233445566778899aabbccddeef\"}", "is neither an npub" },
	{ "{\"peer\":\"00112233445566778899aabbccddeefg\"}", "is neither an npub" },
	{ "{\"snap\":0}", "below 1" },
	{ "{\"snap\":65536}", "above 65535" },
	{ "{\"direction\":\"up\"}", "none, in, out" },
	{ "{\"capture\":1}", "capture" },
};

START_TEST(bad_settings)
{
	char *text = rig_refusal(modules_kind("tap", "tap"), bad[_i].settings, NODE);

	ck_assert_msg(text && strstr(text, bad[_i].says), "%s: %s", bad[_i].settings,
	              text ? text : "taken");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tap");
	TCase *tc = tcase_create("tap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, packets_pass_untouched, 0, 4);
	tcase_add_test(tc, off_there_are_no_copies);
	tcase_add_test(tc, what_a_copy_holds);
	tcase_add_loop_test(tc, only_what_concerns_the_peer, 0, 3);
	tcase_add_test(tc, without_spares_packets_pass_all_the_same);
	tcase_add_loop_test(tc, bad_settings, 0, sizeof bad / sizeof *bad);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
