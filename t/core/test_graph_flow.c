/* What flows over an edge, seen through stages that pass it on: numbered packets are not dropped by
 * a detour, plaintext is not shown without leave, ports made for one thing join only their like. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void nothing(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)self;
	(void)input;
	for (unsigned i = 0; i < v->n; i++)
		mr_take(t, v->pkt[i]);
}

static bool idle(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
	return false;
}

#define PORTS(...) (const struct mr_port[]){ __VA_ARGS__, { 0 } }
#define NONE       (const struct mr_port[]){ { 0 } }

/* number gives numbered packets, read gives plaintext, plain neither; send wants numbered ones,
 * store copies, sink anything; tap and tee pass on, and tap shows what it is given. */
static const struct mr_kind number = {
	.abi = MR_ABI, .name = "number", .summary = "-", .inputs = NONE,
	.outputs = PORTS({ "out", .view = "-", .numbered = true }), .pull = idle };
static const struct mr_kind reader = {
	.abi = MR_ABI, .name = "read", .summary = "-", .inputs = NONE,
	.outputs = PORTS({ "out", .view = "-", .plaintext = true }), .pull = idle };
static const struct mr_kind plain = {
	.abi = MR_ABI, .name = "plain", .summary = "-", .inputs = NONE,
	.outputs = PORTS({ "out", .view = "-" }), .pull = idle };
static const struct mr_kind sender = {
	.abi = MR_ABI, .name = "send", .summary = "-",
	.inputs = PORTS({ "in", .view = "-", .numbered = true }),
	.outputs = NONE, .process = nothing };
static const struct mr_kind sink = {
	.abi = MR_ABI, .name = "sink", .summary = "-", .inputs = PORTS({ "in", .view = "-" }),
	.outputs = NONE, .process = nothing };
static const struct mr_kind store = {
	.abi = MR_ABI, .name = "store", .summary = "-",
	.inputs = PORTS({ "in", .view = "-", .sort = "copies" }),
	.outputs = NONE, .process = nothing };
static const struct mr_kind tap = {
	.abi = MR_ABI, .name = "tap", .summary = "-", .shows = "may.show",
	.inputs = PORTS({ "in", .view = "-", .passes = true, .reaches = MR_ALL_OUTPUTS }),
	.outputs = PORTS({ "out", .view = "-", .passes = true },
	                 { "copy", .view = "-", .passes = true, .aside = true, .optional = true,
	                   .sort = "copies" }),
	.process = nothing };
static const struct mr_kind tee = {
	.abi = MR_ABI, .name = "tee", .summary = "-",
	.inputs = PORTS({ "in", .view = "-", .passes = true, .reaches = MR_ALL_OUTPUTS }),
	.outputs = PORTS({ "out", .view = "-", .passes = true }), .process = nothing };
static const struct mr_kind *const kinds[] = { &number, &reader, &plain, &sender, &sink,
	                                       &store,  &tap,    &tee,   NULL };

#define EDGE(from, to, full) "{\"from\":\"" from "\",\"to\":\"" to "\",\"full\":\"" full "\"}"

/* Stages and edges; what is said of them, or NULL; with which node file. */
static const struct {
	const char *stages, *edges, *says, *node;
} graphs[] = {
	/* numbered */
	{ "\"number\":{},\"send\":{}", EDGE("number", "send", "wait"), NULL, NULL },
	{ "\"number\":{},\"send\":{}", EDGE("number", "send", "drop"),
	  "number.out have their numbers", NULL },
	{ "\"number\":{},\"tee\":{},\"send\":{}",
	  EDGE("number", "tee", "wait") "," EDGE("tee", "send", "wait"), NULL, NULL },
	{ "\"number\":{},\"tee\":{},\"send\":{}",
	  EDGE("number", "tee", "drop") "," EDGE("tee", "send", "wait"),
	  "number.out have their numbers", NULL },
	{ "\"number\":{},\"tee\":{},\"send\":{}",
	  EDGE("number", "tee", "wait") "," EDGE("tee", "send", "drop"),
	  "tee.out have their numbers", NULL },
	{ "\"number\":{},\"tee\":{},\"tap\":{},\"send\":{}",
	  EDGE("number", "tee", "wait") "," EDGE("tee", "tap.in", "drop") ","
	  EDGE("tap.out", "send", "wait"), "tee.out have their numbers", NULL },
	/* what ends elsewhere may be dropped, as without the detour */
	{ "\"number\":{},\"tee\":{},\"sink\":{}",
	  EDGE("number", "tee", "drop") "," EDGE("tee", "sink", "drop"), NULL, NULL },
	{ "\"plain\":{},\"tee\":{},\"send\":{}",
	  EDGE("plain", "tee", "drop") "," EDGE("tee", "send", "drop"), NULL, NULL },
	/* one numbered way in makes the way out one */
	{ "\"number\":{},\"plain\":{},\"tee\":{},\"send\":{}",
	  EDGE("number", "tee", "wait") "," EDGE("plain", "tee", "drop") "," EDGE("tee", "send", "drop"),
	  "tee.out have their numbers", NULL },
	/* copies of numbered packets are dropped all the same */
	{ "\"number\":{},\"tap\":{},\"send\":{},\"store\":{}",
	  EDGE("number", "tap.in", "wait") "," EDGE("tap.out", "send", "wait") ","
	  EDGE("tap.copy", "store", "drop"), NULL, NULL },
	/* aside, sorts */
	{ "\"plain\":{},\"tap\":{},\"sink\":{},\"store\":{}",
	  EDGE("plain", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait") ","
	  EDGE("tap.copy", "store", "wait"), "must not hold them up", NULL },
	{ "\"plain\":{},\"tap\":{},\"sink\":{}",
	  EDGE("plain", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait") ","
	  EDGE("tap.copy", "sink", "drop"),
	  "tap.copy gives copies, and sink.in takes packets", NULL },
	{ "\"plain\":{},\"store\":{}", EDGE("plain", "store", "drop"),
	  "plain.out gives packets, and store.in takes copies", NULL },
	/* plaintext */
	{ "\"read\":{},\"tap\":{},\"sink\":{}",
	  EDGE("read", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait"),
	  "stages.tap: read.out carries what people wrote, unsealed, and tap shows it to others: that needs "
	  "may.show to be true", NULL },
	{ "\"read\":{},\"tap\":{},\"sink\":{}",
	  EDGE("read", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait"), "may.show",
	  "{\"may\":{\"show\":false}}" },
	{ "\"read\":{},\"tap\":{},\"sink\":{}",
	  EDGE("read", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait"), "may.show",
	  "{\"may\":{\"show\":\"yes\"}}" },
	{ "\"read\":{},\"tap\":{},\"sink\":{}",
	  EDGE("read", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait"), NULL,
	  "{\"may\":{\"show\":true}}" },
	{ "\"read\":{},\"tee\":{},\"more\":{\"kind\":\"tee\"},\"tap\":{},\"sink\":{}",
	  EDGE("read", "tee", "wait") "," EDGE("tee", "more", "wait") ","
	  EDGE("more", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait"),
	  "more.out carries what people wrote", NULL },
	{ "\"plain\":{},\"tap\":{},\"sink\":{}",
	  EDGE("plain", "tap.in", "wait") "," EDGE("tap.out", "sink", "wait"), NULL, NULL },
	{ "\"read\":{},\"tee\":{},\"sink\":{}",
	  EDGE("read", "tee", "wait") "," EDGE("tee", "sink", "wait"), NULL, NULL },
	/* a circle of edges that drop is looked through to its end */
	{ "\"plain\":{},\"read\":{},\"a\":{\"kind\":\"tee\"},\"b\":{\"kind\":\"tee\"},\"tap\":{}",
	  EDGE("plain", "a", "drop") "," EDGE("a", "b", "drop") "," EDGE("b", "a", "drop") ","
	  EDGE("read", "tap.in", "drop") "," EDGE("tap.out", "b", "drop"),
	  "read.out carries", NULL },
};

START_TEST(said_of_a_graph)
{
	struct mr_report r = { 0 };
	struct mr_json *doc, *node = NULL;
	struct mr_graph *g;
	char text[2048];
	bool found = false;

	snprintf(text, sizeof text, "{\"stages\":{%s},\"edges\":[%s]}", graphs[_i].stages,
	         graphs[_i].edges);
	doc = mr_json_parse("g.json", text, strlen(text), &r);
	ck_assert_ptr_nonnull(doc);
	if (graphs[_i].node)
		node = mr_json_parse("n.json", graphs[_i].node, strlen(graphs[_i].node), &r);
	g = mr_graph_parse(doc, kinds, &r);
	if (g)
		ck_assert(mr_graph_permitted(g, doc, node, &r) == (r.errors == 0));
	for (unsigned i = 0; i < r.n && graphs[_i].says; i++)
		found |= strstr(r.list[i].text, graphs[_i].says) != NULL;
	if (graphs[_i].says)
		ck_assert_msg(found, "%s", r.n ? r.list[0].text : "nothing was said");
	else
		ck_assert_msg(r.n == 0, "%s", r.n ? r.list[0].text : "");
	mr_graph_free(g);
	mr_json_free(doc);
	mr_json_free(node);
	mr_report_free(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("graph_flow");
	TCase *tc = tcase_create("graph_flow");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, said_of_a_graph, 0, COUNT(graphs));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
