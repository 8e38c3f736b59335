/* domain.c - see domain.h. */

#include "stages/control/domain.h"

#include <string.h>

#include "stages/control/state.h"

#define DOMAIN ".fips"
#define LABEL  63 /* bytes, at most (RFC 1035 2.3.4): an npub is just as long */

struct mr_domain_settings mr_domain_settings(const void *control)
{
	const struct control_settings *set = &((const struct control *)control)->set;

	return (struct mr_domain_settings){ .enabled = set->dns, .bind = set->dns_bind,
		                            .port = set->dns_port, .ttl = set->dns_ttl };
}

const uint8_t *mr_control_key_of(const struct control *c, const char *name)
{
	for (unsigned i = 0; i < c->access.hosts.n; i++)
		if (fips_same_name(c->access.hosts.host[i].name, name))
			return c->access.hosts.host[i].xonly;
	for (unsigned i = 0; i < c->set.config.n_peers; i++)
		if (c->set.peers[i].alias[0] && fips_same_name(c->set.peers[i].alias, name))
			return c->set.peers[i].pub + 1;
	return NULL;
}

/* What stands before the domain, in lower case.
 * False: another domain's name, or one below a label. */
static bool label_of(const char *name, char out[LABEL + 1])
{
	size_t n = strlen(name), tail = strlen(DOMAIN);

	if (n <= tail || n - tail > LABEL || !fips_same_name(name + n - tail, DOMAIN))
		return false;
	n -= tail;
	if (memchr(name, '.', n))
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
	out[n] = '\0';
	return true;
}

static bool key_of_label(const struct control *c, const char *label, uint8_t pub[FIPS_PUB_LEN])
{
	const uint8_t *xonly = mr_control_key_of(c, label);

	if (!xonly)
		return fips_npub_parse(label, &c->mesh->curve, pub) == NULL;
	pub[0] = 2;
	memcpy(pub + 1, xonly, FIPS_XONLY_LEN);
	return true;
}

enum mr_dns_answer mr_domain_find(void *control, const char *name, uint8_t ip[16])
{
	struct control *c = control;
	struct control_wish wish = { .kind = FIPS_IN_KNOWN };
	struct fips_addr addr;
	char label[LABEL + 1];

	if (fips_same_name(name, &DOMAIN[1])) /* what resolvers ask before they ask on (RFC 9156) */
		return MR_DNS_EMPTY;
	if (!label_of(name, label) || !key_of_label(c, label, wish.pub))
		return MR_DNS_NONE;
	if (c->n_wishes == CONTROL_WISHES)
		return MR_DNS_LATER; /* the node is busy: whoever asks will ask again */
	c->wish[c->n_wishes++] = wish;
	addr = fips_addr_of_key(wish.pub + 1);
	fips_addr_to_ipv6(&addr, ip);
	return MR_DNS_ADDRESS;
}
