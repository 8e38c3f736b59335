/* session_mtu.c - the path MTU of sessions, in both directions (session.md 4.5).
 *
 *     us   envelope: first hop's MTU -->  each hop lowers it  -->  far end sees the path's
 *     us   <-- PathMtuNotification, sealed                    <--  and says so
 *
 * As source: what the far end or a signal claims changes what the route is told, and by it what
 * local programs are answered and how TCP is clamped (pmtu.h has the rules).
 *
 * As destination: the data threads note the path MTU of the last authenticated envelope.  It is
 * looked at once a second, and at once when a session or a new key is first heard, so that a small
 * path is known before much was lost in it.  A notification may get lost: the next one is due in 10
 * s or five round trips. */

#include "fips/node/parts.h"

#define LOOK MR_NS_PER_S

/* The path MTU may have moved: tell the route. */
void fips_session_reroute(struct fips_node *n, struct fips_session *s)
{
	fips_pmtu_seed(&s->pmtu, n->link_mtu);
	if (s->routed && s->pmtu.current != s->route_mtu)
		fips_session_route(n, s);
}

void fips_session_mtu_claimed(struct fips_node *n, struct fips_session *s,
                              const struct fips_input *in)
{
	uint16_t mtu;

	if (!fips_fsp_path_mtu_parse(in->bytes + 1, in->len - 1, &mtu))
		return;
	if (mtu < FIPS_PATH_MTU_MIN)
		fips_signals_count(&n->mesh.signals, FIPS_SIGNALS_PATH_MTU_NOTIF_BELOW_FLOOR);
	fips_pmtu_claim(&s->pmtu, mtu, fips_ms(n->timers.path_mtu), n->now);
	fips_session_reroute(n, s);
}

/* Whoever speaks under these keys may be a new process, which has been told nothing. */
void fips_session_mtu_start(struct fips_node *n, struct fips_session *s)
{
	s->pmtu.told = FIPS_PMTU_NONE;
	s->mtu_at = n->now;
}

static uint64_t interval(const struct fips_node *n, const struct fips_session *s)
{
	uint64_t least = fips_ms(n->timers.path_mtu);
	uint64_t trips = s->metrics.rtt_known ? 5 * s->metrics.srtt * MR_NS_PER_US : 0;

	return trips > least ? trips : least;
}

void fips_session_mtu_timer(struct fips_node *n, struct fips_session *s)
{
	struct fips_session_words words = fips_words_session(n, &s->addr);
	uint8_t body[FIPS_FSP_PATH_MTU_LEN];

	s->mtu_at = n->now + LOOK;
	if (!s->routed || !fips_pmtu_tell(&s->pmtu, words.path_mtu, interval(n, s), n->now))
		return;
	fips_fsp_path_mtu_build(body, words.path_mtu);
	fips_act_session(n, &s->addr, FIPS_FSP_PATH_MTU, body, sizeof body);
}
