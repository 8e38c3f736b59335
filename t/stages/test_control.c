/* Control in whole nodes: the real stages and the real runtime, joined by a made-up network.
 *
 *     app-out -> route -> fsp-seal -> fmp-seal -> wire-out ~ ~ ~ the air
 *                   \         |           |
 *                    '----- control ------'
 *                   /         |           |
 *     app-in <-----'------ fsp-open <- fmp-open <- wire-in ~ ~ ~ the air
 *
 * Nothing runs by itself: one thread gives every worker its turns, and time is a number here. */

#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/build.h"
#include "core/engine.h"
#include "core/json.h"
#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "stages/control/control.h"
#include "stages/lib/mesh.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"

extern const struct mr_kind mr_kind_control, mr_kind_fmp_open, mr_kind_fsp_open, mr_kind_route,
	mr_kind_fsp_seal, mr_kind_fmp_seal;

#define NODES 2
#define MS    MR_NS_PER_MS
#define AIR   512
#define BYTES 1600

/* ---- the air ---- */

struct flight {
	uint8_t         to;   /* node                     */
	uint64_t        due;  /* ns                       */
	struct fips_via from;
	uint32_t        len;
	uint8_t         bytes[BYTES];
};

static struct {
	uint64_t       now;
	unsigned       n;
	struct flight  flight[AIR];
	uint8_t        host[NODES]; /* last byte of each node's address */
	/* What is to become of a frame: its delay in ns, or MR_NEVER. */
	uint64_t     (*fate)(const struct flight *f);
	unsigned       sent[NODES]; /* frames and packets handed to it, by sender */
	/* programs at each node */
	unsigned       outbox;         /* node + 1 whose program has a packet to send */
	uint32_t       outbox_len;
	uint8_t        packet[BYTES];
	unsigned       got[NODES];
	uint32_t       got_len[NODES];
	uint8_t        got_bytes[NODES][BYTES];
} air;

static uint64_t air_now(void)
{
	return air.now;
}

static struct fips_via via_of(uint8_t host)
{
	struct fips_via via = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(2121),
		                  .sin_addr.s_addr = htonl(0x0a000000u | host) };

	memcpy(via.sock, &in, sizeof in);
	return via;
}

static void fly(uint8_t from, const struct fips_via *to, const uint8_t *bytes, uint32_t len)
{
	struct flight *f = &air.flight[air.n];
	struct sockaddr_in in;
	uint64_t delay;

	ck_assert_uint_lt(air.n, AIR);
	ck_assert_uint_le(len, BYTES);
	memcpy(&in, to->sock, sizeof in);
	air.sent[from]++;
	for (f->to = 0; f->to < NODES; f->to++) {
		if (air.host[f->to] == (uint8_t)ntohl(in.sin_addr.s_addr))
			break;
	}
	if (f->to == NODES)
		return; /* nobody is there */
	f->from = via_of(air.host[from]);
	f->len = len;
	memcpy(f->bytes, bytes, len);
	delay = air.fate ? air.fate(f) : MS;
	f->due = air.now + delay;
	air.n += delay != MR_NEVER;
}

/* ---- stages at the edges ---- */

struct edge_stage {
	uint32_t node; /* setting */
};

static const struct mr_field edge_fields[] = {
	{ "node", MR_U32, MR_AT(struct edge_stage, node), .max = NODES - 1, .help = "whose" }, { 0 }
};

#define NONE   (const struct mr_named[]){ { 0 } }
#define NOPORT (const struct mr_port[]){ { 0 } }

static bool wire_in_pull(void *self, struct mr_turn *t)
{
	const struct edge_stage *e = self;

	for (unsigned i = 0; i < air.n && mr_room(t, 0) && mr_room(t, 1);) {
		struct flight *f = &air.flight[i];
		struct mr_pkt *p;

		if (f->to != e->node || f->due > air.now) {
			i++;
			continue;
		}
		p = mr_spare(t);
		ck_assert_ptr_nonnull(p);
		memcpy(mr_pkt_put(p, f->len), f->bytes, f->len);
		*mr_pkt_via(p) = f->from;
		p->stamp = t->now;
		mr_made(t, 1);
		p->mark = MR_SHAPE_FRAME;
		mr_emit(t, fips_frame_check(p->data, p->len) == FIPS_FRAME_ESTABLISHED ? 0 : 1, p);
		memmove(f, f + 1, (--air.n - i) * sizeof *f);
	}
	return false;
}

/* The rest of what rx does: established frames of expected indexes take the handshakes' road. */
struct sort {
	struct mr_mesh *mesh;
};

static int sort_open(void *self, struct mr_setup *s)
{
	struct sort *sort = self;

	sort->mesh = s->use[0];
	return 0;
}

static void sort_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct sort *sort = self;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		const struct fips_index_entry *e =
			mr_table_find(sort->mesh->index, p->data + FIPS_LINK_PREFIX);

		if (!e)
			mr_drop(t, 0, p);
		else
			mr_emit(t, e->live ? 0 : 1, p);
	}
}

static void wire_out_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct edge_stage *e = self;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		fly((uint8_t)e->node, mr_pkt_via(v->pkt[i]), v->pkt[i]->data, v->pkt[i]->len);
		mr_take(t, v->pkt[i]);
	}
}

static bool app_out_pull(void *self, struct mr_turn *t)
{
	const struct edge_stage *e = self;
	struct mr_pkt *p;

	if (air.outbox != e->node + 1)
		return false;
	air.outbox = 0;
	p = mr_spare(t);
	ck_assert_ptr_nonnull(p);
	memcpy(mr_pkt_put(p, air.outbox_len), air.packet, air.outbox_len);
	mr_made(t, 1);
	mr_emit(t, 0, p);
	return false;
}

static void app_in_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct edge_stage *e = self;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		air.got[e->node]++;
		air.got_len[e->node] = v->pkt[i]->len;
		memcpy(air.got_bytes[e->node], v->pkt[i]->data, v->pkt[i]->len);
		mr_take(t, v->pkt[i]);
	}
}

static const struct mr_kind wire_in = {
	.abi = MR_ABI, .name = "wire-in", .size = sizeof(struct edge_stage), .fields = edge_fields,
	.inputs = NOPORT,
	.outputs = (const struct mr_port[]){ { "frames", .view = "" }, { "handshakes", .view = "" },
	                                     { 0 } },
	.drops = NONE, .counters = NONE, .makes = true, .affinities = 1 << MR_ANY,
	.pull = wire_in_pull,
};
static const struct mr_kind sorter = {
	.abi = MR_ABI, .name = "sort", .size = sizeof(struct sort),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){ { "in", .view = "", .reaches = MR_ALL_OUTPUTS },
	                                    { 0 } },
	.outputs = (const struct mr_port[]){ { "frames", .view = "" }, { "expected", .view = "" },
	                                     { 0 } },
	.drops = (const struct mr_named[]){ { "unknown-index", .help = "" }, { 0 } },
	.counters = NONE, .affinities = 1 << MR_ANY, .open = sort_open, .process = sort_process,
};
static const struct mr_kind wire_out = {
	.abi = MR_ABI, .name = "wire-out", .size = sizeof(struct edge_stage), .fields = edge_fields,
	.inputs = (const struct mr_port[]){ { "frames", .view = "", .numbered = true },
	                                    { "raw", .view = "" }, { 0 } },
	.outputs = NOPORT, .drops = NONE, .counters = NONE, .affinities = 1 << MR_ANY,
	.process = wire_out_process,
};
static const struct mr_kind app_out = {
	.abi = MR_ABI, .name = "app-out", .size = sizeof(struct edge_stage), .fields = edge_fields,
	.inputs = NOPORT, .outputs = (const struct mr_port[]){ { "ip", .view = "" }, { 0 } },
	.drops = NONE, .counters = NONE, .makes = true, .affinities = 1 << MR_ANY,
	.pull = app_out_pull,
};
static const struct mr_kind app_in = {
	.abi = MR_ABI, .name = "app-in", .size = sizeof(struct edge_stage), .fields = edge_fields,
	.inputs = (const struct mr_port[]){ { "ip", .view = "" }, { 0 } }, .outputs = NOPORT,
	.drops = NONE, .counters = NONE, .affinities = 1 << MR_ANY, .process = app_in_process,
};

static const struct mr_kind *const kinds[] = {
	&wire_in, &sorter, &wire_out, &app_out, &app_in, &mr_kind_control, &mr_kind_fmp_open,
	&mr_kind_fsp_open, &mr_kind_route, &mr_kind_fsp_seal, &mr_kind_fmp_seal, NULL,
};

/* clang-format off */
static const char graph_text[] =
	"{\"graph\":\"whole\",\"stages\":{"
	"\"wire-in\":{\"node\":%u},\"sort\":{},\"fmp-open\":{},\"fsp-open\":{},"
	"\"app-in\":{\"node\":%u},"
	"\"app-out\":{\"node\":%u},\"route\":{},\"fsp-seal\":{},\"fmp-seal\":{},"
	"\"wire-out\":{\"node\":%u},\"control\":{}},\"edges\":["
	"{\"from\":\"wire-in.frames\",\"to\":\"sort.in\",\"full\":\"wait\"},"
	"{\"from\":\"wire-in.handshakes\",\"to\":\"control.handshakes\",\"full\":\"drop\"},"
	"{\"from\":\"sort.frames\",\"to\":\"fmp-open.frames\",\"full\":\"wait\"},"
	"{\"from\":\"sort.expected\",\"to\":\"control.handshakes\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.session\",\"to\":\"fsp-open.datagrams\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.transit\",\"to\":\"route.transit\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.control\",\"to\":\"control.messages\",\"full\":\"drop\"},"
	"{\"from\":\"fsp-open.ip\",\"to\":\"app-in.ip\",\"full\":\"drop\"},"
	"{\"from\":\"fsp-open.control\",\"to\":\"control.bodies\",\"full\":\"drop\"},"
	"{\"from\":\"app-out.ip\",\"to\":\"route.ip\",\"full\":\"wait\"},"
	"{\"from\":\"route.seal\",\"to\":\"fsp-seal.bodies\",\"full\":\"wait\"},"
	"{\"from\":\"route.forward\",\"to\":\"fmp-seal.transit\",\"full\":\"drop\"},"
	"{\"from\":\"route.tun\",\"to\":\"app-in.ip\",\"full\":\"drop\"},"
	"{\"from\":\"route.control\",\"to\":\"control.datagrams\",\"full\":\"drop\"},"
	"{\"from\":\"fsp-seal.out\",\"to\":\"fmp-seal.own\",\"full\":\"wait\"},"
	"{\"from\":\"fmp-seal.out\",\"to\":\"wire-out.frames\",\"full\":\"wait\"},"
	"{\"from\":\"control.raw\",\"to\":\"wire-out.raw\"},"
	"{\"from\":\"control.link\",\"to\":\"fmp-seal.control\"},"
	"{\"from\":\"control.session\",\"to\":\"route.session\"},"
	"{\"from\":\"control.tun\",\"to\":\"app-in.ip\"},"
	"{\"from\":\"control.frames\",\"to\":\"fmp-open.frames\"},"
	"{\"from\":\"control.datagrams\",\"to\":\"fsp-open.datagrams\"}],"
	"\"workers\":{\"data\":{\"stages\":[\"wire-in\",\"sort\",\"fmp-open\",\"fsp-open\","
	"\"app-in\",\"app-out\",\"route\",\"fsp-seal\",\"fmp-seal\",\"wire-out\"]},"
	"\"main\":{\"stages\":[\"control\"]}}}";

#define SECRET_A "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define SECRET_B "b102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fb0"

static const char *const secret[NODES] = { SECRET_A, SECRET_B };
/* clang-format on */

/* ---- nodes ---- */

struct node {
	struct mr_json      *graph_doc, *node_doc;
	struct mr_graph     *graph;
	struct mr_engine    *engine;
	struct mr_report     report;
	struct mr_rand_state seed;
	bool                 deaf; /* its events are lost */
};

static struct node node[NODES];

static void npub_of(unsigned n, char text[FIPS_KEY_TEXT])
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_identity id;

	ck_assert_ptr_null(fips_identity_parse(&id, &curve, secret[n]));
	memcpy(text, id.npub, FIPS_KEY_TEXT);
	fips_curve_close(&curve);
}

/* A node with these members of "node" (with a comma in front, or "") and these peers. */
static bool try_open(unsigned i, const char *more, const char *peers)
{
	struct node *n = &node[i];
	char graph[sizeof graph_text + 32], text[4096];

	snprintf(graph, sizeof graph, graph_text, i, i, i, i);
	snprintf(text, sizeof text,
	         "{\"node\":{\"identity\":{\"nsec\":\"%s\"}%s},\"transports\":{\"udp\":"
	         "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472}},\"peers\":[%s]}",
	         secret[i], more, peers);
	*n = (struct node){ .seed = { .seed = i + 1 } };
	n->graph_doc = mr_json_parse("graph", graph, strlen(graph), &n->report);
	n->node_doc = mr_json_parse("node", text, strlen(text), &n->report);
	ck_assert_ptr_nonnull(n->node_doc);
	n->graph = mr_graph_parse(n->graph_doc, kinds, &n->report);
	if (n->graph)
		n->engine = mr_engine_open(&(struct mr_engine_options){
			.graph = n->graph, .node = n->node_doc, .aead = mr_aead_find("mbedtls"),
			.rand = mr_rand_seeded(&n->seed), .now = air_now }, &n->report);
	return n->engine != NULL;
}

static void open_node(unsigned i, const char *more, const char *peers)
{
	if (!try_open(i, more, peers)) {
		mr_report_print(&node[i].report, stderr);
		ck_abort_msg("node %u does not open", i);
	}
	mr_control_log(mr_engine_host_state(node[i].engine),
	               &(struct mr_log){ .level = MR_LOG_ERROR });
}

static const struct mr_replica *stage(unsigned i, const struct mr_kind *kind)
{
	for (unsigned r = 0; r < node[i].engine->replicas; r++) {
		if (node[i].engine->replica[r].kind == kind)
			return &node[i].engine->replica[r];
	}
	ck_abort_msg("no stage %s", kind->name);
}

static uint64_t named(const struct mr_replica *r, const struct mr_named *list, unsigned at,
                      const char *name)
{
	for (unsigned i = 0; list[i].name; i++) {
		if (!strcmp(list[i].name, name))
			return r->block->live[at + i];
	}
	ck_abort_msg("nothing is called %s", name);
}

static uint64_t control_drop(unsigned i, const char *name)
{
	return named(stage(i, &mr_kind_control), mr_kind_control.drops, MR_WORDS, name);
}

static uint64_t control_count(unsigned i, const char *name)
{
	const struct mr_replica *r = stage(i, &mr_kind_control);

	return named(r, mr_kind_control.counters, MR_WORDS + r->ndrop + r->noutput, name);
}

static uint64_t control_word(unsigned i, enum mr_word word)
{
	return stage(i, &mr_kind_control)->block->live[word];
}

/* in + made = out + taken + dropped + held, in every stage, whenever nobody is in a call. */
static void check_books(unsigned i)
{
	for (unsigned k = 0; k < node[i].engine->replicas; k++) {
		const struct mr_replica *r = &node[i].engine->replica[k];
		const uint64_t *w = r->block->live;
		uint64_t lost = 0;

		for (unsigned d = 0; d < r->ndrop + r->noutput; d++)
			lost += w[MR_WORDS + d];
		ck_assert_msg(w[MR_W_IN] + w[MR_W_MADE] ==
		                      w[MR_W_OUT] + w[MR_W_TAKEN] + w[MR_W_HELD] + lost,
		              "%s of node %u", r->name, i);
	}
}

static void close_node(unsigned i)
{
	struct node *n = &node[i];

	if (n->engine) {
		mr_engine_stop(n->engine);
		check_books(i);
		ck_assert_uint_eq(mr_engine_close(n->engine), 0);
	}
	mr_graph_free(n->graph);
	mr_json_free(n->graph_doc);
	mr_json_free(n->node_doc);
	mr_report_free(&n->report);
	*n = (struct node){ 0 };
}

/* Data workers get a few turns, so that more than a vector may lie before control. */
static void data_turns(unsigned i, unsigned turns)
{
	struct mr_engine *e = node[i].engine;
	uint8_t letter[MR_LETTER];

	for (unsigned w = 0; w < e->workers; w++) {
		struct mr_worker *worker = &e->worker[w];

		for (unsigned k = 0; k < turns && !worker->host; k++) {
			for (unsigned r = 0; r < worker->replicas; r++)
				worker->replica[r]->ready |= worker->replica[r]->kind->pull != NULL;
			mr_worker_turn(worker);
		}
		while (node[i].deaf && mr_mail_pop(worker->events, letter))
			;
	}
}

static void run(unsigned ms)
{
	for (unsigned k = 0; k < ms; k++) {
		air.now += MS;
		for (unsigned again = 0; again < 8; again++) {
			for (unsigned i = 0; i < NODES; i++) {
				if (!node[i].engine)
					continue;
				data_turns(i, 3);
				mr_engine_host_turn(node[i].engine);
			}
		}
	}
	for (unsigned i = 0; i < NODES; i++) {
		if (node[i].engine)
			check_books(i);
	}
}

/* ---- what the tests share ---- */

static void reset(void)
{
	memset(&air, 0, sizeof air);
	air.now = 5 * MR_NS_PER_S;
	air.host[0] = 1;
	air.host[1] = 2;
}

/* "peers" of a node that dials node n. */
static const char *dial(unsigned n, char text[512])
{
	char npub[FIPS_KEY_TEXT];

	npub_of(n, npub);
	snprintf(text, 512,
	         "{\"npub\":\"%s\",\"addresses\":[{\"transport\":\"udp\","
	         "\"addr\":\"10.0.0.%u:2121\"}]}",
	         npub, n + 1);
	return text;
}

/* a dials b, and the link is up. */
static void link_up(void)
{
	char peers[512];

	reset();
	open_node(0, "", dial(1, peers));
	open_node(1, "", "");
	run(50);
}

static struct mr_mesh *mesh(unsigned i)
{
	return stage(i, &mr_kind_control)->use[0];
}

static enum fips_peer_state peer_state(unsigned i)
{
	struct fips_peer_info info;

	if (!mr_control_peer(mr_engine_host_state(node[i].engine), 0, &info))
		return FIPS_PEER_IDLE;
	return info.state;
}

static bool in_session(unsigned i)
{
	struct fips_session_info info;

	return mr_control_session(mr_engine_host_state(node[i].engine), 0, &info) &&
	       info.state == FIPS_SESSION_ESTABLISHED;
}

/* A program at node `from` sends len bytes of IPv6 to a node's address. */
static void say(unsigned from, const struct fips_addr *to, unsigned len, uint8_t fill)
{
	uint8_t *ip = air.packet;

	memset(ip, fill, len);
	memcpy(ip, (const uint8_t[8]){ 0x60, 0, 0, 0, (uint8_t)((len - 40) >> 8),
	                               (uint8_t)(len - 40), 59, 64 }, 8);
	memcpy(ip + 8, mesh(from)->own_ip, 16);
	fips_addr_to_ipv6(to, ip + 24);
	air.outbox = from + 1;
	air.outbox_len = len;
}

static void close_all(void)
{
	for (unsigned i = 0; i < NODES; i++)
		close_node(i);
}

/* ---- tests ---- */

START_TEST(a_link_comes_up)
{
	link_up();
	ck_assert_int_eq(peer_state(0), FIPS_PEER_UP);
	ck_assert_int_eq(peer_state(1), FIPS_PEER_UP);
	for (unsigned i = 0; i < NODES; i++) {
		ck_assert_uint_eq(mr_table_count(mesh(i)->index), 1);
		ck_assert_uint_eq(mr_table_count(mesh(i)->links), 1);
		ck_assert_uint_eq(control_count(i, "missed-events"), 0);
	}
	close_all();
}
END_TEST

START_TEST(packets_go_both_ways)
{
	uint8_t sent[300];

	link_up();
	for (unsigned k = 0; k < 4; k++) {
		unsigned from = k % 2;

		say(from, &mesh(!from)->me.addr, sizeof sent, (uint8_t)(k + 1));
		memcpy(sent, air.packet, sizeof sent);
		run(50);
		ck_assert_uint_eq(air.got[!from], k / 2 + 1);
		ck_assert_uint_eq(air.got_len[!from], sizeof sent);
		ck_assert_mem_eq(air.got_bytes[!from] + 8, sent + 8, sizeof sent - 8);
	}
	for (unsigned i = 0; i < NODES; i++) {
		ck_assert(in_session(i));
		ck_assert_uint_eq(mr_table_count(mesh(i)->routes), 1);
	}
	close_all();
}
END_TEST

/* What lets the peer use a key does not leave before every stage can open what it sends. */
START_TEST(an_answer_waits_for_its_key)
{
	char peers[512];

	reset();
	open_node(0, "", dial(1, peers));
	open_node(1, "", "");
	mr_engine_host_turn(node[1].engine);
	data_turns(0, 1);
	mr_engine_host_turn(node[0].engine); /* message 1 */
	data_turns(0, 1);
	ck_assert_uint_eq(air.sent[0], 1);
	air.now += MS;
	data_turns(1, 1);
	mr_engine_host_turn(node[1].engine);
	ck_assert_uint_eq(control_count(1, "node-answered"), 1);
	ck_assert_uint_eq(mr_table_count(mesh(1)->index), 1);
	ck_assert_uint_eq(control_word(1, MR_W_MADE), 0);
	data_turns(1, 1); /* the order is acknowledged */
	ck_assert_uint_eq(control_word(1, MR_W_MADE), 0);
	mr_engine_host_turn(node[1].engine);
	ck_assert_uint_ge(control_word(1, MR_W_MADE), 1);
	close_all();
}
END_TEST

/* Both have dialled: one link is left in the end. */
START_TEST(a_crossing_leaves_one_link)
{
	char peers[512];

	reset();
	open_node(0, "", dial(1, peers));
	open_node(1, "", dial(0, peers));
	run(20000);
	for (unsigned i = 0; i < NODES; i++) {
		ck_assert_int_eq(peer_state(i), FIPS_PEER_UP);
		ck_assert_uint_eq(mr_table_count(mesh(i)->index), 1);
	}
	say(0, &mesh(1)->me.addr, 100, 7);
	run(50);
	ck_assert_uint_eq(air.got[1], 1);
	close_all();
}
END_TEST

/* Message 2 takes its time, and the first frame overtakes it. */
static uint64_t msg2_late(const struct flight *f)
{
	return f->len == FIPS_MSG2_LEN ? 100 * MS : MS;
}

START_TEST(a_frame_before_its_key_is_kept)
{
	char peers[512];

	reset();
	air.fate = msg2_late;
	open_node(0, "", dial(1, peers));
	open_node(1, "", "");
	run(50);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 1);
	ck_assert_uint_eq(stage(0, &mr_kind_fmp_open)->block->live[MR_W_IN], 0);
	run(100);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_uint_ge(stage(0, &mr_kind_fmp_open)->block->live[MR_W_IN], 1);
	ck_assert_uint_eq(control_drop(0, "kept-late"), 0);
	ck_assert_int_eq(peer_state(0), FIPS_PEER_UP);
	close_all();
}
END_TEST

/* Somebody knows the index we announced and sends frames for it. */
static void forge_frames(unsigned to, uint32_t index, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct fips_link_head head = { .payload_len = 5, .receiver_idx = index,
			                       .counter = i };
		uint8_t frame[FIPS_LINK_MIN + 5] = { 0 };
		struct fips_via via = via_of(air.host[to]);

		fips_link_head_build(frame, &head);
		fly((uint8_t)!to, &via, frame, sizeof frame);
	}
}

static uint32_t announced;

static uint64_t note_index(const struct flight *f)
{
	if (f->len == FIPS_MSG1_LEN)
		announced = mr_le32(f->bytes + FIPS_LINK_PREFIX);
	return f->len == FIPS_MSG1_LEN ? MR_NEVER : MS;
}

START_TEST(few_are_kept_and_not_for_long)
{
	char peers[512];

	reset();
	air.fate = note_index;
	open_node(0, "", dial(1, peers));
	run(10);
	forge_frames(0, announced, 6);
	run(10);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 4);
	ck_assert_uint_eq(control_drop(0, "kept-over"), 2);
	run(1000);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_uint_eq(control_drop(0, "kept-late"), 4);
	close_all();
}
END_TEST

/* The dial ends: its index goes, and what waited for it. */
START_TEST(kept_frames_go_with_their_handshake)
{
	char peers[512];

	reset();
	air.fate = note_index;
	open_node(0, ",\"rate_limit\":{\"handshake_timeout_secs\":1}", dial(1, peers));
	run(900);
	forge_frames(0, announced, 1);
	run(20);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 1);
	run(100);
	ck_assert_uint_eq(control_drop(0, "no-key"), 1);
	ck_assert_uint_eq(mr_table_count(mesh(0)->index), 0);
	close_all();
}
END_TEST

/* Message 3 of the session takes its time, and data overtakes it. */
static uint64_t msg3_late(const struct flight *f)
{
	uint32_t msg3 = FIPS_LINK_OVERHEAD + FIPS_DATAGRAM_HEAD + FIPS_FSP_MSG3_LEN;

	return f->len == msg3 ? 100 * MS : MS;
}

START_TEST(a_message_before_its_key_is_kept)
{
	link_up();
	air.fate = msg3_late;
	say(0, &mesh(1)->me.addr, 200, 9);
	run(60);
	ck_assert_uint_eq(air.got[1], 0);
	ck_assert_uint_ge(control_word(1, MR_W_HELD), 1);
	run(100);
	ck_assert_uint_eq(air.got[1], 1);
	ck_assert_uint_eq(control_word(1, MR_W_HELD), 0);
	close_all();
}
END_TEST

/* Every event is lost: the words tell the same, a second later. */
START_TEST(the_tick_finds_what_events_did_not_tell)
{
	char peers[512];

	reset();
	open_node(0, "", dial(1, peers));
	open_node(1, "", "");
	node[1].deaf = true;
	run(50);
	ck_assert_int_eq(peer_state(1), FIPS_PEER_PROVISIONAL);
	run(1100);
	ck_assert_int_eq(peer_state(1), FIPS_PEER_UP);
	ck_assert_uint_eq(control_count(1, "missed-events"), 1);

	air.host[0] = 77; /* a moves, and its heartbeats come from there */
	run(12000);
	ck_assert_uint_eq(control_count(1, "missed-events"), 2);
	ck_assert_int_eq(peer_state(0), FIPS_PEER_UP);
	close_all();
}
END_TEST

START_TEST(a_peer_that_moves_is_followed)
{
	link_up();
	air.host[0] = 77;
	say(0, &mesh(1)->me.addr, 100, 1);
	run(50);
	ck_assert_uint_eq(air.got[1], 1);
	say(1, &mesh(0)->me.addr, 100, 1);
	run(50);
	ck_assert_uint_eq(air.got[0], 1);
	ck_assert_uint_eq(control_count(1, "missed-events"), 0);
	close_all();
}
END_TEST

START_TEST(reports_are_answered_with_a_round_trip)
{
	struct fips_peer_info info;

	link_up();
	run(5000);
	ck_assert(mr_control_peer(mr_engine_host_state(node[0].engine), 0, &info));
	ck_assert_uint_gt(info.metrics.srtt_us, 0);
	ck_assert_uint_le(info.metrics.srtt_us, 20000);
	ck_assert_uint_eq(control_count(0, "node-report"), 0);
	close_all();
}
END_TEST

START_TEST(stop_leaves_nothing_behind_at_the_neighbour)
{
	void *control;

	link_up();
	say(0, &mesh(1)->me.addr, 100, 1);
	run(50);
	control = mr_engine_host_state(node[0].engine);
	ck_assert(!mr_control_stopped(control));
	mr_control_stop(control);
	ck_assert_uint_eq(mr_engine_host_deadline(node[0].engine), 0);
	run(50);
	ck_assert(mr_control_stopped(control));
	ck_assert_uint_eq(mr_table_count(mesh(1)->index), 0);
	ck_assert_uint_eq(mr_table_count(mesh(1)->links), 0);
	ck_assert_uint_eq(mr_table_count(mesh(1)->sessions), 0);
	ck_assert_uint_eq(mr_table_count(mesh(1)->routes), 0);
	close_all();
}
END_TEST

/* Links that come and go: all that belonged to them is given back (a leak check sees the rest). */
START_TEST(a_silent_link_goes_and_comes_back)
{
	char peers[512];

	reset();
	open_node(0, ",\"heartbeat_interval_secs\":1,\"link_dead_timeout_secs\":3", dial(1, peers));
	open_node(1, "", "");
	run(50);
	for (unsigned k = 0; k < 3; k++) {
		say(0, &mesh(1)->me.addr, 100, 1);
		run(50);
		ck_assert_uint_eq(air.got[1], k + 1);
		close_node(1);
		run(4000);
		ck_assert_int_ne(peer_state(0), FIPS_PEER_UP);
		ck_assert_uint_eq(mr_table_count(mesh(0)->links), 0);
		ck_assert_uint_eq(mr_table_count(mesh(0)->sessions), 0);
		open_node(1, "", "");
		node[1].seed.seed = 100 + k; /* another life */
		run(30000);
		ck_assert_int_eq(peer_state(0), FIPS_PEER_UP);
	}
	close_all();
}
END_TEST

/* Nobody has that address: the program is told, and the table remembers it for a second. */
START_TEST(an_unknown_destination_is_unreachable)
{
	struct fips_addr nobody = { { 0xee, 1, 2, 3 } };

	link_up();
	say(0, &nobody, 100, 1);
	run(10);
	ck_assert_uint_eq(air.got[0], 1);
	ck_assert_uint_eq(air.got_bytes[0][6], 58);
	ck_assert_uint_eq(air.got_bytes[0][40], 1);
	ck_assert_uint_eq(mr_table_count(mesh(0)->routes), 1);
	run(1100);
	ck_assert_uint_eq(mr_table_count(mesh(0)->routes), 0);
	close_all();
}
END_TEST

/* More handshakes than the node takes at once: nothing is lost uncounted, and it stays itself. */
START_TEST(a_flood_of_handshakes_is_limited)
{
	struct fips_via via = via_of(1);
	uint8_t packet[FIPS_MSG1_LEN] = { 0x01, 0, FIPS_MSG1_LEN - FIPS_LINK_PREFIX };

	link_up();
	for (unsigned k = 0; k < 400; k++) {
		packet[8] = 2;
		packet[20] = (uint8_t)k;
		packet[21] = (uint8_t)(k >> 8);
		fly(1, &via, packet, sizeof packet);
	}
	run(200);
	ck_assert_uint_eq(control_count(0, "node-forged") + control_count(0, "node-limited"), 400);
	ck_assert_uint_gt(control_count(0, "node-limited"), 200);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_int_eq(peer_state(0), FIPS_PEER_UP);
	close_all();
}
END_TEST

START_TEST(peers_are_shown_as_json)
{
	char npub[FIPS_KEY_TEXT], *text;
	json_t *o, *peer;

	link_up();
	npub_of(1, npub);
	text = mr_control_peers_json(mr_engine_host_state(node[0].engine), air.now);
	o = json_loads(text, 0, NULL);
	peer = json_array_get(json_object_get(o, "peers"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(peer, "npub")), npub);
	ck_assert_str_eq(json_string_value(json_object_get(peer, "state")), "up");
	ck_assert_str_eq(json_string_value(json_object_get(peer, "via")), "10.0.0.2:2121");
	json_decref(o);
	free(text);
	close_all();
}
END_TEST

START_TEST(every_count_of_the_node_is_a_counter)
{
	unsigned at = 0;

	while (strncmp(mr_kind_control.counters[at].name, "node-", 5))
		at++;
	for (unsigned i = 0; i < FIPS_NODE_COUNTS; i++)
		ck_assert_str_eq(mr_kind_control.counters[at + i].name + 5,
		                 fips_node_count_name((enum fips_node_count)i));
	ck_assert_ptr_null(mr_kind_control.counters[at + FIPS_NODE_COUNTS].name);
}
END_TEST

/* ---- settings that are refused, and those that get by with a warning ---- */

#define UDP(a)  "\"addresses\":[{\"transport\":\"udp\",\"addr\":\"" a "\"}]"
#define ONE(a)  "{\"npub\":\"B\"," UDP(a) "}"

static const struct {
	const char *more, *peers, *says; /* B and A stand for their npubs */
	bool        opens;
} settings[] = {
	{ "", ONE("10.0.0.1:1"), NULL, true },
	{ "", "{\"npub\":\"npub1qqqq\"," UDP("10.0.0.1:1") "}", "peers[0].npub", false },
	{ "", ONE("10.0.0.1:1") "," ONE("10.0.0.1:1"),
	  "peers[1].npub: control: this peer is listed twice", false },
	{ "", "{\"npub\":\"A\"," UDP("10.0.0.1:1") "}",
	  "peers[0].npub: control: this is the node itself", true },
	{ "", "{\"npub\":\"B\"}", "peers[0]: control: has no address", false },
	{ "", "{\"npub\":\"B\",\"via_nostr\":true}", "Nostr is not built yet", true },
	{ "", ONE("10.0.0.1"),
	  "peers[0].addresses[0].addr: control: \"10.0.0.1\" is not a host:port", false },
	{ "", ONE("10.0.0.1:0x1"), "peers[0].addresses[0].addr", false },
	{ "", ONE("10.0.0.300:1"), "\"10.0.0.300:1\" is not a numeric host:port", false },
	{ "", ONE(":1"), "peers[0].addresses[0].addr", false },
	{ "", ONE("[fd00::1]:1"), "address family", false },
	{ "", ONE("no name:1"), "peers[0].addresses[0].addr", false },
	{ "", ONE("name:70000"), "peers[0].addresses[0].addr", false },
	{ "", ONE("name.example:2121"), NULL, true },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"udb\",\"addr\":\"10.0.0.1:1\"}]}",
	  "peers[0].addresses[0].transport: control: there is no transport \"udb\"", false },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"udp/lan\","
	      "\"addr\":\"10.0.0.1:1\"}]}",
	  "transports.udp has no instance \"lan\"", false },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"tcp\",\"addr\":\"10.0.0.1:1\"}]}",
	  "the tcp transport is not built yet", true },
	{ ",\"link_dead_timeout_secs\":5", "",
	  "node.link_dead_timeout_secs: control: 5 s are not longer", false },
};

/* B and A become npubs. */
static void expand(char out[2048], const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		if ((*text == 'B' || *text == 'A') && text[1] == '"')
			npub_of(*text == 'B', out + n), n += strlen(out + n);
		else
			out[n++] = *text;
	}
	out[n] = '\0';
}

START_TEST(settings_are_checked)
{
	char peers[2048], *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	reset();
	expand(peers, settings[_i].peers);
	ck_assert_int_eq(try_open(0, settings[_i].more, peers), settings[_i].opens);
	mr_report_print(&node[0].report, f);
	fclose(f);
	if (settings[_i].says)
		ck_assert_msg(strstr(text, settings[_i].says) != NULL, "%s", text);
	else
		ck_assert_str_eq(text, "");
	free(text);
	close_all();
}
END_TEST

/* The lower value comes first, and no more than four are dialled. */
START_TEST(addresses_are_dialled_by_priority)
{
	char peers[2048];
	const char *five =
		"{\"npub\":\"B\",\"addresses\":["
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.9:1\",\"priority\":900},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.8:1\"},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.7:1\"},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.6:1\"},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.2:1\",\"priority\":1}]}";

	reset();
	expand(peers, five);
	open_node(0, "", peers);
	run(20);
	ck_assert_uint_eq(air.sent[0], 4);
	ck_assert_uint_eq(air.n, 1); /* the one node that has one of them */
	close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control");
	TCase *tc = tcase_create("nodes");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_link_comes_up);
	tcase_add_test(tc, packets_go_both_ways);
	tcase_add_test(tc, an_answer_waits_for_its_key);
	tcase_add_test(tc, a_crossing_leaves_one_link);
	tcase_add_test(tc, a_frame_before_its_key_is_kept);
	tcase_add_test(tc, few_are_kept_and_not_for_long);
	tcase_add_test(tc, kept_frames_go_with_their_handshake);
	tcase_add_test(tc, a_message_before_its_key_is_kept);
	tcase_add_test(tc, the_tick_finds_what_events_did_not_tell);
	tcase_add_test(tc, a_peer_that_moves_is_followed);
	tcase_add_test(tc, reports_are_answered_with_a_round_trip);
	tcase_add_test(tc, stop_leaves_nothing_behind_at_the_neighbour);
	tcase_add_test(tc, a_silent_link_goes_and_comes_back);
	tcase_add_test(tc, an_unknown_destination_is_unreachable);
	tcase_add_test(tc, a_flood_of_handshakes_is_limited);
	tcase_add_test(tc, peers_are_shown_as_json);
	tcase_add_test(tc, every_count_of_the_node_is_a_counter);
	tcase_add_loop_test(tc, settings_are_checked, 0, sizeof settings / sizeof settings[0]);
	tcase_add_test(tc, addresses_are_dialled_by_priority);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
