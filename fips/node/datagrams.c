/* datagrams.c - what comes end to end: handshakes and signals in clear, bodies opened already.
 *
 * The source of a datagram is a plain field; only the neighbour it came by is authentic.  What is
 * in clear is therefore limited by that neighbour's buckets and proves nothing by itself. */

#include "fips/node/parts.h"

void fips_node_datagram(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *link = fips_peer_up(n, &in->peer);
	struct fips_datagram d;

	if (!link) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	if (!fips_datagram_parse(in->bytes, in->len, &d) || fips_addr_eq(&d.src, &n->me.addr) ||
	    !fips_addr_eq(&d.dest, &n->me.addr)) {
		fips_count(n, FIPS_NODE_DATAGRAM);
		return;
	}
	switch (fips_fsp_check(d.payload, d.payload_len)) {
	case FIPS_FSP_SETUP:
		fips_session_setup(n, link, &d.src, d.payload, d.payload_len);
		break;
	case FIPS_FSP_ACK:
		fips_session_ack(n, link, &d.src, d.payload, d.payload_len);
		break;
	case FIPS_FSP_MSG3:
		fips_session_msg3(n, link, &d.src, d.payload, d.payload_len);
		break;
	case FIPS_FSP_SIGNAL:
		fips_session_signal(n, &d.src, d.payload, d.payload_len);
		break;
	case FIPS_FSP_ENCRYPTED:
		fips_node_stray(n, &d.src);
		break;
	case FIPS_FSP_SHORT:
	case FIPS_FSP_VERSION:
	case FIPS_FSP_PHASE:
		fips_count(n, FIPS_NODE_DATAGRAM);
		break;
	}
}

void fips_node_body(struct fips_node *n, const struct fips_input *in)
{
	struct fips_session *s = fips_session_find(n, &in->peer);

	if (!s || !in->key ||
	    (in->key != s->current.id && in->key != s->pending.id && in->key != s->previous.id)) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	if (in->len == 0 || in->len - 1 < fips_fsp_body_min(in->bytes[0])) {
		fips_count(n, FIPS_NODE_BODY);
		return;
	}
	switch (in->bytes[0]) {
	case FIPS_FSP_DATA: /* to a port nobody serves */
	case FIPS_FSP_SENDER_REPORT:
	case FIPS_FSP_COORDS_WARMUP: break;
	case FIPS_FSP_RECEIVER_REPORT: fips_session_report(n, s, in); break;
	case FIPS_FSP_PATH_MTU: fips_session_mtu_claimed(n, s, in); break;
	default: fips_count(n, FIPS_NODE_BODY); break;
	}
}
