/* transports.c - instances by name and by address; see transports.h. */

#include "stages/lib/transports.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/json.h"
#include "stages/lib/ether.h"
#include "stages/lib/hostport.h"
#include "stages/lib/tcp.h"
#include "stages/lib/udp.h"

_Static_assert(MR_UDP_MAX <= MR_VIA_TCP && MR_TCP_MAX <= MR_VIA_TCP_IN - MR_VIA_TCP &&
                       MR_TCP_MAX <= MR_VIA_ETHER - MR_VIA_TCP_IN &&
                       MR_ETHER_MAX <= MR_VIA_END - MR_VIA_ETHER,
               "instances have numbers of their own");

_Static_assert(MR_HOSTPORT <= MR_VIA_ADDRESS && MR_MAC_TEXT <= MR_VIA_ADDRESS, "any address fits");

bool mr_transports_besides(const struct mr_json *doc, const char *which)
{
	static const char *const all[] = { "udp", "tcp", "ethernet" };
	bool has = false;

	for (unsigned i = 0; doc && i < sizeof all / sizeof all[0]; i++) {
		char path[32];
		json_t *there;

		snprintf(path, sizeof path, "transports.%s", all[i]);
		there = mr_json_at(doc, path);
		has |= strcmp(all[i], which) != 0 && there && !json_is_null(there);
	}
	return has;
}

uint16_t mr_transports_mtu(const struct mr_transports *all)
{
	uint16_t mtu = all->udp->mtu < all->tcp->mtu ? all->udp->mtu : all->tcp->mtu;

	return all->ether->mtu < mtu ? all->ether->mtu : mtu;
}

uint32_t mr_transports_accept(const struct mr_transports *all)
{
	uint32_t accept = 0;

	for (unsigned i = 0; i < all->udp->n; i++)
		accept |= (uint32_t)all->udp->socket[i].accept << i;
	for (unsigned i = 0; i < all->tcp->n; i++)
		accept |= (uint32_t)(all->tcp->listener[i].fd >= 0) << (MR_VIA_TCP_IN + i);
	for (unsigned i = 0; i < all->ether->n; i++)
		accept |= (uint32_t)all->ether->socket[i].conf->accept << (MR_VIA_ETHER + i);
	return accept;
}

/* ---- by name ---- */

static bool begins(const char *text, const char *word)
{
	size_t n = strcspn(text, "/");

	return strlen(word) == n && !memcmp(word, text, n);
}

bool mr_transport_later(const char *text)
{
	static const char *const later[] = { "tor", "nym", "ble" };
	bool is = false;

	for (unsigned i = 0; i < sizeof later / sizeof later[0]; i++)
		is |= begins(text, later[i]);
	return is;
}

bool mr_transport_known(const char *text)
{
	return begins(text, "udp") || begins(text, "tcp") || begins(text, "ethernet") ||
	       mr_transport_later(text);
}

static const char *name_of(const struct mr_transports *all, unsigned instance)
{
	if (instance < MR_VIA_TCP)
		return instance < all->udp->n ? all->udp->socket[instance].name : NULL;
	if (instance < MR_VIA_ETHER) {
		instance -= MR_VIA_TCP;
		return instance < all->tcp->n ? all->tcp->listener[instance].name : NULL;
	}
	instance -= MR_VIA_ETHER;
	return instance < all->ether->n ? all->ether->socket[instance].name : NULL;
}

uint32_t mr_transports_named(const struct mr_transports *all, const char *text)
{
	const char *slash = strchr(text, '/');
	unsigned first = begins(text, "tcp")      ? MR_VIA_TCP :
	                 begins(text, "ethernet") ? MR_VIA_ETHER :
	                                            0;
	uint32_t which = 0;

	if (!mr_transport_known(text) || mr_transport_later(text))
		return 0;
	for (unsigned i = first; i < first + 8; i++) {
		const char *name = name_of(all, i);

		if (name && (!slash || !strcmp(slash + 1, name)))
			which |= UINT32_C(1) << i;
	}
	return which;
}

/* ---- by address ---- */

/* A UDP socket has one family; a connection is made with a socket of its own. */
static bool reaches(const struct mr_transports *all, unsigned instance, int family)
{
	if (instance >= MR_VIA_TCP)
		return family == AF_INET || family == AF_INET6;
	return all->udp->socket[instance].family == family;
}

bool mr_transports_reach(const struct mr_transports *all, uint32_t which, const void *address,
                         uint16_t len, struct fips_via *via)
{
	int family = ((const struct sockaddr *)address)->sa_family;

	for (unsigned i = 0; i < MR_VIA_TCP_IN; i++) {
		if (!(which >> i & 1) || !reaches(all, i, family))
			continue;
		*via = (struct fips_via){ .instance = (uint16_t)i, .len = len };
		memcpy(via->sock, address, len);
		return true;
	}
	return false;
}

/* "eth0/aa:bb:cc:dd:ee:ff", by the instance of that interface. */
static const char *parse_ether(const struct mr_transports *all, uint32_t which, const char *text,
                               struct fips_via *via)
{
	const char *slash = strrchr(text, '/');
	uint8_t mac[MR_ETHER_MAC];

	if (!slash || slash == text || !mr_mac_parse(slash + 1, mac))
		return "is not an interface/aa:bb:cc:dd:ee:ff";
	for (unsigned i = 0; i < all->ether->n; i++) {
		const char *interface = all->ether->socket[i].conf->interface;

		if (!(which >> (MR_VIA_ETHER + i) & 1) ||
		    strlen(interface) != (size_t)(slash - text) ||
		    memcmp(interface, text, (size_t)(slash - text)) != 0)
			continue;
		*via = (struct fips_via){ .instance = (uint16_t)(MR_VIA_ETHER + i),
			                  .len = MR_ETHER_MAC };
		memcpy(via->sock, mac, MR_ETHER_MAC);
		return NULL;
	}
	return "is on an interface that no transport has";
}

const char *mr_transport_address_wrong(const char *text)
{
	const char *slash = strrchr(text, '/');
	uint8_t mac[MR_ETHER_MAC];

	return slash && slash > text && mr_mac_parse(slash + 1, mac) ? NULL :
	                                                               mr_hostport_wrong(text);
}

const char *mr_transports_parse(const struct mr_transports *all, uint32_t which, const char *text,
                                struct fips_via *via)
{
	struct sockaddr_storage address = { 0 };
	const char *wrong;
	socklen_t len;

	if (which >> MR_VIA_ETHER)
		return parse_ether(all, which, text, via);
	wrong = mr_hostport_parse(text, &address, &len);
	if (!wrong && !mr_transports_reach(all, which, &address, (uint16_t)len, via))
		wrong = "is of another address family than its transport";
	return wrong;
}

void mr_via_address(const struct fips_via *via, char text[MR_VIA_ADDRESS])
{
	if (mr_via_is_ether(via))
		mr_mac_text(via->sock, text);
	else
		mr_udp_text(via, text);
}

void mr_via_text(const struct fips_via *via, char text[MR_VIA_TEXT])
{
	const char *before = mr_via_is_ether(via) ? "ethernet " : mr_via_is_tcp(via) ? "tcp " : "";

	mr_via_address(via, text + snprintf(text, MR_VIA_TEXT, "%s", before));
}
