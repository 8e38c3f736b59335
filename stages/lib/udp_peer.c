/* udp_peer.c - open, turn away and close the sockets of single neighbours; see udp_peer.h. */

#include "stages/lib/udp_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int mr_udp_room_open(struct mr_setup *s)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? mr_setup_error(s, NULL, "no epoll: %s", strerror(errno)) : fd;
}

void mr_udp_room_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int mr_udp_listen(const struct mr_udp *udp, struct mr_udp_socket *sock)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = sock };

	return epoll_ctl(udp->ready, EPOLL_CTL_ADD, sock->fd, &event);
}

/* A new descriptor is the lowest that is free: so many at least are in use below it. */
bool mr_udp_peer_room(void)
{
	struct rlimit limit;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool room = fd >= 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	            limit.rlim_cur > MR_UDP_RESERVE &&
	            (rlim_t)fd < limit.rlim_cur - MR_UDP_RESERVE;

	if (fd >= 0)
		close(fd);
	return room;
}

static const struct sockaddr *address_of(const struct fips_via *via)
{
	return (const void *)via->sock;
}

static int name_of(int fd, struct sockaddr_storage *name)
{
	socklen_t len = sizeof *name;

	memset(name, 0, sizeof *name);
	return getsockname(fd, (struct sockaddr *)name, &len);
}

/* Without the port. */
static void address_alone(struct sockaddr_storage *name)
{
	((struct sockaddr_in *)(void *)name)->sin_port = 0; /* same place in both families */
}

int mr_udp_source(const struct mr_udp *udp, const struct fips_via *via,
                  struct sockaddr_storage *source)
{
	const struct mr_udp_socket *shared = &udp->socket[via->instance];
	int fd = socket(shared->family, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed, error;

	if (fd < 0)
		return -1;
	failed = name_of(shared->fd, source);
	address_alone(source);
	failed = failed || bind(fd, (const struct sockaddr *)source, via->len) ||
	         connect(fd, address_of(via), via->len) || name_of(fd, source) ? -1 : 0;
	address_alone(source);
	error = errno;
	close(fd);
	errno = error;
	return failed;
}

/* As large as they can be had without a right, see size_buffer() of udp.c. */
static void set_options(const struct mr_udp_socket *shared, int fd)
{
	int on = 1, receive = (int)shared->recv_buf_size, send = (int)shared->send_buf_size;

	if (shared->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof send);
}

static int bind_and_connect(const struct mr_udp *udp, struct mr_udp_peer *p)
{
	const struct mr_udp_socket *shared = &udp->socket[p->via.instance];
	struct sockaddr_storage name;
	int on = 1, fd = p->socket.fd;

	set_options(shared, fd);
	if (name_of(shared->fd, &name) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) ||
	    bind(fd, (struct sockaddr *)&name, p->via.len) ||
	    connect(fd, address_of(&p->via), p->via.len) || name_of(fd, &p->local))
		return -1;
	address_alone(&p->local);
	return mr_udp_listen(udp, &p->socket);
}

int mr_udp_peer_open(const struct mr_udp *udp, struct mr_udp_peer *p)
{
	const struct mr_udp_socket *shared = &udp->socket[p->via.instance];
	int error;

	p->socket = (struct mr_udp_socket){
		.family = shared->family, .mtu = shared->mtu, .segments = shared->segments,
		.name = shared->name, .instance = shared->instance, .peer = p,
		.fd = socket(shared->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	};
	if (p->socket.fd < 0)
		return -1;
	if (bind_and_connect(udp, p) == 0)
		return 0;
	error = errno;
	close(p->socket.fd);
	errno = error;
	return -1;
}

/* What it is connected to then is nobody.  If that cannot be had, neither can the neighbour be
 * heard: our address is gone. */
void mr_udp_peer_turn(struct mr_udp_peer *p)
{
	struct sockaddr_storage self;

	if (name_of(p->socket.fd, &self) == 0)
		(void)connect(p->socket.fd, (struct sockaddr *)&self, p->via.len);
}

bool mr_udp_peer_empty(const struct mr_udp_peer *p)
{
	char byte;

	return recv(p->socket.fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

void mr_udp_peer_unlisten(const struct mr_udp *udp, struct mr_udp_peer *p)
{
	epoll_ctl(udp->ready, EPOLL_CTL_DEL, p->socket.fd, NULL);
}

void mr_udp_peer_close(struct mr_udp_peer *p)
{
	close(p->socket.fd);
	p->socket.fd = -1;
}
