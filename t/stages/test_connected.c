/* Sockets of single neighbours beside the shared one: what goes and comes by them, what they cost
 * when they fail or are full, and that they come and go without anybody noticing.
 *
 * Neighbours are UDP sockets on loopback; where a connected socket is to be full or to fail, a Unix
 * datagram socket takes its place under the same descriptor. */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire.h"
#include "stages/lib/udp_peer.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_rx, mr_kind_tx_gso;

#define CONNECTED \
	CRAFT_NODE(CRAFT_A, "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472,\"connected\":true}")
#define CONNECTED_6 \
	CRAFT_NODE(CRAFT_A, "{\"bind_addr\":\"[::1]:0\",\"mtu\":1472,\"connected\":true}")
#define ONE_BY_ONE "{\"gso\":false}" /* a Unix socket cuts nothing apart */
#define SIZE       114               /* bytes: those of message 1 */
#define SENDERS    32

/* ---- a neighbour, and its socket at the node ---- */

struct neighbour {
	int                fd;  /* its own            */
	struct fips_via    via; /* where that is      */
	struct mr_udp_peer peer;
};

static struct neighbour one, other;

static struct mr_udp *udp_of(struct rig *rig)
{
	return rig_use(rig, &mr_resource_udp);
}

static void publish(struct rig *rig, struct neighbour *n)
{
	struct mr_udp_peer_entry *e = malloc(sizeof *e);

	ck_assert_ptr_nonnull(e);
	e->peer = &n->peer;
	ck_assert_uint_ne(mr_table_put(udp_of(rig)->peers, rig_epoch(rig), &n->via, e), MR_NO_HANDLE);
}

static void meet_at(struct neighbour *n, int family)
{
	memset(n, 0, sizeof *n);
	n->fd = craft_socket(family, &n->via);
}

static void meet(struct neighbour *n)
{
	meet_at(n, AF_INET);
}

static void connect_to(struct rig *rig, struct neighbour *n, unsigned slot)
{
	n->peer.via = n->via;
	n->peer.slot = slot;
	ck_assert_int_eq(mr_udp_peer_open(udp_of(rig), &n->peer), 0);
	publish(rig, n);
}

static void gone(struct rig *rig, struct neighbour *n)
{
	struct mr_order order = { .kind = MR_ORD_SOCKET_GONE, .p = &n->peer };

	rig_order(rig, &order);
}

static void forget(struct rig *rig, struct neighbour *n)
{
	ck_assert(mr_table_remove(udp_of(rig)->peers, rig_epoch(rig), &n->via));
	gone(rig, n);
}

static void part(struct rig *rig, struct neighbour *n)
{
	mr_udp_peer_unlisten(udp_of(rig), &n->peer);
	mr_udp_peer_close(&n->peer);
	close(n->fd);
}

/* ---- sending ---- */

static void feed(struct rig *rig, const struct fips_via *to, uint32_t number)
{
	uint8_t bytes[SIZE] = { 0 };

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
	craft_bound(udp_of(rig)->socket[0].fd, &port);
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

/* R1: of a mixed vector each goes to its own, in order, by its own socket where there is one, without
 * a name, and in one call for each socket (R8). */
START_TEST(each_goes_by_its_own)
{
	int alone = _i % 2, family = _i < 2 ? AF_INET : AF_INET6;
	struct rig *rig = rig_open(&mr_kind_tx_gso, alone ? ONE_BY_ONE : "{}",
	                           _i < 2 ? CONNECTED : CONNECTED_6);

	named = nameless = 0;
	meet_at(&one, family);
	meet_at(&other, family);
	connect_to(rig, &one, 700);
	udp_of(rig)->send = note_names;
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
	forget(rig, &one);
	feed(rig, &one.via, 60);
	rig_run(rig);
	ck_assert_int_eq(heard(rig, one.fd), 60);
	ck_assert_uint_eq(rig_count(rig, "connected-frames"), 40);
	part(rig, &one);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* ---- Unix sockets in its place ---- */

/* Who takes little and then no more until it is read. */
static int slow(struct neighbour *n)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), small = 1;
	int ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1u +
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
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED);
	int ear, next = 0;
	uint64_t calls;

	meet(&one);
	meet(&other);
	connect_to(rig, &one, 3);
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
	forget(rig, &one);
	part(rig, &one);
	close(ear);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* It is taken away while frames wait for it: they go by the shared one, and what comes behind them does
 * not overtake them, whether tx-gso has been told yet or not. */
START_TEST(order_holds_when_it_goes)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED);
	int ear, next = 0, number;

	meet(&one);
	connect_to(rig, &one, 3);
	ear = slow(&one);
	for (uint32_t i = 0; i < 40; i++)
		feed(rig, &one.via, i);
	rig_run(rig);
	ck_assert_uint_gt(rig_count(rig, "held"), 0);
	if (_i == 0)
		forget(rig, &one);
	else if (_i == 1)
		ck_assert(mr_table_remove(udp_of(rig)->peers, rig_epoch(rig), &one.via));
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
		forget(rig, &one);
	else
		gone(rig, &one);
	part(rig, &one);
	close(ear);
	rig_close(rig);
}
END_TEST

/* What still waits for one when the node stops is a named drop. */
START_TEST(stopping_while_waiting)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED);
	uint64_t held;
	int ear;

	meet(&one);
	connect_to(rig, &one, 3);
	ear = slow(&one);
	for (uint32_t i = 0; i < 60; i++)
		feed(rig, &one.via, i);
	rig_run(rig);
	held = rig_count(rig, "held");
	ck_assert_uint_gt(held, 0);
	rig_stop(rig);
	craft_drops(rig, &mr_kind_tx_gso, "stopped", held);
	part(rig, &one);
	close(ear);
	rig_close(rig);
}
END_TEST

/* R24: whatever error it has, no frame is lost for it: the shared one has them all, and those behind. */
START_TEST(an_error_costs_nothing)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0); /* connected to nobody */

	meet(&one);
	meet(&other);
	connect_to(rig, &one, 0);
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
	forget(rig, &one);
	part(rig, &one);
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

/* R18, R24: what a router said of an earlier frame is tried again, and neither the frame nor its segments
 * are to blame; what is said twice is meant. */
START_TEST(any_error_may_be_an_earlier_one_s)
{
	static const int said[] = { EMSGSIZE, EHOSTUNREACH, ENOPROTOOPT, EOPNOTSUPP };
	unsigned times = 1 + (unsigned)_i % 2;
	bool segments = said[_i / 2] == EMSGSIZE || said[_i / 2] == EOPNOTSUPP;
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", CONNECTED);

	meet(&one);
	connect_to(rig, &one, 9);
	udp_of(rig)->send = complain;
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
	forget(rig, &one);
	part(rig, &one);
	rig_close(rig);
}
END_TEST

/* R24: a refusal that an earlier frame met is the next one's first try, and no more. */
START_TEST(a_refusal_is_tried_again)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, ONE_BY_ONE, CONNECTED);

	meet(&one);
	connect_to(rig, &one, 1023);
	close(one.fd); /* nobody is there any more */
	feed(rig, &one.via, 1);
	rig_run(rig);
	feed(rig, &one.via, 2);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "retries"), 1);
	ck_assert_uint_eq(rig_count(rig, "taken"), 2);
	ck_assert_uint_eq(rig_count(rig, "connected-errors"), 0);
	forget(rig, &one);
	mr_udp_peer_close(&one.peer);
	rig_close(rig);
}
END_TEST

/* ---- receiving ---- */

/* A handshake packet that says who sent it. */
static void say(struct rig *rig, int fd, uint32_t number)
{
	uint8_t bytes[SIZE] = { 1, 0, SIZE - 4 };
	struct fips_via to;

	craft_bound(udp_of(rig)->socket[0].fd, &to);
	mr_to_le32(bytes + 4, number);
	ck_assert_int_eq(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)(void *)to.sock,
	                        to.len), SIZE);
}

/* The next that came is this one, from there. */
static void came(struct rig *rig, uint32_t number, const struct fips_via *from)
{
	const struct mr_pkt *p = rig_out(rig, "handshakes");

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(mr_le32(p->data + 4), number);
	ck_assert_mem_eq(mr_pkt_via(p), from, sizeof *from);
}

/* Who has one comes by it, who has none by the shared one; turned away, or gone, nobody does.  Nothing is
 * lost in between. */
START_TEST(each_comes_by_its_own)
{
	int family = _i ? AF_INET6 : AF_INET;
	struct rig *rig = rig_open(&mr_kind_rx, "{}", _i ? CONNECTED_6 : CONNECTED);

	meet_at(&one, family);
	meet_at(&other, family);
	say(rig, one.fd, 0);
	connect_to(rig, &one, 5);
	say(rig, one.fd, 1);
	rig_run(rig);
	came(rig, 0, &one.via);
	came(rig, 1, &one.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 1);
	say(rig, other.fd, 2);
	rig_run(rig);
	came(rig, 2, &other.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 1);
	say(rig, one.fd, 3);
	ck_assert(!mr_udp_peer_empty(&one.peer));
	mr_udp_peer_turn(&one.peer);
	say(rig, one.fd, 4);
	say(rig, other.fd, 5);
	rig_run(rig);
	ck_assert(mr_udp_peer_empty(&one.peer));
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 2);
	ck_assert_uint_eq(rig_count(rig, "made"), 6);
	forget(rig, &one);
	part(rig, &one);
	craft_drops(rig, &mr_kind_rx, NULL, 0);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* What came before there was one is older, however much of it waits, and goes before. */
START_TEST(older_ones_go_first)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{\"gro\":false}", CONNECTED);

	meet(&one);
	for (uint32_t i = 0; i < 250; i++)
		say(rig, one.fd, i);
	connect_to(rig, &one, 5);
	for (uint32_t i = 250; i < 500; i++)
		say(rig, one.fd, i);
	rig_run(rig);
	for (uint32_t i = 0; i < 500; i++)
		came(rig, i, &one.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 250);
	part(rig, &one);
	rig_close(rig);
}
END_TEST

/* R26: one that is not connected yet gets what others send, too.  Each has its own source. */
START_TEST(the_source_is_its_own)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED);
	struct mr_udp_peer *p = &one.peer;
	struct fips_via to, via[SENDERS];
	bool seen[SENDERS] = { false };
	int fd[SENDERS], on = 1;

	meet(&one);
	p->via = one.via;
	p->socket = (struct mr_udp_socket){ .fd = socket(AF_INET, SOCK_DGRAM, 0), .peer = p };
	craft_bound(udp_of(rig)->socket[0].fd, &to);
	ck_assert_int_eq(setsockopt(p->socket.fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
	ck_assert_int_eq(bind(p->socket.fd, (struct sockaddr *)(void *)to.sock, to.len), 0);
	ck_assert_int_eq(mr_udp_listen(udp_of(rig), &p->socket), 0);
	for (unsigned i = 0; i < SENDERS; i++) {
		fd[i] = craft_socket(AF_INET, &via[i]);
		say(rig, fd[i], i);
	}
	rig_run(rig);
	for (unsigned i = 0; i < SENDERS; i++) {
		const struct mr_pkt *pkt = rig_out(rig, "handshakes");
		uint32_t who;

		ck_assert_ptr_nonnull(pkt);
		who = mr_le32(pkt->data + 4);
		ck_assert_uint_lt(who, SENDERS);
		ck_assert(!seen[who]);
		seen[who] = true;
		ck_assert_mem_eq(mr_pkt_via(pkt), &via[who], sizeof via[who]);
		close(fd[who]);
	}
	ck_assert_uint_gt(rig_count(rig, "connected-datagrams"), 0);
	ck_assert_uint_lt(rig_count(rig, "connected-datagrams"), SENDERS);
	part(rig, &one);
	rig_close(rig);
}
END_TEST

/* R11: an error of one is taken, once, and is nobody's datagram. */
START_TEST(an_error_is_taken)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED);

	meet(&one);
	meet(&other);
	connect_to(rig, &one, 0);
	close(one.fd);
	ck_assert_int_eq(send(one.peer.socket.fd, "x", 1, 0), 1);
	say(rig, other.fd, 7);
	rig_run(rig);
	came(rig, 7, &other.via);
	ck_assert_uint_eq(rig_count(rig, "receive-errors"), 1);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "receive-errors"), 1);
	mr_udp_peer_close(&one.peer);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* Bulk of both, many datagrams a message: as from the shared one. */
START_TEST(many_at_a_time)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED);

	meet(&one);
	meet(&other);
	connect_to(rig, &one, 0);
	for (uint32_t i = 0; i < 300; i++) {
		say(rig, one.fd, i);
		say(rig, other.fd, i);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "made"), 600);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 300);
	ck_assert_uint_le(rig_count(rig, "receive-calls"), 14); /* 5 vectors each, and ends */
	for (uint32_t ones = 0, others = 0, i = 0; i < 600; i++) {
		const struct mr_pkt *p = rig_out(rig, "handshakes");

		ck_assert_ptr_nonnull(p);
		if (fips_via_eq(mr_pkt_via(p), &one.via))
			ck_assert_uint_eq(mr_le32(p->data + 4), ones++);
		else
			ck_assert_uint_eq(mr_le32(p->data + 4), others++);
	}
	part(rig, &one);
	close(other.fd);
	rig_close(rig);
}
END_TEST

/* Another graph finds them as they are. */
START_TEST(they_outlive_a_graph)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED);

	meet(&one);
	connect_to(rig, &one, 0);
	say(rig, one.fd, 1);
	rig_run(rig);
	came(rig, 1, &one.via);
	say(rig, one.fd, 2);
	ck_assert_ptr_null(rig_swap(rig, "{\"batch\":32,\"sojourn\":0}"));
	say(rig, one.fd, 3);
	rig_run(rig);
	came(rig, 2, &one.via);
	came(rig, 3, &one.via);
	ck_assert_uint_eq(rig_count(rig, "connected-datagrams"), 3);
	part(rig, &one);
	rig_close(rig);
}
END_TEST

/* ---- descriptors ---- */

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* R16: one each, which comes back; and no more when few are left. */
START_TEST(descriptors_are_few)
{
	struct rig *rig = rig_open(&mr_kind_rx, "{}", CONNECTED);
	struct sockaddr_storage source;
	unsigned before = descriptors();
	struct rlimit limit, little;
	int next = dup(0);

	meet(&one);
	connect_to(rig, &one, 0);
	ck_assert_int_eq(mr_udp_source(udp_of(rig), &one.via, &source), 0);
	ck_assert_mem_eq(&source, &one.peer.local, sizeof source);
	ck_assert_uint_eq(descriptors(), before + 3);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	little = limit;
	little.rlim_cur = (rlim_t)next + MR_UDP_RESERVE;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &little), 0);
	ck_assert(!mr_udp_peer_room());
	little.rlim_cur++;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &little), 0);
	ck_assert(mr_udp_peer_room());
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	part(rig, &one);
	ck_assert_uint_eq(descriptors(), before);
	rig_close(rig);
}
END_TEST

/* A port somebody has is refused, though the one who has it shares it with its own. */
START_TEST(the_port_is_taken)
{
	struct rig *rig = rig_open(&mr_kind_tx_gso, "{}", CONNECTED);
	struct fips_via via;
	char node[400], *wrong;

	craft_bound(udp_of(rig)->socket[0].fd, &via);
	snprintf(node, sizeof node,
	         CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:%u\",\"mtu\":1472,\"connected\":true}"),
	         (unsigned)ntohs(((struct sockaddr_in *)(void *)via.sock)->sin_port));
	wrong = rig_refusal(&mr_kind_tx_gso, "{}", node);
	ck_assert_ptr_nonnull(wrong);
	ck_assert_ptr_nonnull(strstr(wrong, "cannot be bound"));
	free(wrong);
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("connected sockets");
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
	tcase_add_loop_test(tc, each_comes_by_its_own, 0, 2);
	tcase_add_test(tc, older_ones_go_first);
	tcase_add_test(tc, the_source_is_its_own);
	tcase_add_test(tc, an_error_is_taken);
	tcase_add_test(tc, many_at_a_time);
	tcase_add_test(tc, they_outlive_a_graph);
	tcase_add_test(tc, descriptors_are_few);
	tcase_add_test(tc, the_port_is_taken);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
