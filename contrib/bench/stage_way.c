/* stage_way.c - packets are carried from one node to its neighbour, through stages that stand one
 * behind the other; see stage.h.
 *
 *     route -> fsp-seal -> fmp-seal  ~~  fmp-open -> fsp-open
 *     route -> fsp-number -> fmp-number -> seal  ~~  open -> fmp-open -> fsp-open
 *
 * 64 at a time, so that each stage is given what it would be given in a node: one flow, one link,
 * one session, everything authentic and in order.
 * The one that is measured gets them in vectors. */

#include <stdlib.h>
#include <string.h>

#include "contrib/bench/stage.h"
#include "stages/lib/mesh.h"
#include "t/lib/craft.h"

#define INDEX 70

extern const struct mr_kind mr_kind_route, mr_kind_fsp_seal, mr_kind_fmp_seal, mr_kind_fmp_open,
	mr_kind_fsp_open, mr_kind_fsp_number, mr_kind_fmp_number, mr_kind_seal, mr_kind_open;

/* A stage on a way. */
struct place {
	const struct mr_kind *kind; /* NULL: the way is shorter          */
	bool                  here; /* it is the sender's                */
	bool                  measured;
	const char           *output;
	unsigned              input;
};

/* fmp-open and fsp-open only accept where `open` has opened, so they are measured on the first. */
static const struct place place[WAYS][WAY_PLACES] = {
	[WAY_PLAIN] = {
		{ &mr_kind_route, true, true, "seal", 0 },
		{ &mr_kind_fsp_seal, true, true, "out", 0 },
		{ &mr_kind_fmp_seal, true, true, "out", 0 },
		{ &mr_kind_fmp_open, false, true, "session", 0 },
		{ &mr_kind_fsp_open, false, true, "ip", 0 },
	},
	[WAY_DEALT] = {
		{ &mr_kind_route, true, false, "seal", 0 },
		{ &mr_kind_fsp_number, true, true, "out", 0 },
		{ &mr_kind_fmp_number, true, true, "out", 0 },
		{ &mr_kind_seal, true, true, "out", 0 },
		{ &mr_kind_open, false, true, "out", 0 },
		{ &mr_kind_fmp_open, false, false, "session", 1 }, /* opened */
		{ &mr_kind_fsp_open, false, false, "ip", 0 },
	},
};

/* ---- carrying packets along ---- */

static void fill(struct way *w, unsigned at, unsigned from, unsigned n, struct mr_vector *v)
{
	const struct place *before = &place[w->number][at ? at - 1 : 0];

	v->n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct mr_pkt *old = at ? rig_out(w->rig[at - 1], before->output) : NULL, *p;

		if (at && !old)
			stage_failed(before->kind->name, "lost a packet");
		p = old ? stage_packet(w->rig[at], old->data, old->len) :
		          stage_packet(w->rig[at], w->ip[from + i], w->bytes);
		if (old)
			mr_pkt_learn(p, old);
		mr_vector_add(v, p);
	}
}

/* 64 packets all the way; those of the subject in vectors of `size`. */
static void carry(const struct subject *s, unsigned size, struct samples *to)
{
	struct way *w = s->of;
	unsigned at;

	for (at = 0; at < WAY_PLACES && w->rig[at]; at++) {
		unsigned step = at == s->at ? size : MR_VECTOR;
		struct mr_vector v;
		struct mr_event event;

		for (unsigned from = 0; from < MR_VECTOR; from += step) {
			uint64_t took;

			fill(w, at, from, step, &v);
			took = stage_call(w->rig[at], place[w->number][at].input, &v);
			if (at == s->at)
				stage_sample(to, took);
		}
		while (rig_event(w->rig[at], &event))
			;
	}
	stage_drain(w->rig[at - 1], place[w->number][at - 1].output, MR_VECTOR);
}

/* ---- tables and keys ---- */

static const struct fips_via via = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };

static struct rig *rig_of(const struct way *w, const struct mr_kind *kind)
{
	unsigned at = 0;

	while (place[w->number][at].kind != kind)
		at++;
	return w->rig[at];
}

static void put_route(const struct way *w, uint64_t link, uint64_t session)
{
	struct rig *rig = rig_of(w, &mr_kind_route);
	struct mr_mesh *mesh = rig_use(rig, &mr_resource_mesh);
	struct fips_route_entry *e = calloc(1, sizeof *e);

	if (!e)
		abort();
	*e = (struct fips_route_entry){ .dest = craft_b, .state = FIPS_ROUTE_LIVE, .link = link,
		                        .session = session, .mtu = STAGE_LINK_MTU,
		                        .first = STAGE_LINK_MTU };
	mr_table_put(mesh->routes, rig_epoch(rig), craft_b.b, e);
}

static void put_keys(struct way *w)
{
	bool dealt = w->number == WAY_DEALT;
	struct rig *sessions = rig_of(w, dealt ? &mr_kind_fsp_number : &mr_kind_fsp_seal);
	struct rig *links = rig_of(w, dealt ? &mr_kind_fmp_number : &mr_kind_fmp_seal);

	put_route(w, craft_link(links, &craft_b, &w->link->send, &via, STAGE_LINK_MTU),
	          craft_session(sessions, &craft_b, &w->session->send, NULL, STAGE_LINK_MTU));
	craft_index(rig_of(w, &mr_kind_fmp_open), INDEX, &craft_a, 5, &w->link_recv,
	            &w->link->recv);
	craft_session(rig_of(w, &mr_kind_fsp_open), &craft_a, NULL, &w->session_recv,
	              STAGE_LINK_MTU);
	if (!dealt)
		return;
	craft_key(rig_of(w, &mr_kind_seal), &w->link->send);
	craft_key(rig_of(w, &mr_kind_seal), &w->session->send);
	craft_index(rig_of(w, &mr_kind_open), INDEX, &craft_a, 5, &w->link_recv, &w->link->recv);
	craft_session_keys(rig_of(w, &mr_kind_open), &craft_a, &w->session_recv, &w->session, 1);
}

unsigned way_open(struct way *w, unsigned number, const struct mr_aead *aead, unsigned bytes,
                  struct subject *subject)
{
	static const uint8_t link_key[MR_AEAD_KEY] = { 1 }, session_key[MR_AEAD_KEY] = { 2 };
	unsigned n = 0;

	w->number = number;
	w->bytes = bytes;
	for (unsigned i = 0; i < WAY_PLACES && place[number][i].kind; i++) {
		const struct place *p = &place[number][i];

		w->rig[i] = rig_open(p->kind, "{}", p->here ? CRAFT_NODE(CRAFT_A, CRAFT_UDP) :
		                                              CRAFT_NODE(CRAFT_B, CRAFT_UDP));
		if (p->measured)
			subject[n++] = (struct subject){ .name = p->kind->name,
				                         .size = { 1, 16, 64 },
				                         .output = p->output, .rig = w->rig[i],
				                         .round = carry, .of = w, .at = i };
	}
	w->link = keys_open(aead, link_key, 1, INDEX);
	w->session = keys_open(aead, session_key, 2, 0);
	fips_link_recv_init(&w->link_recv, &via);
	w->link_recv.sending = 1;
	fips_session_recv_init(&w->session_recv);
	fips_session_install(&w->session_recv, &w->session->recv, 0);
	put_keys(w);
	for (unsigned i = 0; i < MR_VECTOR; i++)
		craft_ip(w->ip[i], &craft_a, &craft_b, (uint8_t)i, bytes);
	return n;
}

void way_close(struct way *w)
{
	for (unsigned i = 0; i < WAY_PLACES && w->rig[i]; i++)
		rig_close(w->rig[i]);
	keys_close(w->link);
	keys_close(w->session);
}
