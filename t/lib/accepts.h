/* accepts.h - a process that has no descriptor left for whoever calls, for as long as a test wants:
 * accept4 is this one. */
#ifndef T_LIB_ACCEPTS_H
#define T_LIB_ACCEPTS_H

#include <stdbool.h>

extern _Atomic bool     accepts_refused; /* with EMFILE     */
extern _Atomic unsigned accepts_tried;   /* ... so many yet */

/* Refuse, until it has been tried a few times; fails the test where that was no looking now and
 * then, but trying without a pause. */
void accepts_look(void);

#endif
