/* fsp-seal - seal the session layer and write the envelope in front, in place.
 *
 *   1. each session of the vector is looked up once and takes its counters in one go
 *   2. headers are written over the used-up IPv6 header, one operation a packet
 *   3. all packets of the vector are sealed in one provider call
 *
 *   out   SessionDatagrams from their type byte
 *
 * Number and seal happen under one key pointer in one call; a packet that has a counter leaves by
 * `out` and by no other way. */

#include "stages/lib/number_session.h"

enum { OUT };

static void fsp_seal_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_numberer *fs = self;
	struct mr_session_batch b;

	(void)input;
	mr_number_sessions(fs, v, &b, t);
	if (b.n == 0)
		return;
	fs->aead->seal(b.op, b.n);
	for (unsigned i = 0; i < b.n; i++)
		mr_emit(t, OUT, b.pkt[i]);
}

const struct mr_kind mr_kind_fsp_seal = {
	.abi = MR_ABI, .name = "fsp-seal", .summary = "seal the session layer",
	.size = sizeof(struct mr_numberer),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "bodies", .view = "IPv6 packet, or type byte and body from control",
		  .reaches = MR_ALL_OUTPUTS },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "SessionDatagram from its type byte", .numbered = true }, { 0 } },
	.drops = mr_session_drops,
	.counters = (const struct mr_named[]){ { 0 } },
	.once = true, .part = "numbers sessions",
	.affinities = 1 << MR_ANY | 1 << MR_DESTINATION,
	.shards = 1 << MR_DESTINATION, .window = FIPS_WINDOW,
	.open = mr_numberer_open, .order = mr_numberer_order,
	.process = fsp_seal_process,
};
