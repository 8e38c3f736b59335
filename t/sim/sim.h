/* sim.h - a mesh of nodes in one thread, on virtual time, all of it from one seed.
 *
 *     storm --> air --> node: plane (fips/path)  <--> brain (fips/node)
 *                 ^------ frames -----'
 *
 *   queue   what is still to happen, the soonest first
 *   air     who has which address; edges that delay, lose, double, reorder and spoil
 *   node    a process: started, killed, frozen; control's habits around the brain
 *   plane   what the stages do with packets, by the rules of fips/path and a cheap AEAD (seal.h)
 *   flows   pairs that ask and answer, by IPv6 packets through sessions
 *   shape   who is joined with whom
 *   storm   what befalls them, and when it is over
 *   checks  what must hold always, and what must hold once the storm is over
 *
 * Whatever does not hold ends the program with a sentence and the command that plays it again.
 * Nodes take no file descriptors, and what is made for one is freed with it.
 */
#ifndef T_SIM_SIM_H
#define T_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/rand.h"
#include "fips/node/node.h"
#include "t/sim/queue.h"

#define SIM_MS(n) ((uint64_t)(n) * MR_NS_PER_MS)
#define SIM_S(n)  ((uint64_t)(n) * MR_NS_PER_S)

#define SIM_NODES_MAX 4096
#define SIM_FRAME_MAX 2048 /* bytes of the largest frame any edge takes */

struct sim_plane;
struct sim_flow;
struct sim_storm;
struct sim_keys;

/* What is asked for. */
struct sim_options {
	uint64_t    seed;
	unsigned    nodes;   /* [2, SIM_NODES_MAX]                                  */
	unsigned    seconds; /* that the storm takes                                */
	const char *storm;   /* by name, of sim_storms                              */
	const char *shape;   /* by name, of sim_shapes                              */
	unsigned    retry;   /* ms, longest pause between dials; 0: a short one     */
	bool        trace;   /* tell what nodes say and do                          */
	bool        quiet;   /* no figures at the end                               */
};

/* What an edge does to a datagram.  Chances are of 10,000. */
struct sim_weather {
	uint32_t delay_us, jitter_us;
	uint32_t late_us; /* at most, of one that is overtaken by others           */
	uint32_t lose, twice, late, spoil;
};

/* Who begins the links of an edge, and whom the other side takes the caller for. */
enum sim_dial { SIM_BOTH_DIAL, SIM_A_DIALS, SIM_A_DIALS_AS_STRANGER };

struct sim_edge {
	unsigned           a, b; /* nodes, a < b                                  */
	enum sim_dial      dial;
	unsigned           away; /* reasons why it carries nothing now            */
	struct sim_weather fair, now;
};

/* An input on its way to the brain. */
struct sim_input;

struct sim_node {
	/* const after open */
	struct sim          *sim;
	unsigned             id;
	struct fips_identity me;
	uint8_t              ip[FIPS_IPV6_LEN];
	uint16_t             mtu;    /* of its links                              */
	bool                 mobile; /* its address may change: it goes by a name */
	unsigned            *edges;  /* owned, n_edges of them                    */
	unsigned             n_edges;
	unsigned             cap;    /* actions its queue holds                   */

	uint32_t             address; /* now; the air's                           */
	int64_t              clock_ms; /* its wall clock, more than the true one  */

	/* the process; NULL while there is none */
	struct fips_node    *brain;
	struct sim_plane    *plane;
	struct fips_actions  actions;
	struct mr_rand_state rand;
	struct sim_input    *first, *last;
	unsigned             inputs;     /* of these                              */
	uint64_t             held_until; /* an install is being acknowledged      */
	uint64_t             wake_at;    /* of its one wake-up in the queue       */
	uint64_t             frozen_until; /* suspended ...                       */
	uint64_t             thawed;     /* ... and since when no more            */
	unsigned             down;       /* reasons why no process may run        */
	unsigned             starts;
	uint64_t             started;
};

/* What becomes well after a storm, one after the other. */
enum sim_heal { SIM_LINKED, SIM_TREED, SIM_TOLD, SIM_ANSWERED, SIM_HEALS };

/* What a run counts. */
struct sim_figures {
	uint64_t frames, lost, doubled, spoiled, late, nowhere; /* by the air       */
	uint64_t bytes;
	uint64_t calls;      /* of fips_node_handle                               */
	uint64_t forwarded;  /* datagrams of others                               */
	uint64_t loops;      /* came by a node once more                          */
	uint64_t asked, answered, told; /* pings; told: that there is no way      */
	uint64_t too_big;
	uint64_t undelivered, expired; /* datagrams of others                     */
	uint64_t keys;       /* send keys installed                               */
	uint64_t starts, cuts, splits, moves, jumps, freezes;
	uint64_t restarted, lost_links; /* as the nodes counted them              */
	unsigned hops;       /* the longest way of a datagram                     */
	unsigned inputs;     /* the longest queue in front of a brain             */
	unsigned actions;    /* the fullest queue behind one                      */
	uint64_t turns;      /* looks that found nodes at other places, once all was well */
	uint64_t watched, missed; /* pings since then, but the latest; without an answer */
	unsigned missed_last; /* s since such a turn, the latest that was missed     */
	uint64_t heal[SIM_HEALS]; /* ns from the end of the storm until so far    */
};

struct sim {
	struct sim_options  options;
	uint64_t            now; /* ns                                            */
	uint64_t            random;
	uint64_t            digest; /* of all that happened                       */
	struct sim_queue    queue;
	struct sim_figures  figures;

	struct sim_node    *nodes; /* owned, n_nodes                              */
	unsigned            n_nodes;
	uint16_t           *by_addr; /* owned; nodes in the order of their addresses */
	struct sim_edge    *edges; /* owned, n_edges                              */
	unsigned            n_edges, room_edges;

	uint16_t           *owner; /* owned, by address: who had it last          */
	uint32_t            n_addresses, room_addresses;

	struct sim_flow    *flows; /* owned, n_flows                              */
	unsigned            n_flows;

	const struct sim_storm *storm;
	uint64_t            storm_takes, storm_ends; /* ns                        */
	bool                calm;       /* it has                                 */
	bool                well;       /* and everything was well since ...      */
	uint64_t            well_at;    /* ... this                               */
	uint64_t            places;     /* a digest of where all nodes are in the tree ... */
	uint64_t            turned;     /* ... and when it was another last       */
	bool                done;
	char                why[128];   /* what is not well                       */

	struct sim_keys    *keys; /* owned: every send key, checks.c              */
};

/* A mesh that is about to start.  Names that do not exist are the caller's mistake. */
struct sim *sim_open(const struct sim_options *options);
void        sim_close(struct sim *s);

/* All of it: the storm, and what comes after until all is well, or the bound has passed. */
void sim_run(struct sim *s);

/* Uniform in [0, below); 0: any number.  The world's own, apart from what nodes are handed. */
uint64_t sim_random(struct sim *s, uint64_t below);
bool     sim_chance(struct sim *s, uint32_t of_10000);

/* Into the digest. */
void sim_note(struct sim *s, uint64_t word);
void sim_note_bytes(struct sim *s, const uint8_t *bytes, size_t n);

/* Something does not hold. */
_Noreturn void sim_fail(const struct sim *s, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
#define sim_must(s, what, ...)                           \
	do {                                             \
		if (!(what))                             \
			sim_fail((s), __VA_ARGS__);      \
	} while (0)

/* One line, if a trace is wanted. */
void sim_trace(const struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* calloc that does not fail. */
void *sim_alloc(size_t n, size_t size);

#endif
