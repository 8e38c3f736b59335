/* aead - the choice of the AEAD provider at start, and the setting that narrows it. */
#include "cli/aead.h"

#include <inttypes.h>
#include <string.h>

#define BETWEEN ", \t"

/* The next name of a list; its length, 0 at the end. */
static size_t next_name(const char **list)
{
	*list += strspn(*list, BETWEEN);
	return strcspn(*list, BETWEEN);
}

static bool is(const char *name, const char *at, size_t n)
{
	return strlen(name) == n && !memcmp(name, at, n);
}

static bool names(const char *list, const char *name)
{
	for (size_t n; list && (n = next_name(&list)) > 0; list += n)
		if (is(name, list, n))
			return true;
	return false;
}

const char *cli_aead_refuse_rule(const void *member)
{
	const char *list = *(const char *const *)member;

	return names(list, mr_aead_builtin[0]->name) ? "names the one that is built in, which is "
	                                               "what is left when all others are refused"
	                                             : NULL;
}

/* A word misspelt would refuse nothing and say nothing. */
void cli_aead_warn_unknown(const struct mr_aead *const *all, const char *refuse,
                           struct mr_where where, struct mr_report *report)
{
	for (size_t n; refuse && (n = next_name(&refuse)) > 0; refuse += n) {
		const struct mr_aead *const *p = all;

		while (*p && !is((*p)->name, refuse, n))
			p++;
		if (!*p)
			mr_warn(report, where, "names %.*s, and there is no such provider", (int)n,
			        refuse);
	}
}

/* That a processor lacks something is no reason to warn; that an answer is wrong is one. */
static void tell(const struct mr_aead_score *s, bool chosen, const struct mr_log *log)
{
	bool usable = !s->provider->usable || s->provider->usable();

	if (s->refused)
		mr_log(log, usable ? MR_LOG_WARN : MR_LOG_INFO, "AEAD %s is not used: %s",
		       s->provider->name, s->refused);
	else
		mr_log(log, MR_LOG_INFO,
		       "AEAD %s: %" PRIu64 " ns to seal, %" PRIu64 " ns to open 1400 bytes%s",
		       s->provider->name, s->ns_seal, s->ns_open, chosen ? "; chosen" : "");
}

const struct mr_aead *cli_aead_choose(const struct mr_aead *const *all, const char *refuse,
                                      uint64_t (*now)(void), const struct mr_log *log)
{
	const struct mr_aead *may[MR_AEAD_MAX + 1] = { NULL }, *chosen;
	struct mr_aead_score score[MR_AEAD_MAX];
	unsigned n = 0;

	for (const struct mr_aead *const *p = all; *p && n < MR_AEAD_MAX; p++) {
		if (p == all || !names(refuse, (*p)->name))
			may[n++] = *p;
		else
			mr_log(log, MR_LOG_INFO, "AEAD %s is not used: aead.refuse names it",
			       (*p)->name);
	}
	chosen = mr_aead_choose(may, now, score, &n);
	for (unsigned i = 0; i < n; i++)
		tell(&score[i], score[i].provider == chosen, log);
	return chosen;
}
