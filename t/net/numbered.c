/* numbered - UDP traffic whose every packet has a number, so that what became of each is known.
 *
 *     namespace a                  namespace b, c, ...
 *     [own address]:40000  ----->  [own address]:40001      FLOWS such pairs of ports each way,
 *     [own address]:40003  <-----  [own address]:40002      between the first node and each other
 *
 * One process has its sockets in all the namespaces.  It sends at a steady rate, and says of each
 * flow which numbers were lost, came twice, or came late, and whether their bytes were those sent.
 * Who cannot keep the rate falls behind it and does not hurry after: a pause of the machine is not
 * made into a burst.  What a socket refuses to send (no address, no route, a device that is gone)
 * is `unsent` and uses up no number.
 *
 *     numbered [OPTION]... NAME=ADDRESS NAME=ADDRESS...     NAME: a network namespace
 *
 * Ends when all has come or nothing has for a while, with a report as JSON; with 0 when nothing was
 * lost, doubled, late or changed.  SIGTERM or SIGINT ends the sending early. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/wire.h"
#include "t/net/numbered.h"

#define MAGIC  0x6e756d62
#define HURRY  64                    /* packets a flow sends at most in a turn of 1 ms */
#define LINGER (100 * MR_NS_PER_MS)  /* after all has come, for what comes twice       */

static volatile sig_atomic_t stop;

static void on_signal(int signo)
{
	(void)signo;
	stop = 1;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "numbered: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- sending ---- */

/* Changes with every bit of flow, number and time. */
static uint32_t head_sum(const uint8_t *bytes)
{
	uint64_t h = mr_le64(bytes + 12) * 0x9e3779b97f4a7c15u + mr_le32(bytes + 4);

	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u + mr_le64(bytes + 20);
	return (uint32_t)((h ^ h >> 29) * 0x9e3779b97f4a7c15u >> 32);
}

static void write_packet(const struct numbered *r, const struct numbered_flow *f, uint64_t now,
                         uint8_t *bytes)
{
	mr_to_le32(bytes, MAGIC);
	mr_to_le32(bytes + 4, f->id);
	mr_to_le32(bytes + 8, r->id);
	mr_to_le64(bytes + 12, f->sent);
	mr_to_le64(bytes + 20, now);
	mr_to_le32(bytes + 28, head_sum(bytes));
	memcpy(bytes + NUMBERED_HEAD, r->pattern + f->sent % NUMBERED_SHAPES,
	       r->size - NUMBERED_HEAD);
}

static void send_due(struct numbered *r, struct numbered_flow *f, uint64_t now)
{
	uint64_t due = (now - r->started) / MR_NS_PER_US * r->rate / 1000000;
	const struct sockaddr *there = (const struct sockaddr *)&f->there;
	uint8_t bytes[NUMBERED_SIZE];

	if (due > f->slots + HURRY)
		f->slots = due - HURRY;
	while (f->slots < due && f->sent < r->count) {
		write_packet(r, f, now, bytes);
		if (sendto(f->out, bytes, r->size, 0, there, f->to->at_len) >= 0)
			f->sent++;
		else if (errno == EAGAIN || errno == EINTR)
			return;
		else if (errno == EMSGSIZE || errno == EBADF)
			fail("send");
		else
			f->unsent++;
		f->slots++;
		r->last = now;
	}
}

/* ---- receiving ---- */

static void take(struct numbered *r, struct numbered_flow *f, const uint8_t *bytes, size_t n,
                 uint64_t now)
{
	uint64_t number, since = f->last ? f->last : r->started;
	const uint8_t *shape;

	if (n < NUMBERED_HEAD || mr_le32(bytes) != MAGIC || mr_le32(bytes + 8) != r->id)
		return; /* of another run, or nobody's */
	number = mr_le64(bytes + 12);
	shape = r->pattern + number % NUMBERED_SHAPES;
	if (n != r->size || mr_le32(bytes + 4) != f->id || mr_le32(bytes + 28) != head_sum(bytes) ||
	    memcmp(bytes + NUMBERED_HEAD, shape, n - NUMBERED_HEAD) ||
	    !arrivals_note(&f->got, number, f->sent)) {
		f->changed++;
		return;
	}
	if (now - since >= r->silence && f->quiets < NUMBERED_QUIETS) {
		f->quiet[f->quiets].since = since - r->started;
		f->quiet[f->quiets++].ns = now - since;
	}
	if (now - mr_le64(bytes + 20) > f->slowest)
		f->slowest = now - mr_le64(bytes + 20);
	f->last = now;
	r->last = now;
}

static void receive(struct numbered *r, struct numbered_flow *f)
{
	union {
		struct cmsghdr head;
		char           room[64];
	} control;
	uint8_t bytes[NUMBERED_SIZE];

	for (unsigned i = 0; i < 4 * HURRY; i++) {
		struct iovec to = { bytes, sizeof bytes };
		struct msghdr msg = { .msg_iov = &to, .msg_iovlen = 1, .msg_control = &control,
			              .msg_controllen = sizeof control };
		ssize_t n = recvmsg(f->in, &msg, MSG_DONTWAIT);
		struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
		uint32_t lost;

		if (n < 0)
			return;
		if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&lost, CMSG_DATA(c), sizeof lost);
			f->overflow = lost;
		}
		take(r, f, bytes, (size_t)n, mr_clock_now());
	}
}

/* Whoever reads the file finds a whole report. */
static void show_progress(const struct numbered *r)
{
	char next[4096];
	FILE *f;

	snprintf(next, sizeof next, "%s.next", r->progress);
	f = fopen(next, "w");
	if (!f)
		fail(next);
	numbered_report(r, f);
	if (fclose(f) || rename(next, r->progress))
		fail(r->progress);
}

/* ---- the run ---- */

static bool all_sent(const struct numbered *r)
{
	for (unsigned i = 0; i < r->flows; i++) {
		if (r->flow[i].sent < r->count)
			return stop;
	}
	return true;
}

static void carry_on(struct numbered *r)
{
	struct pollfd set[NUMBERED_FLOWS];
	uint64_t now = r->started, shown = 0;
	bool sending = true;

	for (unsigned i = 0; i < r->flows; i++)
		set[i] = (struct pollfd){ .fd = r->flow[i].in, .events = POLLIN };
	while (sending || now - r->last < (numbered_missing(r) ? r->patience : LINGER)) {
		poll(set, r->flows, sending ? 1 : 20);
		for (unsigned i = 0; i < r->flows; i++) {
			if (set[i].revents)
				receive(r, &r->flow[i]);
		}
		now = mr_clock_now();
		sending = sending && !all_sent(r);
		for (unsigned i = 0; sending && i < r->flows; i++)
			send_due(r, &r->flow[i], now);
		if (r->progress && now - shown > 100 * MR_NS_PER_MS) {
			show_progress(r);
			shown = now;
		}
	}
}

/* ---- start ---- */

static void read_node(struct numbered *r, char *text)
{
	struct numbered_node *n = &r->node[r->nodes];
	char *address = strchr(text, '='), path[256];
	struct addrinfo want = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM }, *found;

	if (!address || r->nodes == NUMBERED_NODES) {
		fprintf(stderr, "numbered: %s: not NAME=ADDRESS, or too many\n", text);
		exit(2);
	}
	*address++ = '\0';
	if (getaddrinfo(address, NULL, &want, &found)) {
		fprintf(stderr, "numbered: %s is no address\n", address);
		exit(2);
	}
	memcpy(&n->at, found->ai_addr, found->ai_addrlen);
	n->at_len = found->ai_addrlen;
	freeaddrinfo(found);
	n->name = text;
	snprintf(path, sizeof path, "/run/netns/%s", text);
	n->space = open(path, O_RDONLY | O_CLOEXEC);
	if (n->space < 0)
		fail(path);
	r->nodes++;
}

static struct sockaddr_storage with_port(const struct numbered_node *n, unsigned port)
{
	struct sockaddr_storage at = n->at;

	if (at.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&at)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&at)->sin_port = htons((uint16_t)port);
	return at;
}

/* In the node's namespace; the address need not be there yet. */
static int socket_at(const struct numbered_node *n, unsigned port)
{
	struct sockaddr_storage at = with_port(n, port);
	int fd, yes = 1, size = 8 << 20;

	if (setns(n->space, CLONE_NEWNET))
		fail(n->name);
	fd = socket(at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) ||
	    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes) ||
	    setsockopt(fd, SOL_IP, IP_FREEBIND, &yes, sizeof yes))
		fail("socket options");
	if (bind(fd, (struct sockaddr *)&at, n->at_len))
		fail("bind");
	return fd;
}

static void add_flow(struct numbered *r, const struct numbered_node *from,
                     const struct numbered_node *to)
{
	struct numbered_flow *f = &r->flow[r->flows];
	unsigned port = r->port + 2 * r->flows;

	if (r->flows == NUMBERED_FLOWS) {
		fprintf(stderr, "numbered: more than %d flows\n", NUMBERED_FLOWS);
		exit(2);
	}
	*f = (struct numbered_flow){ .from = from, .to = to, .id = r->flows++ };
	f->in = socket_at(to, port + 1);
	f->out = socket_at(from, port);
	f->there = with_port(to, port + 1);
}

static void usage(void)
{
	fprintf(stderr, "usage: numbered [OPTION]... NAME=ADDRESS NAME=ADDRESS...\n"
	        "  -r RATE   packets a second of each flow (1000)\n"
	        "  -n COUNT  packets of each flow (until SIGTERM)\n"
	        "  -s SIZE   bytes of UDP payload, 32 to %d (200)\n"
	        "  -f FLOWS  between two nodes, each way (1)\n"
	        "  -w MS     wait for what has not come since nothing came (3000)\n"
	        "  -q MS     a silence worth reporting (200)\n"
	        "  -p PORT   the first (40000)\n"
	        "  -o FILE   the report so far, written anew 10 times a second\n", NUMBERED_SIZE);
	exit(2);
}

static void read_options(struct numbered *r, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:n:s:f:w:q:p:o:")) != -1) {
		unsigned long value = option == 'o' ? 0 : strtoul(optarg ? optarg : "", NULL, 10);

		switch (option) {
		case 'r': r->rate = value; break;
		case 'n': r->count = value; break;
		case 's': r->size = value; break;
		case 'f': r->per_pair = (unsigned)value; break;
		case 'w': r->patience = value * MR_NS_PER_MS; break;
		case 'q': r->silence = value * MR_NS_PER_MS; break;
		case 'p': r->port = (unsigned)value; break;
		case 'o': r->progress = optarg; break;
		default:  usage();
		}
	}
	if (r->size < NUMBERED_HEAD || r->size > NUMBERED_SIZE || !r->rate || !r->count ||
	    argc - optind < 2)
		usage();
	for (int i = optind; i < argc; i++)
		read_node(r, argv[i]);
}

int main(int argc, char **argv)
{
	static struct numbered r = {
		.rate = 1000, .count = UINT64_MAX, .size = 200, .per_pair = 1, .port = 40000,
		.patience = 3000 * MR_NS_PER_MS, .silence = 200 * MR_NS_PER_MS,
	};
	struct sigaction quit = { .sa_handler = on_signal };
	bool clean;

	read_options(&r, argc, argv);
	for (unsigned i = 0; i < sizeof r.pattern; i++)
		r.pattern[i] = (uint8_t)((i % NUMBERED_SHAPES * 0x9e3779b1u) >> 24);
	for (unsigned i = 1; i < r.nodes; i++) {
		for (unsigned n = 0; n < r.per_pair; n++) {
			add_flow(&r, &r.node[0], &r.node[i]);
			add_flow(&r, &r.node[i], &r.node[0]);
		}
	}
	sigaction(SIGTERM, &quit, NULL);
	sigaction(SIGINT, &quit, NULL);
	r.started = r.last = mr_clock_now();
	r.id = (uint32_t)r.started ^ (uint32_t)getpid();
	carry_on(&r);
	if (r.progress)
		show_progress(&r);
	clean = numbered_report(&r, stdout);
	for (unsigned i = 0; i < r.flows; i++)
		arrivals_free(&r.flow[i].got);
	return clean ? 0 : 1;
}
