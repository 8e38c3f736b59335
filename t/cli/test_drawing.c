/* A graph as boxes and edges in text: a small one to the byte, then each shipped graph by what must
 * hold of any drawing: every stage and output once,
 * and every edge a way of its own that ends at its stage. */
#include "cli/drawing.h"
#include "core/graph.h"
#include "core/json.h"
#include "stages/kinds.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char graph[] =
	"{\"graph\":\"g\",\"stages\":{\"src\":{\"kind\":\"src\"},\"mid\":{\"kind\":\"pass\"},"
	"\"end\":{\"kind\":\"end\"}},"
	"\"edges\":["
	"{\"from\":\"src.ip\",\"to\":\"mid.ip\",\"depth\":1024,\"full\":\"wait\"},"
	"{\"from\":\"mid.out\",\"to\":\"end.in\",\"depth\":512,\"full\":\"drop\"},"
	"{\"from\":\"mid.odd\",\"to\":\"end.odd\",\"depth\":64,\"full\":\"drop\"},"
	"{\"from\":\"end.back\",\"to\":\"src.back\",\"depth\":32,\"full\":\"drop\"},"
	"{\"from\":\"nobody.x\",\"to\":\"src.back\",\"depth\":32,\"full\":\"drop\"}],"
	"\"workers\":{\"a\":{\"stages\":[\"src\",\"mid\"],\"threads\":2},"
	"\"b\":{\"stages\":[\"end\"],\"threads\":1}}}";

static const char answer[] =
	"{\"pid\":1,\"uptime_s\":2.0,\"conservation\":true,"
	"\"workers\":[{\"name\":\"a.0\",\"busy_ns\":30,\"held_ns\":10,\"idle_ns\":0},"
	"{\"name\":\"a.1\",\"busy_ns\":30,\"held_ns\":0,\"idle_ns\":50},"
	"{\"name\":\"ab\",\"busy_ns\":1000,\"held_ns\":0,\"idle_ns\":0},{\"name\":\"b\"}],"
	"\"stages\":["
	"{\"name\":\"src\",\"replica\":0,\"packets\":{\"made\":2000},\"busy_ns\":1000000000},"
	"{\"name\":\"src\",\"replica\":1,\"packets\":{\"made\":2000},\"busy_ns\":500000000},"
	"{\"name\":\"mid\",\"replica\":0,\"packets\":{\"in\":4000,\"dropped\":30},"
	"\"bytes\":{\"in\":4000000},\"drops\":{\"late\":20,\"never\":0},"
	"\"edges\":{\"out\":{\"dropped\":10}}}],"
	"\"edges\":["
	"{\"from\":\"src.ip\",\"to\":\"mid.ip\",\"inline\":true,\"packets\":4000,\"bytes\":4000000},"
	"{\"from\":\"mid.out\",\"to\":\"end.in\",\"inline\":false,\"depth\":512,\"queued\":511,"
	"\"packets\":3970,\"bytes\":250,\"dropped\":10}]}";

/* The drawing as text; freed by the caller. */
static char *drawn_in(bool colour, const char *text, const char *stats, unsigned width)
{
	json_t *g = json_loads(text, 0, NULL);
	struct cli_sample sample = { 0 };
	struct cli_sheet sheet;
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	ck_assert_ptr_nonnull(g);
	if (stats)
		ck_assert(cli_sample_read(&sample, stats, strlen(stats)));
	cli_sheet_open(&sheet, width);
	ck_assert(cli_draw_graph(&sheet, 0, g, &sample));
	ck_assert(!sheet.failed);
	cli_sheet_print(&sheet, colour, f);
	fclose(f);
	cli_sheet_close(&sheet);
	cli_sample_close(&sample);
	json_decref(g);
	return out;
}

static char *drawn(const char *text, const char *stats, unsigned width)
{
	return drawn_in(false, text, stats, width);
}

static const char still[] =
	"+- a x 2 -----------------------------------------------------+\n"
	"| src                                                         |<----+\n"
	"|   ip                                            wait        |---+ |\n"
	"+-------------------------------------------------------------+   | |\n"
	"| mid (pass)                                                  |<--+ |\n"
	"|   out > in                                  drop 512        |===+ |\n"
	"|   odd                                        drop 64        |===+ |\n"
	"+-------------------------------------------------------------+   | |\n"
	"+- b ---------------------------------------------------------+   | |\n"
	"| end                                                         |<--+ |\n"
	"|   back                                       drop 32        |=====+\n"
	"+-------------------------------------------------------------+\n";

static const char live[] =
	"+- a x 2 ------------------------- busy 50% held 8% idle 42% -+\n"
	"| src                           2.00k     0        75%        |<----+\n"
	"|   ip                          2.00k 16.0M                   |---+ |\n"
	"+-------------------------------------------------------------+   | |\n"
	"| mid (pass)                    2.00k 16.0M         0%     15 |<--+ |\n"
	"|   ! late                                                 10 |     |\n"
	"|   out > in                    1.99k 1.00k    511/512      5 |===+ |\n"
	"|   odd                                        drop 64        |===+ |\n"
	"+-------------------------------------------------------------+   | |\n"
	"+- b ---------------------------------- busy - held - idle - -+   | |\n"
	"| end                               0     0         0%        |<--+ |\n"
	"|   back                                       drop 32        |=====+\n"
	"+-------------------------------------------------------------+\n";

START_TEST(a_drawing)
{
	char *got = drawn(graph, _i ? answer : NULL, 70);
	const char *want = _i ? live : still;

	ck_assert_msg(strcmp(got, want) == 0, "got:\n%s\nwant:\n%s", got, want);
	free(got);
}
END_TEST

/* What is dropped is red, and so is the line of the edge that drops; nothing else is. */
START_TEST(red)
{
	static const char *const want[] = { "15", "! late", "10", "5", "===+" };
	static const char begin[] = "\033[0;31m";
	char *got = drawn_in(true, graph, answer, 70);
	const char *at = got;
	unsigned n = 0;

	for (; (at = strstr(at, begin)); n++) {
		size_t end;

		at += sizeof begin - 1;
		at += strspn(at, " ");
		end = strcspn(at, "\033");
		ck_assert_msg(n < COUNT(want) && end == strlen(want[n]) &&
		                      !strncmp(at, want[n], end),
		              "%u: \"%.*s\" is red", n, (int)end, at);
	}
	ck_assert_uint_eq(n, COUNT(want));
	free(got);
}
END_TEST

/* ---- any graph ---- */

static char *read_file(const char *name)
{
	const char *top = getenv("srcdir");
	char path[512], *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof path, "%s/graphs/%s.json", top ? top : ".", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	ck_assert_uint_lt(fread(text, 1, (1 << 16) - 1, f), (1 << 16) - 1);
	fclose(f);
	return text;
}

#define ROWS 256

struct rows {
	const char *row[ROWS];
	size_t      len[ROWS];
	unsigned    n;
};

static struct rows rows_of(const char *text)
{
	struct rows r = { .n = 0 };

	for (; *text; text += r.len[r.n] + 1, r.n++) {
		ck_assert_uint_lt(r.n, ROWS);
		r.row[r.n] = text;
		r.len[r.n] = strcspn(text, "\n");
		ck_assert(text[r.len[r.n]] == '\n');
	}
	return r;
}

static char at(const struct rows *r, unsigned row, size_t col)
{
	return col < r->len[row] ? r->row[row][col] : ' ';
}

/* Where the '+' of the row's line stands, or 0. */
static size_t corner(const struct rows *r, unsigned row, size_t box)
{
	const char *plus =
		r->len[row] > box ? memchr(r->row[row] + box, '+', r->len[row] - box) : NULL;

	return plus ? (size_t)(plus - r->row[row]) : 0;
}

/* The row whose box begins with these words in this column, or -1. */
static int row_of(const struct rows *r, size_t col, const char *words)
{
	int found = -1;

	for (unsigned i = 0; i < r->n; i++) {
		if (r->len[i] < col + strlen(words) || r->row[i][0] != '|' ||
		    strncmp(r->row[i] + col, words, strlen(words)) != 0 ||
		    r->row[i][col - 1] != ' ' || at(r, i, col + strlen(words)) != ' ')
			continue;
		ck_assert_msg(found < 0, "%s is drawn twice", words);
		found = (int)i;
	}
	return found;
}

/* The row of an output below its stage. */
static unsigned output_row(const struct rows *r, const char *from)
{
	const char *dot = strchr(from, '.');
	char stage[64];
	int row;

	snprintf(stage, sizeof stage, "%.*s", (int)(dot - from), from);
	row = row_of(r, 2, stage);
	ck_assert_msg(row >= 0, "%s is not drawn", stage);
	for (unsigned i = (unsigned)row + 1; i < r->n && r->row[i][0] == '|'; i++)
		if (strncmp(r->row[i] + 4, dot + 1, strlen(dot + 1)) == 0 &&
		    r->row[i][4 + strlen(dot + 1)] == ' ')
			return i;
	ck_abort_msg("%s is not drawn", from);
}

/* From the output's corner along its column to the row of the stage, and from there to its box. */
static void check_edge(const struct rows *r, size_t box, const char *from, const char *to)
{
	unsigned source = output_row(r, from), target;
	size_t col = corner(r, source, box);
	char stage[64];

	snprintf(stage, sizeof stage, "%.*s", (int)strcspn(to, "."), to);
	target = (unsigned)row_of(r, 2, stage);
	ck_assert_msg(col > box, "%s: no line", from);
	ck_assert_msg(corner(r, target, box) == col, "%s > %s: ends elsewhere", from, to);
	ck_assert_msg(at(r, target, box) == '<', "%s: no arrow", to);
	for (unsigned i = source < target ? source : target;
	     i <= (source > target ? source : target); i++)
		ck_assert_msg(at(r, i, col) == '|' || at(r, i, col) == '+', "%s > %s: broken in row %u",
		              from, to, i);
	for (size_t i = box; i < col; i++)
		ck_assert_msg(strchr("-=|", at(r, source, i)), "%s: a gap", from);
}

static const char *const shipped[] = { "dealt", "fused", "router", "staged", "two-core" };

/* Checked, with the stages of all transports; freed by the caller. */
static char *checked(const char *name)
{
	static const char node[] = "{\"transports\":{\"tcp\":{},\"ethernet\":{}}}";
	struct mr_report report = { 0 };
	char *text = read_file(name), *json;
	struct mr_json *doc = mr_json_parse(name, text, strlen(text), &report);
	struct mr_json *with = mr_json_parse("node", node, sizeof node - 1, &report);
	struct mr_graph *g = mr_graph_parse_for(doc, with, mr_kinds, &report);

	ck_assert_ptr_nonnull(g);
	json = mr_graph_json(g);
	mr_graph_free(g);
	mr_json_free(doc);
	mr_json_free(with);
	mr_report_free(&report);
	free(text);
	return json;
}

START_TEST(a_shipped_graph)
{
	char *text = checked(shipped[_i]), *got = drawn(text, NULL, 80);
	json_t *g = json_loads(text, 0, NULL), *edge;
	struct rows r = rows_of(got);
	size_t i, box = strcspn(r.row[0] + 1, "+") + 2;

	json_array_foreach(json_object_get(g, "edges"), i, edge)
		check_edge(&r, box, json_string_value(json_object_get(edge, "from")),
		           json_string_value(json_object_get(edge, "to")));
	for (unsigned row = 0; row < r.n; row++)
		ck_assert_msg(r.len[row] <= 80, "%s: wider than 80:\n%s", shipped[_i], got);
	json_decref(g);
	free(got);
	free(text);
}
END_TEST

static const char *const strange[] = {
	"{}", "[]", "{\"workers\":{},\"edges\":5}", "{\"workers\":[],\"edges\":[]}",
	"{\"workers\":{},\"edges\":[]}", "{\"workers\":{\"w\":5},\"edges\":[7,{},{\"from\":\"x\"}]}",
	("{\"workers\":{\"w\":{\"stages\":[5,null,\"a\",\"a\"]}},\"edges\":[{\"from\":\"a.\",\"to\":\".a\"},"
	 "{\"from\":\"a.a\",\"to\":\"a.a\",\"depth\":-5}]}"),
	"{\"workers\":{\"\\u001b[2J\":{\"stages\":[\"\\u009b\"],\"threads\":1e9}},\"edges\":[]}",
};

/* Neither a crash nor a character that a terminal obeys. */
START_TEST(a_strange_graph)
{
	json_t *g = json_loads(strange[_i], 0, NULL);
	struct cli_sheet sheet;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cli_sheet_open(&sheet, 80);
	cli_draw_graph(&sheet, 0, g, NULL);
	cli_sheet_print(&sheet, false, f);
	fclose(f);
	for (size_t i = 0; i < len; i++)
		ck_assert(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	free(text);
	cli_sheet_close(&sheet);
	json_decref(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drawing");
	TCase *t = tcase_create("drawing");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_drawing, 0, 2);
	tcase_add_test(t, red);
	tcase_add_loop_test(t, a_shipped_graph, 0, (int)COUNT(shipped));
	tcase_add_loop_test(t, a_strange_graph, 0, (int)COUNT(strange));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
