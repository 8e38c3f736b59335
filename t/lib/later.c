/* later.c - a heap by time, and a short list of those that wait to be passed. */
#include "t/lib/later.h"

#include <stdlib.h>
#include <string.h>

static bool before(const struct later_packet *a, const struct later_packet *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static bool push(struct later *l, struct later_packet p)
{
	unsigned at = l->n;

	if (l->n == l->room) {
		unsigned room = l->room ? 2 * l->room : 64;
		struct later_packet *more = realloc(l->heap, room * sizeof *more);

		if (!more)
			return false;
		l->heap = more;
		l->room = room;
	}
	for (l->n++; at && before(&p, &l->heap[(at - 1) / 2]); at = (at - 1) / 2)
		l->heap[at] = l->heap[(at - 1) / 2];
	l->heap[at] = p;
	return true;
}

static struct later_packet pop(struct later *l)
{
	struct later_packet top = l->heap[0], p = l->heap[--l->n];
	unsigned at = 0;

	for (;;) {
		unsigned child = 2 * at + 1;

		if (child + 1 < l->n && before(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (child >= l->n || !before(&l->heap[child], &p))
			break;
		l->heap[at] = l->heap[child];
		at = child;
	}
	l->heap[at] = p;
	return top;
}

bool later_put(struct later *l, const struct later_packet *p)
{
	struct later_packet mine = *p;

	if (l->n + l->holding >= LATER_MOST || (p->behind && l->holding == LATER_HELD))
		return false;
	mine.order = l->orders++;
	mine.bytes = malloc(p->n ? p->n : 1);
	if (!mine.bytes)
		return false;
	memcpy(mine.bytes, p->bytes, p->n);
	if (p->behind) {
		l->held[l->holding++] = mine;
		return true;
	}
	if (push(l, mine))
		return true;
	free(mine.bytes);
	return false;
}

/* No longer held: due now, or when it was. */
static void let_go(struct later *l, unsigned i, bool now)
{
	struct later_packet p = l->held[i];

	if (now)
		p.due = 0;
	if (!push(l, p))
		return; /* stays held, and is tried again when due */
	l->holding--;
	memmove(&l->held[i], &l->held[i + 1], (l->holding - i) * sizeof l->held[0]);
}

void later_passed(struct later *l, unsigned way)
{
	for (unsigned i = l->holding; i-- > 0;) {
		if (l->held[i].way == way && --l->held[i].behind == 0)
			let_go(l, i, true);
	}
}

bool later_take(struct later *l, uint64_t now, struct later_packet *out)
{
	for (unsigned i = l->holding; i-- > 0;) {
		if (l->held[i].due <= now)
			let_go(l, i, false);
	}
	if (!l->n || l->heap[0].due > now)
		return false;
	*out = pop(l);
	return true;
}

uint64_t later_next(const struct later *l)
{
	uint64_t next = l->n ? l->heap[0].due : UINT64_MAX;

	for (unsigned i = 0; i < l->holding; i++) {
		if (l->held[i].due < next)
			next = l->held[i].due;
	}
	return next;
}

void later_free(struct later *l)
{
	for (unsigned i = 0; i < l->n; i++)
		free(l->heap[i].bytes);
	for (unsigned i = 0; i < l->holding; i++)
		free(l->held[i].bytes);
	free(l->heap);
	*l = (struct later){ 0 };
}
