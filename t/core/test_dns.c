/* The DNS responder, by questions and answers as bytes. */
#include <arpa/inet.h>
#include <check.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/dns.h"
#include "t/lib/vectors.h"

static const uint8_t address[16] = { 0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static char last[300]; /* the name asked for last */

static enum mr_dns_answer handler(void *arg, const char *name, uint8_t ip[16])
{
	ck_assert_ptr_eq(arg, last);
	strcpy(last, name);
	memcpy(ip, address, 16);
	if (!strcmp(name, "busy.test"))
		return MR_DNS_LATER;
	if (!strcmp(name, "test"))
		return MR_DNS_EMPTY;
	return strcmp(name, "there.test") ? MR_DNS_NONE : MR_DNS_ADDRESS;
}

struct world {
	struct mr_loop  *loop;
	struct mr_timer *timer;
	struct mr_dns   *dns;
	int              fd;    /* of who asks, connected */
	uint8_t          got[2000];
	ssize_t          n;     /* bytes of the last answer; -1: none */
};

static void stop(void *arg)
{
	mr_loop_stop(arg);
}

static void answered(void *arg)
{
	struct world *w = arg;

	w->n = recv(w->fd, w->got, sizeof w->got, 0);
	mr_loop_stop(w->loop);
}

static void open_world(struct world *w, const char *bind, unsigned deaf_to)
{
	const struct mr_dns_wish wish = { .bind = bind, .ttl = 300, .deaf_to = deaf_to };
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *wrong = "";

	*w = (struct world){ .loop = mr_loop_open() };
	w->timer = mr_timer_open(w->loop, stop, w->loop);
	w->dns = mr_dns_open(w->loop, &wish, handler, last, &wrong);
	ck_assert_msg(w->dns != NULL, "%s", wrong);
	to.sin_port = htons(mr_dns_port(w->dns));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(w->fd, (struct sockaddr *)&to, sizeof to), 0);
	ck_assert_int_eq(mr_loop_watch(w->loop, w->fd, answered, w), 0);
}

static void close_world(struct world *w)
{
	mr_dns_close(w->dns);
	mr_timer_close(w->timer);
	mr_loop_close(w->loop);
	close(w->fd);
}

/* Send bytes; the answer is there when the loop ends.  Where none is to come the wait is ended by
 * the answer to a question behind it. */
static void say(struct world *w, const uint8_t *bytes, size_t n)
{
	uint64_t now = mr_clock_now();

	w->n = -1;
	ck_assert_int_eq(send(w->fd, bytes, n, 0), (ssize_t)n);
	mr_timer_set(w->timer, now + 20 * MR_NS_PER_S, now);
	mr_loop_run(w->loop);
}

/* A question with this id; returns its length.  Labels are parted by dots. */
static size_t question(uint8_t *out, uint8_t id, const char *name, uint8_t type, uint8_t class)
{
	static const uint8_t head[12] = { 0, 0, 1, 0, 0, 1 }; /* RD, one question */
	size_t n = sizeof head;

	memcpy(out, head, sizeof head);
	out[1] = id;
	while (*name) {
		size_t label = strcspn(name, ".");

		out[n++] = (uint8_t)label;
		memcpy(out + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	memcpy(out + n, (uint8_t[]){ 0, 0, type, 0, class }, 5);
	return n + 5;
}

enum { A = 1, PTR = 12, AAAA = 28, ANY = 255, IN = 1, CHAOS = 3 };

static const struct {
	const char *name;
	uint8_t     type, class, rcode, answers;
	const char *asked; /* what the handler saw */
} asked[] = {
	{ "there.test", AAAA, IN, 0, 1, "there.test" },
	{ "there.test", A, IN, 0, 0, "there.test" },
	{ "there.test", ANY, IN, 0, 0, "there.test" },
	{ "there.test", PTR, IN, 0, 0, "there.test" },
	{ "there.test", AAAA, CHAOS, 0, 0, "there.test" },
	{ "elsewhere.test", AAAA, IN, 3, 0, "elsewhere.test" },
	{ "elsewhere.test", A, IN, 3, 0, "elsewhere.test" },
	{ "x.there.test", AAAA, IN, 3, 0, "x.there.test" },
	{ "test", AAAA, IN, 0, 0, "test" },
	{ "test", A, IN, 0, 0, "test" },
	{ "", AAAA, IN, 3, 0, "" },
};

/* session.md 5.8: same id and question, QR and AA set, one record of 300 s. */
START_TEST(answers)
{
	static const uint8_t record[] = { 0, AAAA, 0, IN, 0, 0, 300 / 256, 300 % 256, 0, 16 };
	uint8_t q[300];
	size_t n = question(q, 77, asked[_i].name, asked[_i].type, asked[_i].class);
	struct world w;

	open_world(&w, _i % 2 ? "::" : "127.0.0.1", 0);
	say(&w, q, n);
	ck_assert_int_ge(w.n, (ssize_t)n);
	ck_assert_str_eq(last, asked[_i].asked);
	ck_assert_mem_eq(w.got, q, 2);
	ck_assert_uint_eq(w.got[2] & 0x84, 0x84);
	ck_assert_uint_eq(w.got[3] & 0x0f, asked[_i].rcode);
	ck_assert_mem_eq(w.got + 4, q + 4, 2);
	ck_assert_uint_eq(w.got[7], asked[_i].answers);
	ck_assert_mem_eq(w.got + 12, q + 12, n - 12);
	if (asked[_i].answers) {
		ck_assert_mem_eq(w.got + w.n - 16, address, 16);
		ck_assert_mem_eq(w.got + w.n - 26, record, sizeof record);
	} else {
		ck_assert_int_eq(w.n, (ssize_t)n);
	}
	close_world(&w);
}
END_TEST

/* What is cut short anywhere, says it is an answer, or has no question is not answered: the next
 * answer that comes is that of the question behind it. */
START_TEST(no_questions)
{
	uint8_t q[300], bad[300];
	size_t n = question(q, 1, "there.test", AAAA, IN);
	struct world w;

	open_world(&w, "127.0.0.1", 0);
	for (size_t i = 0; i < n + 2; i++) {
		memcpy(bad, q, n);
		bad[1] = 2;
		if (i == n)
			bad[2] |= 0x80; /* an answer */
		if (i == n + 1)
			bad[5] = 0; /* no question */
		ck_assert_int_eq(send(w.fd, bad, i < n ? i : n, 0), (ssize_t)(i < n ? i : n));
		say(&w, q, n);
		ck_assert_msg(w.n > 0 && w.got[1] == 1, "case %zu was answered", i);
	}
	close_world(&w);
}
END_TEST

/* Nor does anything else end the responder: questions with bytes changed at random,
 * from one seed. */
START_TEST(noise)
{
	uint32_t seed = 5;
	uint8_t q[300], bad[300];
	size_t n = question(q, 1, "there.test", AAAA, IN);
	struct world w;

	open_world(&w, "127.0.0.1", 0);
	for (unsigned i = 0; i < 5000; i++) {
		memcpy(bad, q, n);
		bad[1] = 2;
		for (unsigned k = 0; k < 1 + i % 4; k++) {
			seed = seed * 1664525 + 1013904223;
			bad[2 + (seed >> 8) % (n - 2)] = (uint8_t)(seed >> 24);
		}
		ck_assert_int_eq(send(w.fd, bad, n - i % 3, 0), (ssize_t)(n - i % 3));
		if (i % 50 == 0)
			do
				say(&w, q, n);
			while (w.n > 0 && w.got[1] != 1);
		ck_assert(i % 50 != 0 || w.n > 0);
	}
	close_world(&w);
}
END_TEST

/* A name that cannot be told now has no answer either. */
START_TEST(later)
{
	uint8_t q[300], first[300];
	size_t n = question(q, 1, "there.test", AAAA, IN);
	size_t m = question(first, 2, "busy.test", AAAA, IN);
	struct world w;

	open_world(&w, "127.0.0.1", 0);
	ck_assert_int_eq(send(w.fd, first, m, 0), (ssize_t)m);
	say(&w, q, n);
	ck_assert_uint_eq(w.got[1], 1);
	close_world(&w);
}
END_TEST

/* Questions that come by one device are not heard. */
START_TEST(deaf)
{
	uint8_t q[300];
	size_t n = question(q, 1, "there.test", AAAA, IN);
	struct world w;
	struct pollfd p;

	open_world(&w, "::", _i == 0 ? 0 : if_nametoindex("lo"));
	ck_assert_int_eq(send(w.fd, q, n, 0), (ssize_t)n);
	if (_i == 0) {
		mr_loop_run(w.loop);
		ck_assert_int_gt(w.n, 0);
	} else { /* the filter looks at it when it is sent, on loopback */
		uint64_t now = mr_clock_now();

		mr_timer_set(w.timer, now + 50 * MR_NS_PER_MS, now);
		mr_loop_run(w.loop);
		p = (struct pollfd){ .fd = w.fd, .events = POLLIN };
		ck_assert_int_eq(poll(&p, 1, 0), 0);
	}
	close_world(&w);
}
END_TEST

START_TEST(refused)
{
	struct mr_loop *loop = mr_loop_open();
	const char *wrong = NULL;
	struct mr_dns *first, *second;
	struct mr_dns_wish wish = { .bind = "127.0.0.1" };

	first = mr_dns_open(loop, &wish, handler, last, &wrong);
	ck_assert_ptr_nonnull(first);
	wish.port = mr_dns_port(first);
	second = mr_dns_open(loop, &wish, handler, last, &wrong);
	ck_assert_ptr_null(second);
	ck_assert_str_eq(wrong, "Address already in use");
	wish = (struct mr_dns_wish){ .bind = "somewhere" };
	ck_assert_ptr_null(mr_dns_open(loop, &wish, handler, last, &wrong));
	ck_assert_str_eq(wrong, "is no IP address");
	mr_dns_close(first);
	mr_dns_close(NULL);
	mr_loop_close(loop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dns");
	TCase *tc = tcase_create("responder");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, answers, 0, COUNT(asked));
	tcase_add_test(tc, no_questions);
	tcase_add_test(tc, noise);
	tcase_add_test(tc, later);
	tcase_add_loop_test(tc, deaf, 0, 2);
	tcase_add_test(tc, refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
