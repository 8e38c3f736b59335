/* stage.h - all that a stage includes: what a kind declares, and what a turn lets it do.
 *
 * A kind is code without threads: a const descriptor with its ports, settings, drops and counters,
 * and callbacks.  A graph names uses of it (stages); each runs as one or more replicas, each with
 * private state of `size` bytes, each always called from one worker.
 *
 *   open      once, on main, before privileges are dropped
 *   order     control tells this replica something; between vectors, on its worker
 *   process   a vector arrived at an input; every packet leaves by emit, drop, take or keep
 *   pull      its descriptors are ready, or it has kept packets and its outputs have room; while
 *             the node drains, a source that has kept packets is still called, and takes in
 *             nothing new
 *   timeout   the time it named by deadline() has come
 *   event     (a host only) another stage tells control something
 *   flush     the worker stops: kept packets and spares go home
 *   close     on main, after every worker has stopped
 *
 * A graph may be exchanged while it runs (swap.c): every replica is opened anew in the new graph
 * and later closed in the old one, resources stay, and a host's state lives on.  Then also, on
 * main:
 *
 *   prepare   (a host only) what is about to change; data still flows
 *   give      kept packets are handed out, to arrive again at the new graph's replica
 *   inherit   the replica takes over what its predecessor holds
 *   commit    (a host only) it has changed, or it will not
 *
 * One call emits at most MR_VECTOR packets per output.  Before process and pull the runtime has
 * made sure that every `wait` edge the call can reach has room, so mr_emit has no failure path.
 * Other callbacks come when they come: what they emit is dropped by a full edge of either sort,
 * counted.  A stage that must not lose it keeps it, asks for pull() and emits there.
 *
 *     in + made = out + taken + dropped + held      holds for every replica, always
 *
 * Until a packet is numbered it travels in one of two lanes.  What a host sends of its own making,
 * by outputs marked `control`, takes lane control, all else lane bulk.  A call has the lane of its
 * vector, and so has what it emits; what a stage has kept and lets go later goes in lane bulk.  An
 * edge that sees both has a ring for each, and lane control is served first: a full bulk lane
 * neither holds nor drops what is in the other.  Who made a packet decides, never what is in it.
 * Behind the numbering there is one FIFO.
 */
#ifndef MR_CORE_STAGE_H
#define MR_CORE_STAGE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "core/clock.h"
#include "core/counter.h"
#include "core/field.h"
#include "core/pkt.h"
#include "core/pool.h"
#include "core/rand.h"

#define MR_ABI       9  /* grows when a kind built before would misread a descriptor */
#define MR_PORTS_MAX 8
#define MR_ALL_OUTPUTS 0xffffffffu
#define MR_ALL_REPLICAS 0xffffffffu
#define MR_OUT(n)    (1u << (n))

enum mr_lane { MR_LANE_BULK, MR_LANE_CONTROL, MR_LANES };

struct mr_turn;
struct mr_setup;
struct mr_order;
struct mr_event;
struct mr_json;

/* An input or output.  Tables end with { 0 }. */
struct mr_port {
	const char *name;
	const char *view;     /* what a packet's view is on this port, for the reference      */
	uint32_t    reaches;  /* inputs: outputs a call for it may emit to (bits by index)    */
	bool        optional; /* may stay unconnected: input never called, output is `nowhere`
	                       * and what is emitted there counts as dropped by the edge      */
	bool        numbered; /* inputs and outputs behind the numbering: only FIFO `wait`
	                       * edges without lanes may join two such ports                  */
	bool        passes;   /* what comes in by such inputs leaves by such outputs, as it is and
	                       * in order: they are numbered where what they are joined with is, and
	                       * what they carry is what it carries                           */
	bool        plaintext; /* outputs: what people wrote, unsealed                        */
	bool        aside;    /* outputs: not on the packets' way, so its edge must `drop`    */
	const char *sort;     /* what its packets are made for, when that is one thing: only ports
	                       * of one sort may be joined; NULL: the packets every stage knows */
	bool        control;  /* outputs: what leaves here takes lane control                 */
};

/* Names with a help sentence: drops and counters.  Tables end with { 0 }. */
struct mr_named {
	const char *name; /* words joined by '-'; counters end in no unit, `unit` says it */
	const char *help;
	const char *unit; /* NULL: packets (drops) or plain count (counters) */
};

/* What several stages share: sockets, a device, tables.  Opened once, before the stages. */
struct mr_resource {
	const char              *name;
	const char              *summary;
	size_t                   size;     /* bytes of state, zeroed before open          */
	const struct mr_section *sections; /* parts of the node file; ends with { 0 }     */
	/* Largest view (packet or frame, bytes) these settings ask buffers to hold; NULL: none. */
	uint32_t (*view_max)(void *const *conf);
	/* JSON path: true there asks for it, and a graph that has no use for it is warned of;
	 * NULL */
	const char              *asked;
	int  (*open)(void *self, struct mr_setup *setup); /* 0, or -1 after mr_setup_error */
	void (*close)(void *self);                        /* also after a failed open      */
};

enum mr_affinity {
	MR_ANY,         /* the one with the producer's number           */
	MR_DESTINATION, /* by the hash of pkt->far                      */
	MR_SOURCE,      /* by the hash of pkt->far                      */
	MR_PEER,        /* by the hash of pkt->near                     */
	MR_FLOW,        /* by the kind's own flow()                     */
	MR_DEAL,        /* vector by vector in turn, put in order again behind it */
};

struct mr_kind {
	unsigned                 abi;      /* MR_ABI                                      */
	const char              *name;
	const char              *summary;  /* one line                                    */
	size_t                   size;     /* bytes of a replica's state, zeroed          */
	const struct mr_field   *fields;   /* settings in the graph, decoded into state   */
	const struct mr_section *sections; /* parts of the node file                      */
	const struct mr_resource *const *uses; /* NULL-terminated                         */
	const struct mr_port    *inputs, *outputs;
	const struct mr_named   *drops, *counters;
	bool                     host;     /* runs on main's event loop: control          */
	bool                     once;     /* a graph has at most one stage of this kind  */
	bool                     source;   /* one with inputs whose pull() takes in packets from
	                                    * outside as well: it rests while the node drains, as
	                                    * that of a kind without process() does       */
	const char              *serves;   /* JSON path: what stands there in the node file wants a
	                                    * stage of this kind, and a graph without one is
	                                    * refused; NULL                               */
	const char              *part;     /* what it does that only one stage of a graph may do, of
	                                    * whatever kind; NULL: nothing such            */
	bool                     makes;    /* takes packets from the worker's pool        */
	uint32_t                 few;      /* ... and does with so many at a time, waiting for one
	                                    * to come home or doing without; 0: as many as there is
	                                    * room for                                    */
	uint32_t                 keeps;    /* packets a replica may keep, at most         */
	uint32_t                 slabs;    /* of one that makes packets: slabs a replica may want of
	                                    * its worker's pool; it must do with fewer    */
	bool                     single;   /* cannot have more than one replica            */
	uint32_t                 affinities; /* bits 1 << enum mr_affinity it can work with */
	uint32_t                 shards;   /* ... and with several replicas: the keys that keep what
	                                    * a replica owns with that replica; of a kind that owns
	                                    * nothing, all it can work with               */
	uint32_t                 window;   /* of a kind that numbers: numbers that a receiver looks
	                                    * back.  It may have several replicas under any of its
	                                    * affinities, if no more than half of that can be on the
	                                    * way at once; mr_setup.spread tells it        */
	const char              *takes;    /* what has happened to a packet that it took (mr_take),
	                                    * in a word or two: "sent"; NULL: "taken"     */
	const char              *shows;    /* shows others what it is given: may be given plaintext
	                                    * only where the node file has true at this path; NULL:
	                                    * does not                                    */

	int      (*open)(void *self, struct mr_setup *setup);
	void     (*order)(void *self, struct mr_order *order, struct mr_turn *turn);
	void     (*process)(void *self, unsigned input, struct mr_vector *v, struct mr_turn *turn);
	bool     (*pull)(void *self, struct mr_turn *turn); /* true: there is more, call again */
	uint64_t (*deadline)(void *self);                   /* ns, or MR_NEVER                 */
	void     (*timeout)(void *self, struct mr_turn *turn);
	void     (*event)(void *self, const struct mr_event *event, struct mr_turn *turn);
	/* The worker stops: give back every packet, kept ones as a named drop,
	 * spares by mr_free. */
	void     (*flush)(void *self, struct mr_turn *turn);
	void     (*close)(void *self);
	/* The flow of a packet for affinity `flow`, as any number: packets of one flow give the
	 * same.  Called by whoever emits to this kind, on its worker: looks at the packet and at
	 * nothing else. */
	unsigned (*flow)(const struct mr_pkt *p);

	/* ---- a graph that is exchanged; each may be NULL ---- */

	/* Hand out kept packets, oldest first, and say by which input they are to arrive again:
	 * fills an empty vector and returns its n; 0: there are no more.  They are no longer
	 * kept, which the runtime counts.  Without it flush ends them. */
	unsigned (*give)(void *self, unsigned *input, struct mr_vector *v);
	unsigned   given_up; /* index of the drop that counts those without a place there */
	/* Take over what the replica holds that this one was opened to follow (mr_setup.before):
	 * files, say.  Its worker has ended, and its close comes later. */
	void     (*inherit)(void *self, void *before);
	/* Make everything ready for the settings, documents and workers of the set-up; those before
	 * it stay in force.  0, or -1 after mr_setup_error: nothing will change.  Each one that
	 * returned 0 is followed by one commit. */
	int      (*prepare)(void *self, struct mr_setup *setup);
	/* go: what was prepared is in force from here on; data rests.  Else: forget it. */
	void     (*commit)(void *self, bool go, struct mr_turn *turn);
};

/* ---- orders: control to stage, lossless, acknowledged ----
 *
 * An order is an object of the sender's.  It is handed to every replica of the stage, or to the one
 * that owns a hash, in turn order, and comes back acknowledged: `done` is called on the host's
 * worker after the last replica has applied it.
 * One sent to an owner may be written to by it (an answer). */
struct mr_order {
	unsigned         kind;     /* the stage's own enum                                  */
	uint64_t         a, b;     /* arguments                                             */
	void            *p, *q;    /* arguments and answer space, the sender's              */
	void           (*done)(struct mr_order *order, void *host, struct mr_turn *turn);
	struct mr_order *next;     /* runtime's                                             */
	_Atomic unsigned pending;  /* runtime's: replicas that have not applied it          */
	unsigned         stage;    /* runtime's                                             */
	unsigned         replica;  /* runtime's: of whom, or MR_ALL_REPLICAS                */
};

/* ---- events: stage to control; may be lost when the ring is full, then counted ---- */
struct mr_event {
	uint16_t kind;      /* an enum that sender and host share  */
	uint16_t stage;     /* filled in by the runtime            */
	uint32_t u;
	uint64_t a, b, c;
	uint8_t  bytes[32];
};
_Static_assert(sizeof(struct mr_event) == 64, "an event is one cache line");

/* ---- set-up: what open() gets ---- */
struct mr_setup {
	const char          *name;     /* stage or resource, for sentences                    */
	unsigned             replica;  /* [0, replicas)                                       */
	unsigned             replicas;
	bool                 spread;   /* what has one key may come to any of the replicas    */
	unsigned             worker;   /* [0, workers): the worker that runs this replica     */
	unsigned             workers;
	void *const         *conf;     /* decoded sections, in the descriptor's order         */
	void *const         *use;      /* opened resources, in the order of .uses             */
	const struct mr_aead *aead;    /* provider chosen for this run                        */
	struct mr_rand       rand;
	uint64_t             now;      /* ns                                                  */
	uint64_t             wall;     /* ns since 1970 began, at `now`                       */
	uint32_t             view_max; /* largest view a pool buffer holds behind MR_HEADROOM */
	struct mr_report    *report;
	const void          *before;   /* state of the replica of this name, kind and number that
	                                * runs now and that this one is to follow, or NULL.  Its
	                                * worker goes on: only what is const after open may be
	                                * looked at.  inherit() comes if all goes well      */
	const struct mr_json *doc;     /* node file, for positions in complaints; may be NULL */
	void                *runtime;  /* private                                             */
};

/* Complain about this stage or resource; `path` is a JSON path in the node file or NULL, and then a
 * stage is told with its place in the graph's file.  Always returns -1, so that open can
 * `return mr_setup_error(…)`. */
int mr_setup_error(struct mr_setup *s, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void mr_setup_warn(struct mr_setup *s, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum { MR_WATCH_READ = 1, MR_WATCH_WRITE = 2 };

/* Have pull() called when fd is ready.  Returns the watch's index, or -1 (complained).  A watch of
 * a source that is held leaves the poll set by itself. */
int mr_setup_watch(struct mr_setup *s, int fd, unsigned events);

/* For a host: send an order to every replica of the stage of kind `kind`; false when the graph has
 * no such stage (then done is not called).  Orders to one stage are applied in the order sent. */
bool mr_order_send(struct mr_turn *t, const char *kind, struct mr_order *order);

/* The same to the one replica that gets the packets of this hash (mr_handle_hash). */
bool mr_order_send_to(struct mr_turn *t, const char *kind, unsigned hash, struct mr_order *order);

/* ---- the turn: what process, pull, order, timeout and event may do ---- */

/* An output, or what the current call has emitted there: a vector for each replica it may reach. */
struct mr_out {
	struct mr_vector *v;       /* [targets]                                              */
	unsigned          targets; /* >= 1; const                                            */
	bool              near;    /* pkt->near picks the target, else pkt->far; const       */
	unsigned        (*flow)(const struct mr_pkt *p); /* ... else this, if not NULL; const */
	bool              deal;    /* ... or whoever's turn it is; const                     */
	unsigned          next;    /* deal: who that is, [0, targets)                        */
};

struct mr_turn {
	uint64_t        now;    /* ns; read when the turn began or since                      */
	unsigned        worker; /* index of this worker                                       */
	struct mr_out  *out;    /* outputs of the replica being called                        */
	uint64_t       *word;   /* its live counters                                          */
	unsigned        drops;  /* offset of the first drop in word                           */
	unsigned        counts; /* offset of the first own counter in word                    */
	struct mr_pool *pool;   /* this worker's pool, or NULL                                */
	void           *state;  /* state of the replica being called                          */
	void           *runtime; /* private                                                   */
};

/* Hand on by an output.  Where it leads to several replicas, the one that owns the packet's link
 * (peer) or session (source, destination) gets it: whoever emits has set near and far before. */
static inline void mr_emit(struct mr_turn *t, unsigned out, struct mr_pkt *p)
{
	const struct mr_out *o = &t->out[out];
	unsigned target = 0;

	if (o->deal)
		target = o->next;
	else if (o->targets > 1)
		target = (o->flow ? o->flow(p) : mr_handle_hash(o->near ? p->near : p->far)) %
		         o->targets;
	mr_vector_add(&o->v[target], p);
}

/* Packets that still fit on an output in this call, whoever they are for. */
static inline unsigned mr_room(const struct mr_turn *t, unsigned out)
{
	const struct mr_out *o = &t->out[out];
	unsigned most = o->v[0].n;

	for (unsigned i = 1; i < o->targets; i++)
		most = o->v[i].n > most ? o->v[i].n : most;
	return MR_VECTOR - most;
}

/* Give the buffer back to its pool, uncounted: for spare packets that never became one. */
void mr_free(struct mr_turn *t, struct mr_pkt *p);

/* End a packet by a word of the replica's, which counts it: for mr_drop and mr_take. */
void mr_end(struct mr_turn *t, unsigned word, struct mr_pkt *p);

/* End a packet by a named reason. */
static inline void mr_drop(struct mr_turn *t, unsigned reason, struct mr_pkt *p)
{
	mr_end(t, t->drops + reason, p);
}

/* End n packets that were made and have no descriptor yet by a named reason. */
static inline void mr_lose(struct mr_turn *t, unsigned reason, unsigned n)
{
	t->word[t->drops + reason] += n;
}

/* End a packet in good order: it left the node, or was meant for this stage. */
static inline void mr_take(struct mr_turn *t, struct mr_pkt *p)
{
	t->word[MR_W_TAKEN_BYTES] += p->len;
	mr_end(t, MR_W_TAKEN, p);
}

/* A spare packet (view empty at MR_HEADROOM), or NULL when the pool is empty.  It is nobody's
 * packet until mr_made counts it. */
struct mr_pkt *mr_spare(struct mr_turn *t);

/* The packet itself, or if it lies in a slab, a copy in a buffer of its own, and the slice goes
 * home: for who keeps packets long, so that one of them does not keep 64 KiB from everybody.
 * Without a spare it is the packet itself. */
struct mr_pkt *mr_own(struct mr_turn *t, struct mr_pkt *p);

/* n spares have become packets of this stage; or that many were read at once and are kept until
 * they get descriptors (mr_keep). */
static inline void mr_made(struct mr_turn *t, unsigned n)
{
	t->word[MR_W_MADE] += n;
}

/* The stage keeps n packets more (or fewer, n < 0) than before. */
static inline void mr_keep(struct mr_turn *t, int n)
{
	t->word[MR_W_HELD] += (uint64_t)(int64_t)n;
}

/* A counter of the kind's own. */
static inline void mr_count(struct mr_turn *t, unsigned counter, uint64_t n)
{
	mr_tally(&t->word[t->counts + counter], n);
}

/* Hold or release one input of the replica: a held input's packets wait upstream. */
void mr_hold(struct mr_turn *t, unsigned input, bool held);

/* Ask for pull() in the next turn although no descriptor is ready: kept packets wait. */
void mr_pull_again(struct mr_turn *t);

/* Change what a watch waits for (MR_WATCH_ bits; 0 pauses it). */
void mr_watch(struct mr_turn *t, int watch, unsigned events);

/* Tell the host something.  Lost and counted when its ring is full. */
void mr_tell(struct mr_turn *t, const struct mr_event *event);

/* For a host: free an object once no reader can still hold it.  `record` for table writes. */
void mr_retire(struct mr_turn *t, void *object, void (*free_object)(void *object));
struct ck_epoch_record *mr_turn_epoch(struct mr_turn *t);

/* Record how long packets took through the node: now - stamp, for each packet with a stamp.  For
 * stages at whose end a packet leaves. */
void mr_transit(struct mr_turn *t, const struct mr_vector *v);

/* Record that n packets waited so long where this stage took them from: for sources. */
void mr_waited(struct mr_turn *t, uint64_t waited, uint64_t n);

/* ns since 1970, read now: to compare with what the kernel says of datagrams, and for nothing else,
 * since it may jump. */
uint64_t mr_turn_wall(struct mr_turn *t);

/* All built-in kinds, NULL-terminated (stages/list.c). */
extern const struct mr_kind *const mr_kinds[];

#endif
