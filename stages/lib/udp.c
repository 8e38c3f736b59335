/* udp.c - open, size and name the UDP sockets; see udp.h. */

#include "stages/lib/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/lib/hostport.h"
#include "stages/lib/transports.h"
#include "stages/lib/udp_peer.h"

#define BUFFER_MAX  ((1u << 30) - 1) /* the kernel gives no socket more */
#define SPARE_BYTES 100 /* received frames may be this much longer before they count as truncated */

static const struct mr_field udp_fields[] = {
	{ "bind_addr", MR_TEXT, MR_AT(struct mr_udp_conf, bind_addr), .text = "0.0.0.0:2121",
	  .rule = &mr_hostport_rule, .help = "address and port to listen on; its family is the socket's" },
	{ "mtu", MR_U32, MR_AT(struct mr_udp_conf, mtu), .min = 576, .max = 65000, .def = 1280,
	  .unit = "bytes", .help = "largest frame sent, which is the UDP payload" },
	{ "recv_buf_size", MR_U32, MR_AT(struct mr_udp_conf, recv_buf_size), .min = 4096,
	  .max = BUFFER_MAX, .def = 2u << 20, .unit = "bytes", .help = "socket receive buffer" },
	{ "send_buf_size", MR_U32, MR_AT(struct mr_udp_conf, send_buf_size), .min = 4096,
	  .max = BUFFER_MAX, .def = 2u << 20, .unit = "bytes", .help = "socket send buffer" },
	{ "outbound_only", MR_BOOL, MR_AT(struct mr_udp_conf, outbound_only),
	  .help = "bind any free port and answer no strangers" },
	{ "accept_connections", MR_BOOL, MR_AT(struct mr_udp_conf, accept_connections), .def = 1,
	  .help = "answer handshakes of peers that were not dialled" },
	{ "connected", MR_BOOL, MR_AT(struct mr_udp_conf, connected),
	  .help = "a connected socket for each neighbour, on the same port (SO_REUSEPORT)" },
	{ 0 }
};

static const struct mr_section udp_sections[] = {
	{ .path = "transports.udp", .fields = udp_fields, .size = sizeof(struct mr_udp_conf),
	  .instances = true, .most = MR_UDP_MAX, .help = "the UDP transport" },
	{ 0 }
};

/* The forced form needs CAP_NET_ADMIN; the plain one is capped by a sysctl.  The kernel doubles
 * what it is asked for and reports the double.
 * Connected sockets are made when no right is left. */
static void size_buffer(struct mr_setup *s, int fd, int option, int forced, uint32_t bytes,
                        const char *what, const char *sysctl, bool connected)
{
	int want = (int)bytes, got = 0;
	socklen_t len = sizeof got;

	setsockopt(fd, SOL_SOCKET, option, &want, sizeof want);
	if (connected)
		getsockopt(fd, SOL_SOCKET, option, &got, &len);
	setsockopt(fd, SOL_SOCKET, forced, &want, sizeof want);
	if (!connected)
		getsockopt(fd, SOL_SOCKET, option, &got, &len);
	if (got / 2 < want)
		mr_setup_warn(s, "transports.udp",
		              "the %s buffer%s is %d bytes, not the %d asked for; raise it with "
		              "sysctl -w %s=%d", what, connected ? " of a connected socket" : "",
		              got / 2, want, sysctl, want);
}

/* How many datagrams does the kernel cut one message into (UDP_SEGMENT, kernel 4.18)?  64 at most,
 * 128 since 6.9; asked by sending one datagram too many for the older ones to ourselves. */
static uint16_t probe_segments(int family)
{
	static const char bytes[MR_UDP_SEGMENTS];
	struct sockaddr_storage self = { .ss_family = (sa_family_t)family };
	socklen_t len = sizeof self;
	uint16_t most = 0;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (family == AF_INET)
		((struct sockaddr_in *)(void *)&self)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)(void *)&self)->sin6_addr = in6addr_loopback;
	if (fd >= 0 && !setsockopt(fd, SOL_UDP, UDP_SEGMENT, &one, sizeof one)) {
		most = MR_UDP_SEGMENTS / 2;
		if (!bind(fd, (struct sockaddr *)&self, sizeof self) &&
		    !getsockname(fd, (struct sockaddr *)&self, &len) &&
		    sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&self, len) > 0)
			most = MR_UDP_SEGMENTS;
	}
	if (fd >= 0)
		close(fd);
	return most;
}

static int open_socket(struct mr_udp_socket *sock, const struct mr_udp_conf *conf,
                       struct mr_setup *s)
{
	struct sockaddr_storage address;
	socklen_t len;
	int on = 1;

	if (mr_hostport_parse(conf->bind_addr, &address, &len))
		return mr_setup_error(s, "transports.udp", "%s is no address", conf->bind_addr);
	/* The port is at the same place in both families. */
	if (conf->outbound_only)
		((struct sockaddr_in *)(void *)&address)->sin_port = 0;
	sock->family = address.ss_family;
	sock->segments = probe_segments(address.ss_family);
	sock->mtu = (uint16_t)conf->mtu;
	sock->accept = conf->accept_connections && !conf->outbound_only;
	sock->name = conf->name ? conf->name : "udp";
	sock->connected = conf->connected;
	sock->recv_buf_size = conf->recv_buf_size;
	sock->send_buf_size = conf->send_buf_size;
	sock->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return mr_setup_error(s, "transports.udp", "no socket: %s", strerror(errno));
	if (address.ss_family == AF_INET6)
		setsockopt(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	setsockopt(sock->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	size_buffer(s, sock->fd, SO_RCVBUF, SO_RCVBUFFORCE, conf->recv_buf_size, "receive",
	            "net.core.rmem_max", conf->connected);
	size_buffer(s, sock->fd, SO_SNDBUF, SO_SNDBUFFORCE, conf->send_buf_size, "send",
	            "net.core.wmem_max", conf->connected);
	if (bind(sock->fd, (struct sockaddr *)&address, len))
		return mr_setup_error(s, "transports.udp", "%s cannot be bound: %s%s",
		                      conf->bind_addr, strerror(errno), mr_bind_cure(errno));
	/* not before: a port that is taken is refused, whoever has it */
	if (conf->connected && setsockopt(sock->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on))
		return mr_setup_error(s, "transports.udp", "no connected sockets: %s",
		                      strerror(errno));
	return 0;
}

/* What connected sockets need: a table of them, and one descriptor that says which have something.
 * The shared ones are told of by it too. */
static int open_peers(struct mr_udp *udp, struct mr_setup *s)
{
	uint64_t seed;

	mr_rand_bytes(&s->rand, &seed, sizeof seed);
	udp->peers = mr_table_open(MR_UDP_PEERS_MAX, sizeof(struct fips_via), seed, free);
	udp->ready = epoll_create1(EPOLL_CLOEXEC);
	if (!udp->peers || udp->ready < 0)
		return mr_setup_error(s, "transports.udp", "nothing to connect sockets with: %s",
		                      strerror(errno));
	for (unsigned i = 0; i < udp->n; i++) {
		if (mr_udp_listen(udp, &udp->socket[i]))
			return mr_setup_error(s, "transports.udp", "no epoll: %s", strerror(errno));
	}
	return 0;
}

static int udp_open(void *self, struct mr_setup *s)
{
	struct mr_udp *udp = self;
	const struct mr_list *list = s->conf[0];
	const struct mr_udp_conf *conf = list->items;
	bool connected = false;

	udp->mtu = UINT16_MAX;
	udp->send = sendmmsg;
	udp->ready = -1;
	for (unsigned i = 0; i < MR_UDP_MAX; i++)
		udp->socket[i].fd = -1;
	if (list->n == 0 && !mr_transports_besides(s->doc, "udp"))
		return mr_setup_error(s, NULL, "no transport is configured: transports.udp is missing");
	if (list->n > MR_UDP_MAX)
		return mr_setup_error(s, "transports.udp", "%u instances, and %d are the most",
		                      list->n, MR_UDP_MAX);
	for (; udp->n < list->n; udp->n++) {
		udp->socket[udp->n].instance = (uint16_t)udp->n;
		if (open_socket(&udp->socket[udp->n], &conf[udp->n], s)) {
			udp->n++;
			return -1;
		}
		connected |= conf[udp->n].connected;
		if (udp->socket[udp->n].mtu < udp->mtu)
			udp->mtu = udp->socket[udp->n].mtu;
	}
	return connected ? open_peers(udp, s) : 0;
}

static void udp_close(void *self)
{
	struct mr_udp *udp = self;

	for (unsigned i = 0; i < udp->n; i++) {
		if (udp->socket[i].fd >= 0)
			close(udp->socket[i].fd);
	}
	if (udp->ready >= 0)
		close(udp->ready);
	mr_table_close(udp->peers);
}

static uint32_t udp_view_max(void *const *confs)
{
	const struct mr_list *list = confs[0];
	const struct mr_udp_conf *conf = list->items;
	uint32_t most = 0;

	for (unsigned i = 0; i < list->n; i++) {
		if (conf[i].mtu + SPARE_BYTES > most)
			most = conf[i].mtu + SPARE_BYTES;
	}
	return most;
}

const struct mr_resource mr_resource_udp = {
	.name = "udp", .summary = "UDP sockets, one per configured instance",
	.size = sizeof(struct mr_udp), .sections = udp_sections, .view_max = udp_view_max,
	.open = udp_open, .close = udp_close,
};

const char *mr_udp_parse(const struct mr_udp *udp, const char *text, struct fips_via *via)
{
	struct sockaddr_storage address;
	const char *wrong;
	socklen_t len;

	memset(&address, 0, sizeof address);
	wrong = mr_hostport_parse(text, &address, &len);
	if (wrong)
		return wrong;
	for (unsigned i = 0; i < udp->n; i++) {
		if (udp->socket[i].family != address.ss_family)
			continue;
		*via = (struct fips_via){ .instance = (uint16_t)i, .len = (uint16_t)len };
		memcpy(via->sock, &address, len);
		return NULL;
	}
	return "is of an address family that no transport has";
}

void mr_udp_text(const struct fips_via *via, char text[64])
{
	if (via->len == 0)
		snprintf(text, 64, "nowhere");
	else
		mr_hostport_text((const void *)via->sock, text);
}
