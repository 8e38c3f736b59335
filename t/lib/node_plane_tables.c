/* node_plane_tables.c - links, sessions, destinations, keys, what waits; see node_plane_state.h. */
#include "t/lib/node_plane_state.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#define FIND(table, count, test)                                  \
	do {                                                      \
		for (unsigned i_ = 0; i_ < (count); i_++) {       \
			__auto_type e = &(table)[i_];             \
			if (test)                                 \
				return e;                         \
		}                                                 \
		return NULL;                                      \
	} while (0)

struct link *plane_link(struct plane *p, const struct fips_addr *peer)
{
	FIND(p->links, LINKS, e->used && fips_addr_eq(&e->peer, peer));
}

struct session *plane_session(struct plane *p, const struct fips_addr *peer)
{
	FIND(p->sessions, LINKS, e->used && fips_addr_eq(&e->peer, peer));
}

struct dest *plane_dest(struct plane *p, const struct fips_addr *addr)
{
	FIND(p->dests, LINKS, e->used && memcmp(e->addr.b, addr->b, 15) == 0);
}

struct expect *plane_expect(struct plane *p, uint32_t index)
{
	FIND(p->expects, EXPECTS, e->used && e->index == index);
}

struct link *plane_link_slot(struct plane *p)
{
	FIND(p->links, LINKS, !e->used);
}

struct session *plane_session_slot(struct plane *p)
{
	FIND(p->sessions, LINKS, !e->used);
}

struct dest *plane_dest_slot(struct plane *p)
{
	FIND(p->dests, LINKS, !e->used);
}

struct expect *plane_expect_slot(struct plane *p)
{
	FIND(p->expects, EXPECTS, !e->used);
}

struct key *plane_index(struct plane *p, uint32_t index, struct link **link)
{
	for (unsigned i = 0; i < LINKS; i++) {
		*link = &p->links[i];
		for (struct key *k = (*link)->used ? (*link)->keys : NULL; k; k = k->next)
			if (k->ours == index)
				return k;
	}
	return NULL;
}

struct key *plane_key(struct key *list, uint64_t id)
{
	while (list && list->send.id != id)
		list = list->next;
	return list;
}

struct key *plane_key_new(struct plane *p, const struct fips_action *act, struct key **list)
{
	struct key *k = aligned_alloc(FIPS_LINE, sizeof *k);

	ck_assert_ptr_nonnull(k);
	ck_assert_uint_ne(act->key, 0);
	ck_assert_ptr_null(plane_key(*list, act->key));
	memset(k, 0, sizeof *k);
	fips_send_key_init(&k->send, act->key, act->theirs, NULL, 0);
	fips_recv_key_init(&k->recv, act->key, NULL, 0);
	memcpy(k->send_bytes, act->send_key, 32);
	memcpy(k->recv_bytes, act->recv_key, 32);
	ck_assert_int_ne(memcmp(k->send_bytes, k->recv_bytes, 32), 0);
	world_new_key(p->node->world, k->send_bytes);
	k->ours = act->ours;
	k->next = *list;
	*list = k;
	return k;
}

void plane_key_free(struct key **list, uint64_t id)
{
	struct key **at = list;

	while (*at && (*at)->send.id != id)
		at = &(*at)->next;
	ck_assert_msg(*at != NULL, "no key %llu to retire", (unsigned long long)id);
	struct key *gone = *at;
	*at = gone->next;
	free(gone);
}

void plane_hold(struct plane *p, struct waiting *w, const struct fips_via *from,
                const uint8_t *bytes, size_t n)
{
	struct held *h = &w->frame[w->n];

	if (w->n == HELD || n > MOCK_FRAME_MAX)
		return;
	w->n++;
	h->at = p->node->world->now;
	h->from = *from;
	h->n = n;
	memcpy(h->bytes, bytes, n);
}

/* --- the whole -------------------------------------------------------------------------------- */

unsigned plane_indices(const struct plane *p, uint32_t *out, unsigned room)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LINKS; i++)
		for (struct key *k = p->links[i].used ? p->links[i].keys : NULL; k; k = k->next)
			if (n < room)
				out[n++] = k->ours;
	return n;
}

struct plane *plane_open(struct sim_node *node)
{
	struct plane *p = calloc(1, sizeof *p);

	ck_assert_ptr_nonnull(p);
	p->node = node;
	p->transit.node = node;
	return p;
}

static void free_keys(struct key *list)
{
	while (list) {
		struct key *next = list->next;

		free(list);
		list = next;
	}
}

void plane_close(struct plane *p)
{
	for (unsigned i = 0; i < LINKS; i++) {
		if (p->links[i].used)
			free_keys(p->links[i].keys);
		if (p->sessions[i].used)
			free_keys(p->sessions[i].keys);
	}
	free(p);
}
