/* config_page - every section that is there, put back where it stands in a node file. */
#include "cli/config_page.h"

#include <stdlib.h>
#include <string.h>

/* Add the members of value to those of the object at the path.  Takes value over. */
static bool put_at(json_t *root, const char *path, json_t *value)
{
	struct mr_step step;
	json_t *at = root;
	bool good;

	while (at && mr_path_step(&path, &step)) {
		json_t *next = json_object_get(at, step.name);

		if (!next)
			json_object_set_new(at, step.name, json_object());
		at = json_object_get(at, step.name);
	}
	good = at && json_object_update_recursive(at, value) == 0;
	json_decref(value);
	return good;
}

static bool needs_more(const struct mr_field *fields)
{
	for (const struct mr_field *f = fields; f->name; f++)
		if (f->required)
			return true;
	return false;
}

/* An absent part that has instances, or that cannot do with defaults, stays absent: to be there
 * would mean something else. */
static bool shown(const struct mr_section *s, const struct mr_json *doc)
{
	json_t *there = mr_json_at(doc, s->path);

	if (!s->size || s == &cli_root_section || s == &cli_level_section)
		return false;
	return (there && !json_is_null(there)) || !(s->instances || needs_more(s->fields));
}

char *cli_config_json(const struct mr_json *doc, const struct cli_settings *settings,
                      const struct mr_kind *const *kinds)
{
	json_t *root = mr_fields_json(cli_root_section.fields, settings);
	struct cli_sections sections;
	bool good = root != NULL;
	char *text;

	cli_sections_of(&sections, kinds);
	for (unsigned i = 0; good && i < sections.n; i++)
		if (shown(sections.list[i], doc))
			good = put_at(root, sections.list[i]->path,
			              mr_section_json(sections.list[i], doc));
	text = good ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(root);
	return text;
}
