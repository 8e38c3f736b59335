/* tun-read and tun-write, packet by packet, on a pair of sockets that takes the device's place. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/lib/words.h"
#include "stages/tun-read/tun-read.h"
#include "t/lib/craft.h"
#include "t/lib/tun_pair.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tun_read, mr_kind_tun_write;

/* ---- reading ---- */

START_TEST(packets_are_read)
{
	static const size_t sizes[] = { 1, 39, 40, 41, 1279, 1280 };
	const struct mr_mesh *mesh;
	uint8_t ip[1280];
	struct rig *rig;
	int far_end;

	rig = tun_pair_reader("{}", &far_end);
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
		ck_assert_uint_ge(mr_pkt_headroom(p),
		                  16 + 4 + 36 + 12 + 5); /* frame to port shim */
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

	rig = tun_pair_reader(batch[_i].settings, &far_end);
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

	rig = tun_pair_reader("{}", &far_end);
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

/* ---- writing ---- */

START_TEST(packets_are_written)
{
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
	int far_end = tun_pair_become(rig);
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
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
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
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
	int far_end = tun_pair_become(rig), taken, small = 1;
	const struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	uint8_t ip[200];

	ck_assert_int_eq(setsockopt(tun->fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
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
	struct rig *rig = rig_open(&mr_kind_tun_write, "{}", TUN_NONE);
	int far_end = tun_pair_become(rig);
	uint8_t ip[60];

	close(far_end);
	rig_feed(rig, "ip", ip, craft_ip(ip, &craft_b, &craft_a, 0, sizeof ip));
	ck_assert_str_eq(rig_run(rig), "device-error");
	rig_close(rig);
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
	tcase_add_test(tc, packets_are_written);
	tcase_add_test(tc, without_a_device);
	tcase_add_test(tc, a_full_device);
	tcase_add_test(tc, a_device_that_refuses);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
