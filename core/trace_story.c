/* trace_story.c - records put together by packet; see trace_parts.h.
 *
 * Workers' mails are read one after the other, so records of one packet do not come in order.  But
 * who has read its end finds, when all mails are read once more, everything that was written
 * before: a story is told one pass after its end was seen.  Then its records are put in order, and
 * each step has to follow from the one before, or the story is not complete.
 *
 * They are put in order of the times at which calls ended, which are read then and there.  That at
 * which a call began is the last one its thread had read before, which may have been long ago: a
 * step begins when the one before it has ended, if that is later.
 *
 * A packet that goes on in another buffer is two at first, which are joined one pass later for the
 * same reason. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/counter.h"
#include "core/trace_parts.h"

#define OPEN_MAX 4096 /* packets under way */
#define BUCKETS  1024

struct open {
	struct open *next; /* of its bucket */
	uint64_t     pkt;
	uint16_t     home;
	bool         made, ended, over; /* over: more records than there is room for */
	uint64_t     seen;  /* ns, the last record was taken in */
	uint64_t     pass;  /* in which its end was             */
	uint64_t     was;   /* the packet it was before; valid if moved */
	uint64_t     moved_in; /* pass                          */
	uint16_t     was_home;
	bool         moved; /* and the two have not been joined yet */
	unsigned     n;
	struct mr_record record[MR_TRACE_STEPS];
};

struct trace_stories {
	const struct trace_names *names;
	struct open    *bucket[BUCKETS]; /* owned */
	unsigned        open;
	unsigned        moved; /* of those open */
	uint64_t        pass;
	unsigned        at;    /* bucket that the pass has come to */
	struct mr_story story; /* told last */
};

struct trace_stories *trace_stories_open(const struct trace_names *names)
{
	struct trace_stories *s = calloc(1, sizeof *s);

	if (s)
		s->names = names;
	return s;
}

void trace_stories_close(struct trace_stories *s)
{
	for (unsigned i = 0; s && i < BUCKETS; i++) {
		while (s->bucket[i]) {
			struct open *o = s->bucket[i];

			s->bucket[i] = o->next;
			free(o);
		}
	}
	free(s);
}

/* ---- records ---- */

static struct open **bucket_of(struct trace_stories *s, uint64_t pkt, uint16_t home)
{
	return &s->bucket[(pkt / 64 + home * 31u) % BUCKETS];
}

static struct open *find(struct trace_stories *s, uint64_t pkt, uint16_t home)
{
	struct open *o = *bucket_of(s, pkt, home);

	while (o && (o->pkt != pkt || o->home != home))
		o = o->next;
	return o;
}

static struct open *find_or_open(struct trace_stories *s, uint64_t pkt, uint16_t home)
{
	struct open **to = bucket_of(s, pkt, home), *o = find(s, pkt, home);

	if (o || s->open == OPEN_MAX)
		return o;
	o = malloc(sizeof *o);
	if (!o)
		return NULL;
	memset(o, 0, offsetof(struct open, record));
	o->next = *to;
	o->pkt = pkt;
	o->home = home;
	*to = o;
	s->open++;
	return o;
}

static void take_out(struct trace_stories *s, struct open *o)
{
	struct open **at = bucket_of(s, o->pkt, o->home);

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	s->open--;
	s->moved -= o->moved;
}

static void append(struct trace_stories *s, struct open *o, const struct mr_record *record)
{
	bool end = (record->what & ~MR_RECORD_MADE) == MR_RECORD_END;

	o->made |= (record->what & MR_RECORD_MADE) != 0;
	if (end && !o->ended)
		o->pass = s->pass;
	o->ended |= end;
	if (o->n == MR_TRACE_STEPS) {
		o->over = true;
		if (!end)
			return;
		o->n--; /* the end is worth more than the step before it */
	}
	o->record[o->n++] = *record;
}

/* The packet goes on in another buffer. */
static bool move(struct trace_stories *s, const struct mr_record *record, uint64_t now)
{
	struct open *o = find_or_open(s, record->near, (uint16_t)record->far);

	if (!o)
		return false;
	o->seen = now;
	s->moved += !o->moved;
	o->moved = true;
	o->moved_in = s->pass;
	o->was = record->pkt;
	o->was_home = record->home;
	return true;
}

/* All that is known of what it was is known of o; that may have been another one before. */
static void join(struct trace_stories *s, struct open *o)
{
	struct open *was = find(s, o->was, o->was_home);

	o->moved = false;
	s->moved--;
	if (!was || was == o)
		return; /* it began before the trace did */
	for (unsigned i = 0; i < was->n; i++)
		append(s, o, &was->record[i]);
	o->over |= was->over;
	take_out(s, was);
	if (was->moved) {
		o->moved = true;
		s->moved++;
		o->was = was->was;
		o->was_home = was->was_home;
	}
	free(was);
}

/* Of those that moved in a former pass all that was before is known by now. */
static void join_moved(struct trace_stories *s)
{
	for (unsigned i = 0; s->moved && i < BUCKETS; i++) {
		for (struct open *o = s->bucket[i]; o; o = o->next) {
			while (o->moved && o->moved_in < s->pass)
				join(s, o);
		}
	}
}

bool trace_stories_add(struct trace_stories *s, const struct mr_record *record, uint64_t now)
{
	struct open *o;

	if (record->what == MR_RECORD_MOVED)
		return move(s, record, now);
	o = find_or_open(s, record->pkt, record->home);
	if (!o)
		return false;
	append(s, o, record);
	o->seen = now;
	return true;
}

/* ---- stories ---- */

static bool is_end(const struct mr_record *r)
{
	return (r->what & ~MR_RECORD_MADE) == MR_RECORD_END;
}

static uint64_t end_time(const struct mr_record *r)
{
	return r->at + r->served;
}

static bool before(const struct mr_record *a, const struct mr_record *b)
{
	if (is_end(a) != is_end(b))
		return is_end(b);
	if (end_time(a) != end_time(b))
		return end_time(a) < end_time(b);
	return a->at < b->at;
}

/* Few, and nearly in order. */
static void sort(struct mr_record *r, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct mr_record moving = r[i];
		unsigned at = i;

		for (; at > 0 && before(&moving, &r[at - 1]); at--)
			r[at] = r[at - 1];
		r[at] = moving;
	}
}

static enum mr_trace_what end_of(const struct mr_record *r, const struct trace_place *p)
{
	if (r->arg == MR_NO_WORD)
		return MR_STEP_GONE;
	if (r->arg == MR_W_TAKEN)
		return MR_STEP_TAKEN;
	if (r->arg == MR_W_SOJOURN)
		return MR_STEP_STOOD;
	return r->arg < MR_WORDS + p->drops ? MR_STEP_DROP : MR_STEP_FULL;
}

static struct mr_trace_step step_of(const struct mr_record *r, const struct trace_place *p)
{
	struct mr_trace_step s = { .stage = p->stage, .worker = p->worker, .replica = p->replica,
		                   .kind = p->kind, .vector = r->vector, .len = r->len,
		                   .near = r->near, .far = r->far };

	switch (r->what & ~MR_RECORD_MADE) {
	case MR_RECORD_OUT:
		s.what = MR_STEP_OUT;
		s.port = p->kind->outputs[r->arg].name;
		s.to = p->to[r->arg];
		break;
	case MR_RECORD_KEPT:
		s.what = MR_STEP_KEPT;
		break;
	default:
		s.what = end_of(r, p);
		if (s.what == MR_STEP_DROP)
			s.port = p->kind->drops[r->arg - MR_WORDS].name;
		else if (s.what == MR_STEP_FULL)
			s.port = p->kind->outputs[r->arg - MR_WORDS - p->drops].name;
	}
	return s;
}

/* Can b be what happened next?  Who hands a packet on that has not come with the call has kept
 * it. */
static bool follows(const struct mr_trace_step *a, const struct mr_trace_step *b)
{
	if (a->what == MR_STEP_OUT && b->what == MR_STEP_FULL)
		return a->stage == b->stage && a->port == b->port;
	if (a->what == MR_STEP_OUT)
		return a->to == b->stage && (b->vector || b->what == MR_STEP_STOOD);
	return a->what == MR_STEP_KEPT && a->stage == b->stage && a->replica == b->replica;
}

/* From the time `from` on, when the step before it ended; returns when it ended itself. */
static uint64_t set_times(struct mr_trace_step *step, const struct mr_record *r, uint64_t from)
{
	uint64_t end = end_time(r) > from ? end_time(r) : from;

	step->at = r->at > from ? r->at : from;
	step->waited = step->at - from;
	step->served = end - step->at;
	return end;
}

static void tell(struct trace_stories *s, struct open *o)
{
	struct mr_story *story = &s->story;
	uint64_t end = 0;

	sort(o->record, o->n);
	story->steps = o->n;
	story->ended = o->ended;
	story->complete = o->made && o->ended && !o->over;
	for (unsigned i = 0; i < o->n; i++) {
		const struct mr_record *r = &o->record[i];
		struct mr_trace_step *step = &story->step[i];

		*step = step_of(r, &s->names->place[r->replica]);
		end = set_times(step, r, i ? end : r->at);
		if (i == 0)
			step->waited = r->waited;
		else if (!follows(step - 1, step))
			story->complete = false;
	}
	story->total = o->n ? end - o->record[0].at + story->step[0].waited : 0;
}

static bool is_due(const struct trace_stories *s, const struct open *o, uint64_t stale)
{
	return o->ended ? o->pass < s->pass : stale && o->seen <= stale;
}

static struct open *next_due(struct trace_stories *s, uint64_t stale)
{
	for (; s->at < BUCKETS; s->at++) {
		for (struct open *o = s->bucket[s->at]; o; o = o->next) {
			if (is_due(s, o, stale))
				return o;
		}
	}
	return NULL;
}

/* What began before the trace did, or has lost its beginning, is passed over. */
const struct mr_story *trace_stories_next(struct trace_stories *s, uint64_t stale, unsigned *by)
{
	struct open *o;

	if (s->at == 0)
		join_moved(s);
	while ((o = next_due(s, stale))) {
		bool whole = o->made && o->n;

		tell(s, o);
		*by = o->ended ? o->record[o->n - 1].arg : MR_NO_WORD;
		take_out(s, o);
		free(o);
		if (whole)
			return &s->story;
	}
	s->at = 0;
	s->pass++;
	return NULL;
}
