/* whole.c - nodes, their turns, and what can be seen of them; see whole.h. */
#include "t/lib/whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/json.h"

/* clang-format off */
static const char graph_text[] =
	"{\"graph\":\"whole\",\"stages\":{"
	"\"wire-in\":{\"node\":%u},\"sort\":{},\"fmp-open\":{%s},\"fsp-open\":{%s},"
	"\"app-in\":{\"node\":%u},"
	"\"app-out\":{\"node\":%u},\"route\":{%s},\"fsp-seal\":{%s},\"fmp-seal\":{%s},"
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

static const char router_text[] =
	"{\"graph\":\"router\",\"stages\":{"
	"\"wire-in\":{\"node\":%u},\"sort\":{},\"fmp-open\":{},\"route\":{},\"fmp-seal\":{},"
	"\"wire-out\":{\"node\":%u},\"control\":{}},\"edges\":["
	"{\"from\":\"wire-in.frames\",\"to\":\"sort.in\",\"full\":\"wait\"},"
	"{\"from\":\"wire-in.handshakes\",\"to\":\"control.handshakes\",\"full\":\"drop\"},"
	"{\"from\":\"sort.frames\",\"to\":\"fmp-open.frames\",\"full\":\"wait\"},"
	"{\"from\":\"sort.expected\",\"to\":\"control.handshakes\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.transit\",\"to\":\"route.transit\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.control\",\"to\":\"control.messages\",\"full\":\"drop\"},"
	"{\"from\":\"route.forward\",\"to\":\"fmp-seal.transit\",\"full\":\"drop\"},"
	"{\"from\":\"route.control\",\"to\":\"control.datagrams\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-seal.out\",\"to\":\"wire-out.frames\",\"full\":\"wait\"},"
	"{\"from\":\"control.raw\",\"to\":\"wire-out.raw\"},"
	"{\"from\":\"control.link\",\"to\":\"fmp-seal.control\"},"
	"{\"from\":\"control.frames\",\"to\":\"fmp-open.frames\"}]}";

static const char dealt_text[] =
	"{\"graph\":\"dealt\",\"stages\":{"
	"\"wire-in\":{\"node\":%u},\"sort\":{},\"open\":{\"affinity\":\"deal\"},"
	"\"fmp-open\":{},\"fsp-open\":{},\"app-in\":{\"node\":%u},"
	"\"app-out\":{\"node\":%u},\"route\":{},\"fsp-number\":{},\"fmp-number\":{},"
	"\"seal\":{\"affinity\":\"deal\"},\"wire-out\":{\"node\":%u},\"control\":{}},\"edges\":["
	"{\"from\":\"wire-in.frames\",\"to\":\"sort.in\",\"full\":\"wait\"},"
	"{\"from\":\"wire-in.handshakes\",\"to\":\"control.handshakes\",\"full\":\"drop\"},"
	"{\"from\":\"sort.frames\",\"to\":\"open.frames\",\"full\":\"wait\"},"
	"{\"from\":\"sort.expected\",\"to\":\"control.handshakes\",\"full\":\"drop\"},"
	"{\"from\":\"open.out\",\"to\":\"fmp-open.opened\",\"full\":\"wait\"},"
	"{\"from\":\"fmp-open.session\",\"to\":\"fsp-open.datagrams\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.transit\",\"to\":\"route.transit\",\"full\":\"drop\"},"
	"{\"from\":\"fmp-open.control\",\"to\":\"control.messages\",\"full\":\"drop\"},"
	"{\"from\":\"fsp-open.ip\",\"to\":\"app-in.ip\",\"full\":\"drop\"},"
	"{\"from\":\"fsp-open.control\",\"to\":\"control.bodies\",\"full\":\"drop\"},"
	"{\"from\":\"app-out.ip\",\"to\":\"route.ip\",\"full\":\"wait\"},"
	"{\"from\":\"route.seal\",\"to\":\"fsp-number.bodies\",\"full\":\"wait\"},"
	"{\"from\":\"route.forward\",\"to\":\"fmp-number.transit\",\"full\":\"drop\"},"
	"{\"from\":\"route.tun\",\"to\":\"app-in.ip\",\"full\":\"drop\"},"
	"{\"from\":\"route.control\",\"to\":\"control.datagrams\",\"full\":\"drop\"},"
	"{\"from\":\"fsp-number.out\",\"to\":\"fmp-number.own\",\"full\":\"wait\"},"
	"{\"from\":\"fmp-number.out\",\"to\":\"seal.frames\",\"full\":\"wait\"},"
	"{\"from\":\"seal.out\",\"to\":\"wire-out.frames\",\"full\":\"wait\"},"
	"{\"from\":\"control.raw\",\"to\":\"wire-out.raw\"},"
	"{\"from\":\"control.link\",\"to\":\"fmp-number.control\"},"
	"{\"from\":\"control.session\",\"to\":\"route.session\"},"
	"{\"from\":\"control.tun\",\"to\":\"app-in.ip\"},"
	"{\"from\":\"control.frames\",\"to\":\"fmp-open.frames\"},"
	"{\"from\":\"control.datagrams\",\"to\":\"fsp-open.datagrams\"}],"
	"\"workers\":{\"data\":{\"stages\":[\"wire-in\",\"sort\",\"fmp-open\",\"fsp-open\","
	"\"app-in\",\"app-out\",\"route\",\"fsp-number\",\"fmp-number\",\"wire-out\"]},"
	"\"opens\":{\"stages\":[\"open\"],\"threads\":%u},"
	"\"seals\":{\"stages\":[\"seal\"],\"threads\":%u},"
	"\"main\":{\"stages\":[\"control\"]}}}";

#define SECRET_A "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define SECRET_B "b102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fb0"
#define SECRET_C "c102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fc0"

static const char *const secret[NODES] = { SECRET_A, SECRET_B, SECRET_C };
/* clang-format on */

/* ---- nodes ---- */

struct node node[NODES];
const struct mr_aead *whole_aead;
void (*whole_around)(bool before);
bool whole_spread;
const unsigned *whole_threads;
bool whole_router;
unsigned whole_dealt;
unsigned whole_life;
const char *whole_files = WHOLE_NO_FILES;
unsigned whole_mtu;

static uint64_t air_now(void)
{
	return air.now;
}

void whole_npub(unsigned n, char text[FIPS_KEY_TEXT])
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_identity id;

	ck_assert_ptr_null(fips_identity_parse(&id, &curve, secret[n]));
	memcpy(text, id.npub, FIPS_KEY_TEXT);
	fips_identity_wipe(&id);
	fips_curve_close(&curve);
}

/* Both files, parsed. */
static void write_files(struct node *n, unsigned i, const char *more, const char *peers)
{
	static const unsigned one_worker[WHOLE_SHARDED], spread[WHOLE_SHARDED] = { 2, 2, 2, 3, 2 };
	const unsigned *threads = whole_threads ? whole_threads :
	                          whole_spread  ? spread :
	                                          one_worker;
	char graph[sizeof dealt_text + 256], text[8192], t[WHOLE_SHARDED][32];

	for (unsigned k = 0; k < WHOLE_SHARDED; k++) {
		t[k][0] = '\0';
		if (threads[k])
			snprintf(t[k], sizeof t[k], "\"threads\":%u", threads[k]);
	}
	if (whole_router)
		snprintf(graph, sizeof graph, router_text, i, i);
	else if (whole_dealt)
		snprintf(graph, sizeof graph, dealt_text, i, i, i, i, whole_dealt, whole_dealt);
	else
		snprintf(graph, sizeof graph, graph_text, i, t[0], t[1], i, i, t[2], t[3], t[4], i);
	snprintf(text, sizeof text,
	         "{\"node\":{\"identity\":{\"nsec\":\"%s\"}%s%s},\"transports\":{\"udp\":"
	         "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":%u}},\"peers\":[%s]}",
	         secret[i], whole_files, more, whole_mtu, peers);
	n->graph_doc = mr_json_parse("graph", graph, strlen(graph), &n->report);
	n->node_doc = mr_json_parse("node", text, strlen(text), &n->report);
	ck_assert_ptr_nonnull(n->node_doc);
	n->graph = mr_graph_parse(n->graph_doc, whole_kinds, &n->report);
}

bool whole_try(unsigned i, const char *more, const char *peers)
{
	struct node *n = &node[i];

	*n = (struct node){ .seed = { .seed = i + 1 + NODES * whole_life } };
	write_files(n, i, more, peers);
	if (n->graph)
		n->engine = mr_engine_open(&(struct mr_engine_options){
			.graph = n->graph, .node = n->node_doc,
			.aead = whole_aead ? whole_aead : &mr_aead_mbedtls,
			.rand = mr_rand_seeded(&n->seed), .now = air_now }, &n->report);
	return n->engine != NULL;
}

void whole_open(unsigned i, const char *more, const char *peers)
{
	if (!whole_try(i, more, peers)) {
		mr_report_print(&node[i].report, stderr);
		ck_abort_msg("node %u does not open", i);
	}
	mr_control_log(mr_engine_host_state(node[i].engine),
	               &(struct mr_log){ .level = MR_LOG_ERROR });
}

static void free_files(struct node *n)
{
	mr_graph_free(n->graph);
	mr_json_free(n->graph_doc);
	mr_json_free(n->node_doc);
}

enum mr_swap whole_swap(unsigned i, const char *more, const char *peers, struct mr_swapped *done)
{
	struct node *n = &node[i], next = { .engine = NULL }, old = *n;
	enum mr_swap what;

	write_files(&next, i, more, peers);
	what = mr_engine_swap(n->engine, &(struct mr_engine_options){ .graph = next.graph,
	                                                              .node = next.node_doc },
	                      done, &n->report);
	if (what == MR_SWAP_HOST || what == MR_SWAP_ALL) {
		n->node_doc = next.node_doc;
		next.node_doc = old.node_doc;
	}
	if (what == MR_SWAP_ALL) {
		n->graph = next.graph;
		n->graph_doc = next.graph_doc;
		next.graph = old.graph;
		next.graph_doc = old.graph_doc;
	}
	free_files(&next);
	mr_report_free(&next.report);
	return what;
}

struct mr_replica *whole_stage(unsigned i, const struct mr_kind *kind)
{
	for (unsigned r = 0; r < node[i].engine->replicas; r++) {
		if (node[i].engine->replica[r].kind == kind)
			return &node[i].engine->replica[r];
	}
	ck_abort_msg("no stage %s", kind->name);
}

/* Of all replicas together. */
static uint64_t total(unsigned i, const struct mr_kind *kind, unsigned word)
{
	uint64_t n = 0;

	for (unsigned r = 0; r < node[i].engine->replicas; r++) {
		if (node[i].engine->replica[r].kind == kind)
			n += node[i].engine->replica[r].block->live[word];
	}
	return n;
}

static unsigned named(const struct mr_named *list, const char *name)
{
	for (unsigned i = 0; list[i].name; i++) {
		if (!strcmp(list[i].name, name))
			return i;
	}
	ck_abort_msg("nothing is called %s", name);
}

uint64_t whole_drop(unsigned i, const struct mr_kind *kind, const char *name)
{
	return total(i, kind, MR_WORDS + named(kind->drops, name));
}

uint64_t whole_count(unsigned i, const struct mr_kind *kind, const char *name)
{
	const struct mr_replica *r = whole_stage(i, kind);

	return total(i, kind, MR_WORDS + r->ndrop + r->noutput + named(kind->counters, name));
}

uint64_t whole_edge(unsigned i, const struct mr_kind *kind, unsigned output)
{
	const struct mr_replica *r = whole_stage(i, kind);

	return total(i, kind, MR_WORDS + r->ndrop + output);
}

uint64_t whole_word(unsigned i, const struct mr_kind *kind, enum mr_word word)
{
	return total(i, kind, word);
}

/* in + made = out + taken + dropped + held, in every stage, whenever nobody is in a call. */
static void check_books(unsigned i)
{
	for (unsigned k = 0; k < node[i].engine->replicas; k++) {
		const struct mr_replica *r = &node[i].engine->replica[k];
		const uint64_t *w = r->block->live;
		uint64_t lost = w[MR_W_SOJOURN], passed = 0;

		for (unsigned d = 0; d < r->ndrop + r->noutput; d++)
			lost += w[MR_WORDS + d];
		for (unsigned o = 0; o < r->noutput; o++)
			passed += w[r->handed + 2 * o];
		if (w[MR_W_OUT] != passed)
			ck_abort_msg("%s of node %u: outputs", r->name, i);
		if (w[MR_W_IN] + w[MR_W_MADE] != w[MR_W_OUT] + w[MR_W_TAKEN] + w[MR_W_HELD] + lost)
			ck_abort_msg("%s of node %u", r->name, i);
	}
}

void whole_close(unsigned i)
{
	struct node *n = &node[i];

	if (n->engine) {
		mr_engine_stop(n->engine);
		check_books(i);
		ck_assert_uint_eq(mr_engine_close(n->engine), 0);
	}
	free_files(n);
	mr_report_free(&n->report);
	*n = (struct node){ 0 };
}

void whole_data_turns(unsigned i, unsigned turns)
{
	struct mr_engine *e = node[i].engine;
	uint8_t letter[MR_LETTER];

	for (unsigned w = 0; w < e->workers; w++) {
		struct mr_worker *worker = &e->worker[w];

		for (unsigned k = 0; k < turns && !worker->host; k++) {
			for (unsigned r = 0; r < worker->replicas; r++)
				worker->replica[r]->ready |= worker->replica[r]->kind->pull != NULL;
			if (whole_around)
				whole_around(true);
			mr_worker_turn(worker);
			if (whole_around)
				whole_around(false);
		}
		while (node[i].deaf && mr_mail_pop(worker->events, letter))
			;
	}
}

/* All packets that moved, and what the host did beside looking for something to do. */
static uint64_t deeds(const struct mr_engine *e)
{
	uint64_t n = e->host->time->live[MR_T_TURNS];

	for (unsigned i = 0; i < e->replicas; i++) {
		const uint64_t *word = e->replica[i].block->live;

		n += word[MR_W_IN] + word[MR_W_MADE] + word[MR_W_OUT] + word[MR_W_TAKEN];
	}
	return n;
}

/* It has something to do. */
static bool host_is_asked(struct mr_engine *e)
{
	bool any = mr_engine_host_deadline(e) <= air.now;

	for (unsigned i = 0; i < e->workers; i++)
		any |= !e->worker[i].host &&
		       (mr_mail_ready(e->worker[i].events) || mr_mail_ready(e->worker[i].acks));
	for (unsigned i = 0; i < e->host->entries; i++)
		any |= mr_ring_ready(e->host->entry[i].ring);
	return any;
}

/* Turns for everybody, or of hosts for those that are asked; false: nobody did anything, and nobody
 * will before time goes on. */
static bool run_round(bool all)
{
	bool any = false;

	for (unsigned i = 0; i < NODES; i++) {
		uint64_t before;

		if (!node[i].engine)
			continue;
		before = deeds(node[i].engine);
		whole_data_turns(i, 3);
		if (all || host_is_asked(node[i].engine))
			mr_engine_host_turn(node[i].engine);
		any |= deeds(node[i].engine) > before + 1; /* one turn of the host is to look */
	}
	return any;
}

void whole_run(unsigned ms)
{
	for (unsigned k = 0; k < ms; k++) {
		bool all = k < 8 || k % 8 == 0 || k == ms - 1;

		air.now += MS;
		air_deliver();
		if (air.hand.tick)
			air.hand.tick(air.hand.self);
		for (unsigned again = 0; again < 8 && run_round(all); again++)
			;
	}
	for (unsigned i = 0; i < NODES; i++) {
		if (node[i].engine)
			check_books(i);
	}
}

/* ---- what the tests share ---- */

void whole_reset(void)
{
	memset(&air, 0, sizeof air);
	air.now = 5 * MR_NS_PER_S;
	air.host[0] = 1;
	air.host[1] = 2;
	air.host[HAND] = 3;
	air.host[2] = 4;
	whole_mtu = 1472;
}

const char *whole_dial(unsigned n, char text[512])
{
	char npub[FIPS_KEY_TEXT];

	whole_npub(n, npub);
	snprintf(text, 512,
	         "{\"npub\":\"%s\",\"addresses\":[{\"transport\":\"udp\","
	         "\"addr\":\"10.0.0.%u:2121\"}]}",
	         npub, n < PAIR ? n + 1 : n + 2);
	return text;
}

void whole_link_up(void)
{
	char peers[512];

	whole_reset();
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", "");
	whole_run(50);
}

struct mr_worker *whole_data(unsigned i)
{
	return whole_stage(i, &mr_kind_route)->worker;
}

struct mr_mesh *whole_mesh(unsigned i)
{
	return whole_stage(i, &mr_kind_control)->use[0];
}

enum fips_peer_state whole_peer_state(unsigned i)
{
	struct fips_peer_info info;

	if (!mr_control_peer(mr_engine_host_state(node[i].engine), 0, &info))
		return FIPS_PEER_IDLE;
	return info.state;
}

bool whole_in_session(unsigned i)
{
	struct fips_session_info info;

	return mr_control_session(mr_engine_host_state(node[i].engine), 0, &info) &&
	       info.state == FIPS_SESSION_ESTABLISHED;
}

void whole_say(unsigned from, const struct fips_addr *to, unsigned len, uint8_t fill)
{
	uint8_t *ip = air.packet;

	ck_assert_uint_le(len, sizeof air.packet);
	memset(ip, fill, len);
	memcpy(ip, (const uint8_t[8]){ 0x60, 0, 0, 0, (uint8_t)((len - 40) >> 8),
	                               (uint8_t)(len - 40), 59, 64 }, 8);
	memcpy(ip + 8, whole_mesh(from)->own_ip, 16);
	fips_addr_to_ipv6(to, ip + 24);
	air.outbox = from + 1;
	air.outbox_n = 1;
	air.outbox_len = len;
}

void whole_close_all(void)
{
	for (unsigned i = 0; i < NODES; i++)
		whole_close(i);
}
