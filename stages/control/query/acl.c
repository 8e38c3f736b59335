/* acl - the access lists in force (operations.md 9.3). */
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/parts.h"

/* Of which nodes the lists speak, as one word (operations.md 4.3). */
static const char *mode_of(const struct fips_access *allow, const struct fips_access *deny)
{
	if (allow->all)
		return "allow_all";
	if (allow->n && deny->all)
		return "allow_then_deny_all";
	if (allow->n && deny->n)
		return "allow_then_deny";
	if (allow->n)
		return "allowlist";
	if (deny->all)
		return "deny_all";
	return deny->n ? "denylist" : "default_open";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Each text once, in order. */
static void put_sorted(json_t *list, char (*text)[FIPS_HOST_LEN], unsigned n)
{
	qsort(text, n, sizeof *text, by_text);
	for (unsigned i = 0; i < n; i++) {
		if (i == 0 || strcmp(text[i], text[i - 1]))
			json_array_append_new(list, json_string(text[i]));
	}
}

static const uint8_t *key_of(const struct control *c, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < c->access.hosts.n; i++)
		if (fips_addr_eq(&c->access.hosts.host[i].addr, addr))
			return c->access.hosts.host[i].xonly;
	for (unsigned i = 0; i < c->set.config.n_peers; i++)
		if (fips_addr_eq(&c->set.peers[i].addr, addr))
			return c->set.peers[i].pub + 1;
	return NULL;
}

/* The npub an entry means: the entry, or that of the node it names. */
static void npub_of(const struct control *c, const struct fips_access *list, unsigned i,
                    char text[FIPS_HOST_LEN])
{
	const uint8_t *key;

	memcpy(text, list->word[i], FIPS_HOST_LEN);
	key = strncmp(text, "npub1", 5) ? key_of(c, &list->addr[i]) : NULL;
	if (key)
		fips_npub_format(key, text);
}

static void put_entries(const struct query *q, json_t *o, const struct fips_access *list,
                        const char *words, const char *npubs)
{
	char(*text)[FIPS_HOST_LEN] = calloc(list->n + 1, sizeof *text);
	json_t *as_written = put_list(o, words), *meant = put_list(o, npubs);

	if (!text)
		return;
	if (list->n)
		memcpy(text, list->word, list->n * sizeof *text);
	put_sorted(as_written, text, list->n);
	for (unsigned i = 0; i < list->n; i++)
		npub_of(q->control, list, i, text[i]);
	put_sorted(meant, text, list->n);
	free(text);
}

json_t *show_acl(struct query *q)
{
	const struct control *c = q->control;
	const struct fips_access *allow = &c->access.allow, *deny = &c->access.deny;
	json_t *o = json_object();

	put_text(o, "allow_file", c->set.file[CONTROL_ALLOW]);
	put_text(o, "deny_file", c->set.file[CONTROL_DENY]);
	put_bool(o, "enforcement_active", allow->all || allow->n || deny->all || deny->n);
	put_text(o, "effective_mode", mode_of(allow, deny));
	put_text(o, "default_decision", deny->all && !allow->all ? "deny" : "allow");
	put_bool(o, "allow_all", allow->all);
	put_bool(o, "deny_all", deny->all);
	put_entries(q, o, allow, "allow_file_entries", "allow_entries");
	put_entries(q, o, deny, "deny_file_entries", "deny_entries");
	return o;
}
