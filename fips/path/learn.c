/* learn.c - coordinate lists of what passes by. */
#include "fips/path/learn.h"

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"

static enum fips_learn both(struct fips_learned *out, const struct fips_coords *src,
                            const struct fips_coords *dest)
{
	out->src = *src;
	out->dest = *dest;
	return src->count || dest->count ? FIPS_LEARN_LISTS : FIPS_LEARN_NOTHING;
}

/* The lists alone: whether anything can be opened is none of a transit node's business. */
static enum fips_learn sealed(const uint8_t *payload, size_t n, struct fips_learned *out)
{
	struct mr_wire in = mr_wire_read(payload + FIPS_FSP_HEAD, n - FIPS_FSP_HEAD);
	struct fips_coords src, dest;

	fips_coords_get(&in, 0, &src);
	fips_coords_get(&in, 0, &dest);
	return mr_wire_ok(&in) ? both(out, &src, &dest) : FIPS_LEARN_MALFORMED;
}

enum fips_learn fips_learn(const uint8_t *payload, size_t n, struct fips_learned *out)
{
	struct fips_fsp_setup setup;
	bool ok = false;

	*out = (struct fips_learned){ 0 };
	/* nearly all are sealed messages without lists */
	if (n < FIPS_FSP_PREFIX || (payload[0] == 0 && !(payload[1] & FIPS_FSP_CP)))
		return FIPS_LEARN_NOTHING;
	switch (fips_fsp_check(payload, n)) {
	case FIPS_FSP_ENCRYPTED: return sealed(payload, n, out);
	case FIPS_FSP_SETUP:     ok = fips_fsp_setup_parse(payload, n, &setup); break;
	case FIPS_FSP_ACK:       ok = fips_fsp_ack_parse(payload, n, &setup); break;
	case FIPS_FSP_SHORT:     return FIPS_LEARN_MALFORMED; /* CP, and too short for anything */
	case FIPS_FSP_SIGNAL:
	case FIPS_FSP_MSG3:
	case FIPS_FSP_VERSION:
	case FIPS_FSP_PHASE:     break;
	}
	return ok ? both(out, &setup.src, &setup.dest) : FIPS_LEARN_NOTHING;
}

static void keep_own(struct fips_coords *list, const uint8_t *addr)
{
	if (list->count && memcmp(list->at, addr, FIPS_ADDR_LEN) != 0)
		*list = (struct fips_coords){ 0 };
}

enum fips_learn fips_learn_datagram(const uint8_t *datagram, size_t n, struct fips_learned *out)
{
	enum fips_learn learn =
		fips_learn(datagram + FIPS_DATAGRAM_HEAD, n - FIPS_DATAGRAM_HEAD, out);

	if (learn != FIPS_LEARN_LISTS)
		return learn;
	keep_own(&out->src, datagram + FIPS_DATAGRAM_AT_SRC);
	keep_own(&out->dest, datagram + FIPS_DATAGRAM_AT_DEST);
	return both(out, &out->src, &out->dest);
}
