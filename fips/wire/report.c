/* report.c - the fields of both reports, and the two ways they are led in. */
#include "fips/wire/report.h"

#include <assert.h>

#include "core/wire.h"
#include "fips/wire/link.h"

enum {
	LINK_LEAD     = 4, /* type and three zeros */
	SESSION_LEAD  = 2, /* two zeros            */
	SENDER_CORE   = 44,
	RECEIVER_CORE = 64,
};
static_assert(FIPS_LINK_SENDER_LEN == LINK_LEAD + SENDER_CORE &&
                      FIPS_LINK_RECEIVER_LEN == LINK_LEAD + RECEIVER_CORE &&
                      FIPS_SESSION_SENDER_LEN == SESSION_LEAD + SENDER_CORE &&
                      FIPS_SESSION_RECEIVER_LEN == SESSION_LEAD + RECEIVER_CORE,
              "a report is its lead and the common fields");

static bool get_sender(struct mr_wire *in, struct fips_sender_report *out)
{
	struct fips_sender_report r;

	r.first = mr_get_le64(in);
	r.last = mr_get_le64(in);
	r.first_timestamp = mr_get_le32(in);
	r.last_timestamp = mr_get_le32(in);
	r.interval_bytes = mr_get_le32(in);
	r.frames = mr_get_le64(in);
	r.bytes = mr_get_le64(in);
	if (mr_wire_ok(in))
		*out = r;
	return mr_wire_ok(in);
}

static void put_sender(struct mr_wire *out, const struct fips_sender_report *r)
{
	mr_put_le64(out, r->first);
	mr_put_le64(out, r->last);
	mr_put_le32(out, r->first_timestamp);
	mr_put_le32(out, r->last_timestamp);
	mr_put_le32(out, r->interval_bytes);
	mr_put_le64(out, r->frames);
	mr_put_le64(out, r->bytes);
}

static bool get_receiver(struct mr_wire *in, struct fips_receiver_report *out)
{
	struct fips_receiver_report r;

	r.highest = mr_get_le64(in);
	r.frames = mr_get_le64(in);
	r.bytes = mr_get_le64(in);
	r.echo = mr_get_le32(in);
	r.dwell = mr_get_le16(in);
	r.burst_max = mr_get_le16(in);
	r.burst_mean = mr_get_le16(in);
	mr_get_le16(in);
	r.jitter = mr_get_le32(in);
	r.ce = mr_get_le32(in);
	r.trend = (int32_t)mr_get_le32(in);
	r.bursts = mr_get_le32(in);
	r.reordered = mr_get_le32(in);
	r.interval_frames = mr_get_le32(in);
	r.interval_bytes = mr_get_le32(in);
	if (mr_wire_ok(in))
		*out = r;
	return mr_wire_ok(in);
}

static void put_receiver(struct mr_wire *out, const struct fips_receiver_report *r)
{
	mr_put_le64(out, r->highest);
	mr_put_le64(out, r->frames);
	mr_put_le64(out, r->bytes);
	mr_put_le32(out, r->echo);
	mr_put_le16(out, r->dwell);
	mr_put_le16(out, r->burst_max);
	mr_put_le16(out, r->burst_mean);
	mr_put_le16(out, 0);
	mr_put_le32(out, r->jitter);
	mr_put_le32(out, r->ce);
	mr_put_le32(out, (uint32_t)r->trend);
	mr_put_le32(out, r->bursts);
	mr_put_le32(out, r->reordered);
	mr_put_le32(out, r->interval_frames);
	mr_put_le32(out, r->interval_bytes);
}

/* A link message of this type, with the cursor behind its lead. */
static struct mr_wire open_link(const uint8_t *message, size_t n, uint8_t type)
{
	struct mr_wire in = mr_wire_read(message, n);

	if (mr_get_u8(&in) != type)
		in.bad = true;
	mr_get_view(&in, LINK_LEAD - 1);
	return in;
}

bool fips_link_sender_parse(const uint8_t *message, size_t n, struct fips_sender_report *out)
{
	struct mr_wire in = open_link(message, n, FIPS_LINK_SENDER_REPORT);

	return get_sender(&in, out);
}

bool fips_link_receiver_parse(const uint8_t *message, size_t n, struct fips_receiver_report *out)
{
	struct mr_wire in = open_link(message, n, FIPS_LINK_RECEIVER_REPORT);

	return get_receiver(&in, out);
}

void fips_link_sender_build(uint8_t out[FIPS_LINK_SENDER_LEN],
                            const struct fips_sender_report *report)
{
	struct mr_wire to = mr_wire_write(out, FIPS_LINK_SENDER_LEN);

	mr_put_le32(&to, FIPS_LINK_SENDER_REPORT);
	put_sender(&to, report);
}

void fips_link_receiver_build(uint8_t out[FIPS_LINK_RECEIVER_LEN],
                              const struct fips_receiver_report *report)
{
	struct mr_wire to = mr_wire_write(out, FIPS_LINK_RECEIVER_LEN);

	mr_put_le32(&to, FIPS_LINK_RECEIVER_REPORT);
	put_receiver(&to, report);
}

bool fips_session_sender_parse(const uint8_t *body, size_t n, struct fips_sender_report *out)
{
	struct mr_wire in = mr_wire_read(body, n);

	mr_get_view(&in, SESSION_LEAD);
	return get_sender(&in, out);
}

bool fips_session_receiver_parse(const uint8_t *body, size_t n, struct fips_receiver_report *out)
{
	struct mr_wire in = mr_wire_read(body, n);

	mr_get_view(&in, SESSION_LEAD);
	return get_receiver(&in, out);
}

void fips_session_sender_build(uint8_t out[FIPS_SESSION_SENDER_LEN],
                               const struct fips_sender_report *report)
{
	struct mr_wire to = mr_wire_write(out, FIPS_SESSION_SENDER_LEN);

	mr_put_le16(&to, 0);
	put_sender(&to, report);
}

void fips_session_receiver_build(uint8_t out[FIPS_SESSION_RECEIVER_LEN],
                                 const struct fips_receiver_report *report)
{
	struct mr_wire to = mr_wire_write(out, FIPS_SESSION_RECEIVER_LEN);

	mr_put_le16(&to, 0);
	put_receiver(&to, report);
}
