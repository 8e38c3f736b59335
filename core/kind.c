/* kind.c - is a descriptor what the runtime takes it for?
 *
 * Kinds come from modules that somebody else compiled.  What the engine would trip over is found
 * here, once, before anything is run: names and tables first, then ports, settings
 * (kind_settings.c) and callbacks.
 */
#include "core/kind_parts.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "core/plugins.h"

#define NAME_LEN 31

void mr_flaw_say(struct mr_flaw *f, const char *fmt, ...)
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

static void check_name(struct mr_flaw *f, const char *what, const char *name)
{
	if (!name)
		mr_flaw_say(f, "does not name its %s", what);
	else if (!mr_name_well_formed(name))
		mr_flaw_say(f, "calls its %s \"%.40s\": a name is up to %d lower-case letters, digits and "
		       "single '-'", what, name, NAME_LEN);
}

static bool is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

void mr_flaw_line(struct mr_flaw *f, const char *what, const char *line)
{
	if (!line || !*line || strchr(line, '\n') || !is_utf8(line))
		mr_flaw_say(f, "has no %s of one line", what);
}

void mr_flaw_told(struct mr_flaw *f, const char *what, const char *name, const char *text)
{
	if (!text)
		mr_flaw_say(f, "does not say what its %s %s is", what, name);
	else if (!is_utf8(text))
		mr_flaw_say(f, "says what its %s %s is in text that is not UTF-8", what, name);
}

/* ---- drops and counters ---- */

static void check_named(struct mr_flaw *f, const char *what, const struct mr_named *table)
{
	unsigned n = 0;

	for (; table && table[n].name && n < MR_NAMED_MAX; n++) {
		check_name(f, what, table[n].name);
		mr_flaw_told(f, what, table[n].name, table[n].help);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(table[i].name, table[n].name))
				mr_flaw_say(f, "has two %ss named %s", what, table[n].name);
	}
	if (n == MR_NAMED_MAX)
		mr_flaw_say(f, "has %d %ss or more, or a table without an end", MR_NAMED_MAX, what);
}

static bool has_named(const struct mr_named *table, unsigned index)
{
	for (unsigned i = 0; i <= index; i++) {
		if (!table || !table[i].name)
			return false;
	}
	return true;
}

/* ---- ports ---- */

static unsigned check_ports(struct mr_flaw *f, const char *what, const struct mr_port *ports)
{
	unsigned n = 0;

	if (!ports)
		mr_flaw_say(f, "has no table of %ss (an empty one ends with { 0 })", what);
	for (; ports && n <= MR_PORTS_MAX && ports[n].name; n++) {
		check_name(f, what, ports[n].name);
		if (!ports[n].view)
			mr_flaw_say(f, "does not say what a packet is on its %s %s", what,
			            ports[n].name);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(ports[i].name, ports[n].name))
				mr_flaw_say(f, "has two %ss named %s", what, ports[n].name);
	}
	if (n > MR_PORTS_MAX)
		mr_flaw_say(f, "has more than %d %ss, or a table without an end", MR_PORTS_MAX,
		            what);
	return n;
}

static void check_reaches(struct mr_flaw *f, const struct mr_kind *k, unsigned inputs,
                          unsigned outputs)
{
	unsigned in = 0, out = 0;

	for (unsigned i = 0; i < inputs; i++) {
		uint32_t reaches = k->inputs[i].reaches;

		if (reaches != MR_ALL_OUTPUTS && reaches >> outputs)
			mr_flaw_say(f, "has an input %s that reaches outputs it does not have",
			            k->inputs[i].name);
		in += k->inputs[i].passes;
	}
	for (unsigned i = 0; i < outputs; i++) {
		if (k->outputs[i].reaches)
			mr_flaw_say(f, "has an output %s that reaches something",
			            k->outputs[i].name);
		out += k->outputs[i].passes && !k->outputs[i].aside;
	}
	if (!in != !out)
		mr_flaw_say(f, "passes packets on by an input or an output without its counterpart");
}

/* ---- the whole ---- */

static void check_callbacks(struct mr_flaw *f, const struct mr_kind *k, unsigned inputs)
{
	if (inputs && !k->process)
		mr_flaw_say(f, "has inputs and no process()");
	else if (!inputs && k->process)
		mr_flaw_say(f, "has process() and no inputs");
	else if (!inputs && !k->pull && !k->timeout && !k->host)
		mr_flaw_say(f, "has neither inputs nor pull() nor timeout()");
	else if (!k->deadline != !k->timeout)
		mr_flaw_say(f, "has one of deadline() and timeout() without the other");
	else if (k->keeps && !k->flush)
		mr_flaw_say(f, "keeps packets and has no flush() to give them back");
	else if (k->keeps > UINT16_MAX + 1u)
		mr_flaw_say(f, "keeps more than %u packets", UINT16_MAX + 1u);
	else if (k->event && !k->host)
		mr_flaw_say(f, "has event() and is no host");
	else if ((k->prepare || k->commit) && (!k->host || !k->prepare || !k->commit))
		mr_flaw_say(f, "has one of prepare() and commit() without the other, or is no host");
	else if (k->give && (!k->keeps || !has_named(k->drops, k->given_up)))
		mr_flaw_say(f, "has give() and keeps nothing, or no drop for what finds no place");
}

static void check_affinities(struct mr_flaw *f, const struct mr_kind *k)
{
	uint32_t known = MR_OUT(MR_DEAL + 1) - 1;
	bool flows = (k->affinities | k->shards) & MR_OUT(MR_FLOW);

	if ((k->affinities | k->shards) & ~known)
		mr_flaw_say(f, "has an affinity that there is none of");
	else if (k->shards & ~(k->affinities ? k->affinities : MR_OUT(MR_ANY)))
		mr_flaw_say(f, "is picked among replicas by an affinity it does not work with");
	else if (flows != (k->flow != NULL))
		mr_flaw_say(f, "has one of affinity flow and flow() without the other");
}

static void check_resources(struct mr_flaw *f, const struct mr_resource *const *uses)
{
	for (; uses && *uses && !f->found; uses++) {
		check_name(f, "resource", (*uses)->name);
		mr_flaw_line(f, "summary of a resource", (*uses)->summary);
		mr_flaw_sections(f, (*uses)->sections);
	}
}

const char *mr_kind_flaw(const struct mr_kind *k, char buf[MR_FLAW])
{
	struct mr_flaw f = { .text = buf };
	unsigned inputs, outputs;

	if (k->abi != MR_ABI) {
		mr_flaw_say(&f, "is built for ABI %u, and this program has %d", k->abi, MR_ABI);
		return buf;
	}
	mr_flaw_line(&f, "summary", k->summary);
	if (k->takes)
		mr_flaw_line(&f, "word for what it took", k->takes);
	if (!k->name || !mr_name_well_formed(k->name))
		mr_flaw_say(&f, "has no name that a graph file could use");
	inputs = check_ports(&f, "input", k->inputs);
	outputs = check_ports(&f, "output", k->outputs);
	if (!f.found)
		check_reaches(&f, k, inputs, outputs);
	check_named(&f, "drop", k->drops);
	check_named(&f, "counter", k->counters);
	mr_flaw_settings(&f, k->fields, k->size);
	mr_flaw_sections(&f, k->sections);
	check_resources(&f, k->uses);
	check_callbacks(&f, k, inputs);
	check_affinities(&f, k);
	return f.found ? buf : NULL;
}

const char *mr_aead_flaw(const struct mr_aead *a, char buf[MR_FLAW])
{
	struct mr_flaw f = { .text = buf };

	if (!a->name || !mr_name_well_formed(a->name))
		mr_flaw_say(&f, "has no name that a setting could use");
	mr_flaw_line(&f, "summary", a->summary);
	if (!a->prepare || !a->release || !a->seal || !a->open)
		mr_flaw_say(&f, "lacks one of prepare(), release(), seal() and open()");
	return f.found ? buf : NULL;
}
