/* tcp.h - the TCP transport's instances: what is set, and where they listen.
 *
 * Listening sockets are opened at set-up, before privileges are dropped.  The connections have
 * places in a pool (tcp_pool.h).  A transport address is a sockaddr image in a struct fips_via
 * whose instance says which of two things it is (transports.h): an address to dial, or the far end
 * of a connection that came in, which nobody dials.
 */
#ifndef MR_STAGES_LIB_TCP_H
#define MR_STAGES_LIB_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stage.h"

#define MR_TCP_MAX 8

/* Settings of one instance, transports.tcp of the node file. */
struct mr_tcp_conf {
	char    *name;      /* NULL when there is only one            */
	char    *bind_addr; /* host:port; NULL: outbound only         */
	uint32_t mtu;       /* largest FMP frame, bytes               */
	uint32_t connect_timeout; /* ms                               */
	bool     nodelay;
	uint32_t keepalive; /* s; 0: none                             */
	uint32_t recv_buf_size, send_buf_size; /* bytes               */
	uint32_t max_inbound; /* connections                          */
};

struct mr_tcp_listener {
	const struct mr_tcp_conf *conf; /* borrowed                         */
	const char *name;  /* borrowed; "tcp" if unnamed                    */
	int         fd;    /* -1: outbound only                             */
	bool        recv_buf, send_buf; /* the kernel gives as much as is set */
};

struct mr_tcp_pool;

struct mr_tcp {
	struct mr_tcp_listener listener[MR_TCP_MAX];
	unsigned               n;   /* instances                                      */
	uint16_t               mtu; /* smallest of their MTUs; UINT16_MAX: there are none */
	uint16_t               mtu_max; /* largest; 0: there are none                 */
	struct mr_tcp_pool    *pool; /* owned                                         */
};

extern const struct mr_resource mr_resource_tcp;

/* What a connection's socket is to be like; fails for nothing that matters. */
void mr_tcp_set_up(const struct mr_tcp_listener *l, int fd);

#endif
