/* fmp-seal - seal the link layer, in place, and say where the frame goes.
 *
 *   1. each link of the vector is looked up once; what is too big for it is dropped, before it has
 *      a counter; the rest takes its counters in one go
 *   2. headers and operations are written
 *   3. all frames of the vector are sealed in one provider call
 *
 *   own       SessionDatagrams that fsp-seal made
 *   transit   SessionDatagrams of others, route has chosen their next hop
 *   control   link messages of our own
 *   out       frames, the neighbour's transport address beside each */

#include "stages/lib/number_link.h"

enum { OWN, TRANSIT, CONTROL };
enum { OUT };

static void fmp_seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_numberer *fs = self;
	struct mr_link_batch b;

	mr_number_links(fs, input == TRANSIT, v, &b, t);
	if (b.ops == 0)
		return;
	fs->aead->seal(b.op, b.ops);
	for (unsigned i = 0; i < b.ops; i++)
		mr_emit(t, OUT, b.pkt[i]);
}

const struct mr_kind mr_kind_fmp_seal = {
	.abi = MR_ABI, .name = "fmp-seal", .summary = "seal the link layer",
	.size = sizeof(struct mr_numberer),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "own", .view = "SessionDatagram from its type byte", .reaches = MR_ALL_OUTPUTS,
		  .numbered = true, .optional = true },
		{ "transit", .view = "SessionDatagram from its type byte",
		  .reaches = MR_ALL_OUTPUTS, .optional = true },
		{ "control", .view = "link message from its type byte", .reaches = MR_ALL_OUTPUTS,
		  .optional = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "FMP frame with its transport address", .numbered = true },
		{ 0 } },
	.drops = mr_link_drops,
	.counters = (const struct mr_named[]){ { 0 } },
	.once = true, .part = "numbers links",
	.affinities = 1 << MR_ANY | 1 << MR_PEER, .shards = 1 << MR_PEER,
	.window = FIPS_WINDOW,
	.open = mr_numberer_open, .order = mr_numberer_order,
	.process = fmp_seal_process,
};
