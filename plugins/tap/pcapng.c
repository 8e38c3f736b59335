/* pcapng - write the copies that taps make to a file.
 *
 *   copies  copies with a note in the headroom (note.h)
 *
 * A vector becomes one system call: each packet's block is gathered around its bytes where they
 * lie.  `size` is where the last whole block ends; what a full disk cut off behind it is cut away,
 * so that the file can be read at any time.  All files are opened at set-up;
 * later only their contents change. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "plugins/tap/blocks.h"
#include "plugins/tap/tap.h"

#define FILES_MAX      16
#define INTERFACES_MAX 32
#define LIMIT_MIN      4096 /* bytes */

enum { LIMIT, NO_SPACE, TOO_MANY };
enum { FILES };

struct interface {
	char     name[TAP_NAME];
	unsigned link;
};

struct pcapng {
	char            *file;  /* setting                                          */
	uint64_t         limit; /* setting, bytes a file may have                   */
	uint32_t         files; /* setting                                          */
	int              fd[FILES_MAX];
	unsigned         opened;
	bool             heir;  /* the files are still another stage's of this program: go on behind
	                         * it, when it has let go of them                   */
	unsigned         at;    /* which of the files is being written, [0, files)  */
	uint64_t         size;  /* bytes of whole blocks in it                      */
	bool             begun; /* a section of ours is in it                       */
	uint64_t         epoch; /* ns to add to a turn's time                       */
	struct interface interface[INTERFACES_MAX]; /* described in this file       */
	unsigned         interfaces;
};

/* Blocks that wait to be written together. */
struct batch {
	unsigned          n;
	uint64_t          bytes;
	struct mr_pkt    *pkt[MR_VECTOR];
	uint32_t          len[MR_VECTOR]; /* of each block */
	struct block_ends ends[MR_VECTOR];
	struct iovec      iov[3 * MR_VECTOR];
};

/* ---- set-up ---- */

/* A write lock on all of a file, and so far behind it that its length says which program has it. */
static struct flock lock_of_ours(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET,
		               .l_len = ((off_t)1 << (8 * sizeof(off_t) - 2)) + getpid() };
}

/* It is the descriptor's, not the program's: the end of another descriptor of the file, that of a
 * graph which was refused, takes nothing away. */
static bool lock(int fd)
{
	struct flock all = lock_of_ours();

	return fcntl(fd, F_OFD_SETLK, &all) == 0;
}

/* Two stages of this program: the later one gets the file when the earlier has closed it.  That is
 * how a capture goes on when the graph is exchanged. */
static bool is_a_stage_s(int fd)
{
	struct flock all = lock_of_ours(), ours = all;

	return fcntl(fd, F_OFD_GETLK, &all) == 0 && all.l_type == F_WRLCK &&
	       all.l_len == ours.l_len;
}

/* Only a file of ours, which nobody else can read and no other program writes. */
static int open_file(struct pcapng *pc, struct mr_setup *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0)
		return mr_setup_error(s, NULL, "file: cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		mr_setup_error(s, NULL, "file: %s is not a regular file", path);
	else if (st.st_uid != geteuid())
		mr_setup_error(s, NULL, "file: %s belongs to another user", path);
	else if (!lock(fd)) {
		if (is_a_stage_s(fd)) {
			pc->heir = true;
			return fd;
		}
		mr_setup_error(s, NULL, "file: %s is being written by another program", path);
	} else if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0)
		mr_setup_error(s, NULL, "file: cannot begin %s: %s", path, strerror(errno));
	else
		return fd;
	close(fd);
	return -1;
}

/* The files that are being written go on in the graph that follows, if it names the same. */
static bool same_files(const struct pcapng *a, const struct pcapng *b)
{
	return a->files == b->files && !strcmp(a->file, b->file);
}

static void pcapng_inherit(void *self, void *before)
{
	struct pcapng *pc = self, *old = before;

	if (!same_files(pc, old))
		return;
	memcpy(pc->fd, old->fd, sizeof pc->fd);
	pc->opened = old->opened;
	pc->at = old->at;
	pc->size = old->size;
	pc->begun = old->begun;
	pc->heir = old->heir;
	memcpy(pc->interface, old->interface, sizeof pc->interface);
	pc->interfaces = old->interfaces;
	old->opened = 0;
}

static int pcapng_open(void *self, struct mr_setup *s)
{
	struct pcapng *pc = self;
	char path[4096];

	pc->epoch = s->wall - s->now;
	if (s->before && same_files(pc, s->before))
		return 0;
	for (; pc->opened < pc->files; pc->opened++) {
		int n = pc->opened ? snprintf(path, sizeof path, "%s.%u", pc->file, pc->opened) :
		                     snprintf(path, sizeof path, "%s", pc->file);

		if (n < 0 || (size_t)n >= sizeof path)
			return mr_setup_error(s, NULL, "file: the path is too long");
		pc->fd[pc->opened] = open_file(pc, s, path);
		if (pc->fd[pc->opened] < 0)
			return -1;
	}
	return 0;
}

static void pcapng_close(void *self)
{
	struct pcapng *pc = self;

	for (unsigned i = 0; i < pc->opened; i++)
		close(pc->fd[i]);
}

/* ---- writing ---- */

/* Write behind the whole blocks, in one call; returns how many bytes went in. */
static uint64_t put(struct pcapng *pc, const struct iovec *iov, unsigned n)
{
	ssize_t done;

	do
		done = pwritev(pc->fd[pc->at], iov, (int)n, (off_t)pc->size);
	while (done < 0 && errno == EINTR);
	return done < 0 ? 0 : (uint64_t)done;
}

/* What lies behind the whole blocks is cut off.  If even that fails it is written over later. */
static void cut(struct pcapng *pc)
{
	if (ftruncate(pc->fd[pc->at], (off_t)pc->size) != 0)
		return;
}

static bool put_block(struct pcapng *pc, uint8_t *block, uint32_t n)
{
	struct iovec iov = { block, n };

	if (put(pc, &iov, 1) == n) {
		pc->size += n;
		return true;
	}
	cut(pc);
	return false;
}

static bool begin_section(struct pcapng *pc)
{
	uint8_t block[BLOCK_SECTION];

	pc->interfaces = 0;
	return put_block(pc, block, block_section(block));
}

/* Later than the file written so far? */
static bool is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec :
	                                                a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* Go on behind the stage that had the files, in the one it wrote last.
 * False: it still has them. */
static bool inherit(struct pcapng *pc)
{
	struct stat st, newest = { 0 };

	for (unsigned i = 0; i < pc->opened; i++)
		if (!lock(pc->fd[i]) || fstat(pc->fd[i], &st) != 0)
			return false;
	for (unsigned i = 0; i < pc->opened; i++) {
		if (fstat(pc->fd[i], &st) != 0 || (i && !is_newer(&st, &newest)))
			continue;
		newest = st;
		pc->at = i;
	}
	pc->size = (uint64_t)newest.st_size;
	pc->heir = false;
	return true;
}

/* Before the first packet. */
static bool begin(struct pcapng *pc)
{
	if (pc->begun)
		return true;
	pc->begun = (!pc->heir || inherit(pc)) && begin_section(pc);
	return pc->begun;
}

/* Packets whose blocks went in whole are done, the others are dropped. */
static void flush(struct pcapng *pc, struct batch *b, struct mr_turn *t)
{
	uint64_t left = b->n ? put(pc, b->iov, 3 * b->n) : 0;
	bool all = left == b->bytes;

	for (unsigned i = 0; i < b->n; i++) {
		if (left < b->len[i]) {
			left = 0;
			mr_drop(t, NO_SPACE, b->pkt[i]);
			continue;
		}
		left -= b->len[i];
		pc->size += b->len[i];
		mr_take(t, b->pkt[i]);
	}
	if (!all)
		cut(pc);
	b->n = 0;
	b->bytes = 0;
}

/* The next file, emptied: the oldest is written over.  False: there is none. */
static bool next_file(struct pcapng *pc, struct mr_turn *t)
{
	if (pc->files == 1)
		return false;
	pc->at = (pc->at + 1) % pc->files;
	pc->size = 0;
	cut(pc);
	mr_count(t, FILES, 1);
	pc->begun = begin_section(pc);
	return pc->begun;
}

/* ---- packets ---- */

/* Number of the interface for a tap and a link type in this file; INTERFACES_MAX: none is free,
 * INTERFACES_MAX + 1: its description could not be written.  Blocks that wait go first. */
static unsigned interface_of(struct pcapng *pc, const char *name, unsigned link, struct batch *b,
                             struct mr_turn *t)
{
	uint8_t block[BLOCK_INTERFACE];
	struct interface *next;

	for (unsigned i = 0; i < pc->interfaces; i++)
		if (pc->interface[i].link == link && !strcmp(pc->interface[i].name, name))
			return i;
	if (pc->interfaces == INTERFACES_MAX)
		return INTERFACES_MAX;
	flush(pc, b, t);
	if (!put_block(pc, block, block_interface(block, name, link)))
		return INTERFACES_MAX + 1;
	next = &pc->interface[pc->interfaces];
	next->link = link;
	memcpy(next->name, name, sizeof next->name);
	return pc->interfaces++;
}

static void add(struct pcapng *pc, struct batch *b, struct mr_pkt *p, const struct tap_note *note,
                unsigned interface, unsigned link)
{
	const struct block_packet about = { interface, note->time + pc->epoch, link };
	struct block_ends *ends = &b->ends[b->n];
	struct iovec *iov = &b->iov[3 * b->n];

	block_packet(ends, &about, p, note);
	iov[0] = (struct iovec){ ends->head, ends->nhead };
	iov[1] = (struct iovec){ p->data, p->len };
	iov[2] = (struct iovec){ ends->tail, ends->ntail };
	b->len[b->n] = ends->nhead + p->len + ends->ntail;
	b->bytes += b->len[b->n];
	b->pkt[b->n++] = p;
}

/* Room for a block of this packet, whatever its ends will be, and a description before it? */
static bool fits(const struct pcapng *pc, const struct batch *b, const struct mr_pkt *p)
{
	return pc->size + b->bytes + BLOCK_INTERFACE + BLOCK_HEAD + p->len + BLOCK_TAIL <=
	       pc->limit;
}

static void store(struct pcapng *pc, struct batch *b, struct mr_pkt *p, struct mr_turn *t)
{
	struct tap_note note = tap_note_of(p);
	unsigned link = block_link(p), interface;

	note.name[TAP_NAME - 1] = '\0';
	if (!begin(pc)) {
		mr_drop(t, NO_SPACE, p);
		return;
	}
	if (!fits(pc, b, p)) {
		flush(pc, b, t);
		if (!next_file(pc, t)) {
			mr_drop(t, pc->files == 1 ? LIMIT : NO_SPACE, p);
			return;
		}
	}
	interface = interface_of(pc, note.name, link, b, t);
	if (interface < INTERFACES_MAX)
		add(pc, b, p, &note, interface, link);
	else
		mr_drop(t, interface == INTERFACES_MAX ? TOO_MANY : NO_SPACE, p);
}

static void pcapng_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct pcapng *pc = self;
	struct batch b;

	(void)input;
	b.n = 0;
	b.bytes = 0;
	for (unsigned i = 0; i < v->n; i++)
		store(pc, &b, v->pkt[i], t);
	flush(pc, &b, t);
}

static const char *file_wrong(const void *member)
{
	return **(char *const *)member ? NULL : "is no path";
}

static const struct mr_field_rule file_rule = {
	.wrong = file_wrong, .good = "capture.pcapng", .bad = (const char *const[]){ "", NULL },
	.schema = "{ \"minLength\": 1 }",
};

static const struct mr_field pcapng_fields[] = {
	{ .name = "file", .type = MR_TEXT, MR_AT(struct pcapng, file), .required = true,
	  .rule = &file_rule, .help = "path of the file; begun anew when the node starts" },
	{ .name = "limit", .type = MR_U64, MR_AT(struct pcapng, limit), .min = LIMIT_MIN,
	  .max = UINT64_C(1) << 40, .def = 100 << 20, .unit = "bytes",
	  .help = "size that a file does not outgrow" },
	{ .name = "files", .type = MR_U32, MR_AT(struct pcapng, files), .min = 1, .max = FILES_MAX,
	  .def = 1, .help = "with one, nothing is stored beyond the limit; with more, the oldest is "
		            "written over" },
	{ 0 }
};

const struct mr_kind tap_pcapng = {
	.abi = MR_ABI, .name = "pcapng", .summary = "write copies of packets to a file",
	.size = sizeof(struct pcapng), .fields = pcapng_fields,
	.inputs = (const struct mr_port[]){
		{ "copies", .view = "a copy, its note in the headroom", .sort = TAP_SORT }, { 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.drops = (const struct mr_named[]){
		[LIMIT] = { "limit", .help = "the file is as large as it may be" },
		[NO_SPACE] = { "no-space", .help = "the file could not be written" },
		[TOO_MANY] = { "too-many", .help = "of more than 32 taps and shapes in one file" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		[FILES] = { "files", .help = "files begun after the first" },
		{ 0 } },
	.single = true, .takes = "written", .affinities = MR_OUT(MR_ANY),
	.open = pcapng_open, .process = pcapng_process, .close = pcapng_close,
	.inherit = pcapng_inherit,
};
