/* aead.h - which AEAD provider a node uses: the fastest that passes, of those it may use.
 *
 * `aead.refuse` of the node file is a list of names, separated by commas or blanks.  The built-in
 * provider cannot be refused: it is what everything falls back to.
 */
#ifndef MILLRACE_CLI_AEAD_H
#define MILLRACE_CLI_AEAD_H

#include "core/aead.h"
#include "core/err.h"
#include "core/log.h"

/* Rule of the setting (core/field.h): what is wrong with the list at *member, or NULL. */
const char *cli_aead_refuse_rule(const void *member);

/* Names in the list that no provider of a NULL-terminated one has; refuse may be NULL. */
void cli_aead_warn_unknown(const struct mr_aead *const *all, const char *refuse,
                           struct mr_where where, struct mr_report *report);

/* Test and measure the providers of a NULL-terminated list but those refused (NULL: none are), the
 * first, which is built in, always; a line of the log for each.  Never NULL. */
const struct mr_aead *cli_aead_choose(const struct mr_aead *const *all, const char *refuse,
                                      uint64_t (*now)(void), const struct mr_log *log);

#endif
