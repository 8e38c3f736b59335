/* settings_print - for test_schema.sh, a line of JSON each: every bad value of every setting, and
 * what the parser says of the fuzzers' stored inputs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/lib/settings_all.h"

static void print_case(const struct settings_case *c, void *arg)
{
	json_t *doc = settings_base(c->base), *o;

	(void)arg;
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
	json_t *o;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f || fread(text, 1, (1 << 20) - 1, f) == 0)
		abort();
	fclose(f);
	if (!strcmp(file, "node")) /* before it stands a --set */
		at += strcspn(at, "\n");
	doc = mr_json_parse("f.json", at, strlen(at), &r);
	if (doc && !r.n) {
		settings_parse(strcmp(file, "node") ? file : NULL, at, &r);
		o = json_pack("{ss ss sb sO}", "file", file, "at", name, "parser", r.errors == 0,
			      "doc", mr_json_root(doc));
		json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
		json_decref(o);
	}
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
