/* plane.c - tables of a simulated data plane: lists by a byte of what is looked for. */
#include <stdlib.h>
#include <string.h>

#include "t/lib/plane_facts.h"
#include "t/sim/checks.h"
#include "t/sim/node.h"
#include "t/sim/plane_state.h"
#include "t/sim/seal.h"

#define UNREADABLE 3 /* messages in a row that open under no key of their session */

static unsigned row(const uint8_t *prefix)
{
	return prefix[3] % ROWS;
}

/* The entry e of a list for which test holds goes to its front and is returned. */
#define FIND(list, test)                                       \
	do {                                                   \
		__auto_type at_ = &(list);                     \
		for (__auto_type e = *at_; e; e = *at_) {      \
			if (test) {                            \
				*at_ = e->next;                \
				e->next = (list);              \
				(list) = e;                    \
				return e;                      \
			}                                      \
			at_ = &e->next;                        \
		}                                              \
		return NULL;                                   \
	} while (0)

/* Its list is the one of its row, so it is at the front once it was found. */
#define DROP(list, entry, find)                                \
	do {                                                   \
		if ((find) != (entry))                         \
			abort();                               \
		(list) = (entry)->next;                        \
		free(entry);                                   \
	} while (0)

struct link *sim_link(struct sim_plane *p, const struct fips_addr *peer)
{
	FIND(p->links[row(peer->b)], fips_addr_eq(&e->peer, peer));
}

struct session *sim_session(struct sim_plane *p, const struct fips_addr *peer)
{
	FIND(p->sessions[row(peer->b)], fips_addr_eq(&e->peer, peer));
}

struct dest *sim_dest(struct sim_plane *p, const uint8_t prefix[15])
{
	FIND(p->dests[row(prefix)], memcmp(e->addr.b, prefix, 15) == 0);
}

struct expect *sim_expect(struct sim_plane *p, uint32_t index)
{
	FIND(p->expects[index % ROWS], e->index == index);
}

struct forward *sim_forward(struct sim_plane *p, const struct fips_addr *dest)
{
	FIND(p->forwards[row(dest->b)], fips_addr_eq(&e->dest, dest));
}

struct key *sim_index(struct sim_plane *p, uint32_t index)
{
	struct key *k = p->indices[index % ROWS];

	while (k && k->ours != index)
		k = k->next_index;
	return k;
}

struct key *sim_key(struct key *list, uint64_t id)
{
	while (list && list->send.id != id)
		list = list->next;
	return list;
}

struct link *sim_link_add(struct sim_plane *p, const struct fips_addr *peer)
{
	struct link *l = sim_alloc(1, sizeof *l);

	l->peer = *peer;
	l->next = p->links[row(peer->b)];
	p->links[row(peer->b)] = l;
	p->n_links++;
	return l;
}

struct session *sim_session_add(struct sim_plane *p, const struct fips_addr *peer)
{
	struct session *s = sim_alloc(1, sizeof *s);

	s->peer = *peer;
	s->next = p->sessions[row(peer->b)];
	p->sessions[row(peer->b)] = s;
	p->n_sessions++;
	return s;
}

struct dest *sim_dest_add(struct sim_plane *p, const struct fips_addr *addr)
{
	struct dest *d = sim_alloc(1, sizeof *d);

	d->addr = *addr;
	d->next = p->dests[row(addr->b)];
	p->dests[row(addr->b)] = d;
	p->n_dests++;
	return d;
}

struct expect *sim_expect_add(struct sim_plane *p, uint32_t index)
{
	struct expect *e = sim_alloc(1, sizeof *e);

	e->index = index;
	e->next = p->expects[index % ROWS];
	p->expects[index % ROWS] = e;
	p->n_expects++;
	return e;
}

struct forward *sim_forward_add(struct sim_plane *p, const struct fips_addr *dest)
{
	struct forward *f = sim_alloc(1, sizeof *f);

	f->dest = *dest;
	f->next = p->forwards[row(dest->b)];
	p->forwards[row(dest->b)] = f;
	p->n_forwards++;
	return f;
}

struct key *sim_key_add(struct sim_plane *p, const struct fips_action *act, struct key **list,
                        struct link *link)
{
	const struct sim *s = p->node->sim;
	struct key *k = aligned_alloc(FIPS_LINE, sizeof *k);

	sim_must(s, act->key && !sim_key(*list, act->key), "node %u installs key %llu twice",
	         p->node->id, (unsigned long long)act->key);
	if (!k)
		abort();
	memset(k, 0, sizeof *k);
	k->send_ctx = sim_aead.prepare(act->send_key);
	k->recv_ctx = sim_aead.prepare(act->recv_key);
	fips_send_key_init(&k->send, act->key, act->theirs, &k->send_ctx, 1);
	fips_recv_key_init(&k->recv, act->key, &k->recv_ctx, 1);
	k->book = sim_keys_new(p->node->sim, p->node, act->send_key);
	k->ours = act->ours;
	k->link = link;
	k->next = *list;
	*list = k;
	p->n_keys++;
	if (link) {
		k->next_index = p->indices[k->ours % ROWS];
		p->indices[k->ours % ROWS] = k;
	}
	return k;
}

void sim_link_free(struct sim_plane *p, struct link *l)
{
	p->n_links--;
	while (l->keys)
		sim_key_free(p, &l->keys, l->keys);
	DROP(p->links[row(l->peer.b)], l, sim_link(p, &l->peer));
}

void sim_session_free(struct sim_plane *p, struct session *s)
{
	p->n_sessions--;
	while (s->keys)
		sim_key_free(p, &s->keys, s->keys);
	sim_waiting_free(&s->waiting);
	DROP(p->sessions[row(s->peer.b)], s, sim_session(p, &s->peer));
}

void sim_dest_free(struct sim_plane *p, struct dest *d)
{
	p->n_dests--;
	while (d->n_parked)
		free(d->parked[--d->n_parked]);
	DROP(p->dests[row(d->addr.b)], d, sim_dest(p, d->addr.b));
}

void sim_expect_free(struct sim_plane *p, struct expect *e)
{
	p->n_expects--;
	sim_waiting_free(&e->waiting);
	DROP(p->expects[e->index % ROWS], e, sim_expect(p, e->index));
}

void sim_forward_free(struct sim_plane *p, struct forward *f)
{
	p->n_forwards--;
	while (f->n_parked)
		free(f->parked[--f->n_parked]);
	DROP(p->forwards[row(f->dest.b)], f, sim_forward(p, &f->dest));
}

void sim_key_free(struct sim_plane *p, struct key **list, struct key *k)
{
	struct key **at = list, **index = &p->indices[k->ours % ROWS];

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	while (k->link && *index != k)
		index = &(*index)->next_index;
	if (k->link)
		*index = k->next_index;
	sim_aead.release(k->send_ctx);
	sim_aead.release(k->recv_ctx);
	p->n_keys--;
	free(k);
}

void sim_hold(struct sim_plane *p, struct waiting *w, const struct fips_via *from,
              const uint8_t *bytes, size_t n, const struct sim_trail *trail)
{
	struct bytes *f;

	if (w->n == HELD)
		return;
	f = w->frame[w->n++] = sim_alloc(1, sizeof *f + n);
	f->at = p->node->sim->now;
	f->from = *from;
	f->trail = *trail;
	f->n = n;
	memcpy(f->b, bytes, n);
}

void sim_waiting_free(struct waiting *w)
{
	while (w->n)
		free(w->frame[--w->n]);
}

/* --- words ------------------------------------------------------------------------------------ */

static bool link_words(void *self, const struct fips_addr *peer, struct fips_link_words *out)
{
	const struct link *l = sim_link(self, peer);

	if (!l || !l->send)
		return false;
	facts_link_words(out, &l->recv, &l->send->send);
	return true;
}

static bool session_words(void *self, const struct fips_addr *peer, struct fips_session_words *out)
{
	const struct session *s = sim_session(self, peer);

	if (!s || !s->live || !s->send)
		return false;
	facts_session_words(out, &s->recv, &s->send->send, s->data_at);
	return true;
}

struct fips_words sim_plane_words(struct sim_plane *p)
{
	return (struct fips_words){ .link = link_words, .session = session_words, .self = p,
		                    .forward = sim_forward_used };
}

/* --- the whole -------------------------------------------------------------------------------- */

struct sim_plane *sim_plane_open(struct sim_node *node)
{
	struct sim_plane *p = sim_alloc(1, sizeof *p);

	p->node = node;
	return p;
}

void sim_plane_close(struct sim_plane *p)
{
	for (unsigned i = 0; i < ROWS; i++) {
		while (p->links[i])
			sim_link_free(p, p->links[i]);
		while (p->sessions[i])
			sim_session_free(p, p->sessions[i]);
		while (p->dests[i])
			sim_dest_free(p, p->dests[i]);
		while (p->expects[i])
			sim_expect_free(p, p->expects[i]);
		while (p->forwards[i])
			sim_forward_free(p, p->forwards[i]);
	}
	free(p);
}

/* Three messages or more that no key opens, and none that one does, in about two seconds:
 * as control's tick. */
static void look_at_missed(struct sim_plane *p, struct session *s)
{
	uint64_t missed = fips_word_get(&s->recv.missed);
	struct fips_input in = { .kind = FIPS_IN_UNREADABLE, .peer = s->peer };

	if (missed < s->missed[0])
		s->missed[0] = s->missed[1] = 0;
	if (missed - s->missed[1] >= UNREADABLE) {
		sim_node_input(p->node, &in);
		s->missed[0] = missed;
	}
	s->missed[1] = s->missed[0];
	s->missed[0] = missed;
}

static void tick(struct sim_plane *p)
{
	if (p->node->sim->now - p->ticked < MR_NS_PER_S ||
	    p->node->sim->now < p->node->frozen_until)
		return;
	p->ticked = p->node->sim->now;
	for (unsigned i = 0; i < ROWS; i++)
		for (struct session *s = p->sessions[i]; s; s = s->next)
			if (s->live)
				look_at_missed(p, s);
}

/* How long has it been asked for an answer?  Who stands still says nothing,
 * however often that befalls it. */
static uint64_t unanswered(const struct sim_node *node, const struct dest *d)
{
	uint64_t since = d->since > node->thawed ? d->since : node->thawed;

	return d->routed || node->sim->now < node->frozen_until ? 0 : node->sim->now - since;
}

void sim_plane_look(struct sim_plane *p)
{
	const struct sim_node *node = p->node;

	tick(p);
	for (unsigned i = 0; i < ROWS; i++)
		for (struct dest *d = p->dests[i]; d; d = d->next)
			sim_must(node->sim, unanswered(node, d) < ASKED,
			         "node %u has not said for %llu s how %02x%02x.. is reached",
			         node->id, (unsigned long long)(unanswered(node, d) / MR_NS_PER_S),
			         d->addr.b[0], d->addr.b[1]);
	sim_forwards_check(p);
}

size_t sim_plane_size(const struct sim_plane *p)
{
	return sizeof *p + p->n_links * sizeof(struct link) +
	       p->n_sessions * sizeof(struct session) + p->n_dests * sizeof(struct dest) +
	       p->n_forwards * sizeof(struct forward) + p->n_expects * sizeof(struct expect) +
	       p->n_keys * sizeof(struct key);
}
