/* tree.c - TreeAnnounce. */
#include "fips/wire/tree.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "core/wire.h"
#include "fips/wire/link.h"

static_assert(FIPS_TREE_LEN(1) == 132 && FIPS_TREE_LEN(4) == 228, "the sizes of mesh.md 1.1");

bool fips_tree_announce_parse(const uint8_t *message, size_t n, struct fips_tree_announce *out)
{
	struct mr_wire in = mr_wire_read(message, n);
	struct fips_tree_announce got = { 0 };
	uint8_t type, version;

	if (n < FIPS_TREE_HEAD + FIPS_SIG_LEN)
		return false;
	type = mr_get_u8(&in);
	version = mr_get_u8(&in);
	got.says.sequence = mr_get_le64(&in);
	got.says.timestamp = mr_get_le64(&in);
	mr_get_bytes(&in, got.says.parent.b, FIPS_ADDR_LEN);
	got.n = mr_get_le16(&in);
	got.entries = mr_get_view(&in, (size_t)FIPS_TREE_ENTRY * got.n);
	got.signature = mr_get_view(&in, FIPS_SIG_LEN);
	if (!mr_wire_ok(&in) || type != FIPS_LINK_TREE_ANNOUNCE || version != FIPS_TREE_VERSION ||
	    got.n == 0)
		return false;
	got.says.node = fips_addr_at(got.entries);
	*out = got;
	return true;
}

bool fips_tree_announce_sound(const struct fips_tree_announce *a)
{
	bool root = fips_addr_eq(&a->says.node, &a->says.parent);
	const uint8_t *last = fips_tree_entry(a->entries, a->n - 1);

	if (root != (a->n == 1))
		return false;
	if (!root && memcmp(fips_tree_entry(a->entries, 1), a->says.parent.b, FIPS_ADDR_LEN) != 0)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (memcmp(fips_tree_entry(a->entries, i), last, FIPS_ADDR_LEN) < 0)
			return false;
	return true;
}

size_t fips_tree_announce_build(uint8_t *out, size_t room, const struct fips_tree_announce *a)
{
	struct mr_wire to = mr_wire_write(out, room);

	if (a->n == 0 || a->n > UINT16_MAX)
		return 0;
	assert(memcmp(a->entries, a->says.node.b, FIPS_ADDR_LEN) == 0);
	mr_put_u8(&to, FIPS_LINK_TREE_ANNOUNCE);
	mr_put_u8(&to, FIPS_TREE_VERSION);
	mr_put_le64(&to, a->says.sequence);
	mr_put_le64(&to, a->says.timestamp);
	mr_put_bytes(&to, a->says.parent.b, FIPS_ADDR_LEN);
	mr_put_le16(&to, (uint16_t)a->n);
	mr_put_bytes(&to, a->entries, (size_t)FIPS_TREE_ENTRY * a->n);
	mr_put_bytes(&to, a->signature, FIPS_SIG_LEN);
	return mr_wire_ok(&to) ? FIPS_TREE_LEN(a->n) : 0;
}

void fips_declaration_bytes(const struct fips_declaration *d, uint8_t out[FIPS_TREE_SIGNED])
{
	memcpy(out, d->node.b, FIPS_ADDR_LEN);
	memcpy(out + 16, d->parent.b, FIPS_ADDR_LEN);
	mr_to_le64(out + 32, d->sequence);
	mr_to_le64(out + 40, d->timestamp);
}

static void digest(const struct fips_declaration *d, uint8_t out[MR_SHA256_LEN])
{
	uint8_t bytes[FIPS_TREE_SIGNED];

	fips_declaration_bytes(d, bytes);
	mr_sha256(bytes, sizeof bytes, out);
}

bool fips_declaration_sign(const struct fips_declaration *d, const struct fips_curve *curve,
                           const struct fips_identity *me, const uint8_t aux[32],
                           uint8_t signature[FIPS_SIG_LEN])
{
	uint8_t hash[MR_SHA256_LEN];

	assert(fips_addr_eq(&d->node, &me->addr));
	digest(d, hash);
	return curve->sign(curve->self, me->secret, hash, aux, signature);
}

bool fips_declaration_verify(const struct fips_declaration *d, const struct fips_curve *curve,
                             const uint8_t xonly[FIPS_XONLY_LEN],
                             const uint8_t signature[FIPS_SIG_LEN])
{
	uint8_t hash[MR_SHA256_LEN];

	digest(d, hash);
	return curve->verify(curve->self, xonly, hash, signature);
}
