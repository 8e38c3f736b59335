/* numberer.c - see numberer.h. */

#include "stages/lib/numberer.h"

#include "fips/path/snapshot.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"

int mr_numberer_open(void *self, struct mr_setup *s)
{
	struct mr_numberer *nr = self;

	nr->mesh = s->use[0];
	nr->aead = s->aead;
	nr->worker = s->worker;
	nr->shared = s->spread;
	return 0;
}

void mr_numberer_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct mr_fips_snapshot *snapshot;

	(void)self;
	(void)t;
	if (order->kind != MR_ORD_SENT_REPORT)
		return;
	snapshot = mr_snapshot_of(order);
	snapshot->due = fips_sent_snapshot(order->p, &snapshot->sender);
}
