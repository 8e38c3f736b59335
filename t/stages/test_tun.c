/* tun-read and tun-write: on a pair of sockets that takes the device's place, and on a real device
 * where a network namespace of our own can be had. */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/virtio_net.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/tun.h"
#include "stages/lib/words.h"
#include "stages/tun-read/tun-read.h"
#include "t/lib/craft.h"
#include "t/lib/ip6.h"
#include "t/lib/refuse.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tun_read, mr_kind_tun_write;

#define IDENTITY "\"node\":{\"identity\":{\"nsec\":\"" CRAFT_A "\"}}"
#define NONE     "{" IDENTITY "}"
#define DEVICE   "{" IDENTITY ",\"tun\":{\"enabled\":true,\"name\":\"mrtest%d\",\"mtu\":1300}}"

/* ---- a pair of sockets ---- */

/* Give the rig one end as its device; returns the other. */
static int become_device(struct rig *rig)
{
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_lt(tun->fd, 0);
	tun->fd = pair[0]; /* closed with the rig */
	return pair[1];
}

static struct rig *reader_open(const char *settings, int *far_end)
{
	struct rig *rig = rig_open(&mr_kind_tun_read, settings, NONE);
	const struct mr_tun *tun = rig_use(rig, &mr_resource_tun);

	*far_end = become_device(rig);
	rig_watch(rig, tun->fd);
	return rig;
}

START_TEST(packets_are_read)
{
	static const size_t sizes[] = { 1, 39, 40, 41, 1279, 1280 };
	const struct mr_mesh *mesh;
	uint8_t ip[1280];
	struct rig *rig;
	int far_end;

	rig = reader_open("{}", &far_end);
	mesh = rig_use(rig, &mr_resource_mesh);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		memset(ip, (int)i, sizeof ip);
		ck_assert_int_eq(write(far_end, ip, sizes[i]), (ssize_t)sizes[i]);
	}
	ck_assert_str_eq(rig_run(rig), "ip");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct mr_pkt *p = rig_out(rig, "ip");

		memset(ip, (int)i, sizeof ip);
		ck_assert_uint_eq(p->len, sizes[i]);
		ck_assert_mem_eq(p->data, ip, p->len);
		ck_assert_uint_eq(p->mark, MR_SHAPE_IP);
		ck_assert_uint_eq(p->stamp, MR_NS_PER_S);
		/* the replica of whoever it is for: any for what is no IPv6 packet */
		ck_assert_uint_eq(p->far,
		                  sizes[i] < 40 ? MR_NO_HANDLE :
		                                  mr_table_unresolved(mesh->sessions, ip + 25));
		ck_assert_uint_ge(mr_pkt_headroom(p), 16 + 4 + 36 + 12 + 5); /* frame to port shim */
		ck_assert_uint_ge(mr_pkt_tailroom(p), 32); /* session.md 6.1 */
	}
	ck_assert_uint_eq(rig_count(rig, "made"), COUNT(sizes));
	rig_close(rig);
	close(far_end);
}
END_TEST

/* Everything that waits is read, in order, at most `batch` in one go; the read that finds nothing
 * keeps its packet for the next time. */
START_TEST(batches)
{
	static const struct {
		const char *settings;
		unsigned    pulls; /* for ten packets and the read that finds no more */
	} batch[] = { { "{\"batch\":1}", 11 }, { "{\"batch\":5}", 3 }, { "{}", 1 } };
	struct rig *rig;
	int far_end;

	rig = reader_open(batch[_i].settings, &far_end);
	for (unsigned round = 0; round < 3; round++) {
		for (uint8_t i = 0; i < 10; i++)
			ck_assert_int_eq(write(far_end, &i, 1), 1);
		rig_run(rig);
		for (unsigned i = 0; i < 10; i++)
			ck_assert_uint_eq(rig_out(rig, "ip")->data[0], i);
		ck_assert_ptr_null(rig_out(rig, "ip"));
	}
	ck_assert_uint_eq(rig_count(rig, "read-calls"), 3 * (10 + 1));
	ck_assert_uint_eq(rig_count(rig, "calls"), 3 * batch[_i].pulls);
	ck_assert_uint_eq(rig_count(rig, "read-errors"), 0);
	ck_assert_uint_eq(rig_count(rig, "held"), 0); /* a spare is nobody's packet */
	rig_close(rig);
	close(far_end);
}
END_TEST

/* A packet that is larger than the device's MTU was would be cut: it is dropped instead. */
START_TEST(larger_than_the_device)
{
	uint8_t ip[1400] = { 0x60 };
	struct rig *rig;
	int far_end;

	rig = reader_open("{}", &far_end);
	ck_assert_int_eq(write(far_end, ip, 1281), 1281);
	ck_assert_int_eq(write(far_end, ip, 1400), 1400);
	ck_assert_int_eq(write(far_end, ip, 1280), 1280);
	rig_run(rig);
	craft_drops(rig, &mr_kind_tun_read, "too-big", 2);
	ck_assert_uint_eq(rig_count(rig, "out"), 1);
	rig_close(rig);
	close(far_end);
}
END_TEST

/* ---- reading with offloads: the test says what the device says ---- */

static struct rig *super_reader_open(int *far_end)
{
	struct rig *rig = reader_open("{}", far_end);
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);

	tun->vnet = true;
	ck_assert_uint_eq(tun->segments, 48); /* frames of 1280 + 77 bytes in 65487 */
	return rig;
}

/* What a device hands over: p whole, to be cut into segments of `size`; 0: not to be cut. */
static size_t hand_over(int far_end, const struct ip6 *p, uint16_t size, uint8_t *bytes)
{
	struct virtio_net_hdr device = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_size = size, .csum_start = 40,
		.csum_offset = p->udp ? 6 : 16,
		.gso_type = size == 0 ? VIRTIO_NET_HDR_GSO_NONE :
		            p->udp    ? VIRTIO_NET_HDR_GSO_UDP_L4 :
		                        VIRTIO_NET_HDR_GSO_TCPV6,
	};
	size_t n = ip6_make(bytes + sizeof device, p);

	memcpy(bytes, &device, sizeof device);
	mr_to_be16(bytes + sizeof device + 40 + device.csum_offset,
	           ip6_pseudo(bytes + sizeof device, (uint32_t)n - 40));
	ck_assert_int_eq(write(far_end, bytes, sizeof device + n), (ssize_t)(sizeof device + n));
	memmove(bytes, bytes + sizeof device, n);
	return n;
}

/* The next packets are p's segments, each in its own buffer with all the room that any packet has. */
static void segments_leave(struct rig *rig, const struct ip6 *p, uint32_t size, const uint8_t *whole,
                           uint32_t from, uint32_t to)
{
	const struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	size_t head = ip6_head(p);

	for (uint32_t i = from; i < to; i++) {
		uint32_t len = p->payload - i * size < size ? p->payload - i * size : size;
		struct mr_pkt *q = rig_out(rig, "ip");

		ck_assert_ptr_nonnull(q);
		ck_assert_uint_eq(q->len, head + len);
		ck_assert(ip6_sound(q->data, q->len));
		ck_assert_mem_eq(q->data + head, whole + head + i * size, len);
		if (!p->udp)
			ck_assert_uint_eq(mr_be32(q->data + 44), p->seq + i * size);
		ck_assert_uint_eq(mr_pkt_headroom(q), MR_HEADROOM);
		ck_assert_uint_ge(mr_pkt_tailroom(q), 32);
		ck_assert_uint_eq(q->far, mr_table_unresolved(mesh->sessions, whole + 25));
		ck_assert_uint_eq(q->stamp, MR_NS_PER_S);
		ck_assert_uint_eq(q->mark, MR_SHAPE_IP);
	}
}

static uint32_t count_of(const struct ip6 *p, uint32_t size)
{
	return size ? (p->payload + size - 1) / size : 1;
}

/* R3, R8: super-packets leave as segments, in order, and what lies where it was expected is not moved.
 * After the first of a kind, that is all; one by itself fits any expectation. */
static const struct {
	struct ip6 p;
	uint16_t   size;
	unsigned   moved; /* packets */
} reads[] = {
	{ { .payload = 20000, .flags = IP6_ACK, .options = 3 }, 1208, 17 },
	{ { .payload = 57984, .flags = IP6_ACK, .options = 3, .seq = 7 }, 1208, 0 },
	{ { .payload = 1209, .flags = IP6_ACK, .options = 3 }, 1208, 0 },
	{ { .payload = 3, .flags = IP6_ACK, .options = 3 }, 0, 0 },
	{ { .payload = 0, .flags = IP6_ACK, .options = 3 }, 0, 0 },
	{ { .payload = 1208, .flags = IP6_ACK, .options = 3 }, 0, 0 },
	{ { .payload = 1208, .flags = IP6_ACK, .options = 3 }, 1208, 0 },
	{ { .payload = 57984, .flags = IP6_ACK | IP6_PSH, .options = 3, .seq = 0xfffffff0 }, 1208, 0 },
	/* other headers, other sizes */
	{ { .payload = 20000, .flags = IP6_ACK }, 1208, 17 },
	{ { .payload = 20000, .flags = IP6_ACK }, 1220, 17 },
	{ { .payload = 20000, .flags = IP6_ACK }, 1000, 20 },
	{ { .payload = 1230, .flags = IP6_ACK, .udp = true }, 0, 1 }, /* longer than the first piece */
	{ { .payload = 30000, .udp = true }, 1232, 25 },
	{ { .payload = 30000, .udp = true }, 1232, 0 },
	{ { .payload = 640, .udp = true }, 10, 64 },  /* too small to be placed: moved each time */
	{ { .payload = 640, .udp = true }, 10, 64 },
	{ { .payload = 20000, .flags = IP6_ACK }, 1220, 17 },
};

START_TEST(super_packets_are_cut)
{
	static uint8_t bytes[COUNT(reads)][66000];
	bool together = _i;
	uint64_t moved = 0, supers = 0, segments = 0;
	struct rig *rig;
	int far_end;

	rig = super_reader_open(&far_end);
	for (size_t i = 0; i < COUNT(reads); i++) {
		hand_over(far_end, &reads[i].p, reads[i].size, bytes[i]);
		moved += reads[i].moved;
		supers += reads[i].size != 0;
		segments += reads[i].size ? count_of(&reads[i].p, reads[i].size) : 0;
		if (together && i % 4 != 3 && i + 1 < COUNT(reads))
			continue;
		rig_run(rig);
		for (size_t j = together ? i - i % 4 : i; j <= i; j++)
			segments_leave(rig, &reads[j].p, reads[j].size ? reads[j].size : UINT16_MAX,
			               bytes[j], 0, count_of(&reads[j].p, reads[j].size));
		ck_assert_ptr_null(rig_out(rig, "ip"));
		ck_assert_uint_eq(rig_count(rig, "moved"), moved);
	}
	ck_assert_uint_eq(rig_count(rig, "super-packets"), supers);
	ck_assert_uint_eq(rig_count(rig, "segments"), segments);
	craft_drops(rig, &mr_kind_tun_read, NULL, 0);
	rig_close(rig);
	close(far_end);
}
END_TEST

/* More segments than a call may emit, or than there are packets: the rest leaves later, in order. */
START_TEST(more_than_a_vector)
{
	const struct ip6 p = { .payload = 65000, .flags = IP6_ACK };
	static uint8_t bytes[66000];
	struct rig *rig;
	int far_end;

	rig = super_reader_open(&far_end);
	for (unsigned size = 400; size <= 1000; size += 300) {
		for (unsigned round = 0; round < 3; round++) {
			uint32_t n = count_of(&p, size);

			hand_over(far_end, &p, (uint16_t)size, bytes);
			if (round == 1)
				rig_dry(rig, 20); /* those that leave come home when they are looked at */
			rig_run(rig);
			if (round == 1)
				rig_wet(rig);
			rig_run(rig);
			segments_leave(rig, &p, size, bytes, 0, n);
			ck_assert_ptr_null(rig_out(rig, "ip"));
		}
	}
	rig_close(rig);
	close(far_end);
}
END_TEST

/* Segments that are left when the graph is exchanged leave in the new one; they are nobody's packets
 * meanwhile.  Both where they lie in packets already and where they were moved. */
START_TEST(left_over_at_an_exchange)
{
	const struct ip6 p = { .payload = 65000, .flags = IP6_ACK };
	static uint8_t bytes[66000];
	struct rig *rig;
	int far_end;

	rig = super_reader_open(&far_end);
	((struct mr_tun *)rig_use(rig, &mr_resource_tun))->up = true;
	for (unsigned round = 0; round < 2; round++) {
		char settings[30], *why;
		uint64_t first = rig_count(rig, "made");

		hand_over(far_end, &p, 500, bytes);
		hand_over(far_end, &p, 500, bytes);
		rig_dry(rig, 20);
		rig_run(rig);
		rig_wet(rig);
		first = rig_count(rig, "made") - first;
		ck_assert_uint_gt(first, 0);
		ck_assert_uint_lt(first, 130);
		segments_leave(rig, &p, 500, bytes, 0, (uint32_t)first);
		snprintf(settings, sizeof settings, "{\"batch\":%u}", 50 + round);
		why = rig_swap(rig, settings);
		ck_assert_msg(!why, "%s", why);
		rig_run(rig);
		segments_leave(rig, &p, 500, bytes, (uint32_t)first, 130);
		segments_leave(rig, &p, 500, bytes, 0, 130);
		ck_assert_ptr_null(rig_out(rig, "ip"));
	}
	rig_close(rig);
	close(far_end);
}
END_TEST

/* The same with segments that lie in packets, as after a call without room for all: here the last six
 * of ten have not left. */
START_TEST(left_over_in_packets)
{
	const struct ip6 p = { .payload = 12000, .flags = IP6_ACK };
	static uint8_t bytes[66000];
	struct tun_read *tr;
	struct rig *rig;
	char *why;
	int far_end;

	rig = super_reader_open(&far_end);
	((struct mr_tun *)rig_use(rig, &mr_resource_tun))->up = true;
	for (unsigned round = 0; round < 2; round++) {
		hand_over(far_end, &p, 1200, bytes);
		rig_run(rig);
		segments_leave(rig, &p, 1200, bytes, 0, 10);
	}
	tr = rig_state(rig);
	ck_assert_uint_eq(tr->at, 10);
	ck_assert_uint_ge(tr->spares - tr->used, 6);
	tr->at = 4;
	tr->placed = 6;
	for (unsigned i = 0; i < 6; i++)
		memcpy(tr->spare[tr->used + i]->data + 60, bytes + 60 + (4 + i) * 1200, 1200);
	memset(tr->whole, 0xee, sizeof tr->whole);
	why = rig_swap(rig, "{\"batch\":3}");
	ck_assert_msg(!why, "%s", why);
	rig_run(rig);
	segments_leave(rig, &p, 1200, bytes, 4, 10);
	ck_assert_ptr_null(rig_out(rig, "ip"));
	rig_close(rig);
	close(far_end);
}
END_TEST

/* What the device says makes no sense, or is too much: a named drop, and the next packet is read. */
START_TEST(offloads_that_make_no_sense)
{
	static const struct {
		const char *drop;
		uint8_t     flags, type;
		uint16_t    size, start, offset;
		size_t      n;
	} wrong[] = {
		{ "bad-offload", 1, 1, 1000, 40, 16, 3060 },  /* IPv4 */
		{ "bad-offload", 1, 9, 1000, 40, 16, 3060 },
		{ "bad-offload", 0, 4, 1000, 40, 16, 3060 },
		{ "bad-offload", 1, 4, 0, 40, 16, 3060 },
		{ "bad-offload", 1, 4, 1000, 4000, 16, 3060 },
		{ "bad-offload", 1, 4, 1000, 40, 16, 60 },
		{ "bad-offload", 1, 4, 1000, 40, 16, 1 },
		{ "bad-offload", 1, 0, 0, 40, 16, 57 },       /* no place for the sum */
		{ "bad-offload", 1, 0, 0, 65535, 65535, 1280 },
		{ "too-big", 1, 4, 1221, 40, 16, 3060 },
		{ "too-big", 1, 4, 65535, 40, 16, 3060 },
		{ "too-big", 0, 0, 0, 0, 0, 1281 },
		{ "too-big", 1, 0, 0, 40, 16, 65000 },
	};
	const struct ip6 p = { .payload = 3000, .flags = IP6_ACK }, small = { .payload = 9 };
	static uint8_t bytes[66000];
	struct rig *rig;
	int far_end;

	rig = super_reader_open(&far_end);
	for (size_t i = 0; i < 2 * COUNT(wrong); i++) {
		size_t k = i / 2;
		struct virtio_net_hdr device = {
			.flags = wrong[k].flags, .gso_type = wrong[k].type,
			.gso_size = wrong[k].size, .csum_start = wrong[k].start,
			.csum_offset = wrong[k].offset,
		};
		uint64_t before = rig_count(rig, wrong[k].drop);

		if (i % 2) { /* the other layout */
			hand_over(far_end, &p, 1000, bytes);
			rig_run(rig);
			segments_leave(rig, &p, 1000, bytes, 0, 3);
		}
		memset(bytes, 0, sizeof bytes);
		memcpy(bytes, &device, sizeof device);
		ip6_make(bytes + sizeof device, &p);
		ck_assert_int_gt(write(far_end, bytes, sizeof device + wrong[k].n), 0);
		hand_over(far_end, &small, 0, bytes);
		rig_run(rig);
		ck_assert_msg(rig_count(rig, wrong[k].drop) == before + 1, "row %zu", k);
		segments_leave(rig, &small, UINT16_MAX, bytes, 0, 1);
	}
	rig_close(rig);
	close(far_end);
}
END_TEST

/* Less than the header of the device is no packet. */
START_TEST(a_read_without_a_packet)
{
	uint8_t bytes[sizeof(struct virtio_net_hdr)] = { 0 };
	struct rig *rig;
	int far_end;

	rig = super_reader_open(&far_end);
	ck_assert_int_gt(write(far_end, bytes, 4 + 6 * (size_t)_i), 0);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "read-errors"), 1);
	ck_assert_uint_eq(rig_count(rig, "made"), 0);
	rig_close(rig);
	close(far_end);
}
END_TEST

/* ---- writing ---- */

START_TEST(packets_are_written)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", NONE);
	int far_end = become_device(rig);
	uint8_t ip[1000], got[1500];

	for (unsigned i = 0; i < 9; i++) {
		craft_ip(ip, &craft_b, &craft_a, (uint8_t)i, 48 + 100 * i);
		rig_feed(rig, "ip", ip, 48 + 100 * i);
	}
	ck_assert_str_eq(rig_run(rig), "taken");
	for (unsigned i = 0; i < 9; i++) {
		size_t n = craft_ip(ip, &craft_b, &craft_a, (uint8_t)i, 48 + 100 * i);

		ck_assert_int_eq(read(far_end, got, sizeof got), (ssize_t)n);
		ck_assert_mem_eq(got, ip, n);
	}
	ck_assert_uint_eq(rig_count(rig, "write-calls"), 9);
	ck_assert_uint_eq(rig_count(rig, "taken-bytes"), 9 * 48 + 100 * 36);
	craft_drops(rig, &mr_kind_tun_write, NULL, 0);
	rig_close(rig);
	close(far_end);
}
END_TEST

START_TEST(without_a_device)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", NONE);
	uint8_t ip[60];

	rig_feed(rig, "ip", ip, craft_ip(ip, &craft_b, &craft_a, 0, sizeof ip));
	ck_assert_str_eq(rig_run(rig), "no-device");
	ck_assert_uint_eq(rig_count(rig, "write-calls"), 0);
	rig_close(rig);
}
END_TEST

/* A device that takes no more costs packets, by name and one by one. */
START_TEST(a_full_device)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", NONE);
	int far_end = become_device(rig), taken, small = 1;
	const struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	uint8_t ip[200];

	ck_assert_int_eq(setsockopt(tun->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	for (unsigned i = 0; i < 60; i++)
		rig_feed(rig, "ip", ip, craft_ip(ip, &craft_b, &craft_a, 0, sizeof ip));
	rig_run(rig);
	taken = (int)rig_count(rig, "taken");
	ck_assert_int_gt(taken, 0);
	ck_assert_int_lt(taken, 60);
	craft_drops(rig, &mr_kind_tun_write, "device-full", (uint64_t)(60 - taken));
	while (read(far_end, ip, sizeof ip) > 0)
		taken--;
	ck_assert_int_eq(taken, 0);
	rig_feed(rig, "ip", ip, craft_ip(ip, &craft_b, &craft_a, 0, sizeof ip));
	ck_assert_str_eq(rig_run(rig), "taken");
	rig_close(rig);
	close(far_end);
}
END_TEST

START_TEST(a_device_that_refuses)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", NONE);
	int far_end = become_device(rig);
	uint8_t ip[60];

	close(far_end);
	rig_feed(rig, "ip", ip, craft_ip(ip, &craft_b, &craft_a, 0, sizeof ip));
	ck_assert_str_eq(rig_run(rig), "device-error");
	rig_close(rig);
}
END_TEST

/* ---- writing with offloads ---- */

static struct rig *super_writer_open(int *far_end, bool uso)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", NONE);
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);

	*far_end = become_device(rig);
	tun->vnet = true;
	tun->uso = uso;
	return rig;
}

/* What one write brings: the header the device is given, and the packet behind it. */
static size_t one_write(int far_end, struct virtio_net_hdr *device, uint8_t *ip)
{
	static uint8_t bytes[66000];
	ssize_t n = read(far_end, bytes, sizeof bytes);

	ck_assert_int_gt(n, (ssize_t)sizeof *device);
	memcpy(device, bytes, sizeof *device);
	memcpy(ip, bytes + sizeof *device, (size_t)n - sizeof *device);
	return (size_t)n - sizeof *device;
}

static void feed_ip6(struct rig *rig, const struct ip6 *p, uint8_t spoilt)
{
	uint8_t ip[1300];
	size_t n = ip6_make(ip, p);

	ip[n - 1] ^= spoilt;
	rig_feed(rig, "ip", ip, n);
}

/* R3, R8: a vector of two flows and a packet by itself, in five writes: what belongs together is one, and
 * what is unsound stays as it was. */
START_TEST(super_packets_are_written)
{
	static const struct { unsigned type, size, flags; size_t n; } want[] = {
		{ VIRTIO_NET_HDR_GSO_TCPV6, 1000, 1, 60 + 2500 },
		{ VIRTIO_NET_HDR_GSO_UDP_L4, 700, 1, 48 + 1400 },
		{ VIRTIO_NET_HDR_GSO_NONE, 0, 0, 60 + 1000 },
		{ VIRTIO_NET_HDR_GSO_NONE, 0, 0, 60 },
		{ VIRTIO_NET_HDR_GSO_NONE, 0, 1, 60 + 10 },
	};
	struct ip6 tcp = { .payload = 1000, .flags = IP6_ACK }, udp = { .udp = true, .payload = 700 };
	struct virtio_net_hdr device;
	static uint8_t ip[66000];
	struct rig *rig;
	int far_end;

	rig = super_writer_open(&far_end, true);
	feed_ip6(rig, &tcp, 0);
	feed_ip6(rig, &udp, 0);
	tcp.seq += 1000;
	feed_ip6(rig, &tcp, 0);
	feed_ip6(rig, &udp, 0);
	tcp.seq += 1000;
	tcp.payload = 500;
	tcp.flags |= IP6_PSH;
	feed_ip6(rig, &tcp, 0);
	tcp = (struct ip6){ .sport = 9, .payload = 1000, .flags = IP6_ACK };
	feed_ip6(rig, &tcp, 1);
	tcp.payload = 0;
	feed_ip6(rig, &tcp, 0);
	tcp.payload = 10;
	feed_ip6(rig, &tcp, 0);
	ck_assert_str_eq(rig_run(rig), "taken");
	for (size_t i = 0; i < COUNT(want); i++) {
		size_t n = one_write(far_end, &device, ip);

		ck_assert_uint_eq(n, want[i].n);
		ck_assert_uint_eq(device.gso_type, want[i].type);
		ck_assert_uint_eq(device.gso_size, want[i].size);
		ck_assert_uint_eq(device.flags, want[i].flags);
		if (device.flags)
			ck_assert(mr_split_sum(&device, ip, n)); /* sound as one packet */
		ck_assert_int_eq(ip6_sound(ip, n), i != 2);
	}
	ck_assert_int_lt(read(far_end, ip, sizeof ip), 0);
	ck_assert_uint_eq(rig_count(rig, "write-calls"), COUNT(want));
	ck_assert_uint_eq(rig_count(rig, "super-packets"), 2);
	ck_assert_uint_eq(rig_count(rig, "segments"), 5);
	ck_assert_uint_eq(rig_count(rig, "taken"), 8);
	craft_drops(rig, &mr_kind_tun_write, NULL, 0);
	rig_close(rig);
	close(far_end);
}
END_TEST

/* A kernel that refuses super-packets gets each packet as it was. */
START_TEST(super_packets_are_refused)
{
	struct ip6 tcp = { .payload = 1000, .flags = IP6_ACK };
	struct virtio_net_hdr device;
	uint8_t ip[1300];
	struct rig *rig;
	int far_end;

	rig = super_writer_open(&far_end, true);
	if (!refuse_writev(2)) {
		printf("skipped: no filters for system calls here\n");
	} else {
		for (unsigned i = 0; i < 5; i++, tcp.seq += 1000)
			feed_ip6(rig, &tcp, 0);
		ck_assert_str_eq(rig_run(rig), "taken");
		for (uint32_t i = 0; i < 5; i++) {
			ck_assert_uint_eq(one_write(far_end, &device, ip), 1060);
			ck_assert_uint_eq(device.flags, 0);
			ck_assert(ip6_sound(ip, 1060));
			ck_assert_uint_eq(mr_be32(ip + 44), i * 1000);
		}
		ck_assert_uint_eq(rig_count(rig, "refused"), 1);
		ck_assert_uint_eq(rig_count(rig, "super-packets"), 0);
		ck_assert_uint_eq(rig_count(rig, "taken"), 5);
	}
	rig_close(rig);
	close(far_end);
}
END_TEST

/* A device that takes no more loses all packets of a run, each counted. */
START_TEST(a_run_is_lost)
{
	struct ip6 tcp = { .payload = 1000, .flags = IP6_ACK };
	struct rig *rig;
	int far_end;

	rig = super_writer_open(&far_end, true);
	close(far_end);
	for (unsigned i = 0; i < 5; i++, tcp.seq += 1000)
		feed_ip6(rig, &tcp, 0);
	ck_assert_str_eq(rig_run(rig), "device-error");
	craft_drops(rig, &mr_kind_tun_write, "device-error", 5);
	ck_assert_uint_eq(rig_count(rig, "write-calls"), 1);
	rig_close(rig);
}
END_TEST

/* ---- a real device ---- */

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
	{ "", 0, 0, true, true, true, "MTU 1300, TSO and USO" },
	{ ",\"uso\":false", 0, 0, true, true, false, "MTU 1300, TSO" },
	{ ",\"offload\":false", 0, 0, false, false, false, "MTU 1300, no offloads" },
	{ "", TUNSETOFFLOAD, 0x60, true, true, false, "MTU 1300, TSO" },
	{ "", TUNSETOFFLOAD, 0x66, true, false, false,
	  "MTU 1300, no offloads, which the kernel refused" },
	{ "", TUNSETOFFLOAD, 0, true, false, false,
	  "MTU 1300, no offloads, which the kernel refused" },
	{ "", TUNSETVNETHDRSZ, 0, false, false, false,
	  "MTU 1300, no offloads, which the kernel refused" },
};

static const char *node_with(const char *settings)
{
	static char text[600];

	snprintf(text, sizeof text, "%.*s%s}}", (int)strlen(device_node()) - 2, device_node(), settings);
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
	              strlen(strstr(text, kernels[_i].text)) == strlen(kernels[_i].text), "%s", text);
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
	ck_assert_int_eq(sendto(fd, bytes, 47 * 1000, 0, (struct sockaddr *)&to, sizeof to), 47 * 1000);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "super-packets"), tun->uso ? 1 : 0);
	ck_assert_int_eq(sendto(fd, bytes, 48 * 1000, 0, (struct sockaddr *)&to, sizeof to), 48 * 1000);
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
	Suite *s = suite_create("tun");
	TCase *tc = tcase_create("tun");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, packets_are_read);
	tcase_add_loop_test(tc, batches, 0, 3);
	tcase_add_test(tc, larger_than_the_device);
	tcase_add_loop_test(tc, super_packets_are_cut, 0, 2);
	tcase_add_test(tc, more_than_a_vector);
	tcase_add_test(tc, left_over_at_an_exchange);
	tcase_add_test(tc, left_over_in_packets);
	tcase_add_test(tc, offloads_that_make_no_sense);
	tcase_add_loop_test(tc, a_read_without_a_packet, 0, 2);
	tcase_add_test(tc, packets_are_written);
	tcase_add_test(tc, without_a_device);
	tcase_add_test(tc, a_full_device);
	tcase_add_test(tc, a_device_that_refuses);
	tcase_add_test(tc, super_packets_are_written);
	tcase_add_test(tc, super_packets_are_refused);
	tcase_add_test(tc, a_run_is_lost);
	tcase_add_test(tc, a_program_is_heard);
	tcase_add_loop_test(tc, with_and_without_offloads, 0, COUNT(kernels));
	tcase_add_test(tc, the_device_keeps_within_limits);
	tcase_add_test(tc, the_device_grew);
	tcase_add_test(tc, a_device_that_is_gone);
	tcase_add_test(tc, a_program_hears);
	tcase_add_test(tc, refusals);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
