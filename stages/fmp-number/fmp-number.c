/* fmp-number - what fmp-seal does but for the seal: for graphs that have several threads set it.
 *
 *   1. each link of the vector is looked up once; what is too big for it is dropped, before it has
 *      a counter; the rest takes its counters in one go
 *   2. headers are written
 *
 *   own       messages that fsp-number numbered; pkt->far is the handle of their session's key
 *   transit   SessionDatagrams of others, route has chosen their next hop
 *   control   link messages of our own
 *   out       frames, still in clear, the neighbour's transport address beside each; pkt->near is
 *             the handle of the link's key; where the session's seal is to be set as well,
 *             pkt->mark says so, and pkt->far is the handle of its key */

#include "stages/lib/number_link.h"
#include "stages/lib/words.h"

enum { OWN, TRANSIT, CONTROL };
enum { OUT };

static void fmp_number_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_link_batch b;

	mr_number_links(self, input == TRANSIT, v, &b, t);
	for (unsigned i = 0; i < b.ops; i++) {
		struct mr_pkt *p = b.pkt[i];

		p->near = b.target[b.links.of[i]].entry->send->handle;
		if (input == OWN)
			p->mark = MR_SHAPE_CLEAR;
		else
			p->far = MR_NO_HANDLE;
		mr_emit(t, OUT, p);
	}
}

const struct mr_kind mr_kind_fmp_number = {
	.abi = MR_ABI, .name = "fmp-number", .summary = "number frames of links, for others to seal",
	.size = sizeof(struct mr_numberer),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "own", .view = "SessionDatagram from its type byte, not sealed",
		  .reaches = MR_ALL_OUTPUTS, .numbered = true, .optional = true,
		  .sort = "numbered messages" },
		{ "transit", .view = "SessionDatagram from its type byte",
		  .reaches = MR_ALL_OUTPUTS, .optional = true },
		{ "control", .view = "link message from its type byte", .reaches = MR_ALL_OUTPUTS,
		  .optional = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "FMP frame with its transport address, not sealed",
		  .numbered = true, .plaintext = true, .sort = "numbered frames" },
		{ 0 } },
	.drops = mr_link_drops,
	.counters = (const struct mr_named[]){ { 0 } },
	.once = true, .part = "numbers links",
	.affinities = 1 << MR_ANY | 1 << MR_PEER, .shards = 1 << MR_PEER,
	.window = FIPS_WINDOW,
	.open = mr_numberer_open, .order = mr_numberer_order,
	.process = fmp_number_process,
};
