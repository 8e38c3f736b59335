/* tcp.c - read the settings and listen; see tcp.h. */

#include "stages/lib/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/lib/hostport.h"
#include "stages/lib/tcp_pool.h"
#include "stages/lib/transports.h"

#define BUFFER_MAX ((1u << 30) - 1) /* the kernel gives no socket more */
#define BACKLOG    128
#define UNHEARD    30000 /* ms, until bytes must be acknowledged: as long as a link lives unheard */

static const struct mr_field tcp_fields[] = {
	{ "bind_addr", MR_TEXT, MR_AT(struct mr_tcp_conf, bind_addr), .rule = &mr_hostport_rule,
	  .help = "address and port to listen on; left out, connections are only made" },
	{ "mtu", MR_U32, MR_AT(struct mr_tcp_conf, mtu), .min = 576, .max = 65000, .def = 1400,
	  .unit = "bytes", .help = "largest frame; a connection's segments may be smaller" },
	{ "connect_timeout_ms", MR_U32, MR_AT(struct mr_tcp_conf, connect_timeout), .min = 1,
	  .max = 300000, .def = 5000, .unit = "ms", .help = "until a connection must have come about" },
	{ "nodelay", MR_BOOL, MR_AT(struct mr_tcp_conf, nodelay), .def = 1,
	  .help = "have the kernel send at once what it is given (TCP_NODELAY)" },
	{ "keepalive_secs", MR_U32, MR_AT(struct mr_tcp_conf, keepalive), .max = 32767, .def = 30,
	  .unit = "s", .help = "silence before the kernel asks whether the other end is there; 0: never" },
	{ "recv_buf_size", MR_U32, MR_AT(struct mr_tcp_conf, recv_buf_size), .min = 4096,
	  .max = BUFFER_MAX, .def = 2u << 20, .unit = "bytes", .help = "a connection's receive buffer" },
	{ "send_buf_size", MR_U32, MR_AT(struct mr_tcp_conf, send_buf_size), .min = 4096,
	  .max = BUFFER_MAX, .def = 2u << 20, .unit = "bytes", .help = "a connection's send buffer" },
	{ "max_inbound_connections", MR_U32, MR_AT(struct mr_tcp_conf, max_inbound), .max = 4096,
	  .def = 256, .unit = "connections", .help = "that others made, at a time" },
	{ 0 }
};

static const struct mr_section tcp_sections[] = {
	{ .path = "transports.tcp", .fields = tcp_fields, .size = sizeof(struct mr_tcp_conf),
	  .instances = true, .most = MR_TCP_MAX, .help = "the TCP transport" },
	{ 0 }
};

/* The kernel doubles what it is asked for, and cuts it at a sysctl.  Less than is set would be
 * worse than what it finds by itself, for which a socket that was never set is left alone. */
static bool gives(int option, uint32_t bytes)
{
	int want = (int)bytes, got = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof got;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, option, &want, sizeof want);
	getsockopt(fd, SOL_SOCKET, option, &got, &len);
	close(fd);
	return got / 2 >= want;
}

/* Bytes that nobody acknowledges, as behind a NAT that has forgotten the connection, the kernel
 * would send again for a quarter of an hour (tcp(7), TCP_USER_TIMEOUT; RFC 5482).  It bounds the
 * time to connect as well. */
void mr_tcp_set_up(const struct mr_tcp_listener *l, int fd)
{
	int nodelay = l->conf->nodelay, idle = (int)l->conf->keepalive, on = 1;
	int connect = (int)l->conf->connect_timeout;
	int unheard = connect > UNHEARD ? connect : UNHEARD;
	int receive = (int)l->conf->recv_buf_size, send = (int)l->conf->send_buf_size;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unheard, sizeof unheard);
	if (idle) {
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	}
	if (l->recv_buf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
	if (l->send_buf)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
}

/* Where there are other ways a node is there without those who would call (operations.md 2). */
static int deaf(struct mr_tcp_listener *l, const char *wrong, const char *cure, struct mr_setup *s)
{
	if (!mr_transports_besides(s->doc, "tcp"))
		return mr_setup_error(s, "transports.tcp", "%s cannot be bound: %s%s",
		                      l->conf->bind_addr, wrong, cure);
	mr_setup_warn(s, "transports.tcp",
	              "%s cannot be bound: %s%s; connections are only made until a restart",
	              l->conf->bind_addr, wrong, cure);
	close(l->fd);
	l->fd = -1;
	return 0;
}

/* What is set before listen() holds for what is accepted. */
static int begin(struct mr_tcp_listener *l, struct mr_setup *s)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len;
	int on = 1;

	if (mr_hostport_parse(l->conf->bind_addr, &address, &len))
		return mr_setup_error(s, "transports.tcp", "%s is no address", l->conf->bind_addr);
	l->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return mr_setup_error(s, "transports.tcp", "no socket: %s", strerror(errno));
	if (address.ss_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	mr_tcp_set_up(l, l->fd);
	if (bind(l->fd, (struct sockaddr *)&address, len) || listen(l->fd, BACKLOG))
		return deaf(l, strerror(errno), mr_bind_cure(errno), s);
	return 0;
}

static int tcp_open(void *self, struct mr_setup *s)
{
	const struct mr_list *list = s->conf[0];
	const struct mr_tcp_conf *conf = list->items;
	struct mr_tcp *tcp = self;
	int failed = 0;

	tcp->mtu = UINT16_MAX;
	if (list->n > MR_TCP_MAX)
		return mr_setup_error(s, "transports.tcp", "%u instances, and %d are the most",
		                      list->n, MR_TCP_MAX);
	for (; tcp->n < list->n; tcp->n++) {
		struct mr_tcp_listener *l = &tcp->listener[tcp->n];
		const struct mr_tcp_conf *c = &conf[tcp->n];

		*l = (struct mr_tcp_listener){ .conf = c, .name = c->name ? c->name : "tcp",
			                       .fd = -1,
			                       .recv_buf = gives(SO_RCVBUF, c->recv_buf_size),
			                       .send_buf = gives(SO_SNDBUF, c->send_buf_size) };
		if (c->bind_addr && begin(l, s))
			failed = -1;
		tcp->mtu = c->mtu < tcp->mtu ? (uint16_t)c->mtu : tcp->mtu;
		tcp->mtu_max = c->mtu > tcp->mtu_max ? (uint16_t)c->mtu : tcp->mtu_max;
	}
	tcp->pool = mr_tcp_pool_open(tcp, s);
	return tcp->pool ? failed : -1;
}

static void tcp_close(void *self)
{
	struct mr_tcp *tcp = self;

	for (unsigned i = 0; i < tcp->n; i++) {
		if (tcp->listener[i].fd >= 0)
			close(tcp->listener[i].fd);
	}
	mr_tcp_pool_close(tcp->pool);
}

static uint32_t tcp_view_max(void *const *confs)
{
	const struct mr_list *list = confs[0];
	const struct mr_tcp_conf *conf = list->items;
	uint32_t most = 0;

	for (unsigned i = 0; i < list->n; i++)
		most = conf[i].mtu > most ? conf[i].mtu : most;
	return most;
}

const struct mr_resource mr_resource_tcp = {
	.name = "tcp", .summary = "where the TCP transport listens",
	.size = sizeof(struct mr_tcp), .sections = tcp_sections, .view_max = tcp_view_max,
	.open = tcp_open, .close = tcp_close,
};
