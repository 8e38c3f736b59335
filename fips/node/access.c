/* access.c - lines, words, and what they mean; see access.h. */

#include "fips/node/access.h"

#include <stdlib.h>
#include <string.h>

#define LINE 256 /* bytes of a line without its comment, and a NUL */

struct lines {
	const char *at, *end;
	unsigned    number;
	char        text[LINE]; /* the line without comment, white space around it, and end */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool fips_same_name(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The next line that says anything; false at the end.  What is wrong with it leaves it out. */
static bool next_line(struct lines *l, const struct fips_reader *r)
{
	while (l->at < l->end) {
		const char *from = l->at, *to = memchr(from, '\n', (size_t)(l->end - from));
		const char *comment;

		if (!to)
			to = l->end;
		l->at = to + (to < l->end);
		l->number++;
		comment = memchr(from, '#', (size_t)(to - from));
		if (comment)
			to = comment;
		while (from < to && is_space(*from))
			from++;
		while (to > from && is_space(to[-1]))
			to--;
		if (from == to)
			continue;
		if (to - from >= LINE || memchr(from, '\0', (size_t)(to - from))) {
			r->wrong(r->self, l->number, "is no line of text, or too long");
			continue;
		}
		memcpy(l->text, from, (size_t)(to - from));
		l->text[to - from] = '\0';
		return true;
	}
	return false;
}

/* Cut behind the first word; what follows it, or "". */
static char *second_word(char *text)
{
	while (*text && !is_space(*text))
		text++;
	while (is_space(*text))
		*text++ = '\0';
	return text;
}

/* '_' is ours: the reference has none (session.md 5.8). */
bool fips_is_name(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		char c = lower(text[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return n > 0 && n < FIPS_HOST_LEN;
}

/* Room for one more of `size` bytes behind n; NULL: none. */
static void *grow(void *list, unsigned n, size_t size)
{
	bool full = n == 0 || (n >= 8 && (n & (n - 1)) == 0);

	return full ? realloc(list, (n < 8 ? 8 : 2 * n) * size) : list;
}

static bool is_over(unsigned n, unsigned line, const struct fips_reader *r)
{
	if (n < FIPS_ACCESS_MAX)
		return false;
	r->wrong(r->self, line, "is beyond the most there may be; the rest is left out");
	return true;
}

static const char *entry(const struct fips_reader *r, char *text, struct fips_addr *addr)
{
	const struct fips_addr *known;
	uint8_t pub[FIPS_PUB_LEN];
	const char *wrong;

	if (*second_word(text))
		return "has more than one word";
	if (strncmp(text, "npub1", 5) == 0) {
		wrong = fips_npub_parse(text, r->curve, pub);
		if (!wrong)
			*addr = fips_addr_of_key(pub + 1);
		return wrong;
	}
	if (!fips_is_name(text))
		return "is neither an npub nor a name nor ALL";
	known = r->whose(r->self, text);
	if (!known)
		return "is a name that nobody has";
	*addr = *known;
	return NULL;
}

/* The word is an npub or a name, neither of which is longer than it may be. */
static bool add_entry(struct fips_access *out, const struct fips_addr *addr, const char *word)
{
	struct fips_addr *list = grow(out->addr, out->n, sizeof *list);
	char(*words)[FIPS_HOST_LEN];

	if (!list)
		return false;
	out->addr = list;
	words = grow(out->word, out->n, sizeof *words);
	if (!words)
		return false;
	out->word = words;
	memset(words[out->n], 0, sizeof *words);
	memcpy(words[out->n], word, strnlen(word, sizeof *words - 1));
	list[out->n++] = *addr;
	return true;
}

bool fips_access_parse(struct fips_access *out, const char *text, size_t n,
                       const struct fips_reader *r)
{
	struct lines l = { .at = text, .end = text + n };

	while (next_line(&l, r)) {
		struct fips_addr addr;
		const char *wrong;

		if (fips_same_name(l.text, "all")) {
			out->all = true;
			continue;
		}
		wrong = entry(r, l.text, &addr);
		if (wrong) {
			r->wrong(r->self, l.number, wrong);
			continue;
		}
		if (is_over(out->n, l.number, r))
			return true;
		if (!add_entry(out, &addr, l.text))
			return false;
	}
	return true;
}

static const char *host(const struct fips_reader *r, char *text, struct fips_host *out)
{
	char *npub = second_word(text);
	uint8_t pub[FIPS_PUB_LEN];
	const char *wrong;

	if (!*npub || *second_word(npub))
		return "is not a name and an npub";
	if (!fips_is_name(text))
		return "begins with what is no name";
	wrong = fips_npub_parse(npub, r->curve, pub);
	if (wrong)
		return wrong;
	out->addr = fips_addr_of_key(pub + 1);
	memcpy(out->xonly, pub + 1, sizeof out->xonly);
	for (unsigned i = 0; i <= strlen(text); i++)
		out->name[i] = lower(text[i]);
	return NULL;
}

bool fips_hosts_parse(struct fips_hosts *out, const char *text, size_t n,
                      const struct fips_reader *r)
{
	struct lines l = { .at = text, .end = text + n };

	while (next_line(&l, r)) {
		struct fips_host one = { 0 }, *list;
		const char *wrong = host(r, l.text, &one);

		if (wrong) {
			r->wrong(r->self, l.number, wrong);
			continue;
		}
		if (is_over(out->n, l.number, r))
			return true;
		list = grow(out->host, out->n, sizeof *list);
		if (!list)
			return false;
		out->host = list;
		list[out->n++] = one;
	}
	return true;
}

void fips_access_free(struct fips_access *list)
{
	free(list->addr);
	free(list->word);
	*list = (struct fips_access){ 0 };
}

void fips_hosts_free(struct fips_hosts *hosts)
{
	free(hosts->host);
	*hosts = (struct fips_hosts){ 0 };
}

static bool is_listed(const struct fips_access *list, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < list->n; i++)
		if (fips_addr_eq(&list->addr[i], addr))
			return true;
	return list->all;
}

bool fips_access_admits(const struct fips_access *allow, const struct fips_access *deny,
                        const struct fips_addr *addr)
{
	return is_listed(allow, addr) || !is_listed(deny, addr);
}

const struct fips_addr *fips_hosts_addr(const struct fips_hosts *hosts, const char *name)
{
	for (unsigned i = 0; i < hosts->n; i++)
		if (fips_same_name(hosts->host[i].name, name))
			return &hosts->host[i].addr;
	return NULL;
}

const char *fips_hosts_name(const struct fips_hosts *hosts, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < hosts->n; i++)
		if (fips_addr_eq(&hosts->host[i].addr, addr))
			return hosts->host[i].name;
	return NULL;
}
