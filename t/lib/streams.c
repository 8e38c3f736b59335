/* streams.c - the other ends of the TCP stage's connections; see streams.h. */

#include "t/lib/streams.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fips/wire/link.h"
#include "fips/wire/stream.h"
#include "stages/lib/tcp.h"
#include "stages/lib/transports.h"
#include "stages/lib/words.h"

extern const struct mr_kind mr_kind_tcp;

struct streams_bytes streams_out;

/* A frame of n bytes under an index, numbered where its counter is. */
void streams_frame(uint32_t index, uint32_t number, size_t n)
{
	struct fips_link_head head = { .payload_len = (uint16_t)(n - FIPS_LINK_MIN),
		                       .receiver_idx = index, .counter = number };

	memset(streams_out.at + streams_out.n, 0x5a, n);
	fips_link_head_build(streams_out.at + streams_out.n, &head);
	streams_out.n += n;
}

void streams_msg1(void)
{
	static const uint8_t noise[FIPS_IK_MSG1] = { 2 };

	fips_msg1_build(streams_out.at + streams_out.n,
	                &(struct fips_msg1){ .sender_idx = 9, .noise = noise });
	streams_out.n += FIPS_MSG1_LEN;
}

void streams_msg2(void)
{
	static const uint8_t noise[FIPS_IK_MSG2] = { 3 };

	fips_msg2_build(streams_out.at + streams_out.n, &(struct fips_msg2){ 9, 8, noise });
	streams_out.n += FIPS_MSG2_LEN;
}

struct rig *streams_open(const char *node)
{
	struct rig *rig = rig_open(&mr_kind_tcp, "{}", node);
	static struct fips_link_recv recv;
	static struct fips_recv_key key;

	craft_index(rig, STREAMS_INDEX, &craft_b, 77, &recv, &key);
	rig_run(rig); /* it listens from the first turn on */
	streams_out.n = 0;
	return rig;
}

void streams_impatient(int fd, bool yes)
{
	struct timeval limit = { .tv_sec = yes ? 0 : 10, .tv_usec = yes ? 1 : 0 };

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
}

int streams_client(struct rig *rig)
{
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(getsockname(tcp->listener[0].fd, (void *)&address, &len), 0);
	ck_assert_int_eq(connect(fd, (void *)&address, len), 0);
	streams_impatient(fd, false);
	return fd;
}

/* Where the node has this client. */
struct fips_via streams_via(int fd)
{
	struct fips_via via = { .instance = MR_VIA_TCP_IN };
	socklen_t len = sizeof via.sock;

	ck_assert_int_eq(getsockname(fd, (void *)via.sock, &len), 0);
	via.len = (uint16_t)len;
	return via;
}

/* A socket of the test that listens, and its address for the node to dial. */
int streams_server(struct fips_via *via, int backlog)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof via->sock;

	*via = (struct fips_via){ .instance = MR_VIA_TCP };
	ck_assert_int_eq(bind(fd, (void *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (void *)via->sock, &len), 0);
	via->len = (uint16_t)len;
	return fd;
}

/* The kernel may need a moment between two sockets of one machine. */
void streams_until(struct rig *rig, const char *count, uint64_t n)
{
	for (unsigned i = 0; i < 2000 && rig_count(rig, count) < n; i++) {
		rig_run(rig);
		if (rig_count(rig, count) < n)
			usleep(1000);
	}
	ck_assert_uint_eq(rig_count(rig, count), n);
}

void streams_say(int fd, const uint8_t *bytes, size_t n)
{
	ck_assert_int_eq(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* The node has closed it: nothing, or an error, is all there is to be read. */
bool streams_is_closed(int fd)
{
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

bool streams_is_there(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

struct mr_pkt *streams_feed(struct rig *rig, const struct fips_via *via, uint32_t number, size_t n)
{
	struct mr_pkt *p;

	streams_out.n = 0;
	streams_frame(5, number, n);
	p = rig_feed(rig, "frames", streams_out.at, n);
	*mr_pkt_via(p) = *via;
	streams_out.n = 0;
	return p;
}

/* The counter of the next frame in a stream, or -1 at its end. */
int64_t streams_heard(int fd)
{
	uint8_t bytes[2000];
	struct fips_link_head head;
	size_t len;

	if (recv(fd, bytes, FIPS_LINK_PREFIX, MSG_WAITALL) != FIPS_LINK_PREFIX)
		return -1;
	len = fips_stream_packet(bytes, FIPS_LINK_PREFIX, STREAMS_MOST);
	ck_assert_uint_le(len, STREAMS_MOST); /* or the stream lost its step */
	ck_assert_int_eq(recv(fd, bytes + FIPS_LINK_PREFIX, len - FIPS_LINK_PREFIX, MSG_WAITALL),
	                 (ssize_t)(len - FIPS_LINK_PREFIX));
	fips_link_head_parse(bytes, &head);
	return (int64_t)head.counter;
}
