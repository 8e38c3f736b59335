/* later.h - packets that wait for their time, or until others have passed them.
 *
 * What is due at the same time leaves in the order it came.  A packet that waits to be passed has a
 * time too and leaves at the earlier of the two: nothing waits for traffic that has ended.
 */
#ifndef T_LIB_LATER_H
#define T_LIB_LATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LATER_MOST 65536 /* packets waiting at once                      */
#define LATER_HELD 256   /* of those, waiting to be passed               */

struct later_packet {
	uint64_t due;    /* ns                                                      */
	uint64_t order;  /* given by later_put: less for what came earlier          */
	unsigned way;    /* the caller's name for a direction                       */
	unsigned behind; /* packets of the way that have still to pass; 0: due only */
	size_t   n;
	uint8_t *bytes;  /* owned by struct later, then by who took it              */
};

struct later {
	struct later_packet *heap; /* owned; a binary heap, what leaves next on top */
	unsigned             n, room;
	struct later_packet  held[LATER_HELD];
	unsigned             holding;
	uint64_t             orders;
};

/* Copies the bytes.  False: too many wait, or there is no memory. */
bool later_put(struct later *l, const struct later_packet *p);

/* A packet of the way has passed. */
void later_passed(struct later *l, unsigned way);

/* The next that may leave, into *out, whose bytes the caller frees.  False: none. */
bool later_take(struct later *l, uint64_t now, struct later_packet *out);

/* When the next may leave, if nothing passes it; UINT64_MAX when none waits. */
uint64_t later_next(const struct later *l);

void later_free(struct later *l);

#endif
