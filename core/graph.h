/* graph.h - a stage graph as plain data, parsed and checked.
 *
 * The file format is architecture.md section 3.  Parsing opens no descriptor and starts no thread,
 * so `millrace check` works without privileges.  Every mistake is reported, not just the first.
 * Main reads graphs and frees them; one that is there never changes, and any thread may look at it.
 */
#ifndef MR_CORE_GRAPH_H
#define MR_CORE_GRAPH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/stage.h"

#define MR_STAGES_MAX  32
#define MR_EDGES_MAX   96
#define MR_WORKERS_MAX 32   /* threads in all, control's included                      */
#define MR_THREADS_MAX 16   /* ... of one stage or worker                              */
#define MR_SOJOURN     5000   /* us that packets may wait for long; and for how long        */
#define MR_INTERVAL    100000
#define MR_DEPTH       1024 /* packets, an edge's depth when the file names none */

enum mr_full { MR_WAIT, MR_DROP };
enum mr_cpu { MR_CPU_ANY, MR_CPU_AUTO, MR_CPU_LIST };

struct mr_stage {
	char                 *name;     /* owned; unique                                 */
	const struct mr_kind *kind;
	void                 *conf;     /* owned; kind->size bytes with fields decoded   */
	unsigned              threads;  /* as the file asks for the stage by itself, >= 1;
	                                 * mr_graph_replicas() says how many there are  */
	enum mr_affinity      affinity;
	unsigned              worker;   /* index in workers                              */
	unsigned              line, column; /* of its name in the graph's file; 0: not known */
};

struct mr_edge {
	unsigned     from, output; /* stage index, output index                          */
	unsigned     to, input;
	uint32_t     depth;        /* packets                                            */
	enum mr_full full;
	uint32_t     sojourn_us;   /* a wait that may stand (sojourn.h); 0: nothing is dropped for
	                            * waiting, as where packets are numbered or are the host's   */
	uint32_t     interval_us;
	uint32_t     lanes;        /* bits 1 << enum mr_lane; those that packets here may be in.
	                            * 0: numbered packets, which have none               */
	unsigned     restores;     /* the order of what was dealt to stage restores - 1; 0: none */
};

struct mr_place {
	char        *name;     /* owned                                                  */
	unsigned     threads;  /* >= 1: so many workers, each with a replica of its stages */
	enum mr_cpu  cpu;
	uint32_t    *cpus;     /* owned; MR_CPU_LIST                                     */
	unsigned     ncpu;
	uint32_t     spin_us;  /* 0: park at once                                        */
	bool         host;     /* runs the host stage on main's loop                     */
};

struct mr_graph {
	char           *name, *summary; /* owned                                         */
	char           *file;           /* owned; where it came from                     */
	struct mr_stage stage[MR_STAGES_MAX];
	struct mr_edge  edge[MR_EDGES_MAX];
	struct mr_place place[MR_WORKERS_MAX]; /* workers, in the file's order; stages without one
	                                        * get workers of their own, named for the
	                                        * stage                                   */
	unsigned        stages, edges, places;
	unsigned        order[MR_STAGES_MAX];  /* stage indexes, upstream before downstream */
};

/* Parse and check a graph document (a file already loaded, `--set` overlays applied) against the
 * kinds (NULL-terminated).  Always fills the report; returns NULL when there are errors. */
struct mr_graph *mr_graph_parse(const struct mr_json *doc, const struct mr_kind *const *kinds,
                                struct mr_report *report);

/* The same beside a node file (NULL: none): a stage that says `when` is there only if the node file
 * has something at that path, and else neither it nor any edge from or to it is. */
struct mr_graph *mr_graph_parse_for(const struct mr_json *doc, const struct mr_json *node,
                                    const struct mr_kind *const *kinds, struct mr_report *report);
void mr_graph_free(struct mr_graph *g);

/* The lane of what a call in `lane` emits at this output. */
static inline enum mr_lane mr_lane_behind(const struct mr_port *output, enum mr_lane lane)
{
	if (output->numbered)
		return MR_LANE_BULK;
	return output->control ? MR_LANE_CONTROL : lane;
}

/* Has the edge a ring for each lane wherever it crosses workers? */
static inline bool mr_lanes_both(const struct mr_edge *e)
{
	return e->lanes == (MR_OUT(MR_LANE_BULK) | MR_OUT(MR_LANE_CONTROL));
}

/* "bulk", "control" */
extern const char *const mr_lane_words[];

/* Index of the edge at an output, or -1.  Outputs and inputs: an output feeds at most one edge; an
 * input may be fed by several. */
int mr_graph_edge_at(const struct mr_graph *g, unsigned stage, unsigned output);

/* Does an edge lie behind the numbering, and before the socket?  Do its packets have numbers,
 * wherever it leads?  Does it carry plaintext?
 * Seen through stages that pass on what they are given. */
bool mr_graph_numbered(const struct mr_graph *g, unsigned edge);
bool mr_graph_has_numbers(const struct mr_graph *g, unsigned edge);
bool mr_graph_plaintext(const struct mr_graph *g, unsigned edge);

/* Do all stages that show others what they are given (kind->shows) carry no plaintext, or does the
 * node file (NULL: none) permit it?  `doc` is the graph's, for places.
 * Complains, false: refused. */
bool mr_graph_permitted(const struct mr_graph *g, const struct mr_json *doc,
                        const struct mr_json *node, struct mr_report *report);

/* Replicas of a stage: one on each worker of its place. */
static inline unsigned mr_graph_replicas(const struct mr_graph *g, unsigned stage)
{
	return g->place[g->stage[stage].worker].threads;
}

/* May several replicas of the stage get packets of one key? */
static inline bool mr_graph_spread(const struct mr_graph *g, unsigned stage)
{
	const struct mr_stage *s = &g->stage[stage];

	return mr_graph_replicas(g, stage) > 1 && !(s->kind->shards & MR_OUT(s->affinity));
}

/* Both ends on the same workers (and no host between them)?  Then packets for the replica on the
 * producer's own worker go there at once; others need a ring all the same. */
bool mr_graph_inline(const struct mr_graph *g, const struct mr_edge *e);

/* Entries of a kind's tables; NULL has none. */
unsigned mr_ports_count(const struct mr_port *ports);
unsigned mr_named_count(const struct mr_named *named);

/* "any", "peer", ... */
extern const char *const mr_affinity_words[];

/* For people and for graphviz. */
void mr_graph_print_dot(const struct mr_graph *g, FILE *out);
char *mr_graph_json(const struct mr_graph *g); /* malloc'd; checked graph with defaults filled in */

#endif
