/* resend.c - handshake bytes are sent again at 1, 3, 7, 15 (and 31) s (link.md 6.3). */

#include "fips/node/parts.h"

void fips_resend_start(const struct fips_node *n, struct fips_resend *r)
{
	r->start = n->now;
	r->next = n->timers.resends ? n->now + fips_ms(n->timers.resend) : MR_NEVER;
	r->count = 0;
}

#define GAP_MAX (3600 * MR_NS_PER_S)

static uint64_t gap_after(const struct fips_node *n, unsigned sendings)
{
	uint64_t gap = fips_ms(n->timers.resend);

	while (sendings-- && gap < GAP_MAX)
		gap = gap * n->timers.backoff / 1000;
	return fips_sooner(gap, GAP_MAX);
}

/* Gaps count from when a sending was due, so that a late timer does not stretch the schedule;
 * what a long sleep missed is sent once. */
bool fips_resend_due(struct fips_node *n, struct fips_resend *r)
{
	if (n->now < r->next)
		return false;
	do {
		r->count++;
		r->next = r->count < n->timers.resends ? r->next + gap_after(n, r->count) :
		                                         MR_NEVER;
	} while (r->next <= n->now);
	return true;
}
