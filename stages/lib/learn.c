/* learn.c - which lists are worth telling; see learn.h. */

#include "stages/lib/learn.h"

#include <string.h>

#include "core/wire.h"
#include "stages/lib/words.h"

bool mr_tell_bytes(unsigned out, unsigned left, uint8_t mark, const struct fips_addr *node,
                   const uint8_t *bytes, size_t n, const struct mr_pkt *of, struct mr_turn *t)
{
	struct mr_pkt *p = mr_room(t, out) > left ? mr_spare(t) : NULL;

	if (!p)
		return false;
	if (mr_pkt_tailroom(p) < FIPS_ADDR_LEN + n) {
		mr_free(t, p);
		return false;
	}
	memcpy(mr_pkt_put(p, FIPS_ADDR_LEN), node->b, FIPS_ADDR_LEN);
	if (n)
		memcpy(mr_pkt_put(p, (uint32_t)n), bytes, n);
	p->mark = mark;
	if (of) {
		p->near = of->near;
		p->far = of->far;
	}
	mr_made(t, 1);
	mr_emit(t, out, p);
	return true;
}

static bool is_news(struct mr_learner *l, const struct fips_addr *node, uint64_t now)
{
	uint64_t at = l->told[node->b[1] % MR_LEARN_NODES].at;

	return !at || now - at >= MR_LEARN_GAP ||
	       !fips_addr_eq(&l->told[node->b[1] % MR_LEARN_NODES].node, node);
}

static bool admit(struct mr_learner *l, const struct mr_pkt *p, uint64_t now)
{
	for (unsigned i = 0; !l->open && i < MR_LEARN_LINKS; i++)
		fips_bucket_init(&l->link[i], MR_LEARN_BURST, MR_LEARN_RATE, now);
	l->open = true;
	return fips_bucket_take(&l->link[mr_handle_hash(p->near) % MR_LEARN_LINKS], now);
}

static bool tell(struct mr_learner *l, const struct mr_pkt *p, const struct fips_coords *list,
                 unsigned out, unsigned left, struct mr_turn *t)
{
	struct fips_addr node;

	if (!list->count)
		return false;
	node = fips_coords_entry(list, 0);
	if (!is_news(l, &node, t->now) || !admit(l, p, t->now) ||
	    !mr_tell_bytes(out, left, MR_SHAPE_LEARNED, &node, list->at - 2,
	                   FIPS_COORDS_LEN(list->count), p, t))
		return false;
	l->told[node.b[1] % MR_LEARN_NODES].node = node;
	l->told[node.b[1] % MR_LEARN_NODES].at = t->now;
	return true;
}

enum fips_learn mr_learn(struct mr_learner *l, const struct mr_pkt *p, bool ours, unsigned out,
                         unsigned left, unsigned *told, struct mr_turn *t)
{
	struct fips_learned learned;
	enum fips_learn what = fips_learn_datagram(p->data, p->len, &learned);

	if (what == FIPS_LEARN_LISTS) {
		*told += tell(l, p, &learned.src, out, left, t);
		*told += !ours && tell(l, p, &learned.dest, out, left, t);
	}
	return what;
}
