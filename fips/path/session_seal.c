/* session_seal.c - headers from the inside out, around a payload that stays where it is. */
#include "fips/path/session_seal.h"

#include <assert.h>

/* The operation over inner header and body; head is the 12 clear bytes. */
static void seal_op(const struct fips_send_key *key, unsigned worker, uint64_t counter,
                    const uint8_t *head, uint8_t *inner, size_t len, struct mr_aead_op *op)
{
	assert(worker < key->nctx && key->ctx[worker]);
	*op = (struct mr_aead_op){
		.ctx = key->ctx[worker],
		.counter = counter,
		.aad = head,
		.aad_len = FIPS_FSP_HEAD,
		.src = { { inner, (uint32_t)len }, { NULL, 0 } },
		.dst = inner,
	};
}

/* The envelope in front of an FSP message of len bytes, tag included. */
static struct fips_sealing envelop(uint8_t *message, size_t len,
                                   const struct fips_envelope *envelope, size_t text_len)
{
	const struct fips_datagram d = {
		.ttl = FIPS_DATAGRAM_TTL,
		.path_mtu = envelope->path_mtu,
		.src = envelope->src,
		.dest = envelope->dest,
	};

	fips_datagram_build(message - FIPS_DATAGRAM_HEAD, &d);
	return (struct fips_sealing){
		.at = message - FIPS_DATAGRAM_HEAD,
		.len = FIPS_DATAGRAM_HEAD + len,
		.count = (uint32_t)(text_len + FIPS_TAG),
	};
}

static uint8_t k_flag(const struct fips_send_key *key)
{
	return key->k ? FIPS_FSP_K : 0;
}

struct fips_sealing fips_session_seal_ip(const struct fips_send_key *key, unsigned worker,
                                         uint64_t counter, uint64_t now,
                                         const struct fips_envelope *envelope, uint8_t *ip,
                                         size_t len, struct mr_aead_op *op)
{
	uint8_t *ports = ip + FIPS_SHIM_SAVED - FIPS_FSP_PORTS;
	uint8_t *inner = ports - FIPS_FSP_INNER;
	uint8_t *head = inner - FIPS_FSP_HEAD;
	size_t body_len = FIPS_FSP_PORTS + len - FIPS_SHIM_SAVED;
	size_t text_len = FIPS_FSP_INNER + body_len;

	assert(len >= FIPS_IPV6_HEAD && len <= UINT16_MAX);
	fips_shim_head(ip, ip + FIPS_SHIM_SAVED);
	fips_fsp_ports_build(ports, FIPS_PORT_IPV6, FIPS_PORT_IPV6);
	fips_fsp_inner_build(inner, fips_send_stamp(key, now), FIPS_FSP_DATA, 0);
	fips_fsp_head_build(head, k_flag(key), body_len, counter);
	seal_op(key, worker, counter, head, inner, text_len, op);
	return envelop(head, FIPS_FSP_OVERHEAD + body_len, envelope, text_len);
}

struct fips_sealing fips_session_seal_body(const struct fips_send_key *key, unsigned worker,
                                           uint64_t counter, uint64_t now,
                                           const struct fips_envelope *envelope, uint8_t *view,
                                           size_t len, struct mr_aead_op *op)
{
	uint8_t type = view[0];
	bool warmup = type == FIPS_FSP_COORDS_WARMUP;
	size_t clear = warmup ? len - 1 : 0;
	size_t body_len = warmup ? 0 : len - 1;
	uint8_t *inner = warmup ? view + len : view + 1 - FIPS_FSP_INNER;
	uint8_t *head = inner - clear - FIPS_FSP_HEAD;
	size_t text_len = FIPS_FSP_INNER + body_len;

	assert(len >= 1 && len <= 65000);
	fips_fsp_inner_build(inner, fips_send_stamp(key, now), type, 0);
	fips_fsp_head_build(head, (uint8_t)(k_flag(key) | (warmup ? FIPS_FSP_CP : 0)), body_len,
	                    counter);
	seal_op(key, worker, counter, head, inner, text_len, op);
	return envelop(head, FIPS_FSP_OVERHEAD + clear + body_len, envelope, text_len);
}
