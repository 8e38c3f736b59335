/* arrivals.h - which numbers of a sequence have come, and how.
 *
 * A sender numbers what it sends 0, 1, 2, ...; the receiver hands each number that comes to
 * arrivals_note().  A bit a number is kept, so that what is lost, doubled or out of order is known
 * exactly, however late it comes.  A number is displaced by how far behind the highest one so far
 * it came.
 */
#ifndef T_LIB_ARRIVALS_H
#define T_LIB_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

struct arrivals {
	uint8_t *seen;  /* owned; a bit a number                      */
	uint64_t known; /* numbers that seen has room for             */
	uint64_t next;  /* one more than the highest that came, or 0  */
	uint64_t different;  /* came, each counted once               */
	uint64_t duplicated; /* came again                            */
	uint64_t reordered;  /* came first after a higher one         */
	uint64_t displaced;  /* most places any of them came late     */
};

/* Numbers from `first` to `last`, both included. */
struct arrivals_gap {
	uint64_t first, last;
};

/* False, and nothing noted: the number is not below `sent`, or there is no memory. */
bool arrivals_note(struct arrivals *a, uint64_t number, uint64_t sent);

/* The first `max` gaps among the `sent` numbers, in order; how many were written. */
unsigned arrivals_gaps(const struct arrivals *a, uint64_t sent, struct arrivals_gap *gap,
                       unsigned max);

void arrivals_free(struct arrivals *a);

#endif
