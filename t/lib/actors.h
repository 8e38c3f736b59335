/* actors.h - made-up stages whose conduct a test sets, on workers that a test turns by hand.
 *
 *   source   makes packets              outputs a, b (optional)
 *   mid      hands on                   inputs in -> out, side -> out, fan -> out and aside
 *   sink     takes, keeps, holds        inputs in, side
 *   num      numbers                    inputs in, side -> out, which is numbered
 *   pipe     passes on                  in -> out
 *   hand     hands on what it is dealt, or drops it: in, more -> out, by the way more and aside
 *            (optional); blind reaches aside alone
 *   boss     the host                   input in, output out (lane control), other; optional
 *
 * A stand opens a graph of them with the real engine and starts no thread.  Its clock is a number:
 * it moves by `stand_tick` each time the runtime reads it, so that time booked can be added up.
 * Closing the stand fails the test when a packet went nowhere or two ways.
 */
#ifndef MR_T_ACTORS_H
#define MR_T_ACTORS_H

#include "core/build.h"
#include "core/engine.h"

#define ACTOR_KEEPS 256

struct actor {
	/* conduct */
	unsigned give[2];    /* source: packets a pull makes for each output; boss: a timeout */
	unsigned pulls;      /* source: pulls that say there is more                          */
	unsigned keep;       /* sink: vectors to keep before it takes again                   */
	bool     hold;       /* sink: hold the input while something is kept                  */
	unsigned release;    /* sink: packets a pull lets go                                  */
	bool     talk;       /* mid, hand: make a packet for `out` in order and timeout       */
	unsigned drop_of;    /* hand: drops numbers that this divides; 0: none                */
	uint64_t due;        /* deadline, ns; 0: none                                         */
	uint64_t work;       /* ns the clock moves in each callback                           */
	int      fd;         /* source: watched from open on; 0: none                         */
	/* what happened */
	unsigned pulled, vectors, orders, timeouts, events;
	uint64_t last;       /* sink: last number seen; order: its a; event: its a            */
	bool     disorder;   /* numbers did not grow                                          */
	int      watch;      /* source: index of its watch                                    */
	unsigned n;
	struct mr_pkt *kept[ACTOR_KEEPS];
};

extern const struct mr_kind *const actor_kinds[];

struct stand {
	struct mr_json   *doc;
	struct mr_graph  *graph;
	struct mr_engine *engine;
	struct mr_report  report;
};

extern _Atomic uint64_t stand_time; /* workers with threads read it too */
extern uint64_t stand_tick;

/* A pipe's end that sources watch from now on; 0: none. */
extern int stand_fd;

void stand_open(struct stand *s, const char *graph);
/* The complaints of a graph that does not open (malloc'd text), or NULL. */
char *stand_refusal(const char *graph);
void stand_close(struct stand *s);

struct mr_replica *stand_stage(struct stand *s, const char *name);
struct actor *stand_actor(struct stand *s, const char *name);
struct mr_worker *stand_worker(struct stand *s, const char *stage);

/* Packets that the full edge at an output dropped. */
uint64_t stand_edge(struct stand *s, const char *stage, unsigned output);
uint64_t stand_word(struct stand *s, const char *stage, enum mr_word word);

/* Has somebody rung?  Takes the ringing away. */
bool stand_rung(struct mr_worker *w);

/* in + made = out + taken + dropped + held at every stage. */
void stand_balance(struct stand *s);

#endif
