/* flow.c - a source, an end, and the graph between them; see flow.h. */
#include "t/lib/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <check.h>

#include "core/build.h"
#include "core/engine.h"
#include "core/epoch.h"
#include "core/json.h"
#include "core/wire.h"
#include "fips/path/link_seal.h"
#include "fips/wire/datagram.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"

extern const struct mr_kind mr_kind_fsp_number, mr_kind_fmp_number, mr_kind_fsp_seal,
	mr_kind_fmp_seal, mr_kind_seal, mr_kind_open;

#define FRAMES  4096 /* sealed before, and opened again and again */
#define WORKERS 16
#define INDEX   70
#define LOOK    61   /* every so manyth frame is opened again, or looked at */

static const uint8_t link_secret[MR_AEAD_KEY] = { 1 }, session_secret[MR_AEAD_KEY] = { 2 };
static const struct fips_via via = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };

/* What source and end share; one flow at a time. */
static struct {
	struct flow     *flow;
	uint64_t         session, link; /* handles                                  */
	uint8_t          ip[1400];
	uint8_t         *frame;         /* FRAMES of len bytes                      */
	uint32_t         len;
	_Atomic uint64_t done;
} now;

struct source { uint64_t made; };

struct end { uint64_t expected, first; };

/* ---- the source ---- */

static bool source_pull(void *self, struct mr_turn *t)
{
	struct source *s = self;
	unsigned n = now.flow->most ? (unsigned)(s->made * 7 % now.flow->most) + 1 : MR_VECTOR;

	while (n-- > 0 && s->made < now.flow->packets) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			return true;
		if (now.flow->opening) {
			memcpy(mr_pkt_put(p, now.len), now.frame + s->made % FRAMES * now.len,
			       now.len);
			p->mark = MR_SHAPE_FRAME;
		} else {
			memcpy(mr_pkt_put(p, now.flow->bytes), now.ip, now.flow->bytes);
			p->near = now.link;
			p->far = now.session;
			p->limit = 1472;
			p->mark = MR_SHAPE_IP;
		}
		s->made++;
		mr_made(t, 1);
		mr_emit(t, 0, p);
	}
	return s->made < now.flow->packets;
}

/* ---- the end ---- */

/* Both layers of a sealed frame hold, and the packet is in it. */
static bool is_sealed(const struct mr_pkt *p, uint64_t counter)
{
	uint8_t text[1600], inner[1600];
	const uint8_t *fsp = text + FIPS_LINK_STAMP + FIPS_DATAGRAM_HEAD;
	size_t n = p->len - FIPS_LINK_HEAD,
	       m = n - FIPS_TAG - FIPS_LINK_STAMP - FIPS_DATAGRAM_HEAD - FIPS_FSP_HEAD;

	return mr_aead_open_one(link_secret, counter, p->data, FIPS_LINK_HEAD,
	                        p->data + FIPS_LINK_HEAD, n, text) &&
	       mr_aead_open_one(session_secret, counter, fsp, FIPS_FSP_HEAD, fsp + FIPS_FSP_HEAD, m,
	                        inner) &&
	       !memcmp(inner + m - FIPS_TAG - 8, now.ip + now.flow->bytes - 8, 8);
}

/* Both layers of a frame were opened, and it is the one that it says it is. */
static bool is_opened(const struct mr_pkt *p, uint64_t counter)
{
	const uint8_t *text = p->data + FIPS_LINK_FRONT + FIPS_DATAGRAM_HEAD + FIPS_FSP_HEAD;

	return (p->flags & MR_FLAG_OPENED) && p->far == 2 && p->seq == 1 &&
	       mr_le64(text) == counter;
}

static void end_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct end *e = self;
	struct flow *f = now.flow;

	(void)input;
	if (f->arrived == 0)
		e->first = t->now;
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		uint64_t counter = mr_le64(p->data + 8);

		f->disorder += counter != e->expected;
		if (f->arrived++ % LOOK == 0)
			f->wrong += !(f->opening ? is_opened(p, counter) : is_sealed(p, counter));
		e->expected = f->opening ? (counter + 1) % FRAMES : counter + 1;
		mr_take(t, p);
	}
	f->ns = t->now - e->first;
	atomic_store_explicit(&now.done, f->arrived, memory_order_release);
}

/* ---- the graph ---- */

#define NONE   (const struct mr_named[]){ { 0 } }
#define NOPORT (const struct mr_port[]){ { 0 } }

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "", .size = sizeof(struct source),
	.inputs = NOPORT, .outputs = (const struct mr_port[]){ { "out", .view = "" }, { 0 } },
	.drops = NONE, .counters = NONE, .makes = true, .affinities = 1 << MR_ANY,
	.pull = source_pull,
};
static const struct mr_kind end = {
	.abi = MR_ABI, .name = "end", .summary = "", .size = sizeof(struct end),
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "", .numbered = true, .optional = true },
		{ "opened", .view = "", .optional = true, .sort = "opened frames" }, { 0 } },
	.outputs = NOPORT, .drops = NONE, .counters = NONE, .affinities = 1 << MR_ANY,
	.process = end_process,
};
static const struct mr_kind host = {
	.abi = MR_ABI, .name = "host", .summary = "", .size = 1, .inputs = NOPORT,
	.outputs = NOPORT, .drops = NONE, .counters = NONE, .host = true, .once = true,
	.affinities = 1 << MR_ANY,
};
static const struct mr_kind *const kinds[] = {
	&source, &end, &host, &mr_kind_fsp_number, &mr_kind_fmp_number, &mr_kind_fsp_seal,
	&mr_kind_fmp_seal, &mr_kind_seal, &mr_kind_open, NULL,
};

#define GRAPH(stages, edges, workers) \
	"{\"graph\":\"flow\",\"stages\":{\"source\":{},\"end\":{},\"host\":{}," stages "}," \
	"\"edges\":[" edges "],\"workers\":{\"end\":{\"stages\":[\"end\"]},\"main\":{\"stages\":" \
	"[\"host\"]}," workers "}}"
/* nothing is dropped for its wait, and behind the numbering nothing can be */
#define EDGE(a, b) "{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"wait\",\"sojourn\":0}"
#define LATER(a, b) "{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"wait\"}"

static const char at_once[] =
	GRAPH("\"fsp-seal\":{},\"fmp-seal\":{}",
	      EDGE("source.out", "fsp-seal.bodies") "," LATER("fsp-seal.out", "fmp-seal.own") ","
	      LATER("fmp-seal.out", "end.frames"),
	      "\"w\":{\"stages\":[\"source\",\"fsp-seal\",\"fmp-seal\"]}");
static const char sealing[] = GRAPH(
	"\"fsp-number\":{},\"fmp-number\":{},\"seal\":{\"affinity\":\"deal\"}",
	EDGE("source.out", "fsp-number.bodies") "," LATER(
		"fsp-number.out",
		"fmp-number.own") "," LATER("fmp-number.out",
                                            "seal.frames") "," LATER("seal.out", "end.frames"),
	"\"w\":{\"stages\":[\"source\",\"fsp-number\",\"fmp-number\"]},"
	"\"s\":{\"stages\":[\"seal\"],\"threads\":%u}");
static const char opening[] =
	GRAPH("\"open\":{\"affinity\":\"deal\"}",
	      EDGE("source.out", "open.frames") "," EDGE("open.out", "end.opened"),
	      "\"w\":{\"stages\":[\"source\"]},\"o\":{\"stages\":[\"open\"],\"threads\":%u}");

/* ---- keys and tables ---- */

struct way {
	struct fips_send_key     send[2] __attribute__((aligned(FIPS_LINE))); /* link, session */
	struct fips_recv_key     recv[2];
	struct fips_link_recv    link_recv;
	struct fips_session_recv session_recv;
	struct mr_aead_ctx      *ctx[2][WORKERS];
};

static void open_keys(struct way *w, const struct mr_aead *aead)
{
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < WORKERS; i++)
			w->ctx[k][i] = aead->prepare(k ? session_secret : link_secret);
		fips_send_key_init(&w->send[k], k + 1, INDEX, w->ctx[k], WORKERS);
		fips_recv_key_init(&w->recv[k], k + 1, w->ctx[k], WORKERS);
		fips_send_key_start(&w->send[k], 0, 0);
	}
}

static void close_keys(struct way *w, const struct mr_aead *aead)
{
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < WORKERS; i++)
			aead->release(w->ctx[k][i]);
}

#define PUT(table, key, type, ...)                                                        \
	mr_table_put(mesh->table, record, key,                                            \
	             memcpy(malloc(sizeof(type)), &(type){ __VA_ARGS__ }, sizeof(type)))

static void fill_tables(struct mr_engine *e, struct way *w)
{
	struct ck_epoch_record *record = e->host->epoch;
	struct mr_mesh *mesh = mr_engine_resource(e, &mr_resource_mesh);
	const struct fips_addr *peer = now.flow->opening ? &craft_a : &craft_b;
	uint8_t index[4];

	mr_to_le32(index, INDEX);
	for (unsigned k = 0; k < 2; k++)
		w->send[k].handle = PUT(keys, &w->send[k].id, struct fips_key_entry,
		                        .send = &w->send[k]);
	now.link = PUT(links, peer->b, struct fips_link_entry, .peer = *peer, .send = &w->send[0],
	               .via = via, .mtu = 1500);
	now.session = PUT(sessions, peer->b, struct fips_session_entry, .peer = *peer, .live = true,
	                  .send = &w->send[1], .recv = &w->session_recv, .key = { &w->recv[1] });
	PUT(index, index, struct fips_index_entry, .index = INDEX, .live = true, .peer = *peer,
	    .link = now.link, .recv = &w->link_recv, .key = &w->recv[0]);
}

/* Frames from A to B whose texts begin with their counters. */
static void make_frames(void)
{
	uint8_t text[1500] = { 0 }, inner[1400] = { 0 };

	now.len = now.flow->bytes - 40 + 17 + 16 + 12 + 36 + 36;
	now.frame = malloc((size_t)FRAMES * now.len);
	ck_assert_ptr_nonnull(now.frame);
	for (uint64_t i = 0; i < FRAMES; i++) {
		size_t n;

		mr_to_le64(inner, i);
		n = craft_sealed(text + FIPS_LINK_STAMP, &craft_a, &craft_b, session_secret, i, 0,
		                 inner, now.flow->bytes - 40 + 17);
		ck_assert_uint_eq(craft_frame(now.frame + i * now.len, link_secret, INDEX, i, 0,
		                              text, FIPS_LINK_STAMP + n), now.len);
	}
}

/* ---- a run ---- */

static struct mr_engine *open_engine(const struct mr_graph *graph, const struct mr_json *node,
                                     struct mr_report *report)
{
	struct mr_engine *e = graph ? mr_engine_open(&(struct mr_engine_options){
		.graph = graph, .node = node, .aead = now.flow->aead, .rand = mr_rand_system(),
		.now = mr_clock_now }, report) : NULL;

	if (!e)
		mr_report_print(report, stderr);
	ck_assert_ptr_nonnull(e);
	return e;
}

static void run(struct mr_engine *e, struct mr_report *report)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < e->replicas; i++)
		e->replica[i].ready = e->replica[i].kind == &source;
	ck_assert_int_eq(mr_engine_start(e, report), 0);
	for (unsigned i = 0; i < 60000 && atomic_load(&now.done) < now.flow->packets; i++)
		nanosleep(&pause, NULL);
	mr_engine_stop(e);
}

void flow_run(struct flow *f)
{
	static const char node_a[] = CRAFT_NODE(CRAFT_A, CRAFT_UDP);
	static const char node_b[] = CRAFT_NODE(CRAFT_B, CRAFT_UDP);
	const char *node_text = f->opening ? node_b : node_a;
	struct way *w = aligned_alloc(FIPS_LINE, (sizeof *w + 63) / 64 * 64);
	struct mr_report report = { 0 };
	struct mr_json *doc, *node;
	struct mr_graph *graph;
	struct mr_engine *e;
	char text[2048];

	memset(&now, 0, sizeof now);
	memset(w, 0, sizeof *w);
	now.flow = f;
	f->arrived = f->disorder = f->wrong = f->ns = 0;
	craft_ip(now.ip, &craft_a, &craft_b, 1, f->bytes);
	if (f->opening)
		make_frames();
	snprintf(text, sizeof text,
	         f->opening ? opening : f->threads ? sealing : at_once, f->threads);
	doc = mr_json_parse("flow", text, strlen(text), &report);
	node = mr_json_parse("node", node_text, strlen(node_text), &report);
	graph = doc && node ? mr_graph_parse(doc, kinds, &report) : NULL;
	e = open_engine(graph, node, &report);
	open_keys(w, f->aead);
	fill_tables(e, w);
	run(e, &report);
	f->lost = mr_engine_close(e);
	close_keys(w, f->aead);
	mr_graph_free(graph);
	mr_json_free(doc);
	mr_json_free(node);
	mr_report_free(&report);
	free(now.frame);
	free(w);
}
