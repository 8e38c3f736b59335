/* doctor_machine.c - what no file tells of this machine; see doctor.h. */
#include "cli/doctor.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/cores.h"

/* Does a UDP socket of this kernel take the option?  Where there can be none, nobody can tell. */
static bool takes(int option, int value)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool yes = fd < 0 || setsockopt(fd, SOL_UDP, option, &value, sizeof value) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

/* Asking needs no right. */
static bool is_synced(void)
{
	struct timex t = { .modes = 0 };

	return adjtimex(&t) < 0 || !(t.status & STA_UNSYNC);
}

static const char *program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	if (n <= 0)
		return "millrace";
	path[n] = '\0';
	return path;
}

void doctor_machine_of_this(struct doctor_machine *m, const struct mr_aead *const *aeads)
{
	*m = (struct doctor_machine){
		.root = "",
		.program = program(),
		.plugins = secure_getenv("MILLRACE_PLUGINS"),
		.cores = mr_cores_granted(),
		.gso = takes(UDP_SEGMENT, 1200),
		.gro = takes(UDP_GRO, 1),
		.synced = is_synced(),
	};
	if (aeads)
		mr_aead_choose(aeads, mr_clock_now, m->score, &m->scores);
}
