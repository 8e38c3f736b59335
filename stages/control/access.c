/* access.c - the files that say who may be our neighbour and what nodes are called: read at start and when they
 * change, which is looked for once a second.
 *
 * A file that is not there is empty.  One that is there and cannot be read leaves everything as it was. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stages/control/state.h"

#define FILE_MAX (1u << 20) /* bytes */

struct reading {
	struct control *c;
	const char     *path;
	unsigned        wrong;
};

static void wrong(void *self, unsigned line, const char *what)
{
	struct reading *r = self;

	if (r->wrong++ < 10)
		mr_log(&r->c->log, MR_LOG_WARN, "%s:%u: %s", r->path, line, what);
}

/* The hosts file goes before the names that peers have in the node file. */
static const struct fips_addr *whose(void *self, const char *name)
{
	const struct control *c = ((struct reading *)self)->c;
	const struct fips_addr *addr = fips_hosts_addr(&c->access.hosts, name);

	for (unsigned i = 0; !addr && i < c->set.config.n_peers; i++) {
		if (fips_same_name(c->set.peers[i].alias, name))
			addr = &c->set.peers[i].addr;
	}
	return addr;
}

static struct control_stamp stamp_of(const char *path)
{
	struct stat st;

	if (!*path || stat(path, &st))
		return (struct control_stamp){ 0 };
	return (struct control_stamp){ .there = 1, .device = (uint64_t)st.st_dev, .inode = st.st_ino,
		                       .size = (uint64_t)st.st_size, .s = st.st_mtim.tv_sec,
		                       .ns = st.st_mtim.tv_nsec };
}

/* All of a file, or NULL after a line of the log; an absent one is empty. */
static char *read_all(struct control *c, const char *path, bool there, size_t *n)
{
	char *text = mr_control_memory(FILE_MAX + 1);
	FILE *f = there ? fopen(path, "re") : NULL;

	*n = 0;
	if (!there)
		return text;
	if (f)
		*n = fread(text, 1, FILE_MAX + 1, f);
	if (!f || ferror(f) || *n > FILE_MAX) {
		mr_log(&c->log, MR_LOG_WARN, "%s: %s; what it said before holds on", path,
		       *n > FILE_MAX ? "larger than 1 MiB" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

static void read_hosts(struct control *c)
{
	struct reading r = { .c = c, .path = c->set.file[CONTROL_HOSTS] };
	struct fips_reader reader = { .curve = &c->mesh->curve, .wrong = wrong, .self = &r };
	struct fips_hosts hosts = { 0 };
	size_t n;
	char *text = read_all(c, r.path, c->access.stamp[CONTROL_HOSTS].there, &n);

	if (!text)
		return;
	if (!fips_hosts_parse(&hosts, text, n, &reader))
		abort();
	free(text);
	fips_hosts_free(&c->access.hosts);
	c->access.hosts = hosts;
}

static void read_list(struct control *c, enum control_file file, struct fips_access *list)
{
	struct reading r = { .c = c, .path = c->set.file[file] };
	struct fips_reader reader = { .curve = &c->mesh->curve, .wrong = wrong, .whose = whose,
		                      .self = &r };
	struct fips_access read = { 0 };
	size_t n;
	char *text = read_all(c, r.path, c->access.stamp[file].there, &n);

	if (!text)
		return;
	if (!fips_access_parse(&read, text, n, &reader))
		abort();
	free(text);
	fips_access_free(list);
	*list = read;
	if (c->access.stamp[file].there)
		mr_log(&c->log, MR_LOG_INFO, "%s: %s%u %s", r.path, read.all ? "ALL and " : "", read.n,
		       read.n == 1 ? "node" : "nodes");
}

bool mr_access_look(struct control *c)
{
	bool changed[CONTROL_FILES];

	for (unsigned i = 0; i < CONTROL_FILES; i++) {
		struct control_stamp now = stamp_of(c->set.file[i]);

		changed[i] = memcmp(&now, &c->access.stamp[i], sizeof now) != 0;
		c->access.stamp[i] = now;
	}
	if (changed[CONTROL_HOSTS])
		read_hosts(c);
	if (changed[CONTROL_ALLOW] || changed[CONTROL_HOSTS])
		read_list(c, CONTROL_ALLOW, &c->access.allow);
	if (changed[CONTROL_DENY] || changed[CONTROL_HOSTS])
		read_list(c, CONTROL_DENY, &c->access.deny);
	return changed[CONTROL_HOSTS];
}

static bool admits(void *self, const struct fips_addr *addr)
{
	const struct control *c = self;

	return fips_access_admits(&c->access.allow, &c->access.deny, addr);
}

static const char *name_of(void *self, const struct fips_addr *addr)
{
	const struct control *c = self;

	return fips_hosts_name(&c->access.hosts, addr);
}

struct fips_gate mr_access_gate(struct control *c)
{
	return (struct fips_gate){ .admits = admits, .name = name_of, .self = c };
}

void mr_access_close(struct control *c)
{
	fips_hosts_free(&c->access.hosts);
	fips_access_free(&c->access.allow);
	fips_access_free(&c->access.deny);
}
