/* worker.h - one thread and the stages placed on it.
 *
 * A worker's turn, each step bounded:
 *
 *   1. orders from control are applied
 *   2. deadlines that have come
 *   3. ring inputs, lane control before lane bulk, in each downstream before upstream: a few
 *      vectors each, every one carried through all its inline edges before the next (run to
 *      completion)
 *   4. sources whose descriptors are ready: one pull each, downstream before upstream
 *   5. one full fence, then whoever waits for room or for packets to come home is woken
 *
 * An input is served only when every `wait` ring its call can fill has room (plan.h); otherwise it
 * is held, which is never the stage's affair.  A worker with nothing to do parks in poll(2) on its
 * eventfd and the descriptors of those of its sources that are not held.
 *
 * Sleeping and waking is the same everywhere: store what the other side must see, full fence, look
 * at everything again; then sleep, or wake the sleeper.
 *
 * Everything here belongs to the worker's thread, except what is marked.
 */
#ifndef MR_CORE_WORKER_H
#define MR_CORE_WORKER_H

#include <ck_epoch.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/engine.h"
#include "core/hist.h"
#include "core/mail.h"
#include "core/plan.h"
#include "core/ring.h"
#include "core/sojourn.h"
#include "core/stage.h"
#include "core/tracer.h"

#define MR_WATCHES_MAX  32 /* descriptors a worker can watch                       */
#define MR_RING_VECTORS 4  /* vectors taken from one ring input in a turn          */
#define MR_LETTERS      1024

_Static_assert(MR_WORKERS_MAX <= MR_POOLS, "each worker may have a pool");

struct mr_worker;
struct mr_engine;

/* Where an output leads. */
enum mr_way { MR_NOWHERE, MR_INLINE, MR_RING };

struct mr_exit {
	enum mr_way        way;
	bool               drop;  /* full: drop                                        */
	bool               restores; /* order is restored behind it: it takes a vector for each that
	                              * was dealt, and nothing between two calls       */
	struct mr_replica *to;
	unsigned           input;
	/* by the lane of the call that emits */
	struct mr_ring    *ring[MR_LANES]; /* MR_RING; the same where one takes both       */
	enum mr_lane       lane[MR_LANES]; /* of what it emits                             */
	struct mr_worker  *consumer;
};

/* A ring that a call may fill. */
struct mr_rule_need {
	struct mr_ring *ring;
	uint32_t        packets; /* const                                              */
	uint32_t        before;  /* what was set aside in it before the call under way */
};

struct mr_rule_gate {
	struct mr_replica *replica;
	unsigned           input;
};

/* A room rule resolved to rings. */
struct mr_rule {
	unsigned             n, gates;
	struct mr_rule_need *need; /* [n], owned     */
	struct mr_rule_gate *gate; /* [gates], owned */
	bool                 covered; /* the worker's word before the call under way */
};

struct mr_replica {
	const struct mr_kind *kind;
	const char           *name;     /* stage name; borrowed from the graph          */
	unsigned              stage;    /* index in the graph                           */
	unsigned              index;    /* replica number                               */
	struct mr_worker     *worker;
	void                 *state;    /* kind->size bytes; owned                      */
	void                **conf;     /* decoded sections; owned                      */
	void                **use;      /* opened resources; owned array                */
	unsigned              noutput, ninput, ndrop, ncounter;
	unsigned              handed;   /* offset in the block: packets and bytes of each output */
	struct mr_out         out[MR_PORTS_MAX];
	struct mr_exit       *exit[MR_PORTS_MAX]; /* [out.targets]                       */
	struct mr_vector     *vectors;  /* of all outputs; owned                        */
	struct mr_exit       *exits;    /* likewise                                     */
	struct mr_rule      (*rule)[MR_LANES]; /* [MR_PORTS_MAX + 1], the last for pull */
	uint32_t              held;     /* inputs the stage itself holds (bits)         */
	bool                  ready;    /* a watched descriptor is ready, or more is there */
	bool                  opened;   /* open() succeeded; main only                  */
	struct mr_block      *block;    /* counters                                     */
	struct mr_hist       *hist;     /* wait, service, size, transit                 */
};

enum { MR_H_WAIT, MR_H_SERVICE, MR_H_SIZE, MR_H_TRANSIT, MR_HISTS };

/* A ring input of this worker. */
struct mr_entry {
	struct mr_ring    *ring;
	struct mr_replica *to;
	unsigned           input;
	enum mr_lane       lane;
	struct mr_worker  *producer;
	uint32_t           wake_room; /* room at which a starved producer is woken */
	bool               popped;    /* since the last fence                      */
	struct mr_exit    *restored;  /* dealt: one vector goes there for each that is taken
	                               * here, be it empty; NULL: not dealt        */
	unsigned           group;     /* entries that take turns from this one on; 1: it alone,
	                               * 0: one before it speaks for it            */
	unsigned           next;      /* of a group: whose turn it is, [0, group)  */
	bool               near;      /* pkt->near tells targets apart, else far   */
	struct mr_sojourn  sojourn;   /* of its packets; off but in lane bulk      */
};

struct mr_watched {
	int                fd;
	unsigned           events; /* MR_WATCH_ bits                      */
	struct mr_replica *of;
};

/* Words of a worker that readers see, published like a stage's counters. */
enum { MR_T_BUSY, MR_T_HELD, MR_T_IDLE, MR_T_TURNS, MR_T_WAKES, MR_T_SLEEPS, MR_T_LOST,
       MR_T_FREE, MR_T_WORDS };

struct mr_worker {
	unsigned              index;
	unsigned              place;    /* index in the graph's                      */
	const char           *name;     /* borrowed from the plan                    */
	bool                  host;
	struct mr_engine     *engine;
	struct mr_replica   **replica;  /* downstream before upstream                */
	unsigned              replicas;
	struct mr_entry      *entry;    /* lane control first; downstream before upstream */
	unsigned              entries;
	struct mr_watched     watch[MR_WATCHES_MAX];
	unsigned              watches;
	struct mr_pool       *pool;     /* NULL when no stage here makes packets     */
	struct mr_turn        turn;
	struct mr_replica    *running;  /* whose callback is on the stack            */
	struct mr_tracer     *tracer;   /* of a trace under way, or NULL; see tracer.h */
	bool                  covered;  /* room was set aside for the call under way     */
	enum mr_lane          lane;     /* of the call under way; bulk when none is      */
	uint16_t              home;     /* == index, and of packets that go home without a look; or
	                                 * none                                      */
	uint16_t              foreign;  /* homes from here on are looked at first    */
	uint16_t              marks;    /* number of the last mark that was put on   */
	uint64_t              waited;   /* ns, what the stage being called last said of that
	                                 * (mr_waited)                               */
	uint32_t              returned; /* pools that packets were sent home to (bits) */
	bool                  short_of_packets; /* a spare was asked for in vain     */
	bool                  held;     /* work was left that waits for room or packets */
	bool                  timeless; /* deadlines wait, while main exchanges the graph */
	ck_epoch_record_t    *epoch;    /* one of the engine's; borrowed         */
	struct mr_mail       *orders;   /* from the host                             */
	struct mr_mail       *acks;     /* to the host                               */
	struct mr_mail       *events;   /* to the host                               */
	struct mr_block      *time;
	uint64_t              published; /* ns                                       */
	uint64_t              booked;   /* ns up to which time has been booked       */
	uint32_t              spin_us;
	int                   wake_fd;
	pthread_t             thread;
	bool                  started;
	uint64_t              asked_at; /* ns, main's: the first question it has not answered
	                                 * (pulse.c)                                 */
	struct {
		_Alignas(64) _Atomic bool sleeping; /* set by the worker, cleared by who wakes it */
		_Atomic uint32_t gate; /* counted up by main: odd, the thread waits at its gate */
		_Atomic uint32_t at;   /* set by the worker: the gate it waits at   */
		_Atomic uint32_t asked;    /* set by main: the round of its question (pulse.c) */
		_Atomic uint32_t answered; /* set by the worker: the last it has turned for    */
		_Atomic bool drain;  /* set by main: sources are no longer pulled  */
		_Atomic bool stop;   /* set by main: flush and end                 */
		_Atomic bool idle;   /* set by the worker: it parked while draining */
	} shared;
};

/* ---- worker.c ---- */

/* One turn; true when it did something.  Own thread. */
bool mr_worker_turn(struct mr_worker *w);

/* Announce sleep and look again; true when it is safe to block.  Own thread. */
bool mr_worker_may_sleep(struct mr_worker *w);

/* Thread body. */
void *mr_worker_run(void *worker);

/* Last calls before the thread ends: flush of every replica, upstream first. */
void mr_worker_flush(struct mr_worker *w);

/* Wake w if it sleeps.  Any thread, after a full fence behind what w is to see. */
void mr_worker_wake(struct mr_worker *w);

/* Earliest deadline of its stages, ns. */
uint64_t mr_worker_deadline(const struct mr_worker *w);

void mr_worker_publish(struct mr_worker *w);
void mr_worker_eat_wakes(struct mr_worker *w);

/* Has main asked whether it turns (pulse.c), and it has not answered?  Own thread. */
bool mr_worker_asked(const struct mr_worker *w);

/* Book all time up to turn.now to MR_T_BUSY, MR_T_HELD or MR_T_IDLE. */
void mr_worker_book(struct mr_worker *w, unsigned word);

/* ---- deliver.c: calls and what they emit ---- */

/* May an input (or pull: MR_PORTS_MAX, MR_LANE_BULK) of this replica be called now? */
bool mr_may_call(const struct mr_replica *r, unsigned input, enum mr_lane lane);

/* Mark the rings that keep this call waiting, so that their consumers wake us.  After `sleeping`
 * was set: whoever takes the mark away sees it. */
void mr_starve(struct mr_replica *r, unsigned input, enum mr_lane lane);

/* Add up v->bytes, of packets that come over no edge: what does was weighed as it was handed on. */
void mr_weigh(struct mr_vector *v);

/* After mr_may_call said so; v has been weighed. */
void mr_call_process(struct mr_worker *w, struct mr_replica *r, unsigned input,
                     enum mr_lane lane, struct mr_vector *v);
bool mr_call_pull(struct mr_worker *w, struct mr_replica *r);

/* The same for a vector that was dealt to this entry (graph_deal.c), be all of it dropped since:
 * hands on exactly one. */
void mr_call_dealt(struct mr_worker *w, const struct mr_entry *e, struct mr_vector *v);

/* At any time. */
void mr_call_timeout(struct mr_worker *w, struct mr_replica *r);
void mr_call_order(struct mr_worker *w, struct mr_replica *r, struct mr_order *order);
void mr_call_event(struct mr_worker *w, struct mr_replica *r, const struct mr_event *event);
void mr_call_flush(struct mr_worker *w, struct mr_replica *r);
void mr_call_done(struct mr_worker *w, struct mr_replica *r, struct mr_order *order);
void mr_call_commit(struct mr_worker *w, struct mr_replica *r, bool go);

/* ---- turn.c: ends ---- */

/* The end of a packet by a word of r's block, which the caller counts. */
void mr_gone(struct mr_worker *w, struct mr_replica *r, unsigned word, struct mr_pkt *p);

/* ---- pulse.c ---- */

/* Since when main waits for a turn of it, ns; 0: it does not.  Main only. */
uint64_t mr_worker_stuck(const struct mr_worker *w);

/* ---- orders.c: orders, acknowledgements and events ---- */

/* Have every data worker apply the order (mr_tracer_order).  Between turns of the host; false:
 * there is no host, or no other worker. */
bool mr_order_workers(struct mr_engine *e, struct mr_order *order);

bool mr_serve_orders(struct mr_worker *w);   /* data workers */
bool mr_serve_letters(struct mr_worker *host); /* the host: acks, events, backlog */
bool mr_orders_waiting(const struct mr_worker *w);
bool mr_letters_waiting(const struct mr_worker *host);

/* ---- shared by the above ---- */

/* Who may look at what tables hold, and what waits until they have looked away.  A record stays
 * registered for ever, so it belongs to a place: 0 is the host's, the data workers have the others,
 * whichever graph they are of. */
struct mr_epochs {
	ck_epoch_t         global;
	ck_epoch_record_t *record[MR_WORKERS_MAX]; /* owned; NULL: not needed yet */
};

struct mr_engine {
	const struct mr_graph *graph;
	const struct mr_aead  *aead;
	const struct mr_json  *doc;
	struct mr_plan        *plan;
	struct mr_rand         rand;
	uint64_t             (*now)(void);
	uint64_t               started_ns;
	uint32_t               view_max;
	struct mr_worker      *worker;   /* [workers] */
	unsigned               workers;
	struct mr_worker      *host;     /* NULL when the graph has no host stage */
	struct mr_replica     *replica;  /* [replicas], as in the plan */
	unsigned               replicas;
	struct mr_ring       **ring;     /* [plan->rings] */
	struct mr_used        *used;     /* opened resources */
	unsigned               useds;
	struct mr_epochs      *epochs;
	struct mr_reload       reload;
	struct mr_trace       *trace;    /* owned; NULL: none                                  */
	uint64_t               traces;   /* there were                                         */
	bool                   running;  /* start was called, and not stop                    */
	uint32_t               pulse;    /* rounds of questions whether the workers turn      */
	struct mr_engine      *before;   /* while it is being prepared: whose place it takes  */
	struct mr_order       *backlog, **backlog_end; /* host only: orders whose mail was full */
	unsigned               unacked;  /* host only */
};

#endif
