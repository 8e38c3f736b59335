/* sample - what the history keeps of this second. */
#include "stages/control/query/sample.h"

#include <math.h>

#include "stages/control/query/parts.h"

static void sample_link(struct control *c, const struct fips_peer_info *p, uint64_t now)
{
	struct query_traffic t = query_traffic(c, true, &p->addr);

	mr_history_link(c->history, &(struct history_link){
		.addr = p->addr,
		.srtt_ms = p->metrics.rtt_known ? p->metrics.srtt_us / 1000.0 : NAN,
		.loss = 1 - p->metrics.forward,
		.bytes_in = t.bytes_in, .bytes_out = t.bytes_out,
		.packets_in = t.packets_in, .packets_out = t.packets_out,
		.ce = p->metrics.ce,
	}, now);
}

static unsigned count_sessions(const struct control *c)
{
	struct fips_session_info s;
	unsigned n = 0;

	for (unsigned at = 0; fips_node_session_next(c->node, &at, &s);)
		n++;
	return n;
}

void mr_history_tick(struct control *c, uint64_t now)
{
	const struct fips_mesh *mesh = fips_node_mesh(c->node);
	struct history_gauges g = {
		.tree_depth = fips_tree_path(&mesh->tree)->n - 1,
		.parent_switches = mesh->tree.counts[FIPS_TREE_PARENT_SWITCHES],
	};
	struct fips_peer_info p;
	double loss = 0;

	if (!fips_filters_mesh_size(&mesh->filters, &g.mesh_size))
		g.mesh_size = NAN;
	for (unsigned at = 0; fips_node_peer_next(c->node, &at, &p);) {
		if (p.state != FIPS_PEER_UP)
			continue;
		sample_link(c, &p, now);
		loss += 1 - p.metrics.forward;
		g.peers++;
	}
	g.loss = g.peers ? loss / (double)g.peers : 0;
	g.sessions = count_sessions(c);
	mr_history_sample(c->history, &g, now);
}
