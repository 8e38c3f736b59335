/* gather.c - packets of one socket become messages; see tx.h. */

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "core/clock.h"
#include "stages/tx-gso/tx.h"

/* Bytes of a message.  A datagram may have 65507 over IPv4 and 65487 over IPv6; but what is longer
 * than 64 KiB with all its headers is cut apart at once, so that nothing is gained. */
#define BYTES_MOST 65400

#define REFUSED_FOR (60 * MR_NS_PER_S)

/* ---- targets that take no segments ---- */

static bool is_refused(const struct tx *tx, const struct fips_via *via, uint64_t now)
{
	for (unsigned i = 0; i < tx->refusals; i++) {
		if (tx->refusal[i].until > now && fips_via_eq(&tx->refusal[i].via, via))
			return true;
	}
	return false;
}

/* One more, or in the place of the one that ends first: that costs a call that fails. */
void tx_refuse(struct tx *tx, const struct fips_via *via, uint64_t now)
{
	struct tx_refusal *r = &tx->refusal[0];

	if (tx->refusals < TX_REFUSALS)
		r = &tx->refusal[tx->refusals++];
	for (unsigned i = 0; i < tx->refusals; i++) {
		if (tx->refusal[i].until < r->until)
			r = &tx->refusal[i];
	}
	*r = (struct tx_refusal){ .via = *via, .until = now + REFUSED_FOR };
}

/* ---- target by target ---- */

/* Number of the target among those seen, which it becomes one of. */
static unsigned target_of(const struct fips_via *via, const struct fips_via **seen, unsigned *n,
                          unsigned last)
{
	if (*n && fips_via_eq(via, seen[last]))
		return last;
	for (unsigned i = 0; i < *n; i++) {
		if (fips_via_eq(via, seen[i]))
			return i;
	}
	seen[*n] = via;
	return (*n)++;
}

/* Bring packets of one target together.  Stable. */
static void sort_by_target(struct mr_pkt **w, unsigned n)
{
	const struct fips_via *seen[TX_WINDOW];
	struct mr_pkt *sorted[TX_WINDOW];
	unsigned of[TX_WINDOW], first[TX_WINDOW + 1] = { 0 }, targets = 0;
	bool mixed = false;

	for (unsigned i = 0; i < n; i++) {
		of[i] = target_of(mr_pkt_via(w[i]), seen, &targets, i ? of[i - 1] : 0);
		mixed |= i && of[i] < of[i - 1];
		first[of[i] + 1]++;
	}
	if (!mixed)
		return;
	for (unsigned i = 1; i < targets; i++)
		first[i] += first[i - 1];
	for (unsigned i = 0; i < n; i++)
		sorted[first[of[i]]++] = w[i];
	memcpy(w, sorted, n * sizeof *w);
}

/* ---- messages ---- */

/* Datagrams that can go as one message: one target, one size, the last may be shorter. */
static unsigned run(struct mr_pkt *const *w, unsigned n, unsigned most)
{
	const struct fips_via *via = mr_pkt_via(w[0]);
	uint32_t each = w[0]->len, bytes = each;
	unsigned i = 1;

	if (n > most)
		n = most;
	for (; i < n && w[i - 1]->len == each && w[i]->len <= each; i++) {
		bytes += w[i]->len;
		if (bytes > BYTES_MOST || !fips_via_eq(mr_pkt_via(w[i]), via))
			break;
	}
	return i;
}

/* How long each datagram is, for the kernel. */
static void put_note(struct msghdr *h, char note[TX_SEGMENT_NOTE], uint32_t each)
{
	uint16_t size = (uint16_t)each;
	struct cmsghdr *c;

	h->msg_control = note;
	h->msg_controllen = TX_SEGMENT_NOTE;
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof size);
	memcpy(CMSG_DATA(c), &size, sizeof size);
}

/* May a message for this target go in the call of those before it?  `last`: the target of those. */
static bool goes_along(const struct tx *tx, const struct fips_via *via, const struct fips_via *last)
{
	return !tx->udp->peers || fips_via_eq(via, last) ||
	       (!tx->to && !mr_udp_peer_of(tx->udp, via));
}

unsigned tx_gather(struct tx *tx, unsigned socket, unsigned at, uint64_t now)
{
	struct tx_line *line = &tx->line[socket];
	struct mr_pkt **w = line->wait + at;
	unsigned n = line->n - at < TX_WINDOW ? line->n - at : TX_WINDOW;
	unsigned most = tx->udp->socket[socket].segments, messages = 0;

	most = !tx->gso ? 1 : most > tx->segments ? tx->segments : most;
	if (most > 1 || tx->udp->peers)
		sort_by_target(w, n);
	tx->to = mr_udp_peer_of(tx->udp, mr_pkt_via(w[0]));
	for (unsigned i = 0, count; i < n; i += count, messages++) {
		struct fips_via *via = mr_pkt_via(w[i]);
		struct msghdr *h = &tx->msg[messages].msg_hdr;

		if (i && !goes_along(tx, via, mr_pkt_via(w[i - 1])))
			break;
		count = most <= 1 || is_refused(tx, via, now) ? 1 : run(w + i, n - i, most);
		for (unsigned k = i; k < i + count; k++)
			tx->iov[k] = (struct iovec){ .iov_base = w[k]->data, .iov_len = w[k]->len };
		*h = (struct msghdr){ .msg_iov = &tx->iov[i], .msg_iovlen = count };
		if (!tx->to) {
			h->msg_name = via->sock;
			h->msg_namelen = via->len;
		}
		if (count > 1)
			put_note(h, tx->note[messages], w[i]->len);
		tx->datagrams[messages] = count;
	}
	return messages;
}
