/* settings_all.c - see settings_all.h. */
#include "t/lib/settings_all.h"

#include <stdlib.h>
#include <string.h>

#include "cli/nodefile.h"
#include "stages/kinds.h"
#include "t/lib/modules.h"

const struct mr_kind *const *settings_kinds(void)
{
	static const struct mr_kind *kinds[MR_KINDS_MAX + 1];
	const struct mr_plugins *plugins;
	unsigned n = 0;

	if (kinds[0])
		return kinds;
	for (; mr_kinds[n]; n++)
		kinds[n] = mr_kinds[n];
	if (!modules_load("tap") || !modules_load("impair"))
		abort();
	plugins = modules();
	for (unsigned i = 0; plugins->kinds[i]; i++)
		kinds[n++] = plugins->kinds[i];
	return kinds;
}

struct settings_count settings_all(settings_case_fn *fn, void *arg)
{
	const struct mr_kind *const *kinds = settings_kinds();
	struct settings_count count = { 0 };
	struct cli_sections sections;
	struct mr_setting *root;

	cli_sections_of(&sections, kinds);
	root = mr_settings_of(sections.list, sections.n);
	settings_cases_node(root, fn, arg, &count);
	settings_cases_graph(fn, arg, &count);
	for (const struct mr_kind *const *k = kinds; *k; k++)
		settings_cases_kind(*k, fn, arg, &count);
	mr_settings_free(root);
	return count;
}

void settings_parse(const char *base, const char *text, struct mr_report *r)
{
	struct mr_json *doc = mr_json_parse("f.json", text, strlen(text), r);
	struct cli_settings settings;

	if (!doc)
		abort(); /* it was made of JSON */
	if (base) {
		mr_graph_free(mr_graph_parse(doc, settings_kinds(), r));
	} else {
		cli_node_check(doc, settings_kinds(), &settings, r);
		cli_settings_free(&settings);
	}
	mr_json_free(doc);
}
