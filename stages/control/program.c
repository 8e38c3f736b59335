/* program.c - what the program may ask between turns; see control.h. */

#include "stages/control/control.h"

#include <jansson.h>
#include <stdlib.h>

#include "stages/control/state.h"

void mr_control_stop(void *control)
{
	struct control *c = control;

	c->stop = true;
}

bool mr_control_stopped(const void *control)
{
	const struct control *c = control;

	return c->stop_told && fips_node_stopped(c->node) && c->actions.n == 0;
}

uint64_t mr_control_drain(const void *control)
{
	const struct control *c = control;

	return c->set.drain;
}

void mr_control_log(void *control, const struct mr_log *log)
{
	struct control *c = control;

	c->log = mr_log_of(log, "control");
}

bool mr_control_peer(const void *control, unsigned index, struct fips_peer_info *out)
{
	const struct control *c = control;

	return fips_node_peer(c->node, index, out);
}

bool mr_control_session(const void *control, unsigned index, struct fips_session_info *out)
{
	const struct control *c = control;

	return fips_node_session(c->node, index, out);
}

/* ---- as JSON ---- */

const char *const mr_control_peer_states[] = {
	[FIPS_PEER_IDLE] = "idle",
	[FIPS_PEER_BEHIND] = "behind",
	[FIPS_PEER_DIALLING] = "dialling",
	[FIPS_PEER_PROVISIONAL] = "provisional",
	[FIPS_PEER_UP] = "up",
};

const char *const mr_control_session_states[] = {
	[FIPS_SESSION_ANSWERED] = "answered",
	[FIPS_SESSION_INITIATING] = "initiating",
	[FIPS_SESSION_ESTABLISHED] = "established",
};

static json_t *metrics_json(const struct fips_metrics_info *m)
{
	return json_pack("{s:I s:I s:f s:f s:f s:f s:f s:I}", "srtt_us", (json_int_t)m->srtt_us,
	                 "rttvar_us", (json_int_t)m->rttvar_us, "loss", m->loss, "forward",
	                 m->forward, "reverse", m->reverse, "etx", m->etx, "goodput", m->goodput,
	                 "jitter_us", (json_int_t)m->jitter_us);
}

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / (double)MR_NS_PER_S : 0;
}

static void names_json(json_t *o, const struct fips_addr *addr)
{
	char text[FIPS_ADDR_TEXT], ip_text[FIPS_IPV6_TEXT];
	uint8_t ip[FIPS_IPV6_LEN];

	fips_addr_text(addr, text);
	fips_addr_to_ipv6(addr, ip);
	fips_ipv6_text(ip, ip_text);
	json_object_set_new(o, "address", json_string(text));
	json_object_set_new(o, "ipv6", json_string(ip_text));
}

static json_t *peer_json(const struct fips_peer_info *p, uint64_t now)
{
	char npub[FIPS_KEY_TEXT], via[MR_VIA_TEXT];
	json_t *o = json_object();

	fips_npub_format(p->xonly, npub);
	names_json(o, &p->addr);
	json_object_set_new(o, "npub", json_string(npub));
	json_object_set_new(o, "name", json_string(p->name));
	json_object_set_new(o, "alias", p->alias[0] ? json_string(p->alias) : json_null());
	json_object_set_new(o, "configured", json_boolean(p->configured));
	json_object_set_new(o, "state", json_string(mr_control_peer_states[p->state]));
	if (p->state == FIPS_PEER_PROVISIONAL || p->state == FIPS_PEER_UP) {
		mr_via_text(&p->via, via);
		json_object_set_new(o, "via", json_string(via));
		json_object_set_new(o, "up_s", json_real(seconds(p->since, now)));
		json_object_set_new(o, "initiator", json_boolean(p->initiator));
		json_object_set_new(o, "keys", json_integer(p->keys));
		json_object_set_new(o, "key_age_s", json_real(seconds(p->key_since, now)));
		json_object_set_new(o, "metrics", metrics_json(&p->metrics));
	} else {
		json_object_set_new(o, "retries", json_integer(p->retries));
		if (p->retry_at != MR_NEVER)
			json_object_set_new(o, "retry_in_s", json_real(seconds(now, p->retry_at)));
	}
	return o;
}

static json_t *session_json(const struct fips_session_info *s, uint64_t now)
{
	json_t *o = json_object();
	char hop[FIPS_ADDR_TEXT];

	names_json(o, &s->addr);
	json_object_set_new(o, "state", json_string(mr_control_session_states[s->state]));
	json_object_set_new(o, "initiator", json_boolean(s->initiator));
	json_object_set_new(o, "confirmed", json_boolean(s->confirmed));
	json_object_set_new(o, "age_s", json_real(seconds(s->since, now)));
	if (s->key_since)
		json_object_set_new(o, "key_age_s", json_real(seconds(s->key_since, now)));
	json_object_set_new(o, "path_mtu", json_integer(s->path_mtu));
	if (s->path_mtu_in)
		json_object_set_new(o, "path_mtu_in", json_integer(s->path_mtu_in));
	if (s->routed) {
		fips_addr_text(&s->hop, hop);
		json_object_set_new(o, "hop", json_string(hop));
	}
	json_object_set_new(o, "metrics", metrics_json(&s->metrics));
	return o;
}

static json_t *self_json(const struct fips_identity *me)
{
	json_t *o = json_object();

	names_json(o, &me->addr);
	json_object_set_new(o, "npub", json_string(me->npub));
	return o;
}

char *mr_control_peers_json(const void *control, uint64_t now)
{
	const struct control *c = control;
	json_t *peers = json_array(), *sessions = json_array();
	json_t *o = json_pack("{s:o s:o s:o}", "node", self_json(&c->mesh->me), "peers", peers,
	                      "sessions", sessions);
	struct fips_session_info session;
	struct fips_peer_info peer;
	char *text;

	for (unsigned i = 0; mr_control_peer(control, i, &peer); i++)
		json_array_append_new(peers, peer_json(&peer, now));
	for (unsigned i = 0; mr_control_session(control, i, &session); i++)
		json_array_append_new(sessions, session_json(&session, now));
	text = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	return text;
}

unsigned mr_control_linked(const void *control, unsigned *peers)
{
	const struct control *c = control;
	struct fips_peer_info peer;
	unsigned at = 0, linked = 0;

	for (*peers = 0; fips_node_peer_next(c->node, &at, &peer); ++*peers)
		linked += peer.state == FIPS_PEER_UP;
	return linked;
}
