/* stall.c - a stage that does not return while a file is there: what a worker that hangs looks like
 * from outside (t/cli/test_alive.c).  It carries nothing. */
#include "core/plugin.h"

#include <time.h>
#include <unistd.h>

#define LOOK_NS 5000000 /* between two looks for the file */

struct stall {
	char    *file;
	uint64_t next; /* ns */
};

static int stall_open(void *self, struct mr_setup *s)
{
	struct stall *st = self;

	st->next = s->now;
	return 0;
}

static bool stall_pull(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
	return false;
}

static uint64_t stall_deadline(void *self)
{
	const struct stall *st = self;

	return st->next;
}

static void stall_timeout(void *self, struct mr_turn *t)
{
	static const struct timespec look = { .tv_nsec = LOOK_NS };
	struct stall *st = self;

	st->next = t->now + LOOK_NS;
	while (st->file && access(st->file, F_OK) == 0)
		nanosleep(&look, NULL);
}

static const struct mr_field stall_fields[] = {
	{ .name = "file", .type = MR_TEXT, MR_AT(struct stall, file), .help = "while it is there, hang" },
	{ 0 }
};

static const struct mr_kind stall = {
	.abi = MR_ABI,
	.name = "stall",
	.summary = "hang while a file is there",
	.size = sizeof(struct stall),
	.fields = stall_fields,
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "nothing", .optional = true }, { 0 } },
	.drops = (const struct mr_named[]){ { 0 } },
	.affinities = MR_OUT(MR_ANY),
	.open = stall_open,
	.pull = stall_pull,
	.deadline = stall_deadline,
	.timeout = stall_timeout,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "stall",
	.version = "1",
	.summary = "a worker that hangs, for a test",
	.kinds = (const struct mr_kind *const[]){ &stall, NULL },
};
