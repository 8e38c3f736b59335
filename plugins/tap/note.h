/* note.h - what a tap writes beside a copy, for whoever stores it.
 *
 * A copy is a packet of the tap's own: the first bytes of the original's view at MR_HEADROOM, its
 * descriptor's near, far, mark and flags, the transport address beside it (mr_pkt_via), and in
 * front of the view, in the headroom,
 *
 *     base              + 64            MR_HEADROOM (128)
 *      | struct tap_note |               | the bytes
 *
 * Everything is there by value: the tap may be gone before its copies are.
 */
#ifndef MR_PLUGINS_TAP_NOTE_H
#define MR_PLUGINS_TAP_NOTE_H

#include <string.h>

#include "core/stage.h"

#define TAP_SORT "copies of a tap" /* the sort of the ports that copies take */
#define TAP_NAME 32                /* bytes of a stage's name with its NUL   */

enum tap_direction { TAP_UNSAID, TAP_IN, TAP_OUT };

struct tap_note {
	char     name[TAP_NAME]; /* of the tap's stage                           */
	uint64_t time;           /* ns, when the packet passed                   */
	uint32_t len;            /* bytes the packet's view had                  */
	uint32_t direction;      /* enum tap_direction                           */
	uint64_t spare[2];
};

_Static_assert(sizeof(struct tap_note) <= MR_HEADROOM, "a copy's headroom holds its note");

static inline void tap_note_put(struct mr_pkt *copy, const struct tap_note *note)
{
	memcpy(copy->base, note, sizeof *note);
}

static inline struct tap_note tap_note_of(const struct mr_pkt *copy)
{
	struct tap_note note;

	memcpy(&note, copy->base, sizeof note);
	return note;
}

#endif
