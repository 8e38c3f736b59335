/* pool.c - the places of connections: found by address, given up, looked after; see tcp.h. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/tcp/tcp.h"

/* ---- by address ---- */

/* FNV-1a, keyed: who calls may choose his port, and cannot choose all of one bucket. */
static struct mr_tcp_conn **bucket_of(const struct mr_tcp_pool *pool, const struct fips_via *via)
{
	const uint8_t *bytes = (const uint8_t *)via;
	uint64_t hash = pool->seed ^ UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < sizeof *via; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return (struct mr_tcp_conn **)&pool->bucket[(hash >> 32) % MR_TCP_BUCKETS];
}

struct mr_tcp_conn *tcp_find(const struct mr_tcp_pool *pool, const struct fips_via *via)
{
	struct mr_tcp_conn *c = *bucket_of(pool, via);

	while (c && !fips_via_eq(&c->via, via))
		c = c->next;
	return c;
}

static unsigned *count_of(struct mr_tcp_pool *pool, const struct mr_tcp_conn *c)
{
	return c->came ? &pool->in[c->via.instance % MR_TCP_MAX] : &pool->out;
}

static bool listen_to(const struct mr_tcp_pool *pool, struct mr_tcp_conn *c, int op)
{
	struct epoll_event event = {
		.events = c->awaits_room ? EPOLLIN | EPOLLOUT : EPOLLIN,
		.data.u64 = (uint64_t)(c - pool->conn),
	};

	return epoll_ctl(pool->epoll, op, c->fd, &event) == 0;
}

struct mr_tcp_conn *tcp_place(struct mr_tcp_pool *pool, const struct fips_via *via, int fd,
                              uint64_t now)
{
	unsigned listener = via->instance % MR_TCP_MAX;
	struct mr_tcp_conn *c = pool->free, **bucket = bucket_of(pool, via);
	bool came = via->instance >= MR_VIA_TCP_IN;

	if (!c || (!came && pool->out == MR_TCP_OUTBOUND)) {
		close(fd);
		return NULL;
	}
	pool->free = c->next;
	*c = (struct mr_tcp_conn){
		.state = came ? MR_TCP_OPEN : MR_TCP_CONNECTING, .fd = fd, .via = *via,
		.came = came, .of = &pool->tcp->listener[listener], .since = now,
		.read_due = MR_NEVER, .write_due = MR_NEVER, .awaits_room = !came,
		.parts = c->parts, .tails = c->tails, .next = *bucket,
	};
	*bucket = c;
	++*count_of(pool, c);
	if (!listen_to(pool, c, EPOLL_CTL_ADD)) /* then it is not told of, and is cut off */
		c->read_due = now;
	return c;
}

void tcp_is_open(struct mr_tcp_conn *c)
{
	int segment = 0;
	socklen_t len = sizeof segment;

	c->state = MR_TCP_OPEN;
	c->mtu = (uint16_t)c->of->conf->mtu;
	if (getsockopt(c->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, &len) == 0 && segment > 0 &&
	    segment < c->mtu)
		c->mtu = (uint16_t)segment;
}

void tcp_await_room(const struct mr_tcp_pool *pool, struct mr_tcp_conn *c, bool await)
{
	if (c->awaits_room == await)
		return;
	c->awaits_room = await;
	listen_to(pool, c, EPOLL_CTL_MOD);
}

/* ---- the end ---- */

static void leave(struct mr_tcp_pool *pool, struct mr_tcp_conn *c)
{
	struct mr_tcp_conn **at = bucket_of(pool, &c->via);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	--*count_of(pool, c);
	c->state = MR_TCP_FREE;
	c->next = pool->free;
	pool->free = c;
}

/* Nothing that was said of it before holds any more. */
static void forget(struct tcp *tcp, struct mr_tcp_conn *c)
{
	uint64_t place = (uint64_t)(c - tcp->pool->conn);
	unsigned n = tcp->next;

	for (unsigned i = tcp->next; i < tcp->readies; i++) {
		if (tcp->ready[i].data.u64 != place)
			tcp->ready[n++] = tcp->ready[i];
	}
	tcp->readies = n;
	if (tcp->conn == c)
		tcp->conn = NULL;
}

/* Frames that wait have counted as sent; they are made again, to be lost by name. */
static void lose(struct mr_tcp_conn *c, struct mr_turn *t)
{
	unsigned partial = c->part > 0;

	mr_made(t, c->tail_frames + partial);
	mr_lose(t, c->state == MR_TCP_CONNECTING ? TCP_UNREACHED : TCP_LOST, c->tail_frames);
	mr_lose(t, TCP_PARTIAL, partial);
	c->tail = c->part = 0;
	c->tail_frames = 0;
}

void tcp_end(struct tcp *tcp, struct mr_tcp_conn *c, unsigned counter, struct mr_turn *t)
{
	struct mr_tcp_pool *pool = tcp->pool;

	mr_count(t, counter, 1);
	lose(c, t);
	forget(tcp, c);
	close(c->fd);
	c->fd = -1;
	if (c->came || t->now >= c->since + TCP_YOUNG) {
		leave(pool, c);
		return;
	}
	c->state = MR_TCP_RESTING;
	c->read_due = MR_NEVER;
	c->write_due = c->since + TCP_YOUNG;
	tcp_due(pool, c->write_due);
}

/* ---- what is due ---- */

/* We may have been the slow ones. */
static bool has_more(const struct mr_tcp_conn *c)
{
	uint8_t byte;

	return recv(c->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void look_at(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t)
{
	if (c->state == MR_TCP_OPEN && c->read_due <= t->now && has_more(c))
		c->read_due = t->now + TCP_PATIENCE;
	if (c->state == MR_TCP_FREE || (c->read_due > t->now && c->write_due > t->now))
		return;
	if (c->state == MR_TCP_CONNECTING)
		mr_count(t, TCP_TIMED_OUT, 1);
	if (c->state == MR_TCP_RESTING)
		leave(tcp->pool, c);
	else
		tcp_end(tcp, c, c->state == MR_TCP_CONNECTING ? TCP_FAILED : TCP_CUT, t);
}

void tcp_look_after(struct tcp *tcp, struct mr_turn *t)
{
	struct mr_tcp_pool *pool = tcp->pool;

	pool->due = MR_NEVER;
	if (pool->deaf)
		tcp_listen(pool, true);
	for (unsigned i = 0; i < pool->places; i++) {
		struct mr_tcp_conn *c = &pool->conn[i];

		look_at(tcp, c, t);
		if (c->state != MR_TCP_FREE) {
			tcp_due(pool, c->read_due);
			tcp_due(pool, c->write_due);
		}
	}
}
