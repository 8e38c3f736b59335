/* settings_print - for test_schema.sh, a line of JSON each: every bad value of every setting, and
 * what the parser says of odd values in the place of each, and of the fuzzers' stored inputs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/lib/settings_all.h"

/* What the parser says of a document, taken over. */
static void print_verdict(const char *base, const char *file, const char *at, json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15));
	struct mr_report r = { 0 };
	json_t *o;

	settings_parse(base, text, &r);
	o = json_pack("{ss ss sb so}", "file", file, "at", at, "parser", r.errors == 0, "doc", doc);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(o);
	mr_report_free(&r);
	free(text);
}

/* Some of them are fine in some places. */
static const char *const odd[] = {
	"null", "1", "\"a\\nb\"", "\"unix:/a\\nb\"", "\"a\\nb/aa:bb:cc:dd:ee:ff\"", "\"mbedtls\\n\"",
	"[]", "{}", "[{\"no-such-key\":1}]", "{\"no-such-key\":1}", "{\"no-such-key\":{}}",
};

/* Cases of one setting come one after the other. */
static void print_odd(const struct settings_case *c)
{
	static char last[MR_PATH];
	struct settings_case one = *c;

	if (!strcmp(last, c->path) || !strncmp(c->says, "there is no such key", 20))
		return;
	strcpy(last, c->path);
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		json_t *doc = settings_base(c->base);

		one.value = json_loads(odd[i], JSON_DECODE_ANY, NULL);
		settings_apply(doc, &one);
		json_decref(one.value);
		print_verdict(c->base, c->base ? "graph" : "node", c->path, doc);
	}
}

static void print_case(const struct settings_case *c, void *arg)
{
	json_t *doc = settings_base(c->base), *o;

	(void)arg;
	print_odd(c);
	settings_apply(doc, c);
	o = json_pack("{ss ss ss sb so}", "file", c->base ? "graph" : "node", "at", c->at, "says",
		      c->says, "unseen", c->unseen, "doc", doc);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(o);
}

/* A stored input of a fuzzer, if it is JSON: does the parser accept it? */
static void print_stored(const char *folder, const char *name, const char *file)
{
	char path[1024], *text = calloc(1, 1 << 20), *at = text;
	struct mr_report r = { 0 };
	struct mr_json *doc;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f || fread(text, 1, (1 << 20) - 1, f) == 0)
		abort();
	fclose(f);
	if (!strcmp(file, "node")) /* before it stands a --set */
		at += strcspn(at, "\n");
	doc = mr_json_parse("f.json", at, strlen(at), &r);
	if (doc && !r.n)
		print_verdict(strcmp(file, "node") ? file : NULL, file, name,
			      json_incref(mr_json_root(doc)));
	mr_json_free(doc);
	mr_report_free(&r);
	free(text);
}

static void print_folder(const char *folder, const char *file)
{
	const char *top = getenv("srcdir");
	struct dirent *entry;
	char path[512];
	DIR *d;

	snprintf(path, sizeof path, "%s/t/fuzz/corpus/%s", top ? top : ".", folder);
	d = opendir(path);
	if (!d)
		abort();
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			print_stored(path, entry->d_name, file);
	closedir(d);
}

int main(void)
{
	settings_all(print_case, NULL);
	print_folder("nodefile", "node");
	print_folder("graph", "graph");
	return 0;
}
