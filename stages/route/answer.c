/* answer.c - ICMPv6 errors for local programs whose packets go nowhere (session.md 5.5). */

#include "fips/path/icmp6.h"
#include "stages/lib/words.h"
#include "stages/route/route.h"

/* The answer is built into a packet of its own; without one, or without room on the way to the
 * device, the program is not told. */
static struct mr_pkt *blank(struct mr_turn *t)
{
	struct mr_pkt *a = mr_room(t, ROUTE_TUN) ? mr_spare(t) : NULL;

	if (a && mr_pkt_tailroom(a) < FIPS_ICMP6_MAX) {
		mr_free(t, a);
		return NULL;
	}
	return a;
}

static void emit_answer(struct mr_pkt *a, size_t n, struct mr_turn *t)
{
	if (!a)
		return;
	if (n == 0) {
		mr_free(t, a);
		return;
	}
	a->len = (uint32_t)n;
	a->mark = MR_SHAPE_IP;
	mr_made(t, 1);
	mr_count(t, ROUTE_ANSWERS, 1);
	mr_emit(t, ROUTE_TUN, a);
}

void mr_route_unreachable(struct route *r, struct mr_pkt *p, unsigned why, struct mr_turn *t)
{
	struct mr_pkt *a = blank(t);

	if (a)
		emit_answer(a, fips_icmp6_unreachable(a->data, p->data, p->len, r->mesh->own_ip),
		            t);
	mr_drop(t, why, p);
}

void mr_route_too_big(struct route *r, struct mr_pkt *p, uint16_t mtu, struct mr_turn *t)
{
	if (fips_icmp6_allow(&r->told, p->data, t->now)) {
		struct mr_pkt *a = blank(t);

		if (a)
			emit_answer(a, fips_icmp6_too_big(a->data, p->data, p->len, mtu), t);
	}
	mr_drop(t, ROUTE_TOO_BIG, p);
}
