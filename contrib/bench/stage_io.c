/* stage_io.c - the stages that read and write, over real sockets of the loopback device and, in the
 * place of the TUN device, pairs of sockets (t/lib/tun_pair.h) with a struct virtio_net_hdr before
 * each packet; see stage.h.
 *
 *     rx          `size` datagrams, sent before one by one                       recvmmsg
 *     rx-train    the same sent as one and cut by the kernel (UDP_SEGMENT)       recvmmsg
 *     tx-gso      a vector for one target, whose socket takes messages whole     sendmmsg
 *     tun-read    one packet, super-packets of 16 and 48 segments                readv
 *     tun-write   as many packets of one TCP stream, written as one              writev
 *
 * The system call is part of what is measured, and so is all that the kernel does inside it: on
 * loopback the datagrams' way to the receiving socket. */

#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contrib/bench/stage.h"
#include "core/wire.h"
#include "stages/lib/tun.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"
#include "stages/tun-read/split.h"
#include "t/lib/craft.h"
#include "t/lib/ip6.h"
#include "t/lib/tun_pair.h"

#define INDEX    70
#define OVERHEAD 77    /* bytes of a frame beside its IP packet */
#define HEAD     60    /* bytes of IPv6 and TCP header          */
#define UDP_MOST 65507 /* bytes that one message may have       */

extern const struct mr_kind mr_kind_rx, mr_kind_tx_gso, mr_kind_tun_read, mr_kind_tun_write;

/* ---- sockets ---- */

static void send_bytes(const struct io *io, const uint8_t *bytes, size_t n)
{
	const struct fips_via *to = &io->rx_via;

	if (sendto(io->from, bytes, n, 0, (const struct sockaddr *)(const void *)to->sock,
	           to->len) != (ssize_t)n)
		stage_failed("rx", "was sent less than it should be");
}

static void segment(int fd, int bytes)
{
	if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &bytes, sizeof bytes))
		stage_failed("rx-train", "wants a kernel with UDP_SEGMENT");
}

/* What has come by a descriptor goes; returns how many bytes. */
static size_t read_empty(struct io *io, int fd)
{
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, io->buffer, sizeof io->buffer)) > 0)
		all += (size_t)n;
	return all;
}

/* ---- rounds ---- */

enum { SINGLE, TRAIN };

static void receive(const struct subject *s, unsigned size, struct samples *to)
{
	struct io *io = s->of;

	/* rx does not look behind the header */
	for (unsigned i = 0; i < size; i++) {
		uint8_t *frame = io->buffer + (size_t)i * io->frame;

		memset(frame, 0, FIPS_LINK_HEAD);
		mr_to_le16(frame + 2, (uint16_t)(io->frame - FIPS_LINK_HEAD - FIPS_TAG));
		mr_to_le32(frame + 4, INDEX);
	}
	segment(io->from, s->at == TRAIN ? (int)io->frame : 0);
	if (s->at == TRAIN)
		send_bytes(io, io->buffer, (size_t)size * io->frame);
	for (unsigned i = 0; s->at == SINGLE && i < size; i++)
		send_bytes(io, io->buffer + (size_t)i * io->frame, io->frame);
	stage_sample(to, stage_pull(s->rig));
	stage_drain(s->rig, s->output, size);
}

static void send_on(const struct subject *s, unsigned size, struct samples *to)
{
	struct io *io = s->of;
	struct mr_vector v = { 0 };

	for (unsigned i = 0; i < size; i++) {
		struct mr_pkt *p = stage_packet(s->rig, io->buffer, io->frame);

		*mr_pkt_via(p) = io->tx_via;
		mr_vector_add(&v, p);
	}
	stage_sample(to, stage_call(s->rig, 0, &v));
	if (read_empty(io, io->to) != (size_t)size * io->frame)
		stage_failed(s->name, "sent something else");
}

/* A packet of one TCP stream from us, as the device says it: to be cut into `size` segments. */
static size_t super_packet(struct io *io, unsigned size, uint32_t seq)
{
	uint32_t each = io->bytes - HEAD;
	const struct ip6 p = { .from = 1, .to = 2, .sport = 5201, .dport = 40000, .seq = seq,
		               .flags = IP6_ACK, .hops = 64, .payload = size * each };
	const struct virtio_net_hdr device = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 40, .csum_offset = 16,
		.gso_size = size > 1 ? (uint16_t)each : 0,
		.gso_type = size > 1 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_NONE,
	};
	uint8_t *ip = io->buffer + sizeof device;
	size_t n = ip6_make(ip, &p);

	memcpy(io->buffer, &device, sizeof device);
	mr_to_be16(ip + 40 + device.csum_offset, ip6_pseudo(ip, (uint32_t)n - 40));
	return sizeof device + n;
}

static void read_device(const struct subject *s, unsigned size, struct samples *to)
{
	struct io *io = s->of;
	size_t n = super_packet(io, size, 0);

	if (write(io->reader_end, io->buffer, n) != (ssize_t)n)
		stage_failed(s->name, "was given less than it should be");
	stage_sample(to, stage_pull(s->rig));
	stage_drain(s->rig, s->output, size);
}

static void write_device(const struct subject *s, unsigned size, struct samples *to)
{
	struct io *io = s->of;
	struct mr_vector v = { 0 };
	size_t want = sizeof(struct virtio_net_hdr) + HEAD + (size_t)size * (io->bytes - HEAD);

	for (unsigned i = 0; i < size; i++) {
		const struct ip6 p = { .from = 2, .to = 1, .sport = 40000, .dport = 5201,
			               .seq = i * (io->bytes - HEAD), .flags = IP6_ACK, .hops = 64,
			               .payload = io->bytes - HEAD };

		mr_vector_add(&v, stage_packet(s->rig, io->buffer, ip6_make(io->buffer, &p)));
	}
	stage_sample(to, stage_call(s->rig, 0, &v));
	if (read_empty(io, io->writer_end) != want)
		stage_failed(s->name, "wrote something else");
}

/* ---- opening ---- */

static void open_sockets(struct io *io)
{
	int on = 1;

	io->rx = rig_open(&mr_kind_rx, "{}", CRAFT_NODE(CRAFT_B, CRAFT_UDP));
	io->tx = rig_open(&mr_kind_tx_gso, "{}", CRAFT_NODE(CRAFT_A, CRAFT_UDP));
	craft_bound(((const struct mr_udp *)rig_use(io->rx, &mr_resource_udp))->socket[0].fd,
	            &io->rx_via);
	craft_index(io->rx, INDEX, &craft_a, 5, &io->recv, &io->key);
	io->from = craft_socket(AF_INET, &(struct fips_via){ 0 });
	io->to = craft_socket(AF_INET, &io->tx_via);
	if (setsockopt(io->to, SOL_UDP, UDP_GRO, &on, sizeof on))
		stage_failed("tx-gso", "wants a kernel with UDP_GRO");
}

/* A read is one call: what a second one, that finds nothing, costs is not looked at. */
static void open_device(struct io *io)
{
	char node[256];

	snprintf(node, sizeof node, "{" TUN_IDENTITY ",\"tun\":{\"mtu\":%u}}",
	         io->bytes > 1280 ? io->bytes : 1280);
	io->reader = rig_open(&mr_kind_tun_read, "{\"batch\":1}", node);
	io->writer = rig_open(&mr_kind_tun_write, "{}", node);
	io->reader_end = tun_pair_become(io->reader);
	io->writer_end = tun_pair_become(io->writer);
	((struct mr_tun *)rig_use(io->reader, &mr_resource_tun))->vnet = true;
	((struct mr_tun *)rig_use(io->writer, &mr_resource_tun))->vnet = true;
}

unsigned io_open(struct io *io, unsigned bytes, struct subject *subject)
{
	unsigned train, n = 0;

	io->bytes = bytes;
	io->frame = bytes + OVERHEAD;
	train = UDP_MOST / io->frame < 48 ? UDP_MOST / io->frame : 48;
	open_sockets(io);
	open_device(io);
	subject[n++] = (struct subject){ "rx", { 1, 16, 64 }, "frames", "receive-calls", io->rx,
		                         receive, io, SINGLE };
	subject[n++] = (struct subject){ "rx-train", { 1, 16, train }, "frames", "receive-calls",
		                         io->rx, receive, io, TRAIN };
	subject[n++] = (struct subject){ "tx-gso", { 1, 16, 64 }, NULL, "send-calls", io->tx,
		                         send_on, io, 0 };
	subject[n++] = (struct subject){ "tun-read", { 1, 16, 48 }, "ip", "read-calls", io->reader,
		                         read_device, io, 0 };
	subject[n++] = (struct subject){ "tun-write", { 1, 16, 48 }, NULL, "write-calls",
		                         io->writer, write_device, io, 0 };
	return n;
}

void io_close(struct io *io)
{
	const int fd[] = { io->from, io->to, io->reader_end, io->writer_end };

	rig_close(io->rx);
	rig_close(io->tx);
	rig_close(io->reader);
	rig_close(io->writer);
	for (size_t i = 0; i < sizeof fd / sizeof *fd; i++)
		close(fd[i]);
}
