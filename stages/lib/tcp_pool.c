/* tcp_pool.c - places for connections, made and given up; see tcp_pool.h. */

#include "stages/lib/tcp_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static bool make_places(struct mr_tcp_pool *pool)
{
	uint32_t mtu = pool->tcp->mtu_max;

	pool->conn = calloc(pool->places + 1, sizeof *pool->conn);
	pool->bytes = malloc((size_t)pool->places * 2 * mtu + 1);
	if (!pool->conn || !pool->bytes)
		return false;
	for (unsigned i = pool->places; i-- > 0;) {
		struct mr_tcp_conn *c = &pool->conn[i];

		c->fd = -1;
		c->parts = pool->bytes + (size_t)i * 2 * mtu;
		c->tails = c->parts + mtu;
		c->next = pool->free;
		pool->free = c;
	}
	return true;
}

struct mr_tcp_pool *mr_tcp_pool_open(const struct mr_tcp *tcp, struct mr_setup *s)
{
	struct mr_tcp_pool *pool = calloc(1, sizeof *pool);

	if (!pool) {
		mr_setup_error(s, NULL, "no memory for connections");
		return NULL;
	}
	pool->tcp = tcp;
	pool->deaf = true; /* until the stage looks after it */
	mr_rand_bytes(&s->rand, &pool->seed, sizeof pool->seed);
	pool->due = tcp->n ? 0 : MR_NEVER;
	pool->places = tcp->n ? MR_TCP_OUTBOUND : 0;
	for (unsigned i = 0; i < tcp->n; i++)
		pool->places += tcp->listener[i].fd >= 0 ? tcp->listener[i].conf->max_inbound : 0;
	pool->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pool->epoll < 0 || !make_places(pool)) {
		mr_setup_error(s, NULL, "no %s for connections",
		               pool->epoll < 0 ? strerror(errno) : "memory");
		mr_tcp_pool_close(pool);
		return NULL;
	}
	return pool;
}

void mr_tcp_pool_close(struct mr_tcp_pool *pool)
{
	if (!pool)
		return;
	for (unsigned i = 0; pool->conn && i < pool->places; i++) {
		if (pool->conn[i].fd >= 0)
			close(pool->conn[i].fd);
	}
	if (pool->epoll >= 0)
		close(pool->epoll);
	free(pool->conn);
	free(pool->bytes);
	free(pool);
}
