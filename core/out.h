/* out.h - a descriptor that is written to without ever waiting for its reader.
 *
 * What the reader does not keep up with is refused, whole; of a text that went out in part the rest
 * is kept and goes first the next time.  The way depends on what the descriptor is:
 *
 *   socket            asked not to wait, a call at a time
 *   pipe, terminal    opened anew, so that not to wait is set for us and not for others who write
 *                     there
 *   ... not allowed   asked whether there is room; what a pipe then has room for is PIPE_BUF
 *   file              written: a disk is waited for
 *
 * Main only.
 */
#ifndef MR_CORE_OUT_H
#define MR_CORE_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct mr_out;

/* fd is borrowed until close.  NULL: no memory. */
struct mr_out *mr_out_open(int fd);
void mr_out_close(struct mr_out *o);

/* False: nothing of it was taken. */
bool mr_out_write(struct mr_out *o, const char *text, size_t n);

#endif
