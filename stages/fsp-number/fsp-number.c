/* fsp-number - what fsp-seal does but for the seal: for graphs that have several threads set it.
 *
 *   1. each session of the vector is looked up once and takes its counters in one go
 *   2. headers are written over the used-up IPv6 header
 *
 *   out   SessionDatagrams from their type byte, their text still in clear, room behind it for the
 *         tag; pkt->far is the handle of the key they were numbered under
 *
 * Order is decided here, where one replica has all of a session.  Ports of their own sort see to it
 * that nothing in clear is joined with what leaves the node. */

#include "stages/lib/number_session.h"

enum { OUT };

static void fsp_number_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_session_batch b;

	(void)input;
	mr_number_sessions(self, v, &b, t);
	for (unsigned i = 0; i < b.n; i++) {
		b.pkt[i]->far = b.target[b.sessions.of[i]].entry->send->handle;
		mr_emit(t, OUT, b.pkt[i]);
	}
}

const struct mr_kind mr_kind_fsp_number = {
	.abi = MR_ABI, .name = "fsp-number",
	.summary = "number messages of sessions, for others to seal",
	.size = sizeof(struct mr_numberer),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "bodies", .view = "IPv6 packet, or type byte and body from control",
		  .reaches = MR_ALL_OUTPUTS },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "SessionDatagram from its type byte, not sealed", .numbered = true,
		  .plaintext = true, .sort = "numbered messages" },
		{ 0 } },
	.drops = mr_session_drops,
	.counters = (const struct mr_named[]){ { 0 } },
	.once = true, .part = "numbers sessions",
	.affinities = 1 << MR_ANY | 1 << MR_DESTINATION,
	.shards = 1 << MR_DESTINATION, .window = FIPS_WINDOW,
	.open = mr_numberer_open, .order = mr_numberer_order,
	.process = fsp_number_process,
};
