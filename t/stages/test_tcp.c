/* tcp: frames out of streams however they are cut, frames into connections, and what clients may do that
 * mean no good.
 *
 * The other ends are sockets of the test on loopback; time is a number. */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/wire/link.h"
#include "fips/wire/stream.h"
#include "stages/lib/tcp.h"
#include "stages/lib/tcp_pool.h"
#include "stages/lib/transports.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tcp;

#define TCP(more) \
	"{\"node\":{\"identity\":{\"nsec\":\"" CRAFT_A "\"}},\"transports\":{\"tcp\":" \
	"{\"bind_addr\":\"127.0.0.1:0\"" more "}}}"
#define NODE  TCP("")
#define INDEX 0x11223344
#define S     MR_NS_PER_S
#define MOST  1400

/* ---- bytes ---- */

struct bytes_out {
	size_t  n;
	uint8_t at[400000];
};

static struct bytes_out out;

/* A frame of n bytes under an index, numbered where its counter is. */
static void put_frame(uint32_t index, uint32_t number, size_t n)
{
	struct fips_link_head head = { .payload_len = (uint16_t)(n - FIPS_LINK_MIN),
		                       .receiver_idx = index, .counter = number };

	memset(out.at + out.n, 0x5a, n);
	fips_link_head_build(out.at + out.n, &head);
	out.n += n;
}

static void put_msg1(void)
{
	static const uint8_t noise[FIPS_IK_MSG1] = { 2 };

	fips_msg1_build(out.at + out.n, &(struct fips_msg1){ .sender_idx = 9, .noise = noise });
	out.n += FIPS_MSG1_LEN;
}

static void put_msg2(void)
{
	static const uint8_t noise[FIPS_IK_MSG2] = { 3 };

	fips_msg2_build(out.at + out.n, &(struct fips_msg2){ 9, 8, noise });
	out.n += FIPS_MSG2_LEN;
}

/* ---- the node, and who talks to it ---- */

static struct rig *open_rig(const char *node)
{
	struct rig *rig = rig_open(&mr_kind_tcp, "{}", node);
	static struct fips_link_recv recv;
	static struct fips_recv_key key;

	craft_index(rig, INDEX, &craft_b, 77, &recv, &key);
	rig_run(rig); /* it listens from the first turn on */
	out.n = 0;
	return rig;
}

static void nonblocking(int fd, bool yes)
{
	struct timeval limit = { .tv_sec = yes ? 0 : 10, .tv_usec = yes ? 1 : 0 };

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
}

static int client_of(struct rig *rig)
{
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(getsockname(tcp->listener[0].fd, (void *)&address, &len), 0);
	ck_assert_int_eq(connect(fd, (void *)&address, len), 0);
	nonblocking(fd, false);
	return fd;
}

/* Where the node has this client. */
static struct fips_via via_of_client(int fd)
{
	struct fips_via via = { .instance = MR_VIA_TCP_IN };
	socklen_t len = sizeof via.sock;

	ck_assert_int_eq(getsockname(fd, (void *)via.sock, &len), 0);
	via.len = (uint16_t)len;
	return via;
}

/* A socket of the test that listens, and its address for the node to dial. */
static int server(struct fips_via *via, int backlog)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof via->sock;

	*via = (struct fips_via){ .instance = MR_VIA_TCP };
	ck_assert_int_eq(bind(fd, (void *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (void *)via->sock, &len), 0);
	via->len = (uint16_t)len;
	return fd;
}

/* The kernel may need a moment between two sockets of one machine. */
static void run_until(struct rig *rig, const char *count, uint64_t n)
{
	for (unsigned i = 0; i < 2000 && rig_count(rig, count) < n; i++) {
		rig_run(rig);
		if (rig_count(rig, count) < n)
			usleep(1000);
	}
	ck_assert_uint_eq(rig_count(rig, count), n);
}

static void say(int fd, const uint8_t *bytes, size_t n)
{
	ck_assert_int_eq(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* The node has closed it: nothing, or an error, is all there is to be read. */
static bool is_closed(int fd)
{
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

static bool is_there(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static struct mr_pkt *feed(struct rig *rig, const struct fips_via *via, uint32_t number, size_t n)
{
	struct mr_pkt *p;

	out.n = 0;
	put_frame(5, number, n);
	p = rig_feed(rig, "frames", out.at, n);
	*mr_pkt_via(p) = *via;
	out.n = 0;
	return p;
}

/* The counter of the next frame in a stream, or -1 at its end. */
static int64_t heard(int fd)
{
	uint8_t bytes[2000];
	struct fips_link_head head;
	size_t len;

	if (recv(fd, bytes, FIPS_LINK_PREFIX, MSG_WAITALL) != FIPS_LINK_PREFIX)
		return -1;
	len = fips_stream_packet(bytes, FIPS_LINK_PREFIX, MOST);
	ck_assert_uint_le(len, MOST); /* or the stream lost its step */
	ck_assert_int_eq(recv(fd, bytes + FIPS_LINK_PREFIX, len - FIPS_LINK_PREFIX, MSG_WAITALL),
	                 (ssize_t)(len - FIPS_LINK_PREFIX));
	fips_link_head_parse(bytes, &head);
	return (int64_t)head.counter;
}

/* ---- frames out of a stream ---- */

/* What put_all has put comes out, in order, each by its output. */
static void put_all(void)
{
	put_msg1();
	put_frame(INDEX, 1, FIPS_LINK_MIN);
	put_msg2();
	put_frame(INDEX, 2, 100);
}

static void check_all(struct rig *rig, const struct fips_via *via)
{
	static const uint32_t lens[] = { FIPS_MSG1_LEN, FIPS_LINK_MIN, FIPS_MSG2_LEN, 100 };
	static const char *const outputs[] = { "handshakes", "frames", "handshakes", "frames" };
	const uint8_t *bytes = out.at;

	for (unsigned i = 0; i < 4; bytes += lens[i++]) {
		struct mr_pkt *p = rig_out(rig, outputs[i]);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->len, lens[i]);
		ck_assert_mem_eq(p->data, bytes, lens[i]);
		ck_assert(fips_via_eq(mr_pkt_via(p), via));
		ck_assert_int_eq(p->mark, MR_SHAPE_FRAME);
		if (!strcmp(outputs[i], "frames"))
			ck_assert_uint_eq(p->near, 77);
	}
}

/* A stream cut in two at every byte, and sent at once. */
START_TEST(however_it_is_cut)
{
	struct rig *rig = open_rig(NODE);
	int fd = client_of(rig);
	struct fips_via via = via_of_client(fd);
	unsigned rounds = 0;

	put_all();
	for (size_t cut = 0; cut <= out.n; cut++, rounds++) {
		uint64_t calls = rig_count(rig, "receive-calls");

		if (cut) {
			say(fd, out.at, cut);
			while (rig_count(rig, "receive-calls") == calls)
				rig_run(rig);
		}
		if (cut < out.n)
			say(fd, out.at + cut, out.n - cut);
		run_until(rig, "made", 4 * (rounds + 1));
		check_all(rig, &via);
	}
	craft_drops(rig, &mr_kind_tcp, NULL, 0);
	close(fd);
	rig_close(rig);
}
END_TEST

/* More than a receive call brings, more frames than a vector has: all leave, in order (R8). */
START_TEST(many_at_once)
{
	struct rig *rig = open_rig(NODE);
	int fd = client_of(rig);
	struct fips_link_head head;
	unsigned n = 0, seen = 0;
	struct mr_pkt *p;

	for (; out.n + MOST < 300000; n++)
		put_frame(INDEX, n, n % 3 ? MOST : 40 + n % 50);
	for (size_t at = 0; at < out.n;) {
		ssize_t sent = send(fd, out.at + at, out.n - at, MSG_DONTWAIT);

		at += sent > 0 ? (size_t)sent : 0;
		rig_run(rig);
		for (; (p = rig_out(rig, "frames")); seen++) {
			fips_link_head_parse(p->data, &head);
			ck_assert_uint_eq(head.counter, seen);
		}
	}
	run_until(rig, "made", n);
	for (; (p = rig_out(rig, "frames")); seen++) {
		fips_link_head_parse(p->data, &head);
		ck_assert_uint_eq(head.counter, seen);
	}
	ck_assert_uint_eq(seen, n);
	ck_assert_uint_lt(rig_count(rig, "receive-calls"), n / 4);
	ck_assert_uint_lt(rig_count(rig, "copied"), n / 2);
	craft_drops(rig, &mr_kind_tcp, NULL, 0);
	close(fd);
	rig_close(rig);
}
END_TEST

/* What no packet begins with, behind a good one: that one leaves, the connection is closed at once. */
static const struct {
	const char *what;
	uint8_t     bytes[8];
	size_t      n;
} wrong[] = {
	{ "phase 3", { 3 }, 1 },
	{ "version 1", { 0x10, 0, 0, 0 }, 4 },
	{ "a browser", "GET / H", 7 },
	{ "TLS", { 0x16, 3, 1, 0 }, 4 },
	{ "a short message 1", { 1, 0, 109, 0 }, 4 },
	{ "a long message 1", { 1, 0, 111, 0 }, 4 },
	{ "message 2 as long as message 1", { 2, 0, 110, 0 }, 4 },
	{ "one byte more than the MTU", { 0, 0, 0x59, 0x05 }, 4 },
	{ "as long as can be said", { 0, 0, 0xff, 0xff }, 4 },
};

START_TEST(wrong_framing_closes)
{
	struct rig *rig = open_rig(NODE);
	int fd = client_of(rig);

	put_frame(INDEX, 1, 60);
	memcpy(out.at + out.n, wrong[_i].bytes, wrong[_i].n);
	say(fd, out.at, out.n + wrong[_i].n);
	run_until(rig, "framing", 1);
	ck_assert_ptr_nonnull(rig_out(rig, "frames"));
	ck_assert_msg(is_closed(fd), "%s", wrong[_i].what);
	craft_drops(rig, &mr_kind_tcp, "framing", 1);
	ck_assert_uint_eq(rig_count(rig, "closed"), 1);
	close(fd);
	rig_close(rig);
}
END_TEST

/* A frame of exactly the MTU is fine; the end may come at any byte of one. */
START_TEST(the_end_in_the_midst)
{
	static const size_t cuts[] = { 1, 3, 4, 15, MOST - 1 };
	struct rig *rig = open_rig(NODE);

	for (unsigned i = 0; i < COUNT(cuts); i++) {
		int fd = client_of(rig);

		out.n = 0;
		put_frame(INDEX, 1, MOST);
		put_frame(INDEX, 2, MOST);
		say(fd, out.at, MOST + cuts[i]);
		close(fd);
		run_until(rig, "closed", i + 1);
		ck_assert_ptr_nonnull(rig_out(rig, "frames"));
		ck_assert_ptr_null(rig_out(rig, "frames"));
		craft_drops(rig, &mr_kind_tcp, "partial", i + 1);
	}
	rig_close(rig);
}
END_TEST

START_TEST(what_is_sorted_out)
{
	struct rig *rig = open_rig(NODE);
	int fd = client_of(rig);

	craft_index(rig, INDEX + 1, &craft_b, 78, NULL, NULL);
	put_frame(INDEX + 2, 1, 50);
	put_frame(INDEX + 1, 1, 50);
	put_msg1();
	out.at[out.n - FIPS_MSG1_LEN + 1] = 1; /* flags */
	say(fd, out.at, out.n);
	run_until(rig, "made", 3);
	ck_assert_uint_eq(rig_count(rig, "unknown-index"), 1);
	ck_assert_uint_eq(rig_count(rig, "flags"), 1);
	ck_assert_uint_eq(rig_out(rig, "handshakes")->near, 78);
	ck_assert(is_there(fd));
	close(fd);
	rig_close(rig);
}
END_TEST

/* ---- frames into connections ---- */

/* The first frame for an address makes the connection and goes by it; what comes back by it has that
 * address. */
START_TEST(sending_dials)
{
	struct rig *rig = open_rig(TCP(",\"mtu\":1400"));
	struct fips_via via;
	int listener = server(&via, 5), fd;

	feed(rig, &via, 1, 114);
	feed(rig, &via, 2, 100);
	rig_run(rig);
	fd = accept(listener, NULL, NULL);
	nonblocking(fd, false);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "send-calls") == 0; i++)
		rig_run(rig);
	ck_assert_int_eq(heard(fd), 1);
	ck_assert_int_eq(heard(fd), 2);
	for (unsigned i = 3; i < 50; i++)
		feed(rig, &via, i, MOST);
	ck_assert_str_eq(rig_run(rig), "taken");
	for (unsigned i = 3; i < 50; i++)
		ck_assert_int_eq(heard(fd), i);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 2);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 1);
	out.n = 0;
	put_frame(INDEX, 9, 64);
	say(fd, out.at, out.n);
	run_until(rig, "made", 1);
	ck_assert(fips_via_eq(mr_pkt_via(rig_out(rig, "frames")), &via));
	craft_drops(rig, &mr_kind_tcp, NULL, 0);
	close(fd);
	close(listener);
	rig_close(rig);
}
END_TEST

/* A, B, A in one vector: each gets his own, in order (R1); a connection that others made is used, and not
 * made. */
START_TEST(each_to_his_own)
{
	struct rig *rig = open_rig(NODE);
	int fd[3] = { client_of(rig), client_of(rig), client_of(rig) };

	run_until(rig, "accepted", 3);
	for (unsigned i = 0; i < 60; i++) {
		struct fips_via via = via_of_client(fd[i % 7 % 3]);

		feed(rig, &via, i, 200);
	}
	ck_assert_str_eq(rig_run(rig), "taken");
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 3);
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(heard(fd[i % 7 % 3]), i);
	for (unsigned i = 0; i < 3; i++)
		close(fd[i]);
	run_until(rig, "closed", 3);
	{
		struct fips_via via = via_of_client(client_of(rig));

		((struct sockaddr_in *)(void *)via.sock)->sin_port ^= 1;
		feed(rig, &via, 0, 200);
		ck_assert_str_eq(rig_run(rig), "no-connection");
	}
	ck_assert_uint_eq(rig_count(rig, "dialled"), 0);
	rig_close(rig);
}
END_TEST

START_TEST(what_cannot_be_sent)
{
	struct rig *rig = open_rig(NODE);
	struct fips_via via, none = { .instance = MR_VIA_TCP }, udp;
	int listener = server(&via, 5);

	udp = via;
	udp.instance = 0;
	feed(rig, &none, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	feed(rig, &udp, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	udp.instance = MR_VIA_TCP + 1;
	feed(rig, &udp, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	feed(rig, &via, 1, MOST + 1);
	ck_assert_str_eq(rig_run(rig), "too-big");
	close(listener);
	rig_close(rig);
}
END_TEST

/* Nobody listens: one dial a second and no more, and each frame is dropped by name. */
START_TEST(a_refused_dial_rests)
{
	struct rig *rig = open_rig(NODE);
	struct fips_via via;
	int listener = server(&via, 5);

	close(listener);
	for (unsigned i = 0; i < 10; i++) {
		feed(rig, &via, i, 100);
		rig_run(rig);
	}
	run_until(rig, "unreached", 10);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 1);
	ck_assert_uint_eq(rig_count(rig, "dials-failed"), 1);
	rig_at(rig, 2 * S);
	rig_run(rig);
	feed(rig, &via, 1, 100);
	rig_run(rig);
	run_until(rig, "unreached", 11);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 2);
	rig_close(rig);
}
END_TEST

/* Nobody answers: the dial ends by the clock.  A listener whose queue is full takes no more calls. */
START_TEST(a_dial_ends_in_time)
{
	struct rig *rig = open_rig(NODE);
	struct fips_via via;
	int listener = server(&via, 0), filler[4];

	for (unsigned i = 0; i < COUNT(filler); i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(filler[i], (void *)via.sock, via.len);
	}
	feed(rig, &via, 1, 114);
	ck_assert_str_eq(rig_run(rig), "taken");
	feed(rig, &via, 2, MOST);
	ck_assert_str_eq(rig_run(rig), "full"); /* one that small ones wait for has no room for it */
	rig_at(rig, 5 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "dials-failed"), 0);
	rig_at(rig, 6 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "dials-failed"), 1);
	ck_assert_uint_eq(rig_count(rig, "dials-timed-out"), 1);
	ck_assert_uint_eq(rig_count(rig, "unreached"), 1);
	for (unsigned i = 0; i < COUNT(filler); i++)
		close(filler[i]);
	close(listener);
	rig_close(rig);
}
END_TEST

/* The connection is lost; sending makes another. */
START_TEST(sending_dials_again)
{
	struct rig *rig = open_rig(NODE);
	struct fips_via via;
	int listener = server(&via, 5), fd;

	feed(rig, &via, 1, 100);
	rig_run(rig);
	fd = accept(listener, NULL, NULL);
	nonblocking(fd, false);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "send-calls") == 0; i++)
		rig_run(rig);
	ck_assert_int_eq(heard(fd), 1);
	rig_at(rig, 5 * S);
	close(fd);
	run_until(rig, "closed", 1);
	feed(rig, &via, 2, 100);
	ck_assert_str_eq(rig_run(rig), "taken");
	fd = accept(listener, NULL, NULL);
	nonblocking(fd, false);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "send-calls") < 2; i++)
		rig_run(rig);
	ck_assert_int_eq(heard(fd), 2);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 2);
	close(fd);
	close(listener);
	rig_close(rig);
}
END_TEST

/* ---- who means no good ---- */

/* One does not read: he loses his own frames by name and nobody else's (R24), his stream keeps its step, and
 * when he has taken nothing for 30 s he is cut off. */
START_TEST(a_slow_reader)
{
	struct rig *rig = open_rig(TCP(",\"send_buf_size\":4096"));
	int slow = client_of(rig), quick = client_of(rig);
	struct fips_via to_slow = via_of_client(slow), to_quick = via_of_client(quick);
	int64_t last = -1, number;
	unsigned frames = 0, n;

	run_until(rig, "accepted", 2);
	put_msg1();
	say(slow, out.at, out.n); /* who has said something may be silent */
	say(quick, out.at, out.n);
	run_until(rig, "made", 2);
	for (n = 0; n < 10000 && rig_count(rig, "full") < 100; n++) {
		feed(rig, &to_slow, n, n % 50 ? MOST : 999);
		feed(rig, &to_quick, n, 1000);
		if (n % 30 < 29)
			continue; /* of many at once the socket takes one in part */
		rig_run(rig);
		for (unsigned i = 0; i < 30; i++)
			ck_assert_int_eq(heard(quick), n - 29 + i);
		ck_assert(!rig_holds(rig, "frames"));
	}
	ck_assert_uint_ge(rig_count(rig, "full"), 100);
	nonblocking(slow, true);
	for (unsigned i = 0; i < 100; i++) {
		while ((number = heard(slow)) >= 0) {
			ck_assert_int_gt(number, last);
			last = number;
			frames++;
		}
		rig_run(rig); /* the rest of one that has gone in part */
	}
	ck_assert_uint_eq(frames, n - rig_count(rig, "full"));
	craft_drops(rig, &mr_kind_tcp, "full", rig_count(rig, "full"));
	for (n = 0; n < 10000 && rig_count(rig, "full") < 200; n++) {
		feed(rig, &to_slow, n, 1000);
		rig_run(rig);
	}
	rig_at(rig, 30 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "cut"), 0);
	rig_at(rig, 40 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "cut"), 1);
	ck_assert_uint_le(rig_count(rig, "lost"), 1);
	ck_assert(is_there(quick));
	close(slow);
	close(quick);
	rig_close(rig);
}
END_TEST

/* Who says nothing for 30 s, or stops in the midst of a frame, is cut off; who says whole frames is not. */
START_TEST(the_silent_are_cut_off)
{
	struct rig *rig = open_rig(NODE);
	int nothing = client_of(rig), some = client_of(rig), good = client_of(rig),
	    halting = client_of(rig);

	run_until(rig, "accepted", 4);
	put_msg1();
	say(good, out.at, out.n);
	say(halting, out.at, out.n);
	run_until(rig, "made", 2);
	rig_at(rig, 20 * S);
	rig_run(rig);
	say(some, out.at, 50); /* a beginning is not enough */
	say(halting, out.at, 3);
	rig_run(rig);
	rig_at(rig, 30 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "cut"), 0);
	rig_at(rig, 31 * S);
	run_until(rig, "cut", 2);
	ck_assert(is_closed(nothing) && is_closed(some) && is_there(halting) && is_there(good));
	rig_at(rig, 51 * S);
	run_until(rig, "cut", 3);
	ck_assert(is_closed(halting));
	rig_at(rig, 1000 * S);
	rig_run(rig);
	ck_assert(is_there(good));
	craft_drops(rig, &mr_kind_tcp, "partial", 2);
	close(nothing);
	close(some);
	close(good);
	close(halting);
	rig_close(rig);
}
END_TEST

/* There are so many places and no more (R7).  Who has said nothing for a second makes room, the oldest first;
 * then who has shown no live key for a minute. */
START_TEST(places_have_a_cap)
{
	struct rig *rig = open_rig(TCP(",\"max_inbound_connections\":3"));
	int live = client_of(rig), silent = client_of(rig), junk = client_of(rig), more;

	run_until(rig, "accepted", 3);
	put_msg1();
	say(junk, out.at, out.n);
	out.n = 0;
	put_frame(INDEX, 1, 60);
	say(live, out.at, out.n);
	run_until(rig, "made", 2);
	for (unsigned i = 1; i <= 2; i++) {
		more = client_of(rig);
		run_until(rig, "refused", i);
		ck_assert(is_closed(more));
		close(more);
		rig_at(rig, 2 * S); /* a second, and not more than that */
	}

	rig_at(rig, 4 * S);
	more = client_of(rig);
	run_until(rig, "evicted", 1);
	ck_assert(is_closed(silent) && is_there(junk) && is_there(live));
	close(silent);
	put_frame(INDEX, 2, 60);
	say(more, out.at, out.n);
	run_until(rig, "made", 4);

	rig_at(rig, 63 * S);
	say(live, out.at, out.n);
	run_until(rig, "made", 6);
	silent = client_of(rig);
	run_until(rig, "evicted", 2);
	ck_assert(is_closed(junk) && is_there(live) && is_there(more));
	ck_assert_uint_eq(rig_count(rig, "refused"), 2);
	close(junk);
	close(live);
	close(more);
	close(silent);
	rig_close(rig);
}
END_TEST

/* A thousand that connect and say nothing: those that are in use stay, and one more gets in. */
START_TEST(a_thousand_silent_ones)
{
	struct rig *rig = open_rig(TCP(",\"max_inbound_connections\":20"));
	int live = client_of(rig), fd, crowd[1000];

	run_until(rig, "accepted", 1);
	put_frame(INDEX, 1, 60);
	say(live, out.at, out.n);
	run_until(rig, "made", 1);
	for (unsigned i = 0; i < COUNT(crowd); i++) {
		crowd[i] = client_of(rig);
		run_until(rig, "accepted", 2 + i);
		if (i >= 100 + 19)
			close(crowd[i - 100]);
	}
	ck_assert_uint_eq(rig_count(rig, "refused"), COUNT(crowd) - 19);
	rig_at(rig, 3 * S);
	fd = client_of(rig);
	run_until(rig, "accepted", 2 + COUNT(crowd));
	say(fd, out.at, out.n);
	run_until(rig, "made", 2);
	ck_assert(is_there(live) && is_there(fd));
	for (unsigned i = 0; i < COUNT(crowd); i++) {
		if (i < 19 || i >= COUNT(crowd) - 100)
			close(crowd[i]);
	}
	close(live);
	close(fd);
	rig_close(rig);
}
END_TEST

static uint32_t dice;

static uint32_t throw(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

/* One piece of a stream: whole frames, the beginning of one, or anything. */
static void put_piece(void)
{
	out.n = 0;
	switch (throw(8)) {
	case 0: put_msg1(); break;
	case 1: put_msg2(); break;
	case 2: put_frame(INDEX + throw(2), 1, MOST); break;
	case 3: put_frame(INDEX, 1, 40 + throw(100)); out.n -= throw(40); break;
	case 4:
		for (unsigned i = 0; i < 40; i++)
			put_frame(INDEX, i, 33);
		break;
	case 5:
		for (; out.n < 1 + throw(50); out.n++)
			out.at[out.n] = (uint8_t)throw(256);
		break;
	default: put_frame(INDEX, 1, 60 + throw(500)); break;
	}
}

static void forget(struct rig *rig)
{
	while (rig_out(rig, "frames") || rig_out(rig, "handshakes"))
		;
}

/* A crowd comes, says some of it and goes, while frames are sent to whoever was there: every packet goes one
 * way (that is asserted when the rig is closed), no place is lost, and one that behaves is served. */
START_TEST(a_crowd_of_fools)
{
	struct rig *rig = open_rig(TCP(",\"max_inbound_connections\":30"));
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);
	struct fips_via via[20];
	int fd[20];
	uint64_t now = S;

	dice = (uint32_t)_i;
	for (unsigned i = 0; i < COUNT(fd); i++) {
		fd[i] = client_of(rig);
		via[i] = via_of_client(fd[i]);
	}
	for (unsigned round = 0; round < 600; round++) {
		unsigned i = throw(COUNT(fd));

		put_piece();
		send(fd[i], out.at, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (throw(4) == 0)
			feed(rig, &via[throw(COUNT(via))], round, 32 + throw(MOST));
		if (throw(10) == 0) {
			close(fd[i]);
			fd[i] = client_of(rig);
			via[i] = via_of_client(fd[i]);
		}
		rig_at(rig, now += throw(500) * MR_NS_PER_MS);
		rig_run(rig);
		forget(rig);
	}
	for (unsigned i = 0; i < COUNT(fd); i++)
		close(fd[i]);
	for (unsigned i = 0; i < 2000 && tcp->pool->in[0]; i++) {
		rig_run(rig);
		usleep(100);
	}
	ck_assert_uint_eq(tcp->pool->in[0], 0);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	fd[0] = client_of(rig);
	out.n = 0;
	put_frame(INDEX, 1, 60);
	forget(rig);
	say(fd[0], out.at, out.n);
	run_until(rig, "made", rig_count(rig, "made") + 1);
	ck_assert_ptr_nonnull(rig_out(rig, "frames"));
	close(fd[0]);
	rig_close(rig);
}
END_TEST

/* ---- sockets ---- */

static const struct mr_tcp_conn *connection(struct rig *rig, const struct fips_via *via)
{
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);

	for (unsigned i = 0; i < tcp->pool->places; i++) {
		const struct mr_tcp_conn *c = &tcp->pool->conn[i];

		if (c->state != MR_TCP_FREE && fips_via_eq(&c->via, via))
			return c;
	}
	ck_abort_msg("no such connection");
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static const struct {
	const char *node;
	int         nodelay, keepalive, idle; /* idle 0: the kernel's */
} options[] = {
	{ NODE, 1, 1, 30 },
	{ TCP(",\"nodelay\":false,\"keepalive_secs\":7"), 0, 1, 7 },
	{ TCP(",\"keepalive_secs\":0"), 1, 0, 0 },
};

/* Those that came and those that were made, alike. */
START_TEST(options_are_set)
{
	struct rig *rig = open_rig(options[_i].node);
	struct fips_via via;
	int listener = server(&via, 5), client = client_of(rig), fds[2];
	struct fips_via came = via_of_client(client);

	feed(rig, &via, 1, 100);
	run_until(rig, "accepted", 1);
	fds[0] = connection(rig, &came)->fd;
	fds[1] = connection(rig, &via)->fd;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(option(fds[i], IPPROTO_TCP, TCP_NODELAY), options[_i].nodelay);
		ck_assert_int_eq(option(fds[i], SOL_SOCKET, SO_KEEPALIVE), options[_i].keepalive);
		if (options[_i].idle)
			ck_assert_int_eq(option(fds[i], IPPROTO_TCP, TCP_KEEPIDLE), options[_i].idle);
	}
	close(client);
	close(listener);
	rig_close(rig);
}
END_TEST

/* A connection with small segments has small frames, both ways. */
START_TEST(segments_limit_frames)
{
	struct rig *rig = open_rig(NODE);
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 700;
	struct fips_via via;
	uint16_t mtu;

	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &small, sizeof small), 0);
	ck_assert_int_eq(getsockname(tcp->listener[0].fd, (void *)&address, &len), 0);
	ck_assert_int_eq(connect(fd, (void *)&address, len), 0);
	nonblocking(fd, false);
	run_until(rig, "accepted", 1);
	via = via_of_client(fd);
	mtu = connection(rig, &via)->mtu;
	ck_assert_uint_le(mtu, 700);
	ck_assert_uint_ge(mtu, 600); /* options take some */
	feed(rig, &via, 1, mtu);
	ck_assert_str_eq(rig_run(rig), "taken");
	feed(rig, &via, 2, mtu + 1u);
	ck_assert_str_eq(rig_run(rig), "too-big");
	put_frame(INDEX, 1, mtu);
	put_frame(INDEX, 1, mtu + 1u);
	say(fd, out.at, out.n);
	run_until(rig, "framing", 1);
	ck_assert_uint_eq(rig_out(rig, "frames")->len, mtu);
	close(fd);
	rig_close(rig);
}
END_TEST

/* No descriptor is left for who calls: nobody spins over it (R11), and a second later it is tried again. */
START_TEST(without_descriptors)
{
	struct rig *rig = open_rig(NODE);
	struct rlimit limit, none;
	int fd = client_of(rig), top = dup(fd);
	uint64_t calls;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)top; /* which is the lowest that is free */
	close(top);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	rig_run(rig);
	calls = rig_count(rig, "calls");
	for (unsigned i = 0; i < 50; i++)
		rig_run(rig);
	ck_assert_uint_le(rig_count(rig, "calls"), calls + 2);
	ck_assert_uint_eq(rig_count(rig, "accepted"), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	rig_at(rig, 2 * S);
	run_until(rig, "accepted", 1);
	close(fd);
	rig_close(rig);
}
END_TEST

/* Frames that came and had no room in the first vector are lost by name when the node stops. */
START_TEST(stopping_in_the_midst)
{
	struct rig *rig = open_rig(NODE);
	int fd = client_of(rig);

	run_until(rig, "accepted", 1);
	for (unsigned i = 0; i < 200; i++)
		put_frame(INDEX, i, 40);
	rig_dry(rig, 1);
	say(fd, out.at, out.n);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "made") == 0; i++)
		rig_run(rig);
	rig_wet(rig);
	rig_stop(rig);
	rig_conserved(rig);
	close(fd);
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tcp");
	TCase *tc = tcase_create("tcp");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, however_it_is_cut);
	tcase_add_test(tc, many_at_once);
	tcase_add_loop_test(tc, wrong_framing_closes, 0, (int)COUNT(wrong));
	tcase_add_test(tc, the_end_in_the_midst);
	tcase_add_test(tc, what_is_sorted_out);
	tcase_add_test(tc, sending_dials);
	tcase_add_test(tc, each_to_his_own);
	tcase_add_test(tc, what_cannot_be_sent);
	tcase_add_test(tc, a_refused_dial_rests);
	tcase_add_test(tc, a_dial_ends_in_time);
	tcase_add_test(tc, sending_dials_again);
	tcase_add_test(tc, a_slow_reader);
	tcase_add_test(tc, the_silent_are_cut_off);
	tcase_add_test(tc, places_have_a_cap);
	tcase_add_test(tc, a_thousand_silent_ones);
	tcase_add_loop_test(tc, a_crowd_of_fools, 1, 6);
	tcase_add_loop_test(tc, options_are_set, 0, (int)COUNT(options));
	tcase_add_test(tc, segments_limit_frames);
	tcase_add_test(tc, without_descriptors);
	tcase_add_test(tc, stopping_in_the_midst);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
