/* Sockets of single neighbours beside the shared one: what comes by them, what they cost, and that
 * they come and go without anybody noticing.  What goes by them is the matter of
 * test_connected_send.c.
 *
 * Neighbours are UDP sockets on loopback. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/lib/words.h"
#include "t/lib/connected.h"
#include "t/lib/descriptors.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_rx, mr_kind_tx_gso;

#define SENDERS 32

static struct connected one, other;

/* ---- receiving ---- */

/* A handshake packet that says who sent it. */
static void say(struct rig *rig, int fd, uint32_t number)
{
	uint8_t bytes[CONNECTED_SIZE] = { 1, 0, CONNECTED_SIZE - 4 };
	struct fips_via to;

	craft_bound(connected_udp(rig)->socket[0].fd, &to);
	mr_to_le32(bytes + 4, number);
	ck_assert_int_eq(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)(void *)to.sock,
	                        to.len), CONNECTED_SIZE);
}

/* The next that came is this one, from there. */
static void came(struct rig *rig, uint32_t number, const struct fips_via *from)
{
	const struct mr_pkt *p = rig_out(rig, "handshakes");

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(mr_le32(p->data + 4), number);
	ck_assert_mem_eq(mr_pkt_via(p), from, sizeof *from);
}

/* Who has one comes by it, who has none by the shared one; turned away, or gone, nobody does.
 * Nothing is lost in between. */
START_TEST(each_comes_by_its_own)
{
	int family = _i ? AF_INET6 : AF_INET;
	struct rig *rig = rig_open(&mr_kind_rx, "{}", _i ? CONNECTED_NODE_6 : CONNECTED_NODE);

	connected_meet_at(&one, family);
	connected_meet_at(&other, family);
	say(rig, one.fd, 0);
	connected_open(rig, &one, 5);
	say(rig, one.fd, 1);
	rig_run(rig);
	came(rig, 0, &one.via);
	came(rig, 1, &one.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 1);
	say(rig, other.fd, 2);
	rig_run(rig);
	came(rig, 2, &other.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 1);
	say(rig, one.fd, 3);
	ck_assert(!mr_udp_peer_empty(&one.peer));
	mr_udp_peer_turn(&one.peer);
	say(rig, one.fd, 4);
	say(rig, other.fd, 5);
	rig_run(rig);
	ck_assert(mr_udp_peer_empty(&one.peer));
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 2);
	ck_assert_uint_eq(rig_count(rig, "made"), 6);
	connected_forget(rig, &one);
	connected_part(rig, &one);
	craft_drops(rig, &mr_kind_rx, NULL, 0);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* What came before there was one is older, however much of it waits, and goes before. */
START_TEST(older_ones_go_first)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{\"gro\":false}", CONNECTED_NODE);

	connected_meet(&one);
	for (uint32_t i = 0; i < 250; i++)
		say(rig, one.fd, i);
	connected_open(rig, &one, 5);
	for (uint32_t i = 250; i < 500; i++)
		say(rig, one.fd, i);
	rig_run(rig);
	for (uint32_t i = 0; i < 500; i++)
		came(rig, i, &one.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 250);
	connected_part(rig, &one);
	rig_close(rig);
}
END_TEST

/* R26: one that is not connected yet gets what others send, too.  Each has its own source. */
START_TEST(the_source_is_its_own)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED_NODE);
	struct mr_udp_peer *p = &one.peer;
	struct fips_via to, via[SENDERS];
	bool seen[SENDERS] = { false };
	int fd[SENDERS], on = 1;

	connected_meet(&one);
	p->via = one.via;
	p->socket = (struct mr_udp_socket){ .fd = socket(AF_INET, SOCK_DGRAM, 0), .peer = p };
	craft_bound(connected_udp(rig)->socket[0].fd, &to);
	ck_assert_int_eq(setsockopt(p->socket.fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
	ck_assert_int_eq(bind(p->socket.fd, (struct sockaddr *)(void *)to.sock, to.len), 0);
	ck_assert_int_eq(mr_udp_listen(connected_udp(rig), &p->socket), 0);
	for (unsigned i = 0; i < SENDERS; i++) {
		fd[i] = craft_socket(AF_INET, &via[i]);
		say(rig, fd[i], i);
	}
	rig_run(rig);
	for (unsigned i = 0; i < SENDERS; i++) {
		const struct mr_pkt *pkt = rig_out(rig, "handshakes");
		uint32_t who;

		ck_assert_ptr_nonnull(pkt);
		who = mr_le32(pkt->data + 4);
		ck_assert_uint_lt(who, SENDERS);
		ck_assert(!seen[who]);
		seen[who] = true;
		ck_assert_mem_eq(mr_pkt_via(pkt), &via[who], sizeof via[who]);
		close(fd[who]);
	}
	ck_assert_uint_gt(rig_count(rig, "connected-datagrams"), 0);
	ck_assert_uint_lt(rig_count(rig, "connected-datagrams"), SENDERS);
	connected_part(rig, &one);
	rig_close(rig);
}
END_TEST

/* R11: an error of one is taken, once, and is nobody's datagram. */
START_TEST(an_error_is_taken)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED_NODE);

	connected_meet(&one);
	connected_meet(&other);
	connected_open(rig, &one, 0);
	close(one.fd);
	ck_assert_int_eq(send(one.peer.socket.fd, "x", 1, 0), 1);
	say(rig, other.fd, 7);
	rig_run(rig);
	came(rig, 7, &other.via);
	ck_assert_uint_eq(rig_count(rig, "receive-errors"), 1);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "receive-errors"), 1);
	mr_udp_peer_close(&one.peer);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* Bulk of both, many datagrams a message: as from the shared one. */
START_TEST(many_at_a_time)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED_NODE);

	connected_meet(&one);
	connected_meet(&other);
	connected_open(rig, &one, 0);
	for (uint32_t i = 0; i < 300; i++) {
		say(rig, one.fd, i);
		say(rig, other.fd, i);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "made"), 600);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 300);
	ck_assert_uint_le(rig_count(rig, "receive-calls"), 14); /* 5 vectors each, and ends */
	for (uint32_t ones = 0, others = 0, i = 0; i < 600; i++) {
		const struct mr_pkt *p = rig_out(rig, "handshakes");

		ck_assert_ptr_nonnull(p);
		if (fips_via_eq(mr_pkt_via(p), &one.via))
			ck_assert_uint_eq(mr_le32(p->data + 4), ones++);
		else
			ck_assert_uint_eq(mr_le32(p->data + 4), others++);
	}
	connected_part(rig, &one);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* Another graph finds them as they are. */
START_TEST(they_outlive_a_graph)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED_NODE);

	connected_meet(&one);
	connected_open(rig, &one, 0);
	say(rig, one.fd, 1);
	rig_run(rig);
	came(rig, 1, &one.via);
	say(rig, one.fd, 2);
	ck_assert_ptr_null(rig_swap(rig, "{\"batch\":32,\"sojourn\":0}"));
	say(rig, one.fd, 3);
	rig_run(rig);
	came(rig, 2, &one.via);
	came(rig, 3, &one.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 3);
	connected_part(rig, &one);
	rig_close(rig);
}
END_TEST

/* ---- descriptors ---- */

/* R16: one each, which comes back; and no more when few are left. */
START_TEST(descriptors_are_few)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED_NODE);
	struct sockaddr_storage source;
	unsigned before = descriptors();
	struct rlimit limit, little;
	int next = dup(0);

	connected_meet(&one);
	connected_open(rig, &one, 0);
	ck_assert_int_eq(mr_udp_source(connected_udp(rig), &one.via, &source), 0);
	ck_assert_mem_eq(&source, &one.peer.local, sizeof source);
	ck_assert_uint_eq(descriptors(), before + 3);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	little = limit;
	little.rlim_cur = (rlim_t)next + MR_UDP_RESERVE;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &little), 0);
	ck_assert(!mr_udp_peer_room());
	little.rlim_cur++;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &little), 0);
	ck_assert(mr_udp_peer_room());
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	connected_part(rig, &one);
	ck_assert_uint_eq(descriptors(), before);
	rig_close(rig);
}
END_TEST

/* A port somebody has is refused, though the one who has it shares it with its own. */
START_TEST(the_port_is_taken)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", CONNECTED_NODE);
	struct fips_via via;
	char node[400], *wrong;

	craft_bound(connected_udp(rig)->socket[0].fd, &via);
	snprintf(node, sizeof node,
	         CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:%u\",\"mtu\":1472,\"connected\":true}"),
	         (unsigned)ntohs(((struct sockaddr_in *)(void *)via.sock)->sin_port));
	wrong = rig_refusal(&mr_kind_tx_gso, "{}", node);
	ck_assert_ptr_nonnull(wrong);
	ck_assert_ptr_nonnull(strstr(wrong, "cannot be bound"));
	free(wrong);
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("connected");
	TCase *tc = tcase_create("connected sockets");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, each_comes_by_its_own, 0, 2);
	tcase_add_test(tc, older_ones_go_first);
	tcase_add_test(tc, the_source_is_its_own);
	tcase_add_test(tc, an_error_is_taken);
	tcase_add_test(tc, many_at_a_time);
	tcase_add_test(tc, they_outlive_a_graph);
	tcase_add_test(tc, descriptors_are_few);
	tcase_add_test(tc, the_port_is_taken);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
