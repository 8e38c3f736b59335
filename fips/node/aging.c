/* aging.c - a ring of keys, and chains through it.
 *
 * Adding puts an entry at the head of its chain, so a chain runs from new to old, and what is
 * forgotten is always the last of its chain. */
#include "fips/node/aging.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

bool fips_aging_open(struct fips_aging *t, uint32_t cap, const struct mr_rand *rand)
{
	assert(cap && (cap & (cap - 1)) == 0);
	*t = (struct fips_aging){ .cap = cap };
	t->ring = calloc(cap, sizeof *t->ring);
	t->chains = calloc(cap, sizeof *t->chains);
	if (!t->ring || !t->chains) {
		fips_aging_close(t);
		return false;
	}
	for (uint32_t i = 0; i < cap; i++)
		t->chains[i] = FIPS_AGING_NONE;
	mr_rand_bytes(rand, t->salt, sizeof t->salt);
	return true;
}

void fips_aging_close(struct fips_aging *t)
{
	free(t->ring);
	free(t->chains);
	*t = (struct fips_aging){ 0 };
}

struct fips_addr fips_aging_id(uint64_t id)
{
	struct fips_addr key = { { 0 } };

	mr_to_le64(key.b, id);
	return key;
}

/* Multiply-add-shift over 32-bit words (Dietzfelbinger): two keys meet as often as chance has it,
 * whoever chose them, for the multipliers are nobody's to know. */
static uint32_t chain_of(const struct fips_aging *t, const struct fips_addr *key)
{
	uint64_t sum = t->salt[4];

	for (unsigned i = 0; i < 4; i++)
		sum += t->salt[i] * mr_le32(key->b + 4 * (size_t)i);
	return (uint32_t)(sum >> 32) & (t->cap - 1);
}

uint32_t fips_aging_overdue(const struct fips_aging *t, uint64_t now, uint64_t age)
{
	if (t->n == 0 || now - t->ring[t->oldest].at <= age)
		return FIPS_AGING_NONE;
	return t->oldest;
}

void fips_aging_forget(struct fips_aging *t)
{
	uint32_t *link = &t->chains[chain_of(t, &t->ring[t->oldest].key)];

	assert(t->n > 0);
	while (*link != t->oldest)
		link = &t->ring[*link].next;
	*link = FIPS_AGING_NONE;
	t->oldest = (t->oldest + 1) & (t->cap - 1);
	t->n--;
}

void fips_aging_purge(struct fips_aging *t, uint64_t now, uint64_t age)
{
	while (fips_aging_overdue(t, now, age) != FIPS_AGING_NONE)
		fips_aging_forget(t);
}

uint32_t fips_aging_find(const struct fips_aging *t, const struct fips_addr *key)
{
	uint32_t slot = t->chains[chain_of(t, key)];

	while (slot != FIPS_AGING_NONE && !fips_addr_eq(&t->ring[slot].key, key))
		slot = t->ring[slot].next;
	return slot;
}

uint32_t fips_aging_add(struct fips_aging *t, const struct fips_addr *key, uint64_t now)
{
	uint32_t *chain = &t->chains[chain_of(t, key)];
	uint32_t slot = (t->oldest + t->n) & (t->cap - 1);

	if (t->n == t->cap)
		return FIPS_AGING_NONE;
	t->ring[slot] = (struct fips_aging_entry){ .key = *key, .at = now, .next = *chain };
	*chain = slot;
	t->n++;
	return slot;
}
