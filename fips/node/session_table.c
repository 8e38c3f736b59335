/* session_table.c - who may have a session, and who makes way (architecture.md 10).
 *
 *     kin      neighbours and configured peers: there is a slot for each
 *     others   at most limits.sessions; the last quarter is for those that somebody here wants
 *
 * Who makes way for another: what strangers began and did not end, or had us begin, the oldest
 * first, those by the same neighbour before the rest.  For a session that is wanted here,
 * besides, one that has carried nothing of ours for a while.  A session that is in use makes way
 * for nobody. */

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

#define UNUSED (30 * MR_NS_PER_S) /* since we last sent data: somebody wanted may have the slot */

struct fips_session *fips_session_find(struct fips_node *n, const struct fips_addr *addr)
{
	unsigned at = fips_directory_find(&n->session_at, addr);

	if (at == FIPS_NO_PLACE)
		return NULL;
	fips_mark_session(n, &n->sessions[at]);
	return &n->sessions[at];
}

struct fips_papers *fips_session_papers(struct fips_node *n, const struct fips_session *s)
{
	return &n->papers[s - n->sessions];
}

static bool is_kin(struct fips_node *n, const struct fips_addr *addr)
{
	const struct fips_peer *p = fips_peer_find(n, addr);

	return p && (p->configured || fips_peer_proven(p)); /* anybody's call brings a link up */
}

void fips_session_kin(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_session *s = fips_session_find(n, addr);

	if (s)
		s->kin = is_kin(n, addr);
}

/* ---- making way ---- */

static unsigned count_others(const struct fips_node *n, bool wanted_too)
{
	unsigned others = 0;

	for (unsigned i = 0; i < n->n_sessions; i++) {
		const struct fips_session *s = &n->sessions[i];

		others += s->used && !s->kin && (wanted_too || !s->ours);
	}
	return others;
}

static bool crowded(const struct fips_node *n, bool ours)
{
	unsigned most = n->limits.sessions;

	return count_others(n, true) >= most ||
	       (!ours && count_others(n, false) >= most - most / 4);
}

/* Nobody here asked for it, and its other end has proven nothing. */
static bool half_open(const struct fips_session *s)
{
	return s->used && !s->kin && !s->ours && s->state != FIPS_SESSION_ESTABLISHED;
}

static struct fips_session *oldest_half_open(const struct fips_node *n, const struct fips_peer *by)
{
	struct fips_session *oldest = NULL;

	for (unsigned i = 0; i < n->n_sessions; i++) {
		struct fips_session *s = &n->sessions[i];

		if (half_open(s) && (!by || fips_addr_eq(&s->by, &by->addr)) &&
		    (!oldest || s->made < oldest->made))
			oldest = s;
	}
	return oldest;
}

/* The one that has been without data of ours for longest, and for long enough. */
static struct fips_session *least_used(const struct fips_node *n)
{
	struct fips_session *least = NULL;
	uint64_t then = n->now;

	for (unsigned i = 0; i < n->n_sessions; i++) {
		struct fips_session *s = &n->sessions[i];
		uint64_t used;

		if (!s->used || s->kin || s->state != FIPS_SESSION_ESTABLISHED)
			continue;
		used = fips_words_session(n, &s->addr).data_sent;
		if (used < s->since)
			used = s->since;
		if (used < then) {
			then = used;
			least = s;
		}
	}
	return least && n->now - then >= UNUSED ? least : NULL;
}

/* False: nobody makes way. */
static bool make_way(struct fips_node *n, const struct fips_peer *by, bool ours)
{
	struct fips_session *s = by ? oldest_half_open(n, by) : NULL;

	if (!s)
		s = oldest_half_open(n, NULL);
	if (!s && ours)
		s = least_used(n);
	if (!s)
		return false;
	fips_count(n, FIPS_NODE_SESSIONS_EVICTED);
	fips_session_drop(n, s);
	return true;
}

/* ---- coming and going ---- */

static struct fips_session *free_slot(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_sessions; i++)
		if (!n->sessions[i].used)
			return &n->sessions[i];
	return NULL;
}

struct fips_session *fips_session_add(struct fips_node *n, const struct fips_addr *addr,
                                      const struct fips_peer *by, bool ours)
{
	bool kin = is_kin(n, addr);
	struct fips_session *s;

	if (!kin && crowded(n, ours) && !make_way(n, by, ours)) {
		fips_count(n, FIPS_NODE_SESSIONS_FULL);
		return NULL;
	}
	s = free_slot(n);
	if (!s) { /* those who were kin until lately */
		fips_count(n, FIPS_NODE_SESSIONS_FULL);
		return NULL;
	}
	memset(s, 0, sizeof *s);
	s->used = true;
	s->kin = kin;
	s->ours = ours;
	if (by)
		s->by = by->addr;
	s->addr = *addr;
	s->made = n->now;
	s->resend.next = MR_NEVER;
	s->warmup_at = s->place_at = MR_NEVER;
	s->confirm_until = MR_NEVER;
	s->reroute_at = MR_NEVER;
	s->turn_at = MR_NEVER;
	s->mtu_at = MR_NEVER;
	fips_pmtu_init(&s->pmtu);
	fips_directory_put(&n->session_at, addr, (unsigned)(s - n->sessions));
	fips_mark_session(n, s);
	return s;
}

void fips_session_drop(struct fips_node *n, struct fips_session *s)
{
	fips_session_key_retire(n, s, &s->previous);
	fips_session_key_retire(n, s, &s->pending);
	fips_session_key_retire(n, s, &s->current);
	fips_act_peer(n, FIPS_ACT_SESSION_DOWN, &s->addr);
	fips_directory_take(&n->session_at, &s->addr);
	fips_mark_session(n, s);
	mr_wipe(s, sizeof *s);
}
