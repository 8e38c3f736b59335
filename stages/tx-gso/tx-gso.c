/* tx-gso - send frames through the UDP sockets, each to its own address.
 *
 *   frames   sealed frames from fmp-seal
 *   raw      handshake packets from control
 *
 * A vector goes out in as few sendmmsg calls as there are runs of one socket in it; every message
 * carries its own address, so mixed targets keep their order.  An error ends one message, not the
 * rest.  A socket that is full holds both inputs until it takes more: what was handed over before is
 * kept, in order. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/stage.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"

#define KEPT (4 * MR_VECTOR)

enum { IN_FRAMES, IN_RAW };
enum { NO_ADDRESS, TOO_BIG, REFUSED, SEND_ERROR, STOPPED };
enum { CALLS, FULL, RETRIES };

struct tx {
	struct mr_udp  *udp;  /* borrowed */
	int             watch[MR_UDP_MAX];
	unsigned        n;    /* packets waiting, [0, KEPT]                         */
	struct mr_pkt  *wait[KEPT];
	struct mmsghdr  msg[MR_VECTOR];
	struct iovec    iov[MR_VECTOR];
};

static int tx_open(void *self, struct mr_setup *s)
{
	struct tx *tx = self;

	tx->udp = s->use[0];
	for (unsigned i = 0; i < tx->udp->n; i++) {
		tx->watch[i] = mr_setup_watch(s, tx->udp->socket[i].fd, 0);
		if (tx->watch[i] < 0)
			return -1;
	}
	return 0;
}

/* Describe the run of waiting packets from `at` on that leave by one socket. */
static unsigned gather(struct tx *tx, unsigned at)
{
	unsigned instance = mr_pkt_via(tx->wait[at])->instance, n = 0;

	while (at + n < tx->n && n < MR_VECTOR) {
		struct mr_pkt *p = tx->wait[at + n];
		struct fips_via *via = mr_pkt_via(p);

		if (via->instance != instance)
			break;
		tx->iov[n] = (struct iovec){ .iov_base = p->data, .iov_len = p->len };
		tx->msg[n].msg_hdr = (struct msghdr){
			.msg_name = via->sock, .msg_namelen = via->len,
			.msg_iov = &tx->iov[n], .msg_iovlen = 1,
		};
		n++;
	}
	return n;
}

static int send_some(const struct tx *tx, unsigned instance, unsigned n, struct mr_turn *t)
{
	int sent;

	do {
		mr_count(t, CALLS, 1);
		sent = sendmmsg(tx->udp->socket[instance].fd, (struct mmsghdr *)(uintptr_t)tx->msg, n,
		                MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

static void took(struct tx *tx, unsigned at, unsigned n, struct mr_turn *t)
{
	struct mr_vector gone = { .n = n };

	memcpy(gone.pkt, &tx->wait[at], n * sizeof gone.pkt[0]);
	mr_transit(t, &gone);
	for (unsigned i = 0; i < n; i++)
		mr_take(t, gone.pkt[i]);
}

/* Errors that an earlier datagram may have met: the call that reports one has sent nothing, and
 * says nothing about the packet it was made for. */
static bool of_another(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void failed(const struct tx *tx, unsigned at, int error, struct mr_turn *t)
{
	mr_drop(t, of_another(error) ? REFUSED : error == EMSGSIZE ? TOO_BIG : SEND_ERROR,
	        tx->wait[at]);
}

/* Send what can be sent, in order; returns how many packets are done with.  *full is the socket
 * that takes no more, or -1. */
static unsigned send_waiting(struct tx *tx, int *full, struct mr_turn *t)
{
	bool again = false;
	unsigned at = 0;

	while (at < tx->n) {
		unsigned instance = mr_pkt_via(tx->wait[at])->instance;
		int sent = send_some(tx, instance, gather(tx, at), t);

		if (sent > 0) {
			took(tx, at, (unsigned)sent, t);
			at += (unsigned)sent;
			again = false;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			*full = (int)instance;
			break;
		} else if (of_another(errno) && !again) {
			mr_count(t, RETRIES, 1);
			again = true;
		} else {
			failed(tx, at++, errno, t);
			again = false;
		}
	}
	return at;
}

/* Send what waits.  A full socket leaves the rest waiting, and both inputs held. */
static void flush_waiting(struct tx *tx, struct mr_turn *t)
{
	int full = -1;
	unsigned done = send_waiting(tx, &full, t);

	tx->n -= done;
	memmove(tx->wait, tx->wait + done, tx->n * sizeof tx->wait[0]);
	if (full >= 0)
		mr_count(t, FULL, 1);
	for (unsigned i = 0; i < tx->udp->n; i++)
		mr_watch(t, tx->watch[i], (int)i == full ? MR_WATCH_WRITE : 0);
	mr_hold(t, IN_FRAMES, full >= 0);
	mr_hold(t, IN_RAW, full >= 0);
}

static void tx_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct tx *tx = self;
	unsigned before = tx->n;
	bool blocked = before > 0;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		const struct fips_via *via = mr_pkt_via(p);

		if (via->len == 0 || via->instance >= tx->udp->n)
			mr_drop(t, NO_ADDRESS, p);
		else if (tx->n == KEPT)
			mr_drop(t, SEND_ERROR, p);
		else
			tx->wait[tx->n++] = p;
	}
	if (!blocked)
		flush_waiting(tx, t);
	mr_keep(t, (int)tx->n - (int)before);
}

static bool tx_pull(void *self, struct mr_turn *t)
{
	struct tx *tx = self;
	unsigned before = tx->n;

	flush_waiting(tx, t);
	mr_keep(t, (int)tx->n - (int)before);
	return false;
}

/* Both inputs are alike. */
static unsigned tx_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct tx *tx = self;

	while (v->n < tx->n && v->n < MR_VECTOR) {
		v->pkt[v->n] = tx->wait[v->n];
		v->n++;
	}
	tx->n -= v->n;
	memmove(tx->wait, tx->wait + v->n, tx->n * sizeof tx->wait[0]);
	*input = IN_FRAMES;
	return v->n;
}

static void tx_flush(void *self, struct mr_turn *t)
{
	struct tx *tx = self;

	for (unsigned i = 0; i < tx->n; i++)
		mr_drop(t, STOPPED, tx->wait[i]);
	mr_keep(t, -(int)tx->n);
	tx->n = 0;
}

const struct mr_kind mr_kind_tx_gso = {
	.abi = MR_ABI, .name = "tx-gso", .summary = "send frames through the UDP sockets",
	.size = sizeof(struct tx),
	.uses = (const struct mr_resource *const[]){ &mr_resource_udp, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame with its transport address", .numbered = true },
		{ "raw", .view = "handshake packet with its transport address", .optional = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.drops = (const struct mr_named[]){
		{ "no-address", .help = "no transport address, or one of no socket" },
		{ "too-big", .help = "larger than the way out takes (EMSGSIZE)" },
		{ "refused", .help = "the target is unreachable, twice in a row" },
		{ "send-error", .help = "any other error of the send call" },
		{ "stopped", .help = "still waiting for a full socket when the node stopped, or without a "
		                     "place after a reload" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "send-calls", .help = "sendmmsg calls" },
		{ "socket-full", .help = "times a full socket made frames wait" },
		{ "retries", .help = "messages sent again after an error left by an earlier one" },
		{ 0 } },
	.once = true, .keeps = KEPT, .affinities = 1 << MR_ANY | 1 << MR_PEER,
	.shards = 1 << MR_PEER,
	.open = tx_open, .process = tx_process, .pull = tx_pull, .flush = tx_flush,
	.give = tx_give, .given_up = STOPPED,
};
