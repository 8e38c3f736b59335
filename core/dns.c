/* dns.c - evdns' server port behind dns.h. */

#include "core/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UDP_HEAD 8
#define DNS_HEAD 12

struct mr_dns {
	struct evdns_server_port *server; /* owned, and its socket with it */
	mr_dns_handler           *handler;
	void                     *arg;
	int                       ttl;
	uint16_t                  port;
};

/* ---- one question ---- */

/* A dot at the end is the root's and no part of the name.  False: longer than names are. */
static bool plain_name(const char *name, char out[256])
{
	size_t n = strlen(name);

	if (n > 255)
		return false;
	memcpy(out, name, n + 1);
	if (n > 0 && out[n - 1] == '.')
		out[n - 1] = '\0';
	return true;
}

static enum mr_dns_answer look_up(const struct mr_dns *dns, const char *name, uint8_t ip[16])
{
	char plain[256];

	return plain_name(name, plain) ? dns->handler(dns->arg, plain, ip) : MR_DNS_NONE;
}

static void on_question(struct evdns_server_request *request, void *arg)
{
	const struct mr_dns *dns = arg;
	const struct evdns_server_question *q = request->nquestions ? request->questions[0] : NULL;
	enum mr_dns_answer answer;
	uint8_t ip[16];

	answer = q ? look_up(dns, q->name, ip) : MR_DNS_LATER;
	if (answer == MR_DNS_LATER) {
		evdns_server_request_drop(request);
		return;
	}
	evdns_server_request_set_flags(request, EVDNS_FLAGS_AA);
	if (answer == MR_DNS_ADDRESS && q->type == EVDNS_TYPE_AAAA &&
	    q->dns_question_class == EVDNS_CLASS_INET)
		evdns_server_request_add_aaaa_reply(request, q->name, 1, ip, dns->ttl);
	evdns_server_request_respond(request,
	                             answer == MR_DNS_NONE ? DNS_ERR_NOTEXIST : DNS_ERR_NONE);
}

/* ---- the socket ---- */

static socklen_t address_of(const struct mr_dns_wish *wish, struct sockaddr_storage *out)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(wish->port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(wish->port) };

	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET6, wish->bind, &six.sin6_addr) == 1) {
		memcpy(out, &six, sizeof six);
		return sizeof six;
	}
	if (inet_pton(AF_INET, wish->bind, &four.sin_addr) == 1) {
		memcpy(out, &four, sizeof four);
		return sizeof four;
	}
	return 0;
}

bool mr_dns_address_valid(const char *bind)
{
	struct sockaddr_storage ss;

	return address_of(&(struct mr_dns_wish){ .bind = bind }, &ss) > 0;
}

/* What came by this device ends at the socket, and so does what is shorter than a header: evdns
 * 2.1.12 does not survive that. */
static bool be_deaf(int fd, unsigned device)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UDP_HEAD + DNS_HEAD, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, device ? device : UINT32_MAX, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof code[0], .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

static bool set_up(int fd, const struct mr_dns_wish *wish, const struct sockaddr_storage *ss,
                   socklen_t len)
{
	int off = 0;

	if (ss->ss_family == AF_INET6)
		(void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	return be_deaf(fd, wish->deaf_to) && bind(fd, (const struct sockaddr *)ss, len) == 0;
}

static int open_socket(const struct mr_dns_wish *wish, const char **wrong)
{
	struct sockaddr_storage ss;
	socklen_t len = address_of(wish, &ss);
	int fd = len ? socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;

	if (fd >= 0 && set_up(fd, wish, &ss, len))
		return fd;
	*wrong = len ? strerror(errno) : "is no IP address";
	if (fd >= 0)
		close(fd);
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	socklen_t len = sizeof ss;

	(void)!getsockname(fd, (struct sockaddr *)&ss, &len);
	memcpy(&six, &ss, sizeof six);
	memcpy(&four, &ss, sizeof four);
	return ntohs(ss.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

struct mr_dns *mr_dns_open(struct mr_loop *l, const struct mr_dns_wish *wish,
                           mr_dns_handler *handler, void *arg, const char **wrong)
{
	struct mr_dns *dns = calloc(1, sizeof *dns);
	int fd;

	if (!dns)
		abort();
	*dns = (struct mr_dns){ .handler = handler, .arg = arg, .ttl = (int)wish->ttl };
	fd = open_socket(wish, wrong);
	if (fd >= 0) {
		dns->port = port_of(fd);
		dns->server = evdns_add_server_port_with_base(mr_loop_base(l), fd, 0, on_question,
		                                              dns);
		if (!dns->server) {
			*wrong = "no memory";
			close(fd);
		}
	}
	if (dns->server)
		return dns;
	free(dns);
	return NULL;
}

uint16_t mr_dns_port(const struct mr_dns *dns)
{
	return dns->port;
}

void mr_dns_close(struct mr_dns *dns)
{
	if (!dns)
		return;
	evdns_close_server_port(dns->server);
	free(dns);
}
