/* ipv4.c - IPv4 (RFC 791) and UDP (RFC 768) headers at fixed places. */
#include "t/lib/ipv4.h"

#include <string.h>

#include "core/wire.h"

#define PROTOCOL_UDP 17

bool ipv4_parse(uint8_t *packet, size_t n, struct ipv4 *out)
{
	const uint8_t *udp = packet + IPV4_HEAD;

	if (n < IPV4_HEAD || packet[0] != 0x45 || mr_be16(packet + 2) != n)
		return false;
	*out = (struct ipv4){ 0 };
	memcpy(&out->from, packet + 12, 4);
	memcpy(&out->to, packet + 16, 4);
	if (packet[9] != PROTOCOL_UDP || mr_be16(packet + 6) & 0x3fff || n < IPV4_HEAD + IPV4_UDP ||
	    mr_be16(udp + 4) != n - IPV4_HEAD)
		return true;
	out->udp = true;
	memcpy(&out->from_port, udp, 2);
	memcpy(&out->to_port, udp + 2, 2);
	out->payload = packet + IPV4_HEAD + IPV4_UDP;
	out->n = n - IPV4_HEAD - IPV4_UDP;
	return true;
}

void ipv4_no_udp_sum(uint8_t *packet)
{
	mr_to_be16(packet + IPV4_HEAD + 6, 0);
}

static void sum_again(uint8_t *packet)
{
	uint32_t sum = 0;

	mr_to_be16(packet + 10, 0);
	for (unsigned i = 0; i < IPV4_HEAD; i += 2)
		sum += mr_be16(packet + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	mr_to_be16(packet + 10, (uint16_t)~sum);
	ipv4_no_udp_sum(packet);
}

void ipv4_set_from(uint8_t *packet, uint32_t from, uint16_t port)
{
	memcpy(packet + 12, &from, 4);
	memcpy(packet + IPV4_HEAD, &port, 2);
	sum_again(packet);
}

void ipv4_set_to(uint8_t *packet, uint32_t to, uint16_t port)
{
	memcpy(packet + 16, &to, 4);
	memcpy(packet + IPV4_HEAD + 2, &port, 2);
	sum_again(packet);
}
