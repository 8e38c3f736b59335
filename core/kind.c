/* kind.c - is a descriptor what the runtime takes it for?
 *
 * Kinds come from modules that somebody else compiled.  What the engine would trip over is found
 * here, once, before anything is run: names and tables first, then settings, ports, and callbacks.
 */
#include "core/plugins.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#define NAME_LEN  31
#define NAMED_MAX 256 /* drops, counters or settings in one table, at most */
#define DEPTH_MAX 8   /* of settings within settings                        */

/* A sentence under way: the first flaw stays. */
struct flaw {
	char *text; /* MR_FLAW bytes */
	bool  found;
};

static void say(struct flaw *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct flaw *f, const char *fmt, ...)
{
	va_list ap;

	if (f->found)
		return;
	f->found = true;
	va_start(ap, fmt);
	vsnprintf(f->text, MR_FLAW, fmt, ap);
	va_end(ap);
}

bool mr_name_well_formed(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= NAME_LEN && !name[n] && name[0] >= 'a' && name[0] <= 'z' &&
	       name[n - 1] != '-' && !strstr(name, "--");
}

static void check_name(struct flaw *f, const char *what, const char *name)
{
	if (!name)
		say(f, "does not name its %s", what);
	else if (!mr_name_well_formed(name))
		say(f, "calls its %s \"%.40s\": a name is up to %d lower-case letters, digits and "
		       "single '-'", what, name, NAME_LEN);
}

static void check_line(struct flaw *f, const char *what, const char *line)
{
	if (!line || !*line || strchr(line, '\n'))
		say(f, "has no %s of one line", what);
}

/* ---- drops and counters ---- */

static void check_named(struct flaw *f, const char *what, const struct mr_named *table)
{
	unsigned n = 0;

	for (; table && table[n].name && n < NAMED_MAX; n++) {
		check_name(f, what, table[n].name);
		if (!table[n].help)
			say(f, "does not say what its %s %s is", what, table[n].name);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(table[i].name, table[n].name))
				say(f, "has two %ss named %s", what, table[n].name);
	}
	if (n == NAMED_MAX)
		say(f, "has %d %ss or more, or a table without an end", NAMED_MAX, what);
}

static bool has_named(const struct mr_named *table, unsigned index)
{
	for (unsigned i = 0; i <= index; i++) {
		if (!table || !table[i].name)
			return false;
	}
	return true;
}

/* ---- settings ---- */

static size_t size_of(enum mr_type type)
{
	static const size_t size[] = {
		[MR_BOOL] = sizeof(bool), [MR_U32] = sizeof(uint32_t), [MR_U64] = sizeof(uint64_t),
		[MR_POW2] = sizeof(uint32_t), [MR_REAL] = sizeof(double),
		[MR_WORD] = sizeof(unsigned), [MR_TEXT] = sizeof(char *),
		[MR_LIST] = sizeof(struct mr_list), [MR_NUMBERS] = sizeof(struct mr_list),
	};

	return (size_t)type < sizeof size / sizeof *size ? size[type] : 0;
}

static void check_fields(struct flaw *f, const struct mr_field *fields, size_t room, unsigned depth);

static void check_range(struct flaw *f, const struct mr_field *field)
{
	uint64_t words = 0, max = field->max;

	if (field->type == MR_WORD && !field->words) {
		say(f, "has a setting %s without its words", field->name);
		return;
	}
	if (field->type == MR_WORD) {
		while (field->words[words])
			words++;
		if (field->def >= words)
			say(f, "has a setting %s whose default is none of its words", field->name);
		return;
	}
	if (field->type == MR_U32 || field->type == MR_POW2)
		max = max ? max : UINT32_MAX;
	else if (field->type == MR_U64)
		max = max ? max : UINT64_MAX;
	else
		return;
	if (field->min > max || (!field->required && (field->def < field->min || field->def > max)))
		say(f, "has a setting %s whose default is out of its range", field->name);
}

/* Pages and editors are told of the rule by its schema, tests by what it refuses. */
static void check_rule(struct flaw *f, const struct mr_field *field)
{
	const struct mr_field_rule *rule = field->rule;
	json_t *schema;

	if (!rule)
		return;
	if (!(rule->bad && *rule->bad) && !(rule->unseen && *rule->unseen))
		say(f, "has a setting %s with a rule and no example of what that refuses",
		    field->name);
	if (!rule->schema)
		return;
	schema = json_loads(rule->schema, 0, NULL);
	if (!json_is_object(schema))
		say(f, "has a setting %s whose rule has a schema that is no JSON object", field->name);
	json_decref(schema);
}

static void check_field(struct flaw *f, const struct mr_field *field, size_t room, unsigned depth)
{
	size_t size = size_of(field->type);

	if (field->type < MR_BOOL || field->type > MR_LATER)
		say(f, "has a setting %s of a type that is none", field->name);
	else if (!field->help && field->type != MR_LATER && field->type != MR_GROUP)
		say(f, "does not say what its setting %s is", field->name);
	else if (field->at > room || size > room - field->at)
		say(f, "has a setting %s that lies outside of its state", field->name);
	else if ((field->type == MR_GROUP || field->type == MR_LIST) &&
	         (!field->of || depth == DEPTH_MAX))
		say(f, "has a setting %s without a table of its own", field->name);
	else if (field->type == MR_GROUP)
		check_fields(f, field->of, room - field->at, depth + 1);
	else if (field->type == MR_LIST)
		check_fields(f, field->of, field->item, depth + 1);
	else
		check_range(f, field);
	check_rule(f, field);
}

static void check_fields(struct flaw *f, const struct mr_field *fields, size_t room, unsigned depth)
{
	unsigned n = 0;

	for (; fields && fields[n].name && n < NAMED_MAX && !f->found; n++) {
		check_field(f, &fields[n], room, depth);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(fields[i].name, fields[n].name))
				say(f, "has two settings named %s", fields[n].name);
	}
	if (n == NAMED_MAX)
		say(f, "has %d settings or more, or a table without an end", NAMED_MAX);
}

static void check_sections(struct flaw *f, const struct mr_section *sections)
{
	for (unsigned n = 0; sections && sections[n].path && !f->found; n++) {
		if (n == NAMED_MAX || !sections[n].fields)
			say(f, "has a part of the node file without settings, or a table without an end");
		else if (sections[n].size)
			check_fields(f, sections[n].fields, sections[n].size, 0);
	}
}

/* ---- ports ---- */

static unsigned check_ports(struct flaw *f, const char *what, const struct mr_port *ports)
{
	unsigned n = 0;

	if (!ports)
		say(f, "has no table of %ss (an empty one ends with { 0 })", what);
	for (; ports && n <= MR_PORTS_MAX && ports[n].name; n++) {
		check_name(f, what, ports[n].name);
		if (!ports[n].view)
			say(f, "does not say what a packet is on its %s %s", what, ports[n].name);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(ports[i].name, ports[n].name))
				say(f, "has two %ss named %s", what, ports[n].name);
	}
	if (n > MR_PORTS_MAX)
		say(f, "has more than %d %ss, or a table without an end", MR_PORTS_MAX, what);
	return n;
}

static void check_reaches(struct flaw *f, const struct mr_kind *k, unsigned inputs, unsigned outputs)
{
	unsigned in = 0, out = 0;

	for (unsigned i = 0; i < inputs; i++) {
		uint32_t reaches = k->inputs[i].reaches;

		if (reaches != MR_ALL_OUTPUTS && reaches >> outputs)
			say(f, "has an input %s that reaches outputs it does not have", k->inputs[i].name);
		in += k->inputs[i].passes;
	}
	for (unsigned i = 0; i < outputs; i++) {
		if (k->outputs[i].reaches)
			say(f, "has an output %s that reaches something", k->outputs[i].name);
		out += k->outputs[i].passes && !k->outputs[i].aside;
	}
	if (!in != !out)
		say(f, "passes packets on by an input or an output without its counterpart");
}

/* ---- the whole ---- */

static void check_callbacks(struct flaw *f, const struct mr_kind *k, unsigned inputs)
{
	if (inputs && !k->process)
		say(f, "has inputs and no process()");
	else if (!inputs && k->process)
		say(f, "has process() and no inputs");
	else if (!inputs && !k->pull && !k->timeout && !k->host)
		say(f, "has neither inputs nor pull() nor timeout()");
	else if (!k->deadline != !k->timeout)
		say(f, "has one of deadline() and timeout() without the other");
	else if (k->keeps && !k->flush)
		say(f, "keeps packets and has no flush() to give them back");
	else if (k->keeps > UINT16_MAX + 1u)
		say(f, "keeps more than %u packets", UINT16_MAX + 1u);
	else if (k->event && !k->host)
		say(f, "has event() and is no host");
	else if ((k->prepare || k->commit) && (!k->host || !k->prepare || !k->commit))
		say(f, "has one of prepare() and commit() without the other, or is no host");
	else if (k->give && (!k->keeps || !has_named(k->drops, k->given_up)))
		say(f, "has give() and keeps nothing, or no drop for what finds no place");
}

static void check_affinities(struct flaw *f, const struct mr_kind *k)
{
	uint32_t known = MR_OUT(MR_DEAL + 1) - 1;
	bool flows = (k->affinities | k->shards) & MR_OUT(MR_FLOW);

	if ((k->affinities | k->shards) & ~known)
		say(f, "has an affinity that there is none of");
	else if (k->shards & ~(k->affinities ? k->affinities : MR_OUT(MR_ANY)))
		say(f, "is picked among replicas by an affinity it does not work with");
	else if (flows != (k->flow != NULL))
		say(f, "has one of affinity flow and flow() without the other");
}

static void check_resources(struct flaw *f, const struct mr_resource *const *uses)
{
	for (; uses && *uses && !f->found; uses++) {
		check_name(f, "resource", (*uses)->name);
		check_sections(f, (*uses)->sections);
	}
}

const char *mr_kind_flaw(const struct mr_kind *k, char buf[MR_FLAW])
{
	struct flaw f = { .text = buf };
	unsigned inputs, outputs;

	if (k->abi != MR_ABI) {
		say(&f, "is built for ABI %u, and this program has %d", k->abi, MR_ABI);
		return buf;
	}
	check_line(&f, "summary", k->summary);
	if (!k->name || !mr_name_well_formed(k->name))
		say(&f, "has no name that a graph file could use");
	inputs = check_ports(&f, "input", k->inputs);
	outputs = check_ports(&f, "output", k->outputs);
	if (!f.found)
		check_reaches(&f, k, inputs, outputs);
	check_named(&f, "drop", k->drops);
	check_named(&f, "counter", k->counters);
	check_fields(&f, k->fields, k->size, 0);
	check_sections(&f, k->sections);
	check_resources(&f, k->uses);
	check_callbacks(&f, k, inputs);
	check_affinities(&f, k);
	return f.found ? buf : NULL;
}

const char *mr_aead_flaw(const struct mr_aead *a, char buf[MR_FLAW])
{
	struct flaw f = { .text = buf };

	if (!a->name || !mr_name_well_formed(a->name))
		say(&f, "has no name that a setting could use");
	check_line(&f, "summary", a->summary);
	if (!a->prepare || !a->release || !a->seal || !a->open)
		say(&f, "lacks one of prepare(), release(), seal() and open()");
	return f.found ? buf : NULL;
}
