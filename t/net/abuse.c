/* abuse - clients as a server may get them: idle ones, half requests, slow readers, too much of
 * everything.
 *
 *     abuse PORT [IDLE]       127.0.0.1:PORT
 *
 *   1 IDLE connections say nothing (1,000 unless told otherwise)
 *   2 HALVES send the beginning of a request
 *   3 SLOW ask for much and read none of it
 *   4 GREEDY each send a body of 10 MB, and a head of 10 MB
 *   5 WRONG each name a host that the server is not
 *
 * and the first three stay, as long as the server lets them, until standard input ends.  Then
 * prints, as JSON, how often there was which answer and how many of the idle ones the server had
 * kept.  Ends with 0 when all could connect. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IDLE   1000
#define CROWD  40
#define HALVES 50
#define SLOW   20
#define GREEDY 3
#define WRONG  10
#define MUCH   (10u << 20) /* bytes */
#define GREEDY_BODY "GET /stats HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485760\r\n\r\n"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct sockaddr_in server;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "abuse: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int dial(int room)
{
	struct timeval patience = { 60, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	if (room)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
		fail("connect");
	return fd;
}

/* As much as the server takes of it: it may have said enough before. */
static void say(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

/* The status of the answer, 0 when there was none. */
static unsigned status_of(int fd)
{
	char text[64] = "";
	ssize_t n = recv(fd, text, sizeof text - 1, 0);
	unsigned status = 0;

	return n > 0 && sscanf(text, "HTTP/1.1 %u ", &status) == 1 ? status : 0;
}

/* ---- many at once ---- */

/* So many at a time, and so long between, that none is lost in the kernel before the server sees
 * it. */
static void crowd(int *fd, unsigned n)
{
	static const struct timespec pause = { .tv_nsec = 200000000 };

	for (unsigned i = 0; i < n; i++) {
		if (i % CROWD == CROWD - 1)
			nanosleep(&pause, NULL);
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd[i] < 0)
			fail("socket");
		if (connect(fd[i], (struct sockaddr *)&server, sizeof server) != 0 &&
		    errno != EINPROGRESS)
			fail("connect");
	}
	for (unsigned i = 0; i < n; i++) {
		struct pollfd p = { .fd = fd[i], .events = POLLOUT };

		if (poll(&p, 1, 60000) != 1)
			fail("connect");
	}
}

/* Has the server let go of it? */
static bool let_go(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* ---- too much ---- */

/* Is it refused, with this status or, if the server would not read to the end, by letting go? */
static bool greedy(const char *head, unsigned refusal)
{
	static char much[1 << 16];
	int fd = dial(0);
	unsigned status;

	memset(much, 'x', sizeof much);
	say(fd, head, strlen(head));
	for (size_t sent = 0; sent < MUCH; sent += sizeof much)
		say(fd, much, sizeof much);
	status = status_of(fd);
	close(fd);
	return status == refusal || status == 0;
}

static unsigned asked_of_another(void)
{
	static const char request[] = "GET /stats HTTP/1.1\r\nHost: evil.example\r\n\r\n";
	int fd = dial(0);
	unsigned status;

	say(fd, request, sizeof request - 1);
	status = status_of(fd);
	close(fd);
	return status;
}

/* ---- the whole ---- */

static unsigned limit(unsigned wanted)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < wanted + 200) {
		r.rlim_cur = r.rlim_max < wanted + 200 ? r.rlim_max : wanted + 200;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur < wanted + 200)
		fail("too few descriptors");
	return wanted;
}

int main(int argc, char **argv)
{
	static const char half[] = "GET /stats HTTP/1.1\r\nHo";
	static const char much[] = "GET /stats?hist=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	unsigned idle = limit(argc > 2 ? (unsigned)atoi(argv[2]) : IDLE), kept = 0;
	unsigned body = 0, head = 0, host = 0;
	int *fd = calloc(idle, sizeof *fd), other[HALVES + SLOW];
	char byte;

	if (argc < 2 || !fd)
		fail("abuse PORT [IDLE]");
	server = (struct sockaddr_in){ .sin_family = AF_INET,
		                       .sin_port = htons((uint16_t)atoi(argv[1])),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	crowd(fd, idle);
	for (unsigned i = 0; i < COUNT(other); i++) {
		bool slow = i >= HALVES;

		other[i] = dial(slow ? 2048 : 0);
		say(other[i], slow ? much : half, slow ? sizeof much - 1 : sizeof half - 1);
	}
	for (unsigned i = 0; i < GREEDY; i++) {
		body += greedy(GREEDY_BODY, 413);
		head += greedy("GET /stats HTTP/1.1\r\nHost: localhost\r\nX: ", 431);
	}
	for (unsigned i = 0; i < WRONG; i++)
		host += asked_of_another() == 421;
	puts("all are there");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
	}
	for (unsigned i = 0; i < idle; i++)
		kept += !let_go(fd[i]);
	printf("{ \"idle\": %u, \"kept\": %u, \"halves\": %d, \"slow\": %d, \"bodies_refused\": %u, "
	       "\"heads_refused\": %u, \"hosts_refused\": %u }\n",
	       idle, kept, HALVES, SLOW, body, head, host);
	free(fd);
	return 0;
}
