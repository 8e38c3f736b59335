/* transports - sockets to other machines (operations.md 4.3).
 *
 * Stages count what all instances of a transport did.  Where there are several, what each of them
 * sent and received is the sum of its links, and the rest is that of all. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "stages/control/query/parts.h"
#include "stages/lib/ether.h"
#include "stages/lib/tcp.h"

enum type { UDP, TCP, ETHERNET, TYPES };

static const char *const names[TYPES] = { "udp", "tcp", "ethernet" };

static const struct mr_udp *udp_of(const struct query *q)
{
	return q->control->transports.udp;
}

static const struct mr_tcp *tcp_of(const struct query *q)
{
	return q->control->transports.tcp;
}

static const struct mr_ether *ether_of(const struct query *q)
{
	return q->control->transports.ether;
}

static unsigned instances(const struct query *q, enum type type)
{
	return type == UDP ? udp_of(q)->n : type == TCP ? tcp_of(q)->n : ether_of(q)->n;
}

static enum type type_of(const struct fips_via *via)
{
	return mr_via_is_tcp(via) ? TCP : mr_via_is_ether(via) ? ETHERNET : UDP;
}

/* Which instance of its transport it is: TCP connections that came have numbers of their own. */
static unsigned instance_of(const struct fips_via *via)
{
	static const unsigned from[] = { MR_VIA_ETHER, MR_VIA_TCP_IN, MR_VIA_TCP, 0 };
	unsigned i = 0;

	while (via->instance < from[i])
		i++;
	return via->instance - from[i];
}

const char *query_transport(const struct fips_via *via)
{
	return names[type_of(via)];
}

/* Transports in their order, the instances of each in theirs. */
static uint64_t id_of(const struct query *q, enum type type, unsigned instance)
{
	for (unsigned before = 0; before < (unsigned)type; before++)
		instance += instances(q, (enum type)before);
	return (uint64_t)instance + 1;
}

uint64_t query_transport_id(const struct query *q, const struct fips_via *via)
{
	return id_of(q, type_of(via), instance_of(via));
}

const char *query_transport_type(const struct query *q, unsigned i)
{
	for (unsigned type = 0; type < TYPES; type++)
		if (instances(q, (enum type)type) && i-- == 0)
			return names[type];
	return NULL;
}

unsigned query_transports(const struct query *q)
{
	return udp_of(q)->n + tcp_of(q)->n + ether_of(q)->n;
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

static struct sum sum_links(struct query *q, enum type type, unsigned instance)
{
	struct fips_peer_info p;
	struct sum sum = { 0 };

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		struct query_traffic t;

		if (p.state != FIPS_PEER_UP || type_of(&p.via) != type ||
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

static void put_who(const struct query *q, json_t *o, enum type type, unsigned instance,
                    unsigned mtu, const char *name)
{
	put_int(o, "transport_id", id_of(q, type, instance));
	put_text(o, "type", names[type]);
	put_text(o, "state", "up");
	put_int(o, "mtu", mtu);
	if (strcmp(name, names[type]))
		put_text(o, "name", name);
}

/* ---- UDP ---- */

static void put_udp(struct query *q, json_t *o, const struct mr_udp_socket *s)
{
	struct query_traffic t = udp_of(q)->n > 1 ? sum_links(q, UDP, s->instance).traffic :
	                                            stage_traffic(q, "rx", "tx-gso");
	json_t *stats;

	put_who(q, o, UDP, s->instance, s->mtu, s->name);
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
	         failed = query_count(q, "tcp", "dials-failed"),
	         timeouts = query_count(q, "tcp", "dials-timed-out");

	put_int(o, "connections_established", dialled > failed ? dialled - failed : 0);
	put_int(o, "connections_accepted", query_count(q, "tcp", "accepted"));
	put_int(o, "connections_rejected", query_count(q, "tcp", "refused"));
	put_int(o, "connect_timeouts", timeouts);
	put_int(o, "connect_refused", failed > timeouts ? failed - timeouts : 0);
	put_int(o, "pool_inbound", sum->in);
	put_int(o, "pool_outbound", sum->out);
}

static void put_tcp(struct query *q, json_t *o, unsigned i)
{
	const struct mr_tcp_listener *l = &tcp_of(q)->listener[i];
	struct sum sum = sum_links(q, TCP, i);
	struct query_traffic t = tcp_of(q)->n > 1 ? sum.traffic : stage_traffic(q, "tcp", "tcp");
	json_t *stats;

	put_who(q, o, TCP, i, l->conf->mtu, l->name);
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

/* ---- Ethernet ---- */

static void put_ether(struct query *q, json_t *o, unsigned i)
{
	const struct mr_ether_socket *s = &ether_of(q)->socket[i];
	struct query_traffic t = ether_of(q)->n > 1 ? sum_links(q, ETHERNET, i).traffic :
	                                              stage_traffic(q, "ethernet", "ethernet");
	json_t *stats;

	put_who(q, o, ETHERNET, i, mr_ether_mtu(s), s->name);
	put_text(o, "local_addr", s->conf->interface);
	stats = put_object(o, "stats");
	put_int(stats, "frames_sent", t.packets_out);
	put_int(stats, "frames_recv", t.packets_in);
	put_int(stats, "bytes_sent", t.bytes_out);
	put_int(stats, "bytes_recv", t.bytes_in);
	put_int(stats, "send_errors", query_drop(q, "ethernet", "send-error") +
	                                      query_drop(q, "ethernet", "full"));
	put_int(stats, "recv_errors", query_count(q, "ethernet", "receive-errors"));
	put_int(stats, "beacons_sent", query_count(q, "ethernet", "beacons-sent"));
	put_int(stats, "beacons_recv", query_count(q, "ethernet", "beacons-heard"));
	put_int(stats, "frames_too_short", query_drop(q, "ethernet", "runt"));
	put_int(stats, "frames_too_long", query_drop(q, "ethernet", "long"));
}

json_t *show_transports(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "transports");

	for (unsigned i = 0; i < udp_of(q)->n; i++)
		put_udp(q, add_object(list), &udp_of(q)->socket[i]);
	for (unsigned i = 0; i < tcp_of(q)->n; i++)
		put_tcp(q, add_object(list), i);
	for (unsigned i = 0; i < ether_of(q)->n; i++)
		put_ether(q, add_object(list), i);
	return o;
}
