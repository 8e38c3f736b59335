/* trace.c - a trace's life; see trace.h.
 *
 *   1 start   names and filters are read, tracers made, workers told by an order
 *   2 tend    mails are read, a few times a second hundred; stories that fit are queued
 *   3 stop    enough stories, time is over, or nobody asks: workers are told by another order
 *   4 over    all have acknowledged it: what is left in the mails is read, and the tracers go
 *
 * Control's own worker is main's, so it needs no order. */

#include "core/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace_parts.h"
#include "core/worker.h"

#define TEND_NS (5 * MR_NS_PER_MS)
#define STALE   MR_NS_PER_S /* a packet of which nothing is heard for so long is told of as it is */
#define SILENT  (30 * MR_NS_PER_S) /* ... and where an end is wanted, is given up */

enum life { LIVE, ENDING, OVER };

struct queued {
	struct queued  *next;
	struct mr_story story; /* only its first steps are there */
};

struct mr_trace {
	struct mr_trace_state state;
	enum life             life;
	bool                  forget; /* as soon as it is over */
	unsigned              count;  /* stories still wanted  */
	uint64_t              until, due, asked; /* ns */
	struct trace_filter   filter;
	bool                (*wanted)(void *arg, const struct mr_story *story);
	void                 *arg;
	struct trace_names    names;
	struct trace_stories *stories; /* owned */
	struct mr_tracer     *tracer;  /* [workers], owned; NULL: no worker writes any more */
	unsigned              workers;
	struct mr_order       begin, end;
	unsigned              orders;  /* under way */
	struct queued        *first, **last; /* owned */
	struct queued        *told;  /* owned; the one that was given out last */
};

static void go_away(struct mr_trace *t)
{
	for (unsigned i = 0; t->tracer && i < t->workers; i++)
		mr_mail_close(t->tracer[i].records);
	free(t->tracer);
	while (t->first) {
		struct queued *q = t->first;

		t->first = q->next;
		free(q);
	}
	free(t->told);
	trace_stories_close(t->stories);
	trace_names_close(&t->names);
	free(t);
}

/* ---- 2. taking in ---- */

static void queue(struct mr_trace *t, const struct mr_story *story)
{
	size_t n = offsetof(struct queued, story.step) + story->steps * sizeof story->step[0];
	struct queued *q = malloc(n);

	if (!q) {
		t->state.lost++;
		return;
	}
	q->next = NULL;
	memcpy(&q->story, story, n - offsetof(struct queued, story));
	*t->last = q;
	t->last = &q->next;
	t->state.matched++;
	t->count--;
}

static bool fits(const struct mr_trace *t, const struct mr_story *story, unsigned by)
{
	const struct trace_filter *f = &t->filter;
	const struct trace_place *place = t->names.place;
	bool passes = f->stage < 0;

	for (unsigned i = 0; i < story->steps && !passes; i++)
		passes = story->step[i].stage == t->names.stage[f->stage];
	if (!passes)
		return false;
	if (f->any || f->ends) {
		const struct mr_trace_step *last = &story->step[story->steps - 1];

		while (place->stage != last->stage)
			place++;
		if (!story->ended || !trace_filter_ends(f, place->number, by))
			return false;
	}
	return !t->wanted || t->wanted(t->arg, story);
}

static void read_mails(struct mr_trace *t, uint64_t now)
{
	struct mr_record record;

	for (unsigned i = 0; i < t->workers; i++) {
		for (unsigned n = 0; n < MR_TRACE_RECORDS; n++) {
			if (!mr_mail_pop(t->tracer[i].records, &record))
				break;
			if (!trace_stories_add(t->stories, &record, now))
				t->state.lost++;
		}
	}
}

/* Stories that can be told, the others waiting: of those nothing was heard of since `stale`. */
static void tell(struct mr_trace *t, uint64_t stale)
{
	const struct mr_story *story;
	unsigned by;

	while ((story = trace_stories_next(t->stories, stale, &by))) {
		t->state.ended++;
		if (t->count && fits(t, story, by))
			queue(t, story);
	}
}

/* Acknowledgements of different workers may be read in any order. */
static void go_if_forgotten(struct mr_engine *e)
{
	struct mr_trace *t = e->trace;

	if (!t->forget || t->life != OVER || t->orders)
		return;
	e->trace = NULL;
	go_away(t);
}

/* No worker writes any more. */
static void be_over(struct mr_engine *e, struct mr_trace *t)
{
	uint64_t now = e->now();

	read_mails(t, now);
	for (unsigned i = 0; i < t->workers; i++) {
		t->state.followed += t->tracer[i].marked;
		t->state.lost += t->tracer[i].lost;
		mr_mail_close(t->tracer[i].records);
	}
	free(t->tracer);
	t->tracer = NULL;
	tell(t, 0);
	tell(t, now);
	t->life = OVER;
	go_if_forgotten(e);
}

/* ---- 3. stopping ---- */

static void has_begun(struct mr_order *order, void *host, struct mr_turn *turn)
{
	struct mr_engine *e = order->q;

	(void)host;
	(void)turn;
	e->trace->orders--;
	go_if_forgotten(e);
}

static void has_ended(struct mr_order *order, void *host, struct mr_turn *turn)
{
	struct mr_engine *e = order->q;

	(void)host;
	(void)turn;
	e->trace->orders--;
	be_over(e, e->trace);
}

void mr_trace_stop(struct mr_engine *e, const char *why)
{
	struct mr_trace *t = e->trace;

	if (!t || t->life != LIVE)
		return;
	t->state.over = why;
	t->life = ENDING;
	mr_tracer_set(e->host, NULL);
	t->end = (struct mr_order){ .q = e, .done = has_ended };
	if (mr_order_workers(e, &t->end))
		t->orders++;
	else
		be_over(e, t);
}

void mr_trace_forget(struct mr_engine *e)
{
	struct mr_trace *t = e->trace;

	if (!t)
		return;
	t->forget = true;
	mr_trace_stop(e, "forgotten");
	if (e->trace)
		go_if_forgotten(e);
}

void mr_trace_tend(struct mr_engine *e)
{
	struct mr_trace *t = e->trace;
	uint64_t now = t ? e->now() : 0, patience;

	if (!t || now < t->due)
		return;
	t->due = now + TEND_NS;
	if (t->life != OVER && t->tracer) {
		patience = t->filter.any || t->filter.ends ? SILENT : STALE;
		read_mails(t, now);
		tell(t, now < patience ? 0 : now - patience);
	}
	if (t->life == LIVE && t->count == 0)
		mr_trace_stop(e, "all that were asked for were found");
	else if (t->life == LIVE && now >= t->until)
		mr_trace_stop(e, "the time is over");
	if (now - t->asked >= MR_TRACE_LEASE)
		mr_trace_forget(e);
}

uint64_t mr_trace_due(const struct mr_engine *e)
{
	return e->trace ? e->trace->due : MR_NEVER;
}

void mr_trace_cut(struct mr_engine *e, const char *why)
{
	struct mr_trace *t = e->trace;

	for (unsigned i = 0; i < e->workers; i++)
		mr_tracer_set(&e->worker[i], NULL);
	if (!t || t->life == OVER)
		return;
	if (!t->state.over)
		t->state.over = why;
	be_over(e, t);
}

/* Orders under way are nobody's any more. */
void mr_trace_close(struct mr_engine *e)
{
	if (e->trace)
		go_away(e->trace);
	e->trace = NULL;
}

/* ---- 1. starting ---- */

static bool make_tracers(struct mr_trace *t, const struct mr_trace_wish *wish)
{
	bool filtered = wish->stage || wish->drop || wish->wanted;

	t->tracer = calloc(t->workers, sizeof *t->tracer);
	for (unsigned i = 0; t->tracer && i < t->workers; i++) {
		struct mr_tracer *tr = &t->tracer[i];

		tr->records = mr_mail_open(MR_TRACE_RECORDS);
		tr->every = wish->every;
		tr->skip = wish->every - 1;
		tr->budget = filtered ? UINT32_MAX : wish->count;
		if (!tr->records)
			return false;
	}
	return t->tracer != NULL;
}

static struct mr_trace *make(struct mr_engine *e, const struct mr_trace_wish *wish,
                             char wrong[MR_TRACE_WRONG])
{
	struct mr_trace *t = calloc(1, sizeof *t);

	snprintf(wrong, MR_TRACE_WRONG, "no memory");
	if (!t)
		return NULL;
	t->workers = e->workers;
	t->count = wish->count;
	t->wanted = wish->wanted;
	t->arg = wish->arg;
	t->last = &t->first;
	t->asked = t->due = e->now();
	t->until = t->asked + wish->time;
	if (trace_filter_read(&t->filter, e, wish, wrong) && trace_names_open(&t->names, e) &&
	    (t->stories = trace_stories_open(&t->names)) && make_tracers(t, wish))
		return t;
	go_away(t);
	return NULL;
}

int mr_trace_start(struct mr_engine *e, const struct mr_trace_wish *wish,
                   char wrong[MR_TRACE_WRONG])
{
	static const char busy[] = "somebody else is following packets; try again when that is over";
	struct mr_trace *t;

	if (!e->host || e->trace) {
		snprintf(wrong, MR_TRACE_WRONG, "%s",
		         e->trace ? busy : "the graph has no host to follow packets for");
		return -1;
	}
	t = make(e, wish, wrong);
	if (!t)
		return -1;
	t->state.id = ++e->traces;
	e->trace = t;
	mr_tracer_set(e->host, &t->tracer[e->host->index]);
	t->begin = (struct mr_order){ .p = t->tracer, .q = e, .done = has_begun };
	t->orders += mr_order_workers(e, &t->begin);
	return 0;
}

/* ---- asking ---- */

uint64_t mr_trace_id(const struct mr_engine *e)
{
	return e->trace && !e->trace->forget ? e->trace->state.id : 0;
}

struct mr_trace_state mr_trace_ask(struct mr_engine *e)
{
	struct mr_trace_state none = { 0 };

	if (!e->trace || e->trace->forget)
		return none;
	e->trace->asked = e->now();
	none = e->trace->state;
	if (e->trace->life != OVER)
		none.over = NULL; /* some may come yet */
	return none;
}

const struct mr_story *mr_trace_next(struct mr_engine *e)
{
	struct mr_trace *t = e->trace;

	if (!t)
		return NULL;
	free(t->told);
	t->told = t->first;
	if (!t->told)
		return NULL;
	t->first = t->told->next;
	if (!t->first)
		t->last = &t->first;
	return &t->told->story;
}
