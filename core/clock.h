/* clock.h - time as a value.
 *
 * Time is nanoseconds of CLOCK_MONOTONIC in a uint64_t.  It is read once per turn by a worker and
 * handed on; nothing below stages/ reads a clock.  Tests own the clock by handing in numbers.
 */
#ifndef MR_CORE_CLOCK_H
#define MR_CORE_CLOCK_H

#include <stdint.h>

#define MR_NS_PER_US UINT64_C(1000)
#define MR_NS_PER_MS UINT64_C(1000000)
#define MR_NS_PER_S  UINT64_C(1000000000)
#define MR_NEVER     UINT64_MAX /* a deadline that does not come */

/* Now.  Workers and cli only. */
uint64_t mr_clock_now(void);

/* Nanoseconds since 1970 began, UTC; may jump.  For lines that people read, never for deadlines. */
uint64_t mr_clock_wall(void);

#endif
