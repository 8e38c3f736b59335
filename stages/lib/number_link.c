/* number_link.c - counters, headers and operations for links; see number_link.h. */

#include "stages/lib/number_link.h"

#include <string.h>

#include "fips/path/link_seal.h"
#include "stages/lib/words.h"

const struct mr_named mr_link_drops[] = {
	{ "no-link", .help = "the link is gone" },
	{ "too-big", .help = "larger than the link's MTU" },
	{ "key-used-up", .help = "the key has sealed all it may" },
	{ 0 }
};

static struct mr_link_target target_of(const struct mr_numberer *fs, uint64_t near)
{
	struct mr_link_target to = { .entry = mr_table_at(fs->mesh->links, near),
	                             .why = MR_LINK_GONE };

	if (to.entry && !to.entry->send)
		to.entry = NULL;
	to.most = to.entry ? fips_link_message_max(to.entry->mtu) : SIZE_MAX;
	return to;
}

/* Step 1: who they are for.  Only what fits is left. */
static void find_links(const struct mr_numberer *fs, const struct mr_vector *v,
                       struct mr_link_batch *b, struct mr_turn *turn)
{
	unsigned t = 0, known = 0;

	mr_targets_begin(&b->links);
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];

		if (i == 0 || p->near != b->links.handle[t])
			t = mr_target(&b->links, p->near);
		if (t == known)
			b->target[known++] = target_of(fs, p->near);
		if (p->len > b->target[t].most) {
			mr_drop(turn, MR_LINK_TOO_BIG, p);
			continue;
		}
		b->target[t].n++;
		b->links.of[b->n] = (uint8_t)t;
		b->pkt[b->n++] = p;
	}
}

static void number(struct mr_link_batch *b)
{
	for (unsigned i = 0; i < b->links.n; i++) {
		struct mr_link_target *to = &b->target[i];

		if (!to->entry || to->n == 0)
			continue;
		if (!fips_number(to->entry->send, to->n, &to->first)) {
			to->entry = NULL;
			to->why = MR_LINK_KEY_USED_UP;
			continue;
		}
		to->next = to->first;
	}
}

/* Step 2: headers and operations, in the order of the vector; what has none is dropped. */
static void write_ops(const struct mr_numberer *fs, bool forwarded, struct mr_link_batch *b,
                      struct mr_turn *t)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct mr_link_target *to = &b->target[b->links.of[i]];
		struct mr_pkt *p = b->pkt[i];
		bool ce = forwarded && (p->flags & MR_FLAG_CE);

		if (!to->entry) {
			mr_drop(t, to->why, p);
			continue;
		}
		p->data = fips_link_seal_op(to->entry->send, fs->worker, to->next++, ce, t->now,
		                            p->data, p->len, &b->op[b->ops]);
		p->len += FIPS_LINK_OVERHEAD;
		p->mark = MR_SHAPE_FRAME;
		to->bytes += p->len;
		memcpy(mr_pkt_via(p), &to->entry->via, sizeof to->entry->via);
		b->links.of[b->ops] = b->links.of[i];
		b->pkt[b->ops++] = p;
	}
}

static void count_sent(const struct mr_numberer *fs, const struct mr_link_batch *b, uint64_t now)
{
	for (unsigned i = 0; i < b->links.n; i++) {
		const struct mr_link_target *to = &b->target[i];

		if (to->entry && to->n)
			fips_sent_run(to->entry->send, to->first, to->n, to->bytes,
			              fips_send_stamp(to->entry->send, now), false, fs->shared,
			              now);
	}
}

void mr_number_links(struct mr_numberer *fs, bool forwarded, const struct mr_vector *v,
                     struct mr_link_batch *b, struct mr_turn *t)
{
	b->n = b->ops = 0;
	find_links(fs, v, b, t);
	number(b);
	write_ops(fs, forwarded, b, t);
	count_sent(fs, b, t->now);
}
