/* reach.c - can the transports of a node file reach the addresses of its peers?
 *
 * As far as shows without opening anything, so that a check of the file finds it; a name's
 * addresses show only when it is asked for.  A transport that is not configured at all is warned of
 * at the start: its addresses are left out. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "stages/control/peers.h"
#include "stages/lib/ether.h"
#include "stages/lib/hostport.h"
#include "stages/lib/tcp.h"
#include "stages/lib/udp.h"

enum { PATH = 64 };

static const char no_hostport[] = "is not a host:port";

/* ---- one instance, one address: NULL, or what is wrong; what was complained of is fine ---- */

static bool is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *six = (const void *)ss;
	const struct sockaddr_in *four = (const void *)ss;

	return ss->ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) :
	                                   ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* What leaves by a socket that is bound there never leaves the machine (operations.md 3.7). */
static const char *udp_wrong(const void *instance, const char *addr)
{
	const struct mr_udp_conf *conf = instance;
	struct sockaddr_storage to, from;
	bool name, here;
	socklen_t len;

	if (strchr(addr, '/'))
		return no_hostport;
	if (!conf->bind_addr || mr_hostport_parse(conf->bind_addr, &from, &len))
		return NULL;
	name = mr_hostport_parse(addr, &to, &len) != NULL;
	here = name ? strncmp(addr, "localhost:", 10) == 0 : is_loopback(&to);
	if (!name && to.ss_family != from.ss_family)
		return "is of another address family than its transport";
	return is_loopback(&from) && !here ?
	               "is not to be reached from the loopback address that its transport is bound to" :
	               NULL;
}

static const char *tcp_wrong(const void *instance, const char *addr)
{
	(void)instance;
	return strchr(addr, '/') ? no_hostport : NULL;
}

static const char *ether_wrong(const void *instance, const char *addr)
{
	const struct mr_ether_conf *conf = instance;
	const char *slash = strrchr(addr, '/');
	size_t n = slash ? (size_t)(slash - addr) : 0;

	if (!slash)
		return "is not an interface/aa:bb:cc:dd:ee:ff";
	if (conf->interface &&
	    (strlen(conf->interface) != n || memcmp(conf->interface, addr, n) != 0))
		return "is on an interface that no transport has";
	return NULL;
}

static const struct way {
	const char               *name;
	const struct mr_resource *resource; /* whose only section has the instances */
	const char             *(*wrong)(const void *instance, const char *addr);
} ways[] = {
	{ "udp", &mr_resource_udp, udp_wrong },
	{ "tcp", &mr_resource_tcp, tcp_wrong },
	{ "ethernet", &mr_resource_ether, ether_wrong },
};

enum { WAYS = sizeof ways / sizeof ways[0] };

/* ---- all instances that are meant ---- */

static void complain(const struct mr_json *doc, const char *path, const char *key, const char *text,
                     const char *wrong, struct mr_report *report)
{
	char at[PATH + 16];

	snprintf(at, sizeof at, "%s.%s", path, key);
	mr_complain(report, mr_json_place(doc, at, report), "\"%s\" %s", text, wrong);
}

static void check_address(const struct way *way, const struct mr_list *instances,
                          const struct address_conf *a, const char *path, const struct mr_json *doc,
                          struct mr_report *report)
{
	const char *slash = strchr(a->transport, '/'), *wrong = NULL;
	size_t size = way->resource->sections->size;
	unsigned meant = 0;

	for (unsigned i = 0; i < instances->n; i++) {
		const char *item = (const char *)instances->items + i * size;
		const char *name = *(char *const *)(const void *)item;

		if (slash && strcmp(slash + 1, name ? name : way->name) != 0)
			continue;
		meant++;
		wrong = way->wrong(item, a->addr);
		if (!wrong)
			return;
	}
	if (wrong)
		complain(doc, path, "addr", a->addr, wrong, report);
	else if (slash && !meant)
		complain(doc, path, "transport", a->transport,
		         "names an instance that the transport has not", report);
}

static const struct way *way_of(const char *transport)
{
	size_t n = strcspn(transport, "/");

	for (unsigned i = 0; i < WAYS; i++)
		if (strlen(ways[i].name) == n && !memcmp(ways[i].name, transport, n))
			return &ways[i];
	return NULL;
}

static void check_peer(const struct peer_conf *peer, unsigned index,
                       const struct mr_list *instances, const struct mr_json *doc,
                       struct mr_report *report)
{
	const struct address_conf *list = peer->addresses.items;
	char path[PATH];

	for (unsigned i = 0; i < peer->addresses.n; i++) {
		const struct way *way = list[i].transport ? way_of(list[i].transport) : NULL;

		snprintf(path, sizeof path, "peers[%u].addresses[%u]", index, i);
		if (way && list[i].addr)
			check_address(way, &instances[way - ways], &list[i], path, doc, report);
	}
}

void mr_peers_reach(const struct mr_peers_conf *conf, const struct mr_json *doc,
                    struct mr_report *report)
{
	const struct peer_conf *list = conf->peers.items;
	struct mr_list instances[WAYS];

	for (unsigned i = 0; i < WAYS; i++)
		mr_section_decode(ways[i].resource->sections, &instances[i], doc);
	for (unsigned i = 0; i < conf->peers.n; i++)
		check_peer(&list[i], i, instances, doc, report);
	for (unsigned i = 0; i < WAYS; i++)
		mr_section_free(ways[i].resource->sections, &instances[i]);
}
