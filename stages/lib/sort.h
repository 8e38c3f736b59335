/* sort.h - what has come from the network goes on, or ends before any cryptography (link.md 3.1).
 *
 *     message 1 or 2              handshakes
 *     frame of a live key         frames; pkt->near is its link
 *     frame of an expected key    handshakes: it takes their road, so that it cannot overtake them
 *     frame of no key of ours     dropped, and so is what is no FMP packet
 */
#ifndef MR_STAGES_SORT_H
#define MR_STAGES_SORT_H

#include <stdbool.h>

#include "core/stage.h"
#include "core/wire.h"
#include "fips/path/entry.h"
#include "fips/wire/link.h"
#include "stages/lib/mesh.h"

/* Outputs and drops of a stage that receives. */
struct mr_sorting {
	unsigned frames, handshakes; /* outputs */
	unsigned unknown;            /* drop: an index of no key */
	unsigned bad[FIPS_FRAME_FLAGS - FIPS_FRAME_SHORT + 1]; /* drops, by verdict from SHORT on */
};

/* Emit or drop one packet.  `last` remembers the entry of a run's index, NULL before the first.
 * Returns whether it is a frame of a key that is ours, live or expected.
 * The stage's, on its worker. */
static inline bool mr_sort(const struct mr_sorting *to, const struct mr_mesh *mesh,
                           struct mr_pkt *p, const struct fips_index_entry **last,
                           struct mr_turn *t)
{
	enum fips_frame frame = fips_frame_check(p->data, p->len);
	const uint8_t *index = p->data + FIPS_LINK_PREFIX;

	if (frame == FIPS_FRAME_MSG1 || frame == FIPS_FRAME_MSG2) {
		mr_emit(t, to->handshakes, p);
		return false;
	}
	if (frame != FIPS_FRAME_ESTABLISHED) {
		mr_drop(t, to->bad[frame - FIPS_FRAME_SHORT], p);
		return false;
	}
	if (!*last || (*last)->index != mr_le32(index))
		*last = mr_table_find(mesh->index, index);
	if (!*last) {
		mr_drop(t, to->unknown, p);
		return false;
	}
	p->near = (*last)->link;
	mr_emit(t, (*last)->live ? to->frames : to->handshakes, p);
	return true;
}

#endif
