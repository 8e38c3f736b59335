/* access.c - the files that say who may be our neighbour and what nodes are called: read at start
 * and when they change, which is looked for once a second.
 *
 * A file that is not there is empty.  One that is there and cannot be read, or of which that cannot
 * be told, keeps a node from starting, since nobody may be let in by mistake; later it leaves
 * everything as it was. */

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

/* How a file is now; an errno when that cannot be told.  Absent is what is said to be absent. */
static int stamp_of(const char *path, struct control_stamp *out)
{
	struct stat st;

	*out = (struct control_stamp){ 0 };
	if (!*path)
		return 0;
	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
	if (S_ISFIFO(st.st_mode)) /* opening it would wait for whoever writes, and the node too */
		return EOPNOTSUPP;
	*out = (struct control_stamp){ .there = 1, .device = (uint64_t)st.st_dev,
		                       .inode = st.st_ino, .size = (uint64_t)st.st_size,
		                       .s = st.st_mtim.tv_sec, .ns = st.st_mtim.tv_nsec,
		                       .changed_s = st.st_ctim.tv_sec,
		                       .changed_ns = st.st_ctim.tv_nsec };
	return 0;
}

/* All of a file, or NULL and an errno; an absent one is empty. */
static char *read_all(const char *path, bool there, size_t *n, int *why)
{
	char *text = mr_control_memory(FILE_MAX + 1);
	FILE *f = there ? fopen(path, "re") : NULL;

	*n = 0;
	*why = 0;
	if (!there)
		return text;
	if (f)
		*n = fread(text, 1, FILE_MAX + 1, f);
	if (!f || ferror(f))
		*why = errno ? errno : EIO;
	else if (*n > FILE_MAX)
		*why = EFBIG;
	if (f)
		fclose(f);
	if (!*why)
		return text;
	free(text);
	return NULL;
}

static int read_hosts(struct control *c, bool there)
{
	struct reading r = { .c = c, .path = c->set.file[CONTROL_HOSTS] };
	struct fips_reader reader = { .curve = &c->mesh->curve, .wrong = wrong, .self = &r };
	struct fips_hosts hosts = { 0 };
	size_t n;
	int why;
	char *text = read_all(r.path, there, &n, &why);

	if (!text)
		return why;
	if (!fips_hosts_parse(&hosts, text, n, &reader))
		abort();
	free(text);
	fips_hosts_free(&c->access.hosts);
	c->access.hosts = hosts;
	c->renamed |= hosts.n > 0; /* the node learns their keys at the next tick */
	return 0;
}

static int read_list(struct control *c, enum control_file file, bool there)
{
	struct fips_access *list = file == CONTROL_ALLOW ? &c->access.allow : &c->access.deny;
	struct reading r = { .c = c, .path = c->set.file[file] };
	struct fips_reader reader = { .curve = &c->mesh->curve, .wrong = wrong, .whose = whose,
		                      .self = &r };
	struct fips_access read = { 0 };
	size_t n;
	int why;
	char *text = read_all(r.path, there, &n, &why);

	if (!text)
		return why;
	if (!fips_access_parse(&read, text, n, &reader))
		abort();
	free(text);
	fips_access_free(list);
	*list = read;
	if (there)
		mr_log(&c->log, MR_LOG_INFO, "%s: %s%u %s", r.path, read.all ? "ALL and " : "",
		       read.n, read.n == 1 ? "node" : "nodes");
	return 0;
}

/* Take in one file if it is another than the one in force, or `anyhow`.  What cannot be read is
 * told of once, changes nothing, and is tried again at the next look. */
static bool take_in(struct control *c, enum control_file file, bool anyhow)
{
	const char *path = c->set.file[file];
	struct control_stamp now;
	int why = stamp_of(path, &now);
	bool taken = false;

	if (!why && (anyhow || memcmp(&now, &c->access.stamp[file], sizeof now))) {
		why = file == CONTROL_HOSTS ? read_hosts(c, now.there) :
		                              read_list(c, file, now.there);
		taken = !why;
	}
	if (why && why != c->access.wrong[file])
		mr_log(&c->log, MR_LOG_WARN, "%s: %s; what it said before holds on", path,
		       strerror(why));
	c->access.wrong[file] = why;
	if (taken)
		c->access.stamp[file] = now;
	return taken;
}

/* The lists may name what the hosts file names. */
bool mr_access_look(struct control *c)
{
	bool hosts = take_in(c, CONTROL_HOSTS, false);

	take_in(c, CONTROL_ALLOW, hosts);
	take_in(c, CONTROL_DENY, hosts);
	return hosts;
}

int mr_access_open(struct control *c, struct mr_setup *s)
{
	static const char *const key[CONTROL_FILES] = {
		[CONTROL_HOSTS] = "node.hosts_file",
		[CONTROL_ALLOW] = "node.acl.allow_file",
		[CONTROL_DENY] = "node.acl.deny_file",
	};
	int failed = 0;

	mr_access_look(c);
	for (unsigned i = 0; i < CONTROL_FILES; i++) {
		if (c->access.wrong[i])
			failed = mr_setup_error(s, key[i], "%s cannot be read: %s", c->set.file[i],
			                        strerror(c->access.wrong[i]));
	}
	return failed;
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
