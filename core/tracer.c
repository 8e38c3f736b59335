/* tracer.c - marks and records, on the worker's thread; see tracer.h.
 *
 *   1. begin    which of the packets handed in have a mark?
 *   2. ended    a packet ends in the call: its record waits for the call's time
 *   3. called   records of what ended, of what goes on, of what was made and gets a mark now, and
 *               of what stays
 *
 * Records are in the mail before the packet is in a ring: who has read that a packet ended finds
 * all that was written of it before. */

#include "core/tracer.h"

#include <string.h>

#include "core/worker.h"

/* While there is a tracer `home` is that of no packet. */
_Static_assert(MR_TRACE_MARKS * MR_POOLS + MR_POOLS - 1 < UINT16_MAX, "no marked packet has this home");

void mr_tracer_set(struct mr_worker *w, struct mr_tracer *tracer)
{
	w->tracer = tracer;
	w->home = tracer ? UINT16_MAX : (uint16_t)w->index;
	w->foreign = tracer ? 0 : MR_POOLS;
}

void mr_tracer_order(struct mr_worker *w, const struct mr_order *order)
{
	struct mr_tracer *all = order->p;

	mr_tracer_set(w, all ? &all[w->index] : NULL);
}

/* ---- records ---- */

static bool is_marked(const struct mr_pkt *p)
{
	return p->pool >= MR_POOLS;
}

static struct mr_record record_of(const struct mr_worker *w, const struct mr_replica *r,
                                  const struct mr_pkt *p, uint64_t at)
{
	return (struct mr_record){
		.pkt = (uintptr_t)p,
		.at = at,
		.near = p->near,
		.far = p->far,
		.len = p->len,
		.home = p->pool,
		.replica = (uint16_t)(r - w->engine->replica),
		.arg = MR_NO_WORD,
	};
}

static void send(struct mr_tracer *tr, const struct mr_record *record)
{
	if (!mr_mail_push(tr->records, record))
		tr->lost++;
}

/* ---- marks ---- */

/* Is this packet to be followed?  Its turn has come, and what will be written of it has room. */
static bool may_mark(struct mr_tracer *tr)
{
	if (tr->budget == 0 || mr_mail_room(tr->records) <= MR_TRACE_RECORDS - MR_TRACE_BURST)
		return false;
	if (tr->skip) {
		tr->skip--;
		return false;
	}
	tr->skip = tr->every - 1;
	tr->budget--;
	tr->marked++;
	return true;
}

/* Marks are numbered for each worker, which marks none but packets of its own pool: those of two
 * packets which had one descriptor after the other differ until the first one's story is told. */
static void put_mark(struct mr_worker *w, struct mr_pkt *p)
{
	w->marks = (uint16_t)(w->marks % MR_TRACE_MARKS + 1);
	p->pool = (uint16_t)(mr_pkt_home(p) + w->marks * MR_POOLS);
}

static bool came_in(const struct mr_tracer *tr, const struct mr_pkt *p)
{
	for (unsigned i = 0; i < tr->came; i++) {
		if (tr->in[i] == p)
			return true;
	}
	return false;
}

/* Was this packet, which the call emits, made in it?  One that was read from outside has the time
 * of the call; others have none, and then it must not be one that the stage had kept. */
static bool is_new(const struct mr_worker *w, const struct mr_tracer *tr, const struct mr_pkt *p)
{
	if (mr_pkt_home(p) != w->index)
		return false;
	if (p->stamp)
		return p->stamp == tr->began;
	return (int64_t)(tr->call->block->live[MR_W_HELD] - tr->held) >= 0 && !came_in(tr, p);
}

/* The same of one that ends without having been emitted. */
static bool is_short(const struct mr_worker *w, const struct mr_tracer *tr, const struct mr_pkt *p)
{
	return tr->pulls && tr->makes && mr_pkt_home(p) == w->index &&
	       (!tr->call->kind->process || p->stamp == tr->began);
}

/* Take a packet off the list of marked ones that came; false: it is not there.  They leave mostly
 * in the order they came. */
static bool take_off(struct mr_tracer *tr, const struct mr_pkt *p)
{
	for (unsigned i = 0; i < tr->marks; i++) {
		unsigned at = (tr->next + i) % tr->marks;

		if (tr->mark[at] != p)
			continue;
		tr->mark[at] = NULL;
		tr->next = at + 1;
		return true;
	}
	return false;
}

/* ---- around a call ---- */

void mr_tracer_begin(struct mr_worker *w, struct mr_replica *r, const struct mr_vector *v,
                     bool pulls)
{
	struct mr_tracer *tr = w->tracer;

	tr->call = r;
	tr->pulls = pulls;
	tr->makes = r->kind->makes;
	tr->began = w->turn.now;
	tr->made = r->block->live[MR_W_MADE];
	tr->held = r->block->live[MR_W_HELD];
	tr->came = tr->marks = tr->ends = tr->next = 0;
	w->waited = 0;
	for (; v && tr->came < v->n; tr->came++) {
		if (is_marked(v->pkt[tr->came]))
			tr->mark[tr->marks++] = v->pkt[tr->came];
	}
	if (v && tr->makes)
		memcpy(tr->in, v->pkt, tr->came * sizeof v->pkt[0]);
}

/* What goes on. */
static void went_on(struct mr_worker *w, struct mr_tracer *tr, unsigned output, struct mr_pkt *p)
{
	bool made = !is_marked(p);
	struct mr_record record;

	if (made && (!tr->makes || !is_new(w, tr, p) || !may_mark(tr)))
		return;
	if (made)
		put_mark(w, p);
	record = record_of(w, tr->call, p, tr->began);
	record.what = made ? MR_RECORD_OUT | MR_RECORD_MADE : MR_RECORD_OUT;
	record.arg = (uint16_t)output;
	record.served = w->turn.now - tr->began;
	record.waited = made ? w->waited : 0;
	record.vector = !made && take_off(tr, p) ? (uint8_t)tr->came : 0;
	send(tr, &record);
}

static void stayed(const struct mr_worker *w, struct mr_tracer *tr, const struct mr_pkt *p)
{
	struct mr_record record = record_of(w, tr->call, p, tr->began);

	record.what = MR_RECORD_KEPT;
	record.served = w->turn.now - tr->began;
	record.vector = (uint8_t)tr->came;
	send(tr, &record);
}

void mr_tracer_called(struct mr_worker *w, struct mr_replica *r)
{
	struct mr_tracer *tr = w->tracer;

	tr->makes &= r->block->live[MR_W_MADE] != tr->made;
	for (unsigned i = 0; i < tr->ends; i++) {
		tr->end[i].served = w->turn.now - tr->began;
		send(tr, &tr->end[i]);
	}
	for (unsigned o = 0; o < r->noutput; o++) {
		for (unsigned i = 0; i < r->out[o].targets; i++) {
			for (unsigned n = 0; n < r->out[o].v[i].n; n++)
				went_on(w, tr, o, r->out[o].v[i].pkt[n]);
		}
	}
	for (unsigned i = 0; i < tr->marks; i++) {
		if (tr->mark[i])
			stayed(w, tr, tr->mark[i]);
	}
	tr->call = NULL;
}

/* ---- ends ---- */

static void end_in_call(struct mr_worker *w, struct mr_tracer *tr, unsigned word, struct mr_pkt *p)
{
	bool made = !is_marked(p);
	struct mr_record *record = &tr->end[tr->ends];

	if (made && (word == MR_NO_WORD || !is_short(w, tr, p) || !may_mark(tr)))
		return;
	if (made)
		put_mark(w, p);
	if (tr->ends == MR_TRACE_ENDS) {
		tr->lost++;
		return;
	}
	*record = record_of(w, tr->call, p, tr->began);
	record->what = made ? MR_RECORD_END | MR_RECORD_MADE : MR_RECORD_END;
	record->arg = (uint16_t)word;
	record->waited = made ? w->waited : 0;
	record->vector = !made && take_off(tr, p) ? (uint8_t)tr->came : 0;
	tr->ends++;
}

static void end_between(const struct mr_worker *w, struct mr_tracer *tr, const struct mr_replica *r,
                        unsigned word, const struct mr_pkt *p)
{
	struct mr_record record = record_of(w, r, p, w->turn.now);

	record.what = MR_RECORD_END;
	record.arg = (uint16_t)word;
	send(tr, &record);
}

void mr_tracer_ended(struct mr_worker *w, struct mr_replica *r, unsigned word, struct mr_pkt *p)
{
	struct mr_tracer *tr = w->tracer;

	if (tr && tr->call == r)
		end_in_call(w, tr, word, p);
	else if (tr && is_marked(p))
		end_between(w, tr, r, word, p);
	p->pool = mr_pkt_home(p);
}

void mr_tracer_moved(struct mr_worker *w, struct mr_pkt *p, struct mr_pkt *c)
{
	struct mr_tracer *tr = w->tracer;
	struct mr_record record;

	if (!is_marked(p))
		return;
	put_mark(w, c);
	if (tr) {
		record = record_of(w, w->running, p, w->turn.now);
		record.what = MR_RECORD_MOVED;
		record.near = (uintptr_t)c;
		record.far = c->pool;
		send(tr, &record);
		if (tr->call && take_off(tr, p))
			tr->mark[tr->next - 1] = c;
	}
	p->pool = mr_pkt_home(p);
}
