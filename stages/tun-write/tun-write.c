/* tun-write - write IPv6 packets to the TUN device, in arrival order.
 *
 *   ip   packets for local programs: opened ones, answers of our own, packets to ourselves */

#include <errno.h>
#include <linux/virtio_net.h>
#include <sys/uio.h>

#include "core/stage.h"
#include "stages/lib/tun.h"
#include "stages/lib/words.h"

enum { NO_DEVICE, DEVICE_FULL, DEVICE_ERROR };
enum { CALLS };

struct tun_write {
	struct mr_tun *tun; /* borrowed */
};

static int tun_write_open(void *self, struct mr_setup *s)
{
	struct tun_write *tw = self;

	tw->tun = s->use[0];
	return 0;
}

/* The device takes a packet whole or not at all. */
static int write_one(const struct tun_write *tw, const struct mr_pkt *p, struct mr_turn *t)
{
	struct virtio_net_hdr device = { .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	struct iovec piece[2] = {
		{ .iov_base = &device, .iov_len = sizeof device },
		{ .iov_base = p->data, .iov_len = p->len },
	};
	unsigned first = tw->tun->vnet ? 0 : 1;
	ssize_t n;

	do {
		mr_count(t, CALLS, 1);
		n = writev(tw->tun->fd, &piece[first], (int)(2 - first));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static void tun_write_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct tun_write *tw = self;
	struct mr_vector gone = { .n = 0 };

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		int error = tw->tun->fd < 0 ? ENODEV : write_one(tw, p, t);

		if (error == 0)
			mr_vector_add(&gone, p);
		else if (error == ENODEV)
			mr_drop(t, NO_DEVICE, p);
		else if (error == EAGAIN || error == ENOBUFS)
			mr_drop(t, DEVICE_FULL, p);
		else
			mr_drop(t, DEVICE_ERROR, p);
	}
	mr_transit(t, &gone);
	for (unsigned i = 0; i < gone.n; i++)
		mr_take(t, gone.pkt[i]);
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
		{ 0 } },
	.once = true, .single = true, .affinities = 1 << MR_ANY,
	.open = tun_write_open, .process = tun_write_process,
};
