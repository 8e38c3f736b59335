/* modules.h - the loadable modules of this build, for tests: loaded by file, from MILLRACE_PLUGINS
 * or, without it, from where the build puts them.  They stay loaded as long as the program runs. */
#ifndef T_LIB_MODULES_H
#define T_LIB_MODULES_H

#include "core/plugins.h"

/* The registry: mbedTLS, and what was loaded so far. */
const struct mr_plugins *modules(void);

/* Load plugins/<name>.so, once.  False when this build has no such module; one that is there and
 * does not load ends the test. */
bool modules_load(const char *name);

/* A kind of a module that this build must have. */
const struct mr_kind *modules_kind(const char *module, const char *kind);

#endif
