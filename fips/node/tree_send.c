/* tree_send.c - which neighbour is to be told what, and when (mesh.md 1.5).
 *
 *     news - at once, at least 500 ms after the last -+- 1 s -+- 4 s -+- 10 s -+- 20 s -+- 60 s ...
 *                                                     told    the same, said again
 *
 * Frames may be lost and nobody acknowledges these, so what was said is said again (ours); whoever
 * heard it finds it stale.  A link that carries nothing for less than it takes to call it dead
 * loses what was said meanwhile: hence the third and fourth.  Several changes within the least
 * interval collapse: what leaves is what holds then. */

#include <assert.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/node/tree.h"

/* From one saying to the next. */
static const uint64_t gaps[] = { 1 * MR_NS_PER_S, 4 * MR_NS_PER_S, 10 * MR_NS_PER_S,
	                         20 * MR_NS_PER_S, 60 * MR_NS_PER_S };

#define STEADY (sizeof gaps / sizeof gaps[0] - 1)

uint64_t fips_tree_due(const struct fips_tree *t, unsigned peer)
{
	const struct fips_tree_peer *p = &t->peers[peer];

	if (!p->up)
		return MR_NEVER;
	if (!p->told)
		return 0;
	return p->sent_at +
	       (p->pending ? t->settings.announce_min * MR_NS_PER_MS : gaps[p->repeats]);
}

void fips_tree_sent(struct fips_tree *t, unsigned peer, uint64_t now)
{
	struct fips_tree_peer *p = &t->peers[peer];

	assert(p->up);
	if (!p->pending && p->repeats < STEADY)
		p->repeats++;
	p->pending = false;
	p->told = true;
	p->sent_at = now;
}

bool fips_tree_sign(struct fips_tree *t, const struct fips_curve *curve,
                    const struct fips_identity *me, const uint8_t aux[32])
{
	if (!t->is_signed)
		t->is_signed = fips_declaration_sign(&t->says, curve, me, aux, t->signature);
	t->counts[FIPS_TREE_OUTBOUND_SIGN_FAILED] += !t->is_signed;
	return t->is_signed;
}

size_t fips_tree_write(const struct fips_tree *t, uint8_t *out, size_t room)
{
	uint8_t entries[FIPS_PATH_MAX * FIPS_TREE_ENTRY];
	struct mr_wire to = mr_wire_write(entries, sizeof entries);
	const struct fips_tree_way *way = &t->way;

	assert(t->is_signed);
	for (unsigned i = 0; i < way->path.n; i++) {
		mr_put_bytes(&to, way->path.a[i].b, FIPS_ADDR_LEN);
		mr_put_le64(&to, way->stamps[i].sequence);
		mr_put_le64(&to, way->stamps[i].timestamp);
	}
	return fips_tree_announce_build(
	        out, room,
	        &(struct fips_tree_announce){ .says = t->says, .n = way->path.n, .entries = entries,
	                                      .signature = t->signature });
}
