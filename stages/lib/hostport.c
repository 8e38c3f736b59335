/* hostport.c - numeric "host:port", read and written; see hostport.h. */

#include "stages/lib/hostport.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Digits up to 65535: getaddrinfo takes more and drops what does not fit. */
static bool is_port(const char *text)
{
	unsigned long port = 0;

	for (; *text >= '0' && *text <= '9' && port <= UINT16_MAX; text++)
		port = 10 * port + (unsigned long)(*text - '0');
	return *text == '\0' && port <= UINT16_MAX;
}

const char *mr_hostport_parse(const char *text, struct sockaddr_storage *out,
                              socklen_t *len)
{
	char host[128];
	const char *colon = strrchr(text, ':');
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM,
		                  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found;
	size_t n;

	if (!colon || colon == text || !colon[1])
		return "is not a host:port";
	n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n)) {
		return "is not a host:port (write an IPv6 address in brackets)";
	}
	if (n >= sizeof host)
		return "is not a host:port";
	memcpy(host, text, n);
	host[n] = '\0';
	if (!is_port(colon + 1) || getaddrinfo(host, colon + 1, &hints, &found))
		return "is not a numeric host:port";
	memcpy(out, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return NULL;
}

const char *mr_hostport_wrong(const char *text)
{
	struct sockaddr_storage address;
	socklen_t len;

	return mr_hostport_parse(text, &address, &len);
}

static const char *setting_wrong(const void *member)
{
	return mr_hostport_wrong(*(char *const *)member);
}

static const char *const bad[] = { "", "2121", "host", "192.0.2.1", ":2121", "192.0.2.1:",
	                           "::1:2121", "192.0.2.1:x", "192.0.2.1:-1", NULL };
static const char *const unseen[] = { "192.0.2.1:65536", "300.0.0.1:2121", "host.example:2121",
	                              "[::g]:2121", NULL };

const struct mr_field_rule mr_hostport_rule = {
	.wrong = setting_wrong, .type = "address:port", .good = "0.0.0.0:2121",
	.bad = bad, .unseen = unseen,
	.schema = "{ \"pattern\": \"^(\\\\[.+\\\\]|[^:]+):[0-9]+$\" }",
};

/* An address that means something on one link alone does not without it (RFC 4007, 11). */
static const char *scope_of(const struct sockaddr_in6 *in6, char text[1 + IF_NAMESIZE])
{
	char name[IF_NAMESIZE];

	*text = '\0';
	if (!in6->sin6_scope_id)
		return text;
	if (if_indextoname(in6->sin6_scope_id, name))
		snprintf(text, 1 + IF_NAMESIZE, "%%%s", name);
	else
		snprintf(text, 1 + IF_NAMESIZE, "%%%u", in6->sin6_scope_id);
	return text;
}

void mr_hostport_text(const struct sockaddr *address, char text[MR_HOSTPORT])
{
	char host[INET6_ADDRSTRLEN] = "?", scope[1 + IF_NAMESIZE];

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		snprintf(text, MR_HOSTPORT, "%s:%u", host, ntohs(in->sin_port));
	} else {
		const struct sockaddr_in6 *in6 = (const void *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		snprintf(text, MR_HOSTPORT, "[%s%s]:%u", host, scope_of(in6, scope),
		         ntohs(in6->sin6_port));
	}
}
