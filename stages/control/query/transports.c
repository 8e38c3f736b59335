/* transports - sockets to other machines (operations.md 4.3). */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "stages/control/query/parts.h"

const char *query_transport_type(const struct query *q, unsigned i)
{
	return i == 0 && q->control->udp->n ? "udp" : NULL;
}

const char *query_transport(const struct query *q, const struct fips_via *via)
{
	(void)q;
	(void)via;
	return "udp";
}

uint64_t query_transport_id(const struct query *q, const struct fips_via *via)
{
	(void)q;
	return (uint64_t)via->instance + 1;
}

unsigned query_transports(const struct query *q)
{
	return q->control->udp->n;
}

static void put_local_addr(json_t *o, int fd)
{
	struct fips_via via = { .len = sizeof via.sock };
	socklen_t len = sizeof via.sock;

	if (fd < 0 || getsockname(fd, (void *)via.sock, &len) != 0 || len > sizeof via.sock)
		return;
	via.len = (uint8_t)len;
	put_via(o, "local_addr", &via);
}

/* Stages count what all sockets did; what each of several did is the sum of its links. */
static void sum_links(struct query *q, unsigned instance, struct query_traffic *sum)
{
	struct fips_peer_info p;

	*sum = (struct query_traffic){ 0 };
	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		struct query_traffic t;

		if (p.state != FIPS_PEER_UP || p.via.instance != instance)
			continue;
		t = query_traffic(q->control, true, &p.addr);
		sum->packets_in += t.packets_in;
		sum->packets_out += t.packets_out;
		sum->bytes_in += t.bytes_in;
		sum->bytes_out += t.bytes_out;
	}
}

static void put_udp_stats(struct query *q, json_t *o, unsigned instance)
{
	struct query_traffic t = {
		.packets_out = query_word(q, "tx-gso", MR_W_TAKEN),
		.bytes_out = query_word(q, "tx-gso", MR_W_TAKEN_BYTES),
		.packets_in = query_word(q, "rx", MR_W_MADE),
		.bytes_in = query_word(q, "rx", MR_W_OUT_BYTES),
	};

	if (q->control->udp->n > 1)
		sum_links(q, instance, &t);
	put_int(o, "packets_sent", t.packets_out);
	put_int(o, "bytes_sent", t.bytes_out);
	put_int(o, "packets_recv", t.packets_in);
	put_int(o, "bytes_recv", t.bytes_in);
	put_int(o, "send_errors", query_drop(q, "tx-gso", "refused") +
	                                  query_drop(q, "tx-gso", "send-error"));
	put_int(o, "recv_errors", query_count(q, "rx", "receive-errors"));
	put_int(o, "mtu_exceeded", query_drop(q, "tx-gso", "too-big"));
	put_int(o, "kernel_drops", query_count(q, "rx", "socket-overflow"));
}

static void put_udp(struct query *q, json_t *o, const struct mr_udp_socket *s)
{
	put_int(o, "transport_id", (uint64_t)s->instance + 1);
	put_text(o, "type", "udp");
	put_text(o, "state", "up");
	put_int(o, "mtu", s->mtu);
	if (q->control->udp->n > 1)
		put_text(o, "name", s->name);
	put_local_addr(o, s->fd);
	put_udp_stats(q, put_object(o, "stats"), s->instance);
}

json_t *show_transports(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "transports");

	for (unsigned i = 0; i < q->control->udp->n; i++)
		put_udp(q, add_object(list), &q->control->udp->socket[i]);
	return o;
}
