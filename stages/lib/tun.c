/* tun.c - make the TUN device and give it its address; see tun.h. */

#include "stages/lib/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *name_rule(const void *member)
{
	const char *name = *(char *const *)member;

	if (!name || !*name || strlen(name) > 15 || strpbrk(name, "/ :%"))
		return "is no device name (1 to 15 characters, no slash, colon or space)";
	return NULL;
}

static const struct mr_field tun_fields[] = {
	{ "enabled", MR_BOOL, MR_AT(struct mr_tun_conf, enabled),
	  .help = "make a TUN device, so that programs reach fd00::/8" },
	{ "name", MR_TEXT, MR_AT(struct mr_tun_conf, name), .text = "fips0", .rule = name_rule,
	  .help = "name of the device" },
	{ "mtu", MR_U32, MR_AT(struct mr_tun_conf, mtu), .min = 1280, .max = 64000, .def = 1280,
	  .unit = "bytes", .help = "MTU of the device" },
	{ "queue", MR_U32, MR_AT(struct mr_tun_conf, queue), .min = 100, .max = 100000, .def = 1000,
	  .unit = "packets", .help = "length of the device's queue; what comes when it is full is lost" },
	{ 0 }
};

static const struct mr_section tun_sections[] = {
	{ .path = "tun", .fields = tun_fields, .size = sizeof(struct mr_tun_conf),
	  .help = "the TUN device" },
	{ 0 }
};

static int tun_open(void *self, struct mr_setup *s)
{
	struct mr_tun *tun = self;
	const struct mr_tun_conf *conf = s->conf[0];
	struct ifreq req;

	memset(&req, 0, sizeof req);
	req.ifr_flags = IFF_TUN | IFF_NO_PI;
	tun->fd = -1;
	tun->mtu = conf->mtu;
	tun->queue = conf->queue;
	if (!conf->enabled)
		return 0;
	memcpy(req.ifr_name, conf->name, strlen(conf->name));
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return mr_setup_error(s, "tun", "/dev/net/tun cannot be opened: %s%s", strerror(errno),
		                      errno == ENOENT ? " (modprobe tun)" : "");
	if (ioctl(tun->fd, TUNSETIFF, &req)) {
		if (errno == EPERM)
			return mr_setup_error(s, "tun",
			                      "making device %s needs CAP_NET_ADMIN: run as root, or "
			                      "setcap cap_net_admin+ep on the program", conf->name);
		if (errno == EBUSY)
			return mr_setup_error(s, "tun", "device %s is in use by another program",
			                      conf->name);
		return mr_setup_error(s, "tun", "device %s cannot be made: %s", conf->name,
		                      strerror(errno));
	}
	memcpy(tun->name, req.ifr_name, sizeof tun->name - 1);
	return 0;
}

static void tun_close(void *self)
{
	struct mr_tun *tun = self;

	if (tun->fd >= 0)
		close(tun->fd); /* which removes the device, its address and its route */
}

static uint32_t tun_view_max(void *const *confs)
{
	const struct mr_tun_conf *conf = confs[0];

	return conf->enabled ? conf->mtu : 0;
}

const struct mr_resource mr_resource_tun = {
	.name = "tun", .summary = "the TUN device", .size = sizeof(struct mr_tun),
	.sections = tun_sections, .view_max = tun_view_max, .open = tun_open, .close = tun_close,
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

	if (tun->fd < 0 || tun->up)
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
