/* inputs.c - what arrives at control, packets and events, as the node is told it. */

#include <string.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "stages/control/state.h"

/* Tell the node about a packet; what it needs of the bytes it has taken by then. */
static void tell(struct control *c, struct fips_input *in, struct mr_pkt *p, struct mr_turn *t)
{
	in->bytes = p->data;
	in->len = p->len;
	in->rx = p->stamp;
	mr_control_tell(c, in, t);
	mr_take(t, p);
}

/* A handshake packet, or a frame that took the handshake's road. */
static bool handshake(struct control *c, struct mr_pkt *p, struct mr_turn *t)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .via = *mr_pkt_via(p) };

	if (fips_frame_check(p->data, p->len) == FIPS_FRAME_ESTABLISHED)
		return mr_control_keep_frame(c, p, t);
	tell(c, &in, p, t);
	return true;
}

bool mr_control_confirm(struct control *c, struct control_key *key, struct mr_turn *t)
{
	uint64_t word = fips_word_get(&key->recv.confirmed);

	if (key->told || key->retired || !word)
		return false;
	key->told = true;
	mr_control_tell(c, &(struct fips_input){
		.kind = key->of->link ? FIPS_IN_CONFIRMED_LINK : FIPS_IN_CONFIRMED_SESSION,
		.peer = key->of->peer,
		.key = key->send.id,
		.k = (word & FIPS_KEY_K) != 0,
	}, t);
	return true;
}

/* What a key brings must not come before the news that it is in use: a restarted peer's first word
 * would be taken for that of its former life.  False: the news had to be told first, and there is
 * no room left for the packet. */
static bool news_first(struct control *c, const struct mr_pkt *p, struct mr_turn *t)
{
	struct control_key *key = mr_control_key(c, p->seq);

	return !key || !mr_control_confirm(c, key, t) || mr_control_ready(c);
}

/* The link a packet came by, from the key that opened it. */
static const struct relation *link_of(struct control *c, const struct mr_pkt *p)
{
	const struct control_key *key = mr_control_key(c, p->seq);

	return key && key->of->link ? key->of : NULL;
}

static bool message(struct control *c, struct mr_pkt *p, struct mr_turn *t)
{
	const struct relation *r = link_of(c, p);

	if (!r)
		mr_drop(t, DROP_GONE, p);
	else if (!news_first(c, p, t))
		return false;
	else
		tell(c, &(struct fips_input){ .kind = FIPS_IN_LINK_MESSAGE, .peer = r->peer,
		                              .key = p->seq }, p, t);
	return true;
}

/* A session's handshake, a signal, or a message sealed for a session that is being made. */
static bool datagram(struct control *c, struct mr_pkt *p, struct mr_turn *t)
{
	const struct relation *r = link_of(c, p);
	struct fips_datagram d;

	if (!fips_datagram_parse(p->data, p->len, &d)) {
		mr_drop(t, DROP_MALFORMED, p);
		return true;
	}
	if (fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_ENCRYPTED)
		return mr_control_keep_message(c, &d.src, p, t);
	if (!r)
		mr_drop(t, DROP_GONE, p);
	else if (!news_first(c, p, t))
		return false;
	else
		tell(c, &(struct fips_input){ .kind = FIPS_IN_DATAGRAM, .peer = r->peer }, p, t);
	return true;
}

static bool body(struct control *c, struct mr_pkt *p, struct mr_turn *t)
{
	const struct control_key *key;

	if (p->mark == MR_SHAPE_DATAGRAM)
		return datagram(c, p, t);
	if (p->mark == MR_SHAPE_LEARNED) {
		mr_control_others(c, p, t);
		return true;
	}
	key = mr_control_key(c, p->seq);
	if (!key || key->of->link)
		mr_drop(t, DROP_GONE, p);
	else if (!news_first(c, p, t))
		return false;
	else
		tell(c, &(struct fips_input){ .kind = FIPS_IN_BODY, .peer = key->of->peer,
		                              .key = p->seq }, p, t);
	return true;
}

bool mr_control_take_in(struct control *c, unsigned input, struct mr_pkt *p, struct mr_turn *t)
{
	switch (input) {
	case IN_HANDSHAKES: return handshake(c, p, t);
	case IN_MESSAGES:   return message(c, p, t);
	case IN_BODIES:     return body(c, p, t);
	default:            mr_control_others(c, p, t); return true;
	}
}

/* ---- events ---- */

static bool confirmed(struct control *c, const struct mr_event *e, struct fips_input *in)
{
	struct control_key *key = mr_control_key(c, e->a);

	if (!key || key->told)
		return false;
	key->told = true;
	in->kind = key->of->link ? FIPS_IN_CONFIRMED_LINK : FIPS_IN_CONFIRMED_SESSION;
	in->peer = key->of->peer;
	in->key = e->a;
	in->k = e->u != 0;
	if (key->of->link)
		memcpy(&in->via, e->bytes, sizeof in->via);
	return true;
}

static bool roamed(struct control *c, const struct mr_event *e, struct fips_input *in)
{
	struct control_key *key = mr_control_key(c, e->a);

	if (!key || !key->of->link)
		return false;
	in->kind = FIPS_IN_ROAMED;
	in->peer = key->of->peer;
	in->key = e->a;
	memcpy(&in->via, e->bytes, sizeof in->via);
	return true;
}

static void found(const struct mr_event *e, struct fips_input *in)
{
	in->kind = FIPS_IN_FOUND;
	in->bytes = e->bytes;
	in->len = FIPS_XONLY_LEN;
	in->via = (struct fips_via){ .instance = (uint16_t)e->a, .len = MR_ETHER_MAC };
	memcpy(in->via.sock, &e->b, MR_ETHER_MAC);
}

/* False: about something that is gone, or not for the node. */
static bool input_of(struct control *c, const struct mr_event *e, struct fips_input *in)
{
	switch (e->kind) {
	case MR_EV_CONFIRMED_LINK:
	case MR_EV_CONFIRMED_SESSION:
		return confirmed(c, e, in);
	case MR_EV_ROAMED:
		return roamed(c, e, in);
	case MR_EV_NO_SESSION:
		in->kind = FIPS_IN_NO_SESSION;
		memcpy(in->peer.b, e->bytes, FIPS_ADDR_LEN);
		return true;
	case MR_EV_RESOLVE:
		in->kind = FIPS_IN_RESOLVE;
		memcpy(in->peer.b, e->bytes, FIPS_ROUTE_KEY);
		return true;
	case MR_EV_FOUND:
		found(e, in);
		return true;
	default:
		return false;
	}
}

void mr_control_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	struct control *c = self;
	struct fips_input in = { 0 };

	/* none of the node's business */
	if (event->kind == MR_EV_NARROW || event->kind == MR_EV_ROOM) {
		(event->kind == MR_EV_NARROW ? mr_link_narrow : mr_link_room)(c, event, t);
		return;
	}
	if (!mr_control_ready(c)) {
		mr_count(t, COUNT_LATE_EVENTS, 1);
		return;
	}
	if (!input_of(c, event, &in))
		return;
	mr_control_tell(c, &in, t);
	mr_control_go_on(c, t);
}
