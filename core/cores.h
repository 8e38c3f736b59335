/* cores.h - how many cores this process may use, and which.
 *
 * Machines have more cores than a process always gets: an affinity mask (taskset, a container's
 * cpuset) names some of them, a quota of the control group (cpu.max) grants the time of so many.
 * `auto` and spinning go by what is granted, not by what is there.
 */
#ifndef MR_CORE_CORES_H
#define MR_CORE_CORES_H

#define MR_CORES_MAX 1024

/* Numbers of the cores in the calling thread's affinity mask, ascending, the first `max` of them to
 * `core`; returns how many there are, at most `max` and at least 1.  Any thread. */
unsigned mr_cores_ours(unsigned *core, unsigned max);

/* What `cores` cores are worth under a quota as cpu.max has it ("max 100000", "150000 100000"):
 * whole cores, rounded up, [1, cores].  NULL or text of another form: all of them. */
unsigned mr_cores_under(unsigned cores, const char *quota);

/* Both for this process: cores of the mask, under the quotas of its control group and of those
 * above.  Set-up only: it reads files. */
unsigned mr_cores_granted(void);

#endif
