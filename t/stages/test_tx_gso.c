/* tx-gso and messages of several frames (UDP_SEGMENT): what is put together, what the kernel makes
 * of it, and what is done where it will not.
 *
 * Where a refusal is wanted, the send call is replaced by one that keeps a record of what it is
 * asked for and says what the test wants. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/wire.h"
#include "stages/tx-gso/tx.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tx_gso;

#define NODE   CRAFT_NODE(CRAFT_A, CRAFT_UDP)
#define NODE_6 CRAFT_NODE(CRAFT_A, "{\"bind_addr\":\"[::1]:0\",\"mtu\":1472}")
#define TARGETS 20

/* ---- the node ---- */

/* A frame whose bytes all follow from its number. */
static void fill(uint8_t *out, uint32_t number, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(number * 13 + i);
	mr_to_le32(out, number);
}

static void feed(struct rig *rig, const struct fips_via *to, uint32_t number, size_t n)
{
	uint8_t bytes[2000];

	fill(bytes, number, n);
	*mr_pkt_via(rig_feed(rig, "frames", bytes, n)) = *to;
}

/* The next datagram at a socket: this frame and no other. */
static void hears(int fd, uint32_t number, size_t n)
{
	uint8_t bytes[2000], want[2000];

	fill(want, number, n);
	ck_assert_int_eq(recv(fd, bytes, sizeof bytes, MSG_DONTWAIT), (int)n);
	ck_assert_mem_eq(bytes, want, n);
}

static struct fips_via target(unsigned i)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(7000 + i)) };
	struct fips_via via = { .len = sizeof to };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(via.sock, &to, sizeof to);
	return via;
}

/* ---- a send call of our own ---- */

struct sent {
	unsigned target, datagrams, bytes, each; /* each: 0 without UDP_SEGMENT */
	uint32_t first;                          /* number of its first frame   */
};

static struct record {
	struct sent list[1000];
	unsigned    n, calls;
	uint32_t    next[TARGETS];  /* number that a target's next frame must at least have */
	int         error;          /* of a message with segments for a target of `refuses` */
	uint32_t    refuses;        /* targets, as bits                                     */
	unsigned    deaf;           /* calls that are answered so, and counted down         */
	int         deaf_error;
	unsigned    most;           /* messages taken by one call; 0: all                   */
} record;

static uint16_t segment_size(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	uint16_t each;

	if (!c)
		return 0;
	ck_assert_int_eq(c->cmsg_level, SOL_UDP);
	ck_assert_int_eq(c->cmsg_type, UDP_SEGMENT);
	memcpy(&each, CMSG_DATA(c), sizeof each);
	return each;
}

/* Note a message; the frames of a target come in order (R1). */
static void note(struct msghdr *h)
{
	struct sent *s = &record.list[record.n++];
	const struct sockaddr_in *to = h->msg_name;

	ck_assert_uint_le(record.n, COUNT(record.list));
	*s = (struct sent){ .target = ntohs(to->sin_port) - 7000u,
		            .datagrams = (unsigned)h->msg_iovlen, .each = segment_size(h) };
	ck_assert_uint_lt(s->target, TARGETS);
	s->first = mr_le32(h->msg_iov[0].iov_base);
	for (unsigned i = 0; i < s->datagrams; i++) {
		uint32_t number = mr_le32(h->msg_iov[i].iov_base);

		ck_assert_uint_ge(number, record.next[s->target]);
		record.next[s->target] = number + 1;
		s->bytes += (unsigned)h->msg_iov[i].iov_len;
		if (s->each && i + 1 < s->datagrams)
			ck_assert_uint_eq(h->msg_iov[i].iov_len, s->each);
		if (s->each)
			ck_assert_uint_le(h->msg_iov[i].iov_len, s->each);
	}
	ck_assert(s->datagrams == 1 ? !s->each : s->each);
}

static bool is_refused(struct msghdr *h)
{
	const struct sockaddr_in *to = h->msg_name;

	return segment_size(h) && record.refuses & 1u << (ntohs(to->sin_port) - 7000);
}

static int send_noted(int fd, struct mmsghdr *msg, unsigned n, int flags)
{
	unsigned i = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flags, MSG_DONTWAIT);
	record.calls++;
	if (record.deaf) {
		record.deaf--;
		errno = record.deaf_error;
		return -1;
	}
	for (; i < n && (!record.most || i < record.most) && !is_refused(&msg[i].msg_hdr); i++)
		note(&msg[i].msg_hdr);
	errno = record.error;
	return i ? (int)i : -1;
}

static struct rig *noted_rig(const char *settings)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, settings, NODE);
	struct mr_udp *udp = rig_use(rig, &mr_resource_udp);

	udp->send = send_noted;
	udp->socket[0].segments = 128;
	record = (struct record){ 0 };
	return rig;
}

/* ---- what is put together ---- */

struct frames {
	unsigned target, size, times;
};

static const struct {
	const char   *what, *settings;
	struct frames in[8];
	struct sent   out[8]; /* target, datagrams, bytes, each; as far as datagrams is not 0 */
} runs[] = {
	{ "one alone", "{}", { { 0, 500, 1 } }, { { 0, 1, 500, 0, 0 } } },
	{ "equal", "{}", { { 0, 500, 10 } }, { { 0, 10, 5000, 500, 0 } } },
	{ "the last shorter", "{}", { { 0, 500, 3 }, { 0, 499, 1 } }, { { 0, 4, 1999, 500, 0 } } },
	{ "one behind the shorter one", "{}", { { 0, 500, 3 }, { 0, 40, 1 }, { 0, 500, 2 } },
	  { { 0, 4, 1540, 500, 0 }, { 0, 2, 1000, 500, 4 } } },
	{ "two short ones", "{}", { { 0, 500, 2 }, { 0, 40, 2 } },
	  { { 0, 3, 1040, 500, 0 }, { 0, 1, 40, 0, 3 } } },
	{ "a longer one", "{}", { { 0, 500, 2 }, { 0, 501, 2 } },
	  { { 0, 2, 1000, 500, 0 }, { 0, 2, 1002, 501, 2 } } },
	{ "ever shorter", "{}", { { 0, 90, 1 }, { 0, 80, 1 }, { 0, 70, 1 }, { 0, 60, 1 } },
	  { { 0, 2, 170, 90, 0 }, { 0, 2, 130, 70, 2 } } },
	{ "A, B, A", "{}", { { 0, 500, 2 }, { 1, 500, 2 }, { 0, 500, 2 } },
	  { { 0, 4, 2000, 500, 0 }, { 1, 2, 1000, 500, 2 } } },
	{ "A, B, C, B, A, of sizes", "{}",
	  { { 0, 500, 1 }, { 1, 60, 1 }, { 2, 500, 1 }, { 1, 70, 1 }, { 0, 100, 1 } },
	  { { 0, 2, 600, 500, 0 }, { 1, 1, 60, 0, 1 }, { 1, 1, 70, 0, 3 }, { 2, 1, 500, 0, 2 } } },
	{ "64 KiB are the most", "{}", { { 0, 1400, 60 } },
	  { { 0, 46, 64400, 1400, 0 }, { 0, 14, 19600, 1400, 46 } } },
	{ "a vector of small ones", "{}", { { 0, 64, 64 } }, { { 0, 64, 4096, 64, 0 } } },
	{ "four at a time", "{\"segments\":4}", { { 0, 500, 10 } },
	  { { 0, 4, 2000, 500, 0 }, { 0, 4, 2000, 500, 4 }, { 0, 2, 1000, 500, 8 } } },
	{ "off", "{\"gso\":false}", { { 0, 500, 2 }, { 1, 500, 1 }, { 0, 500, 1 } },
	  { { 0, 1, 500, 0, 0 }, { 0, 1, 500, 0, 1 }, { 1, 1, 500, 0, 2 }, { 0, 1, 500, 0, 3 } } },
};

/* R1, R8, R27: one call, and in it what the table says, each target's in its order. */
START_TEST(runs_are_put_together)
{
	struct rig *rig = noted_rig(runs[_i].settings);
	unsigned n = 0, in = 0;

	for (unsigned i = 0; i < COUNT(runs[_i].in); i++) {
		struct fips_via via = target(runs[_i].in[i].target);

		for (unsigned k = 0; k < runs[_i].in[i].times; k++)
			feed(rig, &via, in++, runs[_i].in[i].size);
	}
	rig_run(rig);
	for (; n < COUNT(runs[_i].out) && runs[_i].out[n].datagrams; n++) {
		ck_assert_msg(n < record.n, "%s: %u messages", runs[_i].what, record.n);
		ck_assert_msg(!memcmp(&record.list[n], &runs[_i].out[n], sizeof record.list[n]),
		              "%s: message %u: to %u, %u frames of %u, %u bytes, from %u on",
		              runs[_i].what, n, record.list[n].target, record.list[n].datagrams,
		              record.list[n].each, record.list[n].bytes, record.list[n].first);
	}
	ck_assert_uint_eq(record.n, n);
	ck_assert_uint_eq(record.calls, 1);
	ck_assert_uint_eq(rig_count(rig, "taken"), in);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
}
END_TEST

/* As many as the kernel cuts: 128, 64 before 6.9, and none before 4.18. */
START_TEST(as_many_as_the_kernel_cuts)
{
	static const uint16_t cuts[] = { 0, 64, 128 };
	struct rig *rig = noted_rig("{}");
	struct mr_udp *udp = rig_use(rig, &mr_resource_udp);
	struct fips_via via = target(3);
	unsigned most = 0;

	udp->socket[0].segments = cuts[_i];
	record.deaf = 3; /* so that more than a vector waits */
	record.deaf_error = EAGAIN;
	for (unsigned i = 0; i < 200; i++)
		feed(rig, &via, i, 100);
	rig_run(rig);
	for (unsigned i = 0; i < record.n; i++)
		most = record.list[i].datagrams > most ? record.list[i].datagrams : most;
	ck_assert_uint_eq(most, cuts[_i] ? cuts[_i] : 1);
	ck_assert_uint_eq(rig_count(rig, "taken"), 200);
	rig_close(rig);
}
END_TEST

/* ---- what the kernel makes of it ---- */

/* R3, R8, R27: a receiver gets every frame as it was, in order,
 * and most have gone in few messages. */
START_TEST(the_kernel_cuts_them_apart)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", _i ? NODE_6 : NODE);
	const struct mr_udp *udp = rig_use(rig, &mr_resource_udp);
	static const unsigned sizes[] = { 1472, 1400, 100, 32 };
	struct fips_via via[2];
	int fd[2], family = _i ? AF_INET6 : AF_INET;

	ck_assert_uint_ge(udp->socket[0].segments, 64); /* of the kernel this runs on */
	for (unsigned i = 0; i < 2; i++)
		fd[i] = craft_socket(family, &via[i]);
	for (unsigned s = 0; s < COUNT(sizes); s++) {
		for (unsigned i = 0; i < 60; i++)
			feed(rig, &via[i % 3 == 2], i, sizes[s]);
		rig_run(rig);
		for (unsigned i = 0; i < 60; i++)
			hears(fd[i % 3 == 2], i, sizes[s]);
	}
	ck_assert_uint_eq(rig_count(rig, "send-calls"), COUNT(sizes));
	ck_assert_uint_eq(rig_count(rig, "gso-messages"), 2 * COUNT(sizes));
	ck_assert_uint_eq(rig_count(rig, "gso-frames"), 60 * COUNT(sizes));
	ck_assert_uint_eq(rig_count(rig, "gso-fallbacks"), 0);
	ck_assert_uint_eq(rig_count(rig, "taken"), 60 * COUNT(sizes));
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* The limit found at set-up is the kernel's: so many are taken, one more is not. */
START_TEST(the_limit_is_the_kernel_s)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", _i ? NODE_6 : NODE);
	const struct mr_udp *udp = rig_use(rig, &mr_resource_udp);
	static const uint8_t bytes[200];
	unsigned most = udp->socket[0].segments;
	struct fips_via via;
	int fd = craft_socket(_i ? AF_INET6 : AF_INET, &via), one = 1;

	ck_assert_int_eq(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &one, sizeof one), 0);
	for (unsigned n = most; n <= most + 1; n++) {
		ssize_t sent = sendto(fd, bytes, n, 0, (void *)via.sock, via.len);

		ck_assert_int_eq(sent, n == most ? (int)n : -1);
	}
	ck_assert_int_eq(errno, EINVAL);
	rig_close(rig);
	close(fd);
}
END_TEST

/* ---- where it will not ---- */

static const int refusals[] = { EIO, EINVAL, EOPNOTSUPP, EMSGSIZE };

/* R18: one of two targets takes no segments: all its frames go one by one, at once and from then
 * on, in order, and the other's together as before.  After a minute it is tried again. */
START_TEST(a_target_takes_no_segments)
{
	struct rig *rig = noted_rig("{}");
	struct fips_via via[2] = { target(0), target(1) };
	unsigned number = 0;

	record.refuses = 1u << 1;
	record.error = refusals[_i];
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 30; i++, number++)
			feed(rig, &via[i / 5 % 2], number, 1000);
		rig_run(rig);
		ck_assert_uint_eq(record.n, 16 * (round + 1)); /* one of 15, and 15 */
		ck_assert_uint_eq(rig_count(rig, "gso-fallbacks"), 1);
	}
	ck_assert_uint_eq(record.calls, 3 + 2); /* the refused one takes two more */
	ck_assert_uint_eq(rig_count(rig, "taken"), number);
	rig_at(rig, MR_NS_PER_S + 61 * MR_NS_PER_S);
	record.refuses = 0;
	for (unsigned i = 0; i < 30; i++, number++)
		feed(rig, &via[1], number, 1000);
	rig_run(rig);
	ck_assert_uint_eq(record.n, 16 * 3 + 1);
	ck_assert_uint_eq(record.list[record.n - 1].datagrams, 30);
	ck_assert_uint_eq(rig_count(rig, "gso-fallbacks"), 1);
	ck_assert_uint_eq(rig_count(rig, "taken"), number);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
}
END_TEST

/* More targets refuse than are remembered: that costs calls, and nothing else. */
START_TEST(many_take_no_segments)
{
	struct rig *rig = noted_rig("{}");
	unsigned number = 0;

	record.refuses = (1u << TARGETS) - 1;
	record.error = EIO;
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 3 * TARGETS; i++, number++) {
			struct fips_via via = target(i % TARGETS);

			feed(rig, &via, number, 500);
		}
		rig_run(rig);
	}
	ck_assert_uint_eq(record.n, number);
	ck_assert_uint_eq(rig_count(rig, "taken"), number);
	ck_assert_uint_ge(rig_count(rig, "gso-fallbacks"), TARGETS);
	ck_assert_uint_le(rig_count(rig, "gso-fallbacks"), 5 * TARGETS);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
}
END_TEST

/* R24: what an earlier datagram met is no refusal; said twice it ends one message. */
START_TEST(an_error_of_a_message)
{
	struct rig *rig = noted_rig("{}");
	struct fips_via a = target(0), b = target(1);

	record.deaf = 1;
	record.deaf_error = ECONNREFUSED;
	for (unsigned i = 0; i < 20; i++)
		feed(rig, i < 10 ? &a : &b, i, 500);
	rig_run(rig);
	ck_assert_uint_eq(record.n, 2);
	ck_assert_uint_eq(rig_count(rig, "retries"), 1);
	ck_assert_uint_eq(rig_count(rig, "taken"), 20);
	record.deaf = 2;
	for (unsigned i = 20; i < 40; i++)
		feed(rig, i < 30 ? &a : &b, i, 500);
	rig_run(rig);
	ck_assert_uint_eq(record.n, 3);
	ck_assert_uint_eq(record.list[2].target, 1);
	craft_drops(rig, &mr_kind_tx_gso, "refused", 10);
	ck_assert_uint_eq(rig_count(rig, "taken"), 30);
	ck_assert_uint_eq(rig_count(rig, "gso-fallbacks"), 0);
	rig_close(rig);
}
END_TEST

/* A call that takes only some of the messages: the rest follows, nothing is sent twice. */
START_TEST(some_at_a_time)
{
	struct rig *rig = noted_rig("{}");
	unsigned frames = 0;

	record.most = 1;
	for (unsigned i = 0; i < 60; i++) {
		struct fips_via via = target(i % 5);

		feed(rig, &via, i, i % 7 ? 500 : 700);
	}
	rig_run(rig);
	for (unsigned i = 0; i < record.n; i++)
		frames += record.list[i].datagrams;
	ck_assert_uint_eq(frames, 60);
	ck_assert_uint_eq(record.calls, record.n);
	ck_assert_uint_eq(rig_count(rig, "taken"), 60);
	rig_close(rig);
}
END_TEST

/* A full socket: what waits stays in order for each target, whatever is put together meanwhile. */
START_TEST(waiting_keeps_the_order)
{
	struct rig *rig = noted_rig("{}");

	record.deaf = 3;
	record.deaf_error = _i ? ENOBUFS : EAGAIN;
	for (unsigned i = 0; i < 150; i++) {
		struct fips_via via = target(i % 3);

		feed(rig, &via, i, i % 11 ? 500 : 300);
	}
	rig_run(rig); /* the socket itself has room: it is asked again and again */
	ck_assert_uint_eq(rig_count(rig, "socket-full"), 3);
	ck_assert_uint_eq(rig_count(rig, "taken"), 150);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	craft_drops(rig, &mr_kind_tx_gso, NULL, 0);
	rig_close(rig);
}
END_TEST

static const struct {
	const char *settings, *sentence;
} wrong[] = {
	{ "{\"segments\":1}", "segments: 1 is below 2" },
	{ "{\"segments\":129}", "segments: 129 is above 128" },
	{ "{\"segments\":\"all\"}", "segments: \"all\" is not a whole number" },
	{ "{\"gso\":1}", "gso: 1 is not true or false" },
};

START_TEST(settings_have_bounds)
{
	char *why = rig_refusal(&mr_kind_tx_gso, wrong[_i].settings, NODE);

	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, wrong[_i].sentence) != NULL, "%s", why);
	free(why);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tx-gso, several frames a message");
	TCase *tc = tcase_create("tx-gso");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, runs_are_put_together, 0, COUNT(runs));
	tcase_add_loop_test(tc, as_many_as_the_kernel_cuts, 0, 3);
	tcase_add_loop_test(tc, the_kernel_cuts_them_apart, 0, 2);
	tcase_add_loop_test(tc, the_limit_is_the_kernel_s, 0, 2);
	tcase_add_loop_test(tc, a_target_takes_no_segments, 0, COUNT(refusals));
	tcase_add_test(tc, many_take_no_segments);
	tcase_add_test(tc, an_error_of_a_message);
	tcase_add_test(tc, some_at_a_time);
	tcase_add_loop_test(tc, waiting_keeps_the_order, 0, 2);
	tcase_add_loop_test(tc, settings_have_bounds, 0, COUNT(wrong));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
