/* Vectors of anything into fmp-open, by the real runtime: no packet is lost, no view leaves its
 * buffer, what is no whole frame is dropped as such, what was not sealed under a key changes
 * nothing.
 *
 * The input is a list of records, each a kind, a length (2 bytes, little-endian) and its bytes:
 *
 *     0  a packet of these bytes       2  the packet before once more
 *     1  flags (1), index (1), counter (2), then a text: a packet sealed under the index's key
 *     3  a vector ends here
 */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

extern const struct mr_kind mr_kind_fmp_open;

#define MOST 1500 /* bytes of a packet  */
#define KEYS 2    /* live indices 0, 1; 2 is expected, others are unknown */

static const uint8_t secret[KEYS][MR_AEAD_KEY] = { { 1 }, { 2 } };
static const struct fips_via home = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };

static struct rig *rig;
static struct keys *keys[KEYS];
static struct fips_link_recv recv[KEYS];

/* Once: a rig, two live indices, one expected. */
static void open_rig(void)
{
	rig = rig_open(&mr_kind_fmp_open, "{}", CRAFT_NODE(CRAFT_B, CRAFT_UDP));
	for (unsigned i = 0; i < KEYS; i++) {
		keys[i] = keys_open(&mr_aead_mbedtls, secret[i], i + 1, 0);
		craft_index(rig, i, &craft_a, i, &recv[i], &keys[i]->recv);
	}
	craft_index(rig, KEYS, &craft_t, FIPS_NO_HANDLE, NULL, NULL);
}

static void reset(void)
{
	for (unsigned i = 0; i < KEYS; i++) {
		fips_recv_key_init(&keys[i]->recv, i + 1, keys[i]->ctx, 1);
		fips_link_recv_init(&recv[i], &home);
		recv[i].sending = 1;
	}
}

static void check_view(const struct mr_pkt *p, size_t least)
{
	if (p->len < least || p->data < p->base + MR_HEADROOM + 20 ||
	    p->data + p->len > p->base + p->room)
		abort();
}

/* End a vector; returns how many packets got through. */
static unsigned run(void)
{
	struct mr_event event;
	struct mr_pkt *p;
	unsigned out = 0;

	rig_run(rig);
	rig_conserved(rig);
	for (; (p = rig_out(rig, "session")); out++) {
		check_view(p, FIPS_DATAGRAM_HEAD);
		if (memcmp(p->data + FIPS_DATAGRAM_AT_DEST, craft_b.b, FIPS_ADDR_LEN))
			abort();
	}
	for (; (p = rig_out(rig, "transit")); out++)
		check_view(p, FIPS_DATAGRAM_HEAD);
	for (; (p = rig_out(rig, "control")); out++)
		check_view(p, 1);
	while (rig_event(rig, &event))
		if (event.kind != MR_EV_CONFIRMED_LINK && event.kind != MR_EV_ROAMED)
			abort();
	return out;
}

/* The packet of a record to `out`; returns its length. */
static size_t make(uint8_t kind, const uint8_t *at, size_t len, uint8_t out[MOST + 64])
{
	if (kind == 0 || len < 4) {
		memcpy(out, at, len);
		return len;
	}
	return craft_frame(out, secret[at[1] % KEYS], at[1], mr_le16(at + 2), at[0], at + 4,
	                   len - 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t packet[MOST + 64];
	size_t packet_len = 0;
	unsigned fed = 0, sealed = 0, broken = 0, out = 0;
	uint64_t malformed;

	if (!rig)
		open_rig();
	reset();
	malformed = rig_count(rig, "malformed");
	while (n >= 3) {
		uint8_t kind = data[0] % 4;
		size_t len = mr_le16(data + 1);

		data += 3;
		n -= 3;
		if (len > n || len > MOST)
			break;
		if (kind < 2) {
			packet_len = make(kind, data, len, packet);
			sealed += kind;
		}
		if (kind < 3) {
			*mr_pkt_via(rig_feed(rig, "frames", packet, packet_len)) = home;
			broken += fips_frame_check(packet, packet_len) != FIPS_FRAME_ESTABLISHED;
		}
		if (kind == 3 || ++fed % 256 == 0)
			out += run();
		data += len;
		n -= len;
	}
	out += run();
	if (out > sealed || rig_count(rig, "malformed") - malformed < broken)
		abort();
	for (unsigned i = 0; !sealed && i < KEYS; i++)
		if (fips_word_get(&recv[i].frames) || keys[i]->recv.window.highest)
			abort();
	return 0;
}
