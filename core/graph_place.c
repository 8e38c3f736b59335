/* graph_place.c - workers: which stages share a thread, where it runs, and how it idles. */
#include "core/graph_parse.h"

#include <stdlib.h>
#include <string.h>

#define CPU_MAX  4095
#define SPIN_MAX 1000000 /* µs */

struct worker {
	uint32_t threads;
};

struct idle {
	uint32_t spin;
};

static const struct mr_field idle_fields[] = {
	{ .name = "spin", .type = MR_U32, MR_AT(struct idle, spin), .min = 1, .max = SPIN_MAX,
	  .required = true, .unit = "microseconds", .help = "how long to look for work awake" },
	{ 0 }
};

/* Which stages there are is looked up in the graph. */
static const struct mr_field_rule stages_rule = {
	.type = "array of names",
	.schema = "{ \"type\": \"array\", \"minItems\": 1,"
	          "  \"items\": { \"type\": \"string\", \"pattern\": \"^" MR_GRAPH_NAME "$\" } }",
	.bad = (const char *const[]){ "[]", "{}", "\"rx\"", "5", "[5]", "[null]", "[\"\"]", NULL },
	.unseen = (const char *const[]){ "[\"nobody\"]", NULL },
};

/* 4095 is CPU_MAX. */
static const struct mr_field_rule cpu_rule = {
	.type = "whole number from 0 to 4095, array of such, any, or auto",
	.schema = "{ \"anyOf\": [ { \"enum\": [ \"any\", \"auto\", null ] },"
	          "  { \"type\": \"integer\", \"minimum\": 0, \"maximum\": 4095 },"
	          "  { \"type\": \"array\", \"minItems\": 1, \"maxItems\": 4096, \"items\":"
	          "    { \"type\": \"integer\", \"minimum\": 0, \"maximum\": 4095 } } ],"
	          "  \"default\": \"any\" }",
	.good = "4095",
	.bad = (const char *const[]){ "\"all\"", "\"\"", "-1", "4096", "1.5", "true", "{}", "[]",
	                              "[-1]", "[4096]", "[\"any\"]", "[null]", NULL },
};

static const struct mr_field_rule idle_rule = {
	.type = "park, or object",
	.schema = "{ \"enum\": [ \"park\", null ], \"default\": \"park\" }",
	.good = "\"park\"",
	.bad = (const char *const[]){ "\"sleep\"", "\"\"", "5", "true", "[]", NULL },
};

const struct mr_field mr_graph_worker_fields[] = {
	{ .name = "stages", .type = MR_RAW, .rule = &stages_rule,
	  .help = "names of the stages that share this worker" },
	{ .name = "threads", .type = MR_U32, MR_AT(struct worker, threads), .min = 1,
	  .max = MR_THREADS_MAX, .def = 1, .help = "replicas of its stages, side by side" },
	{ .name = "cpu", .type = MR_RAW, .rule = &cpu_rule,
	  .help = "the cores it may use; any by default, auto for one that no other worker has" },
	{ .name = "idle", .type = MR_RAW, .of = idle_fields, .rule = &idle_rule,
	  .help = "what it does without work: park by default, or look for work awake before it parks" },
	{ 0 }
};

static void bad(const struct mr_graph_parse *p, const char *path, json_t *value, const char *what)
{
	char buf[MR_SHOWN];

	mr_complain(p->report, mr_json_place(p->doc, path, p->report), "%s %s",
		    mr_json_shown(buf, value), what);
}

/* ---- cpu ---- */

static bool parse_core(const struct mr_graph_parse *p, json_t *value, const char *path,
		       uint32_t *core)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || number > CPU_MAX) {
		bad(p, path, value, "is not the number of a core, 0 to 4095");
		return false;
	}
	*core = (uint32_t)number;
	return true;
}

static void parse_core_list(const struct mr_graph_parse *p, struct mr_place *w, json_t *list,
			    const char *path)
{
	size_t n = json_array_size(list);
	char at[MR_PATH];

	if (n == 0 || n > CPU_MAX + 1) {
		mr_complain(p->report, mr_json_where(p->doc, path),
			    n ? "the list is longer than there can be cores" :
				"an empty list leaves no core to run on");
		return;
	}
	w->cpus = calloc(n, sizeof *w->cpus);
	w->cpu = MR_CPU_LIST;
	for (size_t i = 0; w->cpus && i < n; i++)
		if (parse_core(p, json_array_get(list, i), mr_path_item(at, path, i),
			       &w->cpus[w->ncpu]))
			w->ncpu++;
}

static void parse_cpu(const struct mr_graph_parse *p, struct mr_place *w, json_t *value,
		      const char *path)
{
	static const char *const words[] = { "any", "auto" };
	const char *word = json_string_value(value);
	char hint[MR_HINT];

	if (!value || json_is_null(value) || (word && !strcmp(word, "any"))) {
		w->cpu = MR_CPU_ANY;
	} else if (word && !strcmp(word, "auto")) {
		w->cpu = MR_CPU_AUTO;
	} else if (word) {
		mr_complain(p->report, mr_json_where(p->doc, path),
			    "\"%.64s\" is not a core, a list of cores, any or auto%s", word,
			    mr_nearest(word, words, 2) ? mr_hint(hint, word, words, 2) : "");
	} else if (json_is_array(value)) {
		parse_core_list(p, w, value, path);
	} else {
		w->cpus = calloc(1, sizeof *w->cpus);
		if (w->cpus && parse_core(p, value, path, w->cpus))
			w->ncpu = 1;
		w->cpu = MR_CPU_LIST;
	}
}

/* ---- idle ---- */

static void parse_idle(const struct mr_graph_parse *p, struct mr_place *w, json_t *value,
		       const char *path)
{
	const char *word = json_string_value(value);
	struct idle idle;

	if (!value || json_is_null(value) || (word && !strcmp(word, "park")))
		return;
	if (!json_is_object(value)) {
		bad(p, path, value, "is neither \"park\" nor {\"spin\": microseconds}");
		return;
	}
	mr_fields_decode(idle_fields, &idle, sizeof idle, p->doc, path, p->report);
	w->spin_us = idle.spin;
}

/* ---- stages on a worker ---- */

static void place_stage(struct mr_graph_parse *p, unsigned worker, json_t *value, const char *path)
{
	const char *name = json_string_value(value);
	struct mr_where where;
	char hint[MR_HINT];
	unsigned i;

	if (!name) {
		bad(p, path, value, "is not the name of a stage");
		return;
	}
	if (mr_graph_absent(p, name, strlen(name)))
		return;
	i = mr_graph_stage_named(p->g, name, strlen(name));
	if (i != MR_NO_STAGE && !p->placed[i]) {
		p->placed[i] = true;
		p->g->stage[i].worker = worker;
		return;
	}
	where = mr_json_place(p->doc, path, p->report);
	if (i == MR_NO_STAGE)
		mr_complain(p->report, where, "there is no stage \"%.64s\"%s", name,
			    mr_graph_stage_hint(hint, p->g, name));
	else
		mr_complain(p->report, where, "%s is on worker %s already", name,
			    p->g->place[p->g->stage[i].worker].name);
}

/* Somebody changes a worker that is not there: which one was meant? */
static void no_stages(const struct mr_graph_parse *p, unsigned worker, const char *path)
{
	const char *names[MR_WORKERS_MAX], *near;
	json_t *workers = mr_json_at(p->doc, "workers"), *value;
	const char *name;
	unsigned n = 0;

	json_object_foreach(workers, name, value)
		if (n < MR_WORKERS_MAX && json_object_get(value, "stages"))
			names[n++] = name;
	near = mr_nearest(p->g->place[worker].name, names, n);
	mr_complain(p->report, mr_json_where(p->doc, path),
		    "a worker needs an array with at least one stage%s%s%s",
		    near ? "; did you mean worker \"" : "", near ? near : "", near ? "\"?" : "");
}

static void parse_stages(struct mr_graph_parse *p, unsigned worker, json_t *list, const char *path)
{
	char at[MR_PATH];
	json_t *value;
	size_t i;

	if (!list) {
		no_stages(p, worker, path);
		return;
	}
	if (!json_is_array(list) || json_array_size(list) == 0) {
		mr_complain(p->report, mr_json_where(p->doc, path),
			    "a worker needs an array with at least one stage");
		return;
	}
	json_array_foreach(list, i, value)
		place_stage(p, worker, value, mr_path_item(at, path, i));
}

/* Is none of its stages there? */
static bool is_deserted(const struct mr_graph_parse *p, json_t *list)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		const char *name = json_string_value(value);

		if (!name || !mr_graph_absent(p, name, strlen(name)))
			return false;
	}
	return json_array_size(list) > 0;
}

static void drop_worker(struct mr_graph_parse *p)
{
	struct mr_place *w = &p->g->place[--p->g->places];

	free(w->name);
	free(w->cpus);
	*w = (struct mr_place){ 0 };
}

static void parse_worker(struct mr_graph_parse *p, const char *name, json_t *value)
{
	unsigned index = p->g->places;
	struct mr_place *w = &p->g->place[index];
	char path[MR_PATH], at[MR_PATH];
	struct worker read;

	mr_path_key(path, "workers", name);
	if (!mr_graph_name_ok(p, "worker", name, path))
		return;
	mr_fields_decode(mr_graph_worker_fields, &read, sizeof read, p->doc, path, p->report);
	w->name = strdup(name);
	w->threads = read.threads ? read.threads : 1;
	p->own_of[index] = MR_NO_STAGE;
	p->g->places++;
	if (!json_is_object(value) && !json_is_null(value))
		return;
	parse_stages(p, index, json_object_get(value, "stages"), mr_path_key(at, path, "stages"));
	parse_cpu(p, w, json_object_get(value, "cpu"), mr_path_key(at, path, "cpu"));
	parse_idle(p, w, json_object_get(value, "idle"), mr_path_key(at, path, "idle"));
	if (is_deserted(p, json_object_get(value, "stages"))) /* read for its mistakes alone */
		drop_worker(p);
}

static void parse_workers(struct mr_graph_parse *p)
{
	json_t *workers = mr_graph_part(p, "workers", false, false), *value;
	const char *name;

	json_object_foreach(workers, name, value)
	{
		if (p->g->places == MR_WORKERS_MAX) {
			mr_complain(p->report, mr_json_where(p->doc, "workers"),
				    "%zu workers are more than the %d that a graph may have",
				    json_object_size(workers), MR_WORKERS_MAX);
			return;
		}
		parse_worker(p, name, value);
	}
}

/* ---- stages the file leaves to us ---- */

static bool is_worker(const struct mr_graph *g, const char *name)
{
	for (unsigned i = 0; i < g->places; i++)
		if (!strcmp(g->place[i].name, name))
			return true;
	return false;
}

static unsigned stages_on(const struct mr_graph *g, unsigned worker)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->stages; i++)
		n += g->stage[i].worker == worker;
	return n;
}

static void place_alone(struct mr_graph_parse *p, unsigned stage)
{
	struct mr_graph *g = p->g;
	const char *name = g->stage[stage].name, *why = p->placed[stage] ?
		"asks for threads of its own" : "is on no worker";
	char path[MR_PATH];

	mr_path_key(path, "stages", name);
	g->stage[stage].worker = MR_NO_STAGE;
	if (is_worker(g, name)) {
		mr_complain(p->report, mr_json_where(p->doc, path),
			    "%s and would get %s of its own, but there is a worker "
			    "named %s that holds other stages",
			    why, p->placed[stage] ? "workers" : "one", name);
		return;
	}
	if (g->places == MR_WORKERS_MAX) {
		mr_complain(p->report, mr_json_where(p->doc, path),
			    "%s, and there are %d workers already", why, MR_WORKERS_MAX);
		return;
	}
	g->stage[stage].worker = g->places;
	p->own_of[g->places] = stage;
	g->place[g->places++] = (struct mr_place){ .name = strdup(name),
						   .threads = g->stage[stage].threads };
}

/* A stage that asks for threads leaves the worker it shares; on one it has to itself, the worker
 * gets as many. */
static void move_out(struct mr_graph_parse *p, unsigned stage)
{
	struct mr_stage *s = &p->g->stage[stage];

	if (s->threads == 1)
		return;
	if (stages_on(p->g, s->worker) > 1) {
		place_alone(p, stage);
		return;
	}
	p->g->place[s->worker].threads = s->threads;
	p->own_of[s->worker] = stage;
}

void mr_graph_place(struct mr_graph_parse *p)
{
	for (unsigned i = 0; i < p->g->stages; i++)
		p->g->stage[i].worker = MR_NO_STAGE;
	parse_workers(p);
	for (unsigned i = 0; i < p->g->stages; i++)
		if (p->placed[i])
			move_out(p, i);
	for (unsigned i = 0; i < p->g->stages; i++) {
		struct mr_stage *s = &p->g->stage[i];

		if (!p->placed[i])
			place_alone(p, i);
		if (mr_stage_is_host(s) && s->worker < p->g->places)
			p->g->place[s->worker].host = true;
	}
}
