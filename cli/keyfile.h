/* keyfile.h - secret keys in files (link.md 1.5). */
#ifndef MILLRACE_CLI_KEYFILE_H
#define MILLRACE_CLI_KEYFILE_H

#include <stdbool.h>

#include "core/err.h"
#include "fips/noise/identity.h"

#define CLI_KEY_MAX 256 /* bytes of a key file's text, its white space and NUL included */

/* The trimmed text of a key file: an nsec or hex digits, not looked into.  The last component of
 * the path may not be a symbolic link; bits for group or others are warned of; an empty file is an
 * error.  False after complaining; the caller wipes the text. */
bool cli_key_read(const char *file, char text[CLI_KEY_MAX], struct mr_report *report);

/* Write the nsec to a new file of mode 0600 and the npub to a new one of mode 0644.  Neither may be
 * there.  False after complaining; then neither is left behind. */
bool cli_key_write(const char *secret_file, const char *public_file,
                   const struct fips_identity *id, struct mr_report *report);

/* A key nobody has had. */
void cli_key_fresh(struct fips_identity *id, const struct fips_curve *curve);

/* npub, node address and mesh address, a labelled line each, on standard output. */
void cli_key_print(const struct fips_identity *id);

#endif
