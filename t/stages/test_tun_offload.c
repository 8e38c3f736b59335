/* tun-read and tun-write with the device's offloads (R3, R8), on a pair of sockets that takes its
 * place: the test says what the device says. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/lib/words.h"
#include "stages/tun-read/tun-read.h"
#include "t/lib/craft.h"
#include "t/lib/ip6.h"
#include "t/lib/refuse.h"
#include "t/lib/tun_pair.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tun_read, mr_kind_tun_write;

/* ---- reading ---- */

static struct rig *super_reader_open(int *far_end)
{
	struct rig *rig = tun_pair_reader("{}", far_end);
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

/* The next packets are p's segments, each in its own buffer with all the room that any packet
 * has. */
static void segments_leave(struct rig *rig, const struct ip6 *p, uint32_t size,
                           const uint8_t *whole, uint32_t from, uint32_t to)
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

/* R3, R8: super-packets leave as segments, in order, and what lies where it was expected is not
 * moved.  After the first of a kind, that is all; one by itself fits any expectation. */
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
	{ { .payload = 57984, .flags = IP6_ACK | IP6_PSH, .options = 3, .seq = 0xfffffff0 },
	  1208, 0 },
	/* other headers, other sizes */
	{ { .payload = 20000, .flags = IP6_ACK }, 1208, 17 },
	{ { .payload = 20000, .flags = IP6_ACK }, 1220, 17 },
	{ { .payload = 20000, .flags = IP6_ACK }, 1000, 20 },
	{ { .payload = 1230, .flags = IP6_ACK, .udp = true },
	  0, 1 }, /* longer than the first piece */
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

/* More segments than a call may emit, or than there are packets:
 * the rest leaves later, in order. */
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
				rig_dry(rig, 20); /* those that leave come home when looked at */
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

/* Segments that are left when the graph is exchanged leave in the new one; they are nobody's
 * packets meanwhile.  Both where they lie in packets already and where they were moved. */
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

/* The same with segments that lie in packets, as after a call without room for all: here the last
 * six of ten have not left. */
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

/* What the device says makes no sense, or is too much:
 * a named drop, and the next packet is read. */
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

static struct rig *super_writer_open(int *far_end, bool uso)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);

	*far_end = tun_pair_become(rig);
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

/* R3, R8: a vector of two flows and a packet by itself, in five writes: what belongs together is
 * one, and what is unsound stays as it was. */
START_TEST(super_packets_are_written)
{
	static const struct { unsigned type, size, flags; size_t n; } want[] = {
		{ VIRTIO_NET_HDR_GSO_TCPV6, 1000, 1, 60 + 2500 },
		{ VIRTIO_NET_HDR_GSO_UDP_L4, 700, 1, 48 + 1400 },
		{ VIRTIO_NET_HDR_GSO_NONE, 0, 0, 60 + 1000 },
		{ VIRTIO_NET_HDR_GSO_NONE, 0, 0, 60 },
		{ VIRTIO_NET_HDR_GSO_NONE, 0, 1, 60 + 10 },
	};
	struct ip6 tcp = { .payload = 1000, .flags = IP6_ACK },
		   udp = { .udp = true, .payload = 700 };
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

int main(void)
{
	Suite *s = suite_create("tun offload");
	TCase *tc = tcase_create("tun offload");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, super_packets_are_cut, 0, 2);
	tcase_add_test(tc, more_than_a_vector);
	tcase_add_test(tc, left_over_at_an_exchange);
	tcase_add_test(tc, left_over_in_packets);
	tcase_add_test(tc, offloads_that_make_no_sense);
	tcase_add_loop_test(tc, a_read_without_a_packet, 0, 2);
	tcase_add_test(tc, super_packets_are_written);
	tcase_add_test(tc, super_packets_are_refused);
	tcase_add_test(tc, a_run_is_lost);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
