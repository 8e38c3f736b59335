/* plugins.c - loading modules: trust, load, look, list.  The steps are those of plugins.h. */
#include "core/plugins.h"

#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mr_plugins *mr_plugins_open(const struct mr_kind *const *kinds,
                                   const struct mr_aead *const *aeads)
{
	struct mr_plugins *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	for (; kinds && *kinds && p->nkinds < MR_KINDS_MAX; kinds++)
		p->kinds[p->nkinds++] = *kinds;
	for (; aeads && *aeads && p->naeads < MR_AEAD_MAX; aeads++)
		p->aeads[p->naeads++] = *aeads;
	return p;
}

/* ---- sentences ---- */

static char *sentence(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *sentence(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return text ? text : strdup("no memory to say why");
}

/* ---- 1. may it be trusted? ---- */

/* Who may write here besides root: nobody, or whoever owns the program, who could change that as
 * well.  NULL, or what is wrong. */
static char *distrust(const char *path, const char *what)
{
	struct stat st, program;
	uid_t owner = stat("/proc/self/exe", &program) == 0 ? program.st_uid : 0;

	if (stat(path, &st) != 0)
		return sentence("%s cannot be read: %s", what, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != owner)
		return sentence("%s belongs to user %u, and a program with privileges takes "
		                "plugins from root or its own owner", what, (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return sentence("%s may be written by %s (mode %04o), and a program with privileges "
		                "takes only what nobody else can change: chmod go-w %s", what,
		                st.st_mode & S_IWOTH ? "anybody" : "its group",
		                (unsigned)st.st_mode & 07777u, path);
	return NULL;
}

/* ---- 4. and 5. is it well formed, and new? ---- */

static char *flaw_of_plugin(const struct mr_plugin *plugin)
{
	if (!plugin->name || !mr_name_well_formed(plugin->name))
		return sentence("it has no name of lower-case letters, digits and single '-'");
	if (!plugin->version || !*plugin->version || !plugin->summary ||
	    strchr(plugin->summary, '\n'))
		return sentence("it has no version or no summary of one line");
	if ((!plugin->kinds || !*plugin->kinds) && (!plugin->aeads || !*plugin->aeads))
		return sentence("it has neither a kind nor an AEAD provider");
	return NULL;
}

static bool has_kind(const struct mr_plugins *p, const char *name)
{
	for (unsigned i = 0; i < p->nkinds; i++)
		if (!strcmp(p->kinds[i]->name, name))
			return true;
	return false;
}

static bool has_aead(const struct mr_plugins *p, const char *name)
{
	for (unsigned i = 0; i < p->naeads; i++)
		if (!strcmp(p->aeads[i]->name, name))
			return true;
	return false;
}

static char *take_kinds(struct mr_plugins *p, const struct mr_kind *const *kinds)
{
	char buf[MR_FLAW];

	for (; kinds && *kinds; kinds++) {
		const char *name = (*kinds)->abi == MR_ABI ? (*kinds)->name : NULL;

		if (mr_kind_flaw(*kinds, buf))
			return sentence("its kind %s %s", name ? name : "without a name", buf);
		if (has_kind(p, name))
			return sentence("there is a kind %s already", name);
		if (p->nkinds == MR_KINDS_MAX)
			return sentence("there are %d kinds already", MR_KINDS_MAX);
		p->kinds[p->nkinds++] = *kinds;
	}
	return NULL;
}

static char *take_aeads(struct mr_plugins *p, const struct mr_aead *const *aeads)
{
	char buf[MR_FLAW];

	for (; aeads && *aeads; aeads++) {
		const char *name = (*aeads)->name;

		if (mr_aead_flaw(*aeads, buf))
			return sentence("its AEAD provider %s %s", name ? name : "without a name",
			                buf);
		if (has_aead(p, name))
			return sentence("there is an AEAD provider %s already", name);
		if (p->naeads == MR_AEAD_MAX)
			return sentence("there are %d AEAD providers already", MR_AEAD_MAX);
		p->aeads[p->naeads++] = *aeads;
	}
	return NULL;
}

/* Back to so many kinds and providers: the lists end with NULL wherever they end. */
static void cut_lists(struct mr_plugins *p, unsigned kinds, unsigned aeads)
{
	while (p->nkinds > kinds)
		p->kinds[--p->nkinds] = NULL;
	while (p->naeads > aeads)
		p->aeads[--p->naeads] = NULL;
}

/* All of a module or nothing. */
static char *take(struct mr_plugins *p, const struct mr_plugin *plugin)
{
	unsigned kinds = p->nkinds, aeads = p->naeads;
	char *why = flaw_of_plugin(plugin);

	for (unsigned i = 0; !why && i < p->modules; i++)
		if (p->module[i].plugin && !strcmp(p->module[i].plugin->name, plugin->name))
			why = sentence("there is a plugin %s already, from %s", plugin->name,
			               p->module[i].file);
	if (!why)
		why = take_kinds(p, plugin->kinds);
	if (!why)
		why = take_aeads(p, plugin->aeads);
	if (why)
		cut_lists(p, kinds, aeads);
	return why;
}

/* ---- 2. and 3. does it load, and is it one of ours? ---- */

static char *load_module(struct mr_plugins *p, struct mr_module *m)
{
	const struct mr_plugin *plugin;
	char *why;

	m->handle = dlopen(m->file, RTLD_NOW | RTLD_LOCAL);
	if (!m->handle) {
		const char *error = dlerror(); /* begins with the file's name */
		size_t n = strlen(m->file);

		if (error && !strncmp(error, m->file, n) && !strncmp(error + n, ": ", 2))
			error += n + 2;
		return sentence("it does not load: %s", error ? error : "no reason given");
	}
	plugin = dlsym(m->handle, "mr_plugin");
	if (!plugin)
		why = sentence("it exports no mr_plugin, so it is no plugin of millrace");
	else if (plugin->abi != MR_ABI)
		why = sentence("it is built for ABI %u, and this program has %d", plugin->abi,
		               MR_ABI);
	else
		why = take(p, plugin);
	if (!why) {
		m->plugin = plugin;
		return NULL;
	}
	dlclose(m->handle);
	m->handle = NULL;
	return why;
}

const struct mr_module *mr_plugins_add(struct mr_plugins *p, const char *file, bool privileged)
{
	struct mr_module *m = &p->module[p->modules];

	assert(p->modules < MR_MODULES_MAX);
	m->file = sentence("%s", file);
	m->refused = privileged ? distrust(file, "the file") : NULL;
	if (!m->refused)
		m->refused = load_module(p, m);
	p->modules++;
	return m;
}

/* ---- a folder ---- */

static int is_module(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 3 && !strcmp(entry->d_name + n - 3, ".so");
}

void mr_plugins_load(struct mr_plugins *p, const char *folder, bool privileged)
{
	struct dirent **list = NULL;
	int n;

	p->folder = strdup(folder);
	if (!p->folder || (access(folder, F_OK) != 0 && errno == ENOENT))
		return;
	p->refused = privileged ? distrust(folder, "the folder") : NULL;
	if (p->refused)
		return;
	n = scandir(folder, &list, is_module, alphasort);
	if (n < 0)
		p->refused = sentence("the folder cannot be read: %s", strerror(errno));
	else if (n > MR_MODULES_MAX)
		p->refused = sentence("%d modules are more than the %d that can be loaded", n,
		                      MR_MODULES_MAX);
	for (int i = 0; i < n; i++) {
		char *file = sentence("%s/%s", folder, list[i]->d_name);

		if (!p->refused)
			mr_plugins_add(p, file, privileged);
		free(file);
		free(list[i]);
	}
	free(list);
}

/* ---- what came of it ---- */

void mr_plugins_report(const struct mr_plugins *p, struct mr_report *report)
{
	if (p->refused)
		mr_warn(report, (struct mr_where){ .file = p->folder }, "no plugins: %s",
		        p->refused);
	for (unsigned i = 0; i < p->modules; i++)
		if (p->module[i].refused)
			mr_warn(report, (struct mr_where){ .file = p->module[i].file },
			        "plugin refused: %s", p->module[i].refused);
}

const struct mr_module *mr_plugins_of_kind(const struct mr_plugins *p, const struct mr_kind *kind)
{
	for (unsigned i = 0; i < p->modules; i++) {
		const struct mr_plugin *plugin = p->module[i].plugin;

		for (unsigned k = 0; plugin && plugin->kinds && plugin->kinds[k]; k++)
			if (plugin->kinds[k] == kind)
				return &p->module[i];
	}
	return NULL;
}

const struct mr_module *mr_plugins_of_aead(const struct mr_plugins *p, const struct mr_aead *aead)
{
	for (unsigned i = 0; i < p->modules; i++) {
		const struct mr_plugin *plugin = p->module[i].plugin;

		for (unsigned k = 0; plugin && plugin->aeads && plugin->aeads[k]; k++)
			if (plugin->aeads[k] == aead)
				return &p->module[i];
	}
	return NULL;
}

void mr_plugins_close(struct mr_plugins *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->modules; i++) {
		if (p->module[i].handle)
			dlclose(p->module[i].handle);
		free(p->module[i].file);
		free(p->module[i].refused);
	}
	free(p->folder);
	free(p->refused);
	free(p);
}
