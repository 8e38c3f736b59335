/* tun-write - write IPv6 packets to the TUN device, each flow's in arrival order.
 *
 *   ip   packets for local programs: opened ones, answers of our own, packets to ourselves
 *
 * Where the device has offloads, the packets of a vector that make one super-packet are written as
 * one (merge.h), from where they lie: device header, first packet, payloads of the others. */

#include <errno.h>
#include <sys/uio.h>

#include "core/stage.h"
#include "fips/path/ip.h"
#include "stages/lib/tun.h"
#include "stages/lib/words.h"
#include "stages/tun-write/merge.h"

enum { NO_DEVICE, DEVICE_FULL, DEVICE_ERROR };
enum { CALLS, SUPERS, SEGMENTS, REFUSED };

struct tun_write {
	struct mr_tun   *tun; /* borrowed */
	struct mr_merge  merge;
	struct mr_vector gone; /* what the device has taken of this vector */
	struct iovec     piece[1 + MR_VECTOR];
};

static int tun_write_open(void *self, struct mr_setup *s)
{
	struct tun_write *tw = self;

	tw->tun = s->use[0];
	return 0;
}

/* ---- one call ---- */

/* The queue that a flow is written to is the one its answers come by (tun.h). */
static int queue_of(const struct mr_tun *tun, const uint8_t *ip, uint32_t len)
{
	return tun->fd[tun->queues > 1 ? fips_ip_flow(ip, len) % tun->queues : 0];
}

/* The device takes the packet, whose first len bytes are at ip, whole or not at all.
 * 0 or errno. */
static int write_pieces(const struct tun_write *tw, const uint8_t *ip, uint32_t len, unsigned n,
                        struct mr_turn *t)
{
	int fd = queue_of(tw->tun, ip, len);
	ssize_t done;

	do {
		mr_count(t, CALLS, 1);
		done = writev(fd, tw->piece, (int)n);
	} while (done < 0 && errno == EINTR);
	return done < 0 ? errno : 0;
}

static void went(struct tun_write *tw, struct mr_pkt *p, int error, struct mr_turn *t)
{
	if (error == 0)
		mr_vector_add(&tw->gone, p);
	else if (error == ENODEV)
		mr_drop(t, NO_DEVICE, p);
	else if (error == EAGAIN || error == ENOBUFS)
		mr_drop(t, DEVICE_FULL, p);
	else
		mr_drop(t, DEVICE_ERROR, p);
}

/* ---- packet by packet ---- */

static int write_one(struct tun_write *tw, const struct mr_pkt *p, struct mr_turn *t)
{
	struct virtio_net_hdr device = { .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	unsigned n = 0;

	if (tw->tun->vnet)
		tw->piece[n++] = (struct iovec){ .iov_base = &device, .iov_len = sizeof device };
	tw->piece[n++] = (struct iovec){ .iov_base = p->data, .iov_len = p->len };
	return write_pieces(tw, p->data, p->len, n, t);
}

static void write_each(struct tun_write *tw, const struct mr_vector *v, struct mr_turn *t)
{
	for (unsigned i = 0; i < v->n; i++)
		went(tw, v->pkt[i], tw->tun->queues == 0 ? ENODEV : write_one(tw, v->pkt[i], t), t);
}

/* ---- run by run ---- */

static int write_run(struct tun_write *tw, struct mr_merge_run *run, struct mr_turn *t)
{
	struct virtio_net_hdr device;
	const struct mr_merge_pkt *first = &tw->merge.pkt[run->first], *p = first;
	unsigned n = 0;

	mr_merge_finish(&tw->merge, run, &device);
	tw->piece[n++] = (struct iovec){ .iov_base = &device, .iov_len = sizeof device };
	tw->piece[n++] = (struct iovec){ .iov_base = p->ip, .iov_len = p->len };
	for (unsigned i = 1; i < run->n; i++) {
		p = &tw->merge.pkt[p->next];
		tw->piece[n++] = (struct iovec){ .iov_base = p->ip + p->head,
			                         .iov_len = mr_merge_payload(p) };
	}
	return write_pieces(tw, first->ip, first->len, n, t);
}

/* A kernel that does not know such a super-packet gets the packets one by one. */
static void run_went(struct tun_write *tw, const struct mr_merge_run *run,
                     const struct mr_vector *v, int error, struct mr_turn *t)
{
	bool refused = run->n > 1 && error == EINVAL;
	unsigned number = run->first;

	if (refused) {
		mr_count(t, REFUSED, 1);
		mr_merge_undo(&tw->merge, run);
	} else if (run->n > 1 && error == 0) {
		mr_count(t, SUPERS, 1);
		mr_count(t, SEGMENTS, run->n);
	}
	for (unsigned i = 0; i < run->n; i++) {
		struct mr_pkt *p = v->pkt[number];

		number = tw->merge.pkt[number].next;
		went(tw, p, refused ? write_one(tw, p, t) : error, t);
	}
}

static void write_runs(struct tun_write *tw, const struct mr_vector *v, struct mr_turn *t)
{
	mr_merge_begin(&tw->merge, tw->tun->uso);
	for (unsigned i = 0; i < v->n; i++)
		mr_merge_add(&tw->merge, v->pkt[i]->data, v->pkt[i]->len);
	for (unsigned i = 0; i < tw->merge.runs; i++) {
		struct mr_merge_run *run = &tw->merge.run[i];

		run_went(tw, run, v, write_run(tw, run, t), t);
	}
}

static void tun_write_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct tun_write *tw = self;

	(void)input;
	tw->gone.n = 0;
	if (tw->tun->queues > 0 && tw->tun->vnet)
		write_runs(tw, v, t);
	else
		write_each(tw, v, t);
	mr_transit(t, &tw->gone);
	for (unsigned i = 0; i < tw->gone.n; i++)
		mr_take(t, tw->gone.pkt[i]);
}

const struct mr_kind mr_kind_tun_write = {
	.abi = MR_ABI, .name = "tun-write", .summary = "write IPv6 packets to the TUN device",
	.size = sizeof(struct tun_write),
	.uses = (const struct mr_resource *const[]){ &mr_resource_tun, NULL },
	.inputs = (const struct mr_port[]){ { "ip", .view = "IPv6 packet" }, { 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.drops = (const struct mr_named[]){
		{ "no-device", .help = "there is no TUN device" },
		{ "device-full", .help = "the device takes nothing now" },
		{ "device-error", .help = "the device refused the packet" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "write-calls", .help = "write calls on the device" },
		{ "super-packets", .help = "writes of many packets as one" },
		{ "segments", .help = "packets that were written as part of one" },
		{ "refused", .help = "super-packets that the kernel did not know: written one by "
		                     "one" },
		{ 0 } },
	.once = true, .single = true, .takes = "delivered", .affinities = 1 << MR_ANY,
	.open = tun_write_open, .process = tun_write_process,
};
