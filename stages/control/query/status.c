/* status - the node as a whole, and what is empty here (operations.md 4.3). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/control/query/parts.h"
#include "stages/lib/tun.h"

#define SPARKS       30 /* samples of a sparkline                                       */
#define LINK_TO_IPV6 77 /* bytes of a link frame around an IPv6 packet (operations.md 3.5) */

static const char *state_of(const struct query *q)
{
	if (q->control->stop)
		return "draining";
	return q->host->running ? "running" : "starting";
}

/* Peers by the transport of their link, those without any included. */
static void put_transports(const struct query *q, json_t *o)
{
	struct fips_peer_info p;
	const char *type;

	for (unsigned i = 0; (type = query_transport_type(q, i)); i++)
		put_int(o, type, 0);
	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		if (p.state != FIPS_PEER_UP)
			continue;
		type = query_transport(&p.via);
		put_int(o, type, (uint64_t)json_integer_value(json_object_get(o, type)) + 1);
	}
}

static void put_counts(const struct query *q, json_t *o)
{
	unsigned peers = 0, links = 0, sessions = 0, handshakes = query_handshakes(q);
	struct fips_session_info s;
	struct fips_dial_info d;
	struct fips_peer_info p;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		peers += p.state == FIPS_PEER_UP;
		links += p.state == FIPS_PEER_UP || p.state == FIPS_PEER_PROVISIONAL;
	}
	for (unsigned at = 0; fips_node_dial_next(q->control->node, &at, &d);)
		links++;
	for (unsigned at = 0; fips_node_session_next(q->control->node, &at, &s);)
		sessions++;
	put_int(o, "peer_count", peers);
	put_int(o, "session_count", sessions);
	put_int(o, "link_count", links);
	put_int(o, "transport_count", query_transports(q));
	put_int(o, "connection_count", handshakes);
	put_transports(q, put_object(o, "transport_peer_counts"));
}

static void put_device(const struct query *q, json_t *o)
{
	const struct mr_tun *tun = mr_engine_resource(q->host->engine, &mr_resource_tun);
	unsigned mtu = mr_transports_mtu(&q->control->transports);
	bool there = tun && tun->queues;

	put_text(o, "tun_state", there ? "active" : "disabled");
	put_text(o, "tun_name", there ? tun->name : "-");
	put_int(o, "effective_ipv6_mtu", mtu > LINK_TO_IPV6 ? mtu - LINK_TO_IPV6 : 0);
}

static void put_process(const struct query *q, json_t *o)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	path[n > 0 ? n : 0] = '\0';
	put_text(o, "control_socket", q->host->socket);
	put_int(o, "pid", (uint64_t)getpid());
	put_text(o, "exe_path", n > 0 ? path : "-");
	put_int(o, "uptime_secs", (q->now - q->host->started) / MR_NS_PER_S);
}

static void put_sparks(const struct query *q, json_t *o)
{
	static const unsigned shown[] = {
		HISTORY_MESH_SIZE, HISTORY_TREE_DEPTH, HISTORY_PEER_COUNT,
		HISTORY_BYTES_IN,  HISTORY_BYTES_OUT,  HISTORY_LOSS_RATE,
	};
	float v[SPARKS];

	for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		json_t *list = put_list(o, history_node_metrics[shown[i]].name);
		unsigned n = mr_history_count(q->control->history, SPARKS);

		mr_history_read(q->control->history, NULL, shown[i], false, n, v);
		for (unsigned k = 0; k < n; k++)
			json_array_append_new(list, v[k] == v[k] ? json_real((double)v[k]) :
			                                           json_null());
	}
}

json_t *show_status(struct query *q)
{
	const struct fips_identity *me = &q->control->mesh->me;
	json_t *o = json_object();

	put_text(o, "version", q->host->version);
	put_text(o, "npub", me->npub);
	put_addr(o, "node_addr", &me->addr);
	put_ipv6(o, "ipv6_addr", &me->addr);
	put_text(o, "state", state_of(q));
	put_bool(o, "is_leaf_only", false);
	put_bool(o, "persistent", q->host->persistent);
	query_put_root(q, o);
	put_counts(q, o);
	put_device(q, o);
	put_process(q, o);
	json_object_set_new(o, "forwarding", query_forwarding(q));
	put_sparks(q, put_object(o, "sparklines"));
	return o;
}

/* There is no API for datagrams of programs here: nothing has a flow. */
json_t *show_native_flows(struct query *q)
{
	json_t *o = json_object();

	put_list(o, "flows");
	put_list(o, "listeners");
	json_object_set_new(o, "stats", query_native(q));
	return o;
}

json_t *show_metrics(struct query *q)
{
	json_t *o = json_object();

	json_object_set_new(o, "forwarding", query_forwarding(q));
	json_object_set_new(o, "discovery", query_lookup(q));
	json_object_set_new(o, "lookup", query_lookup(q));
	json_object_set_new(o, "tree", query_tree_stats(q));
	json_object_set_new(o, "bloom", query_bloom_stats(q));
	json_object_set_new(o, "congestion", query_congestion(q));
	json_object_set_new(o, "errors", query_errors(q));
	json_object_set_new(o, "native", query_native(q));
	return o;
}
