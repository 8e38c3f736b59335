/* stages/tun-write/merge.h: which packets become one, and that nothing else about them changes. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/wire.h"
#include "t/lib/ip6.h"
#include "t/lib/merged.h"
#include "t/lib/vectors.h"

#define MOST 8 /* packets of a row */

/* What is done to a packet after it was made. */
enum {
	BAD_SUM = 1, FLOW_LABEL, WINDOW, URGENT, OPTION, SHORT_LENGTH, LONG_LENGTH, EXTENSION, ICMP,
	NO_SUM, WORDS_4, WORDS_15, VERSION_4, UDP_LENGTH,
	CUT, /* sums of the first few are mended: */
};

struct packet {
	struct ip6 p;
	int        then;
};

#define T(at, n)  .p = { .seq = (at), .payload = (n), .flags = IP6_ACK }
#define TP(at, n) .p = { .seq = (at), .payload = (n), .flags = IP6_ACK | IP6_PSH }
#define TF(at, n, f) .p = { .seq = (at), .payload = (n), .flags = (f) }
#define U(n)      .p = { .udp = true, .payload = (n) }

/* Runs in the order they are written: numbers of packets, a dash within a run. */
static const struct {
	const char   *what, *runs;
	struct packet packet[MOST];
} rows[] = {
	{ "in line", "0-1-2", { { T(0, 100) }, { T(100, 100) }, { T(200, 100) } } },
	{ "a short one is the last", "0-1 2", { { T(0, 100) }, { T(100, 99) }, { T(199, 100) } } },
	{ "a longer one begins anew", "0 1-2", { { T(0, 99) }, { T(99, 100) }, { T(199, 100) } } },
	{ "PSH ends", "0-1 2", { { T(0, 100) }, { TP(100, 100) }, { T(200, 100) } } },
	{ "PSH at once", "0 1-2", { { TP(0, 100) }, { T(100, 100) }, { T(200, 100) } } },
	{ "a gap", "0 1", { { T(0, 100) }, { T(101, 100) } } },
	{ "twice", "0 1", { { T(0, 100) }, { T(0, 100) } } },
	{ "swapped", "0 1 2", { { T(100, 100) }, { T(0, 100) }, { T(200, 100) } } },
	{ "around the end of numbers", "0-1-2",
	  { { T(0xffffff80, 100) }, { T(0xffffffe4, 100) }, { T(0x48, 100) } } },
	{ "without data", "0 1 2", { { T(0, 0) }, { T(0, 0) }, { T(0, 0) } } },
	{ "an ACK between", "0 1 2", { { T(0, 100) }, { T(100, 0) }, { T(100, 100) } } },
	{ "SYN, FIN", "0 1 2-3 4",
	  { { TF(0, 0, IP6_SYN) }, { TF(0, 9, IP6_SYN | IP6_ACK) }, { T(9, 9) }, { T(18, 9) },
	    { TF(27, 9, IP6_FIN | IP6_ACK) } } },
	{ "RST, URG, ECE, CWR", "0 1 2 3 4 5",
	  { { T(0, 9) }, { TF(9, 9, IP6_ACK | 0x04) }, { TF(18, 9, IP6_ACK | 0x20) },
	    { TF(27, 9, IP6_ACK | IP6_ECE) }, { TF(36, 9, IP6_ACK | IP6_CWR) }, { T(45, 9) } } },
	{ "no ACK", "0 1", { { TF(0, 100, 0) }, { TF(100, 100, 0) } } },
	{ "other acknowledgement", "0 1",
	  { { T(0, 100) }, { .p = { .seq = 100, .ack = 1, .payload = 100, .flags = IP6_ACK } } } },
	{ "other traffic class: CE among them", "0 1-2",
	  { { T(0, 100) },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .tclass = 3 } },
	    { .p = { .seq = 200, .payload = 100, .flags = IP6_ACK, .tclass = 3 } } } },
	{ "other hop limit", "0 1",
	  { { T(0, 100) }, { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .hops = 1 } } } },
	{ "other flow label", "0 1", { { T(0, 100) }, { T(100, 100), .then = FLOW_LABEL } } },
	{ "other window", "0 1", { { T(0, 100) }, { T(100, 100), .then = WINDOW } } },
	{ "other urgent pointer", "0 1", { { T(0, 100) }, { T(100, 100), .then = URGENT } } },
	{ "more options", "0 1",
	  { { T(0, 100) },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .options = 1 } } } },
	{ "other options", "0 1 2",
	  { { .p = { .payload = 100, .flags = IP6_ACK, .options = 3 } },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .options = 3 }, .then = OPTION },
	    { .p = { .seq = 200, .payload = 100, .flags = IP6_ACK, .options = 3 } } } },
	{ "same options", "0-1",
	  { { .p = { .payload = 100, .flags = IP6_ACK, .options = 10 } },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .options = 10 } } } },
	{ "two flows", "0-2 1-3",
	  { { T(0, 100) }, { .p = { .seq = 7, .payload = 50, .flags = IP6_ACK, .sport = 1 } },
	    { T(100, 100) },
	    { .p = { .seq = 57, .payload = 50, .flags = IP6_ACK, .sport = 1 } } } },
	{ "other addresses, other ports", "0 1 2 3",
	  { { T(0, 100) }, { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .dport = 1 } },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .from = 1 } },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .to = 1 } } } },
	{ "one tag, two flows", "0-3 1 2",
	  { { T(0, 100) },
	    { .p = { .seq = 100, .payload = 100, .flags = IP6_ACK, .from = 1, .to = 1 } },
	    { .p = { .seq = 100, .payload = 100, .udp = true } }, { T(100, 100) } } },
	{ "a bad checksum first", "0 1-2",
	  { { T(0, 100), .then = BAD_SUM }, { T(100, 100) }, { T(200, 100) } } },
	{ "a bad checksum between", "0-1 2 3",
	  { { T(0, 100) }, { T(100, 100) }, { T(200, 100), .then = BAD_SUM }, { T(300, 100) } } },
	{ "ping between", "0 1 2", { { T(0, 100) }, { T(0, 60), .then = ICMP }, { T(100, 100) } } },
	{ "an extension between", "0 1 2",
	  { { T(0, 100) }, { T(0, 60), .then = EXTENSION }, { T(100, 100) } } },
	{ "ping of others between", "0-2 1",
	  { { T(0, 100) }, { .p = { .from = 9, .payload = 60 }, .then = ICMP }, { T(100, 100) } } },
	{ "lengths that lie", "0 1 2 3",
	  { { T(0, 100) }, { T(100, 100), .then = SHORT_LENGTH },
	    { T(100, 100), .then = LONG_LENGTH }, { T(100, 100) } } },
	{ "TCP headers that lie", "0 1 2 3",
	  { { T(0, 9) }, { T(9, 9), .then = WORDS_4 },
	    { T(9, 9), .then = WORDS_15 }, { T(9, 9) } } },
	{ "no IPv6", "0 1 2",
	  { { T(0, 100) }, { T(100, 100), .then = VERSION_4 }, { T(100, 100) } } },
	{ "cut short", "0-2 1", { { T(0, 100) }, { T(100, 100), .then = CUT }, { T(100, 100) } } },
	{ "datagrams", "0-1-2", { { U(100) }, { U(100) }, { U(100) } } },
	{ "a shorter datagram is the last", "0-1 2-3",
	  { { U(100) }, { U(99) }, { U(100) }, { U(1) } } },
	{ "a longer datagram", "0 1", { { U(99) }, { U(100) } } },
	{ "empty datagrams", "0 1 2 3", { { U(0) }, { U(0) }, { U(100) }, { U(0) } } },
	{ "datagrams without a checksum", "0 1 2",
	  { { U(100) }, { U(100), .then = NO_SUM }, { U(100) } } },
	{ "datagrams with a bad one", "0 1 2-3",
	  { { U(100) }, { U(100), .then = BAD_SUM }, { U(100) }, { U(100) } } },
	{ "a datagram whose length lies", "0 1", { { U(100) }, { U(100), .then = UDP_LENGTH } } },
	{ "marked datagrams", "0 1",
	  { { U(100) }, { .p = { .udp = true, .payload = 100, .tclass = 1 } } } },
};

static void mend(uint8_t *ip, size_t n)
{
	uint8_t *sum = ip + (ip[6] == 17 ? 46 : 56);

	mr_to_be16(sum, 0);
	mr_to_be16(sum, (uint16_t)~ip6_sum(ip + 40, n - 40, ip6_pseudo(ip, (uint32_t)n - 40)));
}

static uint32_t make(uint8_t *ip, const struct packet *packet)
{
	size_t n = ip6_make(ip, &packet->p);

	switch (packet->then) {
	case BAD_SUM: ip[n - 1] ^= 1; break;
	case FLOW_LABEL: ip[3] ^= 1; break;
	case WINDOW: ip[55] ^= 1; mend(ip, n); break;
	case URGENT: ip[59] ^= 1; mend(ip, n); break;
	case OPTION: ip[ip6_head(&packet->p) - 1] ^= 1; mend(ip, n); break;
	case SHORT_LENGTH: ip[5]--; break;
	case LONG_LENGTH: ip[5]++; break;
	case EXTENSION: ip[6] = 0; break;
	case ICMP: ip[6] = 58; break;
	case NO_SUM: memset(ip + 46, 0, 2); break;
	case WORDS_4: ip[52] = 0x40; mend(ip, n); break;
	case WORDS_15: ip[52] = 0xf0; mend(ip, n); break;
	case VERSION_4: ip[0] = 0x40; break;
	case UDP_LENGTH: ip[45]--; mend(ip, n); break;
	case CUT: return 39;
	}
	return (uint32_t)n;
}

static void write_runs(char *text, size_t size, const struct mr_merge *m)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < m->runs; i++) {
		unsigned number = m->run[i].first;

		for (unsigned j = 0; j < m->run[i].n; j++) {
			n += (size_t)snprintf(text + n, size - n, "%s%u",
			                      j ? "-" : i ? " " : "", number);
			number = m->pkt[number].next;
		}
	}
}

START_TEST(what_becomes_one)
{
	static uint8_t bytes[MOST][1500];
	uint8_t *ip[MOST];
	uint32_t len[MOST];
	struct mr_merge m;
	char runs[100];
	unsigned n = 0;

	for (; n < MOST && (rows[_i].packet[n].p.flags || rows[_i].packet[n].p.udp ||
	                    rows[_i].packet[n].p.payload); n++) {
		ip[n] = bytes[n];
		len[n] = make(bytes[n], &rows[_i].packet[n]);
	}
	merged_check(&m, ip, len, n, true);
	write_runs(runs, sizeof runs, &m);
	ck_assert_msg(strcmp(runs, rows[_i].runs) == 0, "%s: %s, not %s", rows[_i].what, runs,
	              rows[_i].runs);
}
END_TEST

/* Without USO datagrams stay alone, TCP does not. */
START_TEST(datagrams_alone)
{
	const struct packet p[4] = { { U(100) }, { T(0, 50) }, { U(100) }, { T(50, 50) } };
	static uint8_t bytes[4][200];
	uint8_t *ip[4];
	uint32_t len[4];
	struct mr_merge m;
	char runs[100];

	for (unsigned i = 0; i < 4; i++) {
		ip[i] = bytes[i];
		len[i] = make(bytes[i], &p[i]);
	}
	merged_check(&m, ip, len, 4, false);
	write_runs(runs, sizeof runs, &m);
	ck_assert_str_eq(runs, "0 1-3 2");
}
END_TEST

/* A packet has 65535 bytes at most: a run ends before. */
START_TEST(as_long_as_any)
{
	static uint8_t bytes[MR_VECTOR][1300];
	uint8_t *ip[MR_VECTOR];
	uint32_t len[MR_VECTOR];
	struct mr_merge m;

	for (unsigned i = 0; i < MR_VECTOR; i++) {
		const struct ip6 p = { .seq = i * 1220, .payload = 1220, .flags = IP6_ACK };

		ip[i] = bytes[i];
		len[i] = (uint32_t)ip6_make(bytes[i], &p);
	}
	merged_check(&m, ip, len, MR_VECTOR, true);
	ck_assert_uint_eq(m.runs, 2);
	ck_assert_uint_eq(m.run[0].n, 53); /* 60 + 53 * 1220 = 64720 */
	ck_assert_uint_eq(m.run[1].n, 11);
}
END_TEST

/* ---- random flows ---- */

static uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33) % sides;
}

/* A vector of a few flows that mostly go on as they did; now and then something is different. */
static unsigned some_packets(uint64_t *state, uint8_t bytes[MR_VECTOR][1500], uint32_t *len)
{
	uint32_t seq[3], flows = 1 + dice(state, 3), calm = 2 + dice(state, 60);
	uint32_t size = 1 + dice(state, 1200), n = 1 + dice(state, MR_VECTOR);
	bool udp[3];

	for (unsigned i = 0; i < 3; i++) {
		seq[i] = dice(state, UINT32_MAX);
		udp[i] = dice(state, 3) == 0;
	}
	for (unsigned i = 0; i < n; i++) {
		uint32_t flow = dice(state, flows);
		struct packet packet = { .p = {
			.udp = udp[flow], .sport = (uint16_t)flow, .seq = seq[flow],
			.flags = IP6_ACK, .payload = size, .seed = (uint8_t)i } };

		if (dice(state, calm) == 0) {
			packet.then = (int)dice(state, CUT + 1);
			packet.p.payload = dice(state, size + 2);
			packet.p.flags |= dice(state, 4) == 0 ? (uint8_t)dice(state, 256) : IP6_PSH;
			packet.p.seq += dice(state, 4) == 0;
		}
		if (packet.p.udp && packet.then >= WINDOW && packet.then != NO_SUM)
			packet.then = 0;
		if (packet.then == OPTION)
			packet.p.options = 1;
		len[i] = make(bytes[i], &packet);
		seq[flow] += packet.p.payload;
	}
	return n;
}

START_TEST(what_is_cut_again_is_as_it_was)
{
	static uint8_t bytes[MR_VECTOR][1500];
	uint64_t state = (uint64_t)_i, merged = 0;
	uint8_t *ip[MR_VECTOR];
	uint32_t len[MR_VECTOR];
	struct mr_merge m;

	for (unsigned i = 0; i < MR_VECTOR; i++)
		ip[i] = bytes[i];
	for (unsigned round = 0; round < 200; round++) {
		unsigned n = some_packets(&state, bytes, len);

		merged_check(&m, ip, len, n, round % 8 != 0);
		merged += n - m.runs;
	}
	ck_assert_uint_gt(merged, 500);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("merge");
	TCase *tc = tcase_create("merge");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, what_becomes_one, 0, COUNT(rows));
	tcase_add_test(tc, datagrams_alone);
	tcase_add_test(tc, as_long_as_any);
	tcase_add_loop_test(tc, what_is_cut_again_is_as_it_was, 0, 10);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
