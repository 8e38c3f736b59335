/* A made-up view of a running engine in its three forms: JSON parsed back, the Prometheus text to
 * the byte and by the format's own rules, the table to the byte. */
#include "core/clock.h"
#include "core/stats.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* ---- the view: src -> dst over a ring, src.other leads nowhere, dst loops to itself inline ---- */

static const struct mr_kind src_kind = {
	.name = "src-kind",
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){ { .name = "ip" }, { .name = "other" }, { 0 } },
	.drops = (const struct mr_named[]){ { "runt", "too short", NULL }, { 0 } },
	.counters = (const struct mr_named[]){ { "reads", "read calls", NULL },
	                                       { "time-away", "a \\ and\na line", "ns" },
	                                       { "copied", "copied bytes", "bytes" },
	                                       { 0 } },
};

static const struct mr_kind dst_kind = {
	.name = "dst",
	.inputs = (const struct mr_port[]){ { .name = "in" }, { .name = "back" }, { 0 } },
	.outputs = (const struct mr_port[]){ { .name = "again" }, { 0 } },
	.drops = (const struct mr_named[]){ { "late", NULL, NULL }, { "stale", NULL, NULL }, { 0 } },
};

/* A name no graph allows, to see it escaped. */
#define ODD "d\"s\\t\n"

struct made {
	struct mr_graph       graph;
	struct mr_stage_view  stage[2];
	struct mr_worker_view worker[2];
	struct mr_ring_view   ring[3];
	struct mr_hist_view   wait, service, size, transit;
	struct mr_view        view;
};

static const uint64_t src_drop[] = { 1 }, src_edge[] = { 0, 2 };
static const uint64_t src_counter[] = { 5, 1500000000, 70 };
static const uint64_t dst_drop[] = { 1, 0 }, dst_edge[] = { 0 };
static char src_name[] = "src", dst_name[] = ODD, graph_name[] = "tiny";
static char graph_file[] = "graphs/tiny.json", graph_summary[] = "two stages";

static void add(struct mr_hist_view *view, uint64_t v, uint64_t n)
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
	g->edge[1] = (struct mr_edge){ .from = 1, .output = 0, .to = 1, .input = 1, .full = MR_WAIT };
}

static struct made *make(void)
{
	struct made *m = calloc(1, sizeof *m);

	make_graph(&m->graph);
	m->stage[0] = (struct mr_stage_view){
		.name = src_name, .kind = &src_kind, .drop = src_drop, .edge = src_edge,
		.counter = src_counter, .service = &m->service,
		.word = { [MR_W_MADE] = 10, [MR_W_OUT] = 7, [MR_W_OUT_BYTES] = 700,
		          [MR_W_CALLS] = 4, [MR_W_BUSY_NS] = 20000 },
	};
	m->stage[1] = (struct mr_stage_view){
		.name = dst_name, .kind = &dst_kind, .worker = 1, .drop = dst_drop, .edge = dst_edge,
		.wait = &m->wait, .size = &m->size, .transit = &m->transit,
		.word = { [MR_W_IN] = 7, [MR_W_IN_BYTES] = 700, [MR_W_TAKEN] = 5,
		          [MR_W_TAKEN_BYTES] = 500, [MR_W_HELD] = 1, [MR_W_VECTORS] = 2,
		          [MR_W_CALLS] = 2, [MR_W_BUSY_NS] = 3000000 },
	};
	m->worker[0] = (struct mr_worker_view){ .name = "in", .busy_ns = 1250000000, .held_ns = 1,
		                                .idle_ns = 2, .turns = 3, .wakes = 4, .sleeps = 5,
		                                .events_lost = 6, .pool_packets = 128,
		                                .pool_free = 100 };
	m->worker[1] = (struct mr_worker_view){ .name = "main", .host = true };
	m->ring[0] = (struct mr_ring_view){ .edge = 0, .depth = 512, .queued = 2, .high_water = 64 };
	m->ring[1] = (struct mr_ring_view){ .edge = 0, .depth = 512, .queued = 1, .high_water = 32 };
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
		                    .stage = m->stage, .stages = 2, .worker = m->worker, .workers = 2,
		                    .ring = m->ring, .rings = 3 };
	m->view.reload = (struct mr_reload){
		.count = { [MR_RELOAD_DONE] = 3, [MR_RELOAD_REFUSED] = 2 },
		.last = MR_RELOAD_REFUSED,
		.at = 1700000000 * MR_NS_PER_S + 250 * MR_NS_PER_MS,
		.rest_ns = 1500000, .rest_max_ns = 2500000, .moved = 4, .lost = 1,
		.text = "tun.mtu: no",
	};
	return m;
}

/* ---- JSON ---- */

static const json_t *at(const json_t *from, const char *path)
{
	char key[64];

	while (from && *path) {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof key, "%.*s", (int)n, path);
		from = json_is_array(from) ? json_array_get(from, (size_t)atoi(key))
		                           : json_object_get(from, key);
		path += n + (path[n] == '.');
	}
	return from;
}

/* A path in the document and its value, as JSON text. */
static const struct { const char *path, *value; } members[] = {
	{ "version", "\"" PACKAGE_VERSION "\"" },
	{ "graph", "{\"name\":\"tiny\",\"file\":\"graphs/tiny.json\",\"summary\":\"two stages\"}" },
	{ "aead", "\"mbedtls\"" },
	{ "uptime_s", "2.345" },
	{ "reload", "{\"done\":3,\"unchanged\":0,\"refused\":2,\"last\":\"refused\",\"at_s\":1700000000.25,"
	            "\"message\":\"tun.mtu: no\",\"rest_ns\":1500000,\"rest_max_ns\":2500000,\"moved\":4,"
	            "\"lost\":1}" },
	{ "conservation", "true" },
	{ "workers.0", "{\"name\":\"in\",\"host\":false,\"busy_ns\":1250000000,\"held_ns\":1,\"idle_ns\":2,"
	               "\"turns\":3,\"wakes\":4,\"sleeps\":5,\"events_lost\":6,"
	               "\"pool\":{\"packets\":128,\"free\":100}}" },
	{ "workers.1.host", "true" },
	{ "stages.0.name", "\"src\"" },
	{ "stages.0.kind", "\"src-kind\"" },
	{ "stages.0.worker", "\"in\"" },
	{ "stages.0.replica", "0" },
	{ "stages.0.packets", "{\"in\":0,\"out\":7,\"made\":10,\"taken\":0,\"held\":0,\"dropped\":3,"
	                      "\"balance\":0}" },
	{ "stages.0.bytes", "{\"in\":0,\"out\":700,\"taken\":0}" },
	{ "stages.0.calls", "4" },
	{ "stages.0.busy_ns", "20000" },
	{ "stages.0.drops", "{\"runt\":1}" },
	{ "stages.0.edges", "{\"ip\":{\"dropped\":0},\"other\":{\"dropped\":2}}" },
	{ "stages.0.counters", "{\"reads\":5,\"time-away\":1500000000,\"copied\":70}" },
	{ "stages.0.wait_ns", NULL },
	{ "stages.0.service_ns", "{\"count\":0,\"mean\":0.0,\"p50\":0,\"p90\":0,\"p99\":0,\"p999\":0,"
	                         "\"max\":0}" },
	{ "stages.1.worker", "\"main\"" },
	{ "stages.1.packets", "{\"in\":7,\"out\":0,\"made\":0,\"taken\":5,\"held\":1,\"dropped\":1,"
	                      "\"balance\":0}" },
	{ "stages.1.vectors", "2" },
	{ "stages.1.drops", "{\"late\":1,\"stale\":0,\"sojourn\":0}" },
	{ "stages.1.counters", "{}" },
	{ "stages.1.wait_ns", "{\"count\":7,\"mean\":4908544509.7,\"p50\":1023,\"p90\":34359738368,"
	                      "\"p99\":34359738368,\"p999\":34359738368,\"max\":34359738368}" },
	{ "stages.1.vector", "{\"count\":5,\"mean\":27.0,\"p50\":3,\"p90\":64,\"p99\":64,\"p999\":64,"
	                     "\"max\":64}" },
	{ "stages.2", NULL },
	{ "edges.0.from", "\"src.ip\"" },
	{ "edges.0.full", "\"drop\"" },
	{ "edges.0.inline", "false" },
	{ "edges.0.depth", "1280" },
	{ "edges.0.queued", "4" },
	{ "edges.0.high_water", "103" },
	{ "edges.0.lanes", "{\"bulk\":{\"depth\":1024,\"queued\":3,\"high_water\":96},"
	                   "\"control\":{\"depth\":256,\"queued\":1,\"high_water\":7}}" },
	{ "edges.1.full", "\"wait\"" },
	{ "edges.1.inline", "true" },
	{ "edges.1.depth", "0" },
	{ "edges.1.lanes", "{}" },
	{ "edges.2", NULL },
};

START_TEST(json)
{
	struct made *m = make();
	size_t len;
	char *text = mr_stats_json(&m->view, &len);
	json_t *doc;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, strlen(text));
	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(doc);
	for (size_t i = 0; i < COUNT(members); i++) {
		const json_t *value = at(doc, members[i].path);
		char *got = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
		                                              JSON_REAL_PRECISION(15))
		                  : NULL;

		if (members[i].value)
			ck_assert_msg(got && strcmp(got, members[i].value) == 0, "%s: %s",
			              members[i].path, got);
		else
			ck_assert_msg(!got, "%s: %s", members[i].path, got);
		free(got);
	}
	ck_assert_str_eq(json_string_value(at(doc, "edges.0.to")), ODD ".in");
	json_decref(doc);
	free(text);
	free(m);
}
END_TEST

/* What ended for its wait was taken in and dropped. */
START_TEST(sojourn)
{
	struct made *m = make();
	size_t len;
	char *text;
	json_t *doc;

	m->stage[1].word[MR_W_IN] += 4;
	m->stage[1].word[MR_W_SOJOURN] = 4;
	text = mr_stats_json(&m->view, &len);
	doc = json_loads(text, 0, NULL);
	ck_assert(json_is_true(at(doc, "conservation")));
	ck_assert_int_eq(json_integer_value(at(doc, "stages.1.drops.sojourn")), 4);
	ck_assert_int_eq(json_integer_value(at(doc, "stages.1.packets.dropped")), 5);
	ck_assert_ptr_null(at(doc, "stages.0.drops.sojourn")); /* it takes nothing in */
	json_decref(doc);
	free(text);
	text = mr_stats_metrics(&m->view, &len);
	ck_assert_ptr_nonnull(strstr(text, ",drop=\"sojourn\"} 4\n"));
	free(text);
	free(m);
}
END_TEST

/* A packet that is nowhere shows. */
START_TEST(lost)
{
	struct made *m = make();
	size_t len;
	char *text;
	json_t *doc;

	m->stage[1].word[MR_W_TAKEN]++;
	text = mr_stats_json(&m->view, &len);
	doc = json_loads(text, 0, NULL);
	ck_assert(json_is_false(at(doc, "conservation")));
	ck_assert_int_eq(json_integer_value(at(doc, "stages.1.packets.balance")), -1);
	ck_assert_int_eq(json_integer_value(at(doc, "stages.0.packets.balance")), 0);
	json_decref(doc);
	free(text);
	text = mr_stats_metrics(&m->view, &len);
	ck_assert_ptr_nonnull(strstr(text, "millrace_stage_balance_packets{stage=\"d\\\"s\\\\t\\n\","
	                                   "replica=\"0\"} -1\n"));
	free(text);
	free(m);
}
END_TEST

/* ---- Prometheus ---- */

#define SRC "{stage=\"src\",replica=\"0\""
#define DST "{stage=\"d\\\"s\\\\t\\n\",replica=\"0\""
#define FAMILY(name, type, help) "# HELP " name " " help "\n# TYPE " name " " type "\n"
#define WORKERS(name, type, help, in, main)                                                  \
	FAMILY("millrace_worker_" name, type, help)                                          \
	"millrace_worker_" name "{worker=\"in\"} " in "\n"                                   \
	"millrace_worker_" name "{worker=\"main\"} " main "\n"
#define STAGES(name, type, help, src, dst)                                                   \
	FAMILY("millrace_stage_" name, type, help)                                           \
	"millrace_stage_" name SRC "} " src "\n"                                             \
	"millrace_stage_" name DST "} " dst "\n"
#define EDGES(name, help, bulk, control)                                                     \
	FAMILY("millrace_edge_" name, "gauge", help)                                         \
	"millrace_edge_" name "{edge=\"src.ip->d\\\"s\\\\t\\n.in\",lane=\"bulk\"} " bulk "\n" \
	"millrace_edge_" name "{edge=\"src.ip->d\\\"s\\\\t\\n.in\",lane=\"control\"} " control "\n"
#define WAIT(le, n) "millrace_stage_wait_seconds_bucket" DST ",le=\"" le "\"} " n "\n"
#define SIZE(le, n) "millrace_stage_vector_packets_bucket" DST ",le=\"" le "\"} " n "\n"

static const char metrics[] =
	FAMILY("millrace_build_info", "gauge", "What is running; always 1.")
	"millrace_build_info{version=\"" PACKAGE_VERSION "\",aead=\"mbedtls\",graph=\"tiny\"} 1\n"
	FAMILY("millrace_uptime_seconds", "gauge", "Time since the engine started.")
	"millrace_uptime_seconds 2.345\n"
	FAMILY("millrace_reloads_total", "counter", "Reloads, by how they ended.")
	"millrace_reloads_total{result=\"done\"} 3\n"
	"millrace_reloads_total{result=\"unchanged\"} 0\n"
	"millrace_reloads_total{result=\"refused\"} 2\n"
	FAMILY("millrace_reload_last_refused", "gauge", "1 when the last reload was refused.")
	"millrace_reload_last_refused 1\n"
	FAMILY("millrace_reload_last_timestamp_seconds", "gauge",
	       "When the last reload was; 0 when there was none.")
	"millrace_reload_last_timestamp_seconds 1700000000.25\n"
	FAMILY("millrace_reload_rest_seconds", "gauge",
	       "Time no source was read in while workers were replaced, the last time.")
	"millrace_reload_rest_seconds 0.0015\n"
	WORKERS("busy_seconds_total", "counter", "Time a worker spent in stages.", "1.25", "0")
	WORKERS("held_seconds_total", "counter",
	        "Time a worker had work that full edges kept it from.", "0.000000001", "0")
	WORKERS("idle_seconds_total", "counter", "Time a worker had nothing to do.", "0.000000002", "0")
	WORKERS("turns_total", "counter", "Passes over a worker's stages.", "3", "0")
	WORKERS("wakes_total", "counter", "Times a worker was woken by another.", "4", "0")
	WORKERS("sleeps_total", "counter", "Times a worker went to sleep.", "5", "0")
	WORKERS("events_lost_total", "counter",
	        "Events to control lost because its mailbox was full.", "6", "0")
	WORKERS("pool_packets", "gauge", "Packet buffers a worker owns.", "128", "0")
	WORKERS("pool_free_packets", "gauge", "Packet buffers at home and unused.", "100", "0")
	EDGES("depth_packets", "Packets an edge's rings hold at most.", "1024", "256")
	EDGES("queued_packets", "Packets in an edge's rings now.", "3", "1")
	EDGES("high_water_packets", "Most packets ever in an edge's rings.", "96", "7")
	FAMILY("millrace_stage_info", "gauge", "Kind and worker of a stage; always 1.")
	"millrace_stage_info" SRC ",kind=\"src-kind\",worker=\"in\"} 1\n"
	"millrace_stage_info" DST ",kind=\"dst\",worker=\"main\"} 1\n"
	STAGES("balance_packets", "gauge",
	       "in + made - out - taken - dropped - held; anything but 0 is a fault.", "0", "0")
	STAGES("in_packets_total", "counter", "Packets handed to a stage.", "0", "7")
	STAGES("in_bytes_total", "counter", "Bytes handed to a stage.", "0", "700")
	STAGES("out_packets_total", "counter", "Packets handed on by an edge.", "7", "0")
	STAGES("out_bytes_total", "counter", "Bytes handed on by an edge.", "700", "0")
	STAGES("made_packets_total", "counter", "Packets a stage read from a descriptor or made.", "10",
	       "0")
	STAGES("taken_packets_total", "counter",
	       "Packets that left the node or ended here in good order.", "0", "5")
	STAGES("taken_bytes_total", "counter", "Bytes of those packets.", "0", "500")
	STAGES("held_packets", "gauge", "Packets a stage keeps now.", "0", "1")
	STAGES("vectors_total", "counter", "Vectors taken in.", "0", "2")
	STAGES("calls_total", "counter", "Calls of a stage.", "4", "2")
	STAGES("busy_seconds_total", "counter", "Time spent in a stage's calls.", "0.00002", "0.003")
	FAMILY("millrace_stage_drops_total", "counter", "Packets a stage dropped, by reason.")
	"millrace_stage_drops_total" SRC ",drop=\"runt\"} 1\n"
	"millrace_stage_drops_total" DST ",drop=\"late\"} 1\n"
	"millrace_stage_drops_total" DST ",drop=\"stale\"} 0\n"
	"millrace_stage_drops_total" DST ",drop=\"sojourn\"} 0\n"
	FAMILY("millrace_edge_drops_total", "counter",
	       "Packets dropped because an edge was full or led nowhere.")
	"millrace_edge_drops_total" SRC ",edge=\"src.ip->d\\\"s\\\\t\\n.in\"} 0\n"
	"millrace_edge_drops_total" SRC ",edge=\"src.other->nowhere\"} 2\n"
	"millrace_edge_drops_total" DST ",edge=\"d\\\"s\\\\t\\n.again->d\\\"s\\\\t\\n.back\"} 0\n"
	FAMILY("millrace_stage_wait_seconds", "histogram", "Time a vector waited in a ring.")
	WAIT("0.000000255", "2") WAIT("0.000000511", "2") WAIT("0.000001023", "5")
	WAIT("0.000002047", "5") WAIT("0.000004095", "5") WAIT("0.000008191", "5")
	WAIT("0.000016383", "5") WAIT("0.000032767", "5") WAIT("0.000065535", "5")
	WAIT("0.000131071", "6") WAIT("0.000262143", "6") WAIT("0.000524287", "6")
	WAIT("0.001048575", "6") WAIT("0.002097151", "6") WAIT("0.004194303", "6")
	WAIT("0.008388607", "6") WAIT("0.016777215", "6") WAIT("0.033554431", "6")
	WAIT("0.067108863", "6") WAIT("0.134217727", "6") WAIT("0.268435455", "6")
	WAIT("0.536870911", "6") WAIT("1.073741823", "6") WAIT("2.147483647", "6")
	WAIT("4.294967295", "6") WAIT("8.589934591", "6") WAIT("17.179869183", "6")
	WAIT("+Inf", "7")
	"millrace_stage_wait_seconds_sum" DST "} 34.359811568\n"
	"millrace_stage_wait_seconds_count" DST "} 7\n"
	FAMILY("millrace_stage_service_seconds", "histogram", "Time of one call of a stage.")
	FAMILY("millrace_stage_vector_packets", "histogram", "Packets in a vector taken in.")
	SIZE("1", "1") SIZE("3", "3") SIZE("7", "3") SIZE("15", "3") SIZE("31", "3") SIZE("63", "3")
	SIZE("+Inf", "5")
	"millrace_stage_vector_packets_sum" DST "} 135\n"
	"millrace_stage_vector_packets_count" DST "} 5\n"
	FAMILY("millrace_stage_transit_seconds", "histogram",
	       "Time of a packet from its arrival at the node to its end at this stage.")
	FAMILY("millrace_src_kind_reads_total", "counter", "read calls")
	"millrace_src_kind_reads_total" SRC "} 5\n"
	FAMILY("millrace_src_kind_time_away_seconds_total", "counter", "a \\\\ and\\na line")
	"millrace_src_kind_time_away_seconds_total" SRC "} 1.5\n"
	FAMILY("millrace_src_kind_copied_bytes_total", "counter", "copied bytes")
	"millrace_src_kind_copied_bytes_total" SRC "} 70\n";

START_TEST(metrics_text)
{
	struct made *m = make();
	size_t len, n = 0;
	char *text = mr_stats_metrics(&m->view, &len);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, strlen(text));
	while (text[n] && text[n] == metrics[n])
		n++;
	while (n > 0 && metrics[n] != text[n] && text[n - 1] != '\n')
		n--;
	ck_assert_msg(strcmp(text, metrics) == 0, "got  %.*s\nwant %.*s",
	              (int)strcspn(text + n, "\n"), text + n, (int)strcspn(metrics + n, "\n"),
	              metrics + n);
	free(text);
	free(m);
}
END_TEST

/* What the format asks of any text.  The state of a reader going down the lines. */
struct reader {
	char     family[128], type[16];
	char     seen[16384]; /* "|name|name|" of all families     */
	char     series[512]; /* labels of the last bucket but le  */
	uint64_t bucket;      /* its count so far                  */
	uint64_t inf;         /* count of its +Inf bucket          */
	bool     closed;      /* +Inf has been seen                */
};

static void read_help(struct reader *r, const char *line)
{
	char key[160];

	ck_assert_int_eq(sscanf(line, "# HELP %127s", r->family), 1);
	snprintf(key, sizeof key, "|%s|", r->family);
	ck_assert_msg(!strstr(r->seen, key), "%s twice", r->family);
	ck_assert_uint_lt(strlen(r->seen) + strlen(key), sizeof r->seen);
	strcat(r->seen, key);
	r->type[0] = '\0';
}

static void read_type(struct reader *r, const char *line)
{
	char name[128];

	ck_assert_str_eq(r->type, "");
	ck_assert_int_eq(sscanf(line, "# TYPE %127s %15s", name, r->type), 2);
	ck_assert_str_eq(name, r->family);
	if (strcmp(r->type, "counter") == 0)
		ck_assert_ptr_nonnull(strstr(name, "_total"));
}

static void read_bucket(struct reader *r, const char *labels, uint64_t n)
{
	const char *le = strstr(labels, ",le=\"");
	char series[512];

	ck_assert_ptr_nonnull(le);
	snprintf(series, sizeof series, "%s%.*s", r->family, (int)(le - labels), labels);
	if (strcmp(series, r->series) != 0)
		r->bucket = 0;
	strcpy(r->series, series);
	ck_assert_uint_ge(n, r->bucket);
	r->bucket = n;
	r->closed = strncmp(le, ",le=\"+Inf\"", 10) == 0;
	r->inf = n;
}

static void read_sample(struct reader *r, const char *line)
{
	size_t name = strlen(r->family);
	const char *rest = line + name, *value = strrchr(line, ' ');
	uint64_t n;

	ck_assert_msg(strncmp(line, r->family, name) == 0, "%s in %s", line, r->family);
	ck_assert_ptr_nonnull(value);
	ck_assert_uint_eq(strspn(value + 1, "-0123456789."), strlen(value + 1));
	n = strtoull(value + 1, NULL, 10);
	if (strcmp(r->type, "histogram") != 0) {
		ck_assert_msg(*rest == '{' || *rest == ' ', "%s", line);
	} else if (strncmp(rest, "_bucket{", 8) == 0) {
		read_bucket(r, rest + 7, n);
	} else if (strncmp(rest, "_count{", 7) == 0) {
		ck_assert(r->closed);
		ck_assert_uint_eq(n, r->inf);
	} else {
		ck_assert_int_eq(strncmp(rest, "_sum{", 5), 0);
		ck_assert(r->closed);
	}
}

static void read_metrics(char *text)
{
	struct reader *r = calloc(1, sizeof *r);
	char *save = NULL;

	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "# HELP ", 7) == 0)
			read_help(r, line);
		else if (strncmp(line, "# TYPE ", 7) == 0)
			read_type(r, line);
		else
			read_sample(r, line);
	}
	free(r);
}

/* Also with every histogram there, two replicas of one kind, and large values. */
START_TEST(metrics_rules)
{
	struct made *m = make();
	size_t len;
	char *text;

	for (uint64_t v = 1; v < UINT64_C(1) << 45; v += v / 3 + 1) {
		add(&m->service, v, 3);
		add(&m->transit, v, 1);
	}
	if (_i == 1) {
		m->stage[1] = m->stage[0];
		m->stage[1].replica = 1;
	}
	text = mr_stats_metrics(&m->view, &len);
	read_metrics(text);
	free(text);
	free(m);
}
END_TEST

/* ---- the table ---- */

#define HEAD_TOTALS \
	"stage               in     out   drops vector  wait p50      p99 call p50      p99   ns/pkt   busy\n"
#define HEAD_RATES \
	"stage             in/s   out/s  drop/s vector  wait p50      p99 call p50      p99   ns/pkt   busy\n"

START_TEST(table)
{
	static char plain[] = "dst";
	struct made *m = make();
	char *text;

	m->stage[1].name = plain;
	add(&m->transit, 2500000, 1);
	text = mr_stats_table(&m->view, NULL);
	ck_assert_str_eq(text,
	                 HEAD_TOTALS
	                 "src                 10       7       3      -         -        -        -        -   2000.0   0.0%\n"
	                 "dst                  7       5       1    3.5     1.0us    34.3s        -        - 428571.4   0.1%\n"
	                 "through the node to dst: p50 2.5ms, p99 2.5ms\n");
	free(text);
	free(m);
}
END_TEST

/* Only what came since: half a second with 1000 packets more. */
START_TEST(table_since)
{
	static char plain[] = "dst";
	struct made *before = make(), *m = make();
	char *text;

	before->stage[1].name = m->stage[1].name = plain;
	m->view.now_ns += MR_NS_PER_S / 2;
	m->stage[0].word[MR_W_MADE] += 1000;
	m->stage[0].word[MR_W_OUT] += 1000;
	m->stage[0].word[MR_W_BUSY_NS] += 250 * MR_NS_PER_MS;
	m->stage[1].word[MR_W_IN] += 1000;
	m->stage[1].word[MR_W_VECTORS] += 20;
	m->stage[1].word[MR_W_TAKEN] += 1000;
	add(&m->wait, 640, 20);
	add(&m->service, 12800, 7);
	text = mr_stats_table(&m->view, &before->view);
	ck_assert_str_eq(text,
	                 HEAD_RATES
	                 "src              2.00k   2.00k       0      -         -        -   12.8us   12.8us 250000.0  50.0%\n"
	                 "dst              2.00k   2.00k       0   50.0     671ns    671ns        -        -      0.0   0.0%\n");
	free(text);
	free(before);
	free(m);
}
END_TEST

/* Numbers at the edges of their units, and names with replicas. */
START_TEST(rows)
{
	static const struct mr_stats_row r[] = {
		{ .name = "a", .replica = 0, .in = 999, .out = 1000, .drops = 9999,
		  .wait_p50 = 999, .wait_p99 = 1000, .call_p50 = 999999, .call_p99 = 1000000 },
		{ .name = "a", .replica = 1, .in = 10000, .out = 999999, .drops = 12345678,
		  .wait_p50 = 999999999, .wait_p99 = UINT64_C(1000000000), .call_p50 = 1 },
		{ .name = "b", .in = UINT64_C(18446744073709551615), .vectors = 3, .vector_packets = 2 },
	};
	char *text = mr_stats_rows(r, COUNT(r), 0, false);

	ck_assert_str_eq(text,
	                 HEAD_TOTALS
	                 "a/0                999   1.00k   9.99k      -     999ns    1.0us  999.9us    1.0ms      0.0      -\n"
	                 "a/1              10.0k  999.9k   12.3M      -   999.9ms     1.0s      1ns        -      0.0      -\n"
	                 "b                18.4E       0       0    0.7         -        -        -        -      0.0      -\n");
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats");
	TCase *t = tcase_create("stats");
	SRunner *r;
	int failed;

	tcase_add_test(t, json);
	tcase_add_test(t, sojourn);
	tcase_add_test(t, lost);
	tcase_add_test(t, metrics_text);
	tcase_add_loop_test(t, metrics_rules, 0, 2);
	tcase_add_test(t, table);
	tcase_add_test(t, table_since);
	tcase_add_test(t, rows);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
