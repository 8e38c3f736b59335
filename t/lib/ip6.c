/* ip6.c - IPv6 packets byte by byte; see ip6.h. */
#include "t/lib/ip6.h"

#include <string.h>

#include "core/wire.h"

enum { HEAD = 40, TCP = 6, UDP = 17 };

size_t ip6_head(const struct ip6 *p)
{
	return HEAD + (p->udp ? 8u : 20u + 4u * p->options);
}

uint16_t ip6_sum(const uint8_t *at, size_t n, uint32_t with)
{
	uint64_t s = with;

	for (size_t i = 0; i < n; i++)
		s += i % 2 ? at[i] : (uint64_t)at[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

uint16_t ip6_pseudo(const uint8_t *ip, uint32_t len)
{
	return ip6_sum(ip + 8, 32, len + ip[6]);
}

static void tcp(uint8_t *at, const struct ip6 *p)
{
	mr_to_be16(at, p->sport);
	mr_to_be16(at + 2, p->dport);
	mr_to_be32(at + 4, p->seq);
	mr_to_be32(at + 8, p->ack);
	at[12] = (uint8_t)((5 + p->options) << 4);
	at[13] = p->flags;
	mr_to_be16(at + 14, 500);
	memset(at + 20, 1, 4u * p->options); /* no-operation */
}

size_t ip6_make(uint8_t *out, const struct ip6 *p)
{
	size_t head = ip6_head(p), n = head + p->payload;
	uint8_t *l4 = out + HEAD, *sum = l4 + (p->udp ? 6 : 16);
	uint16_t s;

	memset(out, 0, head);
	mr_to_be32(out, UINT32_C(6) << 28 | (uint32_t)p->tclass << 20);
	mr_to_be16(out + 4, (uint16_t)(n - HEAD));
	out[6] = p->udp ? UDP : TCP;
	out[7] = p->hops;
	out[8] = out[24] = 0xfd;
	out[23] = p->from;
	out[39] = p->to;
	if (p->udp) {
		mr_to_be16(l4, p->sport);
		mr_to_be16(l4 + 2, p->dport);
		mr_to_be16(l4 + 4, (uint16_t)(n - HEAD));
	} else {
		tcp(l4, p);
	}
	for (uint32_t i = 0; i < p->payload; i++)
		out[head + i] = (uint8_t)(p->seed + i * 7 + i / 256);
	s = (uint16_t)~ip6_sum(l4, n - HEAD, ip6_pseudo(out, (uint32_t)(n - HEAD)));
	mr_to_be16(sum, p->udp && s == 0 ? 0xffff : s);
	return n;
}

bool ip6_sound(const uint8_t *ip, size_t n)
{
	bool udp = n > HEAD && ip[6] == UDP;

	return n >= HEAD + 8 && mr_be16(ip + 4) == n - HEAD &&
	       (!udp || (mr_be16(ip + HEAD + 4) == n - HEAD && mr_be16(ip + HEAD + 6) != 0)) &&
	       ip6_sum(ip + HEAD, n - HEAD, ip6_pseudo(ip, (uint32_t)(n - HEAD))) == 0xffff;
}
