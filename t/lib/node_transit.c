#include "t/lib/node_transit.h"

#include <string.h>

#include <check.h>

#include "fips/path/learn.h"
#include "fips/path/transit.h"

static struct transit_dest *dest_of(struct transit *t, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < TRANSIT_DESTS; i++)
		if (t->dest[i].used && fips_addr_eq(&t->dest[i].dest, addr))
			return &t->dest[i];
	return NULL;
}

static struct transit_dest *ask(struct transit *t, const struct fips_addr *addr)
{
	struct fips_input in = { .kind = FIPS_IN_FORWARD, .peer = *addr };
	unsigned i = 0;

	while (i < TRANSIT_DESTS && t->dest[i].used)
		i++;
	ck_assert_uint_lt(i, TRANSIT_DESTS);
	t->dest[i] = (struct transit_dest){ .used = true, .dest = *addr };
	world_input(t->node, &in);
	return &t->dest[i];
}

static void tell(struct transit *t, const struct fips_coords *list)
{
	struct fips_input in = { .kind = FIPS_IN_LEARNED };

	if (!list->count)
		return;
	in.peer = fips_coords_entry(list, 0);
	in.bytes = list->at - 2;
	in.len = FIPS_COORDS_LEN(list->count);
	world_input(t->node, &in);
}

/* The brain decides whether its sender is to hear of it. */
static void undelivered(struct transit *t, const uint8_t *bytes, size_t n, uint16_t mtu)
{
	struct fips_input in = { .kind = FIPS_IN_UNDELIVERED, .bytes = bytes,
	                         .len = n, .mtu = mtu };

	if (fips_transit_answerable(bytes, n))
		world_input(t->node, &in);
}

static void send_on(struct transit *t, const struct fips_addr *hop, uint8_t *bytes, size_t n)
{
	if (fips_transit_mtu(bytes, n, t->node->mtu) != FIPS_TRANSIT_FORWARD)
		undelivered(t, bytes, n, t->node->mtu);
	else if (plane_send_on(t->node->plane, hop, bytes, n))
		t->node->forwarded++;
}

void transit_datagram(struct transit *t, const uint8_t *bytes, size_t n)
{
	struct fips_addr to = fips_addr_at(bytes + FIPS_DATAGRAM_AT_DEST);
	uint8_t copy[TRANSIT_BYTES];
	struct fips_learned learned;
	struct transit_dest *d;

	ck_always(n <= sizeof copy);
	memcpy(copy, bytes, n);
	fips_learn_datagram(copy, n, &learned);
	tell(t, &learned.src);
	tell(t, &learned.dest);
	if (fips_transit_ttl(copy) != FIPS_TRANSIT_FORWARD)
		return;
	if (plane_linked(t->node->plane, &to)) {
		send_on(t, &to, copy, n);
		return;
	}
	d = dest_of(t, &to);
	if (d && d->given) {
		send_on(t, &d->hop, copy, n);
		return;
	}
	if (!d)
		d = ask(t, &to);
	if (d->parked == TRANSIT_PARKED)
		return;
	memcpy(d->bytes[d->parked], copy, n);
	d->len[d->parked++] = n;
}

static void release(struct transit *t, struct transit_dest *d)
{
	bool near = plane_linked(t->node->plane, &d->dest);

	for (unsigned i = 0; i < d->parked; i++) {
		if (d->given || near)
			send_on(t, d->given ? &d->hop : &d->dest, d->bytes[i], d->len[i]);
		else
			undelivered(t, d->bytes[i], d->len[i], 0);
	}
	d->parked = 0;
}

void transit_act(struct transit *t, const struct fips_action *act)
{
	struct transit_dest *d = dest_of(t, &act->peer);

	if (!d)
		return;
	d->given = act->kind == FIPS_ACT_FORWARD;
	d->hop = act->via_peer;
	release(t, d);
	d->used = d->given;
}
