/* tcp: frames out of streams however they are cut, frames into connections, and what their sockets
 * are like. */

#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "fips/wire/link.h"
#include "stages/lib/tcp.h"
#include "stages/lib/tcp_pool.h"
#include "stages/lib/transports.h"
#include "stages/lib/words.h"
#include "t/lib/streams.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tcp;

#define S MR_NS_PER_S

/* ---- frames out of a stream ---- */

/* What put_all has put comes out, in order, each by its output. */
static void put_all(void)
{
	streams_msg1();
	streams_frame(STREAMS_INDEX, 1, FIPS_LINK_MIN);
	streams_msg2();
	streams_frame(STREAMS_INDEX, 2, 100);
}

static void check_all(struct rig *rig, const struct fips_via *via)
{
	static const uint32_t lens[] = { FIPS_MSG1_LEN, FIPS_LINK_MIN, FIPS_MSG2_LEN, 100 };
	static const char *const outputs[] = { "handshakes", "frames", "handshakes", "frames" };
	const uint8_t *bytes = streams_out.at;

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
	struct rig *rig = streams_open(STREAMS_NODE);
	int fd = streams_client(rig);
	struct fips_via via = streams_via(fd);
	unsigned rounds = 0;

	put_all();
	for (size_t cut = 0; cut <= streams_out.n; cut++, rounds++) {
		uint64_t calls = rig_count(rig, "receive-calls");

		if (cut) {
			streams_say(fd, streams_out.at, cut);
			while (rig_count(rig, "receive-calls") == calls)
				rig_run(rig);
		}
		if (cut < streams_out.n)
			streams_say(fd, streams_out.at + cut, streams_out.n - cut);
		streams_until(rig, "made", 4 * (rounds + 1));
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
	struct rig *rig = streams_open(STREAMS_NODE);
	int fd = streams_client(rig);
	struct fips_link_head head;
	unsigned n = 0, seen = 0;
	struct mr_pkt *p;

	for (; streams_out.n + STREAMS_MOST < 300000; n++)
		streams_frame(STREAMS_INDEX, n, n % 3 ? STREAMS_MOST : 40 + n % 50);
	for (size_t at = 0; at < streams_out.n;) {
		ssize_t sent = send(fd, streams_out.at + at, streams_out.n - at, MSG_DONTWAIT);

		at += sent > 0 ? (size_t)sent : 0;
		rig_run(rig);
		for (; (p = rig_out(rig, "frames")); seen++) {
			fips_link_head_parse(p->data, &head);
			ck_assert_uint_eq(head.counter, seen);
		}
	}
	streams_until(rig, "made", n);
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

/* What no packet begins with, behind a good one:
 * that one leaves, the connection is closed at once. */
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
	struct rig *rig = streams_open(STREAMS_NODE);
	int fd = streams_client(rig);

	streams_frame(STREAMS_INDEX, 1, 60);
	memcpy(streams_out.at + streams_out.n, wrong[_i].bytes, wrong[_i].n);
	streams_say(fd, streams_out.at, streams_out.n + wrong[_i].n);
	streams_until(rig, "framing", 1);
	ck_assert_ptr_nonnull(rig_out(rig, "frames"));
	ck_assert_msg(streams_is_closed(fd), "%s", wrong[_i].what);
	craft_drops(rig, &mr_kind_tcp, "framing", 1);
	ck_assert_uint_eq(rig_count(rig, "closed"), 1);
	close(fd);
	rig_close(rig);
}
END_TEST

/* A frame of exactly the MTU is fine; the end may come at any byte of one. */
START_TEST(the_end_in_the_midst)
{
	static const size_t cuts[] = { 1, 3, 4, 15, STREAMS_MOST - 1 };
	struct rig *rig = streams_open(STREAMS_NODE);

	for (unsigned i = 0; i < COUNT(cuts); i++) {
		int fd = streams_client(rig);

		streams_out.n = 0;
		streams_frame(STREAMS_INDEX, 1, STREAMS_MOST);
		streams_frame(STREAMS_INDEX, 2, STREAMS_MOST);
		streams_say(fd, streams_out.at, STREAMS_MOST + cuts[i]);
		close(fd);
		streams_until(rig, "closed", i + 1);
		ck_assert_ptr_nonnull(rig_out(rig, "frames"));
		ck_assert_ptr_null(rig_out(rig, "frames"));
		craft_drops(rig, &mr_kind_tcp, "partial", i + 1);
	}
	rig_close(rig);
}
END_TEST

START_TEST(what_is_sorted_out)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	int fd = streams_client(rig);

	craft_index(rig, STREAMS_INDEX + 1, &craft_b, 78, NULL, NULL);
	streams_frame(STREAMS_INDEX + 2, 1, 50);
	streams_frame(STREAMS_INDEX + 1, 1, 50);
	streams_msg1();
	streams_out.at[streams_out.n - FIPS_MSG1_LEN + 1] = 1; /* flags */
	streams_say(fd, streams_out.at, streams_out.n);
	streams_until(rig, "made", 3);
	ck_assert_uint_eq(rig_count(rig, "unknown-index"), 1);
	ck_assert_uint_eq(rig_count(rig, "flags"), 1);
	ck_assert_uint_eq(rig_out(rig, "handshakes")->near, 78);
	ck_assert(streams_is_there(fd));
	close(fd);
	rig_close(rig);
}
END_TEST

/* ---- frames into connections ---- */

/* The first frame for an address makes the connection and goes by it; what comes back by it has
 * that address. */
START_TEST(sending_dials)
{
	struct rig *rig = streams_open(STREAMS_TCP(",\"mtu\":1400"));
	struct fips_via via;
	int listener = streams_server(&via, 5), fd;

	streams_feed(rig, &via, 1, 114);
	streams_feed(rig, &via, 2, 100);
	rig_run(rig);
	fd = accept(listener, NULL, NULL);
	streams_impatient(fd, false);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "send-calls") == 0; i++)
		rig_run(rig);
	ck_assert_int_eq(streams_heard(fd), 1);
	ck_assert_int_eq(streams_heard(fd), 2);
	for (unsigned i = 3; i < 50; i++)
		streams_feed(rig, &via, i, STREAMS_MOST);
	ck_assert_str_eq(rig_run(rig), "taken");
	for (unsigned i = 3; i < 50; i++)
		ck_assert_int_eq(streams_heard(fd), i);
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 2);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 1);
	streams_out.n = 0;
	streams_frame(STREAMS_INDEX, 9, 64);
	streams_say(fd, streams_out.at, streams_out.n);
	streams_until(rig, "made", 1);
	ck_assert(fips_via_eq(mr_pkt_via(rig_out(rig, "frames")), &via));
	craft_drops(rig, &mr_kind_tcp, NULL, 0);
	close(fd);
	close(listener);
	rig_close(rig);
}
END_TEST

/* A, B, A in one vector: each gets his own, in order (R1); a connection that others made is used,
 * and not made. */
START_TEST(each_to_his_own)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	int fd[3] = { streams_client(rig), streams_client(rig), streams_client(rig) };

	streams_until(rig, "accepted", 3);
	for (unsigned i = 0; i < 60; i++) {
		struct fips_via via = streams_via(fd[i % 7 % 3]);

		streams_feed(rig, &via, i, 200);
	}
	ck_assert_str_eq(rig_run(rig), "taken");
	ck_assert_uint_eq(rig_count(rig, "send-calls"), 3);
	for (unsigned i = 0; i < 60; i++)
		ck_assert_int_eq(streams_heard(fd[i % 7 % 3]), i);
	for (unsigned i = 0; i < 3; i++)
		close(fd[i]);
	streams_until(rig, "closed", 3);
	{
		struct fips_via via = streams_via(streams_client(rig));

		((struct sockaddr_in *)(void *)via.sock)->sin_port ^= 1;
		streams_feed(rig, &via, 0, 200);
		ck_assert_str_eq(rig_run(rig), "no-connection");
	}
	ck_assert_uint_eq(rig_count(rig, "dialled"), 0);
	rig_close(rig);
}
END_TEST

START_TEST(what_cannot_be_sent)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	struct fips_via via, none = { .instance = MR_VIA_TCP }, udp;
	int listener = streams_server(&via, 5);

	udp = via;
	udp.instance = 0;
	streams_feed(rig, &none, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	streams_feed(rig, &udp, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	udp.instance = MR_VIA_TCP + 1;
	streams_feed(rig, &udp, 1, 100);
	ck_assert_str_eq(rig_run(rig), "no-address");
	streams_feed(rig, &via, 1, STREAMS_MOST + 1);
	ck_assert_str_eq(rig_run(rig), "too-big");
	close(listener);
	rig_close(rig);
}
END_TEST

/* Nobody listens: one dial a second and no more, and each frame is dropped by name. */
START_TEST(a_refused_dial_rests)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	struct fips_via via;
	int listener = streams_server(&via, 5);

	close(listener);
	for (unsigned i = 0; i < 10; i++) {
		streams_feed(rig, &via, i, 100);
		rig_run(rig);
	}
	streams_until(rig, "unreached", 10);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 1);
	ck_assert_uint_eq(rig_count(rig, "dials-failed"), 1);
	rig_at(rig, 2 * S);
	rig_run(rig);
	streams_feed(rig, &via, 1, 100);
	rig_run(rig);
	streams_until(rig, "unreached", 11);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 2);
	rig_close(rig);
}
END_TEST

/* Nobody answers: the dial ends by the clock.
 * A listener whose queue is full takes no more calls. */
START_TEST(a_dial_ends_in_time)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	struct fips_via via;
	int listener = streams_server(&via, 0), filler[4];

	for (unsigned i = 0; i < COUNT(filler); i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(filler[i], (void *)via.sock, via.len);
	}
	streams_feed(rig, &via, 1, 114);
	ck_assert_str_eq(rig_run(rig), "taken");
	streams_feed(rig, &via, 2, STREAMS_MOST);
	/* one that small ones wait for has no room for it */
	ck_assert_str_eq(rig_run(rig), "full");
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
	struct rig *rig = streams_open(STREAMS_NODE);
	struct fips_via via;
	int listener = streams_server(&via, 5), fd;

	streams_feed(rig, &via, 1, 100);
	rig_run(rig);
	fd = accept(listener, NULL, NULL);
	streams_impatient(fd, false);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "send-calls") == 0; i++)
		rig_run(rig);
	ck_assert_int_eq(streams_heard(fd), 1);
	rig_at(rig, 5 * S);
	close(fd);
	streams_until(rig, "closed", 1);
	streams_feed(rig, &via, 2, 100);
	ck_assert_str_eq(rig_run(rig), "taken");
	fd = accept(listener, NULL, NULL);
	streams_impatient(fd, false);
	for (unsigned i = 0; i < 1000 && rig_count(rig, "send-calls") < 2; i++)
		rig_run(rig);
	ck_assert_int_eq(streams_heard(fd), 2);
	ck_assert_uint_eq(rig_count(rig, "dialled"), 2);
	close(fd);
	close(listener);
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
	{ STREAMS_NODE, 1, 1, 30 },
	{ STREAMS_TCP(",\"nodelay\":false,\"keepalive_secs\":7"), 0, 1, 7 },
	{ STREAMS_TCP(",\"keepalive_secs\":0"), 1, 0, 0 },
};

/* Those that came and those that were made, alike. */
START_TEST(options_are_set)
{
	struct rig *rig = streams_open(options[_i].node);
	struct fips_via via;
	int listener = streams_server(&via, 5), client = streams_client(rig), fds[2];
	struct fips_via came = streams_via(client);

	streams_feed(rig, &via, 1, 100);
	streams_until(rig, "accepted", 1);
	fds[0] = connection(rig, &came)->fd;
	fds[1] = connection(rig, &via)->fd;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(option(fds[i], IPPROTO_TCP, TCP_NODELAY), options[_i].nodelay);
		ck_assert_int_eq(option(fds[i], SOL_SOCKET, SO_KEEPALIVE), options[_i].keepalive);
		/* what is not acknowledged is not sent again for longer than a link lives */
		ck_assert_int_eq(option(fds[i], IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
		if (options[_i].idle)
			ck_assert_int_eq(option(fds[i], IPPROTO_TCP, TCP_KEEPIDLE),
			                 options[_i].idle);
	}
	close(client);
	close(listener);
	rig_close(rig);
}
END_TEST

/* A connection with small segments takes small frames, and control is told; what comes may be as
 * large as it is said to be in the node file, since others do not ask what segments there are. */
START_TEST(segments_limit_frames)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 700;
	struct mr_event event;
	struct fips_via via;
	uint16_t mtu;

	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &small, sizeof small), 0);
	ck_assert_int_eq(getsockname(tcp->listener[0].fd, (void *)&address, &len), 0);
	ck_assert_int_eq(connect(fd, (void *)&address, len), 0);
	streams_impatient(fd, false);
	streams_until(rig, "accepted", 1);
	via = streams_via(fd);
	mtu = connection(rig, &via)->mtu;
	ck_assert_uint_le(mtu, 700);
	ck_assert_uint_ge(mtu, 600); /* options take some */
	streams_feed(rig, &via, 1, mtu);
	ck_assert_str_eq(rig_run(rig), "taken");
	streams_feed(rig, &via, 2, mtu + 1u);
	ck_assert_str_eq(rig_run(rig), "too-big");
	ck_assert(!rig_event(rig, &event));
	for (unsigned i = 0; i < 3; i++) { /* in case it is not heard, but not each time */
		rig_at(rig, (10 + i) * S - 1);
		for (unsigned k = 0; k < 2; k++) {
			streams_out.n = 0;
			streams_frame(STREAMS_INDEX, 1, mtu);
			streams_say(fd, streams_out.at, streams_out.n);
			streams_until(rig, "made", 2 * i + k + 1);
			ck_assert_uint_eq(rig_out(rig, "frames")->len, mtu);
		}
		ck_assert(rig_event(rig, &event));
		ck_assert_uint_eq(event.kind, MR_EV_NARROW);
		ck_assert_uint_eq(event.u, mtu);
		ck_assert_mem_eq(event.bytes, &via, sizeof via);
		ck_assert(!rig_event(rig, &event));
	}
	streams_out.n = 0;
	streams_frame(STREAMS_INDEX, 1, STREAMS_MOST);
	streams_frame(STREAMS_INDEX, 1, STREAMS_MOST + 1);
	streams_say(fd, streams_out.at, streams_out.n);
	streams_until(rig, "framing", 1);
	ck_assert_uint_eq(rig_out(rig, "frames")->len, STREAMS_MOST);
	close(fd);
	rig_close(rig);
}
END_TEST

/* No descriptor is left for who calls: nobody spins over it (R11),
 * and a second later it is tried again. */
START_TEST(without_descriptors)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	struct rlimit limit, none;
	int fd = streams_client(rig), top = dup(fd);
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
	streams_until(rig, "accepted", 1);
	close(fd);
	rig_close(rig);
}
END_TEST

/* Frames that came and had no room in the first vector are lost by name when the node stops. */
START_TEST(stopping_in_the_midst)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	int fd = streams_client(rig);

	streams_until(rig, "accepted", 1);
	for (unsigned i = 0; i < 200; i++)
		streams_frame(STREAMS_INDEX, i, 40);
	rig_dry(rig, 1);
	streams_say(fd, streams_out.at, streams_out.n);
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
