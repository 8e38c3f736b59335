/* test_mesh_lookup.c - lookups in the node: what is sent on and to whom, answers and their proofs, our own lookups
 * with what waits for them, and input of the hostile kind: floods of fresh ids, answers nobody asked for, places that
 * are another's, path MTUs that cannot be. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/node/bloom.h"
#include "fips/node/lookup.h"
#include "fips/node/signals.h"
#include "fips/wire/filter.h"
#include "fips/wire/lookup.h"
#include "fips/wire/signal.h"
#include "fips/wire/tree.h"
#include "t/lib/node_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Neighbours are A and on, as many as a test links; FAR is a node behind them whose key is known. */
enum { A = 2, B, C, D, FAR = 30, FARTHER, MANY = 20 };
#define LINK_MTU 1280

/* ---- who is there ---- */

struct sent {
	struct fips_addr to;
	uint8_t          bytes[FIPS_ACT_BYTES];
	size_t           len;
};

/* One node, and the lookup messages it has sent since they were last looked at. */
struct room {
	struct bench *b;
	unsigned      me;
	uint64_t      keys[64];
	struct sent   sent[256];
	unsigned      n_sent;
};

static struct room r;

static struct fips_addr addr(unsigned who)
{
	return world_identity(who).addr;
}

static void see(void *self, const struct fips_action *act)
{
	struct sent *s = &r.sent[r.n_sent];

	(void)self;
	if (act->kind != FIPS_ACT_SEND_LINK || (act->bytes[0] & 0xf0) != 0x30)
		return;
	ck_assert_uint_lt(r.n_sent, COUNT(r.sent));
	s->to = act->peer;
	memcpy(s->bytes, act->bytes, s->len = act->len);
	r.n_sent++;
}

/* The number with the smallest address, or the largest.  Numbers are a byte. */
static unsigned utmost(bool largest)
{
	unsigned best = 200;

	for (unsigned i = 200; i < 256; i++) {
		struct fips_addr a = addr(i), b = addr(best);

		if (largest ? fips_addr_cmp(&a, &b) > 0 : fips_addr_cmp(&a, &b) < 0)
			best = i;
	}
	return best;
}

static const char *say(unsigned who, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = addr(who), .key = r.keys[who],
		                 .bytes = bytes, .len = n, .rx = r.b->now };

	return bench_feed(r.b, &in);
}

static void open_as(unsigned me, unsigned neighbours, const struct fips_node_config *config)
{
	r = (struct room){ .me = me };
	r.b = bench_open(r.me, 0, config);
	r.b->see = see;
	for (unsigned i = 0; i < neighbours; i++) {
		bench_link(r.b, A + i);
		r.keys[A + i] = r.b->link_key;
	}
	r.n_sent = 0;
}

/* We have the smallest address of all, and so are the root. */
static void open_room(unsigned neighbours)
{
	open_as(utmost(false), neighbours, NULL);
}

static void close_room(void)
{
	bench_close(r.b);
}

/* ---- what neighbours announce ---- */

/* It is below this parent, which is root; or root itself. */
static void below(unsigned who, struct fips_addr parent)
{
	struct fips_identity id = world_identity(who);
	uint8_t entries[2 * FIPS_TREE_ENTRY] = { 0 }, sig[FIPS_SIG_LEN], aux[32] = { 0 };
	uint8_t bytes[FIPS_TREE_LEN(2)];
	struct fips_tree_announce a = { .entries = entries, .signature = sig,
		                        .n = fips_addr_eq(&parent, &id.addr) ? 1 : 2 };

	memcpy(entries, id.addr.b, FIPS_ADDR_LEN);
	memcpy(entries + FIPS_TREE_ENTRY, parent.b, FIPS_ADDR_LEN);
	a.says = (struct fips_declaration){ .node = id.addr, .sequence = 1, .parent = parent };
	ck_assert(fips_declaration_sign(&a.says, &r.b->curve, &id, aux, sig));
	say(who, bytes, fips_tree_announce_build(bytes, sizeof bytes, &a));
}

static void child(unsigned who)
{
	below(who, r.b->me.addr);
}

/* Its filter contains n others, from this number on. */
static void filter_of(unsigned who, unsigned others, unsigned n)
{
	static uint64_t seq;
	struct fips_bloom bloom = { { 0 } };
	uint8_t bytes[FIPS_FILTER_LEN];
	struct fips_filter f = { .seq = ++seq, .bits = bloom.b };

	for (unsigned i = 0; i < n; i++) {
		struct fips_addr a = addr(others + i);
		struct fips_probe probe = fips_probe_of(&a);

		fips_bloom_insert(&bloom, &probe);
	}
	fips_filter_build(bytes, &f);
	say(who, bytes, sizeof bytes);
}

static void filter(unsigned who, unsigned other)
{
	filter_of(who, other, 1);
}

/* ---- messages ---- */

static void request(unsigned from, uint64_t id, struct fips_addr target, uint8_t ttl)
{
	struct fips_addr origin = addr(FARTHER);
	const struct fips_lookup_request q = { .id = id, .target = target, .origin = origin, .ttl = ttl,
		                               .min_mtu = 9, .coords = fips_coords_of(&origin, 1) };
	uint8_t bytes[128];

	say(from, bytes, fips_lookup_request_build(bytes, sizeof bytes, &q));
}

/* What an answer says, and what is wrong with it. */
struct answer {
	unsigned from, target, first; /* by whose link, whose answer, whose coordinates: first entry */
	unsigned signer;              /* 0: as the target                                             */
	uint64_t id;
	uint16_t mtu;
	size_t   extra;               /* bytes behind the proof                                       */
};

static void respond(const struct answer *a)
{
	struct fips_identity signer = world_identity(a->signer ? a->signer : a->target);
	struct fips_addr path[3] = { addr(a->first ? a->first : a->target), addr(a->from), r.b->me.addr };
	struct fips_lookup_response resp = { .id = a->id, .target = addr(a->target), .path_mtu = a->mtu,
		                             .coords = fips_coords_of(path, 3) };
	uint8_t bytes[256] = { 0 }, digest[32], aux[32] = { 0 };
	size_t len = fips_lookup_response_build(bytes, sizeof bytes, &resp);

	fips_lookup_digest(&resp, digest);
	ck_assert(r.b->curve.sign(r.b->curve.self, signer.secret, digest, aux, bytes + len - FIPS_SIG_LEN));
	say(a->from, bytes, len + a->extra);
}

static uint64_t counted(enum fips_lookup_count count)
{
	return fips_node_lookups(r.b->node)->counts[count];
}

static uint64_t signalled(enum fips_signal_count count)
{
	return fips_node_signals(r.b->node)->counts[count];
}

/* To whom the requests of the last call went: a bit for each neighbour. */
static uint32_t asked(void)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < r.n_sent; i++)
		for (unsigned who = A; who < A + MANY; who++) {
			struct fips_addr a = addr(who);

			if (r.sent[i].bytes[0] == 0x30 && fips_addr_eq(&a, &r.sent[i].to))
				set |= 1u << who;
		}
	r.n_sent = 0;
	return set;
}

static struct fips_lookup_request last_request(void)
{
	struct fips_lookup_request q = { 0 };

	ck_assert_uint_gt(r.n_sent, 0);
	ck_assert(fips_lookup_request_parse(r.sent[r.n_sent - 1].bytes, r.sent[r.n_sent - 1].len, &q));
	return q;
}

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
	ck_assert_uint_eq(r.sent[0].len, FIPS_LOOKUP_RESPONSE_LEN(3)); /* what was behind it is not */
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
	ck_assert(fips_lookup_response_parse(r.sent[r.n_sent - 1].bytes, r.sent[r.n_sent - 1].len, &resp));
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

/* R7: fresh ids without an end by one neighbour: others' requests still pass, nothing is signed but 50 a second, nothing
 * sent on but one a target every two seconds. */
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
	const struct fips_lookup_request q = { .id = 1, .target = origin, .origin = origin, .ttl = 3,
		                               .coords = fips_coords_of(&origin, 1) };
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

/* ---- our own ---- */

/* We know its key, and nothing more. */
static void know(unsigned who)
{
	struct fips_identity id = world_identity(who);
	struct fips_input in = { .kind = FIPS_IN_KNOWN, .bytes = id.pub, .len = FIPS_PUB_LEN };

	bench_feed(r.b, &in);
}

/* A room with FAR behind B, which the first packet for it asks about.  Returns the request. */
static struct fips_lookup_request seek(void)
{
	open_room(3);
	child(B);
	filter(B, FAR);
	know(FAR);
	want("lookup", bench_resolve(r.b, FAR));
	return last_request();
}

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

/* session.md 3.2: nobody answers the setup, and nobody complains of it.  It may not be where it was found: it is looked
 * for again, and when it is somewhere else the setup goes there at once. */
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

/* A neighbour looks for the same node, and its answer goes through here: packets of ours need wait no longer, while
 * our own lookup goes on.  One about nobody we look for leaves no trace. */
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

/* A configured peer without a link is looked for too, and waited for no longer than the lookup takes. */
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
	struct answer a = worthless[_i].a, good = { .from = B, .target = FAR, .id = q.id, .mtu = 1280 };
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

/* ---- signals about a session that goes through others ---- */

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

/* A datagram of others for it that is to go back where it came from, or whose ttl is used up (0); then somebody says that
 * it is elsewhere. */
static void doubt(uint8_t ttl)
{
	struct fips_datagram d = { .ttl = ttl, .path_mtu = 1280, .src = addr(C), .dest = addr(FAR) };
	uint8_t bytes[FIPS_DATAGRAM_HEAD + FIPS_FSP_MIN] = { 0 }, list[64];
	struct fips_addr path[2] = { addr(FAR), addr(C) };
	struct fips_coords coords = fips_coords_of(path, 2);
	struct mr_wire w = mr_wire_write(list, sizeof list);

	fips_datagram_build(bytes, &d);
	bench_feed(r.b, &(struct fips_input){ .kind = FIPS_IN_UNDELIVERED, .peer = addr(B), .bytes = bytes,
	                                      .len = sizeof bytes });
	fips_coords_put(&w, &coords);
	bench_feed(r.b, &(struct fips_input){ .kind = FIPS_IN_LEARNED, .peer = addr(FAR), .bytes = list,
	                                      .len = (size_t)(w.at - list) });
}

/* What an answer said stands for ten seconds, but not when it has led nowhere; anybody can send what has no ttl. */
START_TEST(an_answer_that_led_nowhere)
{
	struct answer a = { .from = B, .target = FAR, .mtu = 1280 };
	struct fips_addr far = addr(FAR);
	struct fips_treepath path;

	a.id = seek().id;
	respond(&a);
	for (unsigned ttl = 1; ttl <= 2; ttl++) {
		struct fips_cache *cache = (struct fips_cache *)(uintptr_t)fips_node_cache(r.b->node);

		doubt((uint8_t)ttl);
		fips_cache_path(cache, fips_cache_find(cache, &far, r.b->now), &path);
		ck_assert_uint_eq(path.n, ttl == 1 ? 3 : 2);
	}
	close_room();
}
END_TEST

static const char *hear_broken(const struct fips_treepath *place)
{
	struct fips_signal signal = { .type = FIPS_SIGNAL_PATH_BROKEN, .dest = addr(FAR), .reporter = addr(B),
		                      .coords = fips_treepath_coords(place) };
	struct puppet p = { .who = B };
	uint8_t bytes[FIPS_SIGNAL_PATH_BROKEN_LEN(4)];

	return bench_datagram(r.b, &p, bytes, fips_signal_build(bytes, sizeof bytes, &signal));
}

/* They looked for it elsewhere than we know it to be: they are told, and what we know is not forgotten.  When they go
 * by the same place as we, it is. */
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

int main(void)
{
	Suite *s = suite_create("mesh_lookup");
	TCase *t = tcase_create("others"), *own = tcase_create("own");
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
	tcase_add_test(own, a_packet_is_worth_a_lookup);
	tcase_add_test(own, a_setup_in_vain_is_worth_another);
	tcase_add_test(own, an_answer_to_another_is_overheard);
	tcase_add_test(own, nobody_answers);
	tcase_add_test(own, nobody_answers_for_a_peer);
	tcase_add_test(own, it_comes_by_itself);
	tcase_add_loop_test(own, worthless_answers, 0, COUNT(worthless));
	tcase_add_test(own, a_flood_of_bad_proofs);
	tcase_add_test(own, our_own_request_comes_back);
	tcase_add_loop_test(own, path_mtu_of_an_answer, 0, COUNT(mtus));
	tcase_add_test(own, coordinates_are_required);
	tcase_add_test(own, a_path_is_broken);
	tcase_add_test(own, an_answer_that_led_nowhere);
	tcase_add_test(own, a_path_is_broken_for_whom_it_is_old);
	tcase_add_test(own, a_path_is_said_to_be_broken);
	tcase_add_test(own, no_filter_has_it);
	tcase_add_test(own, no_filter_has_it_yet);
	tcase_add_test(own, back_off_ends_with_the_parent);
	tcase_add_test(own, many_at_a_time);
	suite_add_tcase(s, own);
	srunner_run_all(run, CK_ENV);
	int failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
