/* doctor_kernel.c - what kernel and processor give, and how the graph shares the cores. */
#include "cli/doctor.h"

#include <inttypes.h>
#include <string.h>

#include "core/json.h"

/* ---- offloads ---- */

static void want_kernel(struct doctor *d, const char *least)
{
	if (doctor_exists(d, "/etc/debian_version"))
		doctor_mend(d, "apt-get install linux-image-$(dpkg --print-architecture) && reboot  (%s or "
		               "newer; from backports if need be)", least);
	else
		doctor_mend(d, "install Linux %s or newer, and start it", least);
}

static void look_udp(struct doctor *d)
{
	if (!d->wish.link_mtu)
		return;
	if (!d->machine->gso) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "the kernel does not cut messages apart (UDP_SEGMENT): each frame costs a "
		            "system call's share and its own way through the kernel");
		want_kernel(d, "4.18");
	}
	if (!d->machine->gro) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "the kernel does not put datagrams together (UDP_GRO): what arrives costs "
		            "several times as much");
		want_kernel(d, "5.0");
	}
}

/* TUN_F_USO6 came with Linux 6.2; before, tun.c goes on without. */
static void look_tun(struct doctor *d)
{
	if (!d->wish.tun)
		return;
	if (!d->wish.offload) {
		doctor_find(d, DOCTOR_ADVICE,
		            "tun.offload is off: each packet of %s is a system call of its own, and TCP "
		            "through it several times slower", d->wish.tun_name);
		doctor_set(d, "tun.offload", "true");
	} else if (d->wish.uso && !doctor_kernel_is(d, 6, 2)) {
		doctor_find(d, DOCTOR_ADVICE,
		            "the kernel hands over what programs send by UDP one packet at a time (no USO): "
		            "QUIC and the like are slower than TCP");
		want_kernel(d, "6.2");
	}
}

/* ---- processor ---- */

#define CPUS "/sys/devices/system/cpu"

/* With intel_pstate and amd-pstate-epp, powersave still goes up under load. */
static bool is_slow(const struct doctor *d, unsigned cpu, char word[64])
{
	char path[128], driver[64];

	snprintf(path, sizeof path, CPUS "/cpu%u/cpufreq/scaling_governor", cpu);
	if (!doctor_text(d, path, word, 64) ||
	    (strcmp(word, "powersave") && strcmp(word, "conservative") && strcmp(word, "ondemand")))
		return false;
	snprintf(path, sizeof path, CPUS "/cpu%u/cpufreq/scaling_driver", cpu);
	return strcmp(word, "powersave") || !doctor_text(d, path, driver, sizeof driver) ||
	       (strcmp(driver, "intel_pstate") && strcmp(driver, "amd-pstate-epp"));
}

static void look_governor(struct doctor *d)
{
	char word[64];

	for (unsigned cpu = 0; cpu < 1024; cpu++) {
		if (!is_slow(d, cpu, word))
			continue;
		doctor_find(d, DOCTOR_ADVICE,
		            "cpu%u is governed by `%s`: bursts begin at a low frequency, and pings through "
		            "the mesh take longer", cpu, word);
		doctor_mend(d, "echo performance | tee " CPUS "/cpu*/cpufreq/scaling_governor");
		doctor_keep(d, "echo 'w " CPUS "/cpu*/cpufreq/scaling_governor - - - - performance' "
		               ">/etc/tmpfiles.d/millrace-governor.conf");
		return;
	}
}

/* As core/threads.c decides it when the threads are made. */
static void look_cores(struct doctor *d)
{
	const struct mr_graph *g = d->node->graph;
	unsigned cores = d->machine->cores, workers = d->plan ? d->plan->workers : 0, spinning = 0;

	for (unsigned i = 0; g && i < g->places; i++)
		spinning += g->place[i].spin_us > 0;
	if (workers <= cores || !g)
		return;
	if (spinning) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "%u workers of graph %s share %u cores: none of them spins, though \"idle\" "
		            "says so of %u", workers, g->name, cores, spinning);
		doctor_set(d, "graph", "\"auto\"");
	} else if (workers > 2 * cores + 1) {
		doctor_find(d, DOCTOR_ADVICE,
		            "%u workers of graph %s share %u cores: they wait for each other, and every ring "
		            "between them costs", workers, g->name, cores);
		doctor_set(d, "graph", "\"auto\"");
	}
}

/* ---- AEAD ---- */

static uint64_t cost(const struct mr_aead_score *s)
{
	return s->ns_seal + s->ns_open;
}

static bool refused_by_name(const struct doctor *d, const char *name)
{
	const char *list = d->node->settings.aead.refuse, *at = list ? strstr(list, name) : NULL;
	size_t n = strlen(name);

	return at && (at == list || strchr(", \t", at[-1])) && (!at[n] || strchr(", \t", at[n]));
}

/* Most of a packet's time is sealing and opening. */
static void look_aead(struct doctor *d)
{
	const struct mr_aead_score *best = NULL, *used = NULL, *s;
	char flags[8192];

	for (unsigned i = 0; i < d->machine->scores; i++) {
		s = &d->machine->score[i];
		if (s->refused)
			continue;
		if (!best || cost(s) < cost(best))
			best = s;
		if (!refused_by_name(d, s->provider->name) && (!used || cost(s) < cost(used)))
			used = s;
	}
	if (!best || !used)
		return;
	if (cost(best) * 5 < cost(used) * 4) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "aead.refuse leaves %s, which needs %" PRIu64 " ns for a packet where %s needs "
		            "%" PRIu64,
		            used->provider->name, cost(used), best->provider->name, cost(best));
		doctor_mend(d, "take %s out of \"aead\": { \"refuse\": ... } in the node file",
		            best->provider->name);
	} else if (d->machine->scores == 1 &&
	           doctor_value(d, "/proc/cpuinfo", "flags", flags, sizeof flags) &&
	           strstr(flags, " avx2")) {
		doctor_find(d, DOCTOR_PROBLEM,
		            "no AEAD plugin was found, and this processor has AVX2: sealing and opening cost "
		            "several times what they need");
		if (d->machine->plugins && *d->machine->plugins)
			doctor_mend(d, "unset MILLRACE_PLUGINS  (%s is in the place of the installed folder)",
			            d->machine->plugins);
		else
			doctor_mend(d, "make install  (of all that was built; `millrace version` says where plugins "
			               "are looked for)");
	}
}

/* ---- the clock ---- */

static void look_clock(struct doctor *d)
{
	if (d->machine->synced)
		return;
	doctor_find(d, DOCTOR_ADVICE,
	            "the clock is not synchronised: what this node announces may look older or newer to "
	            "others than it is, and lines of its log do not match theirs");
	doctor_mend(d, "apt-get install systemd-timesyncd && timedatectl set-ntp true");
}

const struct doctor_probe doctor_kernel[] = {
	{ "udp-offload", "UDP_SEGMENT and UDP_GRO", look_udp },
	{ "tun-offload", "whether the device hands over many packets at a time", look_tun },
	{ "governor", "the frequency of the cores", look_governor },
	{ "cores", "workers and spinning against the cores that are granted", look_cores },
	{ "aead", "the fastest AEAD provider that may be used", look_aead },
	{ "clock", "whether it is synchronised", look_clock },
	{ 0 }
};
