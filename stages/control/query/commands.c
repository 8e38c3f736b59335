/* commands - what changes something (operations.md 4.4). */
#include <arpa/inet.h>
#include <string.h>

#include "stages/control/query/parts.h"

/* A text among the parameters, or NULL with a message. */
static const char *wanted(struct query *q, const char *name)
{
	const char *text = query_param(q, name);

	if (!json_is_object(q->params))
		return query_wrong(q, "missing params for %s", q->command);
	return text ? text : query_wrong(q, "missing '%s' parameter", name);
}

/* Who is meant: by an npub, else by a name of the hosts file or of the node file. */
struct who {
	struct fips_addr addr;
	char             npub[FIPS_KEY_TEXT];
};

bool query_wanted_key(struct query *q, uint8_t pub[FIPS_PUB_LEN])
{
	const char *npub = wanted(q, "npub"), *wrong;
	const uint8_t *key = npub ? mr_control_key_of(q->control, npub) : NULL;

	if (!npub)
		return false;
	if (key) {
		pub[0] = 2;
		memcpy(pub + 1, key, FIPS_XONLY_LEN);
		return true;
	}
	wrong = fips_npub_parse(npub, &q->control->mesh->curve, pub);
	if (wrong)
		query_wrong(q, "invalid peer npub: %s", wrong);
	return !wrong;
}

/* False with a message. */
static bool read_who(struct query *q, const char *text, struct who *out)
{
	const uint8_t *key = mr_control_key_of(q->control, text);
	uint8_t pub[FIPS_PUB_LEN];
	const char *wrong = NULL;

	if (!key) {
		wrong = fips_npub_parse(text, &q->control->mesh->curve, pub);
		key = pub + 1;
	}
	if (wrong) {
		query_wrong(q, "invalid npub '%s': %s", text, wrong);
		return false;
	}
	out->addr = fips_addr_of_key(key);
	fips_npub_format(key, out->npub);
	return true;
}

/* The mesh cannot carry itself: an address of fd00::/8, with a port or without. */
static bool is_mesh(const char *address)
{
	const char *host = address + (address[0] == '[');
	size_t n = strcspn(host, "]");
	const char *colon = strrchr(address, ':');
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ip;

	for (unsigned cut = 0; cut < 2; cut++) {
		if (n < sizeof text) {
			memcpy(text, host, n);
			text[n] = '\0';
			if (inet_pton(AF_INET6, text, &ip) == 1)
				return fips_ipv6_is_mesh(ip.s6_addr);
		}
		if (!colon || colon < host)
			return false;
		n = (size_t)(colon - host);
	}
	return false;
}

static bool of_type(const char *transport, const char *type)
{
	size_t n = strlen(type);

	return !strncmp(transport, type, n) && (transport[n] == '\0' || transport[n] == '/');
}

static bool may_go_there(struct query *q, const char *address, const char *transport)
{
	bool direct = of_type(transport, "udp") || of_type(transport, "tcp") ||
	              of_type(transport, "ethernet");

	if (direct && is_mesh(address))
		query_wrong(q, "'%s' is a FIPS mesh address (fd00::/8), not a reachable %s endpoint",
		            address, transport);
	return !q->wrong[0];
}

static bool is_open(struct query *q)
{
	if (q->control->stop)
		query_wrong(q, "node shutting down");
	return !q->control->stop;
}

/* The answer says nothing of whether somebody is there: show_peers will. */
json_t *do_connect(struct query *q)
{
	const char *npub = wanted(q, "npub");
	const char *address = npub ? wanted(q, "address") : NULL;
	const char *transport = address ? wanted(q, "transport") : NULL;
	struct mr_guest guest;
	struct who who;
	char wrong[256];
	json_t *o;

	if (!transport || !is_open(q) || !read_who(q, npub, &who) ||
	    !may_go_there(q, address, transport))
		return NULL;
	guest = (struct mr_guest){ .npub = who.npub, .addr = address, .transport = transport };
	if (!mr_guest_connect(q->control, &guest, &who.addr, wrong, sizeof wrong))
		return query_wrong(q, "%s", wrong);
	o = json_object();
	put_text(o, "npub", who.npub);
	put_text(o, "address", address);
	put_text(o, "transport", transport);
	put_bool(o, "refreshed", false);
	return o;
}

json_t *do_disconnect(struct query *q)
{
	const char *npub = wanted(q, "npub");
	struct who who;
	json_t *o;

	if (!npub || !is_open(q) || !read_who(q, npub, &who))
		return NULL;
	if (!mr_guest_disconnect(q->control, who.npub, &who.addr))
		return query_wrong(q, "peer not found: %s", npub);
	o = json_object();
	put_text(o, "npub", who.npub);
	put_bool(o, "disconnected", true);
	return o;
}
