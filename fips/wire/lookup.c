/* lookup.c - requests and responses, byte for byte. */
#include "fips/wire/lookup.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "core/wire.h"
#include "fips/wire/link.h"

#define SIGNED_HEAD 24 /* id and target */

static_assert(FIPS_LOOKUP_REQUEST_LEN(1) == 62, "46 + 16 n, mesh.md 4.1");
static_assert(FIPS_LOOKUP_RESPONSE_LEN(1) == 109, "93 + 16 n, mesh.md 4.2");
static_assert(FIPS_LOOKUP_AT_PATH_MTU == 1 + SIGNED_HEAD, "path_mtu is behind the target");

bool fips_lookup_request_parse(const uint8_t *message, size_t n, struct fips_lookup_request *out)
{
	struct mr_wire in = mr_wire_read(message, n);
	struct fips_lookup_request got = { 0 };

	if (mr_get_u8(&in) != FIPS_LINK_LOOKUP_REQUEST)
		return false;
	got.id = mr_get_le64(&in);
	mr_get_bytes(&in, got.target.b, FIPS_ADDR_LEN);
	mr_get_bytes(&in, got.origin.b, FIPS_ADDR_LEN);
	got.ttl = mr_get_u8(&in);
	got.min_mtu = mr_get_le16(&in);
	fips_coords_get(&in, 1, &got.coords);
	if (mr_wire_ok(&in))
		*out = got;
	return mr_wire_ok(&in);
}

bool fips_lookup_response_parse(const uint8_t *message, size_t n, struct fips_lookup_response *out)
{
	struct mr_wire in = mr_wire_read(message, n);
	struct fips_lookup_response got = { 0 };

	if (mr_get_u8(&in) != FIPS_LINK_LOOKUP_RESPONSE)
		return false;
	got.id = mr_get_le64(&in);
	mr_get_bytes(&in, got.target.b, FIPS_ADDR_LEN);
	got.path_mtu = mr_get_le16(&in);
	fips_coords_get(&in, 1, &got.coords);
	got.proof = mr_get_view(&in, FIPS_SIG_LEN);
	if (mr_wire_ok(&in))
		*out = got;
	return mr_wire_ok(&in);
}

static bool fits(const struct fips_coords *c, size_t len, size_t room)
{
	return c->count > 0 && c->count <= FIPS_COORDS_MAX && len <= room;
}

size_t fips_lookup_request_build(uint8_t *out, size_t room, const struct fips_lookup_request *r)
{
	struct mr_wire to = mr_wire_write(out, room);
	size_t len = FIPS_LOOKUP_REQUEST_LEN(r->coords.count);

	if (!fits(&r->coords, len, room))
		return 0;
	mr_put_u8(&to, FIPS_LINK_LOOKUP_REQUEST);
	mr_put_le64(&to, r->id);
	mr_put_bytes(&to, r->target.b, FIPS_ADDR_LEN);
	mr_put_bytes(&to, r->origin.b, FIPS_ADDR_LEN);
	mr_put_u8(&to, r->ttl);
	mr_put_le16(&to, r->min_mtu);
	fips_coords_put(&to, &r->coords);
	assert(mr_wire_ok(&to) && to.at == out + len);
	return len;
}

size_t fips_lookup_response_build(uint8_t *out, size_t room, const struct fips_lookup_response *r)
{
	static const uint8_t unsigned_yet[FIPS_SIG_LEN];
	struct mr_wire to = mr_wire_write(out, room);
	size_t len = FIPS_LOOKUP_RESPONSE_LEN(r->coords.count);

	if (!fits(&r->coords, len, room))
		return 0;
	mr_put_u8(&to, FIPS_LINK_LOOKUP_RESPONSE);
	mr_put_le64(&to, r->id);
	mr_put_bytes(&to, r->target.b, FIPS_ADDR_LEN);
	mr_put_le16(&to, r->path_mtu);
	fips_coords_put(&to, &r->coords);
	mr_put_bytes(&to, r->proof ? r->proof : unsigned_yet, FIPS_SIG_LEN);
	assert(mr_wire_ok(&to) && to.at == out + len);
	return len;
}

void fips_lookup_digest(const struct fips_lookup_response *r, uint8_t digest[32])
{
	uint8_t text[SIGNED_HEAD + FIPS_COORDS_LEN(FIPS_COORDS_MAX)];
	struct mr_wire to = mr_wire_write(text, sizeof text);

	mr_put_le64(&to, r->id);
	mr_put_bytes(&to, r->target.b, FIPS_ADDR_LEN);
	fips_coords_put(&to, &r->coords);
	assert(mr_wire_ok(&to));
	mr_sha256(text, (size_t)(to.at - text), digest);
}

void fips_lookup_fold(uint8_t *response, uint16_t link_mtu)
{
	uint8_t *path_mtu = response + FIPS_LOOKUP_AT_PATH_MTU;

	if (mr_le16(path_mtu) > link_mtu)
		mr_to_le16(path_mtu, link_mtu);
}
