/* seal, alone and behind those who number for it: bytes are those that fsp-seal and fmp-seal would
 * have sent, and nothing leaves under another key than the one it was numbered under,
 * or in clear. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/session_seal.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fsp_seal, mr_kind_fmp_seal, mr_kind_fsp_number,
	mr_kind_fmp_number, mr_kind_seal;

#define NODE CRAFT_NODE(CRAFT_A, CRAFT_UDP)

static const struct fips_via via[2] = {
	{ .len = 16, .sock = { 2, 0, 8, 73, 10 } },
	{ .instance = 1, .len = 28, .sock = { 10, 0, 8, 73, 11 } }
};

/* Node A twice, with the same two neighbours and endpoints, B and T: once it seals as it numbers,
 * once it has others seal. */
struct bench {
	struct rig  *fsp_seal, *fmp_seal, *fsp_number, *fmp_number, *seal;
	struct keys *at_once[4], *dealt[4]; /* sessions with B and T, links with them */
	struct keys *newer;                 /* that comes after one of these          */
	uint64_t     session[2], link[2];   /* handles: the same in both               */
};

static void open_keys(struct keys *keys[4], const struct mr_aead *p)
{
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t secret[MR_AEAD_KEY] = { (uint8_t)(i + 1) };

		keys[i] = keys_open(p, secret, i + 1, 0x11223340 + i);
		fips_send_key_start(&keys[i]->send, i & 1, MR_NS_PER_S / 4);
		atomic_store(&keys[i]->send.next, 1000 * i);
	}
}

static bool bench_open(struct bench *b, int provider)
{
	const struct mr_aead *p = keys_provider(provider);

	if (!p)
		return false;
	rig_aead(p);
	b->fsp_seal = rig_open(&mr_kind_fsp_seal, "{}", NODE);
	b->fmp_seal = rig_open(&mr_kind_fmp_seal, "{}", NODE);
	b->fsp_number = rig_open(&mr_kind_fsp_number, "{}", NODE);
	b->fmp_number = rig_open(&mr_kind_fmp_number, "{}", NODE);
	b->seal = rig_open(&mr_kind_seal, "{}", NODE);
	open_keys(b->at_once, p);
	open_keys(b->dealt, p);
	b->newer = keys_open(p, (const uint8_t[MR_AEAD_KEY]){ 9 }, 5, 0x11223349);
	for (unsigned i = 0; i < 4; i++)
		craft_key(b->seal, &b->dealt[i]->send);
	for (unsigned i = 0; i < 2; i++) {
		const struct fips_addr *peer = i ? &craft_t : &craft_b;

		craft_session(b->fsp_seal, peer, &b->at_once[i]->send, NULL, 1472);
		b->session[i] = craft_session(b->fsp_number, peer, &b->dealt[i]->send, NULL, 1472);
		craft_link(b->fmp_seal, peer, &b->at_once[2 + i]->send, &via[i], 1500);
		b->link[i] = craft_link(b->fmp_number, peer, &b->dealt[2 + i]->send, &via[i], 1500);
	}
	return true;
}

static void bench_close(struct bench *b)
{
	rig_close(b->fsp_seal);
	rig_close(b->fmp_seal);
	rig_close(b->fsp_number);
	rig_close(b->fmp_number);
	rig_close(b->seal);
	keys_close(b->newer);
	for (unsigned i = 0; i < 4; i++) {
		keys_close(b->at_once[i]);
		keys_close(b->dealt[i]);
	}
}

/* ---- what goes in ---- */

/* Handles differ by the mesh: each rig is asked for its own. */
static uint64_t handle_of(struct rig *rig, bool link, unsigned who)
{
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);

	return mr_table_handle(link ? mesh->links : mesh->sessions, (who ? &craft_t : &craft_b)->b);
}

/* An IPv6 packet, or a body of control's. */
static void feed_body(struct rig *rig, unsigned i)
{
	static const uint8_t types[] = { FIPS_FSP_SENDER_REPORT, FIPS_FSP_PATH_MTU,
		                         FIPS_FSP_COORDS_WARMUP };
	unsigned who = i % 3 == 1;
	uint8_t bytes[1400];
	struct mr_pkt *p;
	size_t n;

	memset(bytes, (int)i, sizeof bytes);
	if (i % 5 < 3) {
		n = craft_ip(bytes, &craft_a, who ? &craft_t : &craft_b, (uint8_t)i,
		             48 + (i * 97) % 1332);
		p = rig_feed(rig, "bodies", bytes, n);
		p->mark = MR_SHAPE_IP;
	} else {
		bytes[0] = types[i % 3];
		n = i % 3 < 2 ? 1 + i : 5;
		memset(bytes + 1, bytes[0] == FIPS_FSP_COORDS_WARMUP ? 0 : 7, 4); /* empty lists */
		p = rig_feed(rig, "bodies", bytes, n);
		p->mark = MR_SHAPE_BODY;
	}
	p->far = handle_of(rig, false, who);
	p->limit = 1400;
}

/* What comes to the link layer from others. */
static void feed_link(struct rig *rig, unsigned i)
{
	uint8_t message[400];
	struct mr_pkt *p;

	memset(message, (int)i, sizeof message);
	message[0] = i % 2 ? FIPS_LINK_DATAGRAM : FIPS_LINK_HEARTBEAT;
	p = rig_feed(rig, i % 2 ? "transit" : "control", message, 1 + (i * 31) % 300);
	p->near = handle_of(rig, true, i % 3 == 2);
	p->far = 0x123456789; /* of another table, and of no meaning here */
	p->flags = i % 4 == 1 ? MR_FLAG_CE : 0;
}

/* What the session layer made goes to the link it is to leave by. */
static void carry_own(struct rig *from, struct rig *to)
{
	struct mr_pkt *p;
	unsigned n = 0;

	for (; (p = rig_out(from, "out")); n++) {
		struct mr_pkt *q = rig_feed(to, "own", p->data, p->len);

		mr_pkt_learn(q, p);
		q->near = handle_of(to, true, n % 7 == 3);
	}
}

/* n bodies and as many messages, as vectors of that many. */
static void number(struct bench *b, unsigned n, bool dealt)
{
	struct rig *sessions = dealt ? b->fsp_number : b->fsp_seal;
	struct rig *links = dealt ? b->fmp_number : b->fmp_seal;

	for (unsigned i = 0; i < n; i++)
		feed_body(sessions, i);
	rig_run(sessions);
	carry_own(sessions, links);
	for (unsigned i = 0; i < n; i++)
		feed_link(links, i);
	rig_run(links);
}

/* ---- the same bytes ---- */

START_TEST(bytes_are_those_of_sealing_at_once)
{
	static const unsigned sizes[] = { 1, 2, 7, 30, 60 };
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	for (size_t s = 0; s < COUNT(sizes); s++) {
		struct mr_pkt *p, *q;
		unsigned n = 0;

		number(&b, sizes[s], false);
		number(&b, sizes[s], true);
		ck_assert_uint_eq(rig_carry(b.fmp_number, "out", b.seal, "frames"), 2 * sizes[s]);
		rig_run(b.seal);
		for (; (p = rig_out(b.fmp_seal, "out")); n++) {
			q = rig_out(b.seal, "out");
			ck_assert_ptr_nonnull(q);
			vectors_same("frame", q->data, q->len, p->data, p->len);
			ck_assert_mem_eq(mr_pkt_via(q), mr_pkt_via(p), sizeof(struct fips_via));
			ck_assert_uint_eq(q->mark, MR_SHAPE_FRAME);
			ck_assert(q->near == MR_NO_HANDLE && q->far == MR_NO_HANDLE);
		}
		ck_assert_uint_eq(n, 2 * sizes[s]);
	}
	craft_drops(b.seal, &mr_kind_seal, NULL, 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(fips_numbered(&b.dealt[i]->send),
		                  fips_numbered(&b.at_once[i]->send));
	bench_close(&b);
}
END_TEST

/* ---- keys that are gone ---- */

/* A packet to B by the link with B, numbered, in front of the seal. */
static struct mr_pkt *number_one(struct bench *b, uint8_t fill)
{
	uint8_t ip[200];
	struct mr_pkt *p, *q;

	craft_ip(ip, &craft_a, &craft_b, fill, sizeof ip);
	p = rig_feed(b->fsp_number, "bodies", ip, sizeof ip);
	p->far = b->session[0];
	p->mark = MR_SHAPE_IP;
	rig_run(b->fsp_number);
	p = rig_out(b->fsp_number, "out");
	q = rig_feed(b->fmp_number, "own", p->data, p->len);
	mr_pkt_learn(q, p);
	q->near = b->link[0];
	rig_run(b->fmp_number);
	p = rig_out(b->fmp_number, "out");
	q = rig_feed(b->seal, "frames", p->data, p->len);
	mr_pkt_learn(q, p);
	return q;
}

static void nothing(struct bench *b)
{
	(void)b;
}

static void session_without_handle(struct bench *b)
{
	b->dealt[0]->send.handle = FIPS_NO_KEY;
}

static void link_without_handle(struct bench *b)
{
	b->dealt[2]->send.handle = FIPS_NO_KEY;
}

static void remove_session(struct bench *b)
{
	craft_key_gone(b->seal, &b->dealt[0]->send);
}

static void remove_link(struct bench *b)
{
	craft_key_gone(b->seal, &b->dealt[2]->send);
}

/* Another key takes the place that the old one had in the table. */
static void replace(struct bench *b, unsigned old)
{
	uint64_t slot = b->dealt[old]->send.handle & 0xfffff;

	craft_key_gone(b->seal, &b->dealt[old]->send);
	craft_key(b->seal, &b->newer->send);
	while ((b->newer->send.handle & 0xfffff) != slot) { /* they are used in turn */
		craft_key_gone(b->seal, &b->newer->send);
		mr_engine_host_turn(rig_engine(b->seal));
		b->newer->send.id++;
		craft_key(b->seal, &b->newer->send);
	}
}

static void replace_session(struct bench *b)
{
	replace(b, 0);
}

static void replace_link(struct bench *b)
{
	replace(b, 2);
}

static const struct {
	const char *name;
	void (*before)(struct bench *b); /* numbering        */
	void (*after)(struct bench *b);  /* ... and sealing  */
} gone[] = {
	{ "session's key removed", nothing, remove_session },
	{ "link's key removed", nothing, remove_link },
	{ "session's place taken", nothing, replace_session },
	{ "link's place taken", nothing, replace_link },
	{ "session's key without a handle", session_without_handle, nothing },
	{ "link's key without a handle", link_without_handle, nothing },
};

/* R10: a key that is retired between numbering and sealing seals nothing more, and no other key
 * does it for it; what is of other keys in the vector goes on. */
START_TEST(keys_that_are_gone_seal_nothing)
{
	struct bench b;
	struct mr_pkt *p;
	uint8_t text[16];

	ck_assert(bench_open(&b, 0));
	gone[_i].before(&b);
	number_one(&b, 1);
	feed_link(b.fmp_number, 2); /* control's, by the link with T */
	rig_run(b.fmp_number);
	ck_assert_uint_eq(rig_carry(b.fmp_number, "out", b.seal, "frames"), 1);
	gone[_i].after(&b);
	rig_run(b.seal);
	craft_drops(b.seal, &mr_kind_seal, "key-gone", 1);
	p = rig_out(b.seal, "out");
	ck_assert_msg(p && mr_le32(p->data + 4) == 0x11223343, "%s", gone[_i].name);
	memset(text, 2, sizeof text);
	ck_assert_ptr_null(memmem(p->data, p->len, text, sizeof text));
	ck_assert_ptr_null(rig_out(b.seal, "out"));
	bench_close(&b);
}
END_TEST

/* A frame of the session layer alone never leaves: what was numbered by both is sealed by both. */
START_TEST(nothing_leaves_in_clear)
{
	struct bench b;
	struct mr_pkt *p;
	uint8_t text[16];

	ck_assert(bench_open(&b, 0));
	for (unsigned i = 0; i < 40; i++) {
		p = number_one(&b, (uint8_t)i);
		if (i % 2)
			p->far = i % 4 == 1 ? MR_NO_HANDLE : 12345;
		memcpy(text, p->data + 150, sizeof text);
	}
	rig_run(b.seal);
	craft_drops(b.seal, &mr_kind_seal, "key-gone", 20);
	ck_assert_uint_eq(rig_count(b.seal, "out"), 20);
	while ((p = rig_out(b.seal, "out")))
		ck_assert_ptr_null(memmem(p->data, p->len, text, sizeof text));
	bench_close(&b);
}
END_TEST

/* Whatever else a graph may wire here is dropped by name and read no further than it goes. */
START_TEST(other_bytes_are_malformed)
{
	uint8_t bytes[300] = { 0 };
	struct bench b;
	unsigned fed = 0;

	ck_assert(bench_open(&b, 0));
	for (size_t n = 0; n < sizeof bytes; n += 3, fed++) {
		struct mr_pkt *p;

		mr_to_le16(bytes + 2, (uint16_t)(n % 2 ? 0xffff : 7));
		bytes[20] = n % 4 ? FIPS_LINK_DATAGRAM : 0x10;
		p = rig_feed(b.seal, "frames", bytes, n);
		p->near = b.dealt[2]->send.handle;
		p->far = b.dealt[0]->send.handle;
		p->mark = n % 5 ? MR_SHAPE_CLEAR : MR_SHAPE_FRAME;
	}
	rig_run(b.seal);
	craft_drops(b.seal, &mr_kind_seal, "malformed", fed);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("seal");
	TCase *tc = tcase_create("seal");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, bytes_are_those_of_sealing_at_once, 0, keys_providers());
	tcase_add_loop_test(tc, keys_that_are_gone_seal_nothing, 0, (int)COUNT(gone));
	tcase_add_test(tc, nothing_leaves_in_clear);
	tcase_add_test(tc, other_bytes_are_malformed);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
