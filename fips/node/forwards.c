/* forwards.c - a dense array of destinations, found by a keyed hash. */

#include "fips/node/forwards.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool fips_forwards_open(struct fips_forwards *f, unsigned max, const struct mr_rand *rand)
{
	uint32_t buckets = 1;

	while (buckets < max)
		buckets *= 2;
	*f = (struct fips_forwards){ .max = max, .mask = buckets - 1 };
	f->at = calloc(max, sizeof *f->at);
	f->buckets = calloc(buckets, sizeof *f->buckets);
	mr_rand_bytes(rand, f->secret, sizeof f->secret);
	if (f->at && f->buckets)
		return true;
	fips_forwards_close(f);
	return false;
}

void fips_forwards_close(struct fips_forwards *f)
{
	free(f->at);
	free(f->buckets);
	*f = (struct fips_forwards){ 0 };
}

static uint32_t *bucket_of(const struct fips_forwards *f, const struct fips_addr *dest)
{
	uint64_t half[2], h;

	memcpy(half, dest->b, sizeof half);
	h = (half[0] ^ f->secret[0]) * 0x9e3779b97f4a7c15u;
	h = ((h ^ h >> 32) + half[1] + f->secret[1]) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 29 ^ f->secret[0]) * 0x94d049bb133111ebu;
	return &f->buckets[(h >> 32) & f->mask];
}

struct fips_forward *fips_forwards_find(const struct fips_forwards *f, const struct fips_addr *dest)
{
	uint32_t i = f->n ? *bucket_of(f, dest) : 0;

	while (i && !fips_addr_eq(&f->at[i - 1].dest, dest))
		i = f->at[i - 1].chain;
	return i ? &f->at[i - 1] : NULL;
}

struct fips_forward *fips_forwards_add(struct fips_forwards *f, const struct fips_addr *dest,
                                       uint64_t now)
{
	uint32_t *bucket = bucket_of(f, dest);
	struct fips_forward *e = &f->at[f->n];

	assert(f->n < f->max);
	*e = (struct fips_forward){ .dest = *dest, .used = now, .chain = *bucket };
	*bucket = ++f->n;
	return e;
}

static bool goes_before(const struct fips_forward *a, const struct fips_forward *b)
{
	return a->known != b->known ? b->known : a->used < b->used;
}

struct fips_forward *fips_forwards_victim(const struct fips_forwards *f)
{
	struct fips_forward *victim = f->n ? &f->at[0] : NULL;

	for (unsigned i = 1; i < f->n; i++)
		if (goes_before(&f->at[i], victim))
			victim = &f->at[i];
	return victim;
}

/* What points at entry i is to point at `to`. */
static void point(struct fips_forwards *f, unsigned i, uint32_t to)
{
	uint32_t *at = bucket_of(f, &f->at[i].dest);

	while (*at != i + 1)
		at = &f->at[*at - 1].chain;
	*at = to;
}

void fips_forwards_drop(struct fips_forwards *f, struct fips_forward *e)
{
	unsigned i = (unsigned)(e - f->at), last = f->n - 1;

	assert(i < f->n);
	point(f, i, e->chain);
	if (i != last) {
		point(f, last, i + 1);
		*e = f->at[last]; /* below `left` it is decided once more than it need be */
	}
	f->n = last;
	if (f->left > f->n)
		f->left = f->n;
}

bool fips_forwards_behind(const struct fips_forwards *f, uint64_t generation)
{
	return f->n && (f->left || f->decided != generation);
}

struct fips_forward *fips_forwards_next(struct fips_forwards *f, uint64_t generation)
{
	if (f->decided != generation) {
		f->decided = generation;
		f->left = f->n;
	}
	return f->left ? &f->at[--f->left] : NULL;
}
