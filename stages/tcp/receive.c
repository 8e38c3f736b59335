/* receive.c - one call's bytes become frames; see tcp.h. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "fips/wire/stream.h"
#include "stages/tcp/tcp.h"

#define FEW 3 /* frames that are copied rather than sliced: a slice keeps its slab from others */

/* ---- the call ---- */

static void take_room(struct tcp *tcp, struct mr_turn *t)
{
	if (tcp->sliced)
		mr_slab_done(t->pool, tcp->slab);
	if (tcp->sliced || tcp->slab == MR_NO_SLAB)
		tcp->slab = mr_slab_get(t->pool);
	tcp->sliced = false;
	tcp->base = tcp->slab == MR_NO_SLAB ? tcp->bounce : t->pool->slab[tcp->slab].base;
	tcp->at = tcp->end = 0;
}

/* How long may it be silent now?  It has brought `frames`, and in front of them there was something
 * of the first, or not. */
static void note(struct tcp *tcp, struct mr_tcp_conn *c, bool began_before, struct mr_turn *t)
{
	if (tcp->brought)
		c->spoke = true;
	else if (!c->spoke && c->came)
		return;
	if (c->part == 0) {
		c->read_due = MR_NEVER;
	} else if (tcp->brought || !began_before) {
		c->read_due = t->now + TCP_PATIENCE;
		tcp_due(tcp->pool, c->read_due);
	}
}

/* n bytes lie at the base: whole frames are ours, of the next one there may be a part, and what is
 * wrong ends the connection. */
static void take_in(struct tcp *tcp, struct mr_tcp_conn *c, uint32_t n, struct mr_turn *t)
{
	bool began_before = c->part > 0;
	size_t len;

	tcp->left = 0;
	for (;; tcp->left++) {
		len = fips_stream_packet(tcp->base + tcp->end, n - tcp->end,
		                         (uint16_t)c->of->conf->mtu);
		if (len == FIPS_STREAM_MORE || len > n - tcp->end)
			break;
		tcp->end += (uint32_t)len;
	}
	tcp->brought = tcp->left;
	tcp->conn = c;
	tcp->from = c->via;
	mr_made(t, tcp->left);
	c->part = 0;
	if (len == FIPS_STREAM_WRONG) {
		mr_made(t, 1);
		mr_lose(t, TCP_FRAMING, 1);
		tcp_end(tcp, c, TCP_CLOSED, t);
		return;
	}
	c->part = n - tcp->end;
	memcpy(c->parts, tcp->base + tcp->end, c->part);
	note(tcp, c, began_before, t);
}

void tcp_receive(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t)
{
	ssize_t n;

	take_room(tcp, t);
	memcpy(tcp->base, c->parts, c->part);
	mr_count(t, TCP_RECEIVE_CALLS, 1);
	n = recv(c->fd, tcp->base + c->part, MR_SLAB_BYTES - c->part, MSG_DONTWAIT);
	if (n > 0)
		take_in(tcp, c, c->part + (uint32_t)n, t);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		tcp_end(tcp, c, TCP_CLOSED, t);
}

/* ---- frame by frame ---- */

struct mr_pkt *tcp_next(struct tcp *tcp, struct mr_turn *t)
{
	struct mr_pkt *p = NULL;
	const uint8_t *bytes;
	uint32_t len;

	if (tcp->left == 0)
		return NULL;
	bytes = tcp->base + tcp->at;
	len = (uint32_t)fips_stream_packet(bytes, tcp->end - tcp->at, UINT16_MAX);
	if (tcp->slab != MR_NO_SLAB && tcp->brought > FEW)
		p = mr_slab_slice(t->pool, tcp->slab, tcp->at, len);
	if (p) {
		tcp->sliced = true;
		mr_pkt_put(p, len);
	} else {
		p = mr_spare(t);
		if (!p)
			return NULL;
		memcpy(mr_pkt_put(p, len), bytes, len);
		mr_count(t, TCP_COPIED, 1);
	}
	*mr_pkt_via(p) = tcp->from;
	tcp->at += len;
	tcp->left--;
	return p;
}
