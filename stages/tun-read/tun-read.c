/* tun-read - read IPv6 packets of local programs from the TUN device.
 *
 *   1. one readv, laid out for what is expected (layout.c)
 *   2. a packet by itself: its checksum is summed if that was left to us
 *   3. a super-packet: cut into its segments, each in a buffer of its own (split.c)
 *
 *   ip   packets, with room in front for both layers of headers and behind for their tags
 *
 * Segments for which a call has no room leave in the next.  Also gives the device its address and
 * route when it opens, since it is the first to know both. */

#include <errno.h>
#include <string.h>

#include "fips/path/ip.h"
#include "fips/wire/shim.h"
#include "stages/lib/words.h"
#include "stages/tun-read/tun-read.h"

#define REST    MR_NS_PER_S /* a device whose read fails is left alone for so long         */
#define PATIENT 16          /* reads of other sorts before no super-packet is expected     */

enum { IP };
enum { TOO_BIG, BAD_OFFLOAD };
enum { CALLS, ERRORS, SUPERS, SEGMENTS, MOVED };

static const struct mr_field tun_read_fields[] = {
	{ "batch", MR_U32, MR_AT(struct tun_read, batch), .min = 1, .max = MR_VECTOR,
	  .def = MR_VECTOR, .unit = "reads", .help = "reads before what they gave is handed on" },
	{ 0 }
};

static int tun_read_open(void *self, struct mr_setup *s)
{
	struct tun_read *tr = self;

	tr->tun = s->use[0];
	tr->mesh = s->use[1];
	tr->watch = -1;
	tr->rest = MR_NEVER;
	if (tr->tun->queues == 0)
		return 0;
	if (mr_tun_configure(tr->tun, tr->mesh->own_ip, s))
		return -1;
	tr->watch = mr_setup_watch(s, tr->tun->ready, MR_WATCH_READ);
	return tr->watch < 0 ? -1 : 0;
}

static void set_watch(const struct tun_read *tr, unsigned events, struct mr_turn *t)
{
	if (tr->watch >= 0)
		mr_watch(t, tr->watch, events);
}

/* A read brought nothing; true when another one may.  A device that somebody has taken away is
 * ready for ever and fails for ever: it rests. */
static bool nothing_read(struct tun_read *tr, int error, struct mr_turn *t)
{
	if (error == EINTR)
		return true;
	if (error == EAGAIN)
		return mr_tun_read_empty(tr);
	mr_count(t, ERRORS, 1);
	tr->rest = t->now + REST;
	set_watch(tr, 0, t);
	return false;
}

/* Who the packet is for picks the replica of what comes next; route finds out whether there is such
 * a destination.  What is no IPv6 packet goes to any. */
static uint64_t far_of(const struct tun_read *tr, const uint8_t *ip, size_t n)
{
	if (n < FIPS_IPV6_HEAD)
		return MR_NO_HANDLE;
	return mr_table_unresolved(tr->mesh->routes, fips_ip_dest_key(ip));
}

static void made(struct mr_pkt *p, size_t n, uint64_t far, struct mr_turn *t)
{
	p->len = (uint32_t)n;
	p->stamp = t->now;
	p->mark = MR_SHAPE_IP;
	p->far = far;
	mr_made(t, 1);
}

static void refuse(struct tun_read *tr, unsigned why, size_t n, struct mr_turn *t)
{
	struct mr_pkt *p = mr_tun_read_take(tr);

	made(p, n, MR_NO_HANDLE, t);
	mr_drop(t, why, p);
}

static void one_packet(struct tun_read *tr, size_t total, struct mr_turn *t)
{
	size_t first = mr_tun_read_first(tr, total);
	struct tun_queue *q = &tr->queue[tr->from];
	struct mr_pkt *p = tr->spare[0];

	if (++q->alone >= PATIENT)
		q->size = 0;
	if (total > tr->tun->mtu) {
		refuse(tr, TOO_BIG, first, t);
		return;
	}
	if (first < total) {
		mr_tun_read_join(tr, total);
		mr_count(t, MOVED, 1);
	}
	if (tr->tun->vnet && tr->device.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    !mr_split_sum(&tr->device, p->data, total)) {
		refuse(tr, BAD_OFFLOAD, total, t);
		return;
	}
	mr_tun_read_take(tr);
	made(p, total, far_of(tr, p->data, total), t);
	mr_emit(t, IP, p);
}

/* One that is refused counts as one packet. */
static void super_packet(struct tun_read *tr, size_t total, struct mr_turn *t)
{
	size_t first = mr_tun_read_first(tr, total);
	struct tun_queue *q = &tr->queue[tr->from];
	struct mr_split *s = &tr->split;

	tr->at = s->n = 0;
	mr_count(t, SUPERS, 1);
	if (!mr_split_begin(s, &tr->device, tr->spare[0]->data, first, total)) {
		s->n = 0;
		refuse(tr, BAD_OFFLOAD, first, t);
		return;
	}
	if (s->len + mr_split_payload(s, 0) > tr->tun->mtu) {
		s->n = 0;
		refuse(tr, TOO_BIG, first, t);
		return;
	}
	if (!mr_tun_read_place(tr, total))
		mr_count(t, MOVED, s->n);
	q->head = s->len;
	q->size = s->size;
	q->segments = s->n < MR_VECTOR ? s->n : MR_VECTOR;
	q->alone = 0;
}

/* There are segments: hand them on.  True: some are left, for want of room or of packets. */
static bool segments_left(struct tun_read *tr, struct mr_turn *t)
{
	uint64_t far = far_of(tr, tr->split.head, tr->split.len);
	struct mr_pkt *p;

	while (tr->at < tr->split.n && mr_room(t, IP) > 0) {
		p = mr_tun_read_next(tr, t);
		if (!p)
			break;
		made(p, mr_split_segment(&tr->split, tr->at++, p->data), far, t);
		mr_count(t, SEGMENTS, 1);
		mr_emit(t, IP, p);
	}
	return tr->at < tr->split.n;
}

/* False: nothing was read; *again when another try may bring something. */
static bool one_read(struct tun_read *tr, bool *again, struct mr_turn *t)
{
	size_t head = tr->tun->vnet ? sizeof tr->device : 0;
	ssize_t n;

	*again = false;
	if (!mr_tun_read_prepare(tr, t))
		return false;
	mr_count(t, CALLS, 1);
	n = readv(tr->tun->fd[tr->from], tr->piece, (int)tr->pieces);
	if (n <= (ssize_t)head) {
		*again = nothing_read(tr, n < 0 ? errno : EIO, t);
		return false;
	}
	mr_tun_read_gave(tr, (size_t)n);
	if (tr->tun->vnet && tr->device.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		super_packet(tr, (size_t)n - head, t);
	else
		one_packet(tr, (size_t)n - head, t);
	return true;
}

static bool tun_read_pull(void *self, struct mr_turn *t)
{
	struct tun_read *tr = self;
	bool again;

	if (tr->at < tr->split.n && segments_left(tr, t))
		return true;
	for (unsigned i = 0; i < tr->batch; i++) {
		const struct tun_queue *q;

		if (!mr_tun_read_choose(tr))
			return false;
		q = &tr->queue[tr->from];
		/* a super-packet that is expected leaves whole */
		if (mr_room(t, IP) < (q->size ? q->segments : 1))
			return true;
		if (!one_read(tr, &again, t)) {
			if (!again)
				return false;
			continue;
		}
		if (tr->at < tr->split.n && segments_left(tr, t))
			return true;
	}
	return true;
}

static uint64_t tun_read_deadline(void *self)
{
	const struct tun_read *tr = self;

	return tr->rest;
}

static void tun_read_timeout(void *self, struct mr_turn *t)
{
	struct tun_read *tr = self;

	tr->rest = MR_NEVER;
	set_watch(tr, MR_WATCH_READ, t);
	mr_pull_again(t);
}

/* What is left of a super-packet stays, unmade, as if the device had not been read so far. */
static void tun_read_flush(void *self, struct mr_turn *t)
{
	mr_tun_read_release(self, t);
}

static void tun_read_inherit(void *self, void *before)
{
	struct tun_read *tr = self, *old = before;

	if (old->at == old->split.n)
		return;
	tr->split = old->split;
	tr->at = old->at;
	memcpy(tr->whole, old->whole, sizeof tr->whole);
	old->at = old->split.n;
	tr->rest = 0; /* now */
}

const struct mr_kind mr_kind_tun_read = {
	.abi = MR_ABI, .name = "tun-read", .summary = "read IPv6 packets from the TUN device",
	.size = sizeof(struct tun_read), .fields = tun_read_fields,
	.uses = (const struct mr_resource *const[]){ &mr_resource_tun, &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){
		{ "ip", .view = "IPv6 packet", .plaintext = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "too-big", .help = "larger than the MTU the device was given" },
		{ "bad-offload", .help = "what the device leaves to do makes no sense, or is not "
		                         "for IPv6; a super-packet counts as one" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "read-calls", .help = "read calls on the device" },
		{ "read-errors", .help = "reads that failed" },
		{ "super-packets", .help = "reads that brought many packets as one" },
		{ "segments", .help = "packets cut from super-packets" },
		{ "moved", .help = "packets that did not lie where they were expected, and were "
		                   "copied" },
		{ 0 } },
	.once = true, .makes = true, .keeps = MR_VECTOR, .single = true,
	.affinities = 1 << MR_ANY,
	.open = tun_read_open, .pull = tun_read_pull, .deadline = tun_read_deadline,
	.timeout = tun_read_timeout, .flush = tun_read_flush,
	.inherit = tun_read_inherit,
};
