/* fit.c - do a graph and a node file go together?
 *
 * Each has been checked by itself.  Here: what a stage waits for is a key that a node file may
 * have, the graph's kinds are there, what the node file asks for has a stage, and nothing is shown
 * that it does not permit to be shown.
 */
#include "cli/nodefile.h"

#include <string.h>

#include "core/plugins.h"
#include "core/settings.h"
#include "stages/lib/udp.h"

/* ---- what stages wait for ---- */

#define NAMES_MAX 64

/* The setting at a path, or NULL, and then what there is in its place.
 * An instance's name is any. */
static const struct mr_setting *setting_at(const struct mr_setting *root, const char *path,
                                           char hint[MR_HINT])
{
	const struct mr_setting *s = root, *below;
	const char *names[NAMES_MAX];
	struct mr_step step;
	unsigned n = 0;

	*hint = '\0';
	while (*path) {
		if (!mr_path_step(&path, &step))
			return NULL;
		below = mr_settings_find(s, step.name);
		if (step.item || (!below && s->shape == MR_MAYBE_NAMED))
			continue;
		if (!below) {
			for (; n < s->n && n < NAMES_MAX; n++)
				names[n] = s->below[n]->key;
			mr_hint(hint, step.name, names, n);
			return NULL;
		}
		s = below;
	}
	return s;
}

void cli_fit_whens(const struct mr_json *graph, const struct cli_sections *sections,
                   struct mr_report *report)
{
	struct mr_setting *root = mr_settings_of(sections->list, sections->n);
	char path[MR_PATH], at[MR_PATH], hint[MR_HINT];
	const char *name, *when;
	json_t *stage;

	json_object_foreach(mr_json_at(graph, "stages"), name, stage)
	{
		when = json_string_value(json_object_get(stage, "when"));
		if (!when || (*when && setting_at(root, when, hint)))
			continue;
		if (!*when)
			*hint = '\0';
		mr_path_key(at, mr_path_key(path, "stages", name), "when");
		mr_complain(report, mr_json_place(graph, at, report),
		            "\"%.64s\" is no key that a node file may have%s", when, hint);
	}
	mr_settings_free(root);
}

/* ---- kinds ---- */

/* A plugin that was refused may have had it: its file is called like the kind, or nobody knows. */
static void tell_refused(const struct mr_plugins *p, const char *kind, struct mr_where where,
                         struct mr_report *report)
{
	for (unsigned i = 0; i < p->modules; i++) {
		const struct mr_module *m = &p->module[i];
		const char *slash = strrchr(m->file, '/'), *base = slash ? slash + 1 : m->file;
		size_t n = strlen(kind);
		bool namesake = !strncmp(base, kind, n) && !strcmp(base + n, ".so");

		if (m->refused)
			mr_complain(report, where,
			            "kind \"%s\" %s the plugin %s, which was refused: %s", kind,
			            namesake ? "is missing with" : "may have been in", m->file,
			            m->refused);
	}
	if (p->refused)
		mr_complain(report, where, "kind \"%s\" may be in a plugin, but none from %s was "
		            "loaded: %s", kind, p->folder, p->refused);
}

static bool is_kind(const struct mr_kind *const *kinds, const char *name)
{
	while (*kinds && strcmp((*kinds)->name, name))
		kinds++;
	return *kinds != NULL;
}

/* The graph cannot be used: for want of a kind that a refused plugin would have brought? */
void cli_fit_explain(const struct cli_node *node, const struct cli_node_options *o,
                     struct mr_report *report)
{
	const char *name;
	json_t *stage;

	json_object_foreach(mr_json_at(node->graph_doc, "stages"), name, stage)
	{
		const char *kind = json_string_value(json_object_get(stage, "kind"));
		char path[MR_PATH];

		if (!is_kind(o->kinds, kind ? kind : name))
			tell_refused(
				o->plugins, kind ? kind : name,
				mr_json_where(node->graph_doc, mr_path_key(path, "stages", name)),
				report);
	}
}

/* ---- what the node file asks for ---- */

static bool graph_uses(const struct mr_graph *g, const struct mr_resource *resource)
{
	for (unsigned i = 0; i < g->stages; i++) {
		const struct mr_resource *const *r = g->stage[i].kind->uses;

		for (; r && *r; r++)
			if (*r == resource)
				return true;
	}
	return false;
}

/* The node file asks for what no stage of the graph uses; several kinds may have it. */
static void warn_unused(const struct cli_node *node, const struct mr_kind *const *kinds,
                        struct mr_report *report)
{
	const struct mr_resource *said[CLI_SECTIONS_MAX];
	unsigned n = 0;

	for (; *kinds; kinds++) {
		const struct mr_resource *const *r = (*kinds)->uses;

		for (; r && *r; r++) {
			bool again = graph_uses(node->graph, *r) || n == CLI_SECTIONS_MAX;

			for (unsigned i = 0; i < n; i++)
				again |= said[i] == *r;
			if (again || !(*r)->asked || !node->doc ||
			    !json_is_true(mr_json_at(node->doc, (*r)->asked)))
				continue;
			said[n++] = *r;
			mr_warn(report, mr_json_where(node->doc, (*r)->asked),
				"is true, but no stage of graph %s uses %s: there will be none",
				node->graph->name, (*r)->summary);
		}
	}
}

/* What a kind serves is configured, and the graph has no stage of that kind. */
static void refuse_unserved(const struct cli_node *node, const struct mr_kind *const *kinds,
                            struct mr_report *report)
{
	const struct mr_graph *g = node->graph;

	for (; node->doc && *kinds; kinds++) {
		const char *path = (*kinds)->serves;
		json_t *there = path ? mr_json_at(node->doc, path) : NULL;
		bool served = !there || json_is_null(there);

		for (unsigned i = 0; i < g->stages; i++)
			served |= g->stage[i].kind == *kinds;
		if (!served)
			mr_complain(report, mr_json_where(node->doc, path),
			            "graph %s has no stage of kind %s to serve it; the graphs that come "
			            "along have one, with its edges", g->name, (*kinds)->name);
	}
}

/* A graph that has sockets wants to know which. */
static void refuse_nowhere(const struct cli_node *node, struct mr_report *report)
{
	static const char *const transports[] = { "transports.udp", "transports.tcp",
		                                  "transports.ethernet" };
	bool any = !node->file || !graph_uses(node->graph, &mr_resource_udp);

	for (unsigned i = 0; i < sizeof transports / sizeof transports[0]; i++) {
		json_t *there = mr_json_at(node->doc, transports[i]);

		any |= there && !json_is_null(there);
	}
	if (!any)
		mr_complain(report, mr_json_where(node->doc, "transports"),
		            "no transport is configured: udp, tcp or ethernet is missing");
}

void cli_fit_check(const struct cli_node *node, const struct mr_kind *const *kinds,
                   struct mr_report *report)
{
	mr_graph_permitted(node->graph, node->graph_doc, node->doc, report);
	refuse_unserved(node, kinds, report);
	warn_unused(node, kinds, report);
	refuse_nowhere(node, report);
}
