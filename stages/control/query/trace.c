/* trace - packets followed through the stages, at the control socket: begin, how it goes, end
 * (trace.h).
 *
 * What is shown of a packet is where it was, for how long, how long it was, and which neighbour and
 * which other end it belonged to.  Nothing of what is in it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "core/trace.h"
#include "stages/control/query/parts.h"

#define STORIES_MAX 100 /* in one answer */
#define SHOWN       15  /* bytes of a node address that its IPv6 address shows */

/* ---- whose packet ---- */

/* The node behind a handle of that table; a handle of another table is none of it. */
static const struct fips_addr *node_of(const struct mr_table *t, uint64_t handle)
{
	/* both kinds of entry begin with it */
	const struct fips_addr *addr = handle == MR_NO_HANDLE ? NULL : mr_table_at(t, handle);

	return addr && mr_table_handle(t, addr->b) == handle ? addr : NULL;
}

_Static_assert(offsetof(struct fips_link_entry, peer) == 0, "node_of");
_Static_assert(offsetof(struct fips_session_entry, peer) == 0, "node_of");

static const struct fips_addr *link_of(const struct control *c, const struct mr_story *story)
{
	const struct fips_addr *addr = NULL;

	for (unsigned i = 0; i < story->steps && !addr; i++)
		addr = node_of(c->mesh->links, story->step[i].near);
	return addr;
}

static const struct fips_addr *session_of(const struct control *c, const struct mr_story *story)
{
	const struct fips_addr *addr = NULL;

	for (unsigned i = 0; i < story->steps && !addr; i++)
		addr = node_of(c->mesh->sessions, story->step[i].far);
	return addr;
}

/* Of what came, and of what was not sent yet, there is a hash of the other end alone.  One other
 * node in 4096 looks the same then. */
static bool looks_like(const struct control *c, const struct mr_story *story,
                       const struct fips_addr *addr)
{
	uint64_t far = mr_table_unresolved(c->mesh->sessions, addr->b);

	for (unsigned i = 0; i < story->steps; i++) {
		if (story->step[i].far == far)
			return true;
	}
	return false;
}

/* The other end, if there is a session with it; false: it is not known. */
static bool other_end(const struct control *c, const struct mr_story *story, struct fips_addr *out)
{
	const struct fips_addr *addr = session_of(c, story);
	struct fips_session_info session;
	unsigned alike = 0;

	if (addr)
		*out = *addr;
	for (unsigned at = 0; !addr && fips_node_session_next(c->node, &at, &session);) {
		if (!looks_like(c, story, &session.addr))
			continue;
		*out = session.addr;
		alike++;
	}
	return addr || alike == 1;
}

static bool is_peer(const struct control *c, const struct fips_addr *addr)
{
	return addr && memcmp(addr->b, c->trace_peer.b, SHOWN) == 0;
}

static bool of_peer(void *control, const struct mr_story *story)
{
	const struct control *c = control;
	const struct fips_addr *session = session_of(c, story);

	return is_peer(c, link_of(c, story)) || is_peer(c, session) ||
	       (!session && looks_like(c, story, &c->trace_peer));
}

/* ---- what is wanted ---- */

/* 32 hex digits. */
static bool read_hex(const char *text, struct fips_addr *out)
{
	if (strlen(text) != 2 * FIPS_ADDR_LEN)
		return false;
	for (unsigned i = 0; i < FIPS_ADDR_LEN; i++) {
		unsigned byte;

		if (!isxdigit((unsigned char)text[2 * i]) ||
		    sscanf(text + 2 * i, "%2x", &byte) != 1 ||
		    !isxdigit((unsigned char)text[2 * i + 1]))
			return false;
		out->b[i] = (uint8_t)byte;
	}
	return true;
}

/* A mesh address shows all but the last byte. */
static bool read_ip(const char *text, struct fips_addr *out)
{
	struct in6_addr ip;

	if (inet_pton(AF_INET6, text, &ip) != 1 || !fips_ipv6_is_mesh(ip.s6_addr))
		return false;
	*out = (struct fips_addr){ 0 };
	memcpy(out->b, ip.s6_addr + 1, SHOWN);
	return true;
}

/* A name, an npub, a mesh address or a node address; false with a message. */
static bool read_peer(struct query *q, const char *text, struct fips_addr *out)
{
	const uint8_t *key = mr_control_key_of(q->control, text);
	uint8_t pub[FIPS_PUB_LEN];
	const char *wrong;

	if (key) {
		*out = fips_addr_of_key(key);
		return true;
	}
	if (read_hex(text, out) || read_ip(text, out))
		return true;
	wrong = fips_npub_parse(text, &q->control->mesh->curve, pub);
	if (wrong) {
		query_wrong(q, "no node is called '%s', and it is no npub (%s), no address of the mesh",
		            text, wrong);
		return false;
	}
	*out = fips_addr_of_key(pub + 1);
	return true;
}

/* A number among the parameters, or what it is without one; false with a message. */
static bool read_number(struct query *q, const char *name, unsigned def, unsigned max,
                        unsigned *out)
{
	json_t *value = json_object_get(q->params, name);
	json_int_t n = value ? json_integer_value(value) : (json_int_t)def;

	*out = (unsigned)n;
	if ((!value || json_is_integer(value)) && n >= 1 && n <= (json_int_t)max)
		return true;
	query_wrong(q, "'%s' is not a number in [1, %u]", name, max);
	return false;
}

static bool read_wish(struct query *q, struct mr_trace_wish *wish, struct fips_addr *who)
{
	const char *peer = query_param(q, "peer");
	unsigned seconds;

	*wish = (struct mr_trace_wish){ .stage = query_param(q, "stage"),
		                        .drop = query_param(q, "drop") };
	if (!read_number(q, "count", 1, MR_TRACE_COUNT, &wish->count) ||
	    !read_number(q, "every", 1, 1000000, &wish->every) ||
	    !read_number(q, "seconds", 30, MR_TRACE_TIME / MR_NS_PER_S, &seconds))
		return false;
	wish->time = seconds * MR_NS_PER_S;
	if (!peer)
		return true;
	wish->wanted = of_peer;
	wish->arg = q->control;
	return read_peer(q, peer, who);
}

json_t *do_trace_start(struct query *q)
{
	char wrong[MR_TRACE_WRONG];
	struct mr_trace_wish wish;
	struct fips_addr who = { 0 };
	json_t *o;

	if (q->control->stop)
		return query_wrong(q, "node shutting down");
	if (!read_wish(q, &wish, &who))
		return NULL;
	if (mr_trace_start(q->host->engine, &wish, wrong) != 0)
		return query_wrong(q, "%s", wrong);
	q->control->trace_peer = who; /* no story is looked at before the next turn */
	o = json_object();
	put_int(o, "trace_id", mr_trace_ask(q->host->engine).id);
	return o;
}

/* ---- stories ---- */

static const char *const whats[] = {
	[MR_STEP_OUT] = "out",   [MR_STEP_KEPT] = "kept", [MR_STEP_TAKEN] = "taken",
	[MR_STEP_DROP] = "drop", [MR_STEP_FULL] = "full", [MR_STEP_STOOD] = "stood",
	[MR_STEP_GONE] = "gone",
};

static void put_step(json_t *o, const struct mr_trace_step *s, uint64_t began)
{
	put_text(o, "stage", s->stage);
	put_int(o, "replica", s->replica);
	put_text(o, "worker", s->worker);
	put_int(o, "at_ns", s->at - began);
	put_int(o, "waited_ns", s->waited);
	put_int(o, "served_ns", s->served);
	put_int(o, "vector", s->vector);
	put_int(o, "bytes", s->len);
	put_text(o, "what", whats[s->what]);
	if (s->port)
		put_text(o, "port", s->port);
	if (s->to)
		put_text(o, "to", s->to);
	if (s->what == MR_STEP_TAKEN)
		put_text(o, "how", s->kind->takes ? s->kind->takes : "taken");
}

static void put_node(struct query *q, json_t *o, const char *key, const struct fips_addr *addr)
{
	if (addr)
		put_name(q, o, key, addr);
	else
		put_null(o, key);
}

static void put_story(struct query *q, json_t *o, const struct mr_story *story)
{
	const struct mr_trace_step *first = &story->step[0];
	struct fips_addr other;
	json_t *steps;

	put_int(o, "began_ms", query_ms(q, first->at));
	put_int(o, "total_ns", story->total);
	put_bool(o, "ended", story->ended);
	put_bool(o, "complete", story->complete);
	put_node(q, o, "link", link_of(q->control, story));
	put_node(q, o, "session", other_end(q->control, story, &other) ? &other : NULL);
	steps = put_list(o, "steps");
	for (unsigned i = 0; i < story->steps; i++)
		put_step(add_object(steps), &story->step[i], first->at);
}

/* ---- how it goes ---- */

/* Is this the trace that is asked for?  False with a message. */
static bool is_asked(struct query *q, struct mr_trace_state *state)
{
	json_t *id = json_object_get(q->params, "trace_id");
	uint64_t there = mr_trace_id(q->host->engine);

	if (!json_is_integer(id)) {
		query_wrong(q, "missing 'trace_id' parameter");
		return false;
	}
	if (there && json_integer_value(id) == (json_int_t)there) {
		*state = mr_trace_ask(q->host->engine);
		return true;
	}
	query_wrong(q, "unknown trace id: %lld", (long long)json_integer_value(id));
	return false;
}

/* One that is over is forgotten when all has been told. */
json_t *do_trace_poll(struct query *q)
{
	const struct mr_story *story = NULL;
	struct mr_trace_state state;
	json_t *o, *list;
	unsigned n = 0;

	if (!is_asked(q, &state))
		return NULL;
	o = json_object();
	list = put_list(o, "stories");
	while (n < STORIES_MAX && (story = mr_trace_next(q->host->engine))) {
		put_story(q, add_object(list), story);
		n++;
	}
	put_text(o, "state", state.over && !story ? "done" : "running");
	put_text(o, "why", state.over && !story ? state.over : NULL);
	put_int(o, "followed", state.followed);
	put_int(o, "ended", state.ended);
	put_int(o, "lost", state.lost);
	if (state.over && !story)
		mr_trace_forget(q->host->engine);
	return o;
}

json_t *do_trace_stop(struct query *q)
{
	struct mr_trace_state state;
	json_t *o;

	if (!is_asked(q, &state))
		return NULL;
	mr_trace_forget(q->host->engine);
	o = json_object();
	put_bool(o, "stopped", true);
	return o;
}
