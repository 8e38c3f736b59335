/* stages/tun-read/split.h: super-packets against packets made one by one. */
#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "stages/tun-read/split.h"
#include "t/lib/ip6.h"
#include "t/lib/vectors.h"

#define HEAD 40

/* The super-packet of p as a kernel hands it over: lengths of the whole, and for a checksum the
 * sum of the pseudo header. */
static size_t super(uint8_t *out, const struct ip6 *p, uint16_t size, struct virtio_net_hdr *device)
{
	size_t n = ip6_make(out, p);

	*device = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = p->udp ? VIRTIO_NET_HDR_GSO_UDP_L4 : VIRTIO_NET_HDR_GSO_TCPV6,
		.gso_size = size, .csum_start = HEAD, .csum_offset = p->udp ? 6 : 16,
	};
	mr_to_be16(out + HEAD + device->csum_offset, ip6_pseudo(out, (uint32_t)n - HEAD));
	return n;
}

static const struct {
	struct ip6 whole;
	uint16_t   size;
	uint32_t   n;
	uint8_t    first, middle, last; /* TCP flags of the segments */
} cuts[] = {
	{ { .payload = 3000, .flags = IP6_ACK }, 1000, 3, IP6_ACK, IP6_ACK, IP6_ACK },
	{ { .payload = 3001, .flags = IP6_ACK | IP6_PSH, .options = 3 }, 1000, 4,
	  IP6_ACK, IP6_ACK, IP6_ACK | IP6_PSH },
	{ { .payload = 2999, .flags = IP6_ACK | IP6_FIN | IP6_PSH, .options = 10 }, 1000, 3,
	  IP6_ACK, IP6_ACK, IP6_ACK | IP6_FIN | IP6_PSH },
	{ { .payload = 3500, .flags = IP6_ACK | IP6_CWR | IP6_ECE, .tclass = 2 }, 1000, 4,
	  IP6_ACK | IP6_CWR | IP6_ECE, IP6_ACK | IP6_ECE, IP6_ACK | IP6_ECE },
	{ { .payload = 50000, .flags = IP6_ACK, .seq = 0xfffffc00, .options = 3 }, 1208, 42,
	  IP6_ACK, IP6_ACK, IP6_ACK },
	/* as long as any: 65535 behind the IPv6 header */
	{ { .payload = 65515, .flags = IP6_ACK }, 1220, 54, IP6_ACK, IP6_ACK, IP6_ACK },
	/* one segment, and each byte its own */
	{ { .payload = 700, .flags = IP6_ACK | IP6_PSH | IP6_CWR }, 1000, 1,
	  0, 0, IP6_ACK | IP6_PSH | IP6_CWR },
	{ { .payload = 5, .flags = IP6_ACK }, 1, 5, IP6_ACK, IP6_ACK, IP6_ACK },
	{ { .udp = true, .payload = 3000 }, 1000, 3, 0, 0, 0 },
	{ { .udp = true, .payload = 3100, .tclass = 3 }, 1000, 4, 0, 0, 0 },
	{ { .udp = true, .payload = 1 }, 1000, 1, 0, 0, 0 },
};

/* The packet that a network card would have sent. */
static size_t expected(uint8_t *out, uint32_t i, unsigned row, const uint8_t *payload)
{
	struct ip6 p = cuts[row].whole;
	uint32_t at = i * cuts[row].size;
	size_t head = ip6_head(&p), n;

	p.payload = p.payload - at < cuts[row].size ? p.payload - at : cuts[row].size;
	p.seq += at;
	p.flags = i + 1 == cuts[row].n ? cuts[row].last :
	          i == 0               ? cuts[row].first :
	                                 cuts[row].middle;
	n = ip6_make(out, &p);
	memcpy(out + head, payload + at, p.payload);
	mr_to_be16(out + HEAD + (p.udp ? 6 : 16), 0);
	mr_to_be16(out + HEAD + (p.udp ? 6 : 16),
	           (uint16_t)~ip6_sum(out + HEAD, n - HEAD, ip6_pseudo(out, (uint32_t)n - HEAD)));
	return n;
}

START_TEST(each_segment_is_what_a_card_sends)
{
	static uint8_t whole[66000], want[66000], got[66000];
	struct virtio_net_hdr device;
	struct mr_split s;
	unsigned row = (unsigned)_i;
	size_t n = super(whole, &cuts[row].whole, cuts[row].size, &device), head;

	head = ip6_head(&cuts[row].whole);
	if (cuts[row].first & IP6_CWR)
		device.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	ck_assert(mr_split_begin(&s, &device, whole, head, n));
	ck_assert_uint_eq(s.n, cuts[row].n);
	ck_assert_uint_eq(s.len, head);
	for (uint32_t i = 0; i < s.n; i++) {
		size_t len = expected(want, i, row, whole + head);

		ck_assert_uint_eq(mr_split_payload(&s, i), len - head);
		memcpy(got + head, whole + head + i * s.size, len - head);
		ck_assert_uint_eq(mr_split_segment(&s, i, got), len);
		ck_assert_mem_eq(got, want, len);
		ck_assert(ip6_sound(got, len));
	}
}
END_TEST

/* Headers between IPv6 and TCP go along. */
START_TEST(with_an_extension)
{
	const struct ip6 p = { .payload = 2500, .flags = IP6_ACK };
	static uint8_t whole[4000], got[4000];
	struct virtio_net_hdr device;
	struct mr_split s;
	size_t n = super(whole, &p, 1000, &device);

	memmove(whole + HEAD + 8, whole + HEAD, n - HEAD);
	memset(whole + HEAD, 0, 8); /* hop-by-hop options: padding */
	whole[HEAD] = whole[6];
	whole[HEAD + 2] = 1;
	whole[HEAD + 3] = 4;
	whole[6] = 0;
	mr_to_be16(whole + 4, (uint16_t)(n - HEAD + 8));
	device.csum_start += 8;
	ck_assert(mr_split_begin(&s, &device, whole, 200, n + 8));
	ck_assert_uint_eq(s.len, 68);
	ck_assert_uint_eq(s.n, 3);
	memcpy(got + 68, whole + 68 + 2000, 500);
	ck_assert_uint_eq(mr_split_segment(&s, 2, got), 568);
	ck_assert_uint_eq(mr_be16(got + 4), 528);
	got[6] = 6; /* as if there were no extension, for the sum */
	ck_assert_uint_eq(ip6_sum(got + 48, 520, ip6_pseudo(got, 520)), 0xffff);
}
END_TEST

/* What makes no sense is no super-packet: one of TCP with 3000 bytes of payload, with something
 * else. */
static const struct {
	const char *what;
	size_t      have, total;
	uint8_t     flags, type;
	uint16_t    size, start, offset;
	uint8_t     version, next, words; /* of the TCP header */
} bad[] = {
	{ "nothing wrong", 3060, 3060, 1, 4, 1000, 40, 16, 6, 6, 5 },
	{ "checksum not left to us", 3060, 3060, 0, 4, 1000, 40, 16, 6, 6, 5 },
	{ "IPv4", 3060, 3060, 1, 1, 1000, 40, 16, 6, 6, 5 },
	{ "UDP fragments", 3060, 3060, 1, 3, 1000, 40, 16, 6, 6, 5 },
	{ "no type", 3060, 3060, 1, 0, 1000, 40, 16, 6, 6, 5 },
	{ "unknown type", 3060, 3060, 1, 9, 1000, 40, 16, 6, 6, 5 },
	{ "no size", 3060, 3060, 1, 4, 0, 40, 16, 6, 6, 5 },
	{ "begins in the IPv6 header", 3060, 3060, 1, 4, 1000, 39, 16, 6, 6, 5 },
	{ "begins behind the end", 3060, 3060, 1, 4, 1000, 5000, 16, 6, 6, 5 },
	{ "begins at the end", 3060, 3060, 1, 4, 1000, 3060, 16, 6, 6, 5 },
	{ "checksum of UDP", 3060, 3060, 1, 4, 1000, 40, 6, 6, 6, 5 },
	{ "checksum behind the end", 3060, 3060, 1, 4, 1000, 40, 60000, 6, 6, 5 },
	{ "version 4", 3060, 3060, 1, 4, 1000, 40, 16, 4, 6, 5 },
	{ "UDP follows", 3060, 3060, 1, 4, 1000, 40, 16, 6, 17, 5 },
	{ "TCP header below 20 bytes", 3060, 3060, 1, 4, 1000, 40, 16, 6, 6, 4 },
	{ "TCP header not all there", 63, 3060, 1, 4, 1000, 40, 16, 6, 6, 6 },
	{ "cut in the TCP header", 59, 3060, 1, 4, 1000, 40, 16, 6, 6, 5 },
	{ "cut in the IPv6 header", 12, 3060, 1, 4, 1000, 40, 16, 6, 6, 5 },
	{ "empty", 0, 0, 1, 4, 1000, 40, 16, 6, 6, 5 },
	{ "no payload", 3060, 60, 1, 4, 1000, 40, 16, 6, 6, 5 },
	{ "too long for IPv6", 3060, 65576, 1, 4, 1000, 40, 16, 6, 6, 5 },
	{ "UDP with the checksum of TCP", 3060, 3060, 1, 5, 1000, 40, 16, 6, 17, 5 },
	{ "UDP, but TCP follows", 3060, 3060, 1, 5, 1000, 40, 6, 6, 6, 5 },
};

START_TEST(what_makes_no_sense)
{
	const struct ip6 p = { .payload = 3000, .flags = IP6_ACK };
	const unsigned i = (unsigned)_i;
	static uint8_t whole[4000];
	struct virtio_net_hdr device;
	struct mr_split s;

	super(whole, &p, 1000, &device);
	device.flags = bad[i].flags;
	device.gso_type = bad[i].type;
	device.gso_size = bad[i].size;
	device.csum_start = bad[i].start;
	device.csum_offset = bad[i].offset;
	whole[0] = (uint8_t)(bad[i].version << 4);
	whole[6] = bad[i].next;
	whole[HEAD + 12] = (uint8_t)(bad[i].words << 4);
	ck_assert_msg(mr_split_begin(&s, &device, whole, bad[i].have, bad[i].total) == (i == 0), "%s",
	              bad[i].what);
}
END_TEST

/* Extensions beyond what is kept of a header. */
START_TEST(a_header_too_long)
{
	static uint8_t whole[1000];
	struct virtio_net_hdr device = { .flags = 1, .gso_type = 4, .gso_size = 100,
	                                 .csum_offset = 16 };
	struct mr_split s;

	whole[0] = 0x60;
	for (uint16_t start = 41; start < 600; start++) {
		memset(whole + 40, 0x50, sizeof whole - 40);
		device.csum_start = start;
		ck_assert_int_eq(mr_split_begin(&s, &device, whole, sizeof whole, sizeof whole),
		                 start + 20 <= MR_SPLIT_HEAD);
	}
}
END_TEST

/* Packets that are one: the sum is completed in place. */
static const struct {
	struct ip6 p;
} alone[] = {
	{ { .payload = 0, .flags = IP6_SYN, .options = 5 } },
	{ { .payload = 1, .flags = IP6_ACK } },
	{ { .payload = 1208, .flags = IP6_ACK, .options = 3 } },
	{ { .udp = true, .payload = 0 } },
	{ { .udp = true, .payload = 1232 } },
};

START_TEST(a_sum_is_completed)
{
	uint8_t ip[1400];
	struct virtio_net_hdr device;
	size_t n = super(ip, &alone[_i].p, 0, &device);

	ck_assert(!ip6_sound(ip, n));
	ck_assert(mr_split_sum(&device, ip, n));
	ck_assert(ip6_sound(ip, n));
}
END_TEST

/* A sum of UDP that comes out as 0 is sent as ffff; of TCP it stays. */
START_TEST(a_sum_of_zero)
{
	for (unsigned udp = 0; udp < 2; udp++) {
		const struct ip6 p = { .udp = udp, .payload = 2 };
		struct virtio_net_hdr device;
		uint8_t ip[100];
		size_t n = super(ip, &p, 0, &device);
		uint16_t s;

		mr_to_be16(ip + n - 2, 0);
		s = ip6_sum(ip + HEAD, n - HEAD, 0); /* the pseudo header's sum lies in it */
		mr_to_be16(ip + n - 2, (uint16_t)~s);
		ck_assert(mr_split_sum(&device, ip, n));
		ck_assert_uint_eq(mr_be16(ip + HEAD + device.csum_offset), udp ? 0xffff : 0);
	}
}
END_TEST

/* A place for the sum outside of the packet. */
START_TEST(no_place_for_a_sum)
{
	static const struct { uint16_t start, offset; bool fine; } place[] = {
		{ 40, 16, true },  { 40, 38, true },   { 78, 0, true },        { 40, 39, false },
		{ 79, 0, false },  { 80, 0, false },   { 200, 0, false },      { 40, 65535, false },
		{ 65535, 65535, false }, { 65535, 0, false },
	};
	uint8_t ip[80], before[80];

	memset(before, 0x5a, sizeof before);
	for (size_t i = 0; i < COUNT(place); i++) {
		const struct virtio_net_hdr device = { .flags = 1, .csum_start = place[i].start,
			                               .csum_offset = place[i].offset };

		memcpy(ip, before, sizeof ip);
		ck_assert_int_eq(mr_split_sum(&device, ip, sizeof ip), place[i].fine);
		if (!place[i].fine)
			ck_assert_mem_eq(ip, before, sizeof ip);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("split");
	TCase *tc = tcase_create("split");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, each_segment_is_what_a_card_sends, 0, COUNT(cuts));
	tcase_add_test(tc, with_an_extension);
	tcase_add_loop_test(tc, what_makes_no_sense, 0, COUNT(bad));
	tcase_add_test(tc, a_header_too_long);
	tcase_add_loop_test(tc, a_sum_is_completed, 0, COUNT(alone));
	tcase_add_test(tc, a_sum_of_zero);
	tcase_add_test(tc, no_place_for_a_sum);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
