/* whole_air.c - the air between nodes, and the stages at their edges; see whole.h.
 *
 * The edge stages are as quick as real ones: what a test counts in a turn is not theirs. */
#include "t/lib/whole.h"

#include <netinet/in.h>
#include <string.h>

#include <check.h>

#include "fips/wire/link.h"
#include "stages/lib/words.h"

struct air air;

/* ck_assert allocates even when it holds. */
static void must(bool holds)
{
	if (!holds)
		ck_abort_msg("the air is full, or a pool is empty");
}

struct fips_via via_of(uint8_t host)
{
	struct fips_via via = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(2121),
		                  .sin_addr.s_addr = htonl(0x0a000000u | host) };

	memcpy(via.sock, &in, sizeof in);
	return via;
}

void air_send(unsigned from, const struct fips_via *to, const uint8_t *bytes, uint32_t len)
{
	struct flight *f = &air.flight[air.n];
	struct sockaddr_in in;
	uint64_t delay;

	must(air.n < AIR && len <= BYTES);
	memcpy(&in, to->sock, sizeof in);
	air.sent[from]++;
	for (f->to = 0; f->to <= HAND; f->to++) {
		if (air.host[f->to] == (uint8_t)ntohl(in.sin_addr.s_addr))
			break;
	}
	if (f->to > HAND)
		return; /* nobody is there */
	f->from = via_of(air.host[from]);
	f->len = len;
	memcpy(f->bytes, bytes, len);
	delay = air.fate ? air.fate(f) : MS;
	f->due = air.now + delay;
	air.n += delay != MR_NEVER;
}

static void land(struct flight *f)
{
	memmove(f, f + 1, (size_t)(&air.flight[--air.n] - f) * sizeof *f);
}

void air_deliver(void)
{
	for (unsigned i = 0; i < air.n;) {
		struct flight f = air.flight[i];

		if (f.to != HAND || f.due > air.now) {
			i++;
			continue;
		}
		land(&air.flight[i]);
		if (air.hand.hear)
			air.hand.hear(air.hand.self, &f);
	}
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

	if (air.teller == e->node + 1) {
		air.teller = 0;
		mr_tell(t, &air.tells);
	}
	for (unsigned i = 0; i < air.n && mr_room(t, 0) && mr_room(t, 1);) {
		struct flight *f = &air.flight[i];
		struct mr_pkt *p;

		if (f->to != e->node || f->due > air.now) {
			i++;
			continue;
		}
		p = mr_spare(t);
		if (!p)
			return false;
		memcpy(mr_pkt_put(p, f->len), f->bytes, f->len);
		*mr_pkt_via(p) = f->from;
		p->stamp = t->now;
		mr_made(t, 1);
		p->mark = MR_SHAPE_FRAME;
		mr_emit(t, fips_frame_check(p->data, p->len) == FIPS_FRAME_ESTABLISHED ? 0 : 1, p);
		land(f);
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

		if (!e) {
			mr_drop(t, 0, p);
			continue;
		}
		p->near = e->link;
		mr_emit(t, e->live ? 0 : 1, p);
	}
}

static void wire_out_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct edge_stage *e = self;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		air_send(e->node, mr_pkt_via(v->pkt[i]), v->pkt[i]->data, v->pkt[i]->len);
		mr_take(t, v->pkt[i]);
	}
}

static bool app_out_pull(void *self, struct mr_turn *t)
{
	const struct edge_stage *e = self;

	while (air.outbox == e->node + 1 && air.outbox_n && mr_room(t, 0)) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			return false;
		memcpy(mr_pkt_put(p, air.outbox_len), air.packet, air.outbox_len);
		p->far = mr_table_unresolved(whole_mesh(e->node)->routes, p->data + 25);
		mr_made(t, 1);
		mr_emit(t, 0, p);
		air.outbox_n--;
	}
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

const struct mr_kind *const whole_kinds[] = {
	&wire_in, &sorter, &wire_out, &app_out, &app_in, &mr_kind_control, &mr_kind_fmp_open,
	&mr_kind_fsp_open, &mr_kind_route, &mr_kind_fsp_seal, &mr_kind_fmp_seal, &mr_kind_open,
	&mr_kind_fsp_number, &mr_kind_fmp_number, &mr_kind_seal, NULL,
};
