/* train.c - messages of several datagrams become packets; see rx.h. */

#include <string.h>

#include "stages/rx/rx.h"

#define FEW 3 /* datagrams behind the first that are copied rather than sliced */

unsigned rx_datagrams(const struct rx_message *m)
{
	return m->each ? (m->len + m->each - 1) / m->each : 1;
}

/* What is left of a message's two places is ready to be filled again. */
static void end_message(struct rx *rx, struct rx_message *m, struct mr_turn *t)
{
	if (m->pkt)
		rx->spare[rx->spares++] = m->pkt;
	if (m->sliced)
		mr_slab_done(t->pool, m->slab);
	else if (m->slab != MR_NO_SLAB)
		rx->slab[rx->slabs++] = m->slab;
	m->pkt = NULL;
	rx->at++;
	rx->off = 0;
}

/* The first datagram; what is behind it in its packet goes to where the rest is. */
static struct mr_pkt *first(struct rx *rx, struct rx_message *m, uint32_t len, struct mr_turn *t)
{
	struct mr_pkt *p = m->pkt;
	uint32_t here = m->len < rx->view ? m->len : rx->view;

	if (here > len) {
		memcpy(m->spill + len, p->data + len, here - len);
		mr_count(t, RX_MOVED, here - len);
	}
	m->pkt = NULL;
	mr_pkt_put(p, len);
	return p;
}

static struct mr_pkt *copied(const struct rx_message *m, uint32_t at, uint32_t len,
                             struct mr_turn *t)
{
	struct mr_pkt *p = mr_spare(t);

	if (!p)
		return NULL;
	memcpy(mr_pkt_put(p, len), m->spill + at, len);
	mr_count(t, RX_COPIED, 1);
	return p;
}

static struct mr_pkt *further(struct rx_message *m, uint32_t at, uint32_t len, struct mr_turn *t)
{
	struct mr_pkt *p = NULL;

	if (m->slab != MR_NO_SLAB && rx_datagrams(m) > 1 + FEW)
		p = mr_slab_slice(t->pool, m->slab, at, len);
	if (!p)
		return copied(m, at, len, t);
	mr_pkt_put(p, len);
	m->sliced = true;
	return p;
}

struct mr_pkt *rx_next(struct rx *rx, struct mr_turn *t)
{
	while (rx->at < rx->got) {
		struct rx_message *m = &rx->message[rx->at];
		uint32_t left = m->len - rx->off, len = m->each && m->each < left ? m->each : left;
		struct mr_pkt *p;

		if (m->cut || len > rx->view) {
			mr_lose(t, RX_TRUNCATED, rx_datagrams(m));
			rx->left -= rx_datagrams(m);
			end_message(rx, m, t);
			continue;
		}
		p = rx->off ? further(m, rx->off, len, t) : first(rx, m, len, t);
		if (!p)
			return NULL;
		*mr_pkt_via(p) = m->from;
		rx->left--;
		rx->off += len;
		if (rx->off == m->len)
			end_message(rx, m, t);
		return p;
	}
	return NULL;
}
