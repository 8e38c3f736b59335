/* Control in a whole node, given anything: handshakes from anywhere, messages, bodies and datagrams
 * of a neighbour who has the keys, packets and events that no stage would make, time that jumps,
 * events that get lost.  Whatever comes, every stage accounts for every packet, and all packets,
 * keys and table entries are given back in the end.
 *
 * The node has a link and a session with the neighbour.  The input is records, each an operation (1
 * byte, its number modulo 8), an argument (1), a length (2, little-endian) and its bytes:
 *
 *     0  a datagram of these bytes from the neighbour's place; argument 128 and more: its last
 *        handshake packet with these bytes laid over it (exclusive or)
 *     1  a link message, sealed
 *     2  a session message of type `argument`, sealed
 *     3  a SessionDatagram around these bytes, from the neighbour or (argument odd) somebody else
 *     4  a packet on control's input `argument`; byte 0: key it was opened with, byte 1: mark, and
 *        bit 2: too big
 *     5  an event of kind `argument`; byte 0: key, byte 1: K
 *     6  time: `argument` ms, or with a byte of it, `argument` * 2^byte 0 ms at once
 *     7  by the argument modulo 8: the neighbour calls, sets up, moves on to its newest keys, moves
 *        elsewhere, is a stranger; a program talks to the neighbour, or to nobody; events get lost
 *        from here on, or not
 */
#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "core/worker.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/neighbour.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MOST    1200 /* bytes of a record                            */
#define RECORDS 60   /* of one input, so that it ends                */
#define TIMES   (NEIGHBOUR_KEYS - 2) /* that the neighbour calls, or sets up */
#define SELF    1    /* the node                                     */

struct world {
	struct neighbour nb;
	struct hand      mouth;          /* the neighbour's own                     */
	unsigned         calls, setups;
	uint8_t          last[BYTES];    /* its last handshake packet               */
	uint32_t         last_len;
};

/* ---- the neighbour hears what brings it keys, and no more ---- */

static bool is_ack(const struct neighbour *nb, const struct flight *f)
{
	struct fips_link_head head;
	struct fips_datagram d;
	uint8_t text[BYTES];

	fips_link_head_parse(f->bytes, &head);
	for (unsigned i = 0; i < nb->links; i++) {
		const struct neighbour_key *key = &nb->link[i];

		if (key->ours == head.receiver_idx &&
		    mr_aead_open_one(key->recv, head.counter, f->bytes, FIPS_LINK_HEAD,
		                     f->bytes + FIPS_LINK_HEAD, f->len - FIPS_LINK_HEAD, text))
			return fips_datagram_parse(text + FIPS_LINK_STAMP,
			                           f->len - FIPS_LINK_OVERHEAD, &d) &&
			       fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_ACK;
	}
	return false;
}

static void hear(void *self, const struct flight *f)
{
	const struct world *w = self;

	switch (fips_frame_check(f->bytes, f->len)) {
	case FIPS_FRAME_MSG2:
		w->mouth.hear(w->mouth.self, f);
		break;
	case FIPS_FRAME_ESTABLISHED:
		if (is_ack(&w->nb, f))
			w->mouth.hear(w->mouth.self, f);
		break;
	default:
		break;
	}
}

/* As whole_run, with no more turns than what happens here takes. */
static void pass(unsigned ms)
{
	while (ms-- > 0) {
		air.now += MS;
		air_deliver();
		for (unsigned again = 0; again < 2; again++) {
			whole_data_turns(SELF, 2);
			mr_engine_host_turn(node[SELF].engine);
		}
	}
}

static void open_world(struct world *w)
{
	memset(w, 0, sizeof *w);
	whole_reset();
	whole_open(SELF, "", "");
	neighbour_open(&w->nb, SELF);
	w->mouth = air.hand;
	air.hand = (struct hand){ .hear = hear, .self = w };
	neighbour_call(&w->nb);
	pass(4);
	neighbour_beat(&w->nb);
	pass(2);
	neighbour_setup(&w->nb);
	pass(5);
	neighbour_data(&w->nb);
	pass(2);
	ck_assert(w->nb.links == 1 && w->nb.sessions == 1);
	w->calls = w->setups = 1;
}

/* ---- what no stage would make ---- */

static struct mr_ring *ring_to(const struct mr_worker *host, unsigned input)
{
	for (unsigned i = 0; i < host->entries; i++)
		if (host->entry[i].input == input && host->entry[i].to->kind == &mr_kind_control)
			return host->entry[i].ring;
	return NULL;
}

static void packet(uint8_t input, const uint8_t *at, size_t n)
{
	static const uint8_t marks[] = { MR_SHAPE_BODY, MR_SHAPE_DATAGRAM, MR_SHAPE_LEARNED,
		                         MR_SHAPE_WANTED };
	struct mr_ring *ring = ring_to(node[SELF].engine->host, input % 4);
	struct mr_vector v = { .n = 1 };

	if (n < 3 || !ring || !mr_ring_room(ring))
		return;
	v.pkt[0] = mr_pool_get(whole_data(SELF)->pool);
	if (!v.pkt[0])
		return;
	memcpy(mr_pkt_put(v.pkt[0], (uint32_t)(n - 2)), at + 2, n - 2);
	*mr_pkt_via(v.pkt[0]) = via_of(air.host[HAND]);
	v.pkt[0]->seq = at[0];
	v.pkt[0]->mark = marks[at[1] % 4];
	v.pkt[0]->limit = at[1] & 4 ? 1280 : 0;
	v.pkt[0]->stamp = air.now;
	v.pkt[0]->near = v.pkt[0]->far = MR_NO_HANDLE;
	mr_ring_push(ring, &v, air.now);
}

static void event(uint8_t kind, const uint8_t *at, size_t n)
{
	struct mr_event e = { .kind = kind < 0xf8 ? 1 + kind % (MR_EV_RESOLVE + 1) :
		                      kind < 0xfc ? MR_EV_NARROW : MR_EV_ROOM };
	struct fips_via via = via_of(kind);

	if (n < 2)
		return;
	e.a = at[0];
	e.u = e.kind >= MR_EV_NARROW ? 8u * at[1] : at[1] & 1u;
	if (e.kind == MR_EV_CONFIRMED_LINK || e.kind == MR_EV_ROAMED || e.kind == MR_EV_NARROW)
		memcpy(e.bytes, &via, sizeof via);
	else
		memcpy(e.bytes, at + 2, n - 2 < sizeof e.bytes ? n - 2 : sizeof e.bytes);
	if (!mr_mail_push(whole_data(SELF)->events, &e))
		return; /* it is full, and one more is lost */
}

/* ---- the neighbour ---- */

static void keep_last(struct world *w)
{
	const struct flight *f = &air.flight[air.n - 1];

	if (air.n == 0)
		return;
	memcpy(w->last, f->bytes, f->len);
	w->last_len = f->len;
}

static void act(struct world *w, uint8_t what)
{
	static const struct fips_addr nobody = { { 9, 9 } };

	switch (what % 8) {
	case 0:
		if (w->calls++ < TIMES) {
			neighbour_call(&w->nb);
			keep_last(w);
		}
		break;
	case 1:
		if (w->setups++ < TIMES)
			neighbour_setup(&w->nb);
		break;
	case 2:
		w->nb.link_at = w->nb.links - 1;
		w->nb.session_at = w->nb.sessions - 1;
		break;
	case 3: air.host[HAND] = (uint8_t)(3 ^ what >> 3); break;
	case 4:
		neighbour_stranger(&w->nb, what);
		keep_last(w);
		break;
	case 5: whole_say(SELF, &w->nb.me.addr, 100 + what, what); break;
	case 6: whole_say(SELF, &nobody, 100, what); break;
	case 7: node[SELF].deaf = what & 8; break;
	}
}

static void from_air(struct world *w, uint8_t how, const uint8_t *at, size_t n)
{
	struct fips_via to = via_of(air.host[SELF]);
	uint8_t bytes[BYTES] = { 0 };

	if (how < 128) {
		air_send(HAND, &to, at, (uint32_t)n);
		return;
	}
	memcpy(bytes, w->last, w->last_len);
	for (size_t i = 0; i < n && i < w->last_len; i++)
		bytes[i] ^= at[i];
	if (w->last_len)
		air_send(HAND, &to, bytes, w->last_len);
}

static void datagram(struct world *w, bool other, const uint8_t *at, size_t n)
{
	uint8_t message[BYTES];

	n = craft_datagram(message, other ? &craft_t : &w->nb.me.addr, &whole_mesh(SELF)->me.addr,
	                   FIPS_UDP_MTU, at, n);
	neighbour_message(&w->nb, message, n);
}

static void let_pass(uint8_t ms, const uint8_t *at, size_t n)
{
	if (n)
		air.now += (uint64_t)ms << at[0] % 12 << 20; /* 2^20 ns: about 1 ms */
	pass(n ? 2 : 1 + ms % 32);
}

static void record(struct world *w, uint8_t what, uint8_t argument, const uint8_t *at, size_t n)
{
	if (air.n > AIR / 2)
		pass(2);
	switch (what % 8) {
	case 0:
		if (n)
			from_air(w, argument, at, n);
		break;
	case 1: neighbour_message(&w->nb, at, n); break;
	case 2: neighbour_body(&w->nb, argument, at, n); break;
	case 3: datagram(w, argument & 1, at, n); break;
	case 4: packet(argument, at, n); break;
	case 5: event(argument, at, n); break;
	case 6: let_pass(argument, at, n); break;
	case 7: act(w, argument); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct world w;

	open_world(&w);
	for (unsigned i = 0; i < RECORDS && n >= 4; i++) {
		size_t len = mr_le16(data + 2);

		if (len > n - 4)
			len = n - 4;
		if (len > MOST)
			len = MOST;
		record(&w, data[0], data[1], data + 4, len);
		data += 4 + len;
		n -= 4 + len;
	}
	pass(3);
	whole_run(1); /* which looks into the books */
	whole_close_all();
	neighbour_close(&w.nb);
	return 0;
}
