/* settings.c - the parts of the node file that are control's: limits and timers of the node, and
 * the peers (operations.md 3.2 to 3.4, 3.7). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dns.h"
#include "core/json.h"
#include "stages/control/mesh_settings.h"
#include "stages/control/peers.h"
#include "stages/control/state.h"

#define MS_PER_S  1000
#define BURST_MAX 1000000
#define RATE_MIN  0.001 /* a second */
#define RATE_MAX  1000000
#define REKEY_S   120   /* unless told otherwise, a peer rekeys this often */

struct limits {
	uint32_t max_peers, max_connections, max_links, max_pending; /* 0: no limit */
	uint32_t max_sessions;
};

struct rate_limit {
	uint32_t timeout; /* s  */
	uint32_t resend;  /* ms */
	double   backoff;
	uint32_t resends;
	uint32_t strangers_burst, known_burst, setups_burst;
	double   strangers_rate, known_rate, setups_rate; /* a second */
};

struct retry {
	uint32_t retries;
	uint32_t base, most; /* s */
};

struct session {
	uint32_t idle; /* s */
};

struct rekey {
	bool     enabled;
	uint32_t after;    /* s; 0: unset */
	uint32_t messages;
	uint32_t hurry;
};

struct mmp {
	unsigned mode; /* enum fips_mmp */
};

struct ecn {
	bool   enabled;
	double loss, etx;
};

struct acl {
	char *allow, *deny;
};

struct socket {
	bool  enabled;
	char *path; /* NULL: where it is by default */
};

struct dns {
	bool     enabled;
	char    *bind;
	uint32_t port;
	uint32_t ttl; /* s */
};

struct node_conf {
	struct socket     socket;
	struct acl        acl;
	char             *hosts;
	uint32_t          heartbeat, dead, drain; /* s */
	struct limits     limits;
	struct rate_limit rate_limit;
	struct retry      retry;
	struct session    session;
	struct rekey      rekey;
	struct mmp        mmp, session_mmp;
	struct ecn        ecn;
	struct mr_tree_conf tree;
	struct mr_bloom_conf bloom;
	struct mr_cache_conf cache;
	struct mr_lookup_conf lookup, discovery;
};

static const struct mr_field limits_fields[] = {
	{ "max_peers", MR_U32, MR_AT(struct limits, max_peers), .max = MR_PEERS_MAX,
	  .def = 128, .help = "links at a time; 0: as many as the tables hold" },
	{ "max_connections", MR_U32, MR_AT(struct limits, max_connections), .max = 1000000,
	  .def = 256, .help = "dials of ours under way at a time; 0: any number" },
	{ "max_links", MR_U32, MR_AT(struct limits, max_links), .max = 1000000, .def = 256,
	  .help = "links and dials of ours together, beyond which none is dialled; 0: any number" },
	{ "max_pending_inbound", MR_U32, MR_AT(struct limits, max_pending), .max = 1000000,
	  .def = 1000, .help = "links that were answered and not heard yet; 0: any number" },
	{ "max_sessions", MR_U32, MR_AT(struct limits, max_sessions), .min = 4,
	  .max = MR_SESSIONS_MAX / 2, .def = 1024,
	  .help = "sessions with nodes that are neither neighbours nor configured" },
	{ 0 }
};

static const struct mr_field rate_limit_fields[] = {
	{ "handshake_timeout_secs", MR_U32, MR_AT(struct rate_limit, timeout), .min = 1,
	  .max = 3600, .def = 30, .unit = "s", .help = "a handshake without an answer ends" },
	{ "handshake_resend_interval_ms", MR_U32, MR_AT(struct rate_limit, resend), .min = 50,
	  .max = 60000, .def = 1000, .unit = "ms",
	  .help = "first gap between sendings of a handshake message" },
	{ "handshake_resend_backoff", MR_REAL, MR_AT(struct rate_limit, backoff), .real_min = 1,
	  .real_max = 10, .real_def = 2, .help = "each gap to the one before" },
	{ "handshake_max_resends", MR_U32, MR_AT(struct rate_limit, resends), .max = 20, .def = 5,
	  .help = "sendings of a handshake message after the first" },
	{ "handshake_burst", MR_U32, MR_AT(struct rate_limit, strangers_burst), .min = 1,
	  .max = BURST_MAX, .def = 100, .help = "handshakes from unknown addresses at once" },
	{ "handshake_rate", MR_REAL, MR_AT(struct rate_limit, strangers_rate), .real_min = RATE_MIN,
	  .real_max = RATE_MAX, .real_def = 10, .unit = "1/s",
	  .help = "handshakes from unknown addresses" },
	{ "established_handshake_burst", MR_U32, MR_AT(struct rate_limit, known_burst),
	  .max = BURST_MAX, .help = "handshakes from known addresses at once; 0: max_peers" },
	{ "established_handshake_rate", MR_REAL, MR_AT(struct rate_limit, known_rate),
	  .real_max = RATE_MAX, .unit = "1/s",
	  .help = "handshakes from known addresses; 0: as many as rekeys of all may cause" },
	{ "session_setup_burst", MR_U32, MR_AT(struct rate_limit, setups_burst), .min = 1,
	  .max = BURST_MAX, .def = 64, .help = "session set-ups by one link at once" },
	{ "session_setup_rate", MR_REAL, MR_AT(struct rate_limit, setups_rate),
	  .real_min = RATE_MIN, .real_max = RATE_MAX, .real_def = 16, .unit = "1/s",
	  .help = "session set-ups by one link" },
	{ 0 }
};

static const struct mr_field retry_fields[] = {
	{ "max_retries", MR_U32, MR_AT(struct retry, retries), .max = 1000000, .def = 5,
	  .help = "dials without success of a peer that is not auto_reconnect" },
	{ "base_interval_secs", MR_U32, MR_AT(struct retry, base), .min = 1, .max = 86400, .def = 5,
	  .unit = "s", .help = "first pause before dialling again; doubles each time" },
	{ "max_backoff_secs", MR_U32, MR_AT(struct retry, most), .min = 1, .max = 86400, .def = 300,
	  .unit = "s", .help = "longest pause before dialling again" },
	{ 0 }
};

static const struct mr_field session_fields[] = {
	{ "idle_timeout_secs", MR_U32, MR_AT(struct session, idle), .max = 86400, .def = 90,
	  .unit = "s", .help = "a session without data goes; 0: never" },
	{ 0 }
};

static const struct mr_field rekey_fields[] = {
	{ "enabled", MR_BOOL, MR_AT(struct rekey, enabled), .def = 1,
	  .help = "begin rekeys; those that others begin are answered in any case" },
	{ "after_secs", MR_U32, MR_AT(struct rekey, after), .max = 1000000, .unit = "s",
	  .help = "age of a key that is replaced, 15 s more or less, of links 35 s at least; 0: "
	          "155 of links, 120 of sessions" },
	{ "after_messages", MR_U32, MR_AT(struct rekey, messages), .min = 1, .def = 65536,
	  .unit = "messages", .help = "sent under a key: it is replaced" },
	{ "hurry", MR_U32, MR_AT(struct rekey, hurry), .min = 1, .max = 100, .def = 1,
	  .help = "divides the waiting times of rekeys, for tests and experiments among nodes that "
	          "all say the same" },
	{ 0 }
};

static const char *const mmp_modes[] = { "full", "lightweight", "minimal", NULL };

static const struct mr_field mmp_fields[] = {
	{ "mode", MR_WORD, MR_AT(struct mmp, mode), .words = mmp_modes, .def = FIPS_MMP_FULL,
	  .help = "which metric reports are sent: both, those of the receiver, none" },
	{ 0 }
};

static const struct mr_field ecn_fields[] = {
	{ "enabled", MR_BOOL, MR_AT(struct ecn, enabled), .def = 1,
	  .help = "mark what is sent on by a way that is congested; marks of others stay in any case" },
	{ "loss_threshold", MR_REAL, MR_AT(struct ecn, loss), .real_max = 1,
	  .real_def = 0.05, .help = "a link that lost this part of the last interval's frames is" },
	{ "etx_threshold", MR_REAL, MR_AT(struct ecn, etx), .real_min = 1, .real_max = 100,
	  .real_def = 3, .help = "... or on which a frame takes so many sendings" },
	{ 0 }
};

static const struct mr_field acl_fields[] = {
	{ "allow_file", MR_TEXT, MR_AT(struct acl, allow), .text = "/etc/fips/peers.allow",
	  .help = "who is listed there is admitted; may be absent" },
	{ "deny_file", MR_TEXT, MR_AT(struct acl, deny), .text = "/etc/fips/peers.deny",
	  .help = "who else is listed there is refused; may be absent" },
	{ 0 }
};

static const char *socket_wrong(const void *member)
{
	const char *path = *(char *const *)member;

	return path[0] == '/' && strlen(path) < 108 ? NULL :
	                                              "is no absolute path of at most 107 bytes";
}

#define TWENTY "/a-folder-of-twenty-"

static const struct mr_field_rule socket_rule = {
	.wrong = socket_wrong, .type = "absolute path", .good = "/run/fips/control.sock",
	.bad = (const char *const[]){ "", "control.sock", TWENTY TWENTY TWENTY TWENTY TWENTY "/and-8..",
	                              NULL },
	.schema = "{ \"pattern\": \"^/\", \"maxLength\": 107 }",
};

static const struct mr_field socket_fields[] = {
	{ "enabled", MR_BOOL, MR_AT(struct socket, enabled), .def = 1,
	  .help = "answer operators at the control socket" },
	{ "socket_path", MR_TEXT, MR_AT(struct socket, path), .rule = &socket_rule,
	  .help = "where it is; unset: /run/fips/control.sock if there is such a folder, else "
	          "$XDG_RUNTIME_DIR/fips/control.sock, else /tmp/fips-control.sock" },
	{ 0 }
};

static const struct mr_field node_fields[] = {
	{ "control", MR_GROUP, MR_AT(struct node_conf, socket), .of = socket_fields,
	  .help = "the control socket" },
	{ "acl", MR_GROUP, MR_AT(struct node_conf, acl), .of = acl_fields,
	  .help = "who may link with the node" },
	{ "hosts_file", MR_TEXT, MR_AT(struct node_conf, hosts), .text = "/etc/fips/hosts",
	  .help = "names of nodes; may be absent" },
	{ "heartbeat_interval_secs", MR_U32, MR_AT(struct node_conf, heartbeat), .min = 1,
	  .max = 3600, .def = 10, .unit = "s", .help = "between heartbeats on a link" },
	{ "link_dead_timeout_secs", MR_U32, MR_AT(struct node_conf, dead), .min = 1, .max = 86400,
	  .def = 30, .unit = "s", .help = "a silent link is removed" },
	{ "drain_timeout_secs", MR_U32, MR_AT(struct node_conf, drain), .max = 60, .def = 2,
	  .unit = "s", .help = "a stopping node runs on for its last words" },
	{ "limits", MR_GROUP, MR_AT(struct node_conf, limits), .of = limits_fields,
	  .help = "how many of what at a time" },
	{ "rate_limit", MR_GROUP, MR_AT(struct node_conf, rate_limit), .of = rate_limit_fields,
	  .help = "handshakes: how long one may take, and how many there may be" },
	{ "retry", MR_GROUP, MR_AT(struct node_conf, retry), .of = retry_fields,
	  .help = "dialling again" },
	{ "session", MR_GROUP, MR_AT(struct node_conf, session), .of = session_fields,
	  .help = "sessions with far ends" },
	{ "rekey", MR_GROUP, MR_AT(struct node_conf, rekey), .of = rekey_fields,
	  .help = "how long a key is used" },
	{ "tree", MR_GROUP, MR_AT(struct node_conf, tree), .of = mr_tree_fields,
	  .help = "the spanning tree, and when a parent is left for another" },
	{ "bloom", MR_GROUP, MR_AT(struct node_conf, bloom), .of = mr_bloom_fields,
	  .help = "the filters that say who is behind a neighbour" },
	{ "cache", MR_GROUP, MR_AT(struct node_conf, cache), .of = mr_cache_fields,
	  .help = "other nodes' places in the tree" },
	{ "lookup", MR_GROUP, MR_AT(struct node_conf, lookup), .of = mr_lookup_fields,
	  .help = "finding the place of a node" },
	{ "discovery", MR_GROUP, MR_AT(struct node_conf, discovery), .of = mr_lookup_fields,
	  .help = "lookup, as it was called before; goes behind lookup, key by key" },
	{ "mmp", MR_GROUP, MR_AT(struct node_conf, mmp), .of = mmp_fields,
	  .help = "reports about links" },
	{ "session_mmp", MR_GROUP, MR_AT(struct node_conf, session_mmp), .of = mmp_fields,
	  .help = "reports about sessions" },
	{ "ecn", MR_GROUP, MR_AT(struct node_conf, ecn), .of = ecn_fields,
	  .help = "telling far ends of congestion" },
	{ 0 }
};

/* ---- numbers that do not go together; "": they do ---- */

enum { WRONG = 96 }; /* bytes of a sentence */

static const char dead_path[] = "node.link_dead_timeout_secs";
static const char rekey_path[] = "node.rekey.after_secs";

static void dead_wrong(const struct node_conf *n, char text[WRONG])
{
	*text = '\0';
	if (n->dead <= n->heartbeat)
		snprintf(text, WRONG, "%u s are not longer than a heartbeat, which is %u s",
		         n->dead, n->heartbeat);
}

static void rekey_wrong(const struct rekey *r, char text[WRONG])
{
	uint32_t jitter = fips_node_config_default().timers.rekey_jitter / r->hurry;

	*text = '\0';
	if (r->after && r->after * MS_PER_S <= jitter)
		snprintf(text, WRONG, "%u s are not longer than the jitter, which is %u ms",
		         r->after, jitter);
}

static void check_node(const void *conf, const struct mr_json *doc, struct mr_report *report)
{
	const struct node_conf *n = conf;
	char text[WRONG];

	if (n->rekey.hurry == 0)
		return; /* complained of already */
	dead_wrong(n, text);
	if (*text)
		mr_complain(report, mr_json_where(doc, dead_path), "%s", text);
	rekey_wrong(&n->rekey, text);
	if (*text)
		mr_complain(report, mr_json_where(doc, rekey_path), "%s", text);
}

static const char *dns_bind_wrong(const void *member)
{
	return mr_dns_address_valid(*(char *const *)member) ? NULL : "is no IP address";
}

static const struct mr_field_rule dns_bind_rule = {
	.wrong = dns_bind_wrong, .type = "IP address", .good = "127.0.0.1",
	.bad = (const char *const[]){ "", "localhost", "[::1]", "::1 ", NULL },
	.unseen = (const char *const[]){ "127.0.0", "300.0.0.1", "1:2", "abc", NULL },
	.schema = "{ \"pattern\": \"^[0-9A-Fa-f:.]+$\" }",
};

static const struct mr_field dns_fields[] = {
	{ "enabled", MR_BOOL, MR_AT(struct dns, enabled), .def = 1,
	  .help = "answer questions for the addresses of names in .fips" },
	{ "bind_addr", MR_TEXT, MR_AT(struct dns, bind), .text = "::1", .rule = &dns_bind_rule,
	  .help = "address to answer at" },
	{ "port", MR_U32, MR_AT(struct dns, port), .min = 1, .max = 65535, .def = 5354,
	  .help = "UDP port to answer at" },
	{ "ttl", MR_U32, MR_AT(struct dns, ttl), .max = 86400, .def = 300, .unit = "s",
	  .help = "how long others may keep an answer" },
	{ 0 }
};

const struct mr_section mr_control_sections[] = {
	{ .path = "node", .fields = node_fields, .size = sizeof(struct node_conf),
	  .help = "limits and timers", .check = check_node },
	{ .path = "", .fields = mr_peers_fields, .size = sizeof(struct mr_peers_conf),
	  .help = "the peers", .check = mr_peers_check },
	{ .path = "dns", .fields = dns_fields, .size = sizeof(struct dns),
	  .help = "names in .fips" },
	{ 0 }
};

static void take_timers(struct fips_node_timers *timers, const struct node_conf *n)
{
	timers->heartbeat = n->heartbeat * MS_PER_S;
	timers->dead = n->dead * MS_PER_S;
	timers->handshake = n->rate_limit.timeout * MS_PER_S;
	timers->resend = n->rate_limit.resend;
	timers->backoff = (uint32_t)(n->rate_limit.backoff * 1000 + 0.5);
	timers->resends = n->rate_limit.resends;
	timers->retries = n->retry.retries;
	timers->retry = n->retry.base * MS_PER_S;
	timers->retry_max = n->retry.most * MS_PER_S;
	timers->session_idle = n->session.idle * MS_PER_S;
}

/* Of what a rekey waits for, all but answers, message 3 being heard among them, and the draining of
 * old keys. */
static void hurry(struct fips_node_timers *timers, uint32_t times)
{
	uint32_t *const waits[] = {
		&timers->duplicate,     &timers->rekey_jitter,     &timers->rekey_calm,
		&timers->link_guard,    &timers->session_guard,    &timers->link_cut_over,
		&timers->session_setup,
	};

	for (unsigned i = 0; i < sizeof waits / sizeof waits[0]; i++)
		*waits[i] /= times;
}

static int take_rekey(struct fips_node_config *config, const struct rekey *r, struct mr_setup *s)
{
	struct fips_node_timers *timers = &config->timers;
	char text[WRONG];

	config->rekey = r->enabled;
	timers->rekey_messages = r->messages;
	hurry(timers, r->hurry);
	if (r->after)
		timers->link_rekey = timers->session_rekey = r->after * MS_PER_S;
	rekey_wrong(r, text);
	return *text ? mr_setup_error(s, rekey_path, "%s", text) : 0;
}

static struct fips_rate rate(uint32_t burst, double per_second)
{
	return (struct fips_rate){ .burst = burst, .milli = (uint32_t)(per_second * 1000 + 0.5) };
}

/* Unset, the known ones may do what rekeys and their resends come to (operations.md 3.3). */
static struct fips_rate known_rate(const struct rate_limit *r, unsigned peers, uint32_t after)
{
	double rekeys = (double)peers / (after ? after : REKEY_S) * (1 + r->resends);

	return rate(r->known_burst ? r->known_burst : peers,
	            r->known_rate > 0 ? r->known_rate : rekeys < 1 ? 1 : rekeys);
}

static void take_limits(struct fips_node_config *config, const struct node_conf *n)
{
	const struct rate_limit *r = &n->rate_limit;

	config->max_peers = n->limits.max_peers ? n->limits.max_peers : MR_PEERS_MAX;
	config->limits = (struct fips_node_limits){
		.calls = n->limits.max_connections,
		.links = n->limits.max_links,
		.pending = n->limits.max_pending,
		.sessions = n->limits.max_sessions,
		.strangers = rate(r->strangers_burst, r->strangers_rate),
		.known = known_rate(r, config->max_peers, n->rekey.after),
		.setups = rate(r->setups_burst, r->setups_rate),
	};
}

static void take_files(struct control_settings *set, const struct node_conf *n)
{
	const char *const path[CONTROL_FILES] = {
		[CONTROL_ALLOW] = n->acl.allow,
		[CONTROL_DENY] = n->acl.deny,
		[CONTROL_HOSTS] = n->hosts,
	};

	set->socket = n->socket.enabled;
	set->socket_path = strdup(n->socket.path ? n->socket.path : "");
	if (!set->socket_path)
		abort();
	for (unsigned i = 0; i < CONTROL_FILES; i++) {
		set->file[i] = strdup(path[i]);
		if (!set->file[i])
			abort();
	}
}

static void take_dns(struct control_settings *set, const struct dns *d)
{
	set->dns = d->enabled;
	set->dns_port = (uint16_t)d->port;
	set->dns_ttl = d->ttl;
	set->dns_bind = strdup(d->bind);
	if (!set->dns_bind)
		abort();
}

int mr_control_configure(struct control *c, struct control_settings *set, struct mr_setup *s)
{
	const struct node_conf *n = s->conf[0];
	struct fips_node_config *config = &set->config;
	char text[WRONG];
	int failed = 0;

	*set = (struct control_settings){ .drain = n->drain * MR_NS_PER_S };
	take_files(set, n);
	take_dns(set, s->conf[2]);
	*config = fips_node_config_default();
	config->me = &c->mesh->me;
	config->link_mtu = mr_transports_mtu(&c->transports);
	config->accept = mr_transports_accept(&c->transports);
	config->link_mmp = (enum fips_mmp)n->mmp.mode;
	config->session_mmp = (enum fips_mmp)n->session_mmp.mode;
	config->ecn = (struct fips_node_ecn){ .enabled = n->ecn.enabled, .loss = n->ecn.loss,
		                              .etx = n->ecn.etx };
	take_limits(config, n);
	take_timers(&config->timers, n);
	mr_tree_configure(config, &n->tree);
	mr_bloom_configure(config, &n->bloom);
	mr_cache_configure(config, &n->cache);
	mr_lookup_configure(config, &n->lookup, &n->discovery);
	dead_wrong(n, text);
	if (*text)
		failed = mr_setup_error(s, dead_path, "%s", text);
	if (take_rekey(config, &n->rekey, s))
		failed = -1;
	if (mr_peers_configure(c, s->conf[1], set, s))
		failed = -1;
	return failed;
}

void mr_settings_close(struct control_settings *set)
{
	mr_names_close(set->names); /* first: its questions point at names */
	for (unsigned i = 0; i < set->n_named; i++)
		mr_named_close(&set->named[i]);
	for (unsigned i = 0; i < CONTROL_FILES; i++)
		free(set->file[i]);
	free(set->socket_path);
	free(set->dns_bind);
	free(set->named);
	free(set->peers);
	*set = (struct control_settings){ 0 };
}
