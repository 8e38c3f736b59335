/* reference_kind.c - kinds as text, pages and data; see reference.h. */
#include "core/reference.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph.h"

/* ---- lists of words ---- */

static void put_affinities(const struct mr_kind *k, const char *between, FILE *out)
{
	uint32_t works = k->affinities ? k->affinities : MR_OUT(MR_ANY);
	unsigned n = 0;

	for (unsigned i = 0; mr_affinity_words[i]; i++)
		if (works & MR_OUT(i))
			fprintf(out, "%s%s", n++ ? between : "", mr_affinity_words[i]);
}

static unsigned put_some(const struct mr_section *s, unsigned n, const char *quote, FILE *out)
{
	for (; s && s->path; s++)
		for (const struct mr_field *f = s->fields; f && f->name;
		     f = *s->path ? NULL : f + 1)
			fprintf(out, "%s%s%s%s", n++ ? ", " : "", quote,
			        *s->path ? s->path : f->name, quote);
	return n;
}

/* Parts of the node file that it reads itself or by what it uses. */
static void put_sections(const struct mr_kind *k, const char *quote, FILE *out)
{
	unsigned n = put_some(k->sections, 0, quote, out);

	for (const struct mr_resource *const *r = k->uses; r && *r; r++)
		n = put_some((*r)->sections, n, quote, out);
}

static bool has_sections(const struct mr_kind *k)
{
	bool has = k->sections != NULL;

	for (const struct mr_resource *const *r = k->uses; r && *r; r++)
		has |= (*r)->sections != NULL;
	return has;
}

/* ---- plain ---- */

static void plain_ports(const char *title, const struct mr_port *p, FILE *out)
{
	if (!p || !p->name)
		return;
	fprintf(out, "%s\n", title);
	for (; p->name; p++)
		fprintf(out, "  %s%s: %s\n", p->name, p->optional ? " (optional)" : "", p->view);
}

static void plain_named(const char *title, const struct mr_named *n, FILE *out)
{
	if (!n || !n->name)
		return;
	fprintf(out, "%s\n", title);
	for (; n->name; n++)
		fprintf(out, "  %s: %s%s%s\n", n->name, n->help, n->unit ? ", in " : "",
		        n->unit ? n->unit : "");
}

static const char *threads_of(const struct mr_kind *k)
{
	if (k->host)
		return "one, which has a worker of its own";
	return k->single || !k->shards ? "one" : "one or more";
}

static void plain_kind(const struct mr_kind *k, const char *from, FILE *out)
{
	fprintf(out, "%s - %s\n", k->name, k->summary);
	if (from)
		fprintf(out, "comes with the plugin %s\n", from);
	if (k->fields && k->fields->name) {
		fputs("settings\n", out);
		mr_fields_print(k->fields, out, 2);
	}
	plain_ports("inputs", k->inputs, out);
	plain_ports("outputs", k->outputs, out);
	plain_named("drops", k->drops, out);
	plain_named("counters", k->counters, out);
	fprintf(out, "threads\n  %s\naffinities\n  ", threads_of(k));
	put_affinities(k, ", ", out);
	putc('\n', out);
	if (k->serves)
		fprintf(out, "when\n  %s is in the node file\n", k->serves);
	if (k->uses)
		fputs("uses\n", out);
	for (const struct mr_resource *const *r = k->uses; r && *r; r++)
		fprintf(out, "  %s: %s\n", (*r)->name, (*r)->summary);
	if (has_sections(k)) {
		fputs("reads of the node file\n  ", out);
		put_sections(k, "", out);
		putc('\n', out);
	}
}

/* ---- a page ---- */

static void table_head(const char *title, const char *columns, const char *rule, FILE *out)
{
	fprintf(out, "\n| %s | %s |\n| --- | %s |\n", title, columns, rule);
}

static void row(const char *name, const char *text, const char *unit, FILE *out)
{
	fprintf(out, "| `%s` | ", name);
	mr_put_markdown(text, out);
	if (unit) {
		fputs(", in ", out);
		mr_put_markdown(unit, out);
	}
	fputs(" |\n", out);
}

static void table_ports(const char *title, const struct mr_port *p, FILE *out)
{
	if (!p || !p->name)
		return;
	table_head(title, "A packet is", "---", out);
	for (; p->name; p++)
		row(p->name, p->view, NULL, out);
}

static void table_named(const char *title, const char *column, const struct mr_named *n, FILE *out)
{
	if (!n || !n->name)
		return;
	table_head(title, column, "---", out);
	for (; n->name; n++)
		row(n->name, n->help, n->unit, out);
}

static void page_needs(const struct mr_kind *k, const char *from, FILE *out)
{
	fprintf(out, "\nThreads: %s. Affinities: ", threads_of(k));
	put_affinities(k, ", ", out);
	fputs(".\n", out);
	if (k->serves)
		fprintf(out, "Wanted when the node file has `%s`.\n", k->serves);
	if (has_sections(k)) {
		fputs("Reads of the node file: ", out);
		put_sections(k, "`", out);
		fputs(".\n", out);
	}
	for (const struct mr_resource *const *r = k->uses; r && *r; r++) {
		fprintf(out, "%s`%s` (", r == k->uses ? "Uses " : ", ", (*r)->name);
		mr_put_markdown((*r)->summary, out);
		fputs(r[1] ? ")" : ").\n", out);
	}
	if (from)
		fprintf(out, "Comes with the plugin `%s`.\n", from);
}

static void put_settings(const struct mr_kind *k, enum mr_form form, FILE *out)
{
	struct mr_setting *s = mr_settings_new();

	if (k->fields)
		mr_settings_add_fields(s, k->fields);
	mr_reference_object(s, "", form, false, out);
	mr_settings_free(s);
}

static void page_kind(const struct mr_kind *k, const char *from, FILE *out)
{
	fprintf(out, "\n## %s\n\n", k->name);
	mr_put_markdown(k->summary, out);
	fputs(".\n", out);
	put_settings(k, MR_MARKDOWN, out);
	table_ports("Input", k->inputs, out);
	table_ports("Output", k->outputs, out);
	table_named("Drop", "Why", k->drops, out);
	table_named("Counter", "", k->counters, out);
	page_needs(k, from, out);
}

/* ---- a part of a manual page ---- */

static void mdoc_ports(const char *title, const struct mr_port *p, FILE *out)
{
	if (!p || !p->name)
		return;
	fprintf(out, "%s%s: %s", title, p[1].name ? "s" : "", p->name);
	for (p++; p->name; p++)
		fprintf(out, ", %s", p->name);
	fputs(".\n", out);
}

static void mdoc_kind(const struct mr_kind *k, const char *from, FILE *out)
{
	fprintf(out, ".Ss %s\n", k->name);
	mr_put_mdoc(k->summary, out);
	if (from)
		fprintf(out, "Comes with the plugin %s.\n", from);
	mdoc_ports("Input", k->inputs, out);
	mdoc_ports("Output", k->outputs, out);
	put_settings(k, MR_MDOC, out);
}

void mr_reference_kind(const struct mr_kind *kind, const char *from, enum mr_form form, FILE *out)
{
	static void (*const put[])(const struct mr_kind *k, const char *from, FILE *out) = {
		[MR_PLAIN] = plain_kind, [MR_MARKDOWN] = page_kind, [MR_MDOC] = mdoc_kind,
	};

	put[form](kind, from, out);
}
