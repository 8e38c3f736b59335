/* rx on real sockets of the loopback device: sorting, drops, batches, addresses, errors.
 *
 * A datagram sent on loopback is in the receiver's buffer when the send returns, so nothing here
 * waits. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_rx;

#define NODE   CRAFT_NODE(CRAFT_B, CRAFT_UDP)
#define NODE_6 CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"[::1]:0\",\"mtu\":1472}")
#define INDEX  0x0a0b0c0du
#define LINK   77

static struct fips_link_recv recv_state;
static struct fips_recv_key recv_key;

/* ---- a rig and a sender ---- */

struct bench {
	struct rig     *rig;
	struct fips_via to[MR_UDP_MAX]; /* where each socket of the node listens */
	int             fd;             /* the sender's socket                   */
	struct fips_via from;           /* its address                           */
};

static struct bench bench_open(const char *settings, const char *node, int family)
{
	struct bench b = { .rig = rig_open(&mr_kind_rx, settings, node) };
	const struct mr_udp *udp = rig_use(b.rig, &mr_resource_udp);

	for (unsigned i = 0; i < udp->n; i++)
		craft_bound(udp->socket[i].fd, &b.to[i]);
	b.fd = craft_socket(family, &b.from);
	craft_index(b.rig, INDEX, &craft_a, LINK, &recv_state, &recv_key);
	return b;
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	close(b->fd);
}

static void send_to(int fd, const struct fips_via *to, const void *bytes, size_t n)
{
	ssize_t sent = sendto(fd, bytes, n, 0, (const struct sockaddr *)(const void *)to->sock,
	                      to->len);

	ck_assert_msg(sent == (ssize_t)n, "send of %zu bytes: %s", n, strerror(errno));
}

/* A frame of n bytes (n >= 32) for an index; rx does not look behind the header. */
static size_t frame(uint8_t *out, uint32_t index, uint64_t counter, size_t n)
{
	memset(out, 0x5a, n);
	out[0] = out[1] = 0;
	mr_to_le16(out + 2, (uint16_t)(n - 32));
	mr_to_le32(out + 4, index);
	mr_to_le64(out + 8, counter);
	return n;
}

static void send_frame(struct bench *b, unsigned socket, uint64_t counter)
{
	uint8_t bytes[100];

	send_to(b->fd, &b->to[socket], bytes, frame(bytes, INDEX, counter, sizeof bytes));
}

/* The counter in the oldest frame that came out, which must be there. */
static uint64_t next_frame(struct bench *b)
{
	struct mr_pkt *p = rig_out(b->rig, "frames");

	ck_assert_ptr_nonnull(p);
	return mr_le64(p->data + 8);
}

/* ---- sorting ---- */

enum index_is { LIVE, EXPECTED, UNKNOWN };

static const struct {
	const char   *what;
	enum index_is index;
	uint8_t       first[4]; /* of the datagram; the rest is a frame's */
	size_t        n;
	const char   *went;
} sorted[] = {
	{ "frame of a live key",  LIVE,     { 0, 0, 68, 0 }, 100, "frames" },
	{ "shortest frame",       LIVE,     { 0, 0, 0, 0 },   32, "frames" },
	{ "all flags",            LIVE,     { 0, 0xff, 68, 0 }, 100, "frames" },
	{ "expected key",         EXPECTED, { 0, 0, 68, 0 }, 100, "handshakes" },
	{ "unknown key",          UNKNOWN,  { 0, 0, 68, 0 }, 100, "unknown-index" },
	{ "message 1",            UNKNOWN,  { 1, 0, 110, 0 }, 114, "handshakes" },
	{ "message 2",            UNKNOWN,  { 2, 0, 65, 0 },  69, "handshakes" },
	{ "no bytes",             LIVE,     { 0 },             0, "short" },
	{ "one byte",             LIVE,     { 0 },             1, "short" },
	{ "three bytes",          LIVE,     { 0 },             3, "short" },
	{ "a frame of 31 bytes",  LIVE,     { 0, 0, 0, 0 },   31, "short" },
	{ "probe",                LIVE,     { 'N', 'P', 'T', 'C' }, 40, "punch" },
	{ "answer to a probe",    LIVE,     { 'N', 'P', 'T', 'A' }, 40, "punch" },
	{ "version 1",            LIVE,     { 0x10, 0, 68, 0 }, 100, "version" },
	{ "version 15",           LIVE,     { 0xf1, 0, 110, 0 }, 114, "version" },
	{ "phase 3",              LIVE,     { 3, 0, 68, 0 },  100, "phase" },
	{ "phase 15",             LIVE,     { 15, 0, 68, 0 }, 100, "phase" },
	{ "length one less",      LIVE,     { 0, 0, 67, 0 },  100, "length" },
	{ "length one more",      LIVE,     { 0, 0, 69, 0 },  100, "length" },
	{ "length 65535",         LIVE,     { 0, 0, 255, 255 }, 100, "length" },
	{ "message 1 and a byte", UNKNOWN,  { 1, 0, 110, 0 }, 115, "length" },
	{ "message 2 cut",        UNKNOWN,  { 2, 0, 65, 0 },  68, "length" },
	{ "message 1 with flags", UNKNOWN,  { 1, 1, 110, 0 }, 114, "flags" },
	{ "message 2 with flags", UNKNOWN,  { 2, 0x80, 65, 0 }, 69, "flags" },
};

START_TEST(datagrams_are_sorted)
{
	struct bench b = bench_open("{}", NODE, AF_INET);
	uint32_t index = sorted[_i].index == UNKNOWN ? INDEX + 1 : INDEX;
	bool live = !strcmp(sorted[_i].went, "frames");
	bool goes_on = live || !strcmp(sorted[_i].went, "handshakes");
	uint8_t bytes[128];

	if (sorted[_i].index == EXPECTED)
		craft_index(b.rig, INDEX, &craft_a, FIPS_NO_HANDLE, NULL, NULL);
	frame(bytes, index, 9, sizeof bytes);
	memcpy(bytes, sorted[_i].first, 4);
	send_to(b.fd, &b.to[0], bytes, sorted[_i].n);
	ck_assert_str_eq(rig_run(b.rig), sorted[_i].went);
	ck_assert_uint_eq(rig_count(b.rig, "made"), 1);
	if (goes_on) {
		struct mr_pkt *p = rig_out(b.rig, sorted[_i].went);

		ck_assert_uint_eq(p->len, sorted[_i].n);
		ck_assert_mem_eq(p->data, bytes, p->len);
		ck_assert_uint_eq(p->near, live ? LINK : MR_NO_HANDLE);
		ck_assert_uint_eq(p->mark, MR_SHAPE_FRAME);
		ck_assert_uint_eq(p->stamp, MR_NS_PER_S);
		craft_drops(b.rig, &mr_kind_rx, NULL, 0);
	} else {
		craft_drops(b.rig, &mr_kind_rx, sorted[_i].went, 1);
	}
	craft_silent(b.rig);
	bench_close(&b);
}
END_TEST

/* The stored verdicts before any cryptography. */
START_TEST(stored_verdicts)
{
	json_t *root = vectors_load("link_vectors");
	struct bench b = bench_open("{}", NODE, AF_INET);
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "datagram_prechecks"), at, v) {
		struct bytes bytes = vectors_bytes(v, "hex");
		const char *verdict = vectors_text(v, "verdict"), *went;

		send_to(b.fd, &b.to[0], bytes.at, bytes.n);
		went = rig_run(b.rig);
		if (!strcmp(verdict, "established"))
			ck_assert_msg(!strcmp(went, "unknown-index"), "%s: %s", vectors_name(v),
			              went);
		else if (!strcmp(verdict, "msg1") || !strcmp(verdict, "msg2"))
			ck_assert_msg(!strcmp(went, "handshakes"), "%s: %s", vectors_name(v), went);
		else
			ck_assert_msg(strcmp(went, "handshakes") && strcmp(went, "frames") &&
			                      strcmp(went, "unknown-index"),
			              "%s: %s", vectors_name(v), went);
	}
	ck_assert_uint_eq(at, rig_count(b.rig, "made"));
	bench_close(&b);
	json_decref(root);
}
END_TEST

/* One batch of several indices: the remembered entry is never that of another index (R10). */
START_TEST(runs_of_indices)
{
	static const uint8_t walk[] = { 0, 0, 1, 0, 2, 2, 0, 1, 1, 0 };
	struct bench b = bench_open("{}", NODE, AF_INET);
	uint8_t bytes[64];

	craft_index(b.rig, INDEX + 1, &craft_t, LINK + 1, &recv_state, &recv_key);
	for (unsigned i = 0; i < COUNT(walk); i++)
		send_to(b.fd, &b.to[0], bytes, frame(bytes, INDEX + walk[i], i, sizeof bytes));
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_rx, "unknown-index", 2);
	for (unsigned i = 0; i < COUNT(walk); i++) {
		struct mr_pkt *p;

		if (walk[i] == 2)
			continue;
		p = rig_out(b.rig, "frames");
		ck_assert_uint_eq(mr_le64(p->data + 8), i);
		ck_assert_uint_eq(p->near, (unsigned)(LINK + walk[i]));
	}
	bench_close(&b);
}
END_TEST

/* ---- sizes ---- */

/* A view holds the MTU and 100 bytes more; whatever is longer is known to be cut. */
START_TEST(too_long_is_truncated)
{
	static const struct {
		size_t      n;
		const char *went;
	} sizes[] = {
		{ 9000, "frames" }, { 9100, "frames" },
		{ 9101, "truncated" }, { 65507, "truncated" },
	};
	struct bench b = bench_open(
		"{}", CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":9000}"), AF_INET);
	static uint8_t bytes[65507];

	for (unsigned i = 0; i < COUNT(sizes); i++) {
		send_to(b.fd, &b.to[0], bytes, frame(bytes, INDEX, i, sizes[i].n));
		ck_assert_str_eq(rig_run(b.rig), sizes[i].went);
		if (!strcmp(sizes[i].went, "frames"))
			ck_assert_uint_eq(rig_out(b.rig, "frames")->len, sizes[i].n);
	}
	craft_drops(b.rig, &mr_kind_rx, "truncated", 2);
	bench_close(&b);
}
END_TEST

/* ---- addresses ---- */

/* The source as the kernel reports it, in the side area, the same bytes for the same sender: two
 * senders in one batch keep their own (R26). */
START_TEST(the_source_lies_beside_the_packet)
{
	struct bench b = bench_open("{}", _i ? NODE_6 : NODE, _i ? AF_INET6 : AF_INET);
	struct fips_via from2;
	int fd2 = craft_socket(_i ? AF_INET6 : AF_INET, &from2);
	uint8_t bytes[64];

	ck_assert(!fips_via_eq(&b.from, &from2));
	for (unsigned i = 0; i < 6; i++)
		send_to(i % 2 ? fd2 : b.fd, &b.to[0], bytes, frame(bytes, INDEX, i, sizeof bytes));
	rig_run(b.rig);
	for (unsigned i = 0; i < 6; i++) {
		struct mr_pkt *p = rig_out(b.rig, "frames");

		ck_assert_mem_eq(mr_pkt_via(p), i % 2 ? &from2 : &b.from, sizeof from2);
	}
	bench_close(&b);
	close(fd2);
}
END_TEST

/* ---- batches and turns ---- */

/* R8, R3: a receive call brings a vector, not a packet, and the counter shows it. */
START_TEST(calls_are_fewer_than_datagrams)
{
	struct bench b = bench_open("{}", NODE, AF_INET);

	for (unsigned i = 0; i < 200; i++)
		send_frame(&b, 0, i);
	rig_run(b.rig);
	for (unsigned i = 0; i < 200; i++)
		ck_assert_uint_eq(next_frame(&b), i);
	ck_assert_uint_eq(rig_count(b.rig, "receive-calls"), 4);
	ck_assert_uint_eq(rig_count(b.rig, "receive-errors"), 0);
	bench_close(&b);
}
END_TEST

/* A batch smaller than what waits loses nothing, and no more than that many come at a time. */
START_TEST(small_batches)
{
	static const unsigned batch[] = { 1, 7, 64 };
	char settings[32];
	struct bench b;

	snprintf(settings, sizeof settings, "{\"batch\":%u}", batch[_i]);
	b = bench_open(settings, NODE, AF_INET);
	for (unsigned i = 0; i < 50; i++)
		send_frame(&b, 0, i);
	rig_run(b.rig);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_uint_eq(next_frame(&b), i);
	ck_assert_uint_ge(rig_count(b.rig, "receive-calls"), 50 / batch[_i]);
	ck_assert_uint_le(rig_count(b.rig, "receive-calls"), 50 / batch[_i] + 1);
	bench_close(&b);
}
END_TEST

static const struct {
	const char *settings, *sentence;
} refused[] = {
	{ "{\"batch\":0}", "batch: 0 is below 1" },
	{ "{\"batch\":65}", "batch: 65 is above 64" },
	{ "{\"batch\":\"many\"}", "batch: \"many\" is not a whole number" },
	{ "{\"gro\":1}", "gro: 1 is not true or false" },
	{ "{\"sojourn\":\"5 ms\"}", "sojourn: \"5 ms\" is not a whole number" },
	{ "{\"sojourn\":-1}", "sojourn: -1 is below 0" },
	{ "{\"sojourn\":10000001}", "sojourn: 10000001 is above 10000000" },
	{ "{\"interval\":true}", "interval: true is not a whole number" },
	{ "{\"interval\":999}", "interval: 999 is below 1000" },
	{ "{\"interval\":10000001}", "interval: 10000001 is above 10000000" },
};

START_TEST(settings_have_bounds)
{
	char *why = rig_refusal(&mr_kind_rx, refused[_i].settings, NODE);

	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, refused[_i].sentence) != NULL, "%s", why);
	free(why);
}
END_TEST

#define THREE                                                                                   \
	CRAFT_NODE(CRAFT_B, "{\"a\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472},"              \
	                    "\"b\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1300},"               \
	                    "\"c\":{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1400}}")

/* Sockets are asked in turn: a full one does not keep the others waiting. */
START_TEST(sockets_take_turns)
{
	struct bench b = bench_open("{\"batch\":4}", THREE, AF_INET);
	unsigned next[3] = { 0 };

	for (unsigned i = 0; i < 40; i++)
		send_frame(&b, 0, i);
	for (unsigned i = 0; i < 8; i++)
		send_frame(&b, 2, i);
	rig_run(b.rig);
	for (unsigned i = 0; i < 48; i++) {
		struct mr_pkt *p = rig_out(b.rig, "frames");
		unsigned socket = mr_pkt_via(p)->instance;

		ck_assert_uint_eq(mr_le64(p->data + 8), next[socket]++);
		if (i < 16) /* four of a, four of c, twice */
			ck_assert_uint_eq(socket, i / 4 % 2 ? 2 : 0);
		else
			ck_assert_uint_eq(socket, 0);
	}
	ck_assert_uint_eq(next[0], 40);
	ck_assert_uint_eq(next[2], 8);
	ck_assert_uint_eq(rig_count(b.rig, "receive-errors"), 0); /* nothing to read is none */
	bench_close(&b);
}
END_TEST

/* One call finds the socket that has something, past those that have nothing. */
START_TEST(an_empty_socket_costs_no_turn)
{
	struct bench b = bench_open("{}", THREE, AF_INET);

	send_frame(&b, 2, 9);
	ck_assert_str_eq(rig_run(b.rig), "frames");
	ck_assert_uint_eq(rig_count(b.rig, "calls"), 1);
	ck_assert_uint_eq(rig_count(b.rig, "receive-calls"), 3);
	bench_close(&b);
}
END_TEST

/* ---- what the kernel says ---- */

#define SMALL \
	CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472,\"recv_buf_size\":4096}")

/* Datagrams that found the buffer full are counted, each once (the count comes with the first that
 * fits again). */
START_TEST(overflows_are_counted)
{
	struct bench b = bench_open("{}", SMALL, AF_INET);
	unsigned got = 0, sent = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 100; i++, sent++)
			send_frame(&b, 0, sent);
		rig_run(b.rig);
		while (rig_out(b.rig, "frames"))
			got++;
		ck_assert_uint_lt(got, sent);
		send_frame(&b, 0, sent++); /* it carries the count */
		rig_run(b.rig);
		ck_assert_ptr_nonnull(rig_out(b.rig, "frames"));
		got++;
		ck_assert_uint_eq(rig_count(b.rig, "socket-overflow"), sent - got);
	}
	bench_close(&b);
}
END_TEST

/* R11: an error that an earlier send left on the socket is taken once; it neither spins nor costs
 * the datagram behind it. */
START_TEST(a_pending_error_is_taken)
{
	struct bench b = bench_open("{}", NODE, AF_INET);
	const struct mr_udp *udp = rig_use(b.rig, &mr_resource_udp);
	struct fips_via peer;
	int fd = craft_socket(AF_INET, &peer);
	uint8_t bytes[64];

	/* only a connected socket hears that a port is closed */
	ck_assert_int_eq(connect(udp->socket[0].fd, (struct sockaddr *)(void *)peer.sock,
	                         peer.len), 0);
	close(fd);
	ck_assert_int_eq(send(udp->socket[0].fd, "x", 1, 0), 1);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)(void *)peer.sock, peer.len), 0);
	send_to(fd, &b.to[0], bytes, frame(bytes, INDEX, 5, sizeof bytes));
	ck_assert_str_eq(rig_run(b.rig), "frames");
	ck_assert_uint_eq(next_frame(&b), 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_str_eq(rig_run(b.rig), "nowhere");
	ck_assert_uint_eq(rig_count(b.rig, "receive-errors"), 1);
	ck_assert_uint_eq(rig_count(b.rig, "receive-calls"), 2);
	close(fd);
	bench_close(&b);
}
END_TEST

/* With nothing to read nothing is asked: rx sleeps with its worker. */
START_TEST(silence_costs_no_call)
{
	struct bench b = bench_open("{}", THREE, AF_INET);

	for (unsigned i = 0; i < 20; i++)
		rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "receive-calls"), 0);
	bench_close(&b);
}
END_TEST

static void set_up(void)
{
	fips_recv_key_init(&recv_key, 1, NULL, 0);
}

/* ---- too much of it ---- */

static bool stamps(const struct bench *b)
{
	const struct mr_udp *udp = rig_use(b->rig, &mr_resource_udp);
	socklen_t len = sizeof(int);
	int on = 0;

	ck_assert_int_eq(getsockopt(udp->socket[0].fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, &len), 0);
	return on;
}

/* The kernel begins to note when datagrams come some time after the first socket has asked for it,
 * and gives the time of reading until then.  Returns when it has begun;
 * b's own socket keeps it so. */
static void await_stamps(void)
{
	struct fips_via self;
	int fd = craft_socket(AF_INET, &self), on = 1;
	bool noted = false;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
	while (!noted) {
		alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(struct timespec))];
		struct msghdr h = { .msg_control = space, .msg_controllen = sizeof space };
		struct timespec sent, came;

		ck_assert_int_eq(sendto(fd, "", 0, 0,
		                        (const struct sockaddr *)(const void *)self.sock, self.len),
		                 0);
		clock_gettime(CLOCK_REALTIME, &sent);
		usleep(1000);
		ck_assert_int_eq(recvmsg(fd, &h, 0), 0);
		memcpy(&came, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof came);
		noted = came.tv_sec < sent.tv_sec ||
		        (came.tv_sec == sent.tv_sec && came.tv_nsec <= sent.tv_nsec);
	}
	close(fd);
}

/* Frames that have waited for 20 ms and more stand in the buffer, of which a run takes 100: none is
 * dropped for an interval, then one and one more by the law, then all, since the wait is not
 * getting less.  `sojourn` 0 leaves them alone, and so does one that they are below. */
START_TEST(what_stands_in_the_buffer_is_dropped)
{
	static const struct {
		const char *settings;
		unsigned    gone[4]; /* after each run */
	} row[] = {
		{ "{\"batch\":1,\"gro\":false}", { 0, 1, 2, 53 } },
		{ "{\"batch\":1,\"gro\":false,\"sojourn\":0}", { 0, 0, 0, 0 } },
		{ "{\"batch\":1,\"gro\":false,\"sojourn\":10000000}", { 0, 0, 0, 0 } },
		{ "{\"batch\":1,\"gro\":false,\"interval\":1000000}", { 0, 0, 0, 0 } },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct bench b = bench_open(row[i].settings, NODE, AF_INET);

		ck_assert_int_eq(stamps(&b), i != 1);
		await_stamps();
		for (unsigned k = 0; k < 351; k++)
			send_frame(&b, 0, k);
		usleep(20000);
		for (unsigned run = 0; run < 4; run++) {
			rig_at(b.rig, MR_NS_PER_S + run * 100 * MR_NS_PER_MS);
			rig_run(b.rig);
			ck_assert_uint_eq(rig_count(b.rig, "sojourn"), row[i].gone[run]);
		}
		ck_assert_uint_eq(rig_count(b.rig, "made"), 351);
		while (rig_out(b.rig, "frames"))
			;
		bench_close(&b);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rx");
	TCase *tc = tcase_create("rx");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, datagrams_are_sorted, 0, (int)COUNT(sorted));
	tcase_add_test(tc, stored_verdicts);
	tcase_add_test(tc, runs_of_indices);
	tcase_add_test(tc, too_long_is_truncated);
	tcase_add_loop_test(tc, the_source_lies_beside_the_packet, 0, 2);
	tcase_add_test(tc, calls_are_fewer_than_datagrams);
	tcase_add_loop_test(tc, small_batches, 0, 3);
	tcase_add_loop_test(tc, settings_have_bounds, 0, COUNT(refused));
	tcase_add_test(tc, sockets_take_turns);
	tcase_add_test(tc, an_empty_socket_costs_no_turn);
	tcase_add_test(tc, overflows_are_counted);
	tcase_add_test(tc, a_pending_error_is_taken);
	tcase_add_test(tc, silence_costs_no_call);
	tcase_add_test(tc, what_stands_in_the_buffer_is_dropped);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
