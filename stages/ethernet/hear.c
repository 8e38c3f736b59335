/* hear.c - one receive call: frames, and beacons; see ethernet.h. */

#include <errno.h>
#include <string.h>

#include "stages/ethernet/ethernet.h"
#include "stages/lib/sort.h"

/* ---- the call ---- */

static unsigned fill_up(struct eth *eth, struct mr_turn *t)
{
	struct mr_pkt *p;

	while (eth->spares < MR_VECTOR && (p = mr_spare(t)))
		eth->spare[eth->spares++] = p;
	return eth->spares;
}

static int receive(struct eth *eth, const struct mr_ether_socket *sock, unsigned want,
                   struct mr_turn *t)
{
	for (unsigned i = 0; i < want; i++) {
		struct mr_pkt *p = eth->spare[eth->spares - 1 - i];

		eth->iov[i][0] = (struct iovec){ .iov_base = p->data, .iov_len = eth->view };
		eth->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &eth->name[i], .msg_namelen = sizeof eth->name[i],
			.msg_iov = eth->iov[i], .msg_iovlen = 1,
			.msg_control = eth->ancillary[i], .msg_controllen = ETH_ANCILLARY,
		};
	}
	mr_count(t, ETH_RECEIVE_CALLS, 1);
	return recvmmsg(sock->fd, eth->msg, want, MSG_DONTWAIT, NULL);
}

static void note_lost(struct eth *eth, struct mr_ether_socket *sock, struct msghdr *h,
                      struct mr_turn *t)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		uint32_t lost;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&lost, CMSG_DATA(c), sizeof lost);
		mr_count(t, ETH_OVERFLOWS, lost - sock->lost);
		atomic_fetch_add_explicit(&eth->ether->overflows, (uint32_t)(lost - sock->lost),
		                          memory_order_relaxed);
		sock->lost = lost;
	}
}

/* ---- what came ---- */

/* Who it is may be dialled; control is told of so many a second and no more, whoever sends them. */
static void beacon(struct eth *eth, unsigned socket, const struct mr_pkt *p, const uint8_t *mac,
                   struct mr_turn *t)
{
	const struct mr_ether_conf *conf = eth->ether->socket[socket].conf;
	const uint8_t *key = p->data + FIPS_BEACON_AT_KEY;
	struct mr_event event = { .kind = MR_EV_FOUND, .a = MR_VIA_ETHER + socket };

	mr_count(t, ETH_BEACONS_HEARD, 1);
	if (!conf->listen || !conf->discovery || !conf->auto_connect ||
	    !memcmp(key, eth->mesh->me.pub + 1, FIPS_BEACON_KEY) ||
	    !fips_bucket_take(&eth->found, t->now))
		return;
	memcpy(&event.b, mac, MR_ETHER_MAC);
	memcpy(event.bytes, key, FIPS_BEACON_KEY);
	mr_count(t, ETH_FOUND, 1);
	mr_tell(t, &event);
}

static const struct mr_sorting sorting = {
	.frames = ETH_FRAMES, .handshakes = ETH_HANDSHAKES, .unknown = ETH_UNKNOWN_INDEX,
	.bad = { ETH_SHORT, ETH_PUNCH, ETH_VERSION, ETH_PHASE, ETH_LENGTH, ETH_FLAGS },
};

/* One Ethernet frame.  What was sent to others, and we see because the interface is made to, is not
 * for us; nor is anything to all but a beacon.  Who gives a group's address as his own is nobody:
 * an answer would go to all. */
static void take(struct eth *eth, unsigned socket, struct mr_pkt *p, const struct sockaddr_ll *from,
                 const struct fips_index_entry **last, struct mr_turn *t)
{
	static const unsigned drop[] = {
		[FIPS_ETHER_SHORT] = ETH_RUNT,
		[FIPS_ETHER_LONG] = ETH_LONG,
		[FIPS_ETHER_KIND] = ETH_KIND,
		[FIPS_ETHER_VERSION] = ETH_BEACON_VERSION,
	};
	bool to_all =
		from->sll_pkttype == PACKET_BROADCAST || from->sll_pkttype == PACKET_MULTICAST;
	bool from_group = from->sll_addr[0] & 1;
	uint16_t len;
	enum fips_ether kind =
		fips_ether_check(p->data, p->len, eth->ether->socket[socket].most, &len);

	p->stamp = t->now;
	if ((from->sll_pkttype != PACKET_HOST && !to_all) || (kind == FIPS_ETHER_DATA && to_all) ||
	    from_group) {
		mr_drop(t, ETH_CAST, p);
	} else if (kind == FIPS_ETHER_BEACON) {
		beacon(eth, socket, p, from->sll_addr, t);
		mr_take(t, p);
	} else if (kind != FIPS_ETHER_DATA) {
		mr_drop(t, drop[kind], p);
	} else {
		struct fips_via *via = mr_pkt_via(p);

		*via = (struct fips_via){ .instance = (uint16_t)(MR_VIA_ETHER + socket),
			                  .len = MR_ETHER_MAC };
		memcpy(via->sock, from->sll_addr, MR_ETHER_MAC);
		mr_pkt_pull(p, FIPS_ETHER_HEAD);
		mr_pkt_trim(p, len);
		p->mark = MR_SHAPE_FRAME;
		mr_sort(&sorting, eth->mesh, p, last, t);
	}
}

bool eth_hear(struct eth *eth, unsigned socket, struct mr_turn *t)
{
	struct mr_ether_socket *sock = &eth->ether->socket[socket];
	const struct fips_index_entry *last = NULL;
	unsigned want = fill_up(eth, t), got;
	struct mr_pkt *pkt[MR_VECTOR];
	int n = want ? receive(eth, sock, want, t) : 0;

	/* one that says that the interface is down is said once, and costs no frame */
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		mr_count(t, ETH_RECEIVE_ERRORS, 1);
		eth_doubt(sock, t);
	}
	got = n > 0 ? (unsigned)n : 0;
	mr_made(t, got);
	for (unsigned i = 0; i < got; i++)
		pkt[i] = eth->spare[--eth->spares];
	for (unsigned i = 0; i < got; i++) {
		note_lost(eth, sock, &eth->msg[i].msg_hdr, t);
		mr_pkt_put(pkt[i], eth->msg[i].msg_len);
		take(eth, socket, pkt[i], &eth->name[i], &last, t);
	}
	return want && got == want;
}
