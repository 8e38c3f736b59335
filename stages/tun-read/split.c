/* split.c - headers for the segments of a super-packet; see split.h. */
#include "stages/tun-read/split.h"

#include "core/wire.h"
#include "fips/path/csum.h"
#include "fips/wire/shim.h"

#define IP_AT_LEN  4
#define IP_AT_NEXT 6

#define TCP          6
#define TCP_HEAD     20
#define TCP_AT_SEQ   4
#define TCP_AT_OFF   12 /* data offset in the high nibble, in words of 4 */
#define TCP_AT_FLAGS 13
#define TCP_AT_SUM   16
#define TCP_FIN      0x01
#define TCP_PSH      0x08
#define TCP_CWR      0x80

#define UDP        17
#define UDP_HEAD   8
#define UDP_AT_LEN 4
#define UDP_AT_SUM 6

/* Which of the two the device says it is, and that the checksum is left where that one has it. */
static bool kind_of(struct mr_split *s, const struct virtio_net_hdr *device)
{
	switch (device->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV6: s->tcp = true; break;
	case VIRTIO_NET_HDR_GSO_UDP_L4: s->tcp = false; break;
	default: return false;
	}
	return device->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && device->gso_size != 0 &&
	       device->csum_start >= FIPS_IPV6_HEAD &&
	       device->csum_offset == (s->tcp ? TCP_AT_SUM : UDP_AT_SUM);
}

/* Bytes up to the payload; 0: they are not all there. */
static uint32_t head_of(const struct mr_split *s, const uint8_t *ip, size_t have)
{
	uint32_t l4 = s->tcp ? TCP_HEAD : UDP_HEAD;

	if (have < s->l4 + l4 || ip[0] >> 4 != 6)
		return 0;
	if (s->l4 == FIPS_IPV6_HEAD && ip[IP_AT_NEXT] != (s->tcp ? TCP : UDP))
		return 0;
	if (s->tcp)
		l4 = (uint32_t)(ip[s->l4 + TCP_AT_OFF] >> 4) * 4;
	return (s->tcp && l4 < TCP_HEAD) || s->l4 + l4 > have ? 0 : s->l4 + l4;
}

bool mr_split_begin(struct mr_split *s, const struct virtio_net_hdr *device, const uint8_t *ip,
                    size_t have, size_t total)
{
	if (!kind_of(s, device))
		return false;
	s->l4 = device->csum_start;
	s->len = head_of(s, ip, have);
	if (s->len == 0 || s->len > MR_SPLIT_HEAD || total <= s->len ||
	    total - FIPS_IPV6_HEAD > UINT16_MAX)
		return false;
	memcpy(s->head, ip, s->len);
	s->size = device->gso_size;
	s->payload = (uint32_t)total - s->len;
	s->n = (s->payload + s->size - 1) / s->size;
	return true;
}

static void tcp_fields(const struct mr_split *s, uint32_t i, uint8_t *tcp)
{
	mr_to_be32(tcp + TCP_AT_SEQ, mr_be32(tcp + TCP_AT_SEQ) + i * s->size);
	if (i > 0)
		tcp[TCP_AT_FLAGS] &= (uint8_t)~TCP_CWR;
	if (i + 1 < s->n)
		tcp[TCP_AT_FLAGS] &= (uint8_t)~(TCP_PSH | TCP_FIN);
}

/* None is sent as 0 by UDP, where that would mean there is none (RFC 8200 8.1). */
static void store(uint8_t *at, uint16_t sum, bool udp)
{
	fips_csum_store(at, udp && sum == UINT16_MAX ? UINT16_MAX : (uint16_t)~sum);
}

uint32_t mr_split_segment(const struct mr_split *s, uint32_t i, uint8_t *ip)
{
	uint8_t *l4 = ip + s->l4, *sum = l4 + (s->tcp ? TCP_AT_SUM : UDP_AT_SUM);
	uint32_t len = s->len - s->l4 + mr_split_payload(s, i);
	uint16_t whole = (uint16_t)(s->len - s->l4 + s->payload);
	uint64_t pseudo;

	memcpy(ip, s->head, s->len);
	mr_to_be16(ip + IP_AT_LEN, (uint16_t)(s->l4 - FIPS_IPV6_HEAD + len));
	if (s->tcp)
		tcp_fields(s, i, l4);
	else
		mr_to_be16(l4 + UDP_AT_LEN, (uint16_t)len);
	/* the pseudo header with this length instead of that of the whole */
	pseudo = (uint64_t)fips_csum_load(sum) + (uint16_t)~fips_csum_be(whole) +
		 fips_csum_be((uint16_t)len);
	fips_csum_store(sum, 0);
	store(sum, fips_csum(l4, len, pseudo), !s->tcp);
	return s->l4 + len;
}

bool mr_split_sum(const struct virtio_net_hdr *device, uint8_t *ip, size_t n)
{
	size_t from = device->csum_start, at = from + device->csum_offset;

	if (at + 2 > n)
		return false;
	store(ip + at, fips_csum(ip + from, n - from, 0), device->csum_offset == UDP_AT_SUM);
	return true;
}
