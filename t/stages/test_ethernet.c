/* ethernet: what is heard, what is said, and beacons.
 *
 * Each test has a network namespace of its own, in which the node's interface is the loopback
 * device: what is sent by it comes back.  Where the machine lends none, nothing is tested. */

#include <arpa/inet.h>
#include <check.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/wire/ether.h"
#include "fips/wire/link.h"
#include "stages/lib/ether.h"
#include "stages/lib/mesh.h"
#include "stages/lib/transports.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_ethernet;

#define ETHERNET(more) \
	"{\"node\":{\"identity\":{\"nsec\":\"" CRAFT_A "\"}},\"transports\":{\"ethernet\":" \
	"{\"interface\":\"lo\",\"mtu\":1497" more "}}}"
#define NODE  ETHERNET("")
#define INDEX 0x11223344
#define S     MR_NS_PER_S

static const uint8_t here[MR_ETHER_MAC]; /* the loopback device's address */
static const uint8_t all[MR_ETHER_MAC] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t away[MR_ETHER_MAC] = { 2, 0, 0, 0, 0, 7 };

static int wire = -1; /* the test's own socket */

/* False: there is no namespace to be had, and the test is over. */
static bool have_wire(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(FIPS_ETHER_TYPE) };
	int fd, on = 1;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		printf("no network namespace: nothing is tested\n");
		return false;
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	request.ifr_flags = IFF_UP;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
	at.sll_ifindex = (int)if_nametoindex("lo");
	wire = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (wire < 0)
		return false;
	setsockopt(wire, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
	ck_assert_int_eq(bind(wire, (struct sockaddr *)&at, sizeof at), 0);
	return true;
}

static void put(const uint8_t *mac, const void *bytes, size_t n)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(FIPS_ETHER_TYPE),
		                  .sll_halen = MR_ETHER_MAC,
		                  .sll_ifindex = (int)if_nametoindex("lo") };

	memcpy(to.sll_addr, mac, MR_ETHER_MAC);
	ck_assert_int_eq(sendto(wire, bytes, n, 0, (struct sockaddr *)&to, sizeof to), (ssize_t)n);
}

/* Bytes of the next frame on the wire, -1: none; what is the test's own as well. */
static ssize_t heard(uint8_t *bytes, size_t n, struct sockaddr_ll *from)
{
	socklen_t len = sizeof *from;

	return recvfrom(wire, bytes, n, 0, (struct sockaddr *)from, &len);
}

static size_t frame(uint8_t *out, uint32_t number, size_t n)
{
	struct fips_link_head head = { .payload_len = (uint16_t)(n - FIPS_LINK_MIN),
		                       .receiver_idx = INDEX, .counter = number };

	fips_ether_head_build(out, (uint16_t)n);
	memset(out + FIPS_ETHER_HEAD, 0x5a, n);
	fips_link_head_build(out + FIPS_ETHER_HEAD, &head);
	return FIPS_ETHER_HEAD + n;
}

static struct rig *open_rig(const char *node)
{
	static struct fips_link_recv recv;
	static struct fips_recv_key key;
	struct rig *rig = rig_open(&mr_kind_ethernet, "{}", node);

	craft_index(rig, INDEX, &craft_b, 77, &recv, &key);
	rig_run(rig);
	return rig;
}

/* ---- heard ---- */

static const struct {
	const uint8_t *to;
	size_t         n;
	uint8_t        bytes[8];
	const char    *drop;
} wrong[] = {
	{ here, 2, { 0, 1 }, "runt" },
	{ here, 60, { 0, 58, 0 }, "runt" },
	{ here, 1510, { 0, 0xda, 0x05 }, "long" },
	{ here, 60, { 2, 1 }, "kind" },
	{ here, 60, { 1, 2 }, "beacon-version" },
	{ here, 20, { 1, 1 }, "runt" },
	{ all, 60, { 0, 32, 0, 0, 0, 0, 0 }, "cast" },
	{ away, 60, { 0, 32, 0, 0, 0, 0, 0 }, "cast" },
	{ away, 60, { 1, 1 }, "cast" },
	{ here, 60, { 0, 3, 0, 0, 0, 0 }, "short" },
	{ here, 60, { 0, 4, 0, 'N', 'P', 'T', 'C' }, "punch" },
	{ here, 60, { 0, 4, 0, 0x10, 0, 0, 0 }, "version" },
	{ here, 60, { 0, 4, 0, 3, 0, 0, 0 }, "phase" },
	{ here, 60, { 0, 33, 0, 0, 0, 0, 0 }, "length" },
	{ here, 200, { 0, 114, 0, 1, 1, 110, 0 }, "flags" },
	{ here, 60, { 0, 32, 0, 0, 0, 0, 0 }, "unknown-index" },
};

START_TEST(what_is_dropped)
{
	uint8_t bytes[1600] = { 0 };
	struct rig *rig;

	if (!have_wire())
		return;
	rig = open_rig(NODE);
	memcpy(bytes, wrong[_i].bytes, sizeof wrong[_i].bytes);
	put(wrong[_i].to, bytes, wrong[_i].n);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "made"), 1);
	craft_drops(rig, &mr_kind_ethernet, wrong[_i].drop, 1);
	craft_silent(rig);
	rig_close(rig);
}
END_TEST

/* Padded or not, frames of a key come out as they were sealed, with where they came from;
 * handshakes go their own way.  As many as wait are read by a few calls (R8). */
START_TEST(frames_come_out)
{
	uint8_t bytes[1600] = { 0 };
	struct fips_link_head head;
	struct rig *rig;
	size_t n;

	if (!have_wire())
		return;
	rig = open_rig(NODE);
	for (unsigned i = 0; i < 150; i++) {
		n = frame(bytes, i, i % 2 ? 1400 : 32);
		put(here, bytes, n + (i % 2 ? 0 : 25));
	}
	rig_run(rig);
	for (unsigned i = 0; i < 150; i++) {
		struct mr_pkt *p = rig_out(rig, "frames");

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->len, i % 2 ? 1400 : 32);
		fips_link_head_parse(p->data, &head);
		ck_assert_uint_eq(head.counter, i);
		ck_assert_uint_eq(p->near, 77);
		ck_assert_uint_eq(mr_pkt_via(p)->instance, MR_VIA_ETHER);
		ck_assert_uint_eq(mr_pkt_via(p)->len, MR_ETHER_MAC);
		ck_assert_mem_eq(mr_pkt_via(p)->sock, here, MR_ETHER_MAC);
	}
	ck_assert_uint_le(rig_count(rig, "receive-calls"), 6);
	memset(bytes, 0, sizeof bytes);
	fips_ether_head_build(bytes, FIPS_MSG1_LEN);
	fips_msg1_build(bytes + FIPS_ETHER_HEAD,
	                &(struct fips_msg1){ .sender_idx = 9, .noise = bytes + 1000 });
	put(here, bytes, FIPS_ETHER_HEAD + FIPS_MSG1_LEN);
	rig_run(rig);
	ck_assert_uint_eq(rig_out(rig, "handshakes")->len, FIPS_MSG1_LEN);
	craft_drops(rig, &mr_kind_ethernet, NULL, 0);
	rig_close(rig);
}
END_TEST

/* Frames that found the buffer full are counted, each once, for the stage and for the node, which
 * marks what it sends on (mesh.md 5.6). */
START_TEST(overflows_are_counted)
{
	uint8_t bytes[1600] = { 0 };
	const struct mr_ether *ether;
	unsigned got = 0;
	struct rig *rig;

	if (!have_wire())
		return;
	rig = open_rig(ETHERNET(",\"recv_buf_size\":4096"));
	ether = rig_use(rig, &mr_resource_ether);
	for (unsigned i = 0; i < 100; i++)
		put(here, bytes, frame(bytes, i, 1400));
	rig_run(rig);
	put(here, bytes, frame(bytes, 100, 1400)); /* it carries the count */
	rig_run(rig);
	while (rig_out(rig, "frames"))
		got++;
	ck_assert_uint_lt(got, 101);
	ck_assert_uint_eq(rig_count(rig, "socket-overflow"), 101 - got);
	ck_assert_uint_eq(atomic_load(&ether->overflows), 101 - got);
	rig_close(rig);
}
END_TEST

/* ---- said ---- */

static void feed(struct rig *rig, const uint8_t *mac, unsigned instance, uint32_t number, size_t n)
{
	uint8_t bytes[1600];
	struct fips_via via = { .instance = (uint16_t)(MR_VIA_ETHER + instance),
	                        .len = MR_ETHER_MAC };

	frame(bytes, number, n);
	memcpy(via.sock, mac, MR_ETHER_MAC);
	*mr_pkt_via(rig_feed(rig, "frames", bytes + FIPS_ETHER_HEAD, n)) = via;
}

/* Each frame goes to its own address (R1), all by one call (R8), with its length before it. */
START_TEST(each_to_its_address)
{
	uint8_t bytes[1600];
	struct sockaddr_ll from;
	struct rig *rig;
	uint16_t len;

	if (!have_wire())
		return;
	rig = open_rig(NODE);
	for (unsigned i = 0; i < 60; i++)
		feed(rig, i % 3 ? away : here, 0, i, i == 59 ? 1497 : 40 + i);
	rig_run(rig); /* and it sees what it has said */
	ck_assert_uint_eq(rig_count(rig, "taken"), 60);
	ck_assert_uint_eq(rig_count(rig, "cast"), 40);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 1);
	for (unsigned i = 0; i < 60; i++) {
		struct fips_link_head head;
		ssize_t n = heard(bytes, sizeof bytes, &from);

		ck_assert_int_eq(n, FIPS_ETHER_HEAD + (i == 59 ? 1497 : 40 + (ssize_t)i));
		ck_assert_int_eq(fips_ether_check(bytes, (size_t)n, 1497, &len), FIPS_ETHER_DATA);
		fips_link_head_parse(bytes + FIPS_ETHER_HEAD, &head);
		ck_assert_uint_eq(head.counter, i);
		ck_assert_int_eq(from.sll_pkttype, i % 3 ? PACKET_OTHERHOST : PACKET_HOST);
	}
	rig_close(rig);
}
END_TEST

START_TEST(what_cannot_be_said)
{
	static const struct fips_via none;
	uint8_t bytes[100];
	struct rig *rig;

	if (!have_wire())
		return;
	rig = open_rig(NODE);
	feed(rig, away, 0, 1, 1498);
	ck_assert_str_eq(rig_run(rig), "too-big");
	feed(rig, away, 1, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	frame(bytes, 1, 50);
	*mr_pkt_via(rig_feed(rig, "frames", bytes, 50)) = none;
	ck_assert_str_eq(rig_run(rig), "no-address");
	rig_close(rig);
}
END_TEST

/* The interface is down: frames are lost by name, one after the other,
 * and it neither spins nor stays so. */
START_TEST(an_interface_that_is_down)
{
	struct ifreq request = { .ifr_name = "lo" };
	uint64_t calls;
	struct rig *rig;
	int fd;

	if (!have_wire())
		return;
	rig = open_rig(NODE);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	for (unsigned i = 0; i < 3; i++)
		feed(rig, away, 0, i, 100);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "send-error"), 3);
	calls = rig_count(rig, "calls");
	for (unsigned i = 0; i < 50; i++)
		rig_run(rig);
	ck_assert_uint_le(rig_count(rig, "calls"), calls + 3);
	request.ifr_flags = IFF_UP;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	feed(rig, away, 0, 9, 100);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "taken"), 1);
	close(fd);
	rig_close(rig);
}
END_TEST

static void set_mtu(int mtu)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_mtu = mtu };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFMTU, &request), 0);
	close(fd);
}

static void told_room(struct rig *rig, uint64_t room)
{
	struct mr_event event;

	ck_assert(rig_event(rig, &event));
	ck_assert_int_eq(event.kind, MR_EV_ROOM);
	ck_assert_uint_eq(event.a, MR_VIA_ETHER);
	ck_assert_uint_eq(event.u, room);
	craft_silent(rig);
}

/* The interface's MTU changes.  The first frame that is too large says so; control is told of the
 * room there is, again while it is less than it was, and when it is back.  More than there was at
 * set-up is no news. */
START_TEST(an_interface_of_another_mtu)
{
	struct rig *rig;

	if (!have_wire())
		return;
	rig = open_rig(NODE);
	rig_at(rig, 10 * S);
	rig_run(rig);
	set_mtu(1300);
	feed(rig, away, 0, 1, 1400);
	ck_assert_str_eq(rig_run(rig), "too-big");
	rig_at(rig, 12 * S);
	rig_run(rig);
	told_room(rig, 1297);
	feed(rig, away, 0, 2, 1298);
	ck_assert_str_eq(rig_run(rig), "too-big");
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 1);
	feed(rig, away, 0, 3, 1297);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "taken"), 1);
	rig_at(rig, 22 * S);
	rig_run(rig);
	told_room(rig, 1297);
	set_mtu(9000);
	rig_at(rig, 32 * S);
	rig_run(rig);
	told_room(rig, 1497);
	rig_at(rig, 60 * S);
	rig_run(rig);
	craft_silent(rig);
	feed(rig, away, 0, 4, 1498);
	ck_assert_str_eq(rig_run(rig), "too-big");
	rig_close(rig);
}
END_TEST

/* ---- beacons ---- */

static unsigned beacons(uint8_t key[FIPS_BEACON_KEY])
{
	uint8_t bytes[1600];
	struct sockaddr_ll from;
	unsigned n = 0;
	uint16_t len;
	ssize_t got;

	while ((got = heard(bytes, sizeof bytes, &from)) >= 0) {
		ck_assert_int_eq(fips_ether_check(bytes, (size_t)got, 1497, &len),
		                 FIPS_ETHER_BEACON);
		ck_assert_int_ne(from.sll_pkttype, PACKET_HOST);
		memcpy(key, bytes + FIPS_BEACON_AT_KEY, FIPS_BEACON_KEY);
		n++;
	}
	return n;
}

/* One at the start and one each interval, to all, with our key; our own changes nothing. */
START_TEST(beacons_go_out)
{
	uint8_t key[FIPS_BEACON_KEY];
	struct mr_mesh *mesh;
	struct rig *rig;

	if (!have_wire())
		return;
	rig = open_rig(ETHERNET(",\"announce\":true,\"auto_connect\":true,\"beacon_interval_secs\":10"));
	mesh = rig_use(rig, &mr_resource_mesh);
	ck_assert_uint_eq(beacons(key), 1);
	ck_assert_mem_eq(key, mesh->me.pub + 1, sizeof key);
	rig_at(rig, 10 * S);
	rig_run(rig);
	ck_assert_uint_eq(beacons(key), 0);
	rig_at(rig, 11 * S);
	rig_run(rig);
	ck_assert_uint_eq(beacons(key), 1);
	ck_assert_uint_eq(rig_count(rig, "beacons-sent"), 2);
	ck_assert_uint_eq(rig_count(rig, "beacons-heard"), 2);
	ck_assert_uint_eq(rig_count(rig, "found"), 0);
	craft_silent(rig);
	rig_close(rig);
}
END_TEST

static const struct {
	const char *node;
	unsigned    found;
} listens[] = {
	{ ETHERNET(""), 0 },
	{ ETHERNET(",\"auto_connect\":true"), 1 },
	{ ETHERNET(",\"auto_connect\":true,\"listen\":false"), 0 },
	{ ETHERNET(",\"auto_connect\":true,\"discovery\":false"), 0 },
	{ ETHERNET(",\"accept_connections\":true"), 0 },
};

/* Others' are told to control with their key and address, where they are to be dialled. */
START_TEST(beacons_are_heard)
{
	uint8_t beacon[46] = { 0 }, key[FIPS_BEACON_KEY];
	struct mr_event event;
	struct rig *rig;

	if (!have_wire())
		return;
	rig = open_rig(listens[_i].node);
	memset(key, 0x66, sizeof key);
	fips_beacon_build(beacon, key);
	put(all, beacon, sizeof beacon);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "taken"), 1);
	ck_assert_uint_eq(rig_count(rig, "beacons-heard"), 1);
	ck_assert_uint_eq(rig_count(rig, "found"), listens[_i].found);
	if (listens[_i].found) {
		ck_assert(rig_event(rig, &event));
		ck_assert_int_eq(event.kind, MR_EV_FOUND);
		ck_assert_uint_eq(event.a, MR_VIA_ETHER);
		ck_assert_mem_eq(&event.b, here, MR_ETHER_MAC);
		ck_assert_mem_eq(event.bytes, key, sizeof key);
	}
	craft_silent(rig);
	rig_close(rig);
}
END_TEST

/* Who says that he is many is nobody: what we would answer him goes to all. */
START_TEST(from_a_group)
{
	static const uint8_t groups[][MR_ETHER_MAC] = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		                                         { 0x33, 0x33, 0, 0, 0, 1 } };
	static const uint8_t noise[FIPS_IK_MSG1];
	uint8_t whole[200] = { 0 }, *bytes = whole + 14, key[FIPS_BEACON_KEY];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = MR_ETHER_MAC };
	struct rig *rig;
	int raw;

	if (!have_wire())
		return;
	rig = open_rig(ETHERNET(",\"auto_connect\":true,\"accept_connections\":true"));
	raw = socket(AF_PACKET, SOCK_RAW, 0);
	ck_assert_int_ge(raw, 0);
	to.sll_ifindex = (int)if_nametoindex("lo");
	memset(key, 0x66, sizeof key);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(whole + MR_ETHER_MAC, groups[i % 2], MR_ETHER_MAC);
		mr_to_be16(whole + 2 * (size_t)MR_ETHER_MAC, FIPS_ETHER_TYPE);
		if (i < 2) {
			fips_beacon_build(bytes, key);
		} else {
			fips_ether_head_build(bytes, FIPS_MSG1_LEN);
			fips_msg1_build(bytes + FIPS_ETHER_HEAD,
			                &(struct fips_msg1){ .sender_idx = 9, .noise = noise });
		}
		ck_assert_int_eq(sendto(raw, whole, sizeof whole, 0, (void *)&to, sizeof to),
		                 sizeof whole);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "found"), 0);
	ck_assert_uint_eq(rig_count(rig, "beacons-heard"), 0);
	craft_drops(rig, &mr_kind_ethernet, "cast", 4);
	craft_silent(rig);
	close(raw);
	rig_close(rig);
}
END_TEST

/* A wire full of them makes few events (R7). */
START_TEST(a_flood_of_beacons)
{
	uint8_t beacon[FIPS_BEACON_LEN], key[FIPS_BEACON_KEY] = { 0 };
	struct mr_event event;
	struct rig *rig;
	unsigned told = 0;

	if (!have_wire())
		return;
	rig = open_rig(ETHERNET(",\"auto_connect\":true"));
	for (unsigned i = 0; i < 1000; i++) {
		mr_to_le32(key, i);
		fips_beacon_build(beacon, key);
		put(all, beacon, sizeof beacon);
		rig_run(rig);
		while (rig_event(rig, &event))
			told++;
	}
	ck_assert_uint_eq(told, 32);
	ck_assert_uint_eq(rig_count(rig, "beacons-heard"), 1000);
	rig_close(rig);
}
END_TEST

/* ---- settings ---- */

START_TEST(no_such_interface)
{
	char *why;

	if (!have_wire())
		return;
	why = rig_refusal(&mr_kind_ethernet, "{}",
	                  "{\"transports\":{\"ethernet\":{\"interface\":\"nowhere0\"}}}");
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_nonnull(strstr(why, "there is no interface nowhere0"));
	free(why);
}
END_TEST

static const struct {
	const char *text;
	bool        good;
} macs[] = {
	{ "00:11:22:aa:bb:cc", true },  { "00:11:22:AA:BB:CC", true },
	{ "00:11:22:aa:bb:c", false },  { "00:11:22:aa:bb:ccd", false },
	{ "00-11-22-aa-bb-cc", false }, { "0:11:22:aa:bb:ccc", false },
	{ "00:11:22:aa:bb", false },    { "", false },
	{ "00:11:22:aa:bb:cg", false },
};

START_TEST(ethernet_addresses)
{
	static const uint8_t want[MR_ETHER_MAC] = { 0, 0x11, 0x22, 0xaa, 0xbb, 0xcc };
	uint8_t mac[MR_ETHER_MAC];

	ck_assert_msg(mr_mac_parse(macs[_i].text, mac) == macs[_i].good, "%s", macs[_i].text);
	if (macs[_i].good)
		ck_assert_mem_eq(mac, want, sizeof mac);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ethernet");
	TCase *tc = tcase_create("ethernet");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, what_is_dropped, 0, (int)COUNT(wrong));
	tcase_add_test(tc, frames_come_out);
	tcase_add_test(tc, overflows_are_counted);
	tcase_add_test(tc, each_to_its_address);
	tcase_add_test(tc, what_cannot_be_said);
	tcase_add_test(tc, an_interface_that_is_down);
	tcase_add_test(tc, an_interface_of_another_mtu);
	tcase_add_test(tc, beacons_go_out);
	tcase_add_loop_test(tc, beacons_are_heard, 0, (int)COUNT(listens));
	tcase_add_test(tc, from_a_group);
	tcase_add_test(tc, a_flood_of_beacons);
	tcase_add_test(tc, no_such_interface);
	tcase_add_loop_test(tc, ethernet_addresses, 0, (int)COUNT(macs));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
