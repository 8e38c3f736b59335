/* tun.c - make the TUN device, ask for its offloads and give it its address; see tun.h. */

#include "stages/lib/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fips/wire/shim.h"

#ifndef TUN_F_USO4 /* kernels before 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define UDP_SEND_MAX 65487 /* bytes of one segmented send over IPv6 */

static const char *name_wrong(const void *member)
{
	const char *name = *(char *const *)member;

	if (!*name || strlen(name) > 15 || strpbrk(name, "/ :%"))
		return "is no device name (1 to 15 bytes, no slash, colon, percent sign or space)";
	return NULL;
}

static const struct mr_field_rule name_rule = {
	.wrong = name_wrong, .good = "fips0",
	.bad = (const char *const[]){ "", "a-device-so-long", "a/b", "a b", "a:b", "fips%d", NULL },
	.schema = "{ \"pattern\": \"^[^/ :%]*$\", \"minLength\": 1, \"maxLength\": 15 }",
};

static const struct mr_field tun_fields[] = {
	{ "enabled", MR_BOOL, MR_AT(struct mr_tun_conf, enabled),
	  .help = "make a TUN device, so that programs reach fd00::/8" },
	{ "name", MR_TEXT, MR_AT(struct mr_tun_conf, name), .text = "fips0", .rule = &name_rule,
	  .help = "name of the device" },
	{ "mtu", MR_U32, MR_AT(struct mr_tun_conf, mtu), .min = 1280, .max = 64000, .def = 1280,
	  .unit = "bytes", .help = "MTU of the device" },
	{ "queue", MR_U32, MR_AT(struct mr_tun_conf, queue), .min = 100, .max = 100000, .def = 2000,
	  .unit = "packets", .help = "length of each of the device's queues; what comes when it is full is lost" },
	{ "queues", MR_U32, MR_AT(struct mr_tun_conf, queues), .min = 1, .max = MR_TUN_QUEUES,
	  .def = 8,
	  .help = "queues that flows are spread over, so that none waits behind another's packets" },
	{ "offload", MR_BOOL, MR_AT(struct mr_tun_conf, offload), .def = 1,
	  .help = "exchange many packets as one with the device, where the kernel does" },
	{ "uso", MR_BOOL, MR_AT(struct mr_tun_conf, uso), .def = 1,
	  .help = "with `offload`: those of UDP too (Linux 6.2)" },
	{ 0 }
};

static const struct mr_section tun_sections[] = {
	{ .path = "tun", .fields = tun_fields, .size = sizeof(struct mr_tun_conf),
	  .help = "the TUN device" },
	{ 0 }
};

/* Super-packets of as many segments as one UDP send takes when they are frames. */
static uint32_t segments_of(uint32_t mtu)
{
	uint32_t n = UDP_SEND_MAX / (mtu + FIPS_IPV6_OVERHEAD);

	return n > MR_VECTOR ? MR_VECTOR : n > 0 ? n : 1;
}

/* The device of this name with these flags; -1 with errno. */
static int attach(const char *name, int flags)
{
	struct ifreq req = { .ifr_flags = (short)flags };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), error;

	memcpy(req.ifr_name, name, strlen(name));
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* A device with the header that offloads need, or -1. */
static int attach_vnet(const char *name, int flags)
{
	int fd = attach(name, flags | IFF_VNET_HDR);
	int size = sizeof(struct virtio_net_hdr);

	if (fd < 0 || ioctl(fd, TUNSETVNETHDRSZ, &size) == 0)
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* Less and less, until the kernel takes it: packets of IPv4 are not for us, but USO is for both or
 * for none. */
static void ask_for_offloads(struct mr_tun *tun, bool uso)
{
	static const unsigned set[] = {
		TUN_F_CSUM | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
		TUN_F_CSUM | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM | TUN_F_TSO6,
		TUN_F_CSUM,
		0, /* a device that was there before may have some */
	};

	for (unsigned i = uso ? 0 : 1; i < sizeof set / sizeof set[0]; i++) {
		if (ioctl(tun->fd[0], TUNSETOFFLOAD, set[i]) == 0) {
			tun->tso = set[i] & TUN_F_TSO6;
			tun->uso = set[i] & TUN_F_USO6;
			return;
		}
	}
}

static int refuse_device(struct mr_setup *s, const char *name)
{
	if (access("/dev/net/tun", R_OK | W_OK))
		return mr_setup_error(s, "tun", "/dev/net/tun cannot be opened: %s%s",
		                      strerror(errno),
		                      errno == ENOENT ? " (modprobe tun)" :
		                      errno == EACCES ? " (chmod 666 /dev/net/tun: whom its mode "
		                                        "lets in still needs CAP_NET_ADMIN)" : "");
	if (errno == EPERM)
		return mr_setup_error(s, "tun",
		                      "making device %s needs CAP_NET_ADMIN: run as root, or "
		                      "setcap cap_net_admin+ep on the program", name);
	if (errno == EBUSY || errno == EINVAL) /* EINVAL: it is there, and has several queues */
		return mr_setup_error(s, "tun", "device %s is in use by another program, perhaps another node: end it, or "
		                      "set tun.name to another", name);
	return mr_setup_error(s, "tun", "device %s cannot be made: %s", name, strerror(errno));
}

/* With offloads if it can be had so.  False, with errno: not with these flags.  With several queues
 * only a device of our own is made: one that has them could be another's, who would get half of our
 * packets.  One that somebody has made for us is taken as it is. */
static bool attach_first(struct mr_tun *tun, const struct mr_tun_conf *conf, int more)
{
	int flags = IFF_TUN | IFF_NO_PI | more;

	tun->fd[0] = conf->offload ? attach_vnet(conf->name, flags) : -1;
	tun->vnet = tun->fd[0] >= 0;
	if (!tun->vnet)
		tun->fd[0] = attach(conf->name, flags);
	tun->queues = tun->fd[0] >= 0;
	return tun->queues;
}

static bool attach_next(struct mr_tun *tun, int flags)
{
	int fd = attach(tun->name, flags & (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE));

	if (fd < 0)
		return false;
	tun->fd[tun->queues++] = fd;
	return true;
}

/* One descriptor that tells which queues have packets. */
static int join_queues(struct mr_tun *tun, struct mr_setup *s)
{
	if (tun->queues == 1) {
		tun->ready = tun->fd[0];
		return 0;
	}
	tun->ready = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < tun->queues; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		if (tun->ready < 0 || epoll_ctl(tun->ready, EPOLL_CTL_ADD, tun->fd[i], &event))
			return mr_setup_error(s, "tun", "device %s: its queues cannot be watched: %s",
			                      tun->name, strerror(errno));
	}
	return 0;
}

static int tun_open(void *self, struct mr_setup *s)
{
	struct mr_tun *tun = self;
	const struct mr_tun_conf *conf = s->conf[0];
	struct ifreq req;

	memset(&req, 0, sizeof req);
	tun->ready = -1;
	tun->mtu = conf->mtu;
	tun->queue = conf->queue;
	tun->segments = segments_of(conf->mtu);
	tun->asked = conf->offload;
	if (!conf->enabled)
		return 0;
	if (!(conf->queues > 1 && attach_first(tun, conf, IFF_MULTI_QUEUE | IFF_TUN_EXCL)) &&
	    !attach_first(tun, conf, 0))
		return refuse_device(s, conf->name);
	if (ioctl(tun->fd[0], TUNGETIFF, &req))
		return refuse_device(s, conf->name);
	memcpy(tun->name, req.ifr_name, sizeof tun->name - 1);
	if (tun->vnet)
		ask_for_offloads(tun, conf->uso);
	while (req.ifr_flags & IFF_MULTI_QUEUE && tun->queues < conf->queues)
		if (!attach_next(tun, req.ifr_flags))
			break;
	return join_queues(tun, s);
}

static void tun_close(void *self)
{
	struct mr_tun *tun = self;

	if (tun->queues > 1)
		close(tun->ready);
	/* The last to be closed removes the device, its address and its route. */
	while (tun->queues > 0)
		close(tun->fd[--tun->queues]);
}

static uint32_t tun_view_max(void *const *confs)
{
	const struct mr_tun_conf *conf = confs[0];

	return conf->enabled ? conf->mtu : 0;
}

const struct mr_resource mr_resource_tun = {
	.name = "tun", .summary = "the TUN device", .size = sizeof(struct mr_tun),
	.sections = tun_sections, .view_max = tun_view_max, .asked = "tun.enabled",
	.open = tun_open, .close = tun_close,
};

static int refuse(struct mr_setup *s, const struct mr_tun *tun, const char *what)
{
	const char *why = strerror(errno);

	if (errno == EACCES || errno == ENODEV || errno == EAFNOSUPPORT)
		why = "IPv6 is off on this machine (sysctl net.ipv6.conf.all.disable_ipv6)";
	return mr_setup_error(s, "tun", "device %s: %s: %s", tun->name, what, why);
}

/* With the prefix of the mesh: the route fd00::/8 comes, goes and returns with the address. */
static int set_address(int ctl, int index, const uint8_t own[16])
{
	struct in6_ifreq req = { .ifr6_prefixlen = 8, .ifr6_ifindex = index };

	memcpy(&req.ifr6_addr, own, 16);
	return ioctl(ctl, SIOCSIFADDR, &req) && errno != EEXIST ? -1 : 0;
}

/* Somebody may take the device down and up again, when we have no right any more to give it its
 * address once more. */
static void keep_address(const struct mr_tun *tun, struct mr_setup *s)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/keep_addr_on_down", tun->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		mr_setup_warn(s, "tun", "device %s will lose its address when it is taken down: %s: %s",
		              tun->name, path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The kernel asks for rights over the whole machine here: the root of a user namespace goes on with
 * the queue that the device came with. */
static void set_queue(const struct mr_tun *tun, int ctl, struct mr_setup *s)
{
	struct ifreq req = { .ifr_qlen = (int)tun->queue };

	memcpy(req.ifr_name, tun->name, sizeof tun->name);
	if (ioctl(ctl, SIOCSIFTXQLEN, &req))
		mr_setup_warn(s, "tun.queue", "device %s keeps its own queue: %s", tun->name,
		              strerror(errno));
}

struct limits {
	struct nlmsghdr  head;
	struct ifinfomsg info;
	struct {
		struct nlattr head;
		uint32_t      value;
	} attr[2];
};

/* What one super-packet may be.  A kernel that does not heed it hands over larger ones, which leave
 * in several calls. */
static void set_limits(const struct mr_tun *tun, int index)
{
	struct limits ask = {
		.head = { .nlmsg_len = sizeof ask, .nlmsg_type = RTM_NEWLINK,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.info = { .ifi_index = index },
		.attr = { { { sizeof ask.attr[0], IFLA_GSO_MAX_SEGS }, tun->segments },
		          { { sizeof ask.attr[1], IFLA_GSO_MAX_SIZE },
		            tun->segments * (tun->mtu - FIPS_IPV6_HEAD) } },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return;
	(void)!send(fd, &ask, sizeof ask, 0); /* the kernel has acted on it when this returns */
	close(fd);
}

/* Each step in turn; NULL, or the one that failed. */
static const char *bring_up(const struct mr_tun *tun, int ctl, const uint8_t own[16])
{
	struct ifreq req;
	int index;

	memset(&req, 0, sizeof req);
	memcpy(req.ifr_name, tun->name, sizeof tun->name);
	if (ioctl(ctl, SIOCGIFINDEX, &req))
		return "no index";
	index = req.ifr_ifindex;
	if (tun->vnet)
		set_limits(tun, index);
	req.ifr_mtu = (int)tun->mtu;
	if (ioctl(ctl, SIOCSIFMTU, &req))
		return "the MTU cannot be set";
	if (ioctl(ctl, SIOCGIFFLAGS, &req))
		return "no flags";
	req.ifr_flags |= IFF_UP;
	if (ioctl(ctl, SIOCSIFFLAGS, &req))
		return "it cannot be brought up";
	if (set_address(ctl, index, own))
		return "the address cannot be set";
	return NULL;
}

int mr_tun_configure(struct mr_tun *tun, const uint8_t own[16], struct mr_setup *s)
{
	const char *failed;
	int ctl;

	if (tun->queues == 0 || tun->up)
		return 0;
	ctl = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ctl < 0)
		return refuse(s, tun, "no IPv6 socket");
	set_queue(tun, ctl, s);
	keep_address(tun, s);
	failed = bring_up(tun, ctl, own);
	if (failed)
		refuse(s, tun, failed);
	close(ctl);
	tun->up = !failed;
	return failed ? -1 : 0;
}

const char *mr_tun_text(const struct mr_tun *tun, char buf[MR_TUN_TEXT])
{
	const char *offloads = tun->uso ? "TSO and USO" : tun->tso ? "TSO" : "no offloads";
	const char *why = tun->tso || !tun->asked ? "" : ", which the kernel refused";

	if (tun->queues == 0)
		return NULL;
	snprintf(buf, MR_TUN_TEXT, "TUN %s: MTU %u, queues: %u, %s%s", tun->name, tun->mtu,
	         tun->queues, offloads, why);
	return buf;
}
