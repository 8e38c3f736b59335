/* peers.c - the peers of the node file: keys, addresses, and which of these are names. */

#include "stages/control/peers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum policy { AUTO_CONNECT, ON_DEMAND, MANUAL };

static const char *const policies[] = { "auto_connect", "on_demand", "manual", NULL };

/* ---- what can be said of a text without opening anything ---- */

static const char *npub_wrong(const void *member)
{
	const char *text = *(char *const *)member, *wrong;
	uint8_t pub[FIPS_PUB_LEN];
	struct fips_curve curve;

	curve = fips_curve_secp256k1();
	wrong = fips_npub_parse(text, &curve, pub);
	fips_curve_close(&curve);
	return wrong;
}

#define NPUB "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57"

static const struct mr_field_rule npub_rule = {
	.wrong = npub_wrong, .type = "npub1...", .good = NPUB "m",
	.bad = (const char *const[]){ "", "npub1", NPUB, "nsec" NPUB, NPUB "b", NPUB "mm", NULL },
	.unseen = (const char *const[]){ NPUB "n", NULL },
	.schema = "{ \"pattern\": \"^(npub1[02-9ac-hj-np-z]{58}|NPUB1[02-9AC-HJ-NP-Z]{58})$\" }",
};

/* Lists of peers and the name service know a peer by it: all of it, or it would be another's. */
static const char *alias_wrong(const void *member)
{
	return strlen(*(char *const *)member) < FIPS_ALIAS_LEN ? NULL : "is longer than 63 bytes";
}

#define ALIAS_63 "raspberry-pi-in-the-attic-of-the-old-house-behind-the-orchard-1"

static const struct mr_field_rule alias_rule = {
	.wrong = alias_wrong, .good = ALIAS_63, .bad = (const char *const[]){ ALIAS_63 "1", NULL },
	.schema = "{ \"maxLength\": 63 }",
};

static const char *transport_wrong(const void *member)
{
	return mr_transport_known(*(char *const *)member) ?
	               NULL :
	               "is none of udp, tcp, ethernet, tor, nym and ble, alone or with the name of "
	               "an instance as in udp/lan";
}

static const struct mr_field_rule transport_rule = {
	.wrong = transport_wrong, .good = "udp",
	.bad = (const char *const[]){ "", "ucp", "UDP", "udp:lan", "/lan", NULL },
	.schema = "{ \"pattern\": \"^(udp|tcp|ethernet|tor|nym|ble)(/|$)\" }",
};

/* "host:port" with a host that can only be a name: not all of it is digits and dots. */
static bool is_name(const char *text)
{
	const char *colon = strrchr(text, ':');
	bool letters = false;
	char *end;
	unsigned long port;

	if (!colon || strlen(text) > 260)
		return false;
	for (const char *p = text; p < colon; p++) {
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.' && *p != '_')
			return false;
		letters |= !isdigit((unsigned char)*p) && *p != '.';
	}
	if (!letters || !isdigit((unsigned char)colon[1]))
		return false;
	port = strtoul(colon + 1, &end, 10);
	return !*end && port > 0 && port <= UINT16_MAX;
}

static const char *addr_wrong(const void *member)
{
	const char *text = *(char *const *)member;

	return is_name(text) ? NULL : mr_transport_address_wrong(text);
}

static const struct mr_field_rule addr_rule = {
	.wrong = addr_wrong, .type = "host:port or interface/address", .good = "192.0.2.7:2121",
	.bad = (const char *const[]){ "", "192.0.2.7", "node.example", ":2121", "2001:db8::7:2121",
	                              "eth0/aa:bb:cc:dd:ee", NULL },
	.unseen = (const char *const[]){ "node.example:0", "node.example:65536", "192.0.2.300:1",
	                                 NULL },
	.schema = "{ \"pattern\": \"^(\\\\[.+\\\\]:[0-9]+|[^:]+:[0-9]+|"
	          "[\\\\s\\\\S]+/[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5})$\" }",
};

static const struct mr_field address_fields[] = {
	{ "transport", MR_TEXT, MR_AT(struct address_conf, transport), .required = true,
	  .rule = &transport_rule, .help = "udp, tcp or ethernet; one of several instances as in udp/lan" },
	{ "addr", MR_TEXT, MR_AT(struct address_conf, addr), .required = true,
	  .rule = &addr_rule, .help = "host:port; the host is an address or a name, an IPv6 address in brackets; on "
	          "Ethernet interface/aa:bb:cc:dd:ee:ff" },
	{ "priority", MR_U32, MR_AT(struct address_conf, priority), .def = 100,
	  .help = "the lower, the earlier it is tried" },
	{ 0 }
};

static const struct mr_field peer_fields[] = {
	{ "npub", MR_TEXT, MR_AT(struct peer_conf, npub), .required = true,
	  .rule = &npub_rule, .help = "public key, npub1..." },
	{ "alias", MR_TEXT, MR_AT(struct peer_conf, alias), .rule = &alias_rule,
	  .help = "name to show, and in .fips; up to 63 bytes" },
	{ "via", MR_TEXT, MR_AT(struct peer_conf, via),
	  .help = "npub or alias of the neighbour it is reached through; it has no addresses then" },
	{ "addresses", MR_LIST, MR_AT(struct peer_conf, addresses), .of = address_fields,
	  .item = sizeof(struct address_conf), .help = "where it is reached" },
	{ "connect_policy", MR_WORD, MR_AT(struct peer_conf, policy), .words = policies,
	  .def = AUTO_CONNECT, .help = "auto_connect: dialled at start" },
	{ "auto_reconnect", MR_BOOL, MR_AT(struct peer_conf, auto_reconnect), .def = 1,
	  .help = "dialled again, for ever, when the link is lost" },
	{ "via_nostr", MR_BOOL, MR_AT(struct peer_conf, via_nostr),
	  .help = "has addresses to be found by Nostr, which is not built yet" },
	{ 0 }
};

const struct mr_field mr_peers_fields[] = {
	{ "peers", MR_LIST, MR_AT(struct mr_peers_conf, peers), .of = peer_fields,
	  .item = sizeof(struct peer_conf), .help = "nodes to link with" },
	{ 0 }
};

/* Bytes of "peers[n]", of one with ".addresses[n]", and of a member of either. */
enum { PEER_PATH = 24, ADDRESS_PATH = 48, MEMBER_PATH = 64 };

/* ---- one address ---- */

/* Which instances a transport's name means; 0: complained, or left out. */
static uint32_t instances_of(const struct control *c, const char *transport, const char *path,
                             struct mr_setup *s, int *failed)
{
	uint32_t which = mr_transports_named(&c->transports, transport);
	const char *slash = strchr(transport, '/');
	int n = (int)strcspn(transport, "/");

	if (which)
		return which;
	if (!mr_transport_known(transport))
		*failed = mr_setup_error(s, path, "there is no transport \"%s\"", transport);
	else if (mr_transport_later(transport))
		mr_setup_warn(s, path, "the %.*s transport is not built yet; this address is left out",
		              n, transport);
	else if (slash)
		*failed = mr_setup_error(s, path, "transports.%.*s has no instance \"%s\"", n,
		                         transport, slash + 1);
	else
		mr_setup_warn(s, path, "transports.%s is not configured; this address is left out",
		              transport);
	return 0;
}

static void take_name(struct control_name *name, const char *text, uint32_t which)
{
	const char *colon = strrchr(text, ':');

	name->host = strndup(text, (size_t)(colon - text));
	name->port = strdup(colon + 1);
	name->which = which;
	if (!name->host || !name->port)
		abort();
}

/* The next place of the peer: numeric, or a name. */
static int take_address(struct control *c, const struct address_conf *conf, const char *path,
                        struct control_named *peer, struct mr_setup *s)
{
	char at[MEMBER_PATH];
	struct fips_via via;
	const char *wrong;
	uint32_t which;
	int failed = 0;

	if (!conf->transport || !conf->addr)
		return -1; /* complained of where the file was checked */
	snprintf(at, sizeof at, "%s.transport", path);
	which = instances_of(c, conf->transport, at, s, &failed);
	if (!which)
		return failed;
	snprintf(at, sizeof at, "%s.addr", path);
	if (peer->n == CONTROL_ADDRESSES) {
		mr_setup_warn(s, at, "a peer has at most %d addresses; this one is left out",
		              CONTROL_ADDRESSES);
		return 0;
	}
	wrong = mr_transports_parse(&c->transports, which, conf->addr, &via);
	if (!wrong) {
		peer->via[peer->n++] = via;
	} else if (is_name(conf->addr) && !(which >> MR_VIA_ETHER)) {
		peer->name[peer->n].of = peer;
		take_name(&peer->name[peer->n++], conf->addr, which);
	} else {
		return mr_setup_error(s, at, "\"%s\" %s", conf->addr, wrong);
	}
	return 0;
}

/* ---- one peer ---- */

/* All addresses, those of the lowest priority value first, else in the file's order. */
static int take_addresses(struct control *c, const struct peer_conf *conf, const char *path,
                          struct control_named *peer, struct mr_setup *s)
{
	const struct address_conf *list = conf->addresses.items;
	unsigned n = conf->addresses.n;
	bool *taken = calloc(n + 1, sizeof *taken);
	int failed = 0;

	if (!taken)
		abort();
	for (unsigned round = 0; round < n; round++) {
		unsigned first = n;
		char at[ADDRESS_PATH];

		for (unsigned i = 0; i < n; i++) {
			if (!taken[i] && (first == n || list[i].priority < list[first].priority))
				first = i;
		}
		taken[first] = true;
		snprintf(at, sizeof at, "%s.addresses[%u]", path, first);
		if (take_address(c, &list[first], at, peer, s))
			failed = -1;
	}
	free(taken);
	return failed;
}

static void fill(struct fips_peer_config *peer, const struct peer_conf *conf,
                 const struct control_named *named)
{
	peer->auto_connect = conf->policy == AUTO_CONNECT;
	peer->auto_reconnect = conf->auto_reconnect;
	if (conf->alias)
		snprintf(peer->alias, sizeof peer->alias, "%s", conf->alias);
	for (unsigned i = 0; i < named->n; i++) {
		if (named->name[i].host)
			peer->named = true;
		else
			peer->vias[peer->n_vias++] = named->via[i];
	}
	if (peer->named)
		peer->names = mr_named_hash(named);
}

/* 0: taken; 1: left out; -1: complained. */
static int take_key(struct control *c, const struct peer_conf *conf, const char *path,
                    const struct fips_node_config *config, struct fips_peer_config *peer,
                    struct mr_setup *s)
{
	char at[MEMBER_PATH];
	const char *wrong;

	snprintf(at, sizeof at, "%s.npub", path);
	if (!conf->npub)
		return -1; /* complained of where the file was checked */
	wrong = fips_npub_parse(conf->npub, &c->mesh->curve, peer->pub);
	if (wrong)
		return mr_setup_error(s, at, "%s", wrong);
	peer->addr = fips_addr_of_key(peer->pub + 1);
	if (fips_addr_eq(&peer->addr, &c->mesh->me.addr)) {
		mr_setup_warn(s, at, "this is the node itself; it is left out");
		return 1;
	}
	for (unsigned i = 0; i < config->n_peers; i++) {
		if (fips_addr_eq(&peer->addr, &config->peers[i].addr))
			return mr_setup_error(s, at, "this peer is listed twice");
	}
	return 0;
}

static int take_peer(struct control *c, const struct peer_conf *conf, const char *path,
                     struct control_settings *set, struct mr_setup *s)
{
	struct fips_peer_config *peer = &set->peers[set->config.n_peers];
	struct control_named named = { .control = c };
	int key = take_key(c, conf, path, &set->config, peer, s);

	if (key > 0)
		return 0;
	if (take_addresses(c, conf, path, &named, s) || key < 0) {
		mr_named_close(&named);
		return -1;
	}
	if (conf->via_nostr)
		mr_setup_warn(s, path, "via_nostr: rendezvous by Nostr is not built yet");
	else if (mr_peer_nowhere(conf))
		return mr_setup_error(s, path, "has no address");
	named.addr = peer->addr;
	fill(peer, conf, &named);
	if (peer->named && !mr_named_keep(set, &named)) {
		mr_named_close(&named);
		return mr_setup_error(s, path, "there is no room for another peer");
	}
	set->config.n_peers++;
	return 0;
}

int mr_peers_configure(struct control *c, const struct mr_peers_conf *conf,
                       struct control_settings *set, struct mr_setup *s)
{
	const struct peer_conf *list = conf->peers.items;
	unsigned n = conf->peers.n;
	int failed = 0;

	set->room = n + CONTROL_GUESTS;
	set->peers = calloc(set->room + 1, sizeof *set->peers);
	set->named = calloc(set->room + 1, sizeof *set->named);
	if (!set->peers || !set->named)
		return mr_setup_error(s, "peers", "no memory for %u peers", n);
	set->config.peers = set->peers;
	for (unsigned i = 0; i < n; i++) {
		char path[PEER_PATH];

		snprintf(path, sizeof path, "peers[%u]", i);
		if (take_peer(c, &list[i], path, set, s)) {
			failed = -1;
			memset(&set->peers[set->config.n_peers], 0, sizeof *set->peers);
		}
	}
	set->n_listed = set->config.n_peers;
	failed = mr_peers_behind(c, conf, set->peers, set->config.n_peers, failed, s);
	if (set->n_named && !(set->names = mr_names_open(NULL, NULL)))
		failed = mr_setup_error(s, "peers", "no memory for a name service");
	return failed;
}

/* ---- peers that come later ---- */

static int check_place(const struct address_conf *where, struct mr_setup *s)
{
	const char *wrong = transport_wrong(&where->transport);

	if (wrong)
		return mr_setup_error(s, NULL, "no transport available for type: %s",
		                      where->transport);
	wrong = addr_wrong(&where->addr);
	return wrong ? mr_setup_error(s, NULL, "\"%s\" %s", where->addr, wrong) : 0;
}

static int nowhere(const struct mr_guest *g, struct mr_setup *s)
{
	return mr_setup_error(s, NULL, "no transport available for type: %s", g->transport);
}

static struct address_conf where_of(const struct mr_guest *g)
{
	return (struct address_conf){ .transport = (char *)g->transport, .addr = (char *)g->addr,
		                      .priority = 100 };
}

int mr_peers_place(struct control *c, const struct mr_guest *g, struct control_named *place,
                   struct mr_setup *s)
{
	struct address_conf where = where_of(g);
	int failed;

	*place = (struct control_named){ .control = c };
	failed = check_place(&where, s) ? -1 : take_address(c, &where, "", place, s);
	if (!failed && !place->n)
		failed = nowhere(g, s);
	if (failed)
		mr_named_close(place);
	return failed;
}

/* What has been filled in of a peer that was not taken after all is cleared. */
static int undo(struct control_settings *set, unsigned n_peers)
{
	memset(&set->peers[n_peers], 0, sizeof *set->peers);
	set->config.n_peers = n_peers;
	return -1;
}

int mr_peers_add(struct control *c, const struct mr_guest *g, struct control_settings *set,
                 struct mr_setup *s)
{
	struct address_conf where = where_of(g);
	struct peer_conf conf = { .npub = (char *)g->npub, .policy = MANUAL,
		                  .addresses = { .items = &where, .n = 1 } };
	unsigned n_peers = set->config.n_peers;

	if (n_peers == set->room)
		return mr_setup_error(s, NULL, "there is no room for another peer");
	if (check_place(&where, s))
		return -1;
	if (is_name(g->addr) && !set->names && !(set->names = mr_names_open(NULL, NULL)))
		return mr_setup_error(s, NULL, "no memory for a name service");
	if (take_peer(c, &conf, "", set, s))
		return undo(set, n_peers);
	if (set->config.n_peers == n_peers)
		return mr_setup_error(s, NULL, "this is the node itself");
	if (!set->peers[n_peers].n_vias && !set->peers[n_peers].named) {
		nowhere(g, s);
		return undo(set, n_peers);
	}
	return 0;
}
