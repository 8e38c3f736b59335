/* setup.c - opening resources and stages on main, with complaints that name the place. */

#include "core/build.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/secret.h"

/* The stage in the graph's file, whose settings a complaint without a path is about;
 * false: a resource. */
static bool place_of_stage(const struct mr_setup *s, char path[MR_PATH], struct mr_where *where)
{
	const struct mr_opening *o = s->runtime;
	const struct mr_graph *g = o && o->replica ? o->engine->graph : NULL;
	const struct mr_stage *stage;

	if (!g)
		return false;
	stage = &g->stage[o->replica->stage];
	*where = (struct mr_where){ .file = g->file, .line = stage->line, .column = stage->column,
		                    .path = mr_path_key(path, "stages", s->name) };
	return true;
}

static void complain(struct mr_setup *s, bool warning, const char *path, const char *fmt,
                     va_list ap)
{
	char text[512], at[MR_PATH];
	struct mr_where where = { 0 };
	bool named = !path && place_of_stage(s, at, &where);

	vsnprintf(text, sizeof text, fmt, ap);
	if (path && s->doc)
		where = mr_json_where(s->doc, path);
	if (path)
		where.path = path;
	if (warning)
		mr_warn(s->report, where, "%s%s%s", named ? "" : s->name, named ? "" : ": ", text);
	else
		mr_complain(s->report, where, "%s%s%s", named ? "" : s->name, named ? "" : ": ",
		            text);
}

int mr_setup_error(struct mr_setup *s, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(s, false, path, fmt, ap);
	va_end(ap);
	return -1;
}

void mr_setup_warn(struct mr_setup *s, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(s, true, path, fmt, ap);
	va_end(ap);
}

int mr_setup_watch(struct mr_setup *s, int fd, unsigned events)
{
	struct mr_opening *o = s->runtime;
	struct mr_worker *w = o->replica->worker;

	if (w->watches == MR_WATCHES_MAX)
		return mr_setup_error(s, NULL, "a worker watches at most %d descriptors",
		                      MR_WATCHES_MAX);
	w->watch[w->watches] =
		(struct mr_watched){ .fd = fd, .events = events, .of = o->replica };
	return (int)w->watches++;
}

static unsigned count_sections(const struct mr_section *sections)
{
	unsigned n = 0;

	while (sections && sections[n].path)
		n++;
	return n;
}

void **mr_confs_open(const struct mr_section *sections, const struct mr_json *doc)
{
	unsigned n = count_sections(sections);
	void **confs = calloc(n + 1, sizeof *confs);

	for (unsigned i = 0; confs && i < n; i++) {
		confs[i] = calloc(1, mr_section_size(&sections[i]));
		if (!confs[i]) {
			mr_confs_close(sections, confs);
			return NULL;
		}
		mr_section_decode(&sections[i], confs[i], doc);
	}
	return confs;
}

void mr_confs_close(const struct mr_section *sections, void **confs)
{
	for (unsigned i = 0; confs && confs[i]; i++) {
		mr_section_free(&sections[i], confs[i]);
		free(confs[i]);
	}
	free(confs);
}

static struct mr_setup base_setup(struct mr_engine *e, struct mr_opening *o,
                                  struct mr_report *report)
{
	return (struct mr_setup){
		.workers = e->workers, .replicas = 1, .aead = e->aead, .rand = e->rand,
		.now = e->now(), .wall = mr_clock_wall(), .view_max = e->view_max, .report = report,
		.doc = e->doc, .runtime = o,
	};
}

static struct mr_used *used_of(const struct mr_engine *e, const struct mr_resource *resource)
{
	for (unsigned i = 0; i < e->useds; i++) {
		if (e->used[i].resource == resource)
			return &e->used[i];
	}
	return NULL;
}

void *mr_engine_resource(const struct mr_engine *e, const struct mr_resource *resource)
{
	const struct mr_used *u = used_of(e, resource);

	return u ? u->state : NULL;
}

/* All that the engine has open whose place this one takes, used here or not: the rights that
 * opening took may be gone. */
static void borrow_resources(struct mr_engine *e)
{
	for (unsigned i = 0; e->before && i < e->before->useds; i++) {
		e->used[e->useds] = e->before->used[i];
		e->used[e->useds++].lent = true;
	}
}

/* Every resource that a stage of the graph uses, once, with its settings; and how large a view
 * they ask for. */
static bool gather_resources(struct mr_engine *e)
{
	const struct mr_graph *g = e->graph;
	unsigned most = e->before ? e->before->useds : 0;

	for (unsigned s = 0; s < g->stages; s++) {
		for (unsigned i = 0; g->stage[s].kind->uses && g->stage[s].kind->uses[i]; i++)
			most++;
	}
	e->used = calloc(most + 1, sizeof *e->used);
	if (e->used)
		borrow_resources(e);
	for (unsigned s = 0; e->used && s < g->stages; s++) {
		const struct mr_resource *const *uses = g->stage[s].kind->uses;

		for (unsigned i = 0; uses && uses[i]; i++) {
			struct mr_used *u;
			uint32_t view;

			if (used_of(e, uses[i]))
				continue;
			u = &e->used[e->useds++];
			u->resource = uses[i];
			u->conf = mr_confs_open(uses[i]->sections, e->doc);
			u->state = mr_secret_alloc(uses[i]->size ? uses[i]->size : 1);
			if (!u->conf || !u->state)
				return false;
			view = uses[i]->view_max ? uses[i]->view_max(u->conf) : 0;
			if (view > e->view_max)
				e->view_max = view;
		}
	}
	return e->used != NULL;
}

int mr_resources_open(struct mr_engine *e, struct mr_report *report)
{
	struct mr_opening o = { .engine = e };
	int failed = 0;

	if (!gather_resources(e)) {
		mr_complain(report, (struct mr_where){ 0 }, "no memory for resources");
		return -1;
	}
	for (unsigned i = 0; i < e->useds; i++) {
		struct mr_setup s = base_setup(e, &o, report);

		if (e->used[i].lent)
			continue;
		assert(e->used[i].resource);
		s.name = e->used[i].resource->name;
		s.conf = e->used[i].conf;
		e->used[i].opened = true;
		if (e->used[i].resource->open && e->used[i].resource->open(e->used[i].state, &s))
			failed = -1;
	}
	return failed;
}

void mr_resources_close(struct mr_engine *e)
{
	for (unsigned i = e->useds; i > 0; i--) {
		struct mr_used *u = &e->used[i - 1];

		if (u->lent)
			continue;
		if (u->opened && u->resource->close)
			u->resource->close(u->state);
		mr_confs_close(u->resource->sections, u->conf);
		mr_secret_free(u->state);
	}
	free(e->used);
	e->used = NULL;
	e->useds = 0;
}

static bool gather_uses(struct mr_engine *e, struct mr_replica *r)
{
	unsigned n = 0;

	while (r->kind->uses && r->kind->uses[n])
		n++;
	r->use = calloc(n + 1, sizeof *r->use);
	r->conf = mr_confs_open(r->kind->sections, e->doc);
	for (unsigned i = 0; r->use && i < n; i++)
		r->use[i] = used_of(e, r->kind->uses[i])->state;
	return r->use && r->conf;
}

struct mr_replica *mr_replica_before(const struct mr_engine *e, const struct mr_replica *r)
{
	for (unsigned i = 0; e->before && i < e->before->replicas; i++) {
		struct mr_replica *b = &e->before->replica[i];

		if (b->kind == r->kind && b->index == r->index && !strcmp(b->name, r->name))
			return b;
	}
	return NULL;
}

static struct mr_setup stage_setup(struct mr_engine *e, struct mr_replica *r, struct mr_opening *o,
                                   struct mr_report *report)
{
	struct mr_setup s = base_setup(e, o, report);

	*o = (struct mr_opening){ .engine = e, .replica = r };
	s.name = r->name;
	s.replica = r->index;
	s.replicas = mr_graph_replicas(e->graph, r->stage);
	s.spread = mr_graph_spread(e->graph, r->stage);
	s.worker = r->worker->index;
	s.conf = r->conf;
	s.use = r->use;
	if (mr_replica_before(e, r))
		s.before = mr_replica_before(e, r)->state;
	return s;
}

int mr_host_prepare(struct mr_engine *e, struct mr_engine *n, void *const *conf,
                    struct mr_report *report)
{
	struct mr_replica *host = n->host->replica[0];
	struct mr_opening o;
	struct mr_setup s = stage_setup(n, host, &o, report);

	s.conf = conf;
	s.use = e->host->replica[0]->use;
	return host->kind->prepare ? host->kind->prepare(e->host->replica[0]->state, &s) : 0;
}

int mr_stages_open(struct mr_engine *e, struct mr_report *report)
{
	int failed = 0;

	for (unsigned i = 0; i < e->replicas; i++) {
		struct mr_replica *r = &e->replica[i];
		struct mr_opening o;
		struct mr_setup s = stage_setup(e, r, &o, report);

		if (!gather_uses(e, r))
			return mr_setup_error(&s, NULL, "no memory");
		if (e->before && r->kind->host)
			continue;
		s.conf = r->conf;
		s.use = r->use;
		r->opened = true;
		if (r->kind->open && r->kind->open(r->state, &s))
			failed = -1;
	}
	return failed;
}

void mr_stages_close(struct mr_engine *e)
{
	for (unsigned i = e->replicas; i > 0; i--) {
		struct mr_replica *r = &e->replica[i - 1];

		if (!r->kind)
			continue; /* there was no memory to build it */
		if (r->opened && r->kind->close)
			r->kind->close(r->state);
		mr_confs_close(r->kind->sections, r->conf);
		free(r->use);
	}
}
