/* cache.c - a hash table whose entries are in a list by use, and a store of addresses for their
 * paths.
 *
 *     buckets --> entry --> entry        by chain
 *     newest  --> entry <-> entry ...    by use; the oldest is evicted
 *                   '--> chunk --> chunk the path, four addresses each */
#include "fips/node/cache.h"

#include <assert.h>
#include <stdlib.h>

#include "core/wire.h"

#define CHUNK  4    /* addresses                                               */
#define STORE  2    /* chunks for each entry, on average: paths of 8 addresses */
#define SWEEP  2048 /* places looked at in one sweep                           */
#define LEAST  64   /* entries: room for the longest path many times over      */
#define NONE   FIPS_CACHE_NONE

struct fips_cache_chunk {
	struct fips_addr a[CHUNK];
	uint32_t         next;
};

/* ---- set-up ---- */

static bool allocate(struct fips_cache *c)
{
	c->entries = calloc(c->max, sizeof *c->entries);
	c->chunks = calloc((size_t)STORE * c->max, sizeof *c->chunks);
	c->buckets = malloc(((size_t)c->mask + 1) * sizeof *c->buckets);
	return c->entries && c->chunks && c->buckets;
}

struct fips_cache_settings fips_cache_settings_default(void)
{
	return (struct fips_cache_settings){ .entries = 50000, .ttl = 300 };
}

void fips_cache_configure(struct fips_cache *c, const struct fips_cache_settings *settings)
{
	c->settings = *settings;
	c->ttl = settings->ttl * MR_NS_PER_S;
}

bool fips_cache_open(struct fips_cache *c, const struct fips_addr *me,
                     const struct fips_cache_settings *settings, const struct mr_rand *rand)
{
	uint32_t buckets = LEAST;

	*c = (struct fips_cache){ .me = *me, .newest = NONE, .oldest = NONE };
	fips_cache_configure(c, settings);
	c->max = settings->entries < LEAST ? LEAST : settings->entries;
	while (buckets < c->max)
		buckets *= 2;
	c->mask = buckets - 1;
	if (!allocate(c)) {
		fips_cache_close(c);
		return false;
	}
	mr_rand_bytes(rand, c->keys, sizeof c->keys);
	memset(c->buckets, 0xff, buckets * sizeof *c->buckets);
	c->n_free_chunks = STORE * c->max;
	c->free_entry = c->free_chunk = NONE;
	return true;
}

void fips_cache_close(struct fips_cache *c)
{
	free(c->entries);
	free(c->chunks);
	free(c->buckets);
	*c = (struct fips_cache){ 0 };
}

/* ---- the hash, the list by use, and chunks ---- */

/* Multilinear over four words: with secret keys any two addresses collide with a chance of 2^-32,
 * whoever chose them. */
static uint32_t *bucket_of(const struct fips_cache *c, const struct fips_addr *addr)
{
	uint64_t h = c->keys[4];

	for (unsigned i = 0; i < 4; i++)
		h += c->keys[i] * mr_le32(addr->b + 4 * i);
	return &c->buckets[(uint32_t)(h >> 32) & c->mask];
}

static uint32_t index_of(const struct fips_cache *c, const struct fips_cache_entry *e)
{
	return (uint32_t)(e - c->entries);
}

static void unlist(struct fips_cache *c, const struct fips_cache_entry *e)
{
	*(e->newer == NONE ? &c->newest : &c->entries[e->newer].older) = e->older;
	*(e->older == NONE ? &c->oldest : &c->entries[e->older].newer) = e->newer;
}

static void list_newest(struct fips_cache *c, struct fips_cache_entry *e)
{
	uint32_t i = index_of(c, e);

	e->newer = NONE;
	e->older = c->newest;
	*(c->newest == NONE ? &c->oldest : &c->entries[c->newest].newer) = i;
	c->newest = i;
}

static void touch(struct fips_cache *c, struct fips_cache_entry *e, uint64_t now)
{
	e->used = now;
	if (c->newest != index_of(c, e)) {
		unlist(c, e);
		list_newest(c, e);
	}
}

static unsigned chunks_for(unsigned addresses)
{
	return (addresses + CHUNK - 1) / CHUNK;
}

static void free_path(struct fips_cache *c, struct fips_cache_entry *e)
{
	uint32_t last = e->chunk;

	if (e->n == 0)
		return;
	for (unsigned k = 1; k < chunks_for(e->n); k++)
		last = c->chunks[last].next;
	c->chunks[last].next = c->free_chunk;
	c->free_chunk = e->chunk;
	c->n_free_chunks += chunks_for(e->n);
	e->n = 0;
}

/* Freed ones come first, so that a small mesh touches little memory. */
static uint32_t take_chunk(struct fips_cache *c)
{
	uint32_t i = c->free_chunk;

	assert(c->n_free_chunks > 0);
	c->n_free_chunks--;
	if (i == NONE)
		return c->fresh_chunk++;
	c->free_chunk = c->chunks[i].next;
	return i;
}

static void store_path(struct fips_cache *c, struct fips_cache_entry *e,
                       const struct fips_coords *list)
{
	uint32_t *at = &e->chunk;

	for (unsigned i = 0; i < list->count; i++) {
		if (i % CHUNK == 0) {
			at = i ? &c->chunks[*at].next : &e->chunk;
			*at = take_chunk(c);
		}
		c->chunks[*at].a[i % CHUNK] = fips_coords_entry(list, i);
	}
	e->n = (uint8_t)list->count;
}

static void release(struct fips_cache *c, struct fips_cache_entry *e)
{
	uint32_t i = index_of(c, e), *at = bucket_of(c, &e->addr);

	while (*at != i)
		at = &c->entries[*at].chain;
	*at = e->chain;
	unlist(c, e);
	free_path(c, e);
	e->chain = c->free_entry;
	c->free_entry = i;
	c->n--;
}

/* ---- what is void ---- */

static bool is_void(const struct fips_cache *c, const struct fips_cache_entry *e)
{
	return (e->through && e->event < c->through_event) || e->event < c->other_event ||
	       (e->event < c->root_event && !fips_addr_eq(&e->root, &c->root));
}

static bool is_dead(const struct fips_cache *c, const struct fips_cache_entry *e, uint64_t now)
{
	return is_void(c, e) || fips_cache_expired(c, e, now);
}

void fips_cache_drop_through(struct fips_cache *c)
{
	c->through_event = ++c->event;
}

void fips_cache_drop_roots(struct fips_cache *c, const struct fips_addr *root)
{
	if (!fips_addr_eq(&c->root, root))
		c->other_event = c->root_event;
	c->root = *root;
	c->root_event = ++c->event;
}

/* ---- reading ---- */

/* Dead or alive. */
static struct fips_cache_entry *lookup(const struct fips_cache *c, const struct fips_addr *addr)
{
	uint32_t i = *bucket_of(c, addr);

	while (i != NONE && !fips_addr_eq(&c->entries[i].addr, addr))
		i = c->entries[i].chain;
	return i == NONE ? NULL : &c->entries[i];
}

static struct fips_cache_entry *alive(const struct fips_cache *c, const struct fips_addr *addr,
                                      uint64_t now)
{
	struct fips_cache_entry *e = lookup(c, addr);

	return e && !is_dead(c, e, now) ? e : NULL;
}

const struct fips_cache_entry *fips_cache_find(const struct fips_cache *c,
                                               const struct fips_addr *addr, uint64_t now)
{
	return alive(c, addr, now);
}

struct fips_cache_entry *fips_cache_use(struct fips_cache *c, const struct fips_addr *addr,
                                        uint64_t now)
{
	struct fips_cache_entry *e = alive(c, addr, now);

	if (e)
		touch(c, e, now);
	return e;
}

void fips_cache_path(const struct fips_cache *c, const struct fips_cache_entry *e,
                     struct fips_treepath *path)
{
	uint32_t at = e->chunk;

	path->n = e->n;
	for (unsigned i = 0; i < e->n; i++) {
		if (i && i % CHUNK == 0)
			at = c->chunks[at].next;
		path->a[i] = c->chunks[at].a[i % CHUNK];
	}
}

const struct fips_cache_entry *fips_cache_at(const struct fips_cache *c, unsigned i)
{
	const struct fips_cache_entry *e = &c->entries[i];

	return e->n && !is_void(c, e) ? e : NULL;
}

/* ---- writing ---- */

static uint32_t take_entry(struct fips_cache *c)
{
	uint32_t i;

	if (c->n == c->max)
		release(c, &c->entries[c->oldest]);
	c->n++;
	i = c->free_entry;
	if (i == NONE)
		return c->fresh_entry++;
	c->free_entry = c->entries[i].chain;
	return i;
}

/* An entry of this address at the newest end, its path not stored yet.  Evicts when all places are
 * taken. */
static struct fips_cache_entry *place_for(struct fips_cache *c, const struct fips_addr *addr,
                                          uint64_t now)
{
	struct fips_cache_entry *e = lookup(c, addr);
	uint32_t *bucket;

	if (e) {
		if (is_dead(c, e, now))
			e->mtu = 0;
		touch(c, e, now);
		return e;
	}
	e = &c->entries[take_entry(c)];
	bucket = bucket_of(c, addr);
	*e = (struct fips_cache_entry){ .addr = *addr, .used = now, .chain = *bucket };
	*bucket = index_of(c, e);
	list_newest(c, e);
	return e;
}

static bool acceptable(const struct fips_cache *c, const struct fips_addr *addr,
                       const struct fips_coords *list, enum fips_cache_source source,
                       uint64_t now)
{
	const struct fips_cache_entry *e;
	struct fips_addr first;

	if (list->count == 0 || list->count > FIPS_PATH_MAX || fips_addr_eq(addr, &c->me))
		return false;
	first = fips_coords_entry(list, 0);
	if (!fips_addr_eq(&first, addr))
		return false;
	e = source == FIPS_CACHE_PASSING ? alive(c, addr, now) : NULL;
	return !e || e->source == FIPS_CACHE_PASSING || now - e->written >= FIPS_CACHE_SURE;
}

static bool passes(const struct fips_coords *list, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < list->count; i++)
		if (memcmp(list->at + (size_t)FIPS_ADDR_LEN * i, addr->b, FIPS_ADDR_LEN) == 0)
			return true;
	return false;
}

void fips_cache_doubt(struct fips_cache *c, const struct fips_addr *addr)
{
	struct fips_cache_entry *e = lookup(c, addr);

	if (e)
		e->source = FIPS_CACHE_PASSING;
}

bool fips_cache_put(struct fips_cache *c, const struct fips_addr *addr,
                    const struct fips_coords *list, enum fips_cache_source source, uint16_t mtu,
                    uint64_t now)
{
	struct fips_cache_entry *e;

	if (!acceptable(c, addr, list, source, now))
		return false;
	e = place_for(c, addr, now);
	free_path(c, e);
	while (c->n_free_chunks < chunks_for(list->count))
		release(c, &c->entries[c->oldest]);
	store_path(c, e, list);
	e->root = fips_coords_entry(list, list->count - 1);
	e->through = passes(list, &c->me);
	e->written = now;
	e->event = c->event;
	e->source = (uint8_t)source;
	e->decided = 0;
	if (mtu)
		e->mtu = mtu;
	return true;
}

void fips_cache_mtu(struct fips_cache *c, const struct fips_addr *addr, uint16_t mtu, uint64_t now)
{
	struct fips_cache_entry *e = alive(c, addr, now);

	if (e && (e->mtu == 0 || mtu < e->mtu))
		e->mtu = mtu;
}

void fips_cache_drop(struct fips_cache *c, const struct fips_addr *addr)
{
	struct fips_cache_entry *e = lookup(c, addr);

	if (e)
		release(c, e);
}

void fips_cache_sweep(struct fips_cache *c, uint64_t now)
{
	unsigned looks = c->fresh_entry < SWEEP ? c->fresh_entry : SWEEP;

	for (; looks > 0; looks--) {
		struct fips_cache_entry *e = &c->entries[c->swept];

		if (e->n && is_dead(c, e, now))
			release(c, e);
		c->swept = (c->swept + 1) % c->fresh_entry;
	}
}
