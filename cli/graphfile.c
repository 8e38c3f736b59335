/* graphfile.c - which graph: by name, by path, or by the number of cores. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cli/nodefile.h"

#include <assert.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS_MAX 4
#define SHIPPED_MAX 64 /* and one for "auto" */

const char *cli_graph_auto(unsigned cores, const char **why)
{
	static const struct {
		unsigned    from; /* cores */
		const char *graph, *why;
	} pick[] = {
		{ 8, "staged", "there are cores enough to give each stage its own" },
		{ 2, "two-core", "each direction gets a thread of its own, and thus a core" },
		{ 0, "fused", "on one core, threads would only take turns" },
	};
	unsigned i = 0;

	while (cores < pick[i].from)
		i++;
	*why = pick[i].why;
	return pick[i].graph;
}

/* ---- where shipped graphs lie ---- */

struct folders {
	char     path[FOLDERS_MAX][PATH_MAX];
	unsigned n;
};

static void add_folder(struct folders *f, const char *base, const char *below)
{
	if (snprintf(f->path[f->n], PATH_MAX, "%s%s", base, below) < PATH_MAX)
		f->n++;
}

/* MILLRACE_GRAPHS alone when it is set; else the installed folder, then those a build has beside
 * or above the program. */
static void folders_of(struct folders *f)
{
	const char *env = getenv("MILLRACE_GRAPHS");
	char exe[PATH_MAX];
	ssize_t n;

	f->n = 0;
	if (env && *env) {
		add_folder(f, env, "");
		return;
	}
#ifdef GRAPHDIR
	add_folder(f, GRAPHDIR, "");
#endif
	n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	if (n <= 0)
		return;
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	add_folder(f, exe, "/graphs");
	add_folder(f, exe, "/../graphs");
}

static char *shipped(const struct folders *f, const char *name)
{
	char path[PATH_MAX];

	for (unsigned i = 0; i < f->n; i++)
		if (snprintf(path, sizeof path, "%s/%s.json", f->path[i], name) < PATH_MAX &&
		    access(path, R_OK) == 0)
			return strdup(path);
	return NULL;
}

/* ---- their names ---- */

struct names {
	char    *name[SHIPPED_MAX + 1]; /* owned */
	unsigned n;
};

static void list_folder(struct names *names, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && names->n < SHIPPED_MAX && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".json"))
			names->name[names->n++] =
				strndup(entry->d_name, (size_t)(dot - entry->d_name));
	}
	if (dir)
		closedir(dir);
}

static void list_all(struct names *names, const struct folders *f)
{
	names->n = 0;
	for (unsigned i = 0; i < f->n; i++)
		list_folder(names, f->path[i]);
}

static void free_names(struct names *names)
{
	for (unsigned i = 0; i < names->n; i++)
		free(names->name[i]);
}

static bool is_first(const struct names *names, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (!strcmp(names->name[i], names->name[at]))
			return false;
	return true;
}

void cli_graph_each(void (*take)(void *arg, const char *name), void *arg)
{
	struct folders *folders = malloc(sizeof *folders);
	struct names names;

	if (!folders)
		return;
	folders_of(folders);
	list_all(&names, folders);
	for (unsigned i = 0; i < names.n; i++)
		if (is_first(&names, i))
			take(arg, names.name[i]);
	free_names(&names);
	free(folders);
}

static void not_there(const struct folders *f, const char *graph, struct mr_where where,
                      struct mr_report *report)
{
	struct names names;
	char hint[MR_HINT];

	list_all(&names, f);
	assert(names.n <= SHIPPED_MAX);
	names.name[names.n++] = strdup("auto");
	if (names.n > 1)
		mr_complain(report, where, "there is no graph \"%s\"%s", graph,
			    mr_hint(hint, graph, (const char *const *)names.name, names.n));
	else
		mr_complain(report, where,
			    "there is no graph \"%s\", and no graphs in %s; set MILLRACE_GRAPHS to "
			    "their folder",
			    graph, f->n ? f->path[0] : "the program's folder");
	for (unsigned i = 0; i < names.n; i++)
		free(names.name[i]);
} /* NOLINT(clang-analyzer-unix.Malloc): n does not go round */

/* ---- paths ---- */

static bool is_path(const char *graph)
{
	const char *dot = strrchr(graph, '.');

	return strchr(graph, '/') || (dot && !strcmp(dot, ".json"));
}

/* Relative to the folder of `beside`. */
static char *resolve(const char *graph, const char *beside)
{
	const char *slash = beside && *graph != '/' ? strrchr(beside, '/') : NULL;
	char *path = NULL;

	if (!slash)
		return strdup(graph);
	if (asprintf(&path, "%.*s/%s", (int)(slash - beside), beside, graph) < 0)
		return NULL;
	return path;
}

char *cli_graph_path(const char *graph, const char *beside, struct mr_where where,
                     struct mr_report *report)
{
	struct folders *folders;
	char *path = NULL;

	if (is_path(graph)) {
		path = resolve(graph, beside);
		if (path && access(path, R_OK) == 0)
			return path;
		mr_complain(report, where, "cannot read the graph file %s", path ? path : graph);
		free(path);
		return NULL;
	}
	folders = malloc(sizeof *folders);
	if (folders) {
		folders_of(folders);
		path = shipped(folders, graph);
	}
	if (folders && !path)
		not_there(folders, graph, where, report);
	free(folders);
	return path;
}
