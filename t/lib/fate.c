/* fate.c - read rules, pick packets, draw lots. */
#include "t/lib/fate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const fate_kind_name[FATE_KINDS] = { "frame", "msg1", "msg2", "other" };
const char *const fate_verb_name[FATE_VERBS] = { "drop", "double", "delay", "hold", "corrupt", "roam" };

/* ---- reading a rule ---- */

static bool number(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

/* N, or N..M with N <= M. */
static bool range(const char *text, uint64_t *low, uint64_t *high)
{
	char first[32];
	const char *dots = strstr(text, "..");

	if (!dots) {
		*high = 0;
		return number(text, low) && ((*high = *low), true);
	}
	if ((size_t)(dots - text) >= sizeof first)
		return false;
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	return number(first, low) && number(dots + 2, high) && *low <= *high;
}

static bool percent(const char *text, uint64_t *out)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= 100)) /* nor NaN */
		return false;
	*out = (uint64_t)(value / 100 * 4294967296.0 + 0.5);
	return true;
}

static bool place(const char *text, struct fate_rule *r)
{
	char host[32];
	unsigned port;
	struct in_addr in;
	int used = 0;

	if (sscanf(text, "%31[0-9.]:%u%n", host, &port, &used) != 2 || text[used] ||
	    port > UINT16_MAX || !port || inet_pton(AF_INET, host, &in) != 1)
		return false;
	r->address = in.s_addr;
	r->port = htons((uint16_t)port);
	return true;
}

static bool among(const char *text, const char *const *names, unsigned n, int *out)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (int)i;
			return true;
		}
	}
	return false;
}

static bool read_verb(struct fate_rule *r, const char *word, const char *value)
{
	int verb;

	if (!among(word, fate_verb_name, FATE_VERBS, &verb))
		return false;
	r->verb = (enum fate_verb)verb;
	switch (r->verb) {
	case FATE_DELAY: return range(value, &r->low, &r->high) && r->high <= 60000;
	case FATE_HOLD:  return number(value, &r->low) && r->low && r->low <= 1000;
	case FATE_ROAM:  return place(value, r);
	default:         return !*value;
	}
}

static bool read_word(struct fate_rule *r, const char *word, const char *value,
                      const char *const *names, unsigned nodes)
{
	const struct {
		const char *word;
		uint64_t   *to;
	} numbers[] = {
		{ "after", &r->after }, { "until", &r->until }, { "skip", &r->skip },
		{ "every", &r->every }, { "count", &r->count },
	};

	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (strcmp(word, numbers[i].word) == 0)
			return number(value, numbers[i].to);
	}
	if (strcmp(word, "from") == 0)
		return among(value, names, nodes, &r->from);
	if (strcmp(word, "to") == 0)
		return among(value, names, nodes, &r->to);
	if (strcmp(word, "kind") == 0)
		return among(value, fate_kind_name, FATE_KINDS, &r->kind);
	if (strcmp(word, "size") == 0)
		return range(value, &r->size_low, &r->size_high);
	if (strcmp(word, "chance") == 0)
		return percent(value, &r->chance);
	r->gone = strcmp(word, "gone") == 0 && !*value && r->verb == FATE_ROAM;
	return r->gone;
}

const char *fate_parse(struct fates *f, const char *line, const char *const *names, unsigned nodes)
{
	static char wrong[160];
	struct fate_rule r = { .from = -1, .to = -1, .kind = -1, .size_high = UINT64_MAX,
		               .until = UINT64_MAX, .every = 1, .count = UINT64_MAX,
		               .chance = UINT64_C(1) << 32 };
	char text[256], *rest = text, *word;
	bool first = true;

	if (f->rules == FATE_RULES || strlen(line) >= sizeof text)
		return f->rules == FATE_RULES ? "too many rules" : "a rule too long";
	strcpy(text, line);
	while ((word = strtok_r(rest, " \t\n", &rest))) {
		char *value = strchr(word, '=');
		char none[] = "";

		if (value)
			*value++ = '\0';
		if (!(first ? read_verb(&r, word, value ? value : none)
		            : read_word(&r, word, value ? value : none, names, nodes))) {
			snprintf(wrong, sizeof wrong, "'%.40s%s%.40s' is not understood", word,
			         value ? "=" : "", value ? value : "");
			return wrong;
		}
		first = false;
	}
	if (first || !r.every || (r.verb == FATE_ROAM && r.from < 0))
		return first ? "an empty rule" : r.every ? "roam of which node?" : "every=0";
	f->rule[f->rules++] = r;
	return NULL;
}

/* ---- deciding ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15u;
	return a ^ a >> 32;
}

/* The same for the same seed, rule, direction, n and purpose. */
static uint64_t draw(const struct fates *f, unsigned rule, const struct fate_packet *p, uint64_t n,
                     unsigned purpose)
{
	uint64_t h = mix(f->seed + 0x51ed270b, (uint64_t)rule << 16 | p->from << 8 | p->to);

	h = mix(mix(h, n), purpose);
	return mix(h, h >> 17);
}

static bool in_force(const struct fate_rule *r, uint64_t ms)
{
	return ms >= r->after && ms < r->until;
}

static bool picks(const struct fate_rule *r, const struct fate_packet *p)
{
	return (r->from < 0 || r->from == (int)p->from) && (r->to < 0 || r->to == (int)p->to) &&
	       (r->kind < 0 || r->kind == (int)p->kind) && p->size >= r->size_low &&
	       p->size <= r->size_high && in_force(r, p->ms);
}

static void apply(const struct fates *f, unsigned rule, const struct fate_packet *p, uint64_t n,
                  struct fate *fate)
{
	const struct fate_rule *r = &f->rule[rule];
	uint64_t lot = draw(f, rule, p, n, 1);

	fate->verbs |= 1u << r->verb;
	switch (r->verb) {
	case FATE_DROP:    fate->drop = true; break;
	case FATE_DOUBLE:  fate->copies++; break;
	case FATE_DELAY:
		fate->delay_us += r->low * 1000 + lot % ((r->high - r->low) * 1000 + 1);
		break;
	case FATE_HOLD:    fate->hold += (unsigned)r->low; break;
	case FATE_CORRUPT: fate->bit = lot % (8 * p->size); break;
	default:           break;
	}
}

struct fate fate_decide(struct fates *f, const struct fate_packet *p)
{
	struct fate fate = { 0 };

	for (unsigned i = 0; i < f->rules && !fate.drop; i++) {
		struct fate_rule *r = &f->rule[i];
		uint64_t n;

		if (r->verb == FATE_ROAM || !picks(r, p))
			continue;
		n = r->picked[p->from][p->to]++;
		if (n < r->skip || (n - r->skip) % r->every ||
		    draw(f, i, p, n, 0) >> 32 >= r->chance || r->done[p->from][p->to] >= r->count)
			continue;
		r->done[p->from][p->to]++;
		apply(f, i, p, n, &fate);
	}
	return fate;
}

const struct fate_rule *fate_roams(const struct fates *f, unsigned node, uint64_t ms)
{
	for (unsigned i = f->rules; i-- > 0;) {
		const struct fate_rule *r = &f->rule[i];

		if (r->verb == FATE_ROAM && r->from == (int)node && in_force(r, ms))
			return r;
	}
	return NULL;
}
