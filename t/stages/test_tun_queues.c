/* The queues of the TUN device: what fills one keeps nobody in another waiting. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fips/path/ip.h"
#include "stages/lib/tun.h"
#include "stages/tun-read/tun-read.h"
#include "t/lib/craft.h"
#include "t/lib/tun_pair.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tun_read, mr_kind_tun_write;

#define QUEUES 4

static struct rig *reader(int far_end[QUEUES])
{
	struct rig *rig = rig_open(&mr_kind_tun_read, "{}", TUN_NONE);
	const struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	int room = 1 << 20;

	tun_pair_queues(rig, QUEUES, far_end);
	rig_watch(rig, tun->ready);
	for (unsigned i = 0; i < QUEUES; i++)
		ck_assert_int_eq(setsockopt(far_end[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room),
		                 0);
	return rig;
}

static void put(int far_end, uint8_t mark, size_t len, unsigned n)
{
	uint8_t ip[1280] = { mark };

	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(write(far_end, ip, len), (ssize_t)len);
}

static void end(struct rig *rig, const int far_end[QUEUES])
{
	rig_close(rig);
	for (unsigned i = 0; i < QUEUES; i++)
		close(far_end[i]);
}

/* A queue holds 200 packets, each other queue one: these leave when that one has given its 64 KiB,
 * and nothing is left lying in any. */
START_TEST(no_queue_waits_for_another)
{
	int far_end[QUEUES];
	struct rig *rig = reader(far_end);
	unsigned before = 0, others = 0, all = 0;
	struct mr_pkt *p;

	put(far_end[_i], 9, 1280, 200);
	for (unsigned i = 0; i < QUEUES; i++)
		if (i != (unsigned)_i)
			put(far_end[i], (uint8_t)i, 100, 1);
	rig_run(rig);
	for (; (p = rig_out(rig, "ip")); all++) {
		if (p->data[0] != 9)
			others++;
		else if (others < QUEUES - 1)
			before++;
	}
	ck_assert_uint_eq(all, 200 + QUEUES - 1);
	ck_assert_uint_le(before, 65536 / 1280 + 1);
	end(rig, far_end);
}
END_TEST

/* Two full queues of packets of different sizes give the same number of bytes in the same time. */
START_TEST(turns_are_of_bytes)
{
	int far_end[QUEUES];
	struct rig *rig = reader(far_end);
	unsigned long bytes[2] = { 0, 0 };
	struct mr_pkt *p;

	put(far_end[1], 0, 1280, 220);
	put(far_end[3], 1, 640, 220);
	rig_run(rig);
	while ((p = rig_out(rig, "ip")) && bytes[1] + p->len < 220 * 640)
		bytes[p->data[0]] += p->len;
	ck_assert_uint_le(bytes[0], bytes[1] + 2 * 65536);
	ck_assert_uint_ge(bytes[0] + 2 * 65536, bytes[1]);
	while (rig_out(rig, "ip"))
		;
	end(rig, far_end);
}
END_TEST

/* A read that fails for good rests; afterwards what has come to any queue is read. */
START_TEST(all_are_read_again)
{
	int far_end[QUEUES];
	struct rig *rig = reader(far_end);

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < QUEUES; i++)
			put(far_end[i], (uint8_t)i, 60, 3);
		rig_run(rig);
		for (unsigned i = 0; i < 3 * QUEUES; i++)
			ck_assert_ptr_nonnull(rig_out(rig, "ip"));
		ck_assert_ptr_null(rig_out(rig, "ip"));
	}
	ck_assert_uint_eq(rig_count(rig, "read-errors"), 0);
	end(rig, far_end);
}
END_TEST

/* What is written tells the kernel by which queue the flow's answers are to come: one for each
 * flow, and not one for all. */
START_TEST(a_flow_is_written_to_one_queue)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
	uint8_t ip[60] = { 0x60, 0, 0, 0, 0, 20, 17, 64 }, got[100];
	unsigned used = 0;
	int far_end[QUEUES];

	tun_pair_queues(rig, QUEUES, far_end);
	for (uint8_t port = 0; port < 32; port++) {
		ip[43] = port;
		for (unsigned i = 0; i < 3; i++) {
			ip[59] = (uint8_t)i;
			rig_feed(rig, "ip", ip, sizeof ip);
		}
		rig_run(rig);
		for (unsigned i = 0; i < 3; i++) {
			unsigned queue = fips_ip_flow(ip, sizeof ip) % QUEUES;

			ck_assert_int_eq(recv(far_end[queue], got, sizeof got, MSG_DONTWAIT),
			                 sizeof ip);
			ck_assert_uint_eq(got[59], i);
			used |= 1u << queue;
		}
	}
	ck_assert_uint_eq(used, (1u << QUEUES) - 1);
	end(rig, far_end);
}
END_TEST

/* What is no IPv6 packet, or none that has ports, has a queue too. */
START_TEST(anything_is_written_somewhere)
{
	static const size_t sizes[] = { 1, 39, 40, 43, 44, 1280 };
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
	uint8_t ip[1280];
	int far_end[QUEUES];
	unsigned read = 0;

	tun_pair_queues(rig, QUEUES, far_end);
	memset(ip, _i == 0 ? 0 : 0x60, sizeof ip);
	for (size_t i = 0; i < COUNT(sizes); i++)
		rig_feed(rig, "ip", ip, sizes[i]);
	rig_run(rig);
	for (unsigned i = 0; i < QUEUES; i++)
		while (recv(far_end[i], ip, sizeof ip, MSG_DONTWAIT) > 0)
			read++;
	ck_assert_uint_eq(read, COUNT(sizes));
	end(rig, far_end);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tun queues");
	TCase *tc = tcase_create("queues");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, no_queue_waits_for_another, 0, QUEUES);
	tcase_add_test(tc, turns_are_of_bytes);
	tcase_add_test(tc, all_are_read_again);
	tcase_add_test(tc, a_flow_is_written_to_one_queue);
	tcase_add_loop_test(tc, anything_is_written_somewhere, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
