/* fetch.h - one answer of a running node: of its HTTP server (core/loop.h), for `millrace stats`
 * and `millrace reload`, or of its control socket (core/oneline.h).
 *
 * A plain blocking client: connect, send, read to the end.  Nothing takes longer than
 * FETCH_PATIENCE without a byte.
 */
#ifndef MILLRACE_CLI_FETCH_H
#define MILLRACE_CLI_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define FETCH_DEFAULT  "127.0.0.1:9180" /* where a node listens unless told otherwise */
#define FETCH_PATIENCE 5          /* seconds                      */
#define FETCH_MAX      (64u << 20) /* bytes of an answer, at most */

/* GET path from `where`: "http://host:port", "host:port" or "unix:/path".  Returns the body,
 * malloc'd, with a NUL behind it and its length in len; or NULL with a sentence in why. */
char *cli_fetch(const char *where, const char *path, size_t *len, char *why, size_t room);

/* Send a line, with its newline, to the socket at this path; everything it answers, as above. */
char *cli_fetch_line(const char *path, const char *line, size_t *len, char *why, size_t room);

/* What `http.listen` of a node file means to a client on the same machine: every address becomes
 * the loopback one.  Writes to out; returns out. */
const char *cli_fetch_where(const char *listen, char *out, size_t room);

/* The same for the http.listen of a node file; *off: it says that nothing is shown.  False after
 * complaining that the file cannot be read. */
bool cli_where_of_file(const char *file, char *out, size_t room, bool *off,
                       struct mr_report *report);

#endif
