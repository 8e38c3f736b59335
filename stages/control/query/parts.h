/* parts.h - what the files of this folder share: one query on its way, and how answers are put
 * together.
 *
 *     answer.c    a line in, a line out: finds the command, wraps what it says
 *     peers.c, sessions.c, status.c, ...    a few commands each
 *     put.c       members of answers, with the reference's conventions (operations.md 4.2)
 *     names.c     what nodes are called
 *     history.c   samples; sample.c takes one each second, series.c shows them
 */
#ifndef MR_STAGES_CONTROL_QUERY_PARTS_H
#define MR_STAGES_CONTROL_QUERY_PARTS_H

#include <jansson.h>
#include <stdio.h>

#include "core/engine.h"
#include "stages/control/query/history.h"
#include "stages/control/query/query.h"
#include "stages/control/query/request.h"
#include "stages/control/state.h"

#define QUERY_LIST 1000 /* items of a list that others can make long; the newest are shown */

struct known_name;

struct query {
	const struct mr_query_host *host;
	struct control     *control;
	const char         *command;
	json_t             *params;  /* borrowed; NULL: none                  */
	uint64_t            now;     /* ns                                    */
	uint64_t            wall;    /* ms since 1970                         */
	struct mr_view     *view;    /* owned; NULL until query_view          */
	struct known_name  *names;   /* owned; NULL until query_name          */
	unsigned            n_names;
	char                wrong[REQUEST_WRONG]; /* valid when a command returned false or NULL */
};

/* A command: its data as a new value, or NULL with a message in q->wrong ("": no memory). */
typedef json_t *query_data(struct query *q);

/* One whose data is long: query_begin, then the data as text; or false with a message, and nothing
 * written. */
typedef bool query_text(struct query *q, FILE *out);

/* ---- answer.c ---- */

/* A message and NULL. */
void *query_wrong(struct query *q, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The parameter of that name if it is a text, else NULL. */
const char *query_param(const struct query *q, const char *name);
/* What the engine counts; NULL: no memory.  The query's. */
const struct mr_view *query_view(struct query *q);
/* Milliseconds since 1970 of a time of the node's clock, 0 for 0. */
uint64_t query_ms(const struct query *q, uint64_t ns);
/* All that goes before the data of an answer. */
void query_begin(FILE *out);
/* Text of a value, as answers have it; malloc'd. */
char *query_dump(const json_t *value);

/* ---- put.c ---- */

void put_text(json_t *o, const char *key, const char *text); /* NULL: null */
void put_int(json_t *o, const char *key, uint64_t v);
void put_real(json_t *o, const char *key, double v);         /* NaN: null */
void put_bool(json_t *o, const char *key, bool v);
void put_null(json_t *o, const char *key);
void put_addr(json_t *o, const char *key, const struct fips_addr *addr);
void put_ipv6(json_t *o, const char *key, const struct fips_addr *addr);
void put_npub(json_t *o, const char *key, const uint8_t xonly[FIPS_XONLY_LEN]);
void put_via(json_t *o, const char *key, const struct fips_via *via);
void put_trend(json_t *o, const char *key, enum fips_trend trend); /* unknown: nothing */
/* A list that is the member's; borrowed. */
json_t *put_list(json_t *o, const char *key);
json_t *put_object(json_t *o, const char *key);
/* An object at the end of a list; borrowed. */
json_t *add_object(json_t *list);
/* An address text at the end of a list. */
void add_addr(json_t *list, const struct fips_addr *addr);

/* ---- names.c ---- */

/* What people call a node: by the hosts file, else by its alias, else its npub shortened, else its
 * address shortened.  text has room for FIPS_HOST_LEN. */
const char *query_name(struct query *q, const struct fips_addr *addr, char text[FIPS_HOST_LEN]);
void put_name(struct query *q, json_t *o, const char *key, const struct fips_addr *addr);
/* The key of a node whose address is known; NULL: it is not. */
const uint8_t *query_key(struct query *q, const struct fips_addr *addr);

/* ---- traffic.c ---- */

/* What went over a link or session since it came up. */
struct query_traffic {
	uint64_t packets_in, packets_out, bytes_in, bytes_out;
	uint64_t heard;              /* ns, 0: never                           */
	uint64_t numbered, highest;  /* counters of the keys in use            */
};
struct query_traffic query_traffic(struct control *c, bool link, const struct fips_addr *addr);

/* ---- peers.c, sessions.c, transports.c, tree.c: what several commands show ---- */

unsigned query_handshakes(const struct query *q); /* on their way */
const char *query_mmp_mode(enum fips_mmp mode);
void query_put_metrics(json_t *o, const struct fips_metrics_info *m, const char *quality);
const char *query_transport(const struct fips_via *via); /* "udp" */
uint64_t query_transport_id(const struct query *q, const struct fips_via *via); /* from 1 on */
unsigned query_transports(const struct query *q); /* how many */
/* Of each kind there is; NULL: no more. */
const char *query_transport_type(const struct query *q, unsigned i);
unsigned query_identities(const struct query *q);  /* keys that are known */
unsigned query_coordinates(const struct query *q); /* in the cache */
/* Who is the root of the tree, and how many nodes there are. */
void query_put_root(const struct query *q, json_t *o);
/* Where a neighbour stands in the tree. */
void query_put_position(struct query *q, json_t *o, const struct fips_peer_info *p);

/* ---- counters.c ---- */

json_t *query_forwarding(struct query *q);
json_t *query_lookup(struct query *q);
json_t *query_tree_stats(struct query *q);
json_t *query_bloom_stats(struct query *q);
json_t *query_congestion(struct query *q);
json_t *query_errors(struct query *q);
json_t *query_native(struct query *q);

/* A stage kind's word, drop or counter, all replicas together; 0: there is none. */
uint64_t query_word(struct query *q, const char *kind, enum mr_word word);
uint64_t query_drop(struct query *q, const char *kind, const char *name);
uint64_t query_count(struct query *q, const char *kind, const char *name);

/* The key of the node that the parameter npub names; false with a message. */
bool query_wanted_key(struct query *q, uint8_t pub[FIPS_PUB_LEN]);

/* ---- the commands ---- */

query_data show_status, show_peers, show_links, show_connections, show_sessions, show_mmp,
	show_transports, show_identity_cache, show_acl, show_listening_sockets, show_metrics,
	show_native_flows, show_stats_list, show_stats_peers, show_tree, show_bloom, show_cache,
	show_routing, do_connect, do_disconnect, do_probe_start, do_probe_poll, do_probe_cancel,
	do_trace_start, do_trace_poll, do_trace_stop;
query_text show_stats_history, show_stats_all_history, show_stats_history_all_peers;

#endif
