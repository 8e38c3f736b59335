/* stats_metrics.c - the Prometheus text of the made-up view:
 * to the byte, and by the format's own rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/core/stats_bench.h"

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
#define OUTPUTS(name, first)                                                                    \
	"millrace_edge_" name "_total" SRC ",edge=\"src.ip->d\\\"s\\\\t\\n.in\"} " first "\n"   \
	"millrace_edge_" name "_total" SRC ",edge=\"src.other->nowhere\"} 0\n"                  \
	"millrace_edge_" name "_total" DST ",edge=\"d\\\"s\\\\t\\n.again->d\\\"s\\\\t\\n.back\"} 0\n"
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
	FAMILY("millrace_log_lines_held_total", "counter",
	       "Lines of the log held back because their place said too much.")
	"millrace_log_lines_held_total 12\n"
	FAMILY("millrace_log_lines_lost_total", "counter",
	       "Lines of the log that nobody took in time.")
	"millrace_log_lines_lost_total 34\n"
	WORKERS("busy_seconds_total", "counter", "Time a worker spent in stages.", "1.25", "0")
	WORKERS("held_seconds_total", "counter",
	        "Time a worker had work that full edges kept it from.", "0.000000001", "0")
	WORKERS("idle_seconds_total", "counter",
	        "Time a worker had nothing to do.", "0.000000002", "0")
	WORKERS("turns_total", "counter", "Passes over a worker's stages.", "3", "0")
	WORKERS("wakes_total", "counter", "Times a worker was woken by another.", "4", "0")
	WORKERS("sleeps_total", "counter", "Times a worker went to sleep.", "5", "0")
	WORKERS("events_lost_total", "counter",
	        "Events to control lost because its mailbox was full.", "6", "0")
	WORKERS("stuck_seconds", "gauge",
	        "Time since a worker was asked for a turn that it has not completed.", "1.5", "0")
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
	STAGES("made_packets_total", "counter",
	       "Packets a stage read from a descriptor or made.", "10", "0")
	STAGES("taken_packets_total", "counter",
	       "Packets that left the node or ended here in good order.", "0", "5")
	STAGES("taken_bytes_total", "counter", "Bytes of those packets.", "0", "500")
	STAGES("held_packets", "gauge", "Packets a stage keeps now.", "0", "1")
	STAGES("vectors_total", "counter", "Vectors taken in.", "0", "2")
	STAGES("calls_total", "counter", "Calls of a stage.", "4", "2")
	STAGES("busy_seconds_total", "counter", "Time spent in a stage's calls.", "0.00002", "0.003")
	FAMILY("millrace_edge_packets_total", "counter", "Packets handed on by an edge.")
	OUTPUTS("packets", "7")
	FAMILY("millrace_edge_bytes_total", "counter", "Bytes handed on by an edge.")
	OUTPUTS("bytes", "700")
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
	"millrace_src_kind_copied_bytes_total" SRC "} 70\n"
	FAMILY("millrace_src_kind_read_bytes_total", "counter", "bytes read")
	"millrace_src_kind_read_bytes_total" SRC "} 9\n"
	FAMILY("millrace_src_kind_for_here_total", "counter", "for this node, not microseconds")
	"millrace_src_kind_for_here_total" SRC "} 2\n";

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

TCase *stats_metrics(void)
{
	TCase *t = tcase_create("metrics");

	tcase_add_test(t, metrics_text);
	tcase_add_loop_test(t, metrics_rules, 0, 2);
	return t;
}
