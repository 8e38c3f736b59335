/* chain_bench.c - nodes' halves, and packets that move between them; see chain_bench.h. */
#include "t/stages/chain_bench.h"

#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/vectors.h"

const struct fips_via via_a = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };
const struct fips_via via_b = { .len = 16, .sock = { 2, 0, 8, 73, 11 } };
const struct fips_via via_t = { .len = 16, .sock = { 2, 0, 8, 73, 12 } };

void way_open(struct way *w, const struct mr_aead *p, uint8_t secret, uint32_t index)
{
	uint8_t key[MR_AEAD_KEY] = { secret };

	w->keys = keys_open(p, key, secret, index);
	fips_link_recv_init(&w->link, &via_a);
	w->link.sending = secret;
	fips_session_recv_init(&w->session);
	fips_session_install(&w->session, &w->keys->recv, 0);
}

struct sender sender_open(const char *node)
{
	return (struct sender){ rig_open(&mr_kind_fsp_seal, "{}", node),
		                rig_open(&mr_kind_fmp_seal, "{}", node) };
}

struct receiver receiver_open(const char *node)
{
	return (struct receiver){ rig_open(&mr_kind_fmp_open, "{}", node),
		                  rig_open(&mr_kind_fsp_open, "{}", node) };
}

/* ---- moving packets ---- */

static bool slices;

void as_slices(void)
{
	slices = true;
}

unsigned inside(struct rig *from, const char *output, struct rig *to, const char *input)
{
	struct mr_pkt *p, *q;
	unsigned n = 0;

	for (; (p = rig_out(from, output)); n++) {
		q = p->slab == MR_NO_SLAB ? rig_feed(to, input, p->data, p->len) :
		                            rig_feed_slice(to, input, p->data, p->len,
		                                           mr_pkt_headroom(p), mr_pkt_tailroom(p));
		*mr_pkt_via(q) = *mr_pkt_via(p);
		q->near = p->near;
		q->far = p->far;
		q->limit = p->limit;
		q->mark = p->mark;
		q->flags = p->flags;
	}
	rig_run(to);
	return n;
}

struct mr_pkt *feed_frame(struct rig *to, const void *bytes, size_t n)
{
	return slices ? rig_feed_slice(to, "frames", bytes, n, 0, 0) :
	                rig_feed(to, "frames", bytes, n);
}

void arrive(struct rig *to, const struct mr_pkt *frame, const struct fips_via *via)
{
	*mr_pkt_via(feed_frame(to, frame->data, frame->len)) = *via;
}

unsigned wire(struct rig *from, struct rig *to, const struct fips_via *via)
{
	struct mr_pkt *p;
	unsigned n = 0;

	for (; (p = rig_out(from, "out")); n++)
		arrive(to, p, via);
	rig_run(to);
	return n;
}

void send_ip(struct sender *s, uint64_t link, uint64_t session, const void *ip, size_t n)
{
	struct mr_pkt *p = rig_feed(s->fsp, "bodies", ip, n);

	p->near = link;
	p->far = session;
	p->limit = 1472;
	p->mark = MR_SHAPE_IP;
}

void same_packet(const char *what, const struct mr_pkt *p, const void *want, size_t n)
{
	ck_assert_msg(p != NULL, "%s: nothing came", what);
	vectors_same(what, p->data, p->len, want, n);
}
