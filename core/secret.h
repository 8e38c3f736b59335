/* secret.h - memory for keys: locked, left out of core dumps, wiped when given back.
 *
 * What holds a key outlives a function (key objects, AEAD contexts, handshakes, the identity) comes
 * from here instead of malloc.  Its pages are locked, so that they are never written to swap
 * (mlock), they are left out of core dumps (MADV_DONTDUMP), and each object is overwritten before
 * its place is used again.  A key that lives no longer than a function lies on the stack and is
 * wiped there (mr_wipe).
 *
 * How much memory a process may lock is limited (RLIMIT_MEMLOCK).  Beyond the limit memory is given
 * out all the same, unlocked; mr_secret_use says how much that is, for a warning.
 *
 *     64 KiB, aligned      +--------+------+------+------+-- -
 *     one size of objects  | header | slot | slot | slot |
 *                          +--------+------+------+------+-- -
 *
 * There is one such store in a process, because there is one limit; any thread may call, under a
 * lock.  Nothing here belongs on the packet path.  Under AddressSanitizer free slots are poisoned,
 * as free heap memory is.
 */
#ifndef MR_CORE_SECRET_H
#define MR_CORE_SECRET_H

#include <stddef.h>

/* n zeroed bytes on cache lines of their own (aligned to 64).  NULL: no memory. */
void *mr_secret_alloc(size_t n);

/* A copy of a text.  NULL: no memory. */
char *mr_secret_text(const char *text);

/* The same bytes in a place of another size; the old place is wiped.  NULL: no memory, and the old
 * place stays.  p may be NULL. */
void *mr_secret_realloc(void *p, size_t n);

/* Wipe and give back.  NULL is fine. */
void mr_secret_free(void *p);

struct mr_secret_use {
	size_t objects;  /* given out and not given back          */
	size_t bytes;    /* mapped for them                       */
	size_t unlocked; /* ... of which the limit left so many unlocked */
};
struct mr_secret_use mr_secret_use(void);

#endif
