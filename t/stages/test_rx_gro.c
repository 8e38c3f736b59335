/* rx and messages of several datagrams (UDP_GRO): the sender has its kernel cut what it sends
 * (UDP_SEGMENT), and the loopback device passes it on in one piece. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/rx/rx.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_rx;

#define NODE   CRAFT_NODE(CRAFT_B, CRAFT_UDP) /* an MTU of 1500 */
#define NODE_6 CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"[::1]:0\",\"mtu\":1500}")
#define VIEW   1600
#define INDEX  0x0a0b0c0du
#define LINK   77
#define MOST   65507

static struct fips_link_recv recv_state;
static struct fips_recv_key recv_key;

struct bench {
	struct rig     *rig;
	struct fips_via to, from; /* the node's socket, the sender's */
	int             fd;
	uint64_t        sent, seen; /* frames, numbered in this order */
};

static struct bench bench_open(const char *settings, const char *node, int family)
{
	struct bench b = { .rig = rig_open(&mr_kind_rx, settings, node) };
	const struct mr_udp *udp = rig_use(b.rig, &mr_resource_udp);

	craft_bound(udp->socket[0].fd, &b.to);
	b.fd = craft_socket(family, &b.from);
	craft_index(b.rig, INDEX, &craft_a, LINK, &recv_state, &recv_key);
	return b;
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	close(b->fd);
}

/* A frame of n bytes in which every byte says whose it is. */
static void frame(uint8_t *out, uint64_t number, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(number * 31 + i * 7);
	out[0] = out[1] = 0;
	mr_to_le16(out + 2, (uint16_t)(n - 32));
	mr_to_le32(out + 4, INDEX);
	mr_to_le64(out + 8, number);
}

/* One send of `len` bytes in datagrams of `each`, from this socket. */
static void send_train(struct bench *b, int fd, size_t each, size_t len)
{
	static uint8_t bytes[MOST];
	int size = (int)each;
	ssize_t sent;

	ck_assert_uint_le(len, MOST);
	for (size_t at = 0; at < len; at += each)
		frame(bytes + at, b->sent++, each < len - at ? each : len - at);
	ck_assert_int_eq(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size), 0);
	sent = sendto(fd, bytes, len, 0, (const struct sockaddr *)(const void *)b->to.sock,
	              b->to.len);
	ck_assert_msg(sent == (ssize_t)len, "send of %zu bytes by %zu: %s", len, each,
	              strerror(errno));
}

/* The next frame that came out: the bytes that were sent, in the order they were, from whom, and in
 * a buffer that ends where the frame does or has room enough. */
static void check_next(struct bench *b, size_t n, const struct fips_via *from)
{
	struct mr_pkt *p = rig_out(b->rig, "frames");
	uint8_t bytes[VIEW];

	ck_assert_ptr_nonnull(p);
	frame(bytes, b->seen++, n);
	ck_assert_uint_eq(p->len, n);
	ck_assert_mem_eq(p->data, bytes, n);
	ck_assert_mem_eq(mr_pkt_via(p), from, sizeof *from);
	ck_assert_uint_eq(p->near, LINK);
	ck_assert_uint_eq(p->mark, MR_SHAPE_FRAME);
	ck_assert_uint_eq(p->stamp, MR_NS_PER_S);
	if (p->slab == MR_NO_SLAB) {
		ck_assert_uint_ge(mr_pkt_headroom(p), MR_HEADROOM);
	} else { /* a neighbour begins right there */
		ck_assert_uint_eq(mr_pkt_headroom(p), 0);
		ck_assert_uint_eq(mr_pkt_tailroom(p), 0);
	}
}

static void check_train(struct bench *b, size_t each, size_t len, const struct fips_via *from)
{
	for (size_t at = 0; at < len; at += each)
		check_next(b, each < len - at ? each : len - at, from);
}

static void all_seen(struct bench *b)
{
	ck_assert_uint_eq(b->seen, b->sent);
	ck_assert_ptr_null(rig_out(b->rig, "frames"));
	ck_assert_uint_eq(rig_count(b->rig, "made"), b->sent);
	ck_assert_uint_eq(rig_count(b->rig, "held"), 0);
	rig_conserved(b->rig);
}

/* ---- one message ---- */

static const struct {
	size_t   each, len;
	unsigned copied; /* datagrams */
} trains[] = {
	{ 1000, 1000, 0 },         /* one alone */
	{ 1000, 1001 + 31, 1 },    /* two, the second as short as frames get */
	{ 1472, 2 * 1472, 1 },
	{ 1472, 4 * 1472, 3 },     /* so few are copied */
	{ 1472, 4 * 1472 + 32, 0 }, /* one more, and they are slices */
	{ 1472, 44 * 1472, 0 },
	{ 1472, 44 * 1472 + 700, 0 },
	{ 1600, 40 * 1600, 0 },    /* as long as a view */
	{ 1599, 40 * 1599 + 40, 0 },
	{ 32, 64 * 32, 0 },        /* longer than a view */
	{ 32, 40 * 32, 0 },        /* all in the first place */
	{ 100, 15 * 100 + 100, 0 }, /* as long as a view */
	{ 1023, 64 * 1023, 0 },
	{ 1024, 63 * 1024 + 960, 0 }, /* 65472 bytes, the most that the device passes on whole */
};

/* R3, R8: byte for byte what was sent, in its order and with its source;
 * one call brings them all. */
START_TEST(a_train_is_cut)
{
	bool six = _i % 2;
	unsigned i = (unsigned)_i / 2;
	struct bench b = bench_open("{}", six ? NODE_6 : NODE, six ? AF_INET6 : AF_INET);
	size_t each = trains[i].each, len = trains[i].len;
	unsigned n = (unsigned)((len + each - 1) / each);
	uint64_t calls = rig_count(b.rig, "receive-calls");

	send_train(&b, b.fd, each, len);
	rig_run(b.rig);
	check_train(&b, each, len, &b.from);
	all_seen(&b);
	ck_assert_uint_eq(rig_count(b.rig, "receive-calls"), calls + 1);
	ck_assert_uint_eq(rig_count(b.rig, "gro-messages"), n > 1);
	ck_assert_uint_eq(rig_count(b.rig, "gro-datagrams"), n > 1 ? n : 0);
	ck_assert_uint_eq(rig_count(b.rig, "gro-copied"), trains[i].copied);
	ck_assert_uint_le(rig_count(b.rig, "gro-moved"), VIEW - 32);
	craft_drops(b.rig, &mr_kind_rx, NULL, 0);
	bench_close(&b);
}
END_TEST

/* More datagrams than a pull may emit: the rest comes with the next, before anything else. */
START_TEST(a_long_train_takes_several_pulls)
{
	struct bench b = bench_open("{}", NODE, AF_INET);

	for (unsigned i = 0; i < 5; i++)
		send_train(&b, b.fd, 100, 64 * 100);
	for (unsigned i = 0; i < 3; i++)
		send_train(&b, b.fd, 100, 100);
	rig_run(b.rig);
	for (unsigned i = 0; i < 5; i++)
		check_train(&b, 100, 64 * 100, &b.from);
	check_train(&b, 100, 300, &b.from);
	all_seen(&b);
	bench_close(&b);
}
END_TEST

/* Longer than a frame of ours: each datagram is counted, none is let through. */
START_TEST(too_long_is_truncated)
{
	struct bench b = bench_open("{}", NODE, AF_INET);

	send_train(&b, b.fd, VIEW + 1, 5 * (VIEW + 1) + 40); /* the short one at the end goes too */
	send_train(&b, b.fd, 9000, 9000);
	b.seen = b.sent;
	send_train(&b, b.fd, 1000, 3000);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_rx, "truncated", 7);
	check_train(&b, 1000, 3000, &b.from);
	all_seen(&b);
	bench_close(&b);
}
END_TEST

/* ---- several ---- */

/* Trains and single datagrams of two senders in one call: order, and each its own source (R26). */
START_TEST(senders_are_kept_apart)
{
	static const struct {
		size_t each, len;
	} sends[] = { { 1400, 1400 }, { 1400, 30 * 1400 }, { 60, 60 }, { 500, 1700 },
		      { 1472, 9999 }, { 32, 32 }, { 700, 64 * 700 }, { 1400, 2 * 1400 } };
	struct bench b = bench_open("{}", NODE, AF_INET);
	struct fips_via from2;
	int fd2 = craft_socket(AF_INET, &from2);

	for (unsigned i = 0; i < 2 * COUNT(sends); i++)
		send_train(&b, i % 3 ? b.fd : fd2, sends[i / 2].each, sends[i / 2].len);
	rig_run(b.rig);
	for (unsigned i = 0; i < 2 * COUNT(sends); i++)
		check_train(&b, sends[i / 2].each, sends[i / 2].len, i % 3 ? &b.from : &from2);
	all_seen(&b);
	bench_close(&b);
	close(fd2);
}
END_TEST

/* R8: a call asks for about a vector: many messages when they are single datagrams, few when they
 * are trains. */
START_TEST(a_call_asks_for_a_vector)
{
	struct bench b = bench_open("{}", NODE, AF_INET);
	const struct rx *rx = rig_state(b.rig);
	uint64_t calls;

	ck_assert_uint_eq(rx->udp->socket[0].ask, 64);
	for (unsigned i = 0; i < 4; i++)
		send_train(&b, b.fd, 1400, 40 * 1400);
	rig_run(b.rig);
	ck_assert_uint_eq(rx->udp->socket[0].ask, 1);
	for (unsigned i = 0; i < 4; i++)
		send_train(&b, b.fd, 1400, 8 * 1400);
	calls = rig_count(b.rig, "receive-calls");
	rig_run(b.rig);
	ck_assert_uint_eq(rx->udp->socket[0].ask, 8);
	ck_assert_uint_eq(rig_count(b.rig, "receive-calls"), calls + 2); /* one and three */
	send_train(&b, b.fd, 100, 100);
	rig_run(b.rig);
	ck_assert_uint_eq(rx->udp->socket[0].ask, 64);
	for (unsigned i = 0; i < 4; i++)
		check_train(&b, 1400, 40 * 1400, &b.from);
	for (unsigned i = 0; i < 4; i++)
		check_train(&b, 1400, 8 * 1400, &b.from);
	check_next(&b, 100, &b.from);
	all_seen(&b);
	bench_close(&b);
}
END_TEST

#define TWO                                                                     \
	CRAFT_NODE(CRAFT_B, "{\"a\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}," \
	                    "\"b\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}}")

/* Bulk on one socket and single datagrams on another: each call asks for what its socket brings. */
START_TEST(sockets_have_their_own_measure)
{
	struct bench b = bench_open("{}", TWO, AF_INET);
	const struct mr_udp *udp = rig_use(b.rig, &mr_resource_udp);
	const struct rx *rx = rig_state(b.rig);
	struct fips_via to[2] = { b.to };
	unsigned n = 0;

	craft_bound(udp->socket[1].fd, &to[1]);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 70; i++) {
			b.to = to[i % 7 != 0];
			send_train(&b, b.fd, 1000, i % 7 ? 1000 : 40 * 1000);
		}
		rig_run(b.rig);
		ck_assert_uint_eq(rx->udp->socket[0].ask, 1);
		ck_assert_uint_eq(rx->udp->socket[1].ask, 64);
	}
	while (rig_out(b.rig, "frames"))
		n++;
	ck_assert_uint_eq(n, b.sent);
	bench_close(&b);
}
END_TEST

/* ---- what runs out ---- */

/* No slab is left: everything is received all the same, by copies.  And slabs come home. */
START_TEST(without_slabs_it_is_copied)
{
	struct bench b = { .rig = rig_open(&mr_kind_rx, "{}", NODE) };
	const struct mr_udp *udp = rig_use(b.rig, &mr_resource_udp);
	struct mr_pool *pool = rig_pool(b.rig);
	uint16_t slab[256];
	unsigned n = 0;

	craft_bound(udp->socket[0].fd, &b.to);
	b.fd = craft_socket(AF_INET, &b.from);
	craft_index(b.rig, INDEX, &craft_a, LINK, &recv_state, &recv_key);
	while ((slab[n] = mr_slab_get(pool)) != MR_NO_SLAB)
		n++;
	ck_assert_uint_ge(n, MR_VECTOR);
	rig_run(b.rig);
	send_train(&b, b.fd, 1472, 44 * 1472 + 700);
	send_train(&b, b.fd, 1472, 1472);
	send_train(&b, b.fd, 60, 64 * 60);
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "gro-copied"), 44 + 63);
	check_train(&b, 1472, 44 * 1472 + 700, &b.from);
	check_train(&b, 1472, 1472, &b.from);
	check_train(&b, 60, 64 * 60, &b.from);
	while (n)
		mr_slab_done(pool, slab[--n]);
	send_train(&b, b.fd, 1472, 44 * 1472);
	rig_run(b.rig);
	check_train(&b, 1472, 44 * 1472, &b.from);
	ck_assert_uint_eq(rig_count(b.rig, "gro-copied"), 44 + 63);
	all_seen(&b);
	bench_close(&b);
}
END_TEST

/* More trains than there are slabs and slices, none of them let go: it goes on by copies until
 * packets end, and then when some come home.  Nothing is lost and all comes home. */
START_TEST(everything_runs_out)
{
	struct bench b = bench_open("{}", NODE, AF_INET);
	const unsigned each = 1024, n = 63;

	rig_dry(b.rig, 100);
	for (unsigned i = 0; i < 3; i++)
		send_train(&b, b.fd, each, 2 * each); /* copied: one packet each besides its own */
	for (unsigned i = 0; i < 15; i++)
		send_train(&b, b.fd, each, n * each);
	rig_run(b.rig);
	for (unsigned i = 0; i < 3; i++)
		check_train(&b, each, 2 * each, &b.from);
	for (unsigned i = 0; i < 15; i++)
		check_train(&b, each, n * each, &b.from);
	rig_wet(b.rig);
	all_seen(&b);
	bench_close(&b);
}
END_TEST

/* A copy lacks a packet: the rest waits for one, and is counted as kept meanwhile. */
static struct bench in_the_middle(void)
{
	struct bench b = bench_open("{}", NODE, AF_INET);

	send_train(&b, b.fd, 40, 40); /* spares are at hand from here on */
	rig_run(b.rig);
	rig_dry(b.rig, 0);
	for (unsigned i = 0; i < 10; i++)
		send_train(&b, b.fd, 1000, 3 * 1000);
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "made"), 31);
	ck_assert_uint_eq(rig_count(b.rig, "out"), 2); /* nothing to copy the second into */
	ck_assert_uint_eq(rig_count(b.rig, "held"), 29);
	rig_conserved(b.rig);
	return b;
}

START_TEST(it_waits_for_packets)
{
	struct bench b = in_the_middle();

	rig_wet(b.rig);
	rig_run(b.rig);
	check_next(&b, 40, &b.from);
	check_train(&b, 1000, 30 * 1000, &b.from);
	all_seen(&b);
	bench_close(&b);
}
END_TEST

START_TEST(stopping_while_it_waits)
{
	struct bench b = in_the_middle();

	rig_wet(b.rig);
	rig_stop(b.rig);
	craft_drops(b.rig, &mr_kind_rx, "stopped", 29);
	bench_close(&b);
}
END_TEST

/* Another graph takes its place: what has been read goes out first. */
START_TEST(an_exchange_while_it_waits)
{
	struct bench b = in_the_middle();

	rig_wet(b.rig);
	ck_assert_ptr_null(rig_swap(b.rig, "{\"batch\":7}"));
	ck_assert_uint_eq(rig_count(b.rig, "out"), 31);
	ck_assert_uint_eq(rig_count(b.rig, "held"), 0);
	craft_drops(b.rig, &mr_kind_rx, NULL, 0);
	bench_close(&b);
}
END_TEST

/* ---- without ---- */

START_TEST(switched_off)
{
	struct bench b = bench_open("{\"gro\":false}", NODE, AF_INET);

	send_train(&b, b.fd, 1472, 20 * 1472 + 99);
	rig_run(b.rig);
	check_train(&b, 1472, 20 * 1472 + 99, &b.from);
	all_seen(&b);
	ck_assert_uint_eq(rig_count(b.rig, "gro-messages"), 0);
	ck_assert_uint_eq(rig_pool(b.rig)->slab_top, rig_pool(b.rig)->nslab);
	bench_close(&b);
}
END_TEST

/* On, off and on again while trains wait in the socket: none is cut short. */
START_TEST(switched_while_it_runs)
{
	static const char *const settings[] = { "{\"gro\":false}", "{\"gro\":true}" };
	struct bench b = bench_open("{}", NODE, AF_INET);

	for (unsigned i = 0; i < 6; i++) {
		for (unsigned n = 0; n < 4; n++)
			send_train(&b, b.fd, 1000, 10 * 1000);
		ck_assert_ptr_null(rig_swap(b.rig, settings[i % 2]));
		rig_run(b.rig);
		check_train(&b, 1000, 40 * 1000, &b.from);
		send_train(&b, b.fd, 1000, 10 * 1000);
		rig_run(b.rig);
		check_train(&b, 1000, 10 * 1000, &b.from);
	}
	/* waiting in 3 rounds, and where it was on */
	ck_assert_uint_eq(rig_count(b.rig, "gro-messages"), 3 * 4 + 3);
	craft_drops(b.rig, &mr_kind_rx, NULL, 0);
	bench_close(&b);
}
END_TEST

/* A kernel that cannot: here a socket of another kind in the place of the node's. */
START_TEST(refused_by_the_kernel)
{
	struct bench b = { .rig = rig_open(&mr_kind_rx, "{}", NODE) };
	struct mr_udp *udp = rig_use(b.rig, &mr_resource_udp);
	uint8_t bytes[1000];
	int pair[2];

	craft_index(b.rig, INDEX, &craft_a, LINK, &recv_state, &recv_key);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(dup2(pair[0], udp->socket[0].fd), udp->socket[0].fd);
	udp->socket[0].gro = false; /* it was not refused at set-up */
	close(pair[0]);
	for (unsigned i = 0; i < 5; i++) {
		frame(bytes, i, sizeof bytes);
		ck_assert_int_eq(send(pair[1], bytes, sizeof bytes, 0), sizeof bytes);
	}
	rig_run(b.rig);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(mr_le64(rig_out(b.rig, "frames")->data + 8), i);
	ck_assert(udp->socket[0].no_gro);
	rig_close(b.rig);
	close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rx, several datagrams a message");
	TCase *tc = tcase_create("rx");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, a_train_is_cut, 0, 2 * COUNT(trains));
	tcase_add_test(tc, a_long_train_takes_several_pulls);
	tcase_add_test(tc, too_long_is_truncated);
	tcase_add_test(tc, senders_are_kept_apart);
	tcase_add_test(tc, a_call_asks_for_a_vector);
	tcase_add_test(tc, sockets_have_their_own_measure);
	tcase_add_test(tc, without_slabs_it_is_copied);
	tcase_add_test(tc, everything_runs_out);
	tcase_add_test(tc, it_waits_for_packets);
	tcase_add_test(tc, stopping_while_it_waits);
	tcase_add_test(tc, an_exchange_while_it_waits);
	tcase_add_test(tc, switched_off);
	tcase_add_test(tc, switched_while_it_runs);
	tcase_add_test(tc, refused_by_the_kernel);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
