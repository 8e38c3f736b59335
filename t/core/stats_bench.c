/* stats_bench.c - the made-up view; see stats_bench.h. */
#include "t/core/stats_bench.h"

#include <stdlib.h>

#include "core/clock.h"

static const struct mr_kind src_kind = {
	.name = "src-kind",
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){ { .name = "ip" }, { .name = "other" }, { 0 } },
	.drops = (const struct mr_named[]){ { "runt", "too short", NULL }, { 0 } },
	.counters = (const struct mr_named[]){
		{ "reads", "read calls", NULL },
		{ "time-away", "a \\ and\na line", "ns" },
		{ "copied", "copied bytes", "bytes" },
		{ "read-bytes", "bytes read", "bytes" },
		{ "for-us", "for this node, not microseconds", NULL },
		{ 0 } },
};

static const struct mr_kind dst_kind = {
	.name = "dst",
	.inputs = (const struct mr_port[]){ { .name = "in" }, { .name = "back" }, { 0 } },
	.outputs = (const struct mr_port[]){ { .name = "again" }, { 0 } },
	.drops = (const struct mr_named[]){ { "late", NULL, NULL }, { "stale", NULL, NULL },
	                                    { 0 } },
};

static const uint64_t src_drop[] = { 1 }, src_edge[] = { 0, 2 };
static const uint64_t src_counter[] = { 5, 1500000000, 70, 9, 2 };
static const uint64_t src_handed[] = { 7, 700, 0, 0 }, dst_handed[] = { 0, 0 };
static const uint64_t dst_drop[] = { 1, 0 }, dst_edge[] = { 0 };
static char src_name[] = "src", dst_name[] = ODD, graph_name[] = "tiny";
static char graph_file[] = "graphs/tiny.json", graph_summary[] = "two stages";

void add(struct mr_hist_view *view, uint64_t v, uint64_t n)
{
	view->bucket[mr_hist_index(v)] += n;
	view->count += n;
	view->sum += v * n;
	if (v > view->max)
		view->max = v;
}

static void make_graph(struct mr_graph *g)
{
	g->name = graph_name;
	g->file = graph_file;
	g->summary = graph_summary;
	g->stages = 2;
	g->stage[0] = (struct mr_stage){ .name = src_name, .kind = &src_kind, .threads = 1 };
	g->stage[1] = (struct mr_stage){ .name = dst_name, .kind = &dst_kind, .threads = 1 };
	g->edges = 2;
	g->edge[0] = (struct mr_edge){ .from = 0, .output = 0, .to = 1, .input = 0, .full = MR_DROP,
	                               .lanes = MR_OUT(MR_LANE_BULK) | MR_OUT(MR_LANE_CONTROL) };
	g->edge[1] =
		(struct mr_edge){ .from = 1, .output = 0, .to = 1, .input = 1, .full = MR_WAIT };
}

struct made *make(void)
{
	struct made *m = calloc(1, sizeof *m);

	make_graph(&m->graph);
	m->stage[0] = (struct mr_stage_view){
		.name = src_name, .kind = &src_kind, .drop = src_drop, .edge = src_edge,
		.counter = src_counter, .handed = src_handed, .service = &m->service,
		.word = { [MR_W_MADE] = 10, [MR_W_OUT] = 7, [MR_W_OUT_BYTES] = 700,
		          [MR_W_CALLS] = 4, [MR_W_BUSY_NS] = 20000 },
	};
	m->stage[1] = (struct mr_stage_view){
		.name = dst_name, .kind = &dst_kind, .worker = 1, .drop = dst_drop,
		.edge = dst_edge, .handed = dst_handed,
		.wait = &m->wait, .size = &m->size, .transit = &m->transit,
		.word = { [MR_W_IN] = 7, [MR_W_IN_BYTES] = 700, [MR_W_TAKEN] = 5,
		          [MR_W_TAKEN_BYTES] = 500, [MR_W_HELD] = 1, [MR_W_VECTORS] = 2,
		          [MR_W_CALLS] = 2, [MR_W_BUSY_NS] = 3000000 },
	};
	m->worker[0] = (struct mr_worker_view){ .name = "in", .busy_ns = 1250000000, .held_ns = 1,
		                                .idle_ns = 2, .turns = 3, .wakes = 4, .sleeps = 5,
		                                .events_lost = 6, .stuck_ns = 1500000000,
		                                .pool_packets = 128,
		                                .pool_free = 100 };
	m->worker[1] = (struct mr_worker_view){ .name = "main", .host = true };
	m->ring[0] =
		(struct mr_ring_view){ .edge = 0, .depth = 512, .queued = 2, .high_water = 64 };
	m->ring[1] =
		(struct mr_ring_view){ .edge = 0, .depth = 512, .queued = 1, .high_water = 32 };
	m->ring[2] = (struct mr_ring_view){ .edge = 0, .lane = MR_LANE_CONTROL, .depth = 256,
	                                    .queued = 1, .high_water = 7 };
	add(&m->wait, 100, 2);
	add(&m->wait, 1000, 3);
	add(&m->wait, 70000, 1);
	add(&m->wait, UINT64_C(1) << 35, 1);
	add(&m->size, 1, 1);
	add(&m->size, 3, 2);
	add(&m->size, 64, 2);
	m->view = (struct mr_view){ .graph = &m->graph, .aead = "mbedtls",
		                    .started_ns = 5 * MR_NS_PER_S,
		                    .now_ns = 7 * MR_NS_PER_S + 345 * MR_NS_PER_MS,
		                    .stage = m->stage, .stages = 2,
		                    .worker = m->worker, .workers = 2,
		                    .ring = m->ring, .rings = 3 };
	m->view.log_held = 12;
	m->view.log_lost = 34;
	m->view.reload = (struct mr_reload){
		.count = { [MR_RELOAD_DONE] = 3, [MR_RELOAD_REFUSED] = 2 },
		.last = MR_RELOAD_REFUSED,
		.at = 1700000000 * MR_NS_PER_S + 250 * MR_NS_PER_MS,
		.rest_ns = 1500000, .rest_max_ns = 2500000, .moved = 4, .lost = 1,
		.text = "tun.mtu: no",
	};
	return m;
}
