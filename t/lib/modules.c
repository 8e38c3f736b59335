/* modules.c - see modules.h. */
#include "t/lib/modules.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct mr_plugins *registry(void)
{
	static struct mr_plugins *plugins;

	if (!plugins)
		plugins = mr_plugins_open(NULL, mr_aead_builtin);
	if (!plugins)
		abort();
	return plugins;
}

const struct mr_plugins *modules(void)
{
	return registry();
}

/* The programs of tests are two folders below the top of the build. */
static void path_of(char path[PATH_MAX], const char *name)
{
	const char *env = getenv("MILLRACE_PLUGINS");
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	int len;

	exe[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 3 && strrchr(exe, '/'); up++)
		*strrchr(exe, '/') = '\0';
	if (env && *env)
		len = snprintf(path, PATH_MAX, "%s/%s.so", env, name);
	else
		len = snprintf(path, PATH_MAX, "%s/plugins/%s.so", exe, name);
	if (len >= PATH_MAX)
		abort();
}

bool modules_load(const char *name)
{
	struct mr_plugins *p = registry();
	const struct mr_module *m;
	char path[PATH_MAX];

	for (unsigned i = 0; i < p->modules; i++)
		if (!strcmp(p->module[i].plugin->name, name))
			return true;
	path_of(path, name);
	if (access(path, F_OK) != 0)
		return false;
	m = mr_plugins_add(p, path, false);
	if (m->refused) {
		fprintf(stderr, "%s: %s\n", path, m->refused);
		abort();
	}
	return true;
}

const struct mr_kind *modules_kind(const char *module, const char *kind)
{
	const struct mr_plugins *p = modules();

	ck_assert_msg(modules_load(module), "no module %s in this build", module);
	for (unsigned i = 0; i < p->nkinds; i++)
		if (!strcmp(p->kinds[i]->name, kind))
			return p->kinds[i];
	ck_abort_msg("%s has no kind %s", module, kind);
	return NULL;
}
