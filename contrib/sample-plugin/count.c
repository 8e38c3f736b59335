/* count - a stage from outside of the tree: counts what passes, and small packets apart.
 *
 *   in    any packet
 *   out   the same packet
 *
 * `make' here builds count.so against an installed millrace; put it where `pkg-config
 * --variable=plugindir millrace-plugin' says, or name its folder in MILLRACE_PLUGINS. */
#include <core/plugin.h>

enum { PACKETS, BYTES, SMALL };

struct count {
	uint32_t small; /* setting, bytes */
};

static void count_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct count *count = self;

	(void)input;
	mr_count(t, PACKETS, v->n);
	for (unsigned i = 0; i < v->n; i++) {
		mr_count(t, BYTES, v->pkt[i]->len);
		mr_count(t, SMALL, v->pkt[i]->len <= count->small);
		mr_emit(t, 0, v->pkt[i]);
	}
}

static const struct mr_field count_fields[] = {
	{ .name = "small", .type = MR_U32, MR_AT(struct count, small), .max = 65535, .def = 128,
	  .unit = "bytes", .help = "up to which a packet is a small one" },
	{ 0 }
};

static const struct mr_kind count = {
	.abi = MR_ABI,
	.name = "count",
	.summary = "count what passes",
	.size = sizeof(struct count),
	.fields = count_fields,
	.inputs = (const struct mr_port[]){
		{ "in", .view = "any packet", .reaches = MR_OUT(0), .passes = true }, { 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "the same packet", .passes = true }, { 0 } },
	.drops = (const struct mr_named[]){ { 0 } },
	.counters = (const struct mr_named[]){
		[PACKETS] = { "packets", .help = "packets that passed" },
		[BYTES] = { "bytes", .help = "bytes in them", .unit = "bytes" },
		[SMALL] = { "small", .help = "packets that are small" },
		{ 0 } },
	.affinities = MR_OUT(MR_ANY),
	.shards = MR_OUT(MR_ANY),
	.process = count_process,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "count",
	.version = "1",
	.summary = "a sample: count the packets of an edge",
	.kinds = (const struct mr_kind *const[]){ &count, NULL },
};
