/* access.h - who may be our neighbour, and what nodes are called: the texts of peers.allow,
 * peers.deny and hosts (link.md 6.10, operations.md 6 and 9.3).
 *
 *     peers.allow, peers.deny    one entry a line: an npub, a name, or ALL
 *     hosts                      a name and an npub a line
 *
 * '#' begins a comment, blank lines are nothing, case does not matter in names and ALL.  A line
 * that says nothing sensible is told of and left out; the others count.  Listed in allow: admitted;
 * else listed in deny: refused; else admitted.
 */
#ifndef FIPS_NODE_ACCESS_H
#define FIPS_NODE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "fips/noise/identity.h"

#define FIPS_ACCESS_MAX 4096 /* entries of a file; further ones are told of once and left out */
#define FIPS_HOST_LEN   64   /* a name and its NUL                                            */

struct fips_access {
	bool              all;
	struct fips_addr *addr; /* owned, n of them */
	unsigned          n;
	char            (*word)[FIPS_HOST_LEN]; /* owned, n of them: what stands in the file */
};

struct fips_host {
	char             name[FIPS_HOST_LEN]; /* lower case */
	struct fips_addr addr;
	uint8_t          xonly[FIPS_XONLY_LEN];
};

struct fips_hosts {
	struct fips_host *host; /* owned, n of them, as in the file */
	unsigned          n;
};

/* Whoever reads a text: what is told of its lines (counted from 1), and whom a name means,
 * or NULL. */
struct fips_reader {
	const struct fips_curve *curve;
	void (*wrong)(void *self, unsigned line, const char *what);
	const struct fips_addr *(*whose)(void *self, const char *name); /* lists only */
	void *self;
};

/* n bytes of text.  *out is all zero before; freed by the caller.  False: no memory. */
bool fips_access_parse(struct fips_access *out, const char *text, size_t n,
                       const struct fips_reader *reader);
bool fips_hosts_parse(struct fips_hosts *out, const char *text, size_t n,
                      const struct fips_reader *reader);
void fips_access_free(struct fips_access *list);
void fips_hosts_free(struct fips_hosts *hosts);

bool fips_access_admits(const struct fips_access *allow, const struct fips_access *deny,
                        const struct fips_addr *addr);

/* NULL: no such name, nobody of that address.  The first line of several counts. */
const struct fips_addr *fips_hosts_addr(const struct fips_hosts *hosts, const char *name);
const char *fips_hosts_name(const struct fips_hosts *hosts, const struct fips_addr *addr);

/* May it be a name, and so a label before .fips: letters, digits, '-' and '_', 1 to 63 of them? */
bool fips_is_name(const char *text);

/* The same name but for case? */
bool fips_same_name(const char *a, const char *b);

#endif
