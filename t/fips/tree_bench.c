/* tree_bench.c - see tree_bench.h. */
#include "t/fips/tree_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

struct fips_tree         t;
struct fips_tree_clocks  at;
double                   cost[PEERS]; /* 0: unmeasured */
uint64_t                 sequence[PEERS];
struct fips_tree_outcome out; /* of the last thing that happened */

bool cost_of(void *self, unsigned peer, double *c)
{
	(void)self;
	*c = cost[peer];
	return cost[peer] > 0;
}

struct fips_addr addr(unsigned number)
{
	return (struct fips_addr){ { (uint8_t)(number >> 8), (uint8_t)number } };
}

void open_tree(void)
{
	struct fips_tree_settings settings = fips_tree_settings_default();
	struct fips_tree_costs costs = { cost_of, NULL };
	struct fips_addr me = addr(6);

	memset(cost, 0, sizeof cost);
	memset(sequence, 0, sizeof sequence);
	at = (struct fips_tree_clocks){ .now = MS(1000000), .unix_ms = UINT64_C(1700000000123) };
	ck_assert(fips_tree_open(&t, &me, PEERS, &settings, &costs, at.unix_ms, at.unix_ms));
}

void close_tree(void)
{
	fips_tree_close(&t);
}

struct fips_tree_settings *settings(void)
{
	static struct fips_tree_settings s;

	s = t.settings;
	return &s;
}

void up(unsigned peer, unsigned number)
{
	struct fips_addr a = addr(number);

	fips_tree_peer_up(&t, peer, &a);
}

void down(unsigned peer)
{
	out = fips_tree_peer_down(&t, peer, &at);
}

struct fips_tree_announce announce(unsigned peer, const char *path, uint8_t *entries)
{
	struct fips_tree_announce a = { .entries = entries };
	const char *p = path;
	char *end;

	for (unsigned long number; (number = strtoul(p, &end, 10)), end != p; p = end) {
		struct fips_addr node = addr((unsigned)number);
		uint8_t *entry = entries + (size_t)FIPS_TREE_ENTRY * a.n++;

		memset(entry, (int)a.n, FIPS_TREE_ENTRY);
		memcpy(entry, node.b, sizeof node.b);
	}
	a.says = (struct fips_declaration){
		.node = fips_addr_at(entries),
		.parent = fips_addr_at(fips_tree_entry(entries, a.n > 1)),
		.sequence = ++sequence[peer] };
	return a;
}

enum fips_tree_count check(unsigned peer, const char *path)
{
	uint8_t entries[80 * FIPS_TREE_ENTRY];
	struct fips_tree_announce a = announce(peer, path, entries);

	return fips_tree_check(&t, peer, &a) != FIPS_TREE_ACCEPTED || fips_tree_credible(&a)
	               ? fips_tree_check(&t, peer, &a)
	               : FIPS_TREE_ANCESTRY_INVALID;
}

const char *says(unsigned peer, const char *path)
{
	uint8_t entries[80 * FIPS_TREE_ENTRY];
	struct fips_tree_announce a = announce(peer, path, entries);

	ck_assert_int_eq(fips_tree_check(&t, peer, &a), FIPS_TREE_ACCEPTED);
	ck_assert(fips_tree_credible(&a));
	out = fips_tree_accept(&t, peer, &a, &at);
	return fips_tree_decision_name(out.decision);
}

void path_is(const char *path)
{
	char text[400] = "";

	for (unsigned i = 0; i < fips_tree_path(&t)->n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i ? " " : "",
		         fips_tree_path(&t)->a[i].b[0] * 256u + fips_tree_path(&t)->a[i].b[1]);
	ck_assert_str_eq(text, path);
}

const char *told(void)
{
	static char text[64];

	text[0] = '\0';
	for (unsigned i = 0; i < PEERS; i++) {
		if (fips_tree_due(&t, i) > at.now)
			continue;
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u",
		         text[0] ? " " : "", i);
		fips_tree_sent(&t, i, at.now);
	}
	return text;
}

void later(uint64_t ms)
{
	at.now += MS(ms);
	at.unix_ms += ms;
}

void settle(void)
{
	static const unsigned gaps[] = { 0, 1000, 4000, 10000, 20000 };

	for (size_t i = 0; i < COUNT(gaps); i++) {
		later(gaps[i]);
		told();
	}
}

void follows(unsigned want)
{
	unsigned got = (out.announce ? ANNOUNCE : 0) | (out.declared ? DECLARED : 0) |
	               (out.path_changed ? PATH : 0) | (out.drop_through ? THROUGH : 0) |
	               (out.drop_foreign ? FOREIGN : 0) | (out.mark_filters ? MARK : 0) |
	               (out.check_filters ? CHECK : 0);

	ck_assert_uint_eq(got, want);
}
