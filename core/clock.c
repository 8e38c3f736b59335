/* clock - the one place that reads the machine's clock. */
#include "core/clock.h"

#include <stdlib.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		abort();
	return (uint64_t)t.tv_sec * MR_NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t mr_clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t mr_clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}
