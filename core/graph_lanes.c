/* graph_lanes.c - which lanes the packets of an edge may be in.
 *
 * Found from the descriptors alone: lane control begins at outputs marked `control`, lane bulk
 * where packets are made or kept, both go on from an input to the outputs it reaches, and both end
 * at the numbering.  An edge with both gets two rings wherever it crosses workers.  Ports that pass
 * packets on are numbered where their input is.
 *
 * Where bulk packets without numbers go from one data stage to another, their wait may not stand
 * (sojourn.h); copies beside their way may wait.
 */
#include "core/graph_parse.h"

const char *const mr_lane_words[] = {
	[MR_LANE_BULK] = "bulk", [MR_LANE_CONTROL] = "control", NULL
};

#define NUMBERED MR_LANES /* no lane any more: one bit above those of the lanes */

/* The lanes in which each input is called: bits 1 << enum mr_lane, or NUMBERED. */
typedef uint32_t lanes_in[MR_STAGES_MAX][MR_PORTS_MAX];

static uint32_t behind(const struct mr_port *output, uint32_t lanes)
{
	uint32_t found = 0;

	if (output->numbered || (output->passes && (lanes & MR_OUT(NUMBERED))))
		return MR_OUT(NUMBERED);
	for (enum mr_lane lane = 0; lane < MR_LANES; lane++)
		if (lanes & MR_OUT(lane))
			found |= MR_OUT(mr_lane_behind(output, lane));
	if (lanes & MR_OUT(NUMBERED))
		found |= MR_OUT(MR_LANE_BULK);
	return found;
}

/* What calls of an edge's producer may emit there. */
static uint32_t lanes_of(const struct mr_graph *g, const struct mr_edge *e, lanes_in in)
{
	const struct mr_kind *kind = g->stage[e->from].kind;
	unsigned inputs = mr_ports_count(kind->inputs);
	uint32_t lanes = 0;

	/* by pull and other calls that no packet brings about */
	if (kind->makes || kind->keeps || inputs == 0)
		lanes |= MR_OUT(MR_LANE_BULK);
	for (unsigned i = 0; i < inputs; i++)
		if (kind->inputs[i].reaches & MR_OUT(e->output))
			lanes |= in[e->from][i];
	return behind(&kind->outputs[e->output], lanes);
}

static bool may_drop(const struct mr_graph *g, const struct mr_edge *e)
{
	const struct mr_kind *from = g->stage[e->from].kind;

	return (e->lanes & MR_OUT(MR_LANE_BULK)) && !from->host && !g->stage[e->to].kind->host &&
	       !from->outputs[e->output].aside;
}

void mr_graph_lanes(struct mr_graph *g)
{
	lanes_in in = { { 0 } };
	bool more = true;

	while (more) { /* until a round finds nothing new */
		more = false;
		for (unsigned i = 0; i < g->edges; i++) {
			struct mr_edge *e = &g->edge[i];
			uint32_t lanes = lanes_of(g, e, in);

			more |= (lanes & ~in[e->to][e->input]) != 0;
			in[e->to][e->input] |= lanes;
			e->lanes = lanes & MR_OUT(NUMBERED) ? 0 : lanes;
		}
	}
	for (unsigned i = 0; i < g->edges; i++) {
		if (!may_drop(g, &g->edge[i]))
			g->edge[i].sojourn_us = 0;
	}
}
