/* field_known.c - which keys of a document does nobody know?
 *
 * Several tables may apply to one object: sections whose paths lead there, and tables of groups and
 * lists that others have there.  These are the object's views.  The walk goes through the document
 * and the views side by side, so its depth is that of the tables.
 */
#include "core/field.h"

#include <string.h>

#include "core/json.h"

#define VIEWS_MAX 96 /* tables that meet in one object */
#define NAMES_MAX 256

struct view {
	const struct mr_field   *fields;
	const char              *rest;    /* of the section's path, from here on; "" is here */
	const struct mr_section *section; /* the section it came from, while on its path; or NULL */
	bool                     later;   /* of a part that is not built */
};

struct views {
	struct view v[VIEWS_MAX];
	unsigned    n;
};

static void view_add(struct views *vs, struct view v)
{
	if (vs->n < VIEWS_MAX)
		vs->v[vs->n++] = v;
}

/* ---- what the views say of one key ---- */

struct claim {
	bool        known; /* by a table that is not for later */
	bool        later;
	const char *part;  /* help of the later field */
};

/* Length of the first component when `rest` begins with `key` as a component, else 0. */
static size_t leads_to(const char *rest, const char *key)
{
	size_t n = strcspn(rest, ".");

	return n > 0 && strlen(key) == n && !memcmp(rest, key, n) ? n : 0;
}

/* A field has the key: note it, and add the view of what is below. */
static void claim_field(const struct mr_field *f, bool later, struct claim *c, struct views *below)
{
	later |= f->type == MR_LATER;
	if (later) {
		c->later = true;
		c->part = f->help ? f->help : c->part;
	} else {
		c->known = true;
	}
	if (f->of)
		view_add(below, (struct view){ .fields = f->of, .rest = "", .later = later });
}

static struct claim claim_of(const struct views *vs, const char *key, struct views *below)
{
	struct claim c = { 0 };

	below->n = 0;
	for (unsigned i = 0; i < vs->n; i++) {
		struct view v = vs->v[i];
		size_t n = leads_to(v.rest, key);

		if (n > 0) {
			v.rest += n + (v.rest[n] == '.');
			view_add(below, v);
			if (v.later && !*v.rest)
				c = (struct claim){ c.known, true, v.section->help };
			else
				c.known = true;
		}
		if (*vs->v[i].rest)
			continue;
		for (const struct mr_field *f = v.fields; f->name; f++)
			if (!strcmp(f->name, key))
				claim_field(f, v.later, &c, below);
	}
	return c;
}

/* ---- unknown keys ---- */

/* Every key the views have here, without twins. */
struct names {
	const char *name[NAMES_MAX];
	unsigned    n;
	char        store[VIEWS_MAX][64]; /* components of paths */
};

static void name_add(struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->n; i++)
		if (!strcmp(names->name[i], name))
			return;
	if (names->n < NAMES_MAX)
		names->name[names->n++] = name;
}

static void gather(struct names *names, const struct views *vs)
{
	names->n = 0;
	for (unsigned i = 0; i < vs->n; i++) {
		const struct view *v = &vs->v[i];
		size_t len = strcspn(v->rest, ".");

		if (len > 0) {
			snprintf(names->store[i], sizeof names->store[i], "%.*s", (int)len,
			         v->rest);
			name_add(names, names->store[i]);
			continue;
		}
		for (const struct mr_field *f = v->fields; f->name; f++)
			name_add(names, f->name);
	}
}

/* ---- the walk ---- */

struct walk {
	const struct mr_json *doc;
	struct mr_report     *report;
};

static void walk_value(const struct walk *w, const struct views *vs, json_t *value,
                       const char *path, bool quiet);

/* Complain of an unknown key, warn of one for later. */
static void tell(const struct walk *w, const struct views *vs, struct claim c, const char *key,
                 const char *path, bool quiet)
{
	struct names names;
	char hint[MR_HINT];

	if (!c.known && !c.later) {
		gather(&names, vs);
		mr_complain(w->report, mr_json_where(w->doc, path), "there is no such key%s",
			    mr_hint(hint, key, names.name, names.n));
	} else if (!c.known && !quiet) {
		mr_warn(w->report, mr_json_where(w->doc, path),
			"%s not part of this version yet; the key has no effect",
			c.part ? c.part : "what it sets is");
	}
}

static void walk_object(const struct walk *w, const struct views *vs, json_t *object,
                        const char *path, bool quiet)
{
	struct views below;
	char at[MR_PATH];
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		struct claim c = claim_of(vs, key, &below);

		mr_path_key(at, path, key);
		tell(w, vs, c, key, at, quiet);
		if (below.n > 0)
			walk_value(w, &below, value, at, quiet || !c.known);
	}
}

/* Instances: the object's keys are names. */
static bool is_map(const struct views *vs, const json_t *object)
{
	for (unsigned i = 0; i < vs->n; i++)
		if (!*vs->v[i].rest && vs->v[i].section &&
		    mr_section_is_map(vs->v[i].section, object))
			return true;
	return false;
}

/* A section's path leads through something that holds no keys. */
static void no_object(const struct walk *w, const struct views *vs, json_t *value, const char *path)
{
	char buf[MR_SHOWN];
	bool passes = false;

	for (unsigned i = 0; i < vs->n; i++)
		passes |= *vs->v[i].rest != '\0';
	if (passes && !json_is_null(value))
		mr_complain(w->report, mr_json_where(w->doc, path), "%s is not an object",
			    mr_json_shown(buf, value));
}

static void walk_value(const struct walk *w, const struct views *vs, json_t *value,
                       const char *path, bool quiet)
{
	char at[MR_PATH];
	const char *key;
	json_t *item;
	size_t i;

	if (!json_is_object(value)) {
		no_object(w, vs, value, path);
		json_array_foreach(value, i, item)
			walk_object(w, vs, item, mr_path_item(at, path, i), quiet);
	} else if (is_map(vs, value)) {
		json_object_foreach(value, key, item)
			walk_object(w, vs, item, mr_path_key(at, path, key), quiet);
	} else {
		walk_object(w, vs, value, path, quiet);
	}
}

static void views_of(struct views *vs, const struct mr_section *const *sections, unsigned n)
{
	vs->n = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct mr_section *s = sections[i];

		view_add(vs, (struct view){ .fields = s->fields,
		                            .rest = s->path,
		                            .section = s,
		                            .later = s->size == 0 && *s->path });
	}
}

void mr_sections_known(const struct mr_section *const *sections, unsigned n,
                       const struct mr_json *doc, const char *path, struct mr_report *report)
{
	const struct walk w = { .doc = doc, .report = report };
	json_t *value = mr_json_at(doc, path);
	struct views vs;

	views_of(&vs, sections, n);
	if (value)
		walk_value(&w, &vs, value, path, false);
}

bool mr_sections_have(const struct mr_section *const *sections, unsigned n, const char *key)
{
	struct views vs, below;
	struct claim c;

	views_of(&vs, sections, n);
	c = claim_of(&vs, key, &below);
	return c.known || c.later;
}
