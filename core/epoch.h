/* epoch.h - sections in which what a table points to stays where it is.
 *
 * A reader's section is a worker's turn.  What the writer takes out of sight is freed when every
 * section that was open then has ended (ck_epoch, one record a thread).  One thread retires and
 * polls: the host's.
 *
 * Concurrency Kit 0.7 lets a section's loads run ahead of its look at the epoch on machines that
 * reorder loads; the fence here stops that.  ThreadSanitizer sees neither side, so the end of a
 * section and the beginning of what is done after a grace period are told to it.
 */
#ifndef MR_CORE_EPOCH_H
#define MR_CORE_EPOCH_H

#include <ck_epoch.h>

#include "core/tsan.h"

/* Reader's thread only, not nested. */
static inline void mr_epoch_begin(ck_epoch_record_t *record)
{
	ck_epoch_begin(record, NULL);
	atomic_thread_fence(memory_order_acquire);
}

static inline void mr_epoch_end(ck_epoch_record_t *record)
{
	mr_hand_over(record->global);
	ck_epoch_end(record, NULL);
}

/* First thing in a function given to ck_epoch_call. */
static inline void mr_epoch_passed(ck_epoch_t *epoch)
{
	mr_take_over(epoch);
}

#endif
