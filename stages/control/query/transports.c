/* transports - sockets to other machines (operations.md 4.3).
 *
 * Stages count what all instances of a transport did.  Where there are several, what each of them sent and
 * received is the sum of its links, and the rest is that of all. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "stages/control/query/parts.h"
#include "stages/lib/tcp.h"

static const struct mr_tcp *tcp_of(const struct query *q)
{
	return q->control->transports.tcp;
}

/* Which instance of its transport it is: connections that came have numbers of their own. */
static unsigned instance_of(const struct fips_via *via)
{
	if (!mr_via_is_tcp(via))
		return via->instance;
	return via->instance < MR_VIA_TCP_IN ? via->instance - MR_VIA_TCP :
	                                       via->instance - MR_VIA_TCP_IN;
}

const char *query_transport(const struct fips_via *via)
{
	return mr_via_is_tcp(via) ? "tcp" : "udp";
}

/* UDP instances first, then those of TCP. */
uint64_t query_transport_id(const struct query *q, const struct fips_via *via)
{
	unsigned before = mr_via_is_tcp(via) ? q->control->udp->n : 0;

	return (uint64_t)before + instance_of(via) + 1;
}

const char *query_transport_type(const struct query *q, unsigned i)
{
	const char *const types[] = { q->control->udp->n ? "udp" : NULL,
		                      tcp_of(q)->n ? "tcp" : NULL };

	for (unsigned k = 0; k < sizeof types / sizeof types[0]; k++)
		if (types[k] && i-- == 0)
			return types[k];
	return NULL;
}

unsigned query_transports(const struct query *q)
{
	return q->control->udp->n + tcp_of(q)->n;
}

static void put_local_addr(json_t *o, int fd)
{
	struct fips_via via = { .len = sizeof via.sock };
	socklen_t len = sizeof via.sock;

	if (fd < 0 || getsockname(fd, (void *)via.sock, &len) != 0 || len > sizeof via.sock)
		return;
	via.len = (uint16_t)len;
	put_via(o, "local_addr", &via);
}

/* ---- what links of an instance did ---- */

struct sum {
	struct query_traffic traffic;
	unsigned             in, out; /* links that others, that we dialled */
};

static struct sum sum_links(struct query *q, bool tcp, unsigned instance)
{
	struct fips_peer_info p;
	struct sum sum = { 0 };

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		struct query_traffic t;

		if (p.state != FIPS_PEER_UP || mr_via_is_tcp(&p.via) != tcp ||
		    instance_of(&p.via) != instance)
			continue;
		t = query_traffic(q->control, true, &p.addr);
		sum.traffic.packets_in += t.packets_in;
		sum.traffic.packets_out += t.packets_out;
		sum.traffic.bytes_in += t.bytes_in;
		sum.traffic.bytes_out += t.bytes_out;
		sum.in += p.via.instance >= MR_VIA_TCP_IN;
		sum.out += p.via.instance < MR_VIA_TCP_IN;
	}
	return sum;
}

static void put_traffic(json_t *o, const struct query_traffic *t)
{
	put_int(o, "packets_sent", t->packets_out);
	put_int(o, "bytes_sent", t->bytes_out);
	put_int(o, "packets_recv", t->packets_in);
	put_int(o, "bytes_recv", t->bytes_in);
}

static struct query_traffic stage_traffic(struct query *q, const char *in, const char *out)
{
	return (struct query_traffic){
		.packets_out = query_word(q, out, MR_W_TAKEN),
		.bytes_out = query_word(q, out, MR_W_TAKEN_BYTES),
		.packets_in = query_word(q, in, MR_W_MADE),
		.bytes_in = query_word(q, in, MR_W_OUT_BYTES),
	};
}

static void put_who(json_t *o, uint64_t id, const char *type, unsigned mtu, const char *name)
{
	put_int(o, "transport_id", id);
	put_text(o, "type", type);
	put_text(o, "state", "up");
	put_int(o, "mtu", mtu);
	if (strcmp(name, type))
		put_text(o, "name", name);
}

/* ---- UDP ---- */

static void put_udp(struct query *q, json_t *o, const struct mr_udp_socket *s)
{
	struct query_traffic t = q->control->udp->n > 1 ? sum_links(q, false, s->instance).traffic :
	                                                  stage_traffic(q, "rx", "tx-gso");
	json_t *stats;

	put_who(o, (uint64_t)s->instance + 1, "udp", s->mtu, s->name);
	put_local_addr(o, s->fd);
	stats = put_object(o, "stats");
	put_traffic(stats, &t);
	put_int(stats, "send_errors", query_drop(q, "tx-gso", "refused") +
	                                      query_drop(q, "tx-gso", "send-error"));
	put_int(stats, "recv_errors", query_count(q, "rx", "receive-errors"));
	put_int(stats, "mtu_exceeded", query_drop(q, "tx-gso", "too-big"));
	put_int(stats, "kernel_drops", query_count(q, "rx", "socket-overflow"));
}

/* ---- TCP ---- */

static void put_connections(struct query *q, json_t *o, const struct sum *sum)
{
	uint64_t dialled = query_count(q, "tcp", "dialled"),
	         failed = query_count(q, "tcp", "dials-failed");

	put_int(o, "connections_established", dialled > failed ? dialled - failed : 0);
	put_int(o, "connections_accepted", query_count(q, "tcp", "accepted"));
	put_int(o, "connections_rejected", query_count(q, "tcp", "refused"));
	put_int(o, "connect_timeouts", 0);
	put_int(o, "connect_refused", failed);
	put_int(o, "pool_inbound", sum->in);
	put_int(o, "pool_outbound", sum->out);
}

static void put_tcp(struct query *q, json_t *o, unsigned i)
{
	const struct mr_tcp_listener *l = &tcp_of(q)->listener[i];
	struct sum sum = sum_links(q, true, i);
	struct query_traffic t = tcp_of(q)->n > 1 ? sum.traffic : stage_traffic(q, "tcp", "tcp");
	json_t *stats;

	put_who(o, (uint64_t)q->control->udp->n + i + 1, "tcp", l->conf->mtu, l->name);
	put_local_addr(o, l->fd);
	stats = put_object(o, "stats");
	put_traffic(stats, &t);
	put_int(stats, "send_errors", query_drop(q, "tcp", "unreached") +
	                                      query_drop(q, "tcp", "lost") +
	                                      query_drop(q, "tcp", "full"));
	put_int(stats, "recv_errors", query_drop(q, "tcp", "framing"));
	put_int(stats, "mtu_exceeded", query_drop(q, "tcp", "too-big"));
	put_connections(q, stats, &sum);
}

json_t *show_transports(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "transports");

	for (unsigned i = 0; i < q->control->udp->n; i++)
		put_udp(q, add_object(list), &q->control->udp->socket[i]);
	for (unsigned i = 0; i < tcp_of(q)->n; i++)
		put_tcp(q, add_object(list), i);
	return o;
}
