/* cores.c - cores by affinity mask and quota; see cores.h. */

#include "core/cores.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define GROUPS "/sys/fs/cgroup"

unsigned mr_cores_ours(unsigned *core, unsigned max)
{
	cpu_set_t set;
	unsigned n = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) == 0) {
		for (unsigned i = 0; i < CPU_SETSIZE && n < max; i++) {
			if (CPU_ISSET(i, &set))
				core[n++] = i;
		}
	}
	if (n == 0)
		core[n++] = 0;
	return n;
}

unsigned mr_cores_under(unsigned cores, const char *quota)
{
	unsigned long time, period;
	unsigned long whole;

	if (!quota || sscanf(quota, "%lu %lu", &time, &period) != 2 || period == 0)
		return cores;
	whole = time / period + (time % period != 0);
	if (whole == 0)
		whole = 1;
	return whole < cores ? (unsigned)whole : cores;
}

/* First line of a file without its end; false when there is none. */
static bool first_line(const char *path, char *line, int size)
{
	FILE *f = fopen(path, "re");
	bool read = f && fgets(line, size, f);

	if (f)
		fclose(f);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

/* The group is the line "0::/path" (version 2), alone where there are no others. */
static bool find_group(char *group, size_t size)
{
	char line[PATH_MAX];
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::/", 4) == 0 &&
		        snprintf(group, size, "%s", line + 3) < (int)size;
	}
	if (f)
		fclose(f);
	return found;
}

unsigned mr_cores_granted(void)
{
	unsigned core[MR_CORES_MAX], n = mr_cores_ours(core, MR_CORES_MAX);
	char group[PATH_MAX], path[PATH_MAX + 64], quota[64];

	if (!find_group(group, sizeof group))
		return n;
	for (;;) { /* the group, then each above it */
		char *slash;

		snprintf(path, sizeof path, GROUPS "%s/cpu.max", group);
		if (first_line(path, quota, sizeof quota))
			n = mr_cores_under(n, quota);
		slash = strrchr(group, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return n;
}
