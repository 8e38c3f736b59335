/* plugin.h - what a loadable module exports: stage kinds and AEAD providers in a shared object.
 *
 * A module is written like a stage or a provider that is built in, against core/stage.h, and ends
 * with one const descriptor:
 *
 *     const struct mr_plugin mr_plugin = {
 *             .abi = MR_ABI, .name = "count", .version = "1",
 *             .summary = "count the packets of an edge",
 *             .kinds = (const struct mr_kind *const[]){ &count, NULL },
 *     };
 *
 * It is linked with nothing of millrace's: the program exports the runtime, and what the module
 * refers to is found there when it is loaded.  The program loads modules on main before it reads a
 * graph (core/plugins.h); one it does not like is refused with a sentence and the node runs
 * without.  `pkg-config millrace-plugin` says how to compile one and where it is looked for
 * (doc/plugins.md).
 */
#ifndef MR_CORE_PLUGIN_H
#define MR_CORE_PLUGIN_H

#include "core/aead.h"
#include "core/stage.h"

struct mr_plugin {
	unsigned    abi;     /* MR_ABI; first for ever, and nothing else is looked at when it
	                      * differs                                                  */
	const char *name;    /* words joined by '-'; no other loaded module has it       */
	const char *version; /* the module's own                                         */
	const char *summary; /* one line for `millrace version`                          */
	const struct mr_kind *const *kinds; /* NULL-terminated; NULL: none               */
	const struct mr_aead *const *aeads; /* likewise                                  */
};

/* Defined by the module, found by its name. */
extern const struct mr_plugin mr_plugin __attribute__((visibility("default")));

#endif
