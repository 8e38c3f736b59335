/* nodefile.h - the node file, the graph it names, and the command line's changes to both.
 *
 * Loading opens two files for reading and nothing else.  Everything wrong with either is in the
 * report afterwards.  The sections of the node file belong to kinds and resources, which decode
 * them when the engine opens them; here they are decoded once to find mistakes, and the keys that
 * belong to the program itself (graph, aead, http, log, user) are kept.
 */
#ifndef MILLRACE_CLI_NODEFILE_H
#define MILLRACE_CLI_NODEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "core/graph.h"
#include "core/json.h"
#include "core/log.h"

/* Keys of the node file that are the program's own. */
struct cli_settings {
	char *schema; /* of no effect */
	char *graph; /* "auto", a shipped name or a path */
	char *user;  /* who to be once all is open; NULL: whoever started it */
	struct {
		char *refuse; /* AEAD providers not to use (aead.h), or NULL */
	} aead;
	struct {
		char *listen; /* "host:port", "unix:/path" or "off" */
		bool  insecure_bind;
	} http;
	struct {
		unsigned level;  /* enum mr_level */
		unsigned format; /* enum mr_log_format */
	} log;
};

/* What to load; all borrowed. */
struct cli_node_options {
	const char        *file;  /* NULL: millrace.json */
	const char        *graph; /* overrides the file's; NULL: does not */
	const char *const *sets;  /* "key=value" */
	unsigned           nsets;
	bool               bare;  /* without -c and without a millrace.json, go on with defaults */
	unsigned           cores; /* for "auto"; 0: count them */
	const struct mr_kind *const *kinds; /* NULL-terminated */
	const struct mr_plugins *plugins; /* where these came from; may be NULL */
};

struct cli_node {
	struct mr_json     *doc;       /* owned; overlays applied */
	struct mr_json     *graph_doc; /* owned */
	struct mr_graph    *graph;     /* owned; NULL when it has errors */
	struct cli_settings settings;
	char               *file;      /* owned; NULL when there is no node file */
	char               *why;       /* owned sentence: why `auto` picked this graph, or NULL */
};

/* Options of a command whose table begins with CLI_NODE_OPTION_ROWS.  `sets` has room for
 * args->n pointers and is the caller's. */
struct cli_node_options cli_node_options_of(const struct cli_args *args, const char **sets);

/* Load and check.  False when there are errors; call cli_node_free either way. */
bool cli_node_load(struct cli_node *node, const struct cli_node_options *options,
                   struct mr_report *report);
void cli_node_free(struct cli_node *node);

/* Only the node document: JSON, or YAML by the file's name; complains.  NULL on failure. */
struct mr_json *cli_node_read(const char *file, struct mr_report *report);

/* Decode a node document and check it against the sections of the kinds.  The settings are to be
 * freed with cli_settings_free. */
void cli_node_check(const struct mr_json *doc, const struct mr_kind *const *kinds,
                    struct cli_settings *settings, struct mr_report *report);
void cli_settings_free(struct cli_settings *settings);

/* What HTTP said of http.listen, told with its place in the file. */
void cli_listen_told(const struct mr_report *said, const struct mr_json *doc,
                     struct mr_report *report);

/* Largest view that the settings of the graph's resources ask for, bytes. */
uint32_t cli_node_view_max(const struct cli_node *node);

/* ---- sections (nodekeys.c) ---- */

#define CLI_SECTIONS_MAX 128

/* Every section of the node file: those of the kinds and their resources, the program's own, and
 * last the keys that the reference's configuration has. */
struct cli_sections {
	const struct mr_section *list[CLI_SECTIONS_MAX];
	unsigned                 n;
};
void cli_sections_of(struct cli_sections *s, const struct mr_kind *const *kinds);

/* Names a node file may have at the top, NULL-terminated; for hints. */
extern const char *const cli_top_keys[];

/* The program's own keys, decoded into struct cli_settings. */
extern const struct mr_section cli_root_section;

/* What the reference keeps under `node` and we do not. */
struct cli_level {
	unsigned level; /* enum mr_level */
};
extern const struct mr_section cli_level_section;

/* ---- --set (set.c) ---- */

/* Apply the sets whose first word is a key of the node file to its document. */
void cli_set_node(struct mr_json *doc, const struct cli_sections *sections,
                  const struct cli_node_options *options, struct mr_report *report);

/* Apply the others to the graph: "stages", "edges" and "workers" as they are, a stage's name as
 * "stages.<name>".  Anything else is an error naming the nearest word. */
void cli_set_graph(struct mr_json *graph, const struct cli_sections *sections,
                   const struct cli_node_options *options, struct mr_report *report);

/* ---- do they go together? (fit.c) ---- */

/* Is what stages wait for (`when`) a key of node files?
 * A misspelt one would take them away in silence. */
void cli_fit_whens(const struct mr_json *graph, const struct cli_sections *sections,
                   struct mr_report *report);

/* The graph cannot be used: for want of a kind that a refused plugin would have brought? */
void cli_fit_explain(const struct cli_node *node, const struct cli_node_options *options,
                     struct mr_report *report);

/* A checked graph beside the node file. */
void cli_fit_check(const struct cli_node *node, const struct mr_kind *const *kinds,
                   struct mr_report *report);

/* ---- which graph (graphfile.c) ---- */

/* The shipped graph for this many cores, and why. */
const char *cli_graph_auto(unsigned cores, const char **why);

/* Path of the graph file that `graph` names, malloc'd: itself when it has a '/' or ends in .json
 * (relative to the folder of `beside`, when that is not NULL), else a shipped one.  Complains and
 * returns NULL when there is none. */
char *cli_graph_path(const char *graph, const char *beside, struct mr_where where,
                     struct mr_report *report);

/* The name of each shipped graph, once. */
void cli_graph_each(void (*take)(void *arg, const char *name), void *arg);

#endif
