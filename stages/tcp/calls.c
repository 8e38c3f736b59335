/* calls.c - connections begin: others call, or we do; see tcp.h. */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/tcp/tcp.h"

#define A_CALL 16 /* connections accepted by one call, at most */

/* ---- others call ---- */

void tcp_listen(struct mr_tcp_pool *pool, bool on)
{
	pool->deaf = !on;
	for (unsigned i = 0; i < pool->tcp->n; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = pool->places + i };
		int fd = pool->tcp->listener[i].fd;

		if (fd >= 0)
			epoll_ctl(pool->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event);
	}
}

/* Who makes room first?  Who has said nothing yet, and has had a moment for it, the oldest of them;
 * then who has said something and shown no live key, and has had time for a handshake;
 * then who has shown none for long. */
static uint64_t claim(const struct mr_tcp_conn *c, uint64_t now)
{
	uint64_t here = now - c->since;

	if (!c->spoke)
		return here > TCP_YOUNG ? UINT64_MAX / 2 + here : 0;
	if (!c->heard)
		return here > TCP_TRIAL ? UINT64_MAX / 4 + here : 0;
	return now - c->heard > TCP_STALE ? now - c->heard : 0;
}

static bool make_room(struct tcp *tcp, unsigned listener, struct mr_turn *t)
{
	struct mr_tcp_conn *first = NULL;
	uint64_t most = 0;

	for (unsigned i = 0; i < tcp->pool->places; i++) {
		struct mr_tcp_conn *c = &tcp->pool->conn[i];
		uint64_t here;

		if (c->state != MR_TCP_OPEN || c->via.instance != MR_VIA_TCP_IN + listener)
			continue;
		here = claim(c, t->now);
		if (here > most) {
			most = here;
			first = c;
		}
	}
	if (first)
		tcp_end(tcp, first, TCP_EVICTED, t);
	return first != NULL;
}

static void take(struct tcp *tcp, unsigned listener, int fd, const struct fips_via *via,
                 struct mr_turn *t)
{
	const struct mr_tcp_listener *l = &tcp->pool->tcp->listener[listener];
	bool full = tcp->pool->in[listener] >= l->conf->max_inbound;
	struct mr_tcp_conn *c;

	mr_count(t, TCP_ACCEPTED, 1);
	if (tcp_find(tcp->pool, via) || (full && !make_room(tcp, listener, t))) {
		mr_count(t, TCP_REFUSED, 1);
		close(fd);
		return;
	}
	mr_tcp_set_up(l, fd);
	c = tcp_place(tcp->pool, via, fd, t->now);
	if (!c) {
		mr_count(t, TCP_REFUSED, 1);
		return;
	}
	tcp_is_open(c);
	if (c->read_due == MR_NEVER)
		c->read_due = t->now + TCP_PATIENCE;
	tcp_due(tcp->pool, c->read_due);
}

/* Without a descriptor to be had the listener would be ready for ever: it is not looked at for a
 * second. */
void tcp_accept(struct tcp *tcp, unsigned listener, struct mr_turn *t)
{
	int from = tcp->pool->tcp->listener[listener].fd;

	for (unsigned i = 0; i < A_CALL; i++) {
		struct fips_via via = { .instance = (uint16_t)(MR_VIA_TCP_IN + listener) };
		socklen_t len = sizeof via.sock;
		int fd = accept4(from, (void *)via.sock, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			via.len = (uint16_t)len;
			take(tcp, listener, fd, &via, t);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			tcp_listen(tcp->pool, false);
			tcp_due(tcp->pool, t->now + TCP_YOUNG);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* ---- we call ---- */

static bool begin(const struct mr_tcp_listener *l, const struct fips_via *via, int *fd)
{
	const struct sockaddr *address = (const void *)via->sock;

	*fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return false;
	mr_tcp_set_up(l, *fd);
	return connect(*fd, address, via->len) == 0 || errno == EINPROGRESS;
}

struct mr_tcp_conn *tcp_dial(struct tcp *tcp, const struct fips_via *via, unsigned *why,
                          struct mr_turn *t)
{
	struct mr_tcp_pool *pool = tcp->pool;
	unsigned instance = via->instance - MR_VIA_TCP;
	struct mr_tcp_conn *c;
	bool begun;
	int fd;

	*why = TCP_NO_CONNECTION;
	if (via->instance >= MR_VIA_TCP_IN)
		return NULL;
	*why = TCP_UNREACHED;
	mr_count(t, TCP_DIALLED, 1);
	begun = begin(&pool->tcp->listener[instance], via, &fd);
	c = fd >= 0 ? tcp_place(pool, via, fd, t->now) : NULL;
	if (!c) {
		mr_count(t, TCP_FAILED, 1);
		return NULL;
	}
	c->mtu = (uint16_t)c->of->conf->mtu;
	c->write_due = t->now + c->of->conf->connect_timeout * MR_NS_PER_MS;
	tcp_due(pool, c->write_due);
	if (begun)
		return c;
	tcp_end(tcp, c, TCP_FAILED, t);
	return NULL;
}

void tcp_dialled(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		tcp_end(tcp, c, TCP_FAILED, t);
		return;
	}
	tcp_is_open(c);
	c->write_due = MR_NEVER;
	tcp_flush_tail(tcp, c, t);
}
