/* whole.h - whole nodes: the real stages and the real runtime, joined by a made-up network.
 *
 *     app-out -> route -> fsp-seal -> fmp-seal -> wire-out ~ ~ ~ the air
 *                   \         |           |
 *                    '----- control ------'
 *                   /         |           |
 *     app-in <-----'------ fsp-open <- fmp-open <- wire-in ~ ~ ~ the air
 *
 * Nothing runs by itself: one thread gives every worker its turns, and time is a number here.  The
 * nodes are reached at 10.0.0.1, 10.0.0.2 and 10.0.0.4; 10.0.0.3 is a place in the air for a test's
 * own hand (neighbour.h).
 */
#ifndef T_LIB_WHOLE_H
#define T_LIB_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/build.h"
#include "core/engine.h"
#include "fips/node/node.h"
#include "stages/control/control.h"
#include "stages/lib/mesh.h"

extern const struct mr_kind mr_kind_control, mr_kind_fmp_open, mr_kind_fsp_open, mr_kind_route,
	mr_kind_fsp_seal, mr_kind_fmp_seal, mr_kind_open, mr_kind_fsp_number, mr_kind_fmp_number,
	mr_kind_seal;

#define NODES 3
#define PAIR  2     /* the first two: all that most tests need */
#define HAND  NODES /* whose place is the test's own: 10.0.0.3 */
#define MS    MR_NS_PER_MS
#define AIR   512   /* frames in flight, at most     */
#define BYTES 1600

/* ---- the air ---- */

struct flight {
	uint8_t         to;  /* node, or HAND */
	uint64_t        due; /* ns            */
	struct fips_via from;
	uint32_t        len;
	uint8_t         bytes[BYTES];
};

/* Whoever is at the place behind the nodes. */
struct hand {
	void (*hear)(void *self, const struct flight *f);
	void (*tick)(void *self); /* each millisecond */
	void *self;
};

struct air {
	uint64_t      now;
	unsigned      n;
	struct flight flight[AIR];
	uint8_t       host[NODES + 1]; /* last byte of each one's address */
	/* What is to become of a frame: its delay in ns, or MR_NEVER.  NULL: 1 ms. */
	uint64_t    (*fate)(const struct flight *f);
	unsigned      sent[NODES + 1]; /* frames and packets handed to it, by sender */
	struct hand   hand;
	/* programs at each node */
	unsigned        teller;        /* node + 1 one of whose stages tells control ... */
	struct mr_event tells;         /* ... this                                       */
	unsigned      outbox;          /* node + 1 whose program has packets to send  */
	unsigned      outbox_n;        /* how many, all alike                         */
	uint32_t      outbox_len;
	uint8_t       packet[BYTES];
	unsigned      got[NODES];
	uint32_t      got_len[NODES];
	uint8_t       got_bytes[NODES][BYTES];
};

extern struct air air;

struct fips_via via_of(uint8_t host);
void air_send(unsigned from, const struct fips_via *to, const uint8_t *bytes, uint32_t len);

/* whole_air.c, for whole.c: the stages at the edges and all others; frames that are due at HAND. */
extern const struct mr_kind *const whole_kinds[];
void air_deliver(void);

/* ---- nodes ---- */

struct node {
	struct mr_json      *graph_doc, *node_doc;
	struct mr_graph     *graph;
	struct mr_engine    *engine;
	struct mr_report     report;
	struct mr_rand_state seed;
	bool                 deaf; /* its events are lost */
};

extern struct node node[NODES];

/* What nodes opened from now on seal and open with; NULL: the built-in provider. */
extern const struct mr_aead *whole_aead;

/* Called with true before and with false after each turn of a data worker; NULL: nothing is. */
extern void (*whole_around)(bool before);
/* Which access lists and hosts file nodes opened from now on read, as members of "node": none. */
#define WHOLE_NO_FILES ",\"acl\":{\"allow_file\":\"\",\"deny_file\":\"\"},\"hosts_file\":\"\""
extern const char *whole_files;
/* Which life this is: a node opened under another number draws other random bytes. */
extern unsigned whole_life;
/* Nodes opened from now on have this for transports.udp.mtu; whole_reset: 1472. */
extern unsigned whole_mtu;
/* Nodes opened from now on have two or three replicas of each stage that may have them. */
extern bool whole_spread;
/* ... or so many of fmp-open, fsp-open, route, fsp-seal and fmp-seal, on workers of their own (0:
 * on the one data worker); NULL: as whole_spread says. */
#define WHOLE_SHARDED 5
extern const unsigned *whole_threads;
/* Nodes get a graph that only forwards: without sessions and without programs. */
extern bool whole_router;

/* Nodes opened from now on deal frames out to so many threads of open and of seal;
 * 0: they do not. */
extern unsigned whole_dealt;

/* Before anything else in a test: an empty air at 5 s. */
void whole_reset(void);

/* A node with these members of "node" (with a comma in front, or "") and these peers.  try: false
 * when it does not open, node[i].report says why. */
bool whole_try(unsigned i, const char *more, const char *peers);
void whole_open(unsigned i, const char *more, const char *peers);
void whole_close(unsigned i);

/* Give a node that is open another graph, as whole_threads says now, and another node file.  What
 * is wrong is in node[i].report. */
enum mr_swap whole_swap(unsigned i, const char *more, const char *peers, struct mr_swapped *done);
void whole_close_all(void);

/* The npub of node n, and "peers" of somebody who dials it. */
void        whole_npub(unsigned n, char text[FIPS_KEY_TEXT]);
const char *whole_dial(unsigned n, char text[512]);

/* Node 0 dials node 1 and the link is up. */
void whole_link_up(void);

/* Turns of a node's data workers, so that more than a vector may lie before control. */
void whole_data_turns(unsigned i, unsigned turns);

/* Let time pass.  Ends with the books of every node in balance. */
void whole_run(unsigned ms);

/* A program at node `from` sends len bytes of IPv6 to a node's address. */
void whole_say(unsigned from, const struct fips_addr *to, unsigned len, uint8_t fill);

/* ---- what can be seen of a node ---- */

struct mr_replica   *whole_stage(unsigned i, const struct mr_kind *kind); /* the first replica */
struct mr_mesh      *whole_mesh(unsigned i);
struct mr_worker    *whole_data(unsigned i); /* its one data worker */
enum fips_peer_state whole_peer_state(unsigned i);
bool                 whole_in_session(unsigned i);

/* A drop or a counter by name, packets dropped by a full edge at an output, a common word. */
uint64_t whole_drop(unsigned i, const struct mr_kind *kind, const char *name);
uint64_t whole_count(unsigned i, const struct mr_kind *kind, const char *name);
uint64_t whole_edge(unsigned i, const struct mr_kind *kind, unsigned output);
uint64_t whole_word(unsigned i, const struct mr_kind *kind, enum mr_word word);

/* ... of control, which is what most tests ask. */
static inline uint64_t control_drop(unsigned i, const char *name)
{
	return whole_drop(i, &mr_kind_control, name);
}

static inline uint64_t control_count(unsigned i, const char *name)
{
	return whole_count(i, &mr_kind_control, name);
}

static inline uint64_t control_word(unsigned i, enum mr_word word)
{
	return whole_word(i, &mr_kind_control, word);
}

#endif
