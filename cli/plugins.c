/* plugins.c - where loadable modules lie, and whether to be careful with them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/plugins.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cli/cli.h"
#include "stages/kinds.h"

/* Root, or a program with capabilities of its own. */
static bool is_privileged(void)
{
	return geteuid() == 0 || getauxval(AT_SECURE) != 0;
}

/* plugins/ beside the program, when that lies in the tree that made it: config.status tells. */
static bool beside(char path[PATH_MAX])
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n <= 0)
		return false;
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	if (snprintf(path, PATH_MAX, "%s/config.status", exe) >= PATH_MAX ||
	    access(path, F_OK) != 0)
		return false;
	return snprintf(path, PATH_MAX, "%s/plugins", exe) < PATH_MAX;
}

struct mr_plugins *cli_plugins_open(struct mr_report *report)
{
	struct mr_plugins *p = mr_plugins_open(mr_kinds, mr_aead_builtin);
	const char *folder = secure_getenv("MILLRACE_PLUGINS");
	char path[PATH_MAX];

	if (!p)
		return NULL;
	if (!folder || !*folder)
		folder = beside(path) ? path : PLUGINDIR;
	mr_plugins_load(p, folder, is_privileged());
	mr_plugins_report(p, report);
	return p;
}
