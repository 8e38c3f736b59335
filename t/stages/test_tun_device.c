/* tun-read and tun-write on a real device, where a network namespace of our own can be had. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stages/tun-read/tun-read.h"
#include "t/lib/craft.h"
#include "t/lib/ip6.h"
#include "t/lib/refuse.h"
#include "t/lib/tun_pair.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tun_read, mr_kind_tun_write;

#define DEVICE "{" TUN_IDENTITY ",\"tun\":{\"enabled\":true,\"name\":\"mrtest%d\",\"mtu\":1300}}"

/* A network namespace of our own, or false (said aloud). */
static bool namespace(void)
{
	int flags = CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0), fd;

	if (unshare(flags)) {
		printf("skipped: no network namespace here: %s\n", strerror(errno));
		return false;
	}
	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0) {
		printf("skipped: /dev/net/tun: %s\n", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

/* A node file that names a device which lives as long as this process. */
static const char *device_node(void)
{
	static char text[512];

	snprintf(text, sizeof text, DEVICE, (int)(getpid() % 10000));
	return text;
}

static struct sockaddr_in6 mesh_address(const struct fips_addr *node, uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	fips_addr_to_ipv6(node, a.sin6_addr.s6_addr);
	return a;
}

/* A program's UDP socket on our mesh address. */
static int program(uint16_t port)
{
	struct sockaddr_in6 own = mesh_address(&craft_a, port);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	/* an address just given is tentative until the kernel's own worker has looked at it */
	for (unsigned i = 0; bind(fd, (struct sockaddr *)&own, sizeof own) && i < 5000; i++)
		usleep(1000);
	return fd;
}

/* The next UDP packet from the device; what the kernel itself sends on it is passed over. */
static struct mr_pkt *next_udp(struct rig *rig)
{
	struct mr_pkt *p;

	do
		p = rig_out(rig, "ip");
	while (p && (p->len < 48 || p->data[6] != 17 || p->data[24] != 0xfd));
	return p;
}

/* Opening gives the device our address and the route: what a program sends to the mesh is read. */
START_TEST(a_program_is_heard)
{
	struct sockaddr_in6 to = mesh_address(&craft_b, 5000);
	struct mr_pkt *p;
	struct rig *rig;
	uint8_t own[16];
	int fd;

	if (!namespace())
		return;
	rig = rig_open(&mr_kind_tun_read, "{}", device_node());
	fd = program(4000);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
	rig_run(rig);
	fips_addr_to_ipv6(&craft_a, own);
	for (unsigned i = 0; i < 3; i++) {
		p = next_udp(rig);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->len, 40 + 8 + 5);
		ck_assert_mem_eq(p->data + 8, own, 16);
		ck_assert_mem_eq(p->data + 24, &to.sin6_addr, 16);
		ck_assert_mem_eq(p->data + 48, "hello", 5);
	}
	while (rig_out(rig, "ip"))
		;
	close(fd);
	rig_close(rig);
}
END_TEST

/* What a program sends in one call is cut by the kernel, or by the device. */
static void segment(int fd, int size)
{
	enum { UDP_SEGMENT = 103 };

	ck_assert_int_eq(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size), 0);
}

/* What a kernel has of offloads, and whether the settings want them. */
static const struct {
	const char *settings;
	uint32_t    request, bits; /* that is refused */
	bool        vnet, tso, uso;
	const char *text;
} kernels[] = {
	{ "", 0, 0, true, true, true, "MTU 1300, queues: 8, TSO and USO" },
	{ ",\"uso\":false", 0, 0, true, true, false, "MTU 1300, queues: 8, TSO" },
	{ ",\"offload\":false", 0, 0, false, false, false, "MTU 1300, queues: 8, no offloads" },
	{ "", TUNSETOFFLOAD, 0x60, true, true, false, "MTU 1300, queues: 8, TSO" },
	{ "", TUNSETOFFLOAD, 0x66, true, false, false,
	  "MTU 1300, queues: 8, no offloads, which the kernel refused" },
	{ "", TUNSETOFFLOAD, 0, true, false, false,
	  "MTU 1300, queues: 8, no offloads, which the kernel refused" },
	{ "", TUNSETVNETHDRSZ, 0, false, false, false,
	  "MTU 1300, queues: 8, no offloads, which the kernel refused" },
};

static const char *node_with(const char *settings)
{
	static char text[600];

	snprintf(text, sizeof text, "%.*s%s}}", (int)strlen(device_node()) - 2, device_node(),
	         settings);
	return text;
}

/* R3: a program sends four datagrams as one; the device hands them over as one if it can, and what
 * leaves is the same in any case. */
START_TEST(with_and_without_offloads)
{
	struct sockaddr_in6 to = mesh_address(&craft_b, 5000);
	static uint8_t bytes[3500];
	char text[MR_TUN_TEXT];
	struct mr_tun *tun;
	struct rig *rig;
	struct mr_pkt *p;
	int fd;

	if (!namespace())
		return;
	if (kernels[_i].request && !refuse_ioctl(kernels[_i].request, kernels[_i].bits)) {
		printf("skipped: no filters for system calls here\n");
		return;
	}
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 13 + i / 256);
	rig = rig_open(&mr_kind_tun_read, "{}", node_with(kernels[_i].settings));
	tun = rig_use(rig, &mr_resource_tun);
	ck_assert_int_eq(tun->vnet, kernels[_i].vnet);
	ck_assert_int_eq(tun->tso, kernels[_i].tso);
	ck_assert_ptr_nonnull(mr_tun_text(tun, text));
	ck_assert_msg(strstr(text, kernels[_i].text) &&
	                      strlen(strstr(text, kernels[_i].text)) == strlen(kernels[_i].text),
	              "%s", text);
	fd = program(4000);
	segment(fd, 1000);
	ck_assert_int_eq(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to),
	                 sizeof bytes);
	rig_run(rig);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t len = i < 3 ? 1000 : 500;

		p = next_udp(rig);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->len, 48 + len);
		ck_assert(ip6_sound(p->data, p->len));
		ck_assert_mem_eq(p->data + 48, bytes + i * 1000, len);
	}
	ck_assert_uint_eq(rig_count(rig, "super-packets"), tun->uso ? 1 : 0);
	ck_assert_uint_eq(rig_count(rig, "segments"), tun->uso ? 4 : 0);
	if (kernels[_i].uso != tun->uso)
		printf("this kernel has no USO\n");
	while (rig_out(rig, "ip"))
		;
	close(fd);
	rig_close(rig);
}
END_TEST

/* The device makes no super-packets of more segments than one UDP send takes. */
START_TEST(the_device_keeps_within_limits)
{
	struct sockaddr_in6 to = mesh_address(&craft_b, 5000);
	static uint8_t bytes[60 * 1000];
	struct mr_tun *tun;
	struct rig *rig;
	unsigned n = 0;
	int fd;

	if (!namespace())
		return;
	rig = rig_open(&mr_kind_tun_read, "{}", device_node());
	tun = rig_use(rig, &mr_resource_tun);
	ck_assert_uint_eq(tun->segments, 47); /* 65487 / (1300 + 77) */
	fd = program(4000);
	segment(fd, 1000);
	ck_assert_int_eq(sendto(fd, bytes, 47 * 1000, 0, (struct sockaddr *)&to, sizeof to),
	                 47 * 1000);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "super-packets"), tun->uso ? 1 : 0);
	ck_assert_int_eq(sendto(fd, bytes, 48 * 1000, 0, (struct sockaddr *)&to, sizeof to),
	                 48 * 1000);
	while (next_udp(rig))
		n++;
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "super-packets"), tun->uso ? 1 : 0);
	while (next_udp(rig))
		n++;
	ck_assert_uint_eq(n, 47 + 48);
	close(fd);
	rig_close(rig);
}
END_TEST

/* Somebody raised the device's MTU behind our back: the packet is dropped, not cut. */
START_TEST(the_device_grew)
{
	struct sockaddr_in6 to = mesh_address(&craft_b, 5000);
	struct ifreq req = { .ifr_mtu = 9000 };
	static uint8_t bytes[4000];
	struct rig *rig;
	int fd;

	if (!namespace())
		return;
	rig = rig_open(&mr_kind_tun_read, "{}", device_node());
	fd = program(4000);
	snprintf(req.ifr_name, sizeof req.ifr_name, "mrtest%d", (int)(getpid() % 10000));
	ck_assert_int_eq(ioctl(fd, SIOCSIFMTU, &req), 0);
	ck_assert_int_eq(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to),
	                 sizeof bytes);
	rig_run(rig);
	craft_drops(rig, &mr_kind_tun_read, "too-big", 1);
	while (rig_out(rig, "ip"))
		;
	close(fd);
	rig_close(rig);
}
END_TEST

/* As `ip link del` does. */
static void delete_device(void)
{
	struct {
		struct nlmsghdr  head;
		struct ifinfomsg info;
	} ask = {
		.head = { .nlmsg_len = sizeof ask, .nlmsg_type = RTM_DELLINK,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = { .error.error = -1 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	char name[IFNAMSIZ];

	snprintf(name, sizeof name, "mrtest%d", (int)(getpid() % 10000));
	ask.info.ifi_index = (int)if_nametoindex(name);
	ck_assert_int_gt(ask.info.ifi_index, 0);
	ck_assert_int_eq(send(fd, &ask, sizeof ask, 0), sizeof ask);
	ck_assert_int_gt(recv(fd, &answer, sizeof answer, 0), 0);
	ck_assert_int_eq(answer.error.error, 0);
	close(fd);
}

/* R11: a device that is gone is always `ready` and never read; it is asked once a second. */
START_TEST(a_device_that_is_gone)
{
	struct rig *rig;

	if (!namespace())
		return;
	rig = rig_open(&mr_kind_tun_read, "{}", device_node());
	rig_run(rig);
	while (rig_out(rig, "ip"))
		;
	delete_device();
	for (unsigned i = 0; i < 10; i++)
		rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "read-errors"), 1);
	rig_at(rig, 2 * MR_NS_PER_S + 1);
	rig_run(rig);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "read-errors"), 2);
	rig_close(rig);
}
END_TEST

/* What is written reaches a program; while the device is down it is a named drop. */
START_TEST(a_program_hears)
{
	struct ifreq req = { .ifr_flags = IFF_UP };
	struct {
		struct in6_addr address;
		uint32_t        prefix;
		int             index;
	} own = { .prefix = 128 }; /* in6_ifreq, whose header does not go with <net/if.h> */
	uint8_t ip[100], got[100];
	struct rig *rig;
	int ctl, fd;

	if (!namespace())
		return;
	rig = rig_open(&mr_kind_tun_write, "{}", device_node());
	craft_ip(ip, &craft_b, &craft_a, 3, sizeof ip);
	rig_feed(rig, "ip", ip, sizeof ip);
	ck_assert_str_eq(rig_run(rig), "device-error");

	ctl = socket(AF_INET6, SOCK_DGRAM, 0);
	snprintf(req.ifr_name, sizeof req.ifr_name, "mrtest%d", (int)(getpid() % 10000));
	ck_assert_int_eq(ioctl(ctl, SIOCSIFFLAGS, &req), 0);
	ck_assert_int_eq(ioctl(ctl, SIOCGIFINDEX, &req), 0);
	own.index = req.ifr_ifindex;
	fips_addr_to_ipv6(&craft_a, own.address.s6_addr);
	ck_assert_int_eq(ioctl(ctl, SIOCSIFADDR, &own), 0);
	fd = program(5000);
	/* a checksum of 0 is none, which IPv6 refuses unless a socket allows it */
	ck_assert_int_eq(setsockopt(fd, IPPROTO_UDP, 102, &(int){ 1 }, sizeof(int)), 0);
	rig_feed(rig, "ip", ip, sizeof ip);
	ck_assert_str_eq(rig_run(rig), "taken");
	ck_assert_int_eq(recv(fd, got, sizeof got, 0), (ssize_t)sizeof ip - 48);
	ck_assert_mem_eq(got, ip + 48, sizeof ip - 48);
	close(fd);
	close(ctl);
	rig_close(rig);
}
END_TEST

/* One that was made for us has the queue it has. */
START_TEST(a_device_that_was_there)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	const struct mr_tun *tun;
	struct rig *rig;
	int fd;

	if (!namespace())
		return;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	snprintf(req.ifr_name, sizeof req.ifr_name, "mrtest%d", (int)(getpid() % 10000));
	ck_assert_int_eq(ioctl(fd, TUNSETIFF, &req), 0);
	ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	rig = rig_open(&mr_kind_tun_read, "{}", device_node());
	tun = rig_use(rig, &mr_resource_tun);
	ck_assert_uint_eq(tun->queues, 1);
	ck_assert_int_eq(ioctl(tun->fd[0], TUNSETPERSIST, 0), 0);
	rig_close(rig);
}
END_TEST

/* Why a device cannot be had is said in a sentence. */
START_TEST(refusals)
{
	struct rig *rig;
	char *why;

	if (!namespace())
		return;
	rig = rig_open(&mr_kind_tun_read, "{}", device_node());
	why = rig_refusal(&mr_kind_tun_read, "{}", device_node());
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, "is in use by another program") != NULL, "%s", why);
	free(why);
	rig_close(rig);
	craft_net_admin(false);
	why = rig_refusal(&mr_kind_tun_read, "{}", device_node());
	craft_net_admin(true);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, "needs CAP_NET_ADMIN") != NULL, "%s", why);
	free(why);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tun device");
	TCase *tc = tcase_create("tun device");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_program_is_heard);
	tcase_add_loop_test(tc, with_and_without_offloads, 0, COUNT(kernels));
	tcase_add_test(tc, the_device_keeps_within_limits);
	tcase_add_test(tc, the_device_grew);
	tcase_add_test(tc, a_device_that_is_gone);
	tcase_add_test(tc, a_program_hears);
	tcase_add_test(tc, a_device_that_was_there);
	tcase_add_test(tc, refusals);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
