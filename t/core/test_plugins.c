/* Loading modules: what is refused and in which words, what is left after a refusal, and the rules
 * that every descriptor keeps.  The modules are built from t/modules/module.c; each test lays those
 * it wants in a folder of its own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/plugins.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/graph.h"
#include "core/json.h"
#include "stages/kinds.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void nothing(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)self;
	(void)input;
	for (unsigned i = 0; i < v->n; i++)
		mr_take(t, v->pkt[i]);
}

static const struct mr_kind builtin = {
	.abi = MR_ABI, .name = "builtin", .summary = "end packets",
	.inputs = (const struct mr_port[]){ { "in", .view = "anything" }, { 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.process = nothing,
};
static const struct mr_kind *const builtins[] = { &builtin, NULL };

/* ---- folders of modules ---- */

static char folder[64];

static void path_of(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* t/modules lies beside this program's folder. */
static void lay(const char *module)
{
	char exe[PATH_MAX], from[2 * PATH_MAX], to[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	ck_assert_int_gt((int)n, 0);
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(from, sizeof from, "%s/modules/%s.so", exe, module);
	ck_assert_msg(access(from, R_OK) == 0, "%s is not built", from);
	snprintf(to, sizeof to, "%s/%s.so", folder, module);
	ck_assert_int_eq(symlink(from, to), 0);
}

static void setup(void)
{
	strcpy(folder, "/tmp/millrace-test-plugins.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct mr_plugins *load(bool privileged)
{
	struct mr_plugins *p = mr_plugins_open(builtins, mr_aead_builtin);

	ck_assert_ptr_nonnull(p);
	mr_plugins_load(p, folder, privileged);
	return p;
}

static void only_builtins(const struct mr_plugins *p)
{
	ck_assert_uint_eq(p->nkinds, 1);
	ck_assert_uint_eq(p->naeads, 1);
	ck_assert_ptr_eq(p->kinds[0], &builtin);
	ck_assert_ptr_null(p->kinds[1]);
	ck_assert_ptr_eq(p->aeads[0], &mr_aead_mbedtls);
	ck_assert_ptr_null(p->aeads[1]);
}

START_TEST(a_good_one)
{
	struct mr_plugins *p;
	struct mr_report report = { 0 };

	lay("good");
	p = load(false);
	mr_plugins_report(p, &report);
	ck_assert_uint_eq(report.n, 0);
	ck_assert_uint_eq(p->modules, 1);
	ck_assert_ptr_null(p->module[0].refused);
	ck_assert_str_eq(p->module[0].plugin->version, "7");
	ck_assert_uint_eq(p->nkinds, 2);
	ck_assert_str_eq(p->kinds[1]->name, "toy");
	ck_assert_ptr_null(p->kinds[2]);
	ck_assert_ptr_eq(mr_plugins_of_kind(p, p->kinds[1]), &p->module[0]);
	ck_assert_ptr_null(mr_plugins_of_kind(p, &builtin));
	ck_assert_uint_eq(p->naeads, 2);
	ck_assert_ptr_eq(mr_plugins_of_aead(p, p->aeads[1]), &p->module[0]);
	ck_assert_ptr_null(mr_plugins_of_aead(p, p->aeads[0]));
	ck_assert_ptr_eq(mr_aead_find(p->aeads, "toy"), p->aeads[1]);
	ck_assert_ptr_null(mr_aead_self_test(p->aeads[1]));
	mr_plugins_close(p);
}
END_TEST

/* A module for each refusal, and what the sentence has in it. */
static const struct {
	const char *module, *says;
} refusals[] = {
	{ "old", "it is built for ABI" },
	{ "loose", "undefined symbol: nobody_has_this" },
	{ "bare", "it exports no mr_plugin" },
	{ "empty", "neither a kind nor an AEAD provider" },
	{ "nameless", "it has no name of lower-case letters" },
	{ "crooked", "its kind toy has an input in that reaches outputs it does not have" },
	{ "known-kind", "there is a kind builtin already" },
	{ "known-aead", "there is an AEAD provider mbedtls already" },
	{ "half", "its AEAD provider toy lacks one of prepare(), release(), seal() and open()" },
};

/* Nothing of a refused module stays, not even what was in order. */
START_TEST(a_refusal)
{
	struct mr_report report = { 0 };
	struct mr_plugins *p;

	lay(refusals[_i].module);
	p = load(false);
	ck_assert_uint_eq(p->modules, 1);
	ck_assert_ptr_null(p->module[0].plugin);
	ck_assert_ptr_nonnull(p->module[0].refused);
	ck_assert_msg(strstr(p->module[0].refused, refusals[_i].says) != NULL, "%s: %s",
	              refusals[_i].module, p->module[0].refused);
	only_builtins(p);
	mr_plugins_report(p, &report);
	ck_assert_uint_eq(report.n, 1);
	ck_assert_uint_eq(report.errors, 0);
	ck_assert_ptr_nonnull(strstr(report.list[0].text, folder));
	ck_assert_ptr_nonnull(strstr(report.list[0].text, refusals[_i].module));
	mr_report_free(&report);
	mr_plugins_close(p);
}
END_TEST

START_TEST(no_module_at_all)
{
	char path[PATH_MAX];
	struct mr_plugins *p;
	FILE *f;

	path_of(path, "text.so");
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs("not a shared object\n", f);
	fclose(f);
	path_of(path, "readme.txt");
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	p = load(false);
	ck_assert_uint_eq(p->modules, 1);
	ck_assert_ptr_nonnull(strstr(p->module[0].refused, "it does not load"));
	only_builtins(p);
	mr_plugins_close(p);
}
END_TEST

START_TEST(one_bad_does_not_hurt_the_others)
{
	struct mr_plugins *p;

	lay("crooked"); /* first by name */
	lay("good");
	lay("old");
	p = load(false);
	ck_assert_uint_eq(p->modules, 3);
	ck_assert_ptr_nonnull(p->module[0].refused);
	ck_assert_ptr_null(p->module[1].refused);
	ck_assert_ptr_nonnull(p->module[2].refused);
	ck_assert_uint_eq(p->nkinds, 2);
	ck_assert_uint_eq(p->naeads, 2);
	mr_plugins_close(p);
}
END_TEST

/* The list ends behind the last kind, whatever a refused module had put there before. */
START_TEST(none_of_a_refused_one_comes_back)
{
	struct mr_plugins *p;

	lay("half"); /* first by name, with two kinds */
	lay("twin");
	p = load(false);
	ck_assert_ptr_nonnull(p->module[0].refused);
	ck_assert_ptr_null(p->module[1].refused);
	ck_assert_uint_eq(p->nkinds, 2);
	ck_assert_str_eq(p->kinds[1]->name, "twin");
	ck_assert_ptr_null(p->kinds[2]);
	ck_assert_ptr_null(p->aeads[p->naeads]);
	mr_plugins_close(p);
}
END_TEST

START_TEST(a_name_twice)
{
	struct mr_plugins *p;

	lay("good");
	lay("twin");
	p = load(false);
	ck_assert_ptr_null(p->module[0].refused);
	ck_assert_ptr_nonnull(strstr(p->module[1].refused, "there is a plugin toy already, from"));
	ck_assert_uint_eq(p->nkinds, 2);
	mr_plugins_close(p);
}
END_TEST

START_TEST(no_folder)
{
	struct mr_plugins *p;
	struct mr_report report = { 0 };

	ck_assert_int_eq(rmdir(folder), 0);
	p = load(true);
	ck_assert_uint_eq(p->modules, 0);
	ck_assert_ptr_null(p->refused);
	mr_plugins_report(p, &report);
	ck_assert_uint_eq(report.n, 0);
	only_builtins(p);
	mr_plugins_close(p);
}
END_TEST

/* ---- whom a program with privileges trusts ---- */

static void copy(const char *module)
{
	char exe[PATH_MAX], command[3 * PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	ck_assert_int_gt((int)n, 0);
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(command, sizeof command, "cp '%s/modules/%s.so' '%s/' && chmod 755 '%s/%s.so'",
	         exe, module, folder, folder, module);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(a_folder_others_write)
{
	struct mr_report report = { 0 };
	struct mr_plugins *p;

	copy("good");
	ck_assert_int_eq(chmod(folder, 0777), 0);
	p = load(true);
	ck_assert_ptr_nonnull(p->refused);
	ck_assert_ptr_nonnull(strstr(p->refused, "the folder may be written by anybody"));
	ck_assert_uint_eq(p->modules, 0);
	only_builtins(p);
	mr_plugins_report(p, &report);
	ck_assert_uint_eq(report.n, 1);
	mr_report_free(&report);
	mr_plugins_close(p);
	p = load(false);
	ck_assert_uint_eq(p->nkinds, 2);
	mr_plugins_close(p);
}
END_TEST

START_TEST(a_file_others_write)
{
	char path[PATH_MAX];
	struct mr_plugins *p;

	copy("good");
	path_of(path, "good.so");
	ck_assert_int_eq(chmod(path, 0775), 0);
	p = load(true);
	ck_assert_ptr_null(p->refused);
	ck_assert_ptr_nonnull(strstr(p->module[0].refused, "the file may be written by its group"));
	only_builtins(p);
	mr_plugins_close(p);
	ck_assert_int_eq(chmod(path, 0755), 0);
	p = load(true);
	ck_assert_ptr_null(p->module[0].refused);
	mr_plugins_close(p);
}
END_TEST

START_TEST(a_file_of_somebody_else)
{
	char path[PATH_MAX];
	struct mr_plugins *p;

	copy("good");
	path_of(path, "good.so");
	if (chown(path, 12345, (gid_t)-1) != 0)
		return; /* only root can give a file away */
	p = load(true);
	ck_assert_ptr_nonnull(strstr(p->module[0].refused, "the file belongs to user 12345"));
	only_builtins(p);
	mr_plugins_close(p);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(built_in_kinds_are_well_formed)
{
	char buf[MR_FLAW];

	for (const struct mr_kind *const *k = mr_kinds; *k; k++)
		ck_assert_msg(!mr_kind_flaw(*k, buf), "%s %s", (*k)->name, buf);
	ck_assert_ptr_null(mr_aead_flaw(&mr_aead_mbedtls, buf));
}
END_TEST

struct state {
	bool     yes;
	uint32_t number;
};

static void on_time(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
}

static unsigned on_give(void *self, unsigned *input, struct mr_vector *v)
{
	(void)self;
	*input = v->n = 0;
	return 0;
}

static int on_prepare(void *self, struct mr_setup *setup)
{
	(void)self;
	(void)setup;
	return 0;
}

#define PORTS(...) (const struct mr_port[]){ __VA_ARGS__, { 0 } }
#define NAMED(...) (const struct mr_named[]){ __VA_ARGS__, { 0 } }
#define FIELDS(...) (const struct mr_field[]){ __VA_ARGS__, { 0 } }
#define IN         { "in", .view = "anything" }
#define LONG       "a-name-of-more-than-thirty-one-letters"

static const struct mr_field_rule silent_rule = { .schema = "{}" };
static const struct mr_field_rule torn_rule = {
	.schema = "{ \"minimum\": ", .bad = (const char *const[]){ "1", NULL }
};

#define USES(called, told)                   \
	(const struct mr_resource *const[]){ \
		&(const struct mr_resource){ .name = called, .summary = told }, NULL }
#define SECTIONS(...) (const struct mr_section[]){ __VA_ARGS__, { 0 } }

static const struct mr_field one_field[] = { { "n", MR_U32, .help = "" }, { 0 } };
static const struct mr_field far_field[] = { { "n", MR_U32, .at = 8, .help = "" }, { 0 } };

/* Its own table is below it. */
static const struct mr_field loop_fields[] = { { "n", MR_LATER, .of = loop_fields }, { 0 } };

/* One thing changed in a good descriptor, and what is said of it (NULL: it stays good). */
static const struct {
	const char    *says;
	struct mr_kind change;
} flaws[] = {
	{ NULL, { .size = 8 } },
	{ "is built for ABI 77", { .abi = 77 } },
	{ "has no name that", { .name = "Big" } },
	{ "has no name that", { .name = "" } },
	{ "has no name that", { .name = "two words" } },
	{ "has no name that", { .name = "4th" } },
	{ "has no name that", { .name = "end-" } },
	{ "has no name that", { .name = "a--b" } },
	{ "has no name that", { .name = LONG } },
	{ "has no summary", { .summary = "" } },
	{ "has no summary", { .summary = "two\nlines" } },
	{ "two inputs named in", { .inputs = PORTS(IN, IN) } },
	{ "calls its input \"In\"", { .inputs = PORTS({ "In", .view = "anything" }) } },
	{ "what a packet is on its input in", { .inputs = PORTS({ .name = "in" }) } },
	{ "has more than 8 outputs",
	  { .outputs = PORTS({ "a", .view = "" }, { "b", .view = "" }, { "c", .view = "" },
	                     { "d", .view = "" }, { "e", .view = "" }, { "f", .view = "" },
	                     { "g", .view = "" }, { "h", .view = "" }, { "i", .view = "" }) } },
	{ "reaches outputs it does not have",
	  { .inputs = PORTS({ "in", .view = "anything", .reaches = MR_OUT(0) }) } },
	{ NULL, { .inputs = PORTS({ "in", .view = "anything", .reaches = MR_ALL_OUTPUTS }) } },
	{ "has an output out that reaches something",
	  { .outputs = PORTS({ "out", .view = "anything", .reaches = MR_OUT(0) }) } },
	{ "without its counterpart",
	  { .inputs = PORTS({ "in", .view = "anything", .passes = true }) } },
	{ "without its counterpart",
	  { .outputs = PORTS({ "out", .view = "anything", .passes = true }) } },
	{ "two drops named a", { .drops = NAMED({ "a", .help = "" }, { "a", .help = "" }) } },
	{ "calls its drop \"A\"", { .drops = NAMED({ "A", .help = "" }) } },
	{ "does not say what its drop a is", { .drops = NAMED({ .name = "a" }) } },
	{ "calls its counter \"x y\"", { .counters = NAMED({ "x y", .help = "" }) } },
	{ "outside of its state",
	  { .fields = FIELDS({ "n", MR_U32, .at = 4, .max = 9, .help = "" }), .size = 7 } },
	{ NULL, { .fields = FIELDS({ "n", MR_U32, .at = 4, .max = 9, .help = "" }), .size = 8 } },
	{ "of a type that is none", { .fields = FIELDS({ "n", 99, .help = "" }), .size = 8 } },
	{ "does not say what its setting n is",
	  { .fields = FIELDS({ .name = "n", .type = MR_BOOL }), .size = 8 } },
	{ "default is out of its range",
	  { .fields = FIELDS({ "n", MR_U32, .min = 1, .max = 9, .help = "" }), .size = 8 } },
	{ "whose range is none, or more than it can hold",
	  { .fields = FIELDS({ "n", MR_U32, .max = 1ull << 32, .help = "" }), .size = 8 } },
	{ "whose range is none, or more than it can hold",
	  { .fields = FIELDS({ "n", MR_POW2, .max = 1ull << 33, .def = 1, .help = "" }),
	    .size = 8 } },
	{ "whose range is none, or more than it can hold",
	  { .fields = FIELDS({ "n", MR_NUMBERS, .max = 1ull << 32, .help = "" }), .size = 16 } },
	{ "whose range is none, or more than it can hold",
	  { .fields = FIELDS({ "n", MR_U64, .max = UINT64_MAX, .help = "" }), .size = 8 } },
	{ "whose range is none, or more than it can hold",
	  { .fields = FIELDS({ "n", MR_NUMBERS, .min = 9, .max = 8, .help = "" }), .size = 16 } },
	{ NULL, { .fields = FIELDS({ "n", MR_U64, .max = INT64_MAX, .help = "" }), .size = 8 } },
	{ NULL, { .fields = FIELDS({ "n", MR_U32, .max = UINT32_MAX, .help = "" }), .size = 8 } },
	{ "default is no power of two",
	  { .fields = FIELDS({ "n", MR_POW2, .max = 8, .def = 6, .help = "" }), .size = 8 } },
	{ "default is no power of two",
	  { .fields = FIELDS({ "n", MR_POW2, .max = 8, .help = "" }), .size = 8 } },
	{ "range is none",
	  { .fields = FIELDS({ "n", MR_REAL, .real_min = 2, .real_max = 1, .help = "" }),
	    .size = 8 } },
	{ "default is out of its range",
	  { .fields = FIELDS({ "n", MR_REAL, .real_min = 1, .real_max = 2, .help = "" }),
	    .size = 8 } },
	{ NULL, { .fields = FIELDS({ "n", MR_REAL, .real_max = 2, .real_def = 2, .help = "" }),
	          .size = 8 } },
	{ "calls a setting \"two words\"",
	  { .fields = FIELDS({ "two words", MR_BOOL, .help = "" }), .size = 8 } },
	{ "calls a setting \"\"", { .fields = FIELDS({ "", MR_BOOL, .help = "" }), .size = 8 } },
	{ "has a setting when, which every stage has",
	  { .fields = FIELDS({ "when", MR_BOOL, .help = "" }), .size = 8 } },
	{ "setting n is in text that is not UTF-8",
	  { .fields = FIELDS({ "n", MR_BOOL, .help = "\xe9t\xe9" }), .size = 8 } },
	{ "drop a is in text that is not UTF-8", { .drops = NAMED({ "a", .help = "\xe9" }) } },
	{ "without a table of its own", { .fields = loop_fields, .size = 8 } },
	{ NULL, { .takes = "sent" } },
	{ "has no word for what it took of one line", { .takes = "" } },
	{ "has no word for what it took of one line", { .takes = "sent\nor so" } },
	{ "has no word for what it took of one line", { .takes = "\xe9" } },
	{ NULL, { .uses = USES("thing", "things") } },
	{ "has no summary of a resource of one line", { .uses = USES("thing", NULL) } },
	{ "has no summary of a resource of one line",
	  { .uses = USES("thing", "things\nand more") } },
	{ "calls its resource \"Thing\"", { .uses = USES("Thing", "things") } },
	{ NULL, { .sections = SECTIONS({ "a.b_c", one_field, .size = 8 }) } },
	{ NULL, { .sections = SECTIONS({ "", one_field, .size = 8 }) } },
	{ "at \"a..b\", which is no path",
	  { .sections = SECTIONS({ "a..b", one_field, .size = 8 }) } },
	{ "at \"a.\", which is no path", { .sections = SECTIONS({ "a.", one_field, .size = 8 }) } },
	{ "at \"a[0]\", which is no path",
	  { .sections = SECTIONS({ "a[0]", one_field, .size = 8 }) } },
	{ "where the name of an instance stands",
	  { .sections = SECTIONS({ "a", one_field, .size = 8, .instances = true }) } },
	{ "instances that have no place",
	  { .sections = SECTIONS({ "", far_field, .size = 16, .instances = true }) } },
	{ NULL, { .sections = SECTIONS({ "a", far_field, .size = 16, .instances = true }) } },
	{ "without its words", { .fields = FIELDS({ "n", MR_WORD, .help = "" }), .size = 8 } },
	{ "with a rule and no example",
	  { .fields = FIELDS({ "n", MR_U32, .help = "", .rule = &silent_rule }), .size = 8 } },
	{ "whose rule has a schema that is no JSON object",
	  { .fields = FIELDS({ "n", MR_U32, .help = "", .rule = &torn_rule }), .size = 8 } },
	{ "without a table of its own",
	  { .fields = FIELDS({ "n", MR_LIST, .help = "" }), .size = 16 } },
	{ "two settings named n",
	  { .fields = FIELDS({ "n", MR_BOOL, .help = "" }, { "n", MR_BOOL, .help = "" }),
	    .size = 8 } },
	{ "has one of deadline() and timeout()", { .timeout = on_time } },
	{ "has no flush()", { .keeps = 4 } },
	{ "has give() and keeps nothing",
	  { .give = on_give, .drops = NAMED({ "a", .help = "" }) } },
	{ "no drop for what finds no place",
	  { .give = on_give, .keeps = 4, .flush = on_time, .given_up = 1,
	    .drops = NAMED({ "a", .help = "" }) } },
	{ NULL, { .give = on_give, .keeps = 4, .flush = on_time,
	          .drops = NAMED({ "a", .help = "" }) } },
	{ "has one of prepare() and commit()", { .prepare = on_prepare } },
	{ "an affinity that there is none of", { .affinities = 1 << 20 } },
	{ "it does not work with", { .affinities = 1 << MR_ANY, .shards = 1 << MR_PEER } },
};

static struct mr_kind changed(const struct mr_kind *change)
{
	struct mr_kind k = builtin;

	k.abi = change->abi ? change->abi : k.abi;
	k.name = change->name ? change->name : k.name;
	k.summary = change->summary ? change->summary : k.summary;
	k.size = change->size;
	k.fields = change->fields;
	k.inputs = change->inputs ? change->inputs : k.inputs;
	k.outputs = change->outputs ? change->outputs : k.outputs;
	k.drops = change->drops;
	k.counters = change->counters;
	k.keeps = change->keeps;
	k.affinities = change->affinities;
	k.shards = change->shards;
	k.takes = change->takes;
	k.uses = change->uses;
	k.sections = change->sections;
	k.timeout = change->timeout;
	k.flush = change->flush;
	k.give = change->give;
	k.given_up = change->given_up;
	k.prepare = change->prepare;
	return k;
}

START_TEST(flaws_are_found)
{
	struct mr_kind kind = changed(&flaws[_i].change);
	char buf[MR_FLAW];
	const char *says = mr_kind_flaw(&kind, buf);

	if (!flaws[_i].says)
		ck_assert_msg(!says, "%s", says ? says : "");
	else
		ck_assert_msg(says && strstr(says, flaws[_i].says), "%s, not %s",
		              says ? says : "nothing", flaws[_i].says);
}
END_TEST

START_TEST(missing_parts)
{
	struct mr_kind kind = builtin;
	char buf[MR_FLAW];

	kind.process = NULL;
	ck_assert_ptr_nonnull(mr_kind_flaw(&kind, buf));
	ck_assert_ptr_nonnull(strstr(buf, "has inputs and no process()"));
	kind = builtin;
	kind.inputs = (const struct mr_port[]){ { 0 } };
	ck_assert_ptr_nonnull(mr_kind_flaw(&kind, buf));
	ck_assert_ptr_nonnull(strstr(buf, "has process() and no inputs"));
	kind.process = NULL;
	ck_assert_ptr_nonnull(mr_kind_flaw(&kind, buf));
	ck_assert_ptr_nonnull(strstr(buf, "neither inputs nor pull() nor timeout()"));
	kind = builtin;
	kind.inputs = NULL;
	ck_assert_ptr_nonnull(mr_kind_flaw(&kind, buf));
	ck_assert_ptr_nonnull(strstr(buf, "has no table of inputs"));
	kind = builtin;
	kind.outputs = NULL;
	ck_assert_ptr_nonnull(mr_kind_flaw(&kind, buf));
	ck_assert_ptr_nonnull(strstr(buf, "has no table of outputs"));
	kind = builtin;
	kind.name = NULL;
	ck_assert_ptr_nonnull(mr_kind_flaw(&kind, buf));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugins");
	TCase *tc = tcase_create("modules");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_good_one);
	tcase_add_loop_test(tc, a_refusal, 0, COUNT(refusals));
	tcase_add_test(tc, no_module_at_all);
	tcase_add_test(tc, one_bad_does_not_hurt_the_others);
	tcase_add_test(tc, none_of_a_refused_one_comes_back);
	tcase_add_test(tc, a_name_twice);
	tcase_add_test(tc, no_folder);
	tcase_add_test(tc, a_folder_others_write);
	tcase_add_test(tc, a_file_others_write);
	tcase_add_test(tc, a_file_of_somebody_else);
	suite_add_tcase(suite, tc);
	tc = tcase_create("descriptors");
	tcase_add_test(tc, built_in_kinds_are_well_formed);
	tcase_add_loop_test(tc, flaws_are_found, 0, COUNT(flaws));
	tcase_add_test(tc, missing_parts);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
