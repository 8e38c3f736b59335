/* settings_walk.h - what the parts of the walk through all settings share.  For settings_*.c only.
 */
#ifndef T_LIB_SETTINGS_WALK_H
#define T_LIB_SETTINGS_WALK_H

#include "t/lib/settings_cases.h"

struct settings_walk {
	settings_case_fn *fn;
	void *arg;
	struct settings_count *count;
	struct settings_case c; /* base, group and root; the rest by case */
};

/* A case: at `path` stands the value, taken over; the complaint names `at`. */
void settings_emit_at(struct settings_walk *w, const char *path, const char *at, json_t *value,
		      const char *says, bool unseen);
void settings_emit(struct settings_walk *w, const char *path, json_t *value, const char *says);

/* Values of the wrong type: `types` has a letter for each that is right (number, real, string,
 * boolean, array, object). */
void settings_wrong_types(struct settings_walk *w, const char *path, const char *types,
			  const char *says);

/* All cases of a value, by its type and its rule; by its rule alone. */
void settings_value(struct settings_walk *w, const struct mr_field *f, const char *path);
void settings_rule(struct settings_walk *w, const struct mr_field *f, const char *path);

/* Any JSON; an example of a field's. */
json_t *settings_json(const char *text);
json_t *settings_example(const struct mr_field *f, const char *text);

/* Give the object the keys that it must have and has not. */
void settings_fill_required(json_t *o, const struct mr_setting *s);

#endif
