/* rx - read datagrams from the UDP sockets and sort them by their first bytes.
 *
 *   1. recvmmsg, as many as one vector holds
 *   2. prefix check: what is no FMP packet dies here
 *   3. the receiver index is looked up: unknown ones die here, before any ring or cryptography
 *
 *   frames      established frames of a live key
 *   handshakes  handshake packets, and frames of a key that a handshake under way will bring: they
 *               take its road, so that they cannot overtake it
 *
 * The source address of each datagram, as the kernel reports it, lies in the packet's side area. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/stage.h"
#include "fips/wire/link.h"
#include "stages/lib/mesh.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"

enum { FRAMES, HANDSHAKES };
enum { SHORT, PUNCH, VERSION, PHASE, LENGTH, FLAGS, TRUNCATED, UNKNOWN_INDEX };
enum { CALLS, OVERFLOWS, ERRORS };

struct rx {
	uint32_t        batch;  /* datagrams a call asks for; const after open           */
	struct mr_udp  *udp;    /* borrowed */
	struct mr_mesh *mesh;   /* borrowed */
	uint32_t        view;   /* bytes a datagram may have                             */
	unsigned        next;   /* socket to begin with in the next pull                 */
	unsigned        spares; /* packets ready to be filled, [0, batch]                */
	struct mr_pkt  *spare[MR_VECTOR];
	struct mmsghdr  msg[MR_VECTOR];
	struct iovec    iov[MR_VECTOR];
	_Alignas(8) char ancillary[CMSG_SPACE(sizeof(uint32_t))];
};

static const struct mr_field rx_fields[] = {
	{ "batch", MR_U32, MR_AT(struct rx, batch), .min = 1, .max = MR_VECTOR, .def = MR_VECTOR,
	  .unit = "datagrams", .help = "datagrams one system call asks for" },
	{ 0 }
};

static int rx_open(void *self, struct mr_setup *s)
{
	struct rx *rx = self;

	rx->udp = s->use[0];
	rx->mesh = s->use[1];
	rx->view = s->view_max;
	for (unsigned i = 0; i < rx->udp->n; i++) {
		if (mr_setup_watch(s, rx->udp->socket[i].fd, MR_WATCH_READ) < 0)
			return -1;
	}
	return 0;
}

static void fill_spares(struct rx *rx, struct mr_turn *t)
{
	while (rx->spares < rx->batch) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			return;
		rx->spare[rx->spares++] = p;
	}
}

/* One receive call.  Returns the number of datagrams; the overflow count comes with the first. */
static unsigned receive(struct rx *rx, const struct mr_udp_socket *sock, struct mr_turn *t)
{
	int n;

	for (unsigned i = 0; i < rx->spares; i++) {
		struct mr_pkt *p = rx->spare[i];
		struct fips_via *via = mr_pkt_via(p);

		memset(via, 0, sizeof *via);
		rx->iov[i] = (struct iovec){ .iov_base = p->data, .iov_len = rx->view };
		rx->msg[i].msg_hdr = (struct msghdr){
			.msg_name = via->sock, .msg_namelen = sizeof via->sock,
			.msg_iov = &rx->iov[i], .msg_iovlen = 1,
		};
	}
	rx->msg[0].msg_hdr.msg_control = rx->ancillary;
	rx->msg[0].msg_hdr.msg_controllen = sizeof rx->ancillary;
	mr_count(t, CALLS, 1);
	n = recvmmsg(sock->fd, rx->msg, rx->spares, MSG_DONTWAIT, NULL);
	if (n >= 0)
		return (unsigned)n;
	/* an error left by an earlier send is consumed by this call and is nobody's packet */
	if (errno != EAGAIN && errno != EINTR)
		mr_count(t, ERRORS, 1);
	return 0;
}

static void count_overflow(struct rx *rx, unsigned socket, struct mr_turn *t)
{
	struct msghdr *m = &rx->msg[0].msg_hdr;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		uint32_t lost;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&lost, CMSG_DATA(c), sizeof lost);
		mr_count(t, OVERFLOWS, lost - rx->udp->socket[socket].lost);
		rx->udp->socket[socket].lost = lost;
	}
}

/* Emit or drop one datagram.  `last` remembers the entry of the run's index. */
static void sort(struct rx *rx, struct mr_pkt *p, const struct fips_index_entry **last,
                 struct mr_turn *t)
{
	enum fips_frame frame = fips_frame_check(p->data, p->len);
	const uint8_t *index = p->data + FIPS_LINK_PREFIX;

	if (frame == FIPS_FRAME_MSG1 || frame == FIPS_FRAME_MSG2) {
		mr_emit(t, HANDSHAKES, p);
		return;
	}
	if (frame != FIPS_FRAME_ESTABLISHED) {
		mr_drop(t, (unsigned)(frame - FIPS_FRAME_SHORT) + SHORT, p);
		return;
	}
	if (!*last || (*last)->index != mr_le32(index))
		*last = mr_table_find(rx->mesh->index, index);
	if (!*last) {
		mr_drop(t, UNKNOWN_INDEX, p);
		return;
	}
	p->near = (*last)->link;
	mr_emit(t, (*last)->live ? FRAMES : HANDSHAKES, p);
}

static void take_in(struct rx *rx, unsigned socket, unsigned n, struct mr_turn *t)
{
	const struct fips_index_entry *last = NULL;

	mr_made(t, n);
	for (unsigned i = 0; i < n; i++) {
		struct mr_pkt *p = rx->spare[i];
		struct fips_via *via = mr_pkt_via(p);

		via->instance = (uint16_t)socket;
		via->len = (uint16_t)rx->msg[i].msg_hdr.msg_namelen;
		p->len = rx->msg[i].msg_len;
		p->stamp = t->now;
		p->mark = MR_SHAPE_FRAME;
		if (rx->msg[i].msg_hdr.msg_flags & MSG_TRUNC)
			mr_drop(t, TRUNCATED, p);
		else
			sort(rx, p, &last, t);
	}
	rx->spares -= n;
	memmove(rx->spare, rx->spare + n, rx->spares * sizeof rx->spare[0]);
}

/* One socket a pull, in turn: one call emits at most one vector.  There is more when the batch was
 * full, or when another socket has not been asked since. */
static bool rx_pull(void *self, struct mr_turn *t)
{
	struct rx *rx = self;
	unsigned asked = 0, want, n = 0;

	fill_spares(rx, t);
	want = rx->spares;
	if (want == 0)
		return false;
	while (n == 0 && asked < rx->udp->n) {
		unsigned socket = rx->next;

		rx->next = (rx->next + 1) % rx->udp->n;
		asked++;
		n = receive(rx, &rx->udp->socket[socket], t);
		if (n) {
			count_overflow(rx, socket, t);
			take_in(rx, socket, n, t);
		}
	}
	return n == want || (n && asked < rx->udp->n);
}

static void rx_flush(void *self, struct mr_turn *t)
{
	struct rx *rx = self;

	while (rx->spares)
		mr_free(t, rx->spare[--rx->spares]);
}

const struct mr_kind mr_kind_rx = {
	.abi = MR_ABI, .name = "rx", .summary = "read datagrams from the UDP sockets",
	.size = sizeof(struct rx), .fields = rx_fields,
	.uses = (const struct mr_resource *const[]){ &mr_resource_udp, &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame of a live key" },
		{ "handshakes", .view = "handshake packet, or FMP frame of an expected key" },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "short", .help = "less than a prefix, or less than its phase needs" },
		{ "punch", .help = "NAT-punch probe" },
		{ "version", .help = "version nibble is not 0" },
		{ "phase", .help = "phase is none of 0, 1, 2" },
		{ "length", .help = "length field and datagram disagree" },
		{ "flags", .help = "flags set in a handshake packet" },
		{ "truncated", .help = "longer than any frame of ours" },
		{ "unknown-index", .help = "no key of ours goes by this receiver index" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "receive-calls", .help = "recvmmsg calls" },
		{ "socket-overflow", .help = "datagrams the kernel dropped for a full receive buffer" },
		{ "receive-errors", .help = "errors reported by a receive call" },
		{ 0 } },
	.once = true, .makes = true, .keeps = MR_VECTOR, .single = true,
	.affinities = 1 << MR_ANY,
	.open = rx_open, .pull = rx_pull, .flush = rx_flush,
};
