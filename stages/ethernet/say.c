/* say.c - frames and beacons into packet sockets; see ethernet.h. */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "stages/ethernet/ethernet.h"

static struct sockaddr_ll to(const struct mr_ether_socket *sock, const uint8_t mac[MR_ETHER_MAC])
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET, .sll_ifindex = sock->index,
		                    .sll_protocol = htons((uint16_t)sock->conf->ethertype),
		                    .sll_halen = MR_ETHER_MAC };

	memcpy(name.sll_addr, mac, MR_ETHER_MAC);
	return name;
}

/* What goes in front of each frame is written beside it: a slice may have no room for it. */
static void describe(struct eth *eth, const struct mr_ether_socket *sock, struct mr_pkt *const *pkt,
                     unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fips_ether_head_build(eth->head[i], (uint16_t)pkt[i]->len);
		eth->name[i] = to(sock, mr_pkt_via(pkt[i])->sock);
		eth->iov[i][0] =
			(struct iovec){ .iov_base = eth->head[i], .iov_len = FIPS_ETHER_HEAD };
		eth->iov[i][1] = (struct iovec){ .iov_base = pkt[i]->data, .iov_len = pkt[i]->len };
		eth->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &eth->name[i], .msg_namelen = sizeof eth->name[i],
			.msg_iov = eth->iov[i], .msg_iovlen = 2,
		};
	}
}

static void took(struct mr_pkt *const *pkt, unsigned n, struct mr_turn *t)
{
	struct mr_vector gone = { .n = n };

	memcpy(gone.pkt, pkt, n * sizeof *pkt);
	mr_transit(t, &gone);
	for (unsigned i = 0; i < n; i++)
		mr_take(t, pkt[i]);
}

void eth_say(struct eth *eth, unsigned socket, struct mr_pkt *const *pkt, unsigned n,
             struct mr_turn *t)
{
	struct mr_ether_socket *sock = &eth->ether->socket[socket];
	unsigned at = 0;

	describe(eth, sock, pkt, n);
	while (at < n) {
		int sent = sendmmsg(sock->fd, eth->msg + at, n - at, MSG_DONTWAIT);

		mr_count(t, ETH_SEND_CALLS, 1);
		if (sent > 0) {
			took(pkt + at, (unsigned)sent, t);
			at += (unsigned)sent;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			while (at < n)
				mr_drop(t, ETH_FULL, pkt[at++]);
		} else if (errno != EINTR) { /* it is the first one's, and the others go on */
			eth_doubt(sock, t);
			mr_drop(t, errno == EMSGSIZE ? ETH_TOO_BIG : ETH_SEND_ERROR, pkt[at++]);
		}
	}
}

void eth_announce(struct eth *eth, unsigned socket, struct mr_turn *t)
{
	static const uint8_t all[MR_ETHER_MAC] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct mr_ether_socket *sock = &eth->ether->socket[socket];
	struct sockaddr_ll name = to(sock, all);
	uint8_t bytes[FIPS_BEACON_LEN];
	ssize_t sent;

	fips_beacon_build(bytes, eth->mesh->me.pub + 1);
	sent = sendto(sock->fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&name,
	              sizeof name);
	mr_count(t, sent == sizeof bytes ? ETH_BEACONS_SENT : ETH_BEACONS_FAILED, 1);
	if (sent < 0)
		eth_doubt(sock, t);
	sock->beacon_at = t->now + sock->conf->beacon * MR_NS_PER_S;
}
