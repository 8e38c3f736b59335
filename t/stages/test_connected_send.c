/* Sockets of single neighbours beside the shared one: what goes by them, when they fail or are
 * full.
 *
 * Neighbours are UDP sockets on loopback; where a connected socket is to be full or to fail, a Unix
 * datagram socket takes its place under the same descriptor. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/lib/words.h"
#include "t/lib/connected.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tx_gso;

#define ONE_BY_ONE "{\"gso\":false}" /* a Unix socket cuts nothing apart */

static struct connected one, other;

/* ---- sending ---- */

static void feed(struct rig *rig, const struct fips_via *to, uint32_t number)
{
	uint8_t bytes[CONNECTED_SIZE] = { 0 };

	mr_to_le32(bytes, number);
	*mr_pkt_via(rig_feed(rig, "frames", bytes, sizeof bytes)) = *to;
}

/* The number in the next datagram that came, -1: there is none.  It came from the node's port. */
static int heard(struct rig *rig, int fd)
{
	uint8_t bytes[2000];
	struct sockaddr_in from;
	struct fips_via port;
	socklen_t len = sizeof from;
	ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	if (n < 4)
		return -1;
	craft_bound(connected_udp(rig)->socket[0].fd, &port);
	if (len == sizeof from)
		ck_assert_mem_eq(&from, port.sock, sizeof from);
	return (int)mr_le32(bytes);
}

static unsigned named, nameless;

static int note_names(int fd, struct mmsghdr *msg, unsigned n, int flags)
{
	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(fd == one.peer.socket.fd, msg[i].msg_hdr.msg_name == NULL);
		named += msg[i].msg_hdr.msg_name != NULL;
		nameless += msg[i].msg_hdr.msg_name == NULL;
	}
	return sendmmsg(fd, msg, n, flags);
}

/* R1: of a mixed vector each goes to its own, in order, by its own socket where there is one,
 * without a name, and in one call for each socket (R8). */
START_TEST(each_goes_by_its_own)
{
	int alone = _i % 2, family = _i < 2 ? AF_INET : AF_INET6;
	struct rig *rig = rig_open(&mr_kind_tx_gso, alone ? ONE_BY_ONE : "{}",
	                           _i < 2 ? CONNECTED_NODE : CONNECTED_NODE_6);

	named = nameless = 0;
	connected_meet_at(&one, family);
	connected_meet_at(&other, family);
	connected_open(rig, &one, 700);
	connected_udp(rig)->send = note_names;
	for (unsigned i = 0; i < 60; i++)
		feed(rig, i % 3 ? &one.via : &other.via, i);
	rig_run(rig);
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(heard(rig, i % 3 ? one.fd : other.fd), i);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 2);
	ck_assert_uint_eq(rig_count(rig, "connected-frames"), 40);
	ck_assert_uint_eq(named, alone ? 20 : 1);
	ck_assert_uint_eq(nameless, alone ? 40 : 1);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	connected_forget(rig, &one);
	feed(rig, &one.via, 60);
	rig_run(rig);
	ck_assert_int_eq(heard(rig, one.fd), 60);
	ck_assert_uint_eq(rig_count(rig, "connected-frames"), 40);
	connected_part(rig, &one);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* ---- Unix sockets in its place ---- */

/* Who takes little and then no more until it is read. */
static int slow(struct connected *n)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), small = 1;
	int ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t len =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1u +
	                    (unsigned)snprintf(un.sun_path + 1, 24, "mrc%d", (int)getpid()));

	ck_assert_int_eq(bind(ear, (struct sockaddr *)&un, len), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, len), 0);
	ck_assert_int_eq(dup2(fd, n->peer.socket.fd), n->peer.socket.fd);
	close(fd);
	return ear;
}

/* A full one keeps what is for it, in order; the others are served meanwhile. */
START_TEST(a_full_one_leaves_the_others_alone)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED_NODE);
	int ear, next = 0;
	uint64_t calls;

	connected_meet(&one);
	connected_meet(&other);
	connected_open(rig, &one, 3);
	ear = slow(&one);
	for (int i = 0; i < 90; i++) {
		feed(rig, &one.via, (uint32_t)i);
		feed(rig, &other.via, 1000 + (uint32_t)i);
	}
	rig_run(rig);
	for (int i = 0; i < 90; i++)
		ck_assert_int_eq(heard(rig, other.fd), 1000 + i);
	ck_assert_uint_gt(rig_count(rig, "held"), 3);
	ck_assert_uint_eq(rig_count(rig, "socket-full"), 1); /* not asked before it has room */
	ck_assert(!rig_holds(rig, "frames"));
	while (next < 90) {
		int number = heard(rig, ear);

		if (number < 0) {
			uint64_t before = rig_count(rig, "taken");

			rig_run(rig);
			ck_assert_uint_gt(rig_count(rig, "taken"), before);
			continue;
		}
		ck_assert_int_eq(number, next++);
	}
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	calls = rig_count(rig, "calls"); /* one with room is not waited for */
	rig_run(rig);
	ck_assert_uint_le(rig_count(rig, "calls"), calls + 1);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	connected_forget(rig, &one);
	connected_part(rig, &one);
	close(ear);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* It is taken away while frames wait for it: they go by the shared one, and what comes behind them
 * does not overtake them, whether tx-gso has been told yet or not. */
START_TEST(order_holds_when_it_goes)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED_NODE);
	int ear, next = 0, number;

	connected_meet(&one);
	connected_open(rig, &one, 3);
	ear = slow(&one);
	for (uint32_t i = 0; i < 40; i++)
		feed(rig, &one.via, i);
	rig_run(rig);
	ck_assert_uint_gt(rig_count(rig, "held"), 0);
	if (_i == 0)
		connected_forget(rig, &one);
	else if (_i == 1)
		ck_assert(mr_table_remove(connected_udp(rig)->peers, rig_epoch(rig), &one.via));
	else
		one.peer.failed = true;
	for (uint32_t i = 40; i < 80; i++)
		feed(rig, &one.via, i);
	rig_run(rig);
	while ((number = heard(rig, ear)) >= 0)
		ck_assert_int_eq(number, next++);
	ck_assert_int_lt(next, 40);
	while (next < 80)
		ck_assert_int_eq(heard(rig, one.fd), next++);
	ck_assert_uint_eq(rig_count(rig, "taken"), 80);
	if (_i == 2)
		connected_forget(rig, &one);
	else
		connected_gone(rig, &one);
	connected_part(rig, &one);
	close(ear);
	rig_close(rig);
}
END_TEST

/* What still waits for one when the node stops is a named drop. */
START_TEST(stopping_while_waiting)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED_NODE);
	uint64_t held;
	int ear;

	connected_meet(&one);
	connected_open(rig, &one, 3);
	ear = slow(&one);
	for (uint32_t i = 0; i < 60; i++)
		feed(rig, &one.via, i);
	rig_run(rig);
	held = rig_count(rig, "held");
	ck_assert_uint_gt(held, 0);
	rig_stop(rig);
	craft_drops(rig, &mr_kind_tx_gso, "stopped", held);
	connected_part(rig, &one);
	close(ear);
	rig_close(rig);
}
END_TEST

/* R24: whatever error it has, no frame is lost for it:
 * the shared one has them all, and those behind. */
START_TEST(an_error_costs_nothing)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED_NODE);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0); /* connected to nobody */

	connected_meet(&one);
	connected_meet(&other);
	connected_open(rig, &one, 0);
	ck_assert_int_eq(dup2(fd, one.peer.socket.fd), one.peer.socket.fd);
	close(fd);
	for (uint32_t i = 0; i < 20; i++)
		feed(rig, i % 2 ? &other.via : &one.via, i);
	rig_run(rig);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(heard(rig, i % 2 ? other.fd : one.fd), i);
	ck_assert_uint_eq(rig_count(rig, "connected-errors"), 1);
	ck_assert_uint_eq(rig_count(rig, "connected-frames"), 0);
	ck_assert(one.peer.failed); /* which control looks at */
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	connected_forget(rig, &one);
	connected_part(rig, &one);
	close(other.fd);
	rig_close(rig);
}
END_TEST

static int error, errors; /* what so many calls by a connected socket say first */

static int complain(int fd, struct mmsghdr *msg, unsigned n, int flags)
{
	if (fd != one.peer.socket.fd || errors == 0)
		return sendmmsg(fd, msg, n, flags);
	errors--;
	errno = error;
	return -1;
}

/* R18, R24: what a router said of an earlier frame is tried again, and neither the frame nor its
 * segments are to blame; what is said twice is meant. */
START_TEST(any_error_may_be_an_earlier_one_s)
{
	static const int said[] = { EMSGSIZE, EHOSTUNREACH, ENOPROTOOPT, EOPNOTSUPP };
	unsigned times = 1 + (unsigned)_i % 2;
	bool segments = said[_i / 2] == EMSGSIZE || said[_i / 2] == EOPNOTSUPP;
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", CONNECTED_NODE);

	connected_meet(&one);
	connected_open(rig, &one, 9);
	connected_udp(rig)->send = complain;
	error = said[_i / 2];
	errors = (int)times;
	for (uint32_t i = 0; i < 30; i++)
		feed(rig, &one.via, i);
	rig_run(rig);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(heard(rig, one.fd), i);
	ck_assert_uint_eq(rig_count(rig, "retries"), 1);
	ck_assert_uint_eq(rig_count(rig, "gso-fallbacks"), times == 2 && segments);
	ck_assert_uint_eq(rig_count(rig, "connected-errors"), times == 2 && !segments);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	connected_forget(rig, &one);
	connected_part(rig, &one);
	rig_close(rig);
}
END_TEST

/* R24: a refusal that an earlier frame met is the next one's first try, and no more. */
START_TEST(a_refusal_is_tried_again)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED_NODE);

	connected_meet(&one);
	connected_open(rig, &one, 1023);
	close(one.fd); /* nobody is there any more */
	feed(rig, &one.via, 1);
	rig_run(rig);
	feed(rig, &one.via, 2);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "retries"), 1);
	ck_assert_uint_eq(rig_count(rig, "taken"), 2);
	ck_assert_uint_eq(rig_count(rig, "connected-errors"), 0);
	connected_forget(rig, &one);
	mr_udp_peer_close(&one.peer);
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("connected-send");
	TCase *tc = tcase_create("connected sockets");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, each_goes_by_its_own, 0, 4);
	tcase_add_test(tc, a_full_one_leaves_the_others_alone);
	tcase_add_loop_test(tc, order_holds_when_it_goes, 0, 3);
	tcase_add_test(tc, stopping_while_waiting);
	tcase_add_test(tc, an_error_costs_nothing);
	tcase_add_loop_test(tc, any_error_may_be_an_earlier_one_s, 0, 8);
	tcase_add_test(tc, a_refusal_is_tried_again);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
