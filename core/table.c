/* table.c - ck_ht under one writer, slots with generations, retirement by ck_epoch; see table.h. */

#include "core/table.h"

#include <assert.h>
#include <ck_ht.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/epoch.h"

#define KEY_MAX 32
#define HASHED  15    /* bytes of a key that its handle's hash is made of                         */
#define HASHES  0xfff /* hashes there are: one less than fit, so that no handle is MR_NO_HANDLE   */
#define SLOTS   20    /* bits of a handle                                                         */

/* A key's place.  Readers may hold a pointer to it for the rest of their epoch section, so a slot
 * is used again only after a grace period. */
struct slot {
	_Atomic(void *)   entry;
	_Atomic uint32_t  generation; /* even while in use; grows when put in and when removed */
	uint32_t          next_free;  /* index + 1, 0 ends the list   */
	_Atomic uint32_t  hash;       /* [0, HASHES), of key          */
	uint8_t           key[KEY_MAX];
};

struct mr_table {
	ck_ht_t      ht;
	uint32_t     cap, key_len; /* const                            */
	uint64_t     seed;         /* const                            */
	uint32_t     count;        /* writer only                      */
	uint32_t     free_list;    /* index + 1 of the first free slot */
	struct slot *slot;         /* [cap]                            */
	void       (*free_entry)(void *entry);
};

/* Something to be done after a grace period: free an entry, reuse a slot, or both. */
struct late {
	ck_epoch_entry_t  epoch; /* first, so that the callback finds the rest */
	struct mr_table  *table;
	ck_epoch_t       *global;
	void             *entry; /* may be NULL                                */
	uint32_t          slot;  /* index + 1, or 0                            */
};

static void *ht_malloc(size_t n)
{
	return malloc(n);
}

/* The map is made for four times the entries it may hold and never grows, so nothing is freed
 * while readers are about.  Places of removed keys are used again before empty ones. */
static void ht_free(void *p, size_t n, bool defer)
{
	(void)n;
	(void)defer;
	assert(!defer);
	free(p);
}

static struct ck_malloc allocator = { .malloc = ht_malloc, .free = ht_free };

struct mr_table *mr_table_open(uint32_t cap, uint32_t key_len, uint64_t seed,
                               void (*free_entry)(void *entry))
{
	struct mr_table *t = calloc(1, sizeof *t);

	assert(cap > 0 && cap <= MR_TABLE_MAX && key_len > 0 && key_len <= KEY_MAX);
	if (!t)
		return NULL;
	t->slot = calloc(cap, sizeof *t->slot);
	if (!t->slot || !ck_ht_init(&t->ht, CK_HT_MODE_BYTESTRING | CK_HT_WORKLOAD_DELETE, NULL,
	                            &allocator, (CK_HT_TYPE)cap * 4, seed)) {
		free(t->slot);
		free(t);
		return NULL;
	}
	t->cap = cap;
	t->key_len = key_len;
	t->seed = seed;
	t->free_entry = free_entry;
	for (uint32_t i = cap; i > 0; i--) {
		atomic_init(&t->slot[i - 1].generation, 1);
		t->slot[i - 1].next_free = t->free_list;
		t->free_list = i;
	}
	return t;
}

void mr_table_close(struct mr_table *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->cap; i++) {
		void *entry = atomic_load(&t->slot[i].entry);

		if (entry && t->free_entry)
			t->free_entry(entry);
	}
	ck_ht_destroy(&t->ht);
	free(t->slot);
	free(t);
}

static struct slot *find(const struct mr_table *t, const void *key)
{
	ck_ht_entry_t e;
	ck_ht_hash_t h;
	/* ck_ht's reader takes a pointer to non-const; it writes nothing. */
	ck_ht_t *ht = (ck_ht_t *)(uintptr_t)&t->ht;

	ck_ht_hash(&h, ht, key, (uint16_t)t->key_len);
	ck_ht_entry_key_set(&e, key, (uint16_t)t->key_len);
	if (!ck_ht_get_spmc(ht, h, &e))
		return NULL;
	return ck_ht_entry_value(&e);
}

const void *mr_table_find(const struct mr_table *t, const void *key)
{
	struct slot *s = find(t, key);

	return s ? atomic_load_explicit(&s->entry, memory_order_acquire) : NULL;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b << 32 | b >> 32)) * 0x9e3779b97f4a7c15u;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	return h ^ h >> 32;
}

static uint32_t hash_of(const struct mr_table *t, const void *key)
{
	uint64_t half[2] = { 0, 0 };
	uint64_t h;

	memcpy(half, key, t->key_len < HASHED ? t->key_len : HASHED);
	h = mix(mix(half[0], t->seed), half[1] + t->seed);
	return (uint32_t)(h % HASHES);
}

static uint64_t handle(uint32_t generation, uint32_t hash, uint32_t slot)
{
	return (uint64_t)generation << 32 | hash << SLOTS | slot;
}

uint64_t mr_table_unresolved(const struct mr_table *t, const void *key)
{
	return handle(UINT32_MAX, hash_of(t, key), MR_TABLE_MAX);
}

/* A slot found a moment ago may have been removed since: its generation is then odd.  A handle made
 * of that could be the one of the slot's next user. */
static uint64_t handle_of(const struct mr_table *t, const struct slot *s)
{
	uint32_t generation = atomic_load_explicit(&s->generation, memory_order_acquire);
	uint32_t hash = atomic_load_explicit(&s->hash, memory_order_relaxed);

	return generation & 1 ? MR_NO_HANDLE : handle(generation, hash, (uint32_t)(s - t->slot));
}

uint64_t mr_table_handle(const struct mr_table *t, const void *key)
{
	struct slot *s = find(t, key);

	return s ? handle_of(t, s) : MR_NO_HANDLE;
}

/* The generation is read again after the entry: an entry put in by a later user of the slot comes
 * with a generation that has already grown. */
const void *mr_table_at(const struct mr_table *t, uint64_t handle)
{
	uint32_t index = (uint32_t)handle & MR_TABLE_MAX, generation = (uint32_t)(handle >> 32);
	const struct slot *s;
	const void *entry;

	if (index >= t->cap)
		return NULL;
	s = &t->slot[index];
	entry = atomic_load_explicit(&s->entry, memory_order_acquire);
	if (atomic_load_explicit(&s->generation, memory_order_acquire) != generation)
		return NULL;
	return entry;
}

static void grace_is_over(ck_epoch_entry_t *e)
{
	struct late *late = (struct late *)e;
	struct mr_table *t = late->table;

	mr_epoch_passed(late->global);
	if (late->entry && t->free_entry)
		t->free_entry(late->entry);
	if (late->slot) {
		t->slot[late->slot - 1].next_free = t->free_list;
		t->free_list = late->slot;
	}
	free(late);
}

static void retire(struct mr_table *t, ck_epoch_record_t *record, void *entry, uint32_t slot)
{
	struct late *late = malloc(sizeof *late);

	if (!late)
		abort(); /* without memory for 40 bytes nothing can be kept safe */
	*late = (struct late){ .table = t, .global = record->global, .entry = entry, .slot = slot };
	ck_epoch_call(record, &late->epoch, grace_is_over);
}

uint64_t mr_table_put(struct mr_table *t, ck_epoch_record_t *record, const void *key, void *entry)
{
	struct slot *s = find(t, key);
	ck_ht_entry_t e;
	ck_ht_hash_t h;

	if (s) {
		void *old = atomic_exchange_explicit(&s->entry, entry, memory_order_acq_rel);

		retire(t, record, old, 0);
		return handle_of(t, s);
	}
	if (t->free_list == 0)
		return MR_NO_HANDLE;
	s = &t->slot[t->free_list - 1];
	memcpy(s->key, key, t->key_len);
	atomic_store_explicit(&s->hash, hash_of(t, key), memory_order_relaxed);
	ck_ht_hash(&h, &t->ht, s->key, (uint16_t)t->key_len);
	ck_ht_entry_set(&e, h, s->key, (uint16_t)t->key_len, s);
	atomic_fetch_add_explicit(&s->generation, 1, memory_order_release);
	atomic_store_explicit(&s->entry, entry, memory_order_release);
	if (!ck_ht_put_spmc(&t->ht, h, &e)) {
		atomic_fetch_add_explicit(&s->generation, 1, memory_order_release);
		atomic_store_explicit(&s->entry, NULL, memory_order_release);
		return MR_NO_HANDLE;
	}
	t->free_list = s->next_free;
	t->count++;
	return handle_of(t, s);
}

bool mr_table_remove(struct mr_table *t, ck_epoch_record_t *record, const void *key)
{
	struct slot *s = find(t, key);
	ck_ht_entry_t e;
	ck_ht_hash_t h;
	void *old;

	if (!s)
		return false;
	ck_ht_hash(&h, &t->ht, key, (uint16_t)t->key_len);
	ck_ht_entry_key_set(&e, key, (uint16_t)t->key_len);
	if (!ck_ht_remove_spmc(&t->ht, h, &e))
		return false;
	atomic_fetch_add_explicit(&s->generation, 1, memory_order_release);
	old = atomic_exchange_explicit(&s->entry, NULL, memory_order_acq_rel);
	retire(t, record, old, (uint32_t)(s - t->slot) + 1);
	t->count--;
	return true;
}

uint32_t mr_table_count(const struct mr_table *t)
{
	return t->count;
}
