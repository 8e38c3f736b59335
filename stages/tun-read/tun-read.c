/* tun-read - read IPv6 packets of local programs from the TUN device.
 *
 *   ip   one packet a read, with room in front for both layers of headers and behind for their tags
 *
 * Also gives the device its address and route when it opens, since it is the first to know both. */

#include <errno.h>
#include <unistd.h>

#include "core/stage.h"
#include "fips/path/ip.h"
#include "fips/wire/shim.h"
#include "stages/lib/mesh.h"
#include "stages/lib/tun.h"
#include "stages/lib/words.h"

#define REST MR_NS_PER_S /* a device whose read fails is left alone for so long */

enum { IP };
enum { TOO_BIG };
enum { CALLS, ERRORS };

struct tun_read {
	uint32_t       batch; /* packets a pull reads at most; const after open      */
	struct mr_tun *tun;   /* borrowed */
	const struct mr_mesh *mesh; /* borrowed */
	int            watch; /* of the device; -1 without one                       */
	struct mr_pkt *spare; /* a packet that found nothing to read, or NULL        */
	uint64_t       rest;  /* ns, when to try a failed device again; or MR_NEVER  */
};

static const struct mr_field tun_read_fields[] = {
	{ "batch", MR_U32, MR_AT(struct tun_read, batch), .min = 1, .max = MR_VECTOR,
	  .def = MR_VECTOR, .unit = "packets", .help = "packets read before they are handed on" },
	{ 0 }
};

static int tun_read_open(void *self, struct mr_setup *s)
{
	struct tun_read *tr = self;

	tr->tun = s->use[0];
	tr->mesh = s->use[1];
	tr->watch = -1;
	tr->rest = MR_NEVER;
	if (tr->tun->fd < 0)
		return 0;
	if (mr_tun_configure(tr->tun, tr->mesh->own_ip, s))
		return -1;
	tr->watch = mr_setup_watch(s, tr->tun->fd, MR_WATCH_READ);
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
	if (error != EAGAIN) {
		mr_count(t, ERRORS, 1);
		tr->rest = t->now + REST;
		set_watch(tr, 0, t);
	}
	return false;
}

/* Who the packet is for picks the replica of what comes next; route finds out whether there is such
 * a destination.  What is no IPv6 packet goes to any. */
static uint64_t far_of(const struct tun_read *tr, const struct mr_pkt *p)
{
	if (p->len < FIPS_IPV6_HEAD)
		return MR_NO_HANDLE;
	return mr_table_unresolved(tr->mesh->routes, fips_ip_dest_key(p->data));
}

/* One byte more than the MTU is asked for: a packet that has it would have been cut. */
static void one_read(const struct tun_read *tr, struct mr_pkt *p, size_t n, struct mr_turn *t)
{
	p->len = (uint32_t)n;
	p->stamp = t->now;
	p->mark = MR_SHAPE_IP;
	p->far = far_of(tr, p);
	mr_made(t, 1);
	if (n > tr->tun->mtu)
		mr_drop(t, TOO_BIG, p);
	else
		mr_emit(t, IP, p);
}

static bool tun_read_pull(void *self, struct mr_turn *t)
{
	struct tun_read *tr = self;

	for (unsigned i = 0; i < tr->batch; i++) {
		struct mr_pkt *p = tr->spare ? tr->spare : mr_spare(t);
		ssize_t n;

		tr->spare = NULL;
		if (!p)
			return false;
		mr_count(t, CALLS, 1);
		n = read(tr->tun->fd, p->data, tr->tun->mtu + 1);
		if (n <= 0) {
			tr->spare = p;
			return nothing_read(tr, n < 0 ? errno : EIO, t);
		}
		one_read(tr, p, (size_t)n, t);
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
}

static void tun_read_flush(void *self, struct mr_turn *t)
{
	struct tun_read *tr = self;

	if (tr->spare)
		mr_free(t, tr->spare);
	tr->spare = NULL;
}

const struct mr_kind mr_kind_tun_read = {
	.abi = MR_ABI, .name = "tun-read", .summary = "read IPv6 packets from the TUN device",
	.size = sizeof(struct tun_read), .fields = tun_read_fields,
	.uses = (const struct mr_resource *const[]){ &mr_resource_tun, &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){ { "ip", .view = "IPv6 packet", .plaintext = true }, { 0 } },
	.drops = (const struct mr_named[]){
		{ "too-big", .help = "larger than the MTU the device was given" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "read-calls", .help = "read calls on the device" },
		{ "read-errors", .help = "reads that failed" },
		{ 0 } },
	.once = true, .makes = true, .keeps = 1, .single = true,
	.affinities = 1 << MR_ANY,
	.open = tun_read_open, .pull = tun_read_pull, .deadline = tun_read_deadline,
	.timeout = tun_read_timeout, .flush = tun_read_flush,
};
