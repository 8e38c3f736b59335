/* graph_replicas.c - may a stage have the replicas it would get, and who of them gets a packet?
 *
 * Kinds say it: some run on one thread only, others keep what belongs to a link or a session with
 * one replica, and name the affinities that do so.  Where the file names none, the first of these
 * is taken.
 */
#include "core/graph_parse.h"

#include <string.h>

/* Where the file asks for the threads of this place. */
static struct mr_where threads_where(const struct mr_graph_parse *p, unsigned place,
				     char path[MR_PATH])
{
	unsigned own = p->own_of[place];
	char at[MR_PATH];

	if (own != MR_NO_STAGE)
		mr_path_key(at, "stages", p->g->stage[own].name);
	else
		mr_path_key(at, "workers", p->g->place[place].name);
	return mr_json_where(p->doc, mr_path_key(path, at, "threads"));
}

static bool is_single(const struct mr_kind *kind)
{
	return kind->single || kind->host;
}

static void refuse_single(const struct mr_graph_parse *p, unsigned stage, unsigned place)
{
	const struct mr_graph *g = p->g;
	char path[MR_PATH];

	if (p->own_of[place] == stage)
		mr_complain(p->report, threads_where(p, place, path),
			    "%u are too many: %s runs on one thread", g->place[place].threads,
			    g->stage[stage].kind->name);
	else
		mr_complain(p->report, threads_where(p, place, path),
			    "%u are too many for a worker that holds %s, which runs on one thread",
			    g->place[place].threads, g->stage[stage].name);
}

/* What a replica owns is found by its packets only with the right affinity. */
static void check_affinity(const struct mr_graph_parse *p, unsigned stage, unsigned place)
{
	struct mr_stage *s = &p->g->stage[stage];
	uint32_t works = s->kind->shards;
	char path[MR_PATH], at[MR_PATH], list[128] = "";

	if (!works) {
		mr_complain(p->report, threads_where(p, place, path),
			    "%u are too many: no affinity picks among several replicas of %s",
			    p->g->place[place].threads, s->name);
		return;
	}
	if (!p->aligned[stage])
		for (s->affinity = MR_ANY; !(works & MR_OUT(s->affinity)); s->affinity++)
			;
	/* others of a kind that numbers: the plan counts what may be on the way */
	if (s->kind->window)
		works |= s->kind->affinities;
	if (works & MR_OUT(s->affinity))
		return;
	for (unsigned i = 0, n = 0; mr_affinity_words[i]; i++)
		if (works & MR_OUT(i))
			n += (unsigned)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "",
						mr_affinity_words[i]);
	mr_path_key(at, "stages", s->name);
	mr_complain(p->report, mr_json_where(p->doc, mr_path_key(path, at, "affinity")),
		    "\"%s\" does not pick among %u replicas of %s, which takes %s then",
		    mr_affinity_words[s->affinity], p->g->place[place].threads, s->name, list);
}

static void check_total(const struct mr_graph_parse *p)
{
	unsigned total = 0, most = 0;
	char path[MR_PATH];

	for (unsigned i = 0; i < p->g->places; i++) {
		total += p->g->place[i].threads;
		if (p->g->place[i].threads > p->g->place[most].threads)
			most = i;
	}
	if (total > MR_WORKERS_MAX && p->g->place[most].threads > 1)
		mr_complain(p->report, threads_where(p, most, path),
			    "%u make %u workers in all, more than the %d that a graph may have",
			    p->g->place[most].threads, total, MR_WORKERS_MAX);
}

void mr_graph_replicate(struct mr_graph_parse *p)
{
	for (unsigned i = 0; i < p->g->stages; i++) {
		const struct mr_stage *s = &p->g->stage[i];

		if (!s->kind || s->worker >= p->g->places || p->g->place[s->worker].threads == 1)
			continue;
		if (is_single(s->kind))
			refuse_single(p, i, s->worker);
		else
			check_affinity(p, i, s->worker);
	}
	check_total(p);
}
