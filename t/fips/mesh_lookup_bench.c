/* mesh_lookup_bench.c - see mesh_lookup_bench.h. */
#include "t/fips/mesh_lookup_bench.h"

#include <string.h>

#include "core/wire.h"
#include "fips/node/bloom.h"
#include "fips/wire/filter.h"
#include "fips/wire/signal.h"
#include "fips/wire/tree.h"

struct room r;

struct fips_addr addr(unsigned who)
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

unsigned utmost(bool largest)
{
	unsigned best = 200;

	for (unsigned i = 200; i < 256; i++) {
		struct fips_addr a = addr(i), b = addr(best);

		if (largest ? fips_addr_cmp(&a, &b) > 0 : fips_addr_cmp(&a, &b) < 0)
			best = i;
	}
	return best;
}

const char *say(unsigned who, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = addr(who),
		                 .key = r.keys[who], .bytes = bytes, .len = n, .rx = r.b->now };

	return bench_feed(r.b, &in);
}

void open_as(unsigned me, unsigned neighbours, const struct fips_node_config *config)
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

void open_room(unsigned neighbours)
{
	open_as(utmost(false), neighbours, NULL);
}

void close_room(void)
{
	bench_close(r.b);
}

/* ---- what neighbours announce ---- */

void below(unsigned who, struct fips_addr parent)
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

void child(unsigned who)
{
	below(who, r.b->me.addr);
}

void filter_of(unsigned who, unsigned others, unsigned n)
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

void filter(unsigned who, unsigned other)
{
	filter_of(who, other, 1);
}

/* ---- messages ---- */

void request(unsigned from, uint64_t id, struct fips_addr target, uint8_t ttl)
{
	struct fips_addr origin = addr(FARTHER);
	const struct fips_lookup_request q = { .id = id, .target = target, .origin = origin,
		                               .ttl = ttl,
		                               .min_mtu = 9, .coords = fips_coords_of(&origin, 1) };
	uint8_t bytes[128];

	say(from, bytes, fips_lookup_request_build(bytes, sizeof bytes, &q));
}

void respond(const struct answer *a)
{
	struct fips_identity signer = world_identity(a->signer ? a->signer : a->target);
	struct fips_addr path[3] = { addr(a->first ? a->first : a->target), addr(a->from),
		                     r.b->me.addr };
	struct fips_lookup_response resp = { .id = a->id, .target = addr(a->target),
		                             .path_mtu = a->mtu,
		                             .coords = fips_coords_of(path, 3) };
	uint8_t bytes[256] = { 0 }, digest[32], aux[32] = { 0 };
	size_t len = fips_lookup_response_build(bytes, sizeof bytes, &resp);

	fips_lookup_digest(&resp, digest);
	ck_assert(r.b->curve.sign(r.b->curve.self, signer.secret, digest, aux,
	                          bytes + len - FIPS_SIG_LEN));
	say(a->from, bytes, len + a->extra);
}

uint64_t counted(enum fips_lookup_count count)
{
	return fips_node_lookups(r.b->node)->counts[count];
}

uint64_t signalled(enum fips_signal_count count)
{
	return fips_node_signals(r.b->node)->counts[count];
}

uint32_t asked(void)
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

struct fips_lookup_request last_request(void)
{
	struct fips_lookup_request q = { 0 };

	ck_assert_uint_gt(r.n_sent, 0);
	ck_assert(fips_lookup_request_parse(r.sent[r.n_sent - 1].bytes, r.sent[r.n_sent - 1].len,
	                                    &q));
	return q;
}

void know(unsigned who)
{
	struct fips_identity id = world_identity(who);
	struct fips_input in = { .kind = FIPS_IN_KNOWN, .bytes = id.pub, .len = FIPS_PUB_LEN };

	bench_feed(r.b, &in);
}

struct fips_lookup_request seek(void)
{
	open_room(3);
	child(B);
	filter(B, FAR);
	know(FAR);
	want("lookup", bench_resolve(r.b, FAR));
	return last_request();
}
