/* settings_cases.h - every bad value of every setting, made from the tables the parser goes by.
 *
 * The walk goes through the tree of settings (core/settings.h), so a new setting is among them at
 * once, and one whose rule has no example of a bad value ends the walk.  A case is one change to a
 * document that is fine without it: at `path` stands `value`, or the key is taken away.
 */
#ifndef T_LIB_SETTINGS_CASES_H
#define T_LIB_SETTINGS_CASES_H

#include <jansson.h>

#include "core/json.h"
#include "core/settings.h"
#include "core/stage.h"

struct settings_case {
	const char *base;		 /* a shipped graph; NULL: a node file              */
	char path[MR_PATH];		 /* of what is changed                       */
	json_t *value;			 /* NULL: taken away; the walk's                    */
	char at[MR_PATH];		 /* of what the complaint names              */
	char says[256];			 /* what it has in it                        */
	bool unseen;			 /* by the JSON Schema, which accepts it            */
	unsigned group;			 /* only cases of one group go into one file; of a group
					  * from 2 on one alone                             */
	const struct mr_setting *root;	 /* of the document, or NULL                        */
	const struct mr_setting *object; /* that has the key at `path`                      */
};

/* Called for each case in the order of the tables. */
typedef void settings_case_fn(const struct settings_case *c, void *arg);

struct settings_count {
	unsigned settings; /* that take a value        */
	unsigned later;	   /* known and without effect */
	unsigned missing; /* cases of a key that must be there */
	unsigned cases;
};

/* Of a node file, whose tree this is. */
void settings_cases_node(const struct mr_setting *root, settings_case_fn *fn, void *arg,
			 struct settings_count *count);

/* Of a graph file: its own settings, and those of a stage of each kind. */
void settings_cases_graph(settings_case_fn *fn, void *arg, struct settings_count *count);
void settings_cases_kind(const struct mr_kind *kind, settings_case_fn *fn, void *arg,
			 struct settings_count *count);

/* The document without a change: an empty node file, or a graph with a stage of every kind that it
 * is a base for. */
json_t *settings_base(const char *base);

/* Change the document. */
void settings_apply(json_t *doc, const struct settings_case *c);

#endif
