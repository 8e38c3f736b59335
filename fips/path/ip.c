/* ip.c - the device's packets judged, a session's texts turned into packets. */
#include "fips/path/ip.h"

#include <string.h>

#include "fips/path/ecn.h"
#include "fips/path/mss.h"
#include "fips/wire/shim.h"

#define SRC(ip) ((ip) + 8)
#define DST(ip) ((ip) + 24)

enum fips_ip fips_ip_check(const uint8_t *ip, size_t n, const uint8_t own[FIPS_IPV6_LEN])
{
	if (!fips_shim_fits(ip, n))
		return FIPS_IP_NOT_IPV6;
	if (!fips_ipv6_is_mesh(DST(ip)))
		return FIPS_IP_OUTSIDE;
	if (memcmp(DST(ip), own, FIPS_IPV6_LEN) == 0)
		return FIPS_IP_SELF;
	if (memcmp(SRC(ip), own, FIPS_IPV6_LEN) != 0)
		return FIPS_IP_FOREIGN;
	return FIPS_IP_MESH;
}

unsigned fips_ip_flow(const uint8_t *ip, size_t n)
{
	enum { TCP = 6, UDP = 17, PORTS = 4 };
	uint64_t word[5] = { 0 }, h = 0;

	if (!fips_shim_fits(ip, n))
		return 0;
	memcpy(word, SRC(ip), sizeof word - sizeof word[0]); /* both addresses */
	if ((ip[6] == TCP || ip[6] == UDP) && n >= FIPS_IPV6_HEAD + PORTS)
		memcpy(&word[4], ip + FIPS_IPV6_HEAD, PORTS);
	word[4] ^= (uint64_t)ip[6] << 32;
	for (unsigned i = 0; i < sizeof word / sizeof word[0]; i++) {
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return (unsigned)(h >> 32);
}

/* A DataPacket: ports, then the shim. */
static enum fips_delivery data(uint8_t *body, size_t n, const struct fips_addr *peer,
                               const struct fips_addr *own, struct fips_delivered *out)
{
	uint8_t *shim = body + FIPS_FSP_PORTS;
	uint16_t from, to;

	if (!fips_fsp_ports_parse(body, n, &from, &to))
		return FIPS_DELIVER_SHORT;
	if (to != FIPS_PORT_IPV6)
		return FIPS_DELIVER_NATIVE;
	if (!fips_shim_decompress(shim, n - FIPS_FSP_PORTS, peer, own))
		return FIPS_DELIVER_BAD_SHIM;
	out->ip = shim - FIPS_SHIM_SAVED;
	out->len = n - FIPS_FSP_PORTS + FIPS_SHIM_SAVED;
	return FIPS_DELIVER_IP;
}

enum fips_delivery fips_ip_deliver(uint8_t *text, size_t n, const struct fips_addr *peer,
                                   const struct fips_addr *own, bool ce, uint16_t mss,
                                   struct fips_delivered *out)
{
	enum fips_delivery what;

	*out = (struct fips_delivered){ .ip = NULL };
	if (!fips_fsp_text_parse(text, n, &out->text))
		return FIPS_DELIVER_SHORT;
	switch (out->text.type) {
	case FIPS_FSP_DATA:
		break;
	case FIPS_FSP_SENDER_REPORT:
	case FIPS_FSP_RECEIVER_REPORT:
	case FIPS_FSP_PATH_MTU:
	case FIPS_FSP_COORDS_WARMUP:
		return out->text.len < fips_fsp_body_min(out->text.type) ? FIPS_DELIVER_SHORT :
									   FIPS_DELIVER_CONTROL;
	default:
		return FIPS_DELIVER_UNKNOWN;
	}
	what = data(text + FIPS_FSP_INNER, n - FIPS_FSP_INNER, peer, own, out);
	if (what == FIPS_DELIVER_IP) {
		if (ce)
			fips_ecn_mark(out->ip);
		fips_mss_clamp(out->ip, out->len, mss);
	}
	return what;
}
