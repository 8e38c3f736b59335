/* tx-gso: what goes to whom, what an error costs, what a full socket does.
 *
 * Targets are UDP sockets on loopback.  Where a refusal or a full buffer is wanted at will, a Unix
 * datagram socket takes the place of the node's UDP socket, under the same descriptor: it refuses
 * at once where nobody listens, and stays full until its receiver reads. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tx_gso;

#define NODE CRAFT_NODE(CRAFT_A, CRAFT_UDP)
#define TWO                                                                      \
	CRAFT_NODE(CRAFT_A, "{\"a\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}," \
	                    "\"b\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}}")
#define SIZE 100 /* bytes of a frame here */
#define ONE_BY_ONE "{\"gso\":false}" /* a Unix socket cuts nothing apart */

static const struct fips_via nowhere;

/* ---- targets ---- */

struct target {
	int             fd;
	struct fips_via via;
};

static struct target udp_target(void)
{
	struct target t;

	t.fd = craft_socket(AF_INET, &t.via);
	return t;
}

/* A name nobody else has. */
static struct fips_via unix_name(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int n = snprintf(un.sun_path + 1, 24, "mr%d%s", (int)getpid(), name);
	struct fips_via via = { .len = (uint16_t)(offsetof(struct sockaddr_un, sun_path) + 1u +
		                                  (unsigned)n) };

	ck_assert_uint_le(via.len, sizeof via.sock);
	memcpy(via.sock, &un, via.len);
	return via;
}

static struct target unix_target(const char *name)
{
	struct target t = { socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), unix_name(name) };

	ck_assert_int_eq(bind(t.fd, (struct sockaddr *)(void *)t.via.sock, t.via.len), 0);
	return t;
}

/* The number in the next datagram of a target, or -1. */
static int heard(const struct target *t)
{
	uint8_t bytes[2000];
	ssize_t n = recv(t->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	return n < 4 ? -1 : (int)mr_le32(bytes);
}

/* ---- the node ---- */

static int socket_of(struct rig *rig, unsigned i)
{
	const struct mr_udp *udp = rig_use(rig, &mr_resource_udp);

	return udp->socket[i].fd;
}

/* Put a Unix socket in the place of socket i; connected to `peer` if there is one. */
static void become_unix(struct rig *rig, unsigned i, const struct target *peer)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), small = 1;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	if (peer)
		ck_assert_int_eq(connect(fd, (const struct sockaddr *)(const void *)peer->via.sock,
		                         peer->via.len), 0);
	ck_assert_int_eq(dup2(fd, socket_of(rig, i)), socket_of(rig, i));
	close(fd);
}

static void feed_sized(struct rig *rig, const char *input, const struct fips_via *to,
                       uint32_t number, size_t n)
{
	uint8_t bytes[2000] = { 0 };

	mr_to_le32(bytes, number);
	*mr_pkt_via(rig_feed(rig, input, bytes, n)) = *to;
}

static void feed(struct rig *rig, const struct fips_via *to, uint32_t number)
{
	feed_sized(rig, "frames", to, number, SIZE);
}

/* ---- who gets what ---- */

/* R1: A, B, A, C in one vector: each to its own, in order, in one call for all (R8); what is
 * counted as taken is what left (R30). */
START_TEST(each_to_its_target)
{
	static const uint8_t walk[] = { 0, 1, 0, 2, 2, 1, 0 };
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", NODE);
	struct target target[3] = { udp_target(), udp_target(), udp_target() };
	uint64_t calls;
	unsigned got = 0;

	for (unsigned i = 0; i < 63; i++)
		feed(rig, &target[walk[i % COUNT(walk)]].via, i);
	ck_assert_str_eq(rig_run(rig), "taken");
	for (unsigned i = 0; i < 63; i++, got++)
		ck_assert_int_eq(heard(&target[walk[i % COUNT(walk)]]), (int)i);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(heard(&target[i]), -1);
		close(target[i].fd);
	}
	ck_assert_uint_eq(rig_count(rig, "taken"), got);
	ck_assert_uint_eq(rig_count(rig, "taken-bytes"), got * SIZE);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 1);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	calls = rig_count(rig, "calls"); /* a socket with room is not waited for */
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "calls"), calls);
	rig_close(rig);
}
END_TEST

START_TEST(both_inputs_are_sent)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", NODE);
	struct target t = udp_target();

	feed_sized(rig, "raw", &t.via, 1, 114);
	feed_sized(rig, "frames", &t.via, 2, SIZE);
	rig_run(rig);
	ck_assert_int_eq(heard(&t) + heard(&t), 3);
	ck_assert_uint_eq(rig_count(rig, "taken"), 2);
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* Each packet leaves by the socket its address belongs to;
 * what leaves by one socket is one call. */
START_TEST(sockets_are_kept_apart)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", TWO);
	struct target t = udp_target();
	struct fips_via from[2], via = t.via;
	struct sockaddr_in source;
	socklen_t len = sizeof source;
	uint8_t bytes[200];

	for (unsigned i = 0; i < 2; i++)
		craft_bound(socket_of(rig, i), &from[i]);
	for (unsigned i = 0; i < 9; i++) {
		via.instance = i / 3 % 2;
		feed(rig, &via, i);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 2);
	for (unsigned i = 0; i < 9; i++) {
		unsigned from_a = i < 6, number = from_a ? i + i / 3 * 3 : i - 3;

		ck_assert_int_eq(recvfrom(t.fd, bytes, sizeof bytes, MSG_DONTWAIT,
		                          (struct sockaddr *)&source, &len), SIZE);
		ck_assert_uint_eq(mr_le32(bytes), number);
		ck_assert_mem_eq(&source, from[!from_a].sock, sizeof source);
	}
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* ---- errors are one packet's affair (R24) ---- */

START_TEST(no_address)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", NODE);
	struct target t = udp_target();
	struct fips_via other = t.via;

	other.instance = 1; /* the node has one socket */
	feed(rig, &t.via, 0);
	feed(rig, &nowhere, 1);
	feed(rig, &t.via, 2);
	feed(rig, &other, 3);
	feed(rig, &t.via, 4);
	rig_run(rig);
	for (int i = 0; i < 5; i += 2)
		ck_assert_int_eq(heard(&t), i);
	craft_drops(rig, &mr_kind_tx_gso, "no-address", 2);
	ck_assert_uint_eq(rig_count(rig, "taken"), 3);
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* EMSGSIZE: the packet is dropped by name, those before and behind it leave. */
START_TEST(too_big_for_the_way_out)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}",
	                           CRAFT_NODE(CRAFT_A, "{\"bind_addr\":\"[::1]:0\",\"mtu\":1472}"));
	struct target t;
	int mtu = 1280, on = 1;

	t.fd = craft_socket(AF_INET6, &t.via);
	ck_assert_int_eq(setsockopt(socket_of(rig, 0), IPPROTO_IPV6, IPV6_MTU, &mtu, sizeof mtu),
	                 0);
	ck_assert_int_eq(setsockopt(socket_of(rig, 0), IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof on),
	                 0);
	for (unsigned i = 0; i < 6; i++)
		feed_sized(rig, "frames", &t.via, i, i % 3 == 1 ? 1400 : 1232);
	rig_run(rig);
	for (int i = 0; i < 6; i++)
		if (i % 3 != 1)
			ck_assert_int_eq(heard(&t), i);
	craft_drops(rig, &mr_kind_tx_gso, "too-big", 2);
	ck_assert_uint_eq(rig_count(rig, "taken"), 4);
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* A target that refuses is tried once more and dropped by name; the rest goes out, in order. */
START_TEST(one_target_is_refused)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, NODE);
	struct fips_via gone = unix_name("gone");
	struct target t = unix_target("here");

	become_unix(rig, 0, NULL);
	for (unsigned i = 0; i < 5; i++)
		feed(rig, i == 1 || i == 3 ? &gone : &t.via, i);
	rig_run(rig);
	for (int i = 0; i < 5; i += 2)
		ck_assert_int_eq(heard(&t), i);
	craft_drops(rig, &mr_kind_tx_gso, "refused", 2);
	ck_assert_uint_eq(rig_count(rig, "retries"), 2);
	ck_assert_uint_eq(rig_count(rig, "taken"), 3);
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* A refusal that an earlier datagram met is reported by a later send: that packet is sent again and
 * not lost.  (Only a connected socket hears of it.) */
START_TEST(an_old_refusal_costs_nothing)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", NODE);
	struct target gone = udp_target(), t = udp_target();

	close(gone.fd);
	ck_assert_int_eq(connect(socket_of(rig, 0), (struct sockaddr *)(void *)gone.via.sock,
	                         gone.via.len), 0);
	ck_assert_int_eq(send(socket_of(rig, 0), "x", 1, 0), 1);
	for (unsigned i = 0; i < 10; i++)
		feed(rig, &t.via, i);
	rig_run(rig);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(heard(&t), i);
	ck_assert_uint_eq(rig_count(rig, "retries"), 1);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 2);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* Any other error: here an address of another family than the socket's. */
START_TEST(other_errors)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", NODE);
	struct target t = udp_target(), six;

	six.fd = craft_socket(AF_INET6, &six.via);
	feed(rig, &t.via, 0);
	feed(rig, &six.via, 1);
	feed(rig, &t.via, 2);
	rig_run(rig);
	ck_assert_int_eq(heard(&t), 0);
	ck_assert_int_eq(heard(&t), 2);
	ck_assert_int_eq(heard(&six), -1);
	craft_drops(rig, &mr_kind_tx_gso, "send-error", 1);
	ck_assert_uint_eq(rig_count(rig, "retries"), 0);
	rig_close(rig);
	close(t.fd);
	close(six.fd);
}
END_TEST

/* ---- a full socket ---- */

/* It keeps what was handed over, and when that is much holds its inputs; nothing is asked again
 * until it has room; then all leaves in the order it came. */
START_TEST(a_full_socket_keeps_the_order)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, NODE);
	struct target t = unix_target("slow");
	unsigned next = 0;
	uint64_t calls;

	become_unix(rig, 0, &t);
	for (unsigned i = 0; i < 400; i++)
		feed(rig, &t.via, i);
	ck_assert_str_ne(rig_run(rig), "nowhere");
	ck_assert_uint_ge(rig_count(rig, "socket-full"), 1);
	ck_assert_uint_gt(rig_count(rig, "held"), 0);
	ck_assert_uint_gt(rig_count(rig, "held"), 128);
	ck_assert_uint_le(rig_count(rig, "held"), 128 + 64);
	ck_assert_uint_lt(rig_count(rig, "in"), 400); /* the rest waits upstream */
	ck_assert(rig_holds(rig, "frames") && rig_holds(rig, "raw"));
	calls = rig_count(rig, "send-calls");
	for (unsigned i = 0; i < 5; i++)
		rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), calls);
	while (next < 400) {
		int number = heard(&t);

		if (number < 0) {
			uint64_t before = rig_count(rig, "taken");

			rig_run(rig);
			ck_assert_uint_gt(rig_count(rig, "taken"), before);
			continue;
		}
		ck_assert_int_eq(number, (int)next++);
	}
	ck_assert_uint_eq(rig_count(rig, "taken"), 400);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	ck_assert(!rig_holds(rig, "frames") && !rig_holds(rig, "raw"));
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* A vector that was on its way when the socket turned out to be full queues up behind. */
START_TEST(a_vector_behind_a_full_one)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, NODE);
	struct target t = unix_target("slow");
	unsigned next = 0;

	become_unix(rig, 0, &t);
	for (unsigned i = 0; i < 80; i++)
		feed_sized(rig, i < 50 ? "frames" : "raw", &t.via, i, SIZE);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "in"), 80);
	ck_assert_uint_eq(rig_count(rig, "socket-full"), 1); /* not asked again for the second */
	while (next < 80) {
		int number = heard(&t);

		if (number < 0)
			rig_run(rig);
		else
			ck_assert_int_eq(number, (int)next++);
	}
	rig_close(rig);
	close(t.fd);
}
END_TEST

/* Of two sockets one is full: the other is served meanwhile, and neither input is held until much
 * waits.  What goes by one socket keeps its order. */
START_TEST(a_full_socket_leaves_the_others_alone)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, TWO);
	struct target slow = unix_target("slow"), t = udp_target();
	struct fips_via via = t.via;
	unsigned heard_slow = 0;

	become_unix(rig, 0, &slow);
	via.instance = 1;
	for (unsigned i = 0; i < 100; i++) {
		feed(rig, &slow.via, i);
		feed(rig, &via, 1000 + i);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "socket-full"), 1);
	ck_assert_uint_gt(rig_count(rig, "held"), 3);
	ck_assert(!rig_holds(rig, "frames") && !rig_holds(rig, "raw"));
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(heard(&t), 1000 + i);
	while (heard_slow < 100) {
		int number = heard(&slow);

		if (number < 0)
			rig_run(rig);
		else
			ck_assert_int_eq(number, (int)heard_slow++);
	}
	ck_assert_uint_eq(rig_count(rig, "taken"), 200);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	rig_close(rig);
	close(slow.fd);
	close(t.fd);
}
END_TEST

/* What still waits when the node stops is a named drop. */
START_TEST(stopping_while_waiting)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, NODE);
	struct target t = unix_target("slow");
	uint64_t held;

	become_unix(rig, 0, &t);
	for (unsigned i = 0; i < 60; i++)
		feed(rig, &t.via, i);
	rig_run(rig);
	held = rig_count(rig, "held");
	ck_assert_uint_gt(held, 0);
	rig_stop(rig);
	craft_drops(rig, &mr_kind_tx_gso, "stopped", held);
	ck_assert_uint_eq(rig_count(rig, "taken"), 60 - held);
	rig_close(rig);
	close(t.fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tx-gso");
	TCase *tc = tcase_create("tx-gso");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, each_to_its_target);
	tcase_add_test(tc, both_inputs_are_sent);
	tcase_add_test(tc, sockets_are_kept_apart);
	tcase_add_test(tc, no_address);
	tcase_add_test(tc, too_big_for_the_way_out);
	tcase_add_test(tc, one_target_is_refused);
	tcase_add_test(tc, an_old_refusal_costs_nothing);
	tcase_add_test(tc, other_errors);
	tcase_add_test(tc, a_full_socket_keeps_the_order);
	tcase_add_test(tc, a_vector_behind_a_full_one);
	tcase_add_test(tc, a_full_socket_leaves_the_others_alone);
	tcase_add_test(tc, stopping_while_waiting);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
