/* ether.c - open packet sockets on interfaces; see ether.h. */

#include "stages/lib/ether.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fips/wire/ether.h"
#include "stages/lib/transports.h"

#define BUFFER_MAX  ((1u << 30) - 1) /* the kernel gives no socket more */
#define USUAL_MTU   1500 /* of an interface that is not there when a file is checked */
#define SPARE_BYTES 100  /* received frames may be so much longer before they count as truncated */

static const char *interface_wrong(const void *member)
{
	const char *text = *(char *const *)member;

	return *text && strlen(text) < IFNAMSIZ ? NULL :
	                                          "is no name of an interface (1 to 15 bytes)";
}

static const struct mr_field_rule interface_rule = {
	.wrong = interface_wrong, .good = "eth0",
	.bad = (const char *const[]){ "", "an-interface-too", NULL },
	.unseen = (const char *const[]){ "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", NULL },
	.schema = "{ \"minLength\": 1, \"maxLength\": 15 }",
};

static const char *mtu_wrong(const void *member)
{
	uint32_t mtu = *(const uint32_t *)member;

	return mtu == 0 || mtu >= 576 ? NULL : "is below 576, and not 0 either";
}

static const struct mr_field_rule mtu_rule = {
	.wrong = mtu_wrong, .good = "576", .bad = (const char *const[]){ "1", "575", NULL },
	.schema = "{ \"anyOf\": [ { \"maximum\": 0 }, { \"minimum\": 576 } ] }",
};

static const struct mr_field ether_fields[] = {
	{ "interface", MR_TEXT, MR_AT(struct mr_ether_conf, interface), .required = true,
	  .rule = &interface_rule, .help = "name of the interface" },
	{ "ethertype", MR_U32, MR_AT(struct mr_ether_conf, ethertype), .min = 0x600, .max = 0xffff,
	  .def = FIPS_ETHER_TYPE, .help = "EtherType of our frames" },
	{ "mtu", MR_U32, MR_AT(struct mr_ether_conf, mtu), .max = 65000, .rule = &mtu_rule,
	  .unit = "bytes", .help = "largest frame, 576 at least; 0: that of the interface, less 3" },
	{ "recv_buf_size", MR_U32, MR_AT(struct mr_ether_conf, recv_buf_size), .min = 4096,
	  .max = BUFFER_MAX, .def = 2u << 20, .unit = "bytes", .help = "socket receive buffer" },
	{ "send_buf_size", MR_U32, MR_AT(struct mr_ether_conf, send_buf_size), .min = 4096,
	  .max = BUFFER_MAX, .def = 2u << 20, .unit = "bytes", .help = "socket send buffer" },
	{ "listen", MR_BOOL, MR_AT(struct mr_ether_conf, listen), .def = 1,
	  .help = "take notice of others' beacons" },
	{ "discovery", MR_BOOL, MR_AT(struct mr_ether_conf, discovery), .def = 1,
	  .help = "listen, as it was called before" },
	{ "announce", MR_BOOL, MR_AT(struct mr_ether_conf, announce), .help = "send beacons" },
	{ "auto_connect", MR_BOOL, MR_AT(struct mr_ether_conf, auto_connect),
	  .help = "dial those whose beacons are heard" },
	{ "accept_connections", MR_BOOL, MR_AT(struct mr_ether_conf, accept),
	  .help = "answer handshakes of peers that were not dialled" },
	{ "beacon_interval_secs", MR_U32, MR_AT(struct mr_ether_conf, beacon), .min = 10,
	  .max = 86400, .def = 30, .unit = "s", .help = "between two beacons" },
	{ 0 }
};

static const struct mr_section ether_sections[] = {
	{ .path = "transports.ethernet", .fields = ether_fields,
	  .size = sizeof(struct mr_ether_conf), .instances = true, .most = MR_ETHER_MAX,
	  .help = "the Ethernet transport" },
	{ 0 }
};

/* 0: there is no such interface. */
static uint32_t interface_mtu(const char *name)
{
	struct ifreq request = { .ifr_ifindex = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t mtu = 0;

	if (name && strlen(name) < IFNAMSIZ)
		memcpy(request.ifr_name, name, strlen(name) + 1);
	if (fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
		mtu = (uint32_t)request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

/* Frames of ours that fit into the interface's. */
static uint16_t room_in(uint32_t mtu)
{
	uint32_t room = mtu > FIPS_ETHER_HEAD ? mtu - FIPS_ETHER_HEAD : 0;

	return room < UINT16_MAX ? (uint16_t)room : UINT16_MAX - 1;
}

/* The forced form needs CAP_NET_ADMIN; the plain one is capped by a sysctl. */
static void size_buffer(struct mr_setup *s, int fd, int option, int forced, uint32_t bytes,
                        const char *what, const char *sysctl)
{
	int want = (int)bytes, got = 0;
	socklen_t len = sizeof got;

	setsockopt(fd, SOL_SOCKET, option, &want, sizeof want);
	setsockopt(fd, SOL_SOCKET, forced, &want, sizeof want);
	getsockopt(fd, SOL_SOCKET, option, &got, &len);
	if (got / 2 < want)
		mr_setup_warn(s, "transports.ethernet",
		              "the %s buffer is %d bytes, not the %d asked for; raise it with "
		              "sysctl -w %s=%d", what, got / 2, want, sysctl, want);
}

static int bind_to(const struct mr_ether_socket *sock, int index)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		                  .sll_protocol = htons((uint16_t)sock->conf->ethertype),
		                  .sll_ifindex = index };

	return bind(sock->fd, (struct sockaddr *)&at, sizeof at);
}

enum mr_ether_found mr_ether_rebind(struct mr_ether_socket *sock)
{
	int index = (int)if_nametoindex(sock->conf->interface);

	if (index && index == sock->index)
		return MR_ETHER_SAME;
	if (!index || bind_to(sock, index))
		return MR_ETHER_GONE;
	sock->index = index;
	return MR_ETHER_ANEW;
}

void mr_ether_fit(struct mr_ether_socket *sock)
{
	uint32_t mtu = interface_mtu(sock->conf->interface);
	uint16_t room = room_in(mtu);

	if (mtu)
		atomic_store_explicit(&sock->mtu, room < sock->most ? room : sock->most,
		                      memory_order_relaxed);
}

static int open_socket(struct mr_ether_socket *sock, struct mr_setup *s)
{
	const struct mr_ether_conf *conf = sock->conf;
	int on = 1;

	/* without a protocol it hears nothing before it is bound to its interface */
	sock->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return mr_setup_error(s, "transports.ethernet", "no packet socket: %s%s",
		                      strerror(errno),
		                      errno == EPERM ? " (it takes CAP_NET_RAW)" : "");
	setsockopt(sock->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	setsockopt(sock->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
	size_buffer(s, sock->fd, SO_RCVBUF, SO_RCVBUFFORCE, conf->recv_buf_size, "receive",
	            "net.core.rmem_max");
	size_buffer(s, sock->fd, SO_SNDBUF, SO_SNDBUFFORCE, conf->send_buf_size, "send",
	            "net.core.wmem_max");
	if (sock->index && bind_to(sock, sock->index))
		return mr_setup_error(s, "transports.ethernet", "%s cannot be bound: %s",
		                      conf->interface, strerror(errno));
	return 0;
}

/* Where there are other ways, one that is missing is waited for (operations.md 2): an adapter may
 * be plugged in later than the machine starts. */
static int find(struct mr_ether_socket *sock, bool others, struct mr_setup *s)
{
	const char *name = sock->conf->interface;

	sock->index = (int)if_nametoindex(name);
	if (sock->index)
		return 0;
	if (!others)
		return mr_setup_error(s, "transports.ethernet", "there is no interface %s", name);
	mr_setup_warn(s, "transports.ethernet",
	              "there is no interface %s; it is used as soon as there is one", name);
	sock->look_at = 0;
	return 0;
}

static int open_instance(struct mr_ether_socket *sock, const struct mr_ether_conf *conf,
                         bool others, struct mr_setup *s)
{
	uint32_t mtu;

	*sock = (struct mr_ether_socket){ .conf = conf, .name = conf->name ? conf->name : "ethernet",
		                          .fd = -1, .look_at = MR_NEVER,
		                          .beacon_at = conf->announce ? 0 : MR_NEVER };
	if (!conf->interface)
		return mr_setup_error(s, "transports.ethernet", "has no interface");
	if (find(sock, others, s))
		return -1;
	mtu = interface_mtu(conf->interface);
	sock->most = room_in(mtu ? mtu : USUAL_MTU);
	if (conf->mtu > sock->most)
		mr_setup_warn(s, "transports.ethernet", "mtu %u is more than %s has room for, which is %u",
		              conf->mtu, conf->interface, sock->most);
	else if (conf->mtu)
		sock->most = (uint16_t)conf->mtu;
	sock->mtu = sock->most;
	return open_socket(sock, s);
}

static int ether_open(void *self, struct mr_setup *s)
{
	const struct mr_list *list = s->conf[0];
	const struct mr_ether_conf *conf = list->items;
	struct mr_ether *ether = self;
	bool others = mr_transports_besides(s->doc, "ethernet");
	int failed = 0;

	ether->mtu = UINT16_MAX;
	if (list->n > MR_ETHER_MAX)
		return mr_setup_error(s, "transports.ethernet", "%u instances, and %d are the most",
		                      list->n, MR_ETHER_MAX);
	for (unsigned i = 0; i < list->n; i++)
		others |= conf[i].interface && if_nametoindex(conf[i].interface);
	for (; ether->n < list->n; ether->n++) {
		struct mr_ether_socket *sock = &ether->socket[ether->n];

		if (open_instance(sock, &conf[ether->n], others, s))
			failed = -1;
		else if (sock->most < ether->mtu)
			ether->mtu = sock->most;
	}
	return failed;
}

static void ether_close(void *self)
{
	struct mr_ether *ether = self;

	for (unsigned i = 0; i < ether->n; i++) {
		if (ether->socket[i].fd >= 0)
			close(ether->socket[i].fd);
	}
}

static uint32_t ether_view_max(void *const *confs)
{
	const struct mr_list *list = confs[0];
	const struct mr_ether_conf *conf = list->items;
	uint32_t most = 0;

	for (unsigned i = 0; i < list->n; i++) {
		uint32_t mtu = interface_mtu(conf[i].interface);
		uint32_t view = (mtu ? mtu : USUAL_MTU) + SPARE_BYTES;

		most = view > most ? view : most;
	}
	return most;
}

const struct mr_resource mr_resource_ether = {
	.name = "ethernet", .summary = "packet sockets of the Ethernet transport",
	.size = sizeof(struct mr_ether), .sections = ether_sections, .view_max = ether_view_max,
	.open = ether_open, .close = ether_close,
};

bool mr_mac_parse(const char *text, uint8_t mac[MR_ETHER_MAC])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 3 * MR_ETHER_MAC; i++) {
		char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
		const char *digit = c ? strchr(digits, c) : NULL;
		uint8_t *byte = &mac[i / 3];

		if (i % 3 == 2) {
			if (c != (i == 3 * MR_ETHER_MAC - 1 ? '\0' : ':'))
				return false;
			continue;
		}
		if (!digit)
			return false;
		*byte = (uint8_t)((i % 3 ? *byte << 4 : 0) | (int)(digit - digits));
	}
	return true;
}

void mr_mac_text(const uint8_t mac[MR_ETHER_MAC], char text[MR_MAC_TEXT])
{
	snprintf(text, MR_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
	         mac[4], mac[5]);
}
