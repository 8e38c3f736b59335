/* A datagram to the DNS responder, through its socket and evdns.  Whatever it is, the question
 * behind it is answered, and it itself at most once: by an answer that is of its id, with no more
 * records than questions. */
#include "core/dns.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* AAAA of "z.test", the last two bytes of its id in front of everything else. */
static const uint8_t sentinel[] = { 0xff, 0xfe, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'z',
	                            4, 't', 'e', 's', 't', 0, 0, 28, 0, 1 };

static struct {
	struct mr_loop *loop;
	struct mr_dns  *dns;
	int             fd; /* of who asks, connected          */
	const uint8_t  *asked;
	size_t          n;
	unsigned        answers;
} world;

/* One name in four there is, one is not to be told now. */
static enum mr_dns_answer handler(void *arg, const char *name, uint8_t ip[16])
{
	size_t n = strlen(name);

	(void)arg;
	assert(n <= 255);
	memset(ip, 0xfd, 16);
	if (!strcmp(name, "z.test") || (n && name[0] % 4 == 0))
		return MR_DNS_ADDRESS;
	return n && name[0] % 4 == 1 ? MR_DNS_LATER : MR_DNS_NONE;
}

static void check_answer(const uint8_t *got, size_t n)
{
	world.answers++;
	assert(world.n >= HEAD && n >= HEAD);
	assert(!memcmp(got, world.asked, 2));
	assert((got[2] & 0x80) && !(world.asked[2] & 0x80));
	assert(got[6] == 0 && got[7] <= 1);
}

static void answered(void *arg)
{
	uint8_t got[65536];
	ssize_t n = recv(world.fd, got, sizeof got, 0);

	(void)arg;
	if (n < 2)
		return;
	if (!memcmp(got, sentinel, 2))
		mr_loop_stop(world.loop);
	else
		check_answer(got, (size_t)n);
}

static void open_world(void)
{
	const struct mr_dns_wish wish = { .bind = "127.0.0.1", .ttl = 300 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *wrong;

	world.loop = mr_loop_open();
	world.dns = mr_dns_open(world.loop, &wish, handler, NULL, &wrong);
	world.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (!world.dns || world.fd < 0)
		abort();
	to.sin_port = htons(mr_dns_port(world.dns));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(world.fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    mr_loop_watch(world.loop, world.fd, answered, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!world.loop)
		open_world();
	if (n > 1500 || (n >= 2 && !memcmp(data, sentinel, 2)))
		return 0;
	world.asked = data;
	world.n = n;
	world.answers = 0;
	if (send(world.fd, data, n, 0) < 0 ||
	    send(world.fd, sentinel, sizeof sentinel, 0) != (ssize_t)sizeof sentinel)
		abort();
	mr_loop_run(world.loop);
	assert(world.answers <= 1);
	return 0;
}
