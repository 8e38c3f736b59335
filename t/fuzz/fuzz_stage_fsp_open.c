/* Vectors of anything into fsp-open, by the real runtime, between orders about keys: no packet is
 * lost, no view leaves its buffer, what has no envelope is dropped as such, what was sealed under
 * no key brings nothing.
 *
 * The input is a list of records, each a kind, a length (2 bytes, little-endian) and its bytes:
 *
 *     0  a packet of these bytes       2  the packet before once more
 *     1  flags (1), source (1), key (1), counter (2), link flags (1), length of coordinates (1),
 *        coordinates, then a text: a message sealed under the key, in an envelope
 *     3  a vector ends here
 *     4  order (1), key (1): install, promote or retire; seconds (1) pass
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/shim.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

extern const struct mr_kind mr_kind_fsp_open;

#define MOST 1400 /* bytes of a record           */
#define KEYS 3    /* of the session with A       */
#define HEAD 7    /* of a record of kind 1       */

static struct rig *rig;
static struct keys *keys[KEYS];
static struct fips_session_recv recv;
static uint64_t now = MR_NS_PER_S;

static void secret_of(unsigned key, uint8_t secret[MR_AEAD_KEY])
{
	memset(secret, 1 + (int)(key % KEYS), MR_AEAD_KEY);
}

/* Once: a rig with a live session and an expected one. */
static void open_rig(void)
{
	uint8_t secret[MR_AEAD_KEY];

	rig = rig_open(&mr_kind_fsp_open, "{}", CRAFT_NODE(CRAFT_B, CRAFT_UDP));
	for (unsigned i = 0; i < KEYS; i++) {
		secret_of(i, secret);
		keys[i] = keys_open(&mr_aead_mbedtls, secret, i + 1, 0);
	}
	craft_session(rig, &craft_a, NULL, &recv, 1280);
	craft_session(rig, &craft_t, NULL, NULL, 0);
}

/* The first key is current. */
static void reset(void)
{
	for (unsigned i = 0; i < KEYS; i++)
		fips_recv_key_init(&keys[i]->recv, i + 1, keys[i]->ctx, 1);
	fips_session_recv_init(&recv);
	fips_session_install(&recv, &keys[0]->recv, now);
}

static void order(const uint8_t *at)
{
	static const unsigned kinds[] = { MR_ORD_SESSION_INSTALL, MR_ORD_SESSION_PROMOTE,
		                          MR_ORD_SESSION_RETIRE };
	unsigned key = at[1] % KEYS;
	struct mr_order o = { .kind = kinds[at[0] % 3], .a = key + 1, .p = &recv,
		              .q = &keys[key]->recv };

	now += at[2] * MR_NS_PER_S;
	rig_at(rig, now);
	rig_order(rig, &o);
}

static void check_view(const struct mr_pkt *p, size_t least)
{
	if (p->len < least || p->data < p->base ||
	    p->data + p->len > p->base + p->room)
		abort();
}

/* A packet for a program: IPv6, from the session's peer to us, the length that of its bytes. */
static void check_ip(const struct mr_pkt *p)
{
	uint8_t from[FIPS_IPV6_LEN], to[FIPS_IPV6_LEN];

	check_view(p, FIPS_IPV6_HEAD);
	fips_addr_to_ipv6(&craft_a, from);
	fips_addr_to_ipv6(&craft_b, to);
	if (p->mark != MR_SHAPE_IP || p->data[0] >> 4 != 6 ||
	    mr_be16(p->data + 4) != p->len - FIPS_IPV6_HEAD ||
	    memcmp(p->data + 8, from, sizeof from) || memcmp(p->data + 24, to, sizeof to))
		abort();
}

/* End a vector; returns how many packets were opened and sent on. */
static unsigned run(void)
{
	struct mr_event event;
	struct mr_pkt *p;
	unsigned out = 0;

	rig_run(rig);
	rig_conserved(rig);
	for (; (p = rig_out(rig, "ip")); out++)
		check_ip(p);
	while ((p = rig_out(rig, "control"))) {
		check_view(p, p->mark == MR_SHAPE_BODY ? 1 : FIPS_DATAGRAM_HEAD);
		out += p->mark == MR_SHAPE_BODY;
	}
	while (rig_event(rig, &event))
		if (event.kind != MR_EV_CONFIRMED_SESSION && event.kind != MR_EV_NO_SESSION)
			abort();
	return out;
}

/* The packet of a record to `out`; returns its length. */
static size_t make(uint8_t kind, const uint8_t *at, size_t len, uint8_t out[MOST + 100])
{
	static const struct fips_addr *const source[] = { &craft_a, &craft_b, &craft_t };
	static const struct fips_addr nobody = { { 1 } };
	uint8_t secret[MR_AEAD_KEY];
	size_t coords;

	if (kind == 0 || len < HEAD || at[6] > len - HEAD) {
		memcpy(out, at, len);
		return len;
	}
	coords = at[6];
	secret_of(at[2], secret);
	len = craft_message(out + FIPS_DATAGRAM_HEAD, secret, mr_le16(at + 3), at[0], at + HEAD,
	                    coords, at + HEAD + coords, len - HEAD - coords);
	return craft_datagram(out, at[1] < 3 ? source[at[1]] : &nobody, &craft_b, 1280,
	                      out + FIPS_DATAGRAM_HEAD, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t packet[MOST + 100], ce = 0;
	size_t packet_len = 0;
	unsigned fed = 0, sealed = 0, broken = 0, out = 0;
	struct fips_datagram datagram;
	uint64_t malformed;

	if (!rig)
		open_rig();
	reset();
	malformed = rig_count(rig, "malformed");
	while (n >= 3) {
		uint8_t kind = data[0] % 5;
		size_t len = mr_le16(data + 1);

		data += 3;
		n -= 3;
		if (len > n || len > MOST)
			break;
		if (kind < 2) {
			packet_len = make(kind, data, len, packet);
			ce = len > 5 && data[5] & 1 ? MR_FLAG_CE : 0;
			sealed += kind;
		}
		if (kind < 3) {
			rig_feed(rig, "datagrams", packet, packet_len)->flags = ce;
			broken += !fips_datagram_parse(packet, packet_len, &datagram);
		}
		if (kind == 3 || ++fed % 256 == 0)
			out += run();
		if (kind == 4 && len >= 3)
			order(data);
		data += len;
		n -= len;
	}
	out += run();
	if (out > sealed || rig_count(rig, "malformed") - malformed < broken)
		abort();
	return 0;
}
