/* always.h - ck_assert where packets pass by the million: that one tells the parent process of each
 * time it holds, which takes as long as all the rest. */
#ifndef T_LIB_ALWAYS_H
#define T_LIB_ALWAYS_H

#include <check.h>

#define ck_always(what)                                    \
	do {                                               \
		if (!(what))                               \
			ck_abort_msg("not so: %s", #what); \
	} while (0)

#endif
