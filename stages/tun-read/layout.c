/* layout.c - one read, laid out so that every byte comes to lie where it stays until it is sent.
 *
 * Expecting a packet by itself: the first spare takes what a packet may have.  A super-packet that
 * comes all the same is cut from `whole`, where its first bytes join the others.
 *
 *     device header | spare 0: MTU bytes | whole + MTU
 *
 * Expecting a super-packet like the last one: `head` bytes of header, `size` of payload each.
 *
 *     device header | spare 0: head, payload | spare 1: payload | ... | whole + all before
 *
 * There the payloads lie MR_HEADROOM + head into their buffers, so that each gets its header
 * without being moved.  In both, what comes last goes to `whole` at the place it has in the packet.
 * A guess that was wrong costs moving, and no byte. */

#include <string.h>

#include "stages/tun-read/tun-read.h"

#define SIZE_MIN MR_SPLIT_HEAD /* smaller segments are moved: so the first piece holds any header */

static bool expects_super(const struct tun_read *tr)
{
	const struct tun_queue *q = &tr->queue[tr->from];

	return q->size >= SIZE_MIN && q->head + q->size <= tr->tun->mtu;
}

/* True: there are at least `want`. */
static bool have_spares(struct tun_read *tr, unsigned want, struct mr_turn *t)
{
	tr->spares -= tr->used;
	memmove(tr->spare, tr->spare + tr->used, tr->spares * sizeof tr->spare[0]);
	tr->used = 0;
	while (tr->spares < want && (tr->spare[tr->spares] = mr_spare(t)))
		tr->spares++;
	return tr->spares >= want;
}

static void add(struct tun_read *tr, void *at, size_t n)
{
	tr->piece[tr->pieces++] = (struct iovec){ .iov_base = at, .iov_len = n };
}

/* Bytes that go to spares. */
static size_t add_slots(struct tun_read *tr)
{
	const struct tun_queue *q = &tr->queue[tr->from];

	if (!expects_super(tr)) {
		add(tr, tr->spare[0]->data, tr->tun->mtu);
		tr->slots = 1;
		return tr->tun->mtu;
	}
	tr->slots = tr->spares < tr->tun->segments ? tr->spares : tr->tun->segments;
	add(tr, tr->spare[0]->data, q->head + q->size);
	for (unsigned i = 1; i < tr->slots; i++)
		add(tr, tr->spare[i]->data + q->head, q->size);
	return q->head + (size_t)tr->slots * q->size;
}

bool mr_tun_read_prepare(struct tun_read *tr, struct mr_turn *t)
{
	size_t before;

	if (!have_spares(tr, expects_super(tr) ? tr->tun->segments : 1, t) && tr->spares == 0)
		return false;
	tr->pieces = 0;
	if (tr->tun->vnet)
		add(tr, &tr->device, sizeof tr->device);
	before = add_slots(tr);
	if (before < sizeof tr->whole)
		add(tr, tr->whole + before, sizeof tr->whole - before);
	return true;
}

/* The device header, if there is one, is a piece of its own. */
static const struct iovec *packet(const struct tun_read *tr)
{
	return &tr->piece[tr->tun->vnet];
}

size_t mr_tun_read_first(const struct tun_read *tr, size_t total)
{
	return total < packet(tr)->iov_len ? total : packet(tr)->iov_len;
}

/* Copy n bytes from the pieces at `from`. */
static void gather(const struct iovec *from, uint8_t *to, size_t n)
{
	for (; n > 0; from++) {
		size_t len = from->iov_len < n ? from->iov_len : n;

		memcpy(to, from->iov_base, len);
		to += len;
		n -= len;
	}
}

void mr_tun_read_join(struct tun_read *tr, size_t total)
{
	size_t first = mr_tun_read_first(tr, total);

	gather(packet(tr) + 1, tr->spare[0]->data + first, total - first);
}

bool mr_tun_read_place(struct tun_read *tr, size_t total)
{
	const struct tun_queue *q = &tr->queue[tr->from];
	size_t in_slots = 0;

	if (expects_super(tr) && tr->split.len == q->head && tr->split.size == q->size) {
		tr->placed = tr->slots < tr->split.n ? tr->slots : tr->split.n;
		return true;
	}
	for (unsigned i = 0; i < tr->slots; i++)
		in_slots += packet(tr)[i].iov_len;
	gather(packet(tr), tr->whole, in_slots < total ? in_slots : total);
	tr->placed = 0;
	return false;
}

/* Where the payload of a segment lies in `whole`, or in its packet. */
static uint8_t *in_whole(struct tun_read *tr, uint32_t segment)
{
	return tr->whole + tr->split.len + (size_t)segment * tr->split.size;
}

static uint8_t *in_packet(const struct tun_read *tr, const struct mr_pkt *p)
{
	return p->data + tr->split.len;
}

struct mr_pkt *mr_tun_read_next(struct tun_read *tr, struct mr_turn *t)
{
	struct mr_pkt *p;

	if (tr->placed > 0) {
		tr->placed--;
		return mr_tun_read_take(tr);
	}
	if (tr->used == tr->spares && !have_spares(tr, 1, t))
		return NULL;
	p = mr_tun_read_take(tr);
	memcpy(in_packet(tr, p), in_whole(tr, tr->at), mr_split_payload(&tr->split, tr->at));
	return p;
}

void mr_tun_read_release(struct tun_read *tr, struct mr_turn *t)
{
	for (uint32_t i = 0; i < tr->placed; i++)
		memcpy(in_whole(tr, tr->at + i), in_packet(tr, tr->spare[tr->used + i]),
		       mr_split_payload(&tr->split, tr->at + i));
	tr->placed = 0;
	while (tr->used < tr->spares)
		mr_free(t, mr_tun_read_take(tr));
	tr->used = tr->spares = 0;
}
