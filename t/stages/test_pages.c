/* The pages of the data stages, built in and loadable, say what their descriptors say
 * (stages/README.md). */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/stage.h"
#include "t/lib/modules.h"

extern const struct mr_kind mr_kind_rx, mr_kind_fmp_open, mr_kind_fsp_open, mr_kind_route,
	mr_kind_fsp_seal, mr_kind_fmp_seal, mr_kind_tx_gso, mr_kind_tun_read, mr_kind_tun_write,
	mr_kind_open, mr_kind_fsp_number, mr_kind_fmp_number, mr_kind_seal, mr_kind_tcp,
	mr_kind_ethernet;

static const struct {
	const struct mr_kind *kind;         /* built in, or ... */
	const char           *module, *name; /* ... of a module  */
} kinds[] = {
	{ .kind = &mr_kind_rx },     { .kind = &mr_kind_fmp_open }, { .kind = &mr_kind_fsp_open },
	{ .kind = &mr_kind_route },  { .kind = &mr_kind_fsp_seal }, { .kind = &mr_kind_fmp_seal },
	{ .kind = &mr_kind_tx_gso }, { .kind = &mr_kind_tun_read }, { .kind = &mr_kind_tun_write },
	{ .kind = &mr_kind_open },   { .kind = &mr_kind_fsp_number },
	{ .kind = &mr_kind_fmp_number }, { .kind = &mr_kind_seal },
	{ .kind = &mr_kind_tcp },       { .kind = &mr_kind_ethernet },
	{ NULL, "tap", "tap" },      { NULL, "tap", "pcapng" },
	{ NULL, "impair", "impair" },
};

static const struct mr_kind *kind_of(int i)
{
	return kinds[i].kind ? kinds[i].kind : modules_kind(kinds[i].module, kinds[i].name);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NAMES    32

struct names {
	unsigned    n;
	const char *name[NAMES];
};

/* The whole page of the i-th kind, NUL at its end; freed by the caller. */
static char *read_page(int i)
{
	const char *top = getenv("srcdir"), *module = kinds[i].module, *kind = kind_of(i)->name;
	char path[512], *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof path, "%s/%s/%s/%s.md", top ? top : ".", module ? "plugins" : "stages",
	         module ? module : kind, kind);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	ck_assert_uint_lt(fread(text, 1, (1 << 16) - 1, f), (1 << 16) - 1);
	fclose(f);
	return text;
}

/* The text of a section, up to the next one; freed by the caller. */
static char *section(const char *page, const char *title)
{
	char head[64];
	const char *at, *end;

	snprintf(head, sizeof head, "\n## %s\n", title);
	at = strstr(page, head);
	ck_assert_msg(at != NULL, "no section %s", title);
	at += strlen(head);
	end = strstr(at, "\n## ");
	return strndup(at, end ? (size_t)(end - at) : strlen(at));
}

/* Does the row of `name` in this section have this number as a word of its own? */
static bool row_has(const char *text, const char *name, uint64_t number)
{
	char head[64], want[32], row[512];
	const char *at;

	snprintf(head, sizeof head, "| `%s` |", name);
	snprintf(want, sizeof want, " %lu ", (unsigned long)number);
	at = strstr(text, head);
	if (!at)
		return false;
	snprintf(row, sizeof row, "%.*s", (int)strcspn(at, "\n"), at);
	return strstr(row, want) != NULL;
}

/* The n-th name in the first column, or NULL; freed by the caller. */
static char *table_name(const char *text, unsigned n)
{
	const char *at = text;

	while ((at = strstr(at, "| `"))) {
		bool first = at == text || at[-1] == '\n';

		at += 3;
		if (first && n-- == 0)
			return strndup(at, strcspn(at, "`"));
	}
	return NULL;
}

static void same_names(const char *kind, const char *page, const char *title,
                       const struct names *want)
{
	char *text = section(page, title), *name;
	unsigned n;

	for (n = 0; (name = table_name(text, n)); n++) {
		ck_assert_msg(n < want->n, "%s.md, %s: there is no %s", kind, title, name);
		ck_assert_msg(!strcmp(name, want->name[n]), "%s.md, %s: %s stands where %s should",
		              kind, title, name, want->name[n]);
		free(name);
	}
	ck_assert_msg(n == want->n, "%s.md, %s: %s is missing", kind, title,
	              n < want->n ? want->name[n] : "");
	free(text);
}

static struct names of_ports(const struct mr_port *port)
{
	struct names names = { 0 };

	for (; port->name; port++)
		names.name[names.n++] = port->name;
	return names;
}

static struct names of_named(const struct mr_named *named)
{
	struct names names = { 0 };

	for (; named->name; named++)
		names.name[names.n++] = named->name;
	return names;
}

static struct names of_fields(const struct mr_field *field)
{
	struct names names = { 0 };

	for (; field && field->name; field++)
		names.name[names.n++] = field->name;
	return names;
}

START_TEST(names_are_the_descriptor_s)
{
	const struct mr_kind *kind = kind_of(_i);
	const struct { const char *title; struct names names; } want[] = {
		{ "Inputs", of_ports(kind->inputs) },     { "Outputs", of_ports(kind->outputs) },
		{ "Settings", of_fields(kind->fields) },  { "Drops", of_named(kind->drops) },
		{ "Counters", of_named(kind->counters) },
	};
	char *page = read_page(_i), head[64];

	snprintf(head, sizeof head, "# %s\n", kind->name);
	ck_assert_msg(!strncmp(page, head, strlen(head)), "%s.md does not begin with its name",
	              kind->name);
	for (size_t i = 0; i < COUNT(want); i++)
		same_names(kind->name, page, want[i].title, &want[i].names);
	free(page);
}
END_TEST

/* Every port, and the kind itself, in the first drawing. */
START_TEST(ports_are_drawn)
{
	const struct mr_kind *kind = kind_of(_i);
	char *page = read_page(_i), *box = strstr(page, "```\n"), *end;
	const struct names ports[] = { of_ports(kind->inputs), of_ports(kind->outputs) };

	ck_assert_ptr_nonnull(box);
	end = strstr(box + 4, "```\n");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_ptr_nonnull(strstr(box, kind->name));
	for (size_t i = 0; i < COUNT(ports); i++)
		for (unsigned k = 0; k < ports[i].n; k++)
			ck_assert_msg(strstr(box, ports[i].name[k]) != NULL,
			              "%s.md: %s is not drawn", kind->name, ports[i].name[k]);
	free(page);
}
END_TEST

START_TEST(settings_have_their_numbers)
{
	const struct mr_kind *kind = kind_of(_i);
	char *page = read_page(_i), *text = section(page, "Settings");

	for (const struct mr_field *f = kind->fields; f && f->name; f++) {
		if (f->type != MR_U32 && f->type != MR_U64)
			continue;
		ck_assert_msg(row_has(text, f->name, f->def) && row_has(text, f->name, f->min) &&
		                      row_has(text, f->name, f->max),
		              "%s.md: %s is %lu by default, in %lu to %lu", kind->name, f->name,
		              (unsigned long)f->def, (unsigned long)f->min, (unsigned long)f->max);
	}
	free(text);
	free(page);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pages");
	TCase *tc = tcase_create("pages");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, names_are_the_descriptor_s, 0, (int)COUNT(kinds));
	tcase_add_loop_test(tc, ports_are_drawn, 0, (int)COUNT(kinds));
	tcase_add_loop_test(tc, settings_have_their_numbers, 0, (int)COUNT(kinds));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
