/* Every bad value of every setting is refused, by a sentence that says where it stands and what is
 * allowed; and by the program, with exit code 2.
 *
 * The cases are made from the tables of settings (t/lib/settings_cases.h): node file, graph file,
 * every stage kind, those of plugins among them.  test_schema.sh shows the same ones to a
 * validator. */
#include "cli/nodefile.h"
#include "t/lib/settings_all.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 200
#define CASES_MAX 512 /* in one file */
#define MISSING   10  /* keys that must be there, at least */

static char *text_of(const struct settings_case *c)
{
	json_t *doc = settings_base(c->base);
	char *text;

	settings_apply(doc, c);
	text = json_dumps(doc, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	json_decref(doc);
	return text;
}

/* ---- each alone ---- */

/* Has line `line` of the text this word? */
static bool line_has(const char *text, unsigned line, const char *word)
{
	char buf[256];

	while (line-- > 1)
		text += strcspn(text, "\n") + 1;
	snprintf(buf, sizeof buf, "%.*s", (int)strcspn(text, "\n"), text);
	return strstr(buf, word) != NULL;
}

/* The sentence about the case: "f.json:LINE:COLUMN: PATH: ...". */
static const char *sentence_of(const struct settings_case *c, const struct mr_report *r,
			       unsigned *line)
{
	for (unsigned i = 0; i < r->n; i++) {
		const char *text = r->list[i].text;
		unsigned column;
		int used = 0;

		if (r->list[i].warning ||
		    sscanf(text, "f.json:%u:%u: %n", line, &column, &used) < 2)
			continue;
		text += used;
		if (!strncmp(text, c->at, strlen(c->at)) && !strncmp(text + strlen(c->at), ": ", 2))
			return text + strlen(c->at) + 2;
	}
	return NULL;
}

/* Where the line number points: at the key, or at what is around the one that is not there. */
static void assert_line(const struct settings_case *c, const char *text, unsigned line)
{
	const char *dot = strrchr(c->path, '.'), *key = dot ? dot + 1 : c->path;
	char word[MR_PATH + 4];

	if (*key == '[')
		snprintf(word, sizeof word, "\"%.*s\"", (int)strcspn(key + 2, "\""), key + 2);
	else
		snprintf(word, sizeof word, "\"%s\"", key);
	if (c->value && !strcmp(c->at, c->path))
		ck_assert_msg(line_has(text, line, word), "%s: line %u is not its own:\n%.400s",
			      c->at, line, text);
}

static void refused(const struct settings_case *c, void *arg)
{
	struct mr_report r = { 0 };
	char *text = text_of(c);
	const char *sentence;
	unsigned line = 0;

	(void)arg;
	settings_parse(c->base, text, &r);
	sentence = sentence_of(c, &r, &line);
	ck_assert_msg(sentence != NULL, "%s: nothing is said of it (%s):\n%.400s", c->at,
		      r.n ? r.list[0].text : "nothing at all", text);
	ck_assert_msg(strstr(sentence, c->says) != NULL, "%s: \"%s\" does not say \"%s\"", c->at,
		      sentence, c->says);
	ck_assert_msg(!strchr(sentence, '\n') && strlen(sentence) >= 10, "%s: %s", c->at, sentence);
	assert_line(c, text, line);
	free(text);
	mr_report_free(&r);
}

START_TEST(each_bad_value_is_refused)
{
	struct settings_count count = settings_all(refused, NULL);

	/* none may be lost on the way */
	ck_assert_uint_ge(count.settings, 150);
	ck_assert_uint_ge(count.missing, MISSING);
	ck_assert_uint_ge(count.cases, 2000);
	printf("%u settings, %u more that are for later, %u bad values, %u missing ones\n",
	       count.settings, count.later, count.cases, count.missing);
}
END_TEST

/* Without a change, nothing is said: what is said above is said of the change. */
START_TEST(the_bases_are_fine)
{
	static const char *const bases[] = { NULL, "fused", "dealt", "tap" };

	for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
		json_t *doc = settings_base(bases[i]);
		char *text = json_dumps(doc, 0);
		struct mr_report r = { 0 };

		settings_parse(bases[i], text, &r);
		ck_assert_msg(r.n == 0, "%s", r.n ? r.list[0].text : "");
		free(text);
		json_decref(doc);
	}
}
END_TEST

/* Good examples are accepted by their own rules. */
static void assert_good(const struct mr_field *fields)
{
	for (const struct mr_field *f = fields; f->name; f++) {
		const char *good = f->rule ? f->rule->good : NULL;

		if (good && f->type == MR_TEXT && f->rule->wrong)
			ck_assert_msg(!f->rule->wrong(&good), "%s: %s %s", f->name, good,
				      f->rule->wrong(&good));
		if (f->of)
			assert_good(f->of);
	}
}

START_TEST(good_examples)
{
	const struct mr_kind *const *kinds = settings_kinds();
	struct cli_sections sections;

	cli_sections_of(&sections, kinds);
	for (unsigned i = 0; i < sections.n; i++)
		assert_good(sections.list[i]->fields);
	for (const struct mr_kind *const *k = kinds; *k; k++)
		if ((*k)->fields)
			assert_good((*k)->fields);
}
END_TEST

/* ---- many in a file, for the program ---- */

struct file {
	const char *base;
	unsigned group, n;
	json_t *doc;
	struct {
		char path[MR_PATH], at[MR_PATH], says[256];
	} has[CASES_MAX];
};

struct files {
	struct file *file;
	unsigned n;
};

/* Does one path lead through the other? */
static bool meet(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return !strncmp(a, b, n) && strchr(".[", a[n]) && strchr(".[", b[n]);
}

static bool same_base(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool takes(const struct file *f, const struct settings_case *c)
{
	if (f->n == CASES_MAX || f->group != c->group || c->group > 1 ||
	    !same_base(f->base, c->base))
		return false;
	for (unsigned i = 0; i < f->n; i++)
		if (meet(f->has[i].path, c->path))
			return false;
	return true;
}

static void gather(const struct settings_case *c, void *arg)
{
	struct files *files = arg;
	struct file *f = files->file;

	while (f < files->file + files->n && !takes(f, c))
		f++;
	if (f == files->file + files->n) {
		ck_assert_uint_lt(files->n++, FILES_MAX);
		*f = (struct file) { .base = c->base,
				     .group = c->group,
				     .doc = settings_base(c->base) };
	}
	settings_apply(f->doc, c);
	snprintf(f->has[f->n].path, MR_PATH, "%s", c->path);
	snprintf(f->has[f->n].at, MR_PATH, "%s", c->at);
	snprintf(f->has[f->n++].says, sizeof f->has[0].says, "%s", c->says);
}

static char *output_of(const char *command, int *code)
{
	char *text = calloc(1, 1 << 20);
	FILE *out = popen(command, "r");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, out), (1 << 20) - 1);
	*code = WEXITSTATUS(pclose(out));
	return text;
}

static bool says(const char *output, const char *at, const char *what)
{
	char head[MR_PATH + 4];

	snprintf(head, sizeof head, ": %s: ", at);
	for (const char *p = output; (p = strstr(p, head)); p++) {
		const char *found = strstr(p, what);

		if (found && found < p + strcspn(p, "\n"))
			return true;
	}
	return false;
}

static void run_check(const struct file *f, const char *name)
{
	char command[1024];
	char *output;
	int code;

	ck_assert_int_eq(json_dump_file(f->doc, name, JSON_REAL_PRECISION(15)), 0);
	snprintf(command, sizeof command, "%s check %s %s 2>&1 >/dev/null", getenv("MILLRACE"),
		 f->base ? "-g" : "-g fused -c", name);
	output = output_of(command, &code);
	ck_assert_msg(code == 2, "%s: exit code %d\n%s", name, code, output);
	for (unsigned i = 0; i < f->n; i++)
		ck_assert_msg(says(output, f->has[i].at, f->has[i].says),
			      "%s: \"%s\" is not said of %s:\n%s", name, f->has[i].says,
			      f->has[i].at, output);
	free(output);
}

START_TEST(the_program_refuses)
{
	struct files files = { 0 };
	char folder[] = "/tmp/test_settings.XXXXXX", name[64], graphs[512];

	if (!getenv("MILLRACE"))
		return; /* by hand */
	files.file = calloc(FILES_MAX, sizeof(struct file));
	ck_assert_ptr_nonnull(files.file);
	snprintf(graphs, sizeof graphs, "%s/graphs", getenv("srcdir") ? getenv("srcdir") : ".");
	setenv("MILLRACE_GRAPHS", graphs, 1);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	settings_all(gather, &files);
	for (unsigned i = 0; i < files.n; i++) {
		snprintf(name, sizeof name, "%s/%u.json", folder, i);
		run_check(&files.file[i], name);
		unlink(name);
		json_decref(files.file[i].doc);
	}
	printf("%u files\n", files.n);
	rmdir(folder);
	free(files.file);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("settings");
	TCase *tc = tcase_create("settings");

	tcase_set_timeout(tc, 120); /* a hundred runs of the program */
	tcase_add_test(tc, the_bases_are_fine);
	tcase_add_test(tc, good_examples);
	tcase_add_test(tc, each_bad_value_is_refused);
	tcase_add_test(tc, the_program_refuses);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr;
	int failed;

	sr = srunner_create(suite());
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
