/* settings.c - tables put together; see settings.h. */
#include "core/settings.h"

#include <stdlib.h>
#include <string.h>

struct mr_setting *mr_settings_new(void)
{
	struct mr_setting *s = calloc(1, sizeof *s);

	if (!s || !(s->key = strdup("")))
		abort();
	s->shape = MR_OBJECT;
	return s;
}

void mr_settings_free(struct mr_setting *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++)
		mr_settings_free(s->below[i]);
	free(s->below);
	free(s->key);
	free(s);
}

static struct mr_setting *find(const struct mr_setting *s, const char *key, size_t len)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strlen(s->below[i]->key) == len && !memcmp(s->below[i]->key, key, len))
			return s->below[i];
	return NULL;
}

struct mr_setting *mr_settings_find(const struct mr_setting *s, const char *key)
{
	return find(s, key, strlen(key));
}

/* That of the key, made if it is not there. */
static struct mr_setting *at_key(struct mr_setting *s, const char *key, size_t len)
{
	struct mr_setting *there = find(s, key, len);

	if (there)
		return there;
	s->below = realloc(s->below, (s->n + 1) * sizeof(struct mr_setting *));
	there = calloc(1, sizeof *there);
	if (!s->below || !there || !(there->key = strndup(key, len)))
		abort();
	s->below[s->n++] = there;
	return there;
}

/* ---- a field ---- */

static enum mr_shape shape_of(const struct mr_field *f)
{
	switch (f->type) {
	case MR_GROUP: return MR_OBJECT;
	case MR_LIST: return MR_OBJECTS;
	case MR_RAW: return f->of ? MR_MAYBE_OBJECT : MR_VALUE;
	case MR_LATER: return f->of ? MR_OBJECT : MR_VALUE;
	default: return MR_VALUE;
	}
}

/* Of two who decode a setting the one with a rule says more. */
static void take_field(struct mr_setting *s, const struct mr_field *f)
{
	if (!s->field || (!s->field->rule && f->rule)) {
		s->field = f;
		s->help = f->help;
	}
	s->required |= f->required;
}

static void add_fields(struct mr_setting *s, const struct mr_field *fields, bool later,
                       bool decoded)
{
	for (const struct mr_field *f = fields; f->name; f++) {
		struct mr_setting *at = at_key(s, f->name, strlen(f->name));
		bool unbuilt = later || f->type == MR_LATER;

		if (unbuilt) {
			at->later = true;
			at->part = f->help ? f->help : at->part;
		} else {
			at->known = true;
		}
		if (decoded && !unbuilt)
			take_field(at, f);
		if (at->shape == MR_VALUE)
			at->shape = shape_of(f);
		if (f->of)
			add_fields(at, f->of, unbuilt, decoded);
	}
}

void mr_settings_add_fields(struct mr_setting *s, const struct mr_field *fields)
{
	add_fields(s, fields, false, true);
}

/* ---- a section ---- */

/* Its path ends at s. */
static void add_end(struct mr_setting *s, const struct mr_section *section)
{
	if (s->sections < MR_SETTING_SECTIONS)
		s->section[s->sections++] = section;
	if (section->instances)
		s->shape = MR_MAYBE_NAMED;
	if (!s->help && section->size)
		s->help = section->help;
}

void mr_settings_add(struct mr_setting *root, const struct mr_section *section)
{
	bool later = section->size == 0 && *section->path;
	const char *rest = section->path;
	struct mr_setting *s = root;

	while (*rest) {
		size_t n = strcspn(rest, ".");

		s->leads = true;
		s = at_key(s, rest, n);
		if (s->shape == MR_VALUE)
			s->shape = MR_OBJECT;
		rest += n + (rest[n] == '.');
		if (later && !*rest) {
			s->later = true;
			s->part = section->help;
		} else {
			s->known = true;
		}
	}
	add_end(s, section);
	add_fields(s, section->fields, later, section->size > 0);
}

struct mr_setting *mr_settings_of(const struct mr_section *const *sections, unsigned n)
{
	struct mr_setting *root = mr_settings_new();

	for (unsigned i = 0; i < n; i++)
		mr_settings_add(root, sections[i]);
	return root;
}

/* ---- what may be asked of one ---- */

bool mr_setting_is_checked(const struct mr_setting *s)
{
	bool checked = s->field || s->leads;

	for (unsigned i = 0; i < s->sections; i++)
		checked |= s->section[i]->size > 0;
	return checked;
}

unsigned mr_setting_most(const struct mr_setting *s)
{
	unsigned most = 0;

	for (unsigned i = 0; i < s->sections; i++)
		most = most ? most : s->section[i]->most;
	return most;
}

bool mr_setting_has_keys(const struct mr_setting *s)
{
	return s->n > 0 || s->sections > 0;
}

bool mr_setting_is_map(const struct mr_setting *s, const struct json_t *object)
{
	for (unsigned i = 0; i < s->sections; i++)
		if (mr_section_is_map(s->section[i], object))
			return true;
	return false;
}
