/* witness.c - a growing table of pages, one digest a counter. */
#include "t/lib/witness.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

#define SLOTS_AT_FIRST 1024

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15u;
	return a ^ a >> 29;
}

/* Never 0. */
static uint32_t digest_of(const uint8_t *bytes, size_t n)
{
	uint64_t h = n;
	size_t at = 0;

	for (; at + 8 <= n; at += 8)
		h = mix(h, mr_le64(bytes + at));
	for (; at < n; at++)
		h = mix(h, bytes[at]);
	return (uint32_t)(mix(h, h >> 32) >> 32) | 1;
}

/* Where the page is, or the empty slot where it belongs. */
static struct witness_page **find(struct witness_page **slot, unsigned slots, uint32_t to,
                                  uint32_t index, uint64_t counter)
{
	uint64_t at = mix(mix(counter, index), to);

	for (;; at++) {
		struct witness_page **s = &slot[at & (slots - 1)];

		if (!*s || ((*s)->counter == counter && (*s)->index == index && (*s)->to == to))
			return s;
	}
}

static int grow(struct witness *w)
{
	unsigned slots = w->slots ? 2 * w->slots : SLOTS_AT_FIRST;
	struct witness_page **more = calloc(slots, sizeof *more);

	if (!more)
		return -1;
	for (unsigned i = 0; i < w->slots; i++) {
		struct witness_page *p = w->slot[i];

		if (p)
			*find(more, slots, p->to, p->index, p->counter) = p;
	}
	free(w->slot);
	w->slot = more;
	w->slots = slots;
	return 0;
}

static struct witness_page *page_of(struct witness *w, uint32_t to, uint32_t index,
                                    uint64_t counter)
{
	struct witness_page **s;

	if (2 * (w->pages + 1) > w->slots && grow(w))
		return NULL;
	s = find(w->slot, w->slots, to, index, counter);
	if (*s || w->pages == (w->most ? w->most : WITNESS_PAGES))
		return *s;
	*s = calloc(1, sizeof **s);
	if (!*s)
		return NULL;
	(*s)->to = to;
	(*s)->index = index;
	(*s)->counter = counter;
	w->pages++;
	w->keys += counter == 0;
	return *s;
}

enum witness_verdict witness_see(struct witness *w, uint32_t to, uint32_t index, uint64_t counter,
                                 const uint8_t *bytes, size_t n)
{
	struct witness_page *p = page_of(w, to, index, counter - counter % WITNESS_PAGE);
	uint32_t digest = digest_of(bytes, n), *seen;

	if (!p)
		return WITNESS_FULL;
	seen = &p->digest[counter % WITNESS_PAGE];
	if (*seen)
		return *seen == digest ? WITNESS_REPEAT : WITNESS_CLASH;
	*seen = digest;
	return WITNESS_FRESH;
}

void witness_free(struct witness *w)
{
	for (unsigned i = 0; i < w->slots; i++)
		free(w->slot[i]);
	free(w->slot);
	*w = (struct witness){ 0 };
}
