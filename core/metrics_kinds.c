/* metrics_kinds - the counters that kinds bring along, named for Prometheus. */
#include "core/metrics.h"

#include <stdbool.h>
#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Words joined by '_', in characters a name may have.  The word "us", which Prometheus takes for
 * microseconds, is "here". */
static void add_word(char *name, size_t room, const char *word)
{
	size_t n = strlen(name), len;

	if (n > 0 && n + 1 < room)
		name[n++] = '_';
	for (; *word && n + 1 < room; word += len ? len : 1) {
		len = strspn(word, letters);
		if (len == 2 && strncmp(word, "us", 2) == 0)
			snprintf(name + n, room - n, "here");
		else
			snprintf(name + n, room - n, "%.*s", len ? (int)len : 1, len ? word : "_");
		n += strlen(name + n);
	}
	name[n] = '\0';
}

/* Does the name end with this word? */
static bool says(const char *name, const char *word)
{
	size_t n = strlen(name), len = strlen(word);

	return n > len && name[n - len - 1] == '_' && strcmp(name + n - len, word) == 0;
}

/* millrace_<kind>_<counter>[_<unit>]_total, the unit once */
static enum mr_prom_unit name_counter(char *name, size_t room, const struct mr_kind *kind,
                              const struct mr_named *counter)
{
	bool time = counter->unit && strcmp(counter->unit, "ns") == 0;

	name[0] = '\0';
	add_word(name, room, "millrace");
	add_word(name, room, kind->name);
	add_word(name, room, counter->name);
	if (counter->unit && !says(name, counter->unit))
		add_word(name, room, time ? "seconds" : counter->unit);
	add_word(name, room, "total");
	return time ? MR_PROM_SECONDS : MR_PROM_COUNT;
}

static void put_counter(FILE *f, const struct mr_view *v, const struct mr_kind *kind, unsigned n)
{
	char name[256];
	enum mr_prom_unit unit = name_counter(name, sizeof name, kind, &kind->counters[n]);

	mr_prom_family(f, name, "counter", kind->counters[n].help ? kind->counters[n].help : "");
	for (unsigned i = 0; i < v->stages; i++) {
		if (v->stage[i].kind != kind)
			continue;
		mr_metrics_stage(f, name, &v->stage[i]);
		mr_prom_end(f, v->stage[i].counter[n], unit);
	}
}

static bool is_first_of_kind(const struct mr_view *v, unsigned stage)
{
	for (unsigned i = 0; i < stage; i++)
		if (v->stage[i].kind == v->stage[stage].kind)
			return false;
	return true;
}

void mr_metrics_counters(FILE *f, const struct mr_view *v)
{
	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_kind *kind = v->stage[i].kind;

		if (!is_first_of_kind(v, i))
			continue;
		for (unsigned n = 0; kind->counters && kind->counters[n].name; n++)
			put_counter(f, v, kind, n);
	}
}
