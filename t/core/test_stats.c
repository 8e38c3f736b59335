/* A made-up view of a running engine in its three forms: JSON parsed back, the Prometheus text to
 * the byte and by the format's own rules, the table to the byte. */
#include "core/clock.h"
#include "t/core/stats_bench.h"
#include "t/lib/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	{ "log", "{\"held\":12,\"lost\":34}" },
	{ "conservation", "true" },
	{ "workers.0", "{\"name\":\"in\",\"host\":false,\"busy_ns\":1250000000,\"held_ns\":1,\"idle_ns\":2,"
	               "\"turns\":3,\"wakes\":4,\"sleeps\":5,\"events_lost\":6,\"stuck_ns\":1500000000,"
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
	{ "stages.0.edges", "{\"ip\":{\"packets\":7,\"bytes\":700,\"dropped\":0},"
	                    "\"other\":{\"packets\":0,\"bytes\":0,\"dropped\":2}}" },
	{ "stages.0.counters", "{\"reads\":5,\"time-away\":1500000000,\"copied\":70,"
	                       "\"read-bytes\":9,\"for-us\":2}" },
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
	{ "edges.0.packets", "7" },
	{ "edges.0.bytes", "700" },
	{ "edges.0.dropped", "0" },
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
	char *text = mr_stats_json(&m->view, false, &len);
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

/* Asked for, buckets say how many values lie where; nothing else changes. */
START_TEST(buckets)
{
	struct made *m = make();
	size_t len;
	char *text = mr_stats_json(&m->view, true, &len), *got;
	json_t *doc;

	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(doc);
	got = json_dumps(at(doc, "stages.1.wait_ns.buckets"), JSON_COMPACT);
	ck_assert_str_eq(got, "[103,2,1023,3,73727,1,36507222015,1]");
	free(got);
	got = json_dumps(at(doc, "stages.0.service_ns.buckets"), JSON_COMPACT);
	ck_assert_str_eq(got, "[]");
	ck_assert_int_eq(json_integer_value(at(doc, "stages.1.wait_ns.p50")), 1023);
	free(got);
	json_decref(doc);
	free(text);
	free(m);
}
END_TEST

/* An edge's packets are those of all replicas of the stage before it. */
START_TEST(handed)
{
	struct made *m = make();
	struct mr_edge_sum sum;

	m->stage[1].name = m->stage[0].name; /* a second replica */
	m->stage[1].kind = m->stage[0].kind;
	m->stage[1].edge = m->stage[0].edge;
	m->stage[1].handed = (const uint64_t[]){ 3, 30, 1, 1 };
	sum = mr_stats_handed(&m->view, 0);
	ck_assert_uint_eq(sum.packets, 10);
	ck_assert_uint_eq(sum.bytes, 730);
	ck_assert_uint_eq(sum.dropped, 0);
	m->graph.edge[0].output = 1;
	sum = mr_stats_handed(&m->view, 0);
	ck_assert_uint_eq(sum.packets, 1);
	ck_assert_uint_eq(sum.dropped, 4);
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
	text = mr_stats_json(&m->view, false, &len);
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
	text = mr_stats_json(&m->view, false, &len);
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
		{ .name = "b", .in = UINT64_C(18446744073709551615), .vectors = 3,
		  .vector_packets = 2 },
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
	tcase_add_test(t, buckets);
	tcase_add_test(t, handed);
	tcase_add_test(t, sojourn);
	tcase_add_test(t, lost);
	tcase_add_test(t, table);
	tcase_add_test(t, table_since);
	tcase_add_test(t, rows);
	suite_add_tcase(s, t);
	suite_add_tcase(s, stats_metrics());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
