/* plugins.h - the kinds and AEAD providers a program has: those built in, and those of modules.
 *
 * One registry object is opened on main with what is built in, fed from a folder of shared objects,
 * handed to whoever reads a graph or chooses a provider, and closed after everything that came from
 * it.  A module is looked at in this order, and refused at the first thing that is wrong:
 *
 *   1. may it be trusted?     privileged programs take nothing that others could have written
 *   2. does it load?          every symbol is bound at once (RTLD_NOW | RTLD_LOCAL)
 *   3. is it one of ours?     it exports mr_plugin, with this program's MR_ABI
 *   4. is it well formed?     every kind and provider descriptor (mr_kind_flaw)
 *   5. is it new?             no name of a module, kind or provider exists already
 *
 * A refusal is a sentence kept beside the file's name; the program goes on without that module.
 */
#ifndef MR_CORE_PLUGINS_H
#define MR_CORE_PLUGINS_H

#include "core/err.h"
#include "core/plugin.h"

#define MR_KINDS_MAX   128
#define MR_MODULES_MAX 64
#define MR_FLAW        256 /* bytes of a sentence about a descriptor */

struct mr_module {
	char                   *file;    /* owned; path it was loaded from                 */
	const struct mr_plugin *plugin;  /* NULL: refused                                  */
	char                   *refused; /* owned; why, as the end of a sentence, or NULL  */
	void                   *handle;  /* of dlopen; NULL when refused                   */
};

struct mr_plugins {
	const struct mr_kind *kinds[MR_KINDS_MAX + 1]; /* NULL-terminated, built-in ones first */
	const struct mr_aead *aeads[MR_AEAD_MAX + 1];  /* likewise                         */
	struct mr_module      module[MR_MODULES_MAX];  /* by file name                     */
	unsigned              nkinds, naeads, modules;
	char                 *folder;  /* owned; where modules were looked for, or NULL    */
	char                 *refused; /* owned; why the whole folder was refused, or NULL */
};

/* A registry with the kinds (NULL-terminated; NULL: none) and providers (likewise) that are built
 * in.  NULL: no memory.  Main only, as all of these. */
struct mr_plugins *mr_plugins_open(const struct mr_kind *const *kinds,
                                   const struct mr_aead *const *aeads);

/* Load every *.so of a folder, in the order of their names; `privileged`: as described above.  A
 * folder that is not there holds no modules.  Once a registry. */
void mr_plugins_load(struct mr_plugins *p, const char *folder, bool privileged);

/* Load one file, of MR_MODULES_MAX at most; what came of it is at the end of the list and
 * returned. */
const struct mr_module *mr_plugins_add(struct mr_plugins *p, const char *file, bool privileged);

/* A warning for each refusal. */
void mr_plugins_report(const struct mr_plugins *p, struct mr_report *report);

/* Which module does this kind, or provider, come from?  NULL: built in. */
const struct mr_module *mr_plugins_of_kind(const struct mr_plugins *p, const struct mr_kind *kind);
const struct mr_module *mr_plugins_of_aead(const struct mr_plugins *p, const struct mr_aead *aead);

/* Unload.  Nothing of a module may be in use any more. */
void mr_plugins_close(struct mr_plugins *p);

/* ---- kind.c, kind_settings.c: is a descriptor well formed? ----
 *
 * What the runtime takes for granted about a descriptor: tables there and ended, names that can be
 * words of a graph file, reaches within the outputs, callbacks that belong together, settings
 * inside the state.  Returns NULL when all is well, else `buf` with the end of a sentence that
 * begins with the kind's name.  A provider likewise. */
const char *mr_kind_flaw(const struct mr_kind *kind, char buf[MR_FLAW]);
const char *mr_aead_flaw(const struct mr_aead *aead, char buf[MR_FLAW]);

/* Lower-case letters and digits in words joined by '-', at most 31 of them, a letter first. */
bool mr_name_well_formed(const char *name);

#endif
