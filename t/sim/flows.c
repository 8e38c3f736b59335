#include "t/sim/flows.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/ecn.h"
#include "fips/wire/shim.h"
#include "t/sim/air.h"
#include "t/sim/node.h"
#include "t/sim/plane.h"

#define MAGIC    0x504d4953u
#define TELLING  17   /* bytes that say what a packet is, behind the IPv6 header              */
#define LARGEST  1200 /* bytes of a packet                                                    */
#define ON_WAY   SIM_S(10) /* an answer may take so long when all is well                     */
#define QUIET    20   /* s: so long after the tree turned packets may still be lost           */
#define NEXT_HEADER_NONE 59

enum { ASKED = 1, ANSWERED = 2, DELIVERED = 4 };

/* What a packet says of itself. */
struct told {
	unsigned flow;
	uint64_t number;
	bool     answer;
};

/* --- packets ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 29) * UINT64_C(0xd1342543de82ef95);
	return x ^ x >> 32;
}

static size_t length_of(const struct told *t, uint16_t most)
{
	uint64_t h = mix(t->number * 2 + t->answer + ((uint64_t)t->flow << 40));
	size_t n = FIPS_IPV6_HEAD + TELLING + h % (h >> 32 & 3 ? 200 : LARGEST - 100);

	return n > most ? most : n;
}

static void write_packet(const struct sim *s, const struct told *t, uint8_t *ip, size_t n)
{
	const struct sim_flow *f = &s->flows[t->flow];
	uint8_t *at = ip + FIPS_IPV6_HEAD;

	memset(ip, 0, FIPS_IPV6_HEAD);
	ip[0] = 0x60;
	ip[4] = (uint8_t)((n - FIPS_IPV6_HEAD) >> 8);
	ip[5] = (uint8_t)(n - FIPS_IPV6_HEAD);
	ip[6] = NEXT_HEADER_NONE;
	ip[7] = 64;
	memcpy(ip + 8, s->nodes[t->answer ? f->to : f->from].ip, FIPS_IPV6_LEN);
	memcpy(ip + 24, s->nodes[t->answer ? f->from : f->to].ip, FIPS_IPV6_LEN);
	mr_to_le32(at, MAGIC);
	mr_to_le32(at + 4, t->flow);
	mr_to_le64(at + 8, t->number);
	at[16] = t->answer;
	for (size_t i = TELLING; i < n - FIPS_IPV6_HEAD; i++)
		at[i] = (uint8_t)(t->number * 7 + t->flow + i * 13);
}

/* A packet that was made here; anything else is a failure. */
static struct told read_packet(const struct sim_node *node, const uint8_t *ip, size_t n)
{
	const struct sim *s = node->sim;
	const uint8_t *at = ip + FIPS_IPV6_HEAD;
	struct told t;

	sim_must(s, n >= FIPS_IPV6_HEAD + TELLING && n <= LARGEST && mr_le32(at) == MAGIC,
	         "node %u has a packet that nobody made", node->id);
	t = (struct told){ .flow = mr_le32(at + 4), .number = mr_le64(at + 8),
		           .answer = at[16] == 1 };
	sim_must(s, t.flow < s->n_flows && t.number < s->flows[t.flow].numbered,
	         "node %u has a packet that was never sent", node->id);
	return t;
}

/* Is every byte as it was made?  The two bits of ECN may be marked on the way. */
static bool is_whole(const struct sim *s, const struct told *t, const uint8_t *ip, size_t n)
{
	uint8_t want[LARGEST];

	write_packet(s, t, want, n);
	want[1] = (uint8_t)((want[1] & 0xcf) | (ip[1] & 0x30));
	return memcmp(want, ip, n) == 0;
}

static void send_packet(struct sim_node *node, const struct told *t, uint16_t most)
{
	uint8_t ip[LARGEST];
	size_t n = length_of(t, most);

	write_packet(node->sim, t, ip, n);
	sim_plane_ip(node->plane, ip, n);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void again(struct sim *s, unsigned flow, uint64_t delay)
{
	sim_queue_push(&s->queue, sim_event_new(SIM_PING, s->now + delay, flow, 0));
}

/* When all is well for the first time a pair may have been answered a moment ago,
 * and have to find its way now. */
static uint8_t age(const struct sim *s)
{
	uint64_t since = s->turned > s->well_at ? s->turned : s->well_at;
	uint64_t secs = (s->now - since) / MR_NS_PER_S;

	if (!s->well)
		return SIM_EXCUSED;
	return secs < SIM_EXCUSED ? (uint8_t)secs : SIM_EXCUSED - 1;
}

static void number(struct sim *s, struct sim_flow *f)
{
	if (f->numbered == f->room) {
		f->room = f->room ? 2 * f->room : 64;
		f->state = realloc(f->state, f->room);
		f->age = realloc(f->age, f->room);
		if (!f->state || !f->age)
			abort();
	}
	f->age[f->numbered] = age(s);
	f->state[f->numbered++] = ASKED;
	s->figures.asked++;
}

void sim_flow_ping(struct sim *s, unsigned flow)
{
	struct sim_flow *f = &s->flows[flow];
	struct sim_node *node = &s->nodes[f->from];
	struct told t = { .flow = flow, .number = f->numbered };

	again(s, flow, f->period + sim_random(s, f->period / 8));
	if (!node->brain || s->now < node->frozen_until)
		return;
	number(s, f);
	sim_trace(s, "%u asks %u: packet %llu of flow %u", f->from, f->to,
	          (unsigned long long)t.number, flow);
	f->times[t.number % SIM_TIMES] = s->now;
	send_packet(node, &t, f->most[0]);
}

/* --- what became of it ------------------------------------------------------------------------ */

void sim_flow_arrived(struct sim_node *node, const struct fips_addr *peer, const uint8_t *ip,
                      size_t n, const struct sim_trail *trail)
{
	struct sim *s = node->sim;
	struct told t = read_packet(node, ip, n), answer;
	struct sim_flow *f = &s->flows[t.flow];
	unsigned to = t.answer ? f->from : f->to, from = t.answer ? f->to : f->from;
	uint8_t bit = t.answer ? ANSWERED : DELIVERED;

	sim_must(s, node->id == to, "node %u has a packet that is for node %u", node->id, to);
	sim_must(s, fips_addr_eq(peer, &s->nodes[from].me.addr),
	         "node %u has a packet of node %u out of another's session", node->id, from);
	sim_must(s, is_whole(s, &t, ip, n), "node %u has a packet that was altered", node->id);
	sim_must(s, !(f->state[t.number] & bit), "node %u has packet %llu of flow %u twice",
	         node->id, (unsigned long long)t.number, t.flow);
	f->state[t.number] |= bit;
	sim_note(s, (uint64_t)trail->hops << 32 | n);
	sim_trace(s, "%u has packet %llu of flow %u%s by %u links", node->id,
	          (unsigned long long)t.number, t.flow, t.answer ? ", an answer" : "", trail->hops);
	if (!t.answer) {
		answer = (struct told){ .flow = t.flow, .number = t.number, .answer = true };
		send_packet(node, &answer, f->most[1]);
		return;
	}
	s->figures.answered++;
	if (f->times[t.number % SIM_TIMES] > f->good_at && t.number + SIM_TIMES > f->numbered)
		f->good_at = f->times[t.number % SIM_TIMES];
}

static struct told tell(struct sim_node *node, const uint8_t *ip, size_t n, const char *what)
{
	struct told t = read_packet(node, ip, n);

	sim_trace(node->sim, "%u %s packet %llu of flow %u%s", node->id, what,
	          (unsigned long long)t.number, t.flow, t.answer ? ", an answer" : "");
	return t;
}

void sim_flow_dropped(struct sim_node *node, const uint8_t *ip, size_t n)
{
	tell(node, ip, n, "drops");
}

/* As a program does that is told: smaller ones from now on. */
void sim_flow_too_big(struct sim_node *node, const uint8_t *ip, size_t n, uint16_t most)
{
	struct told t = tell(node, ip, n, "finds too big");
	uint16_t *mine = &node->sim->flows[t.flow].most[t.answer];

	node->sim->figures.too_big++;
	if (most < *mine && most >= FIPS_IPV6_HEAD + TELLING)
		*mine = most;
	node->sim->flows[t.flow].age[t.number] = SIM_EXCUSED;
}

void sim_flow_told(struct sim_node *node, const uint8_t *ip, size_t n)
{
	tell(node, ip, n, "has no way for");
	node->sim->figures.told++;
}

void sim_flows_turned(struct sim *s)
{
	for (unsigned i = 0; i < s->n_flows; i++) {
		struct sim_flow *f = &s->flows[i];

		for (uint64_t k = f->numbered; k > 0 && k + SIM_LAST > f->numbered; k--)
			f->age[k - 1] = SIM_EXCUSED;
	}
}

/* One alone was lost.  What links cost changes at any time, and ways with it; who is new on one
 * knows neither end, says so, and is told. */
static bool alone(const struct sim_flow *f, uint64_t k)
{
	return k > 0 && k + 1 < f->numbered && (f->state[k - 1] & ANSWERED) &&
	       (f->state[k + 1] & ANSWERED);
}

static void check_one(struct sim *s, const struct sim_flow *f, uint64_t k)
{
	struct sim_figures *figures = &s->figures;

	if (f->age[k] == SIM_EXCUSED)
		return;
	figures->watched++;
	if (f->state[k] & ANSWERED)
		return;
	figures->missed++;
	if (f->age[k] > figures->missed_last)
		figures->missed_last = f->age[k];
	sim_must(s, f->age[k] <= QUIET || alone(f, k),
	         "packet %llu of flow %u, node %u to %u, was lost %u s after the tree turned (%s)",
	         (unsigned long long)k, (unsigned)(f - s->flows), f->from, f->to, f->age[k],
	         f->state[k] & DELIVERED ? "its answer" : "it did not arrive");
}

void sim_flows_check(struct sim *s)
{
	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct sim_flow *f = &s->flows[i];
		uint64_t young = ON_WAY / f->period + 1;

		for (uint64_t k = 0; k + young < f->numbered; k++)
			check_one(s, f, k);
	}
}

/* --- who asks whom ---------------------------------------------------------------------------- */

static void add(struct sim *s, unsigned from, unsigned to)
{
	struct sim_flow *f = &s->flows[s->n_flows];

	*f = (struct sim_flow){ .from = from, .to = to, .most = { LARGEST, LARGEST } };
	f->period = SIM_MS(1500) + sim_random(s, SIM_S(3));
	again(s, s->n_flows++, sim_random(s, f->period));
}

/* Of each node two: with a neighbour, or with anybody. */
void sim_flows_open(struct sim *s)
{
	s->flows = sim_alloc(2 * s->n_nodes, sizeof *s->flows);
	for (unsigned i = 0; i < 2 * s->n_nodes; i++) {
		const struct sim_node *node = &s->nodes[i / 2];
		unsigned to = (unsigned)sim_random(s, s->n_nodes);

		if (sim_random(s, 3) == 0)
			to = sim_air_other(&s->edges[node->edges[sim_random(s, node->n_edges)]],
			                   node->id);
		if (to != node->id)
			add(s, node->id, to);
	}
}

void sim_flows_name(struct sim_node *node)
{
	struct sim *s = node->sim;

	for (unsigned i = 0; i < s->n_flows; i++) {
		struct fips_input in = { .kind = FIPS_IN_KNOWN, .len = FIPS_PUB_LEN,
			                 .bytes = s->nodes[s->flows[i].to].me.pub };

		if (s->flows[i].from == node->id)
			sim_node_input(node, &in);
	}
}

void sim_flows_close(struct sim *s)
{
	for (unsigned i = 0; i < s->n_flows; i++)
		free(s->flows[i].state);
	for (unsigned i = 0; i < s->n_flows; i++)
		free(s->flows[i].age);
	free(s->flows);
}
