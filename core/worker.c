/* worker.c - the turn, and the art of sleeping without missing anything; see worker.h. */

#include "core/worker.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/epoch.h"

#define PUBLISH_NS MR_NS_PER_MS /* busy workers publish counters this often */
#define LOOK_UP_MS 1000         /* a parked worker looks up this often: its time is booked */
#define DRAIN_MS   100          /* ... while draining                                      */

void mr_worker_wake(struct mr_worker *w)
{
	uint64_t one = 1;

	if (!atomic_load_explicit(&w->shared.sleeping, memory_order_relaxed))
		return;
	if (!atomic_exchange_explicit(&w->shared.sleeping, false, memory_order_acq_rel))
		return;
	while (write(w->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void mr_worker_publish(struct mr_worker *w)
{
	for (unsigned i = 0; i < w->replicas; i++)
		mr_block_publish(w->replica[i]->block);
	w->time->live[MR_T_FREE] = w->pool ? w->pool->top : 0;
	mr_block_publish(w->time);
	w->published = w->turn.now;
}

/* All time since the last entry, booked to one of busy, held, idle. */
void mr_worker_book(struct mr_worker *w, unsigned word)
{
	w->time->live[word] += w->turn.now - w->booked;
	w->booked = w->turn.now;
}

static bool serve_deadlines(struct mr_worker *w)
{
	bool any = false;

	for (unsigned i = 0; i < w->replicas; i++) {
		struct mr_replica *r = w->replica[i];

		if (r->kind->deadline && r->kind->deadline(r->state) <= w->turn.now) {
			mr_call_timeout(w, r);
			any = true;
		}
	}
	return any;
}

/* What of a vector has waited too long ends here. */
static void drop_overdue(struct mr_worker *w, struct mr_entry *e, uint64_t waited,
                         struct mr_vector *v)
{
	uint64_t *word = e->to->block->live;
	struct mr_vector gone;
	unsigned due = mr_sojourn_due(&e->sojourn, waited, !mr_ring_ready(e->ring), v->n,
	                              w->turn.now);

	if (due == 0)
		return;
	mr_sojourn_take(v, due, e->near, &gone);
	word[MR_W_IN] += gone.n;
	word[MR_W_SOJOURN] += gone.n;
	mr_weigh(&gone);
	mr_weigh(v);
	mr_tally(&word[MR_W_IN_BYTES], gone.bytes);
	for (unsigned i = 0; i < gone.n; i++)
		mr_gone(w, e->to, MR_W_SOJOURN, gone.pkt[i]);
}

/* Take one vector from a ring input; false when there is none, or no room for what comes of it. */
static bool serve_entry(struct mr_worker *w, struct mr_entry *e)
{
	struct mr_vector v;
	uint64_t stamp, waited;

	if (!mr_ring_ready(e->ring))
		return false;
	if (!mr_may_call(e->to, e->input, e->lane)) {
		w->held = true;
		return false;
	}
	mr_ring_pop(e->ring, &v, &stamp);
	e->popped = true;
	if (v.n == 0)
		return true;
	waited = w->turn.now > stamp ? w->turn.now - stamp : 0;
	mr_hist_add(&e->to->hist[MR_H_WAIT], waited, v.n);
	if (e->sojourn.target)
		drop_overdue(w, e, waited, &v);
	if (e->restored)
		mr_call_dealt(w, e, &v);
	else if (v.n)
		mr_call_process(w, e->to, e->input, e->lane, &v);
	return true;
}

/* A few vectors of each input; of a group's, each in its turn. */
static bool serve_rings(struct mr_worker *w)
{
	bool any = false;

	for (unsigned i = 0; i < w->entries; i++) {
		struct mr_entry *e = &w->entry[i];

		for (unsigned n = 0; n < MR_RING_VECTORS * e->group; n++) {
			if (!serve_entry(w, e + e->next))
				break;
			e->next = (e->next + 1) % e->group;
			any = true;
		}
	}
	return any;
}

static bool is_source(const struct mr_replica *r)
{
	return !r->kind->process || r->kind->source;
}

/* Sources rest while the node drains; no descriptor of theirs is looked at.  One that has read more
 * than a call may emit first lets that go. */
static bool rests(const struct mr_worker *w, const struct mr_replica *r)
{
	return is_source(r) && atomic_load_explicit(&w->shared.drain, memory_order_relaxed) &&
	       r->block->live[MR_W_HELD] == 0;
}

/* Its outputs have no room, or its worker has no packet to give it. */
static bool lacks(const struct mr_worker *w, const struct mr_replica *r)
{
	return (r->kind->makes && w->short_of_packets) ||
	       !mr_may_call(r, MR_PORTS_MAX, MR_LANE_BULK);
}

static bool may_pull(const struct mr_worker *w, const struct mr_replica *r)
{
	return !rests(w, r) && !lacks(w, r);
}

/* Held: it has something to do and lacks room or packets.  A source that lacks them is not asked
 * whether there is something: it counts as held. */
static bool pull_held(const struct mr_worker *w, const struct mr_replica *r)
{
	return r->kind->pull && (r->ready || is_source(r)) && !rests(w, r) && lacks(w, r);
}

static bool serve_sources(struct mr_worker *w)
{
	bool any = false;

	for (unsigned i = 0; i < w->replicas; i++) {
		struct mr_replica *r = w->replica[i];

		if (!r->ready || !may_pull(w, r)) {
			w->held |= pull_held(w, r);
			continue;
		}
		r->ready = false;
		if (mr_call_pull(w, r))
			r->ready = true;
		any = true;
	}
	return any;
}

/* Take a mark away, if it is there: whoever set it is to be woken.  By an exchange: a mark set
 * while we look is either the one taken, and then its owner had said before that it sleeps, or it
 * stays for our next look. */
static bool take_mark(_Atomic bool *mark)
{
	return atomic_load_explicit(mark, memory_order_relaxed) &&
	       atomic_exchange_explicit(mark, false, memory_order_acq_rel);
}

/* After one full fence: whoever said before it that it waits is seen now, and whoever says so
 * later looks again itself. */
static void wake_waiting(struct mr_worker *w)
{
	struct mr_engine *e = w->engine;

	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < w->entries; i++) {
		struct mr_entry *in = &w->entry[i];

		if (!in->popped)
			continue;
		in->popped = false;
		if (in->ring->depth - mr_ring_depth(in->ring) >= in->wake_room &&
		    take_mark(&in->ring->starved))
			mr_worker_wake(in->producer);
	}
	for (unsigned p = 0; w->returned; p++, w->returned >>= 1) {
		if ((w->returned & 1) && take_mark(&e->worker[p].pool->hungry))
			mr_worker_wake(&e->worker[p]);
	}
}

/* Which descriptors are ready?  Blocks for at most timeout_ms.  Held sources stay out. */
static void poll_sources(struct mr_worker *w, int timeout_ms)
{
	struct pollfd set[MR_WATCHES_MAX + 1];
	unsigned of[MR_WATCHES_MAX + 1], n = 0;

	for (unsigned i = 0; i < w->watches; i++) {
		struct mr_watched *watch = &w->watch[i];

		if (!watch->events || watch->of->ready || !may_pull(w, watch->of))
			continue;
		of[n] = i;
		set[n++] = (struct pollfd){
			.fd = watch->fd,
			.events = (short)((watch->events & MR_WATCH_READ ? POLLIN : 0) |
			                  (watch->events & MR_WATCH_WRITE ? POLLOUT : 0)),
		};
	}
	if (timeout_ms != 0)
		set[n] = (struct pollfd){ .fd = w->wake_fd, .events = POLLIN };
	else if (n == 0)
		return;
	if (poll(set, n + (timeout_ms != 0), timeout_ms) <= 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (set[i].revents)
			w->watch[of[i]].of->ready = true;
	}
}

/* What comes home is used again while it is warm.
 * True when there is a packet for who lacks one. */
static bool packets_home(struct mr_worker *w)
{
	if (!w->pool)
		return false;
	mr_pool_collect(w->pool);
	return w->pool->top > 0;
}

bool mr_worker_turn(struct mr_worker *w)
{
	bool any;

	w->turn.now = w->engine->now();
	w->held = false;
	if (packets_home(w))
		w->short_of_packets = false;
	mr_epoch_begin(w->epoch);
	any = w->host ? mr_serve_letters(w) : mr_serve_orders(w);
	if (!w->timeless)
		any |= serve_deadlines(w);
	any |= serve_rings(w);
	if (!w->host)
		poll_sources(w, 0);
	any |= serve_sources(w);
	mr_epoch_end(w->epoch);
	if (w->host)
		ck_epoch_poll(w->epoch); /* only the host retires anything */
	if (any)
		wake_waiting(w);
	w->turn.now = w->engine->now();
	mr_worker_book(w, any ? MR_T_BUSY : w->held ? MR_T_HELD : MR_T_IDLE);
	w->time->live[MR_T_TURNS]++;
	if (w->turn.now - w->published >= PUBLISH_NS)
		mr_worker_publish(w);
	return any;
}

uint64_t mr_worker_deadline(const struct mr_worker *w)
{
	uint64_t first = MR_NEVER;

	for (unsigned i = 0; i < w->replicas; i++) {
		const struct mr_replica *r = w->replica[i];
		uint64_t at = r->kind->deadline ? r->kind->deadline(r->state) : MR_NEVER;

		if (at < first)
			first = at;
	}
	return first;
}

/* Work that waits for room is not work: its rings are marked, and their consumers wake us. */
static bool work_waits(struct mr_worker *w)
{
	for (unsigned i = 0; i < w->entries; i++) {
		struct mr_entry *e = &w->entry[i] + w->entry[i].next;

		if (!w->entry[i].group || !mr_ring_ready(e->ring))
			continue;
		if (mr_may_call(e->to, e->input, e->lane))
			return true;
		w->held = true;
	}
	for (unsigned i = 0; i < w->replicas; i++) {
		struct mr_replica *r = w->replica[i];

		if (r->ready && may_pull(w, r))
			return true;
		w->held |= pull_held(w, r);
	}
	return w->host ? mr_letters_waiting(w) : mr_orders_waiting(w);
}

static void mark_held(struct mr_worker *w)
{
	for (unsigned i = 0; i < w->entries; i++) {
		const struct mr_entry *e = &w->entry[i];

		if (!mr_may_call(e->to, e->input, e->lane))
			mr_starve(e->to, e->input, e->lane);
	}
	for (unsigned i = 0; i < w->replicas; i++) {
		struct mr_replica *r = w->replica[i];

		if (r->kind->pull && !mr_may_call(r, MR_PORTS_MAX, MR_LANE_BULK))
			mr_starve(r, MR_PORTS_MAX, MR_LANE_BULK);
	}
	if (w->short_of_packets && w->pool)
		atomic_store_explicit(&w->pool->hungry, true, memory_order_release);
}

/* First `sleeping`, then the marks: whoever takes a mark away finds us asleep. */
bool mr_worker_may_sleep(struct mr_worker *w)
{
	w->held = false;
	atomic_store_explicit(&w->shared.sleeping, true, memory_order_relaxed);
	mark_held(w);
	atomic_thread_fence(memory_order_seq_cst);
	if (work_waits(w) || mr_worker_asked(w) || atomic_load(&w->shared.stop) ||
	    (atomic_load(&w->shared.gate) & 1) ||
	    (w->short_of_packets && packets_home(w)) || mr_worker_deadline(w) <= w->turn.now) {
		atomic_store_explicit(&w->shared.sleeping, false, memory_order_relaxed);
		return false;
	}
	return true;
}

static int timeout_until(uint64_t deadline, uint64_t now, int most_ms)
{
	uint64_t ms = (deadline - now) / MR_NS_PER_MS;

	return ms < (unsigned)most_ms ? (int)ms + 1 : most_ms;
}

void mr_worker_eat_wakes(struct mr_worker *w)
{
	uint64_t n;

	while (read(w->wake_fd, &n, sizeof n) > 0)
		;
}

/* Park until something happens, and book the time: held when work waited for room, idle else. */
static void park(struct mr_worker *w)
{
	bool drain = atomic_load_explicit(&w->shared.drain, memory_order_relaxed);

	if (!mr_worker_may_sleep(w))
		return;
	if (drain)
		atomic_store_explicit(&w->shared.idle, !w->held, memory_order_relaxed);
	w->time->live[MR_T_SLEEPS]++;
	mr_worker_publish(w);
	poll_sources(w, timeout_until(mr_worker_deadline(w), w->turn.now,
	                              drain ? DRAIN_MS : LOOK_UP_MS));
	atomic_store_explicit(&w->shared.idle, false, memory_order_relaxed);
	if (!atomic_exchange_explicit(&w->shared.sleeping, false, memory_order_acq_rel))
		w->time->live[MR_T_WAKES]++;
	mr_worker_eat_wakes(w);
	w->turn.now = w->engine->now();
	mr_worker_book(w, w->held ? MR_T_HELD : MR_T_IDLE);
}

static void spin(struct mr_worker *w)
{
	uint64_t before = w->turn.now, until = before + w->spin_us * MR_NS_PER_US;

	while (w->turn.now < until &&
	       !atomic_load_explicit(&w->shared.drain, memory_order_relaxed)) {
		if (mr_worker_turn(w))
			return;
	}
}

void mr_worker_flush(struct mr_worker *w)
{
	for (unsigned i = w->replicas; i > 0; i--)
		mr_call_flush(w, w->replica[i - 1]);
	mr_worker_publish(w);
}

/* Until main opens the gate, or wants the thread to end; main may speak for us meanwhile.  Gates
 * are numbered, so that who has yet to leave the last one is not taken for being at this. */
static void wait_at_gate(struct mr_worker *w)
{
	struct pollfd wake = { .fd = w->wake_fd, .events = POLLIN };
	uint32_t gate;

	for (;;) {
		atomic_store(&w->shared.sleeping, true);
		atomic_thread_fence(memory_order_seq_cst);
		gate = atomic_load(&w->shared.gate);
		if (!(gate & 1) || atomic_load(&w->shared.stop))
			break;
		atomic_store(&w->shared.at, gate);
		poll(&wake, 1, -1);
		mr_worker_eat_wakes(w);
	}
	atomic_store(&w->shared.sleeping, false);
}

bool mr_worker_asked(const struct mr_worker *w)
{
	return atomic_load_explicit(&w->shared.asked, memory_order_relaxed) !=
	       atomic_load_explicit(&w->shared.answered, memory_order_relaxed);
}

/* A turn, and then the word that there was one, if main has asked for it before the turn. */
static bool turn_and_answer(struct mr_worker *w)
{
	uint32_t asked = atomic_load_explicit(&w->shared.asked, memory_order_acquire);
	bool any = mr_worker_turn(w);

	if (asked != atomic_load_explicit(&w->shared.answered, memory_order_relaxed))
		atomic_store_explicit(&w->shared.answered, asked, memory_order_release);
	return any;
}

void *mr_worker_run(void *worker)
{
	struct mr_worker *w = worker;

	while (!atomic_load_explicit(&w->shared.stop, memory_order_acquire)) {
		if (atomic_load_explicit(&w->shared.gate, memory_order_acquire) & 1) {
			wait_at_gate(w);
			w->turn.now = w->engine->now(); /* booked since it was shut */
			continue;
		}
		if (turn_and_answer(w))
			continue;
		if (w->spin_us)
			spin(w);
		park(w);
	}
	return NULL;
}
