/* send.c - frames into their connection's socket, one call for those of a vector; see tcp.h. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "stages/tcp/tcp.h"

static void drop(struct mr_pkt *const *pkt, unsigned n, unsigned why, struct mr_turn *t)
{
	for (unsigned i = 0; i < n; i++)
		mr_drop(t, why, pkt[i]);
}

/* ---- what waits ---- */

static void append(struct mr_tcp_conn *c, const uint8_t *bytes, uint32_t n)
{
	memcpy(c->tails + c->tail, bytes, n);
	c->tail += n;
	c->tail_frames++;
}

/* The first n bytes have gone. */
static void shift(struct mr_tcp_conn *c, uint32_t n)
{
	c->tail -= n;
	memmove(c->tails, c->tails + n, c->tail);
	if (c->tail == 0)
		c->tail_frames = 0;
}

/* Until the connection is there, as many as fit where else less than one would lie. */
static void wait_for(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_pkt *const *pkt, unsigned n,
                     struct mr_turn *t)
{
	for (unsigned i = 0; i < n; i++) {
		if (c->tail + pkt[i]->len > tcp->pool->tcp->mtu_max) {
			mr_drop(t, TCP_FULL, pkt[i]);
			continue;
		}
		append(c, pkt[i]->data, pkt[i]->len);
		mr_take(t, pkt[i]);
	}
}

/* ---- the call ---- */

/* Bytes the socket took; 0: none now; -1: it is broken. */
static ssize_t write_some(const struct mr_tcp_conn *c, struct iovec *iov, unsigned n,
                          struct mr_turn *t)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t sent;

	do {
		mr_count(t, TCP_SEND_CALLS, 1);
		sent = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 && (errno == EAGAIN || errno == ENOBUFS) ? 0 : sent;
}

/* The socket took something, and takes no more, or it took all. */
static void note(struct tcp *tcp, struct mr_tcp_conn *c, bool progress, bool blocked,
                 struct mr_turn *t)
{
	tcp_await_room(tcp->pool, c, blocked);
	if (!blocked) {
		c->write_due = MR_NEVER;
	} else if (progress || c->write_due == MR_NEVER) {
		c->write_due = t->now + TCP_PATIENCE;
		tcp_due(tcp->pool, c->write_due);
	}
}

void tcp_flush_tail(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t)
{
	struct iovec iov = { .iov_base = c->tails, .iov_len = c->tail };
	ssize_t sent = c->tail ? write_some(c, &iov, 1, t) : 0;

	if (sent < 0) {
		tcp_end(tcp, c, TCP_CLOSED, t);
		return;
	}
	shift(c, (uint32_t)sent);
	note(tcp, c, sent > 0, c->tail > 0, t);
}

/* `sent` bytes have gone of these frames: whole ones have left, and so has one of which the rest
 * waits.  Returns how many. */
static unsigned took(struct mr_tcp_conn *c, struct mr_pkt *const *pkt, unsigned n, size_t sent,
                     struct mr_turn *t)
{
	struct mr_vector gone = { .n = 0 };

	for (unsigned i = 0; i < n && sent; i++) {
		size_t here = sent < pkt[i]->len ? sent : pkt[i]->len;

		if (here < pkt[i]->len)
			append(c, pkt[i]->data + here, pkt[i]->len - (uint32_t)here);
		sent -= here;
		mr_vector_add(&gone, pkt[i]);
	}
	mr_transit(t, &gone);
	for (unsigned i = 0; i < gone.n; i++)
		mr_take(t, gone.pkt[i]);
	return gone.n;
}

static void write_out(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_pkt *const *pkt, unsigned n,
                      struct mr_turn *t)
{
	struct iovec iov[1 + MR_VECTOR];
	uint32_t tail = c->tail;
	unsigned had = 0;
	ssize_t sent;

	iov[0] = (struct iovec){ .iov_base = c->tails, .iov_len = tail };
	for (unsigned i = 0; i < n; i++)
		iov[1 + i] = (struct iovec){ .iov_base = pkt[i]->data, .iov_len = pkt[i]->len };
	sent = write_some(c, tail ? iov : iov + 1, tail ? 1 + n : n, t);
	if (sent < 0) {
		tcp_end(tcp, c, TCP_CLOSED, t);
		drop(pkt, n, TCP_LOST, t);
		return;
	}
	if (sent >= (ssize_t)tail) {
		shift(c, tail);
		had = took(c, pkt, n, (size_t)sent - tail, t);
	} else {
		shift(c, (uint32_t)sent);
	}
	note(tcp, c, sent > 0, c->tail || had < n, t);
	drop(pkt + had, n - had, TCP_FULL, t);
}

/* ---- frames for one address ---- */

/* Those that fit, in order; others are dropped. */
static unsigned fitting(const struct mr_tcp_conn *c, struct mr_pkt *const *pkt, unsigned n,
                        struct mr_pkt **fit, struct mr_turn *t)
{
	unsigned fits = 0;

	for (unsigned i = 0; i < n; i++) {
		if (pkt[i]->len <= c->mtu)
			fit[fits++] = pkt[i];
		else
			mr_drop(t, TCP_TOO_BIG, pkt[i]);
	}
	return fits;
}

void tcp_send(struct tcp *tcp, const struct fips_via *via, struct mr_pkt *const *pkt, unsigned n,
              struct mr_turn *t)
{
	struct mr_tcp_conn *c = tcp_find(tcp->pool, via);
	struct mr_pkt *fit[MR_VECTOR];
	unsigned why = TCP_UNREACHED;

	if (!c)
		c = tcp_dial(tcp, via, &why, t);
	if (!c || c->state == MR_TCP_RESTING) {
		drop(pkt, n, why, t);
		return;
	}
	n = fitting(c, pkt, n, fit, t);
	if (c->state == MR_TCP_CONNECTING)
		wait_for(tcp, c, fit, n, t);
	else if (n)
		write_out(tcp, c, fit, n, t);
}
