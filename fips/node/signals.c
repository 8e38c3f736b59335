/* signals.c - making error signals, and their limiter. */
#include "fips/node/signals.h"

#include "core/clock.h"
#include "fips/wire/fsp.h"

#define INTERVAL (100 * MR_NS_PER_MS)

bool fips_signals_open(struct fips_signals *s, const struct mr_rand *rand)
{
	*s = (struct fips_signals){ 0 };
	return fips_aging_open(&s->limiter, FIPS_SIGNALS, rand);
}

void fips_signals_close(struct fips_signals *s)
{
	fips_aging_close(&s->limiter);
}

/* Signals about signals would never end; about what claims to be ours we would tell ourselves. */
static bool answerable(const struct fips_datagram *failed, const struct fips_addr *me)
{
	return !fips_addr_eq(&failed->src, me) && !fips_addr_eq(&failed->dest, me) &&
	       fips_fsp_check(failed->payload, failed->payload_len) != FIPS_FSP_SIGNAL;
}

bool fips_signals_admit(struct fips_signals *s, const struct fips_datagram *failed,
                        const struct fips_addr *me, uint64_t now)
{
	if (!answerable(failed, me)) {
		fips_signals_count(s, FIPS_SIGNALS_UNANSWERABLE);
		return false;
	}
	fips_aging_purge(&s->limiter, now, INTERVAL - 1);
	if (fips_aging_find(&s->limiter, &failed->dest) != FIPS_AGING_NONE ||
	    fips_aging_add(&s->limiter, &failed->dest, now) == FIPS_AGING_NONE) {
		fips_signals_count(s, FIPS_SIGNALS_LIMITED);
		return false;
	}
	return true;
}

static enum fips_signal_type kind(uint16_t mtu, const struct fips_coords *known)
{
	if (mtu)
		return FIPS_SIGNAL_MTU_EXCEEDED;
	return known->count ? FIPS_SIGNAL_PATH_BROKEN : FIPS_SIGNAL_COORDS_REQUIRED;
}

size_t fips_signals_build(uint8_t *out, size_t room, const struct fips_datagram *failed,
                          const struct fips_addr *me, uint16_t mtu, const struct fips_coords *known)
{
	struct fips_datagram d = {
		.ttl = FIPS_DATAGRAM_TTL,
		.path_mtu = UINT16_MAX,
		.src = *me,
		.dest = failed->src,
	};
	struct fips_signal signal = {
		.type = kind(mtu, known),
		.dest = failed->dest,
		.reporter = *me,
		.mtu = mtu,
	};
	size_t len;

	if (signal.type == FIPS_SIGNAL_PATH_BROKEN)
		signal.coords = *known;
	if (room < FIPS_DATAGRAM_HEAD)
		return 0;
	len = fips_signal_build(out + FIPS_DATAGRAM_HEAD, room - FIPS_DATAGRAM_HEAD, &signal);
	if (len == 0)
		return 0;
	fips_datagram_build(out, &d);
	return FIPS_DATAGRAM_HEAD + len;
}

static const char *const names[FIPS_SIGNALS_COUNTS] = {
	[FIPS_SIGNALS_COORDS_REQUIRED] = "coords_required",
	[FIPS_SIGNALS_PATH_BROKEN] = "path_broken",
	[FIPS_SIGNALS_MTU_EXCEEDED] = "mtu_exceeded",
	[FIPS_SIGNALS_UNBOUND_COORDS] = "unbound_coords",
	[FIPS_SIGNALS_UNBOUND_BROKEN] = "unbound_broken",
	[FIPS_SIGNALS_UNBOUND_MTU] = "unbound_mtu",
	[FIPS_SIGNALS_UNBOUND_FORGED] = "unbound_forged",
	[FIPS_SIGNALS_MTU_EXCEEDED_BELOW_FLOOR] = "mtu_exceeded_below_floor",
	[FIPS_SIGNALS_PATH_MTU_NOTIF_BELOW_FLOOR] = "path_mtu_notif_below_floor",
	[FIPS_SIGNALS_LOOKUP_RESP_MTU_BELOW_FLOOR] = "lookup_resp_mtu_below_floor",
	[FIPS_SIGNALS_MALFORMED] = "malformed",
	[FIPS_SIGNALS_SENT] = "sent",
	[FIPS_SIGNALS_LIMITED] = "limited",
	[FIPS_SIGNALS_UNANSWERABLE] = "unanswerable",
	[FIPS_SIGNALS_NO_WAY_BACK] = "no_way_back",
};

const char *fips_signal_count_name(enum fips_signal_count count)
{
	return names[count];
}
