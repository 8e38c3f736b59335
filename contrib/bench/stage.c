/* stage - what a stage alone costs a packet: nanoseconds and cycles, in vectors of 1, 16 and 64.
 *
 *   contrib/bench/bench stage [--bytes N] [--ms N] [--aead NAME] [--json] [NAME]...
 *
 * The stages of the way from one node to its neighbour stand one behind the other, each alone in a
 * runtime of its own without threads:
 *
 *     route -> fsp-seal -> fmp-seal  ~~  fmp-open -> fsp-open
 *
 * IP packets are carried through, 64 at a time, so that each stage is given what it would be given in
 * a node: one flow, one link, one session, everything authentic and in order.  The stage that is
 * measured gets them in vectors of the size asked for.  One sample is one call of it by the runtime
 * (mr_call_process) with all the runtime does around it; what the same call of the empty stage behind
 * it takes is taken off.  The median of the samples counts, buffers are in the cache.
 *
 * Cycles are those of the time stamp counter: x86 only, and not those of a core that changes its clock.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "core/epoch.h"
#include "core/worker.h"
#include "fips/path/mtu.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/provider.h"

#define SAMPLES 100000
#define LINK_MTU 1472

extern const struct mr_kind mr_kind_route, mr_kind_fsp_seal, mr_kind_fmp_seal, mr_kind_fmp_open,
	mr_kind_fsp_open;

/* ---- the way, and where on it a stage stands ---- */

enum { ROUTE, FSP_SEAL, FMP_SEAL, FMP_OPEN, FSP_OPEN, PLACES };

static const struct place {
	const struct mr_kind *kind;
	const char           *node;   /* of the sender, or of the receiver */
	const char           *output;
} place[PLACES] = {
	{ &mr_kind_route, CRAFT_NODE(CRAFT_A, CRAFT_UDP), "seal" },
	{ &mr_kind_fsp_seal, CRAFT_NODE(CRAFT_A, CRAFT_UDP), "out" },
	{ &mr_kind_fmp_seal, CRAFT_NODE(CRAFT_A, CRAFT_UDP), "out" },
	{ &mr_kind_fmp_open, CRAFT_NODE(CRAFT_B, CRAFT_UDP), "session" },
	{ &mr_kind_fsp_open, CRAFT_NODE(CRAFT_B, CRAFT_UDP), "ip" },
};

struct way {
	struct rig              *rig[PLACES];
	struct keys             *link, *session;
	struct fips_link_recv    link_recv;
	struct fips_session_recv session_recv;
	unsigned                 bytes; /* of an IP packet */
	uint8_t                  ip[MR_VECTOR][LINK_MTU];
};

static const struct fips_via via = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };

static void put_route(struct way *w, uint64_t link, uint64_t session)
{
	struct mr_mesh *mesh = rig_use(w->rig[ROUTE], &mr_resource_mesh);
	struct fips_route_entry *e = calloc(1, sizeof *e);

	if (!e)
		abort();
	*e = (struct fips_route_entry){ .dest = craft_b, .state = FIPS_ROUTE_LIVE, .link = link,
		                        .session = session, .mtu = LINK_MTU, .first = LINK_MTU };
	mr_table_put(mesh->routes, rig_epoch(w->rig[ROUTE]), craft_b.b, e);
}

static void way_open(struct way *w, const struct mr_aead *aead)
{
	static const uint8_t link_key[MR_AEAD_KEY] = { 1 }, session_key[MR_AEAD_KEY] = { 2 };

	rig_aead(aead);
	rig_clock(mr_clock_now);
	for (unsigned i = 0; i < PLACES; i++)
		w->rig[i] = rig_open(place[i].kind, "{}", place[i].node);
	w->link = keys_open(aead, link_key, 1, 70);
	w->session = keys_open(aead, session_key, 2, 0);
	fips_link_recv_init(&w->link_recv, &via);
	w->link_recv.sending = 1;
	fips_session_recv_init(&w->session_recv);
	fips_session_install(&w->session_recv, &w->session->recv, 0);
	put_route(w, craft_link(w->rig[FMP_SEAL], &craft_b, &w->link->send, &via, LINK_MTU),
	          craft_session(w->rig[FSP_SEAL], &craft_b, &w->session->send, NULL, LINK_MTU));
	craft_index(w->rig[FMP_OPEN], 70, &craft_a, 5, &w->link_recv, &w->link->recv);
	craft_session(w->rig[FSP_OPEN], &craft_a, NULL, &w->session_recv, LINK_MTU);
	for (unsigned i = 0; i < MR_VECTOR; i++)
		craft_ip(w->ip[i], &craft_a, &craft_b, (uint8_t)i, w->bytes);
}

static void way_close(struct way *w)
{
	for (unsigned i = 0; i < PLACES; i++)
		rig_close(w->rig[i]);
	keys_close(w->link);
	keys_close(w->session);
}

/* ---- one call, with a clock on both sides ---- */

static inline uint64_t ticks(void)
{
#if defined(__x86_64__)
	unsigned core;

	return __rdtscp(&core);
#else
	return mr_clock_now();
#endif
}

static double ns_per_tick(void)
{
	uint64_t ns = mr_clock_now(), at = ticks(), until = ns + 100 * MR_NS_PER_MS, now;

	while ((now = mr_clock_now()) < until)
		;
	return (double)(now - ns) / (double)(ticks() - at);
}

static uint64_t call(struct mr_worker *w, struct mr_replica *r, unsigned input,
                     struct mr_vector *v)
{
	uint64_t before, after;

	mr_epoch_begin(w->epoch);
	w->turn.now = w->engine->now();
	before = ticks();
	mr_call_process(w, r, input, MR_LANE_BULK, v);
	after = ticks();
	mr_epoch_end(w->epoch);
	return after - before;
}

/* ---- carrying packets along ---- */

/* Samples of one cell of the table. */
struct samples {
	unsigned n;
	uint32_t stage[SAMPLES], behind[SAMPLES]; /* ticks */
};

static struct mr_pkt *new_packet(struct mr_worker *w, const void *bytes, uint32_t n)
{
	struct mr_pkt *p = mr_pool_get(w->pool);

	if (!p)
		abort();
	memcpy(mr_pkt_put(p, n), bytes, n);
	*mr_pkt_via(p) = via;
	return p;
}

static void fill(struct way *way, unsigned at, unsigned from, unsigned n, struct mr_vector *v)
{
	struct mr_worker *w = rig_engine(way->rig[at])->replica[0].worker;

	v->n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct mr_pkt *old, *p;

		if (at == ROUTE) {
			p = new_packet(w, way->ip[from + i], way->bytes);
		} else {
			old = rig_out(way->rig[at - 1], place[at - 1].output);
			if (!old) {
				fprintf(stderr, "bench stage: %s lost a packet\n",
				        place[at - 1].kind->name);
				exit(1);
			}
			p = new_packet(w, old->data, old->len);
			p->near = old->near;
			p->far = old->far;
			p->limit = old->limit;
			p->mark = old->mark;
			p->flags = old->flags;
		}
		mr_vector_add(v, p);
	}
}

static void drain(struct rig *rig, const char *output)
{
	while (rig_out(rig, output))
		;
}

/* The empty stage that the stage's output leads to, called the same way. */
static uint64_t behind(struct way *way, unsigned at, unsigned n)
{
	struct mr_replica *r = &rig_engine(way->rig[at])->replica[0];
	unsigned output = 0;
	struct mr_vector v = { 0 };

	while (strcmp(r->kind->outputs[output].name, place[at].output) != 0)
		output++;
	for (unsigned i = 0; i < n; i++)
		mr_vector_add(&v, new_packet(r->worker, way->ip[i], 64));
	return call(r->worker, r->exit[output][0].to, r->exit[output][0].input, &v);
}

/* 64 packets all the way; those of `measured` in vectors of `size`. */
static void carry(struct way *way, unsigned measured, unsigned size, struct samples *s)
{
	for (unsigned at = 0; at < PLACES; at++) {
		struct rig *rig = way->rig[at];
		struct mr_replica *r = &rig_engine(rig)->replica[0];
		unsigned step = at == measured ? size : MR_VECTOR;
		struct mr_vector v;
		struct mr_event event;

		for (unsigned from = 0; from < MR_VECTOR; from += step) {
			uint64_t took;

			fill(way, at, from, step, &v);
			took = call(r->worker, r, 0, &v);
			if (at == measured && s->n < SAMPLES)
				s->stage[s->n++] = (uint32_t)took;
		}
		while (rig_event(rig, &event))
			;
	}
	drain(way->rig[PLACES - 1], place[PLACES - 1].output);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t median(uint32_t *of, unsigned n)
{
	qsort(of, n, sizeof *of, by_value);
	return of[n / 2];
}

/* Ticks of a packet: of the median call. */
static double measure(struct way *way, unsigned at, unsigned size, unsigned ms, struct samples *s)
{
	uint64_t until;
	double stage;

	s->n = 0;
	for (unsigned i = 0; i < 20; i++) /* warm */
		carry(way, at, size, s);
	s->n = 0;
	until = mr_clock_now() + ms * MR_NS_PER_MS;
	while (mr_clock_now() < until && s->n < SAMPLES)
		carry(way, at, size, s);
	for (unsigned i = 0; i < s->n; i++) {
		s->behind[i] = (uint32_t)behind(way, at, size);
		drain(way->rig[at], place[at].output);
	}
	stage = median(s->stage, s->n);
	return (stage - median(s->behind, s->n)) / size;
}

/* ---- the command line and the table ---- */

static const struct mr_aead *choose(const char *name)
{
	const struct mr_aead *aead;

	if (!name)
		return mr_aead_choose(provider_all(), mr_clock_now, NULL, NULL);
	aead = mr_aead_find(provider_all(), name);
	if (!aead || (aead->usable && !aead->usable())) {
		fprintf(stderr, "bench stage: no provider %s here\n", name);
		exit(1);
	}
	return aead;
}

static unsigned number(const char *option, const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long n = strtoul(text ? text : "", &end, 10);

	if (*end || n < least || n > most) {
		fprintf(stderr, "bench stage: %s wants a whole number from %u to %u\n", option, least,
		        most);
		exit(1);
	}
	return (unsigned)n;
}

static unsigned place_of(const char *name)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (!strcmp(place[i].kind->name, name))
			return i;
	}
	fprintf(stderr, "bench stage: %s is none of route, fsp-seal, fmp-seal, fmp-open, fsp-open\n",
	        name);
	exit(1);
}

static void row(struct way *way, unsigned at, unsigned ms, double ns, bool json, const char *comma)
{
	static const unsigned sizes[] = { 1, 16, 64 };
	static struct samples samples;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++, comma = ",") {
		double ticks = measure(way, at, sizes[i], ms, &samples);

		if (json)
			printf("%s{\"stage\":\"%s\",\"vector\":%u,\"ns\":%.2f,\"cycles\":%.2f,"
			       "\"calls\":%u}", comma, place[at].kind->name, sizes[i], ns * ticks,
			       ticks, samples.n);
		else
			printf("%-10s %6u %10.1f %12.1f\n", place[at].kind->name, sizes[i],
			       ns * ticks, ticks);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	bool chosen[PLACES] = { 0 }, all = true, json = false;
	const unsigned most = fips_mtu_packet(LINK_MTU, LINK_MTU);
	const char *aead = NULL, *comma = "";
	static struct way way = { .bytes = 1280 };
	unsigned ms = 300;
	double ns;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--bytes"))
			way.bytes = number(argv[i], argv[i + 1], 48, most), i++;
		else if (!strcmp(argv[i], "--ms"))
			ms = number(argv[i], argv[i + 1], 1, 60000), i++;
		else if (!strcmp(argv[i], "--aead") && argv[i + 1])
			aead = argv[++i];
		else if (!strcmp(argv[i], "--json"))
			json = true;
		else
			chosen[place_of(argv[i])] = true, all = false;
	}
	way_open(&way, choose(aead));
	aead = rig_engine(way.rig[0])->aead->name;
	ns = ns_per_tick();
	if (json)
		printf("{\"bytes\":%u,\"aead\":\"%s\",\"measured\":%s,\"stages\":[", way.bytes, aead,
		       MR_MEASURE ? "true" : "false");
	else
		printf("IP packets of %u bytes, %s%s\n%-10s %6s %10s %12s\n", way.bytes, aead,
		       MR_MEASURE ? "" : ", nothing measured by the runtime itself", "stage",
		       "vector", "ns/packet", "cycles/packet");
	for (unsigned i = 0; i < PLACES; i++) {
		if (all || chosen[i]) {
			row(&way, i, ms, ns, json, comma);
			comma = ",";
		}
	}
	if (json)
		printf("]}\n");
	way_close(&way);
	return 0;
}
