/* graph_parse.h - what reading a graph file and checking it share.  For graph*.c only.
 *
 * graph.c and graph_edges.c turn the document into an mr_graph as far as it can be understood;
 * graph_place.c puts stages on workers; graph_check.c then asks whether the whole makes sense, and
 * graph_lanes.c finds the lanes of its edges, graph_deal.c what is dealt out.  A stage that an
 * unreadable edge names is `murky`: complaining about its missing edges would only repeat the first
 * complaint.
 */
#ifndef MR_CORE_GRAPH_PARSE_H
#define MR_CORE_GRAPH_PARSE_H

#include "core/graph.h"
#include "core/json.h"

#define MR_NO_STAGE UINT32_MAX

struct mr_graph_parse {
	struct mr_graph             *g;
	const struct mr_json        *doc;
	const struct mr_json        *node;                      /* the node file, or NULL      */
	const struct mr_kind *const *kinds;
	struct mr_report            *report;
	unsigned                     edge_at[MR_EDGES_MAX];     /* index in the file's array   */
	bool                         timed[MR_EDGES_MAX];       /* sojourn given by the file   */
	bool                         murky[MR_STAGES_MAX];
	bool                         placed[MR_STAGES_MAX];     /* by the file                 */
	bool                         aligned[MR_STAGES_MAX];    /* affinity given by the file  */
	unsigned                     own_of[MR_WORKERS_MAX];    /* the stage that the place was made
	                                                         * for, or MR_NO_STAGE         */
};

/* The settings of the file itself, of a stage of any kind, an edge, a worker. */
extern const struct mr_field mr_graph_head_fields[], mr_graph_stage_fields[],
	mr_graph_edge_fields[], mr_graph_worker_fields[];

/* What the name of a stage or worker is made of, as a regular expression. */
#define MR_GRAPH_NAME "[A-Za-z0-9_-]{1,31}"

/* Index of the stage of that name, or MR_NO_STAGE. */
unsigned mr_graph_stage_named(const struct mr_graph *g, const char *name, size_t len);

/* Is `name` (len bytes) a stage of the file that waits for what the node file has not (`when`)? */
bool mr_graph_absent(const struct mr_graph_parse *p, const char *name, size_t len);

/* The kind of the stage of that name in the file (len bytes), or NULL: there is none. */
const struct mr_kind *mr_graph_kind_of(const struct mr_graph_parse *p, const char *name,
                                       size_t len);

/* Index of the port of that name, or -1. */
int mr_ports_find(const struct mr_port *ports, const char *name);

/* A hint with the names of all stages, or of all ports. */
const char *mr_graph_stage_hint(char buf[MR_HINT], const struct mr_graph *g, const char *word);
const char *mr_ports_hint(char buf[MR_HINT], const struct mr_port *ports, const char *word);

/* Letters, digits, '-' and '_', at most 31 of them; else complains. */
bool mr_graph_name_ok(const struct mr_graph_parse *p, const char *what, const char *name,
                      const char *path);

/* The object or array at a key of the file, or NULL, complaining of any other value. */
json_t *mr_graph_part(const struct mr_graph_parse *p, const char *key, bool array, bool required);

/* Read "edges". */
void mr_graph_edges(struct mr_graph_parse *p);

/* Read "workers", and give each stage that is on none, or asks for threads that those it shares a
 * worker with have not, workers of its own. */
void mr_graph_place(struct mr_graph_parse *p);

/* Which replica gets a packet?  Settles affinities; refuses what cannot have replicas. */
void mr_graph_replicate(struct mr_graph_parse *p);

/* Check what spans the file; fills in order. */
void mr_graph_check(struct mr_graph_parse *p);

/* Find the lanes of every edge, and which may drop what waits; of a graph without mistakes. */
void mr_graph_lanes(struct mr_graph *g);

/* Where vectors are dealt out, and where they are put in order again; of a graph with its lanes.
 * Fills in restores. */
void mr_graph_deal(struct mr_graph_parse *p);

/* Is the stage the host (false when its kind is unknown)? */
static inline bool mr_stage_is_host(const struct mr_stage *s)
{
	return s->kind && s->kind->host;
}

#endif
