/* secret.c - slots of one size in locked chunks, large objects in mappings of their own. */
#include "core/secret.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "core/hash.h"

#if defined(__SANITIZE_ADDRESS__)
#define MR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MR_ASAN 1
#endif
#endif

#ifdef MR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#define OPEN(at, n)  ASAN_UNPOISON_MEMORY_REGION(at, n)
#define SHUT(at, n)  ASAN_POISON_MEMORY_REGION(at, n)
#define FOUND(at, n) __lsan_register_root_region(at, n)
#define LOST(at, n)  __lsan_unregister_root_region(at, n)
#else
#define OPEN(at, n)  ((void)(at))
#define SHUT(at, n)  ((void)(at))
#define FOUND(at, n) ((void)(at))
#define LOST(at, n)  ((void)(at))
#endif

#define CHUNK   ((size_t)65536)
#define HEADER  256                     /* bytes before the first slot          */
#define LEAST   64                      /* bytes of the smallest slot           */
#define CLASSES 9                       /* slots of 64, 128, ... 16384 bytes    */
#define SLOTS   ((CHUNK - HEADER) / LEAST)
#define MAPS    ((SLOTS + 63) / 64)

/* The start of every mapping; an object finds it by its address. */
struct chunk {
	struct chunk *next;      /* of this class; NULL for a large object       */
	size_t        bytes;     /* of the mapping                               */
	size_t        slot;      /* bytes of a slot                              */
	unsigned      slots;     /* 1: a large object                            */
	unsigned      used;      /* [0, slots]                                   */
	bool          unlocked;
	uint64_t      map[MAPS]; /* bit per slot: given out                      */
};
_Static_assert(sizeof(struct chunk) <= HEADER, "a chunk's header fits before its slots");

static struct {
	pthread_mutex_t      lock; /* of all below */
	struct chunk        *chunk[CLASSES];
	struct mr_secret_use use;
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Fresh zeroed pages at a multiple of CHUNK. */
static void *map_aligned(size_t bytes)
{
	uint8_t *at = mmap(NULL, bytes + CHUNK, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before, after;

	if (at == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)at % CHUNK;
	after = CHUNK - before;
	if (before)
		munmap(at, before);
	munmap(at + before + bytes, after);
	return at + before;
}

static struct chunk *chunk_make(size_t slot, size_t bytes)
{
	struct chunk *c = map_aligned(bytes);

	if (!c)
		return NULL;
	madvise(c, bytes, MADV_DONTDUMP); /* an old kernel dumps them: the dump is off besides */
	c->unlocked = mlock(c, bytes) != 0;
	c->bytes = bytes;
	c->slot = slot;
	c->slots = (unsigned)((bytes - HEADER) / slot);
	store.use.bytes += bytes;
	store.use.unlocked += c->unlocked ? bytes : 0;
	FOUND(c, bytes);
	SHUT((uint8_t *)c + HEADER, bytes - HEADER);
	return c;
}

/* Unmapping unlocks. */
static void chunk_free(struct chunk *c)
{
	size_t bytes = c->bytes;

	store.use.bytes -= bytes;
	store.use.unlocked -= c->unlocked ? bytes : 0;
	OPEN(c, bytes);
	LOST(c, bytes);
	munmap(c, bytes);
}

/* Class of objects of n bytes; CLASSES: too large for one. */
static unsigned class_of(size_t n)
{
	unsigned class = 0;

	while (class < CLASSES && (size_t)LEAST << class < n)
		class++;
	return class;
}

/* A chunk of the class with a free slot, made when there is none. */
static struct chunk *with_room(unsigned class)
{
	struct chunk *c = store.chunk[class];

	while (c && c->used == c->slots)
		c = c->next;
	if (c)
		return c;
	c = chunk_make((size_t)LEAST << class, CHUNK);
	if (c) {
		c->next = store.chunk[class];
		store.chunk[class] = c;
	}
	return c;
}

static void *take_slot(struct chunk *c, size_t n)
{
	unsigned i = 0;
	uint8_t *at;

	while (~c->map[i / 64] == 0)
		i += 64;
	i += (unsigned)__builtin_ctzll(~c->map[i / 64]);
	assert(i < c->slots);
	c->map[i / 64] |= UINT64_C(1) << i % 64;
	c->used++;
	at = (uint8_t *)c + HEADER + i * c->slot;
	OPEN(at, n);
	(void)n;
	return at;
}

void *mr_secret_alloc(size_t n)
{
	unsigned class = class_of(n);
	struct chunk *c = NULL;
	void *p = NULL;

	if (n > SIZE_MAX / 2)
		return NULL;
	pthread_mutex_lock(&store.lock);
	if (class < CLASSES) {
		c = with_room(class);
	} else {
		size_t bytes = (n + HEADER + 4095) & ~(size_t)4095;

		c = chunk_make(bytes - HEADER, bytes);
	}
	if (c) {
		p = take_slot(c, n);
		store.use.objects++;
	}
	pthread_mutex_unlock(&store.lock);
	return p;
}

char *mr_secret_text(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = mr_secret_alloc(n);

	return copy ? memcpy(copy, text, n) : NULL;
}

static struct chunk *chunk_of(const void *p)
{
	return (void *)((uintptr_t)p & ~(CHUNK - 1));
}

void *mr_secret_realloc(void *p, size_t n)
{
	size_t had = p ? chunk_of(p)->slot : 0;
	void *other;

	if (p && n <= had && n > had / 4) {
		OPEN(p, n);
		return p;
	}
	other = mr_secret_alloc(n);
	if (other && p) {
		OPEN(p, had);
		memcpy(other, p, had < n ? had : n);
		mr_secret_free(p);
	}
	return other;
}

/* An empty chunk goes back to the system, but for a class's last one. */
static void drop_empty(struct chunk *c)
{
	struct chunk **at = &store.chunk[class_of(c->slot)];

	if (*at == c && !c->next)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	chunk_free(c);
}

void mr_secret_free(void *p)
{
	struct chunk *c = chunk_of(p);
	size_t i;

	if (!p)
		return;
	pthread_mutex_lock(&store.lock);
	i = (size_t)((uint8_t *)p - ((uint8_t *)c + HEADER)) / c->slot;
	assert(i < c->slots && c->map[i / 64] >> i % 64 & 1);
	OPEN(p, c->slot);
	mr_wipe(p, c->slot); /* so that free slots are all zero */
	SHUT(p, c->slot);
	c->map[i / 64] &= ~(UINT64_C(1) << i % 64);
	c->used--;
	store.use.objects--;
	if (c->slots == 1)
		chunk_free(c);
	else if (c->used == 0)
		drop_empty(c);
	pthread_mutex_unlock(&store.lock);
}

struct mr_secret_use mr_secret_use(void)
{
	struct mr_secret_use use;

	pthread_mutex_lock(&store.lock);
	use = store.use;
	pthread_mutex_unlock(&store.lock);
	return use;
}
