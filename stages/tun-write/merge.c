/* merge.c - which packets of a vector are written as one; see merge.h. */
#include "stages/tun-write/merge.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/csum.h"
#include "fips/wire/shim.h"

#define IP_AT_LEN   4
#define IP_AT_NEXT  6
#define IP_AT_HOPS  7
#define IP_AT_ADDRS 8
#define ADDRS       32
#define PORTS       4

#define TCP          6
#define TCP_HEAD     20
#define TCP_AT_SEQ   4
#define TCP_AT_ACK   8
#define TCP_AT_OFF   12 /* data offset in the high nibble, in words of 4 */
#define TCP_AT_FLAGS 13
#define TCP_AT_WIN   14
#define TCP_AT_SUM   16
#define TCP_AT_URG   18
#define TCP_PSH      0x08
#define TCP_ACK      0x10

#define UDP        17
#define UDP_HEAD   8
#define UDP_AT_LEN 4
#define UDP_AT_SUM 6

/* ---- one packet ---- */

static uint8_t *l4_of(const struct mr_merge_pkt *p)
{
	return p->ip + FIPS_IPV6_HEAD;
}

static uint8_t *sum_of(const struct mr_merge_pkt *p)
{
	return l4_of(p) + (p->tcp ? TCP_AT_SUM : UDP_AT_SUM);
}

static uint16_t pseudo(const struct mr_merge_pkt *p, uint32_t len)
{
	return fips_csum_pseudo(p->ip, (uint16_t)(len - FIPS_IPV6_HEAD), p->tcp ? TCP : UDP);
}

static bool tcp_data(const struct mr_merge_pkt *p)
{
	return (l4_of(p)[TCP_AT_FLAGS] & ~TCP_PSH) == TCP_ACK;
}

static bool udp_data(const struct mr_merge_pkt *p)
{
	return mr_be16(l4_of(p) + UDP_AT_LEN) == p->len - FIPS_IPV6_HEAD &&
	       fips_csum_load(sum_of(p)) != 0;
}

/* Bytes of header, if the ports are there to see: right behind the IPv6 header. */
static void find_head(struct mr_merge_pkt *p)
{
	uint32_t have = p->len - FIPS_IPV6_HEAD;

	p->tcp = p->ip[IP_AT_NEXT] == TCP;
	if (p->tcp && have >= TCP_HEAD) {
		uint32_t head = (uint32_t)(l4_of(p)[TCP_AT_OFF] >> 4) * 4;

		p->head = FIPS_IPV6_HEAD + (head < TCP_HEAD || head > have ? have : head);
	} else if (p->ip[IP_AT_NEXT] == UDP && have >= UDP_HEAD) {
		p->head = FIPS_IPV6_HEAD + UDP_HEAD;
	}
}

static void look(const struct mr_merge *m, struct mr_merge_pkt *p)
{
	uint32_t word[3];

	if (p->len < FIPS_IPV6_HEAD || p->len > UINT16_MAX || p->ip[0] >> 4 != 6 ||
	    mr_be16(p->ip + IP_AT_LEN) != p->len - FIPS_IPV6_HEAD)
		return;
	find_head(p);
	if (p->head == 0)
		return;
	memcpy(&word[0], p->ip + 20, sizeof word[0]); /* the end of either address, and the ports */
	memcpy(&word[1], p->ip + 36, sizeof word[1]);
	memcpy(&word[2], l4_of(p), sizeof word[2]);
	p->tag = word[0] ^ word[1] ^ word[2];
	p->sound = p->len > p->head && (p->tcp ? tcp_data(p) : m->udp && udp_data(p)) &&
	           fips_csum(l4_of(p), p->len - FIPS_IPV6_HEAD, pseudo(p, p->len)) == UINT16_MAX;
}

/* ---- runs ---- */

static bool same_flow(const struct mr_merge_pkt *a, const struct mr_merge_pkt *b)
{
	return a->tag == b->tag && a->tcp == b->tcp &&
	       memcmp(a->ip + IP_AT_ADDRS, b->ip + IP_AT_ADDRS, ADDRS + PORTS) == 0;
}

/* The open run of its flow, or NULL. */
static struct mr_merge_run *run_of(struct mr_merge *m, const struct mr_merge_pkt *p)
{
	for (unsigned i = m->runs; i-- > 0;)
		if (m->run[i].open && same_flow(&m->pkt[m->run[i].first], p))
			return &m->run[i];
	return NULL;
}

/* A packet without ports may be of any flow between its addresses. */
static void end_all_between(struct mr_merge *m, const struct mr_merge_pkt *p)
{
	if (p->len < FIPS_IPV6_HEAD)
		return;
	for (unsigned i = 0; i < m->runs; i++) {
		const uint8_t *ip = m->pkt[m->run[i].first].ip;

		if (m->run[i].open && memcmp(ip + IP_AT_ADDRS, p->ip + IP_AT_ADDRS, ADDRS) == 0)
			m->run[i].open = false;
	}
}

static bool same_tcp(const uint8_t *a, const uint8_t *b, uint32_t head)
{
	return memcmp(a + TCP_AT_ACK, b + TCP_AT_ACK, 4) == 0 &&
	       memcmp(a + TCP_AT_WIN, b + TCP_AT_WIN, 2) == 0 &&
	       memcmp(a + TCP_AT_URG, b + TCP_AT_URG, head - TCP_AT_URG) == 0;
}

static bool continues(const struct mr_merge *m, const struct mr_merge_run *run,
                      const struct mr_merge_pkt *p)
{
	const struct mr_merge_pkt *first = &m->pkt[run->first];
	uint32_t before = run->len - first->head;

	if (!p->sound || p->head != first->head || mr_merge_payload(p) > run->size ||
	    run->len + mr_merge_payload(p) > UINT16_MAX ||
	    memcmp(p->ip, first->ip, IP_AT_LEN) != 0 || p->ip[IP_AT_HOPS] != first->ip[IP_AT_HOPS])
		return false;
	return !p->tcp ||
	       (mr_be32(l4_of(p) + TCP_AT_SEQ) == mr_be32(l4_of(first) + TCP_AT_SEQ) + before &&
	        l4_of(p)[TCP_AT_OFF] == l4_of(first)[TCP_AT_OFF] &&
	        same_tcp(l4_of(p), l4_of(first), p->head - FIPS_IPV6_HEAD));
}

static bool pushes(const struct mr_merge_pkt *p)
{
	return p->tcp && l4_of(p)[TCP_AT_FLAGS] & TCP_PSH;
}

void mr_merge_add(struct mr_merge *m, uint8_t *ip, uint32_t len)
{
	uint8_t number = (uint8_t)m->n++;
	struct mr_merge_pkt *p = &m->pkt[number];
	struct mr_merge_run *run;

	assert(m->n <= MR_VECTOR);
	*p = (struct mr_merge_pkt){ .ip = ip, .len = len };
	look(m, p);
	run = p->head ? run_of(m, p) : NULL;
	if (!p->head)
		end_all_between(m, p);
	if (run && continues(m, run, p)) {
		m->pkt[run->last].next = number;
		run->last = number;
		run->n++;
		run->len += mr_merge_payload(p);
		run->open = mr_merge_payload(p) == run->size && !pushes(p);
		return;
	}
	if (run)
		run->open = false;
	m->run[m->runs++] = (struct mr_merge_run){
		.first = number, .last = number, .n = 1, .open = p->sound && !pushes(p), .len = len,
		.size = mr_merge_payload(p),
	};
}

/* ---- the header of a run ---- */

static void keep(struct mr_merge_run *run, const struct mr_merge_pkt *p)
{
	memcpy(run->was, p->ip + IP_AT_LEN, 2);
	memcpy(run->was + 2, sum_of(p), 2);
	if (p->tcp)
		run->was[4] = l4_of(p)[TCP_AT_FLAGS];
	else
		memcpy(run->was + 4, l4_of(p) + UDP_AT_LEN, 2);
}

void mr_merge_undo(struct mr_merge *m, const struct mr_merge_run *run)
{
	const struct mr_merge_pkt *p = &m->pkt[run->first];

	if (!p->sound)
		return;
	memcpy(p->ip + IP_AT_LEN, run->was, 2);
	memcpy(sum_of(p), run->was + 2, 2);
	if (p->tcp)
		l4_of(p)[TCP_AT_FLAGS] = run->was[4];
	else
		memcpy(l4_of(p) + UDP_AT_LEN, run->was + 4, 2);
}

void mr_merge_finish(struct mr_merge *m, struct mr_merge_run *run, struct virtio_net_hdr *device)
{
	const struct mr_merge_pkt *p = &m->pkt[run->first];
	uint16_t len = (uint16_t)(run->len - FIPS_IPV6_HEAD);

	*device = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	if (!p->sound)
		return;
	keep(run, p);
	mr_to_be16(p->ip + IP_AT_LEN, len);
	if (!p->tcp)
		mr_to_be16(l4_of(p) + UDP_AT_LEN, len);
	else if (pushes(&m->pkt[run->last]))
		l4_of(p)[TCP_AT_FLAGS] |= TCP_PSH;
	fips_csum_store(sum_of(p), pseudo(p, run->len));
	device->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	device->csum_start = FIPS_IPV6_HEAD;
	device->csum_offset = p->tcp ? TCP_AT_SUM : UDP_AT_SUM;
	device->hdr_len = (uint16_t)p->head;
	if (run->n == 1)
		return;
	device->gso_type = p->tcp ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_UDP_L4;
	device->gso_size = (uint16_t)run->size;
}
