#include "t/sim/queue.h"

#include <stdbool.h>
#include <stdlib.h>

struct sim_event *sim_event_new(enum sim_event_kind kind, uint64_t at, unsigned who, size_t n)
{
	struct sim_event *e = calloc(1, sizeof *e + n);

	if (!e)
		abort();
	e->kind = kind;
	e->at = at;
	e->who = who;
	e->n = n;
	return e;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void sim_queue_push(struct sim_queue *q, struct sim_event *e)
{
	size_t i = q->n++;

	if (q->n > q->room) {
		q->room = q->room ? 2 * q->room : 1024;
		q->heap = realloc(q->heap, q->room * sizeof(struct sim_event *));
		if (!q->heap)
			abort();
	}
	if (q->n > q->most)
		q->most = q->n;
	e->order = q->order++;
	for (; i > 0 && before(e, q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		q->heap[i] = q->heap[(i - 1) / 2];
	q->heap[i] = e;
}

struct sim_event *sim_queue_pop(struct sim_queue *q)
{
	struct sim_event *top, *last;
	size_t i = 0, child;

	if (q->n == 0)
		return NULL;
	top = q->heap[0];
	last = q->heap[--q->n];
	while ((child = 2 * i + 1) < q->n) {
		if (child + 1 < q->n && before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], last))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = last;
	return top;
}

void sim_queue_close(struct sim_queue *q)
{
	while (q->n)
		free(q->heap[--q->n]);
	free(q->heap);
	*q = (struct sim_queue){ 0 };
}
