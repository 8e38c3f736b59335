/* test_wire_tree.c - TreeAnnounce: what is refused, and what makes no sense.  What is accepted is
 * byte for byte in test_vectors_tree.c. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/tree.h"
#include "t/lib/small_curve.h"
#include "t/lib/vectors.h"

#define ROOM FIPS_TREE_LEN(66000)

static uint8_t *message; /* ROOM bytes */

static void open_room(void)
{
	message = calloc(1, ROOM);
	ck_assert_ptr_nonnull(message);
}

static void close_room(void)
{
	free(message);
}

/* A header that says version and count, and nothing behind it. */
static void head(uint8_t type, uint8_t version, unsigned count)
{
	memset(message, 0xee, ROOM);
	message[0] = type;
	message[1] = version;
	mr_to_le16(message + 34, (uint16_t)count);
}

/* mesh.md 1.3, 1 to 4, and section 11: from nothing to an announcement that claims 2 MiB. */
static const struct {
	const char *what;
	uint8_t     type, version;
	unsigned    count;
	size_t      len;
	bool        ok;
} shapes[] = {
	{ "nothing", 0x10, 1, 1, 0, false },
	{ "the type byte", 0x10, 1, 1, 1, false },
	{ "98 bytes after the type", 0x10, 1, 1, 99, false },
	{ "99 bytes after the type, one entry", 0x10, 1, 1, 100, false },
	{ "99 bytes after the type, no entry", 0x10, 1, 0, 100, false },
	{ "no entry, and room for one", 0x10, 1, 0, 132, false },
	{ "one entry, one byte short", 0x10, 1, 1, 131, false },
	{ "one entry", 0x10, 1, 1, 132, true },
	{ "one entry and surplus", 0x10, 1, 1, 133, true },
	{ "one entry, surplus of another", 0x10, 1, 1, 164, true },
	{ "two entries in the room of one", 0x10, 1, 2, 132, false },
	{ "two entries, one byte short", 0x10, 1, 2, 163, false },
	{ "two entries", 0x10, 1, 2, 164, true },
	{ "65535 entries in the room of one", 0x10, 1, 65535, 132, false },
	{ "65535 entries, one byte short", 0x10, 1, 65535, FIPS_TREE_LEN(65535) - 1, false },
	{ "65535 entries", 0x10, 1, 65535, FIPS_TREE_LEN(65535), true },
	{ "version 0", 0x10, 0, 1, 132, false },
	{ "version 2", 0x10, 2, 1, 132, false },
	{ "version 255", 0x10, 255, 1, 132, false },
	{ "a FilterAnnounce", 0x20, 1, 1, 132, false },
	{ "a datagram", 0x00, 1, 1, 132, false },
};

START_TEST(shapes_are_checked)
{
	struct fips_tree_announce a;
	uint8_t *copy;
	bool ok;

	head(shapes[_i].type, shapes[_i].version, shapes[_i].count);
	/* as long as it is: sanitizers see a byte more */
	copy = malloc(shapes[_i].len ? shapes[_i].len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, message, shapes[_i].len);
	memset(&a, 0x55, sizeof a);
	ok = fips_tree_announce_parse(copy, shapes[_i].len, &a);
	ck_assert_msg(ok == shapes[_i].ok, "%s", shapes[_i].what);
	if (ok) {
		ck_assert_uint_eq(a.n, shapes[_i].count);
		ck_assert_ptr_eq(a.entries, copy + FIPS_TREE_HEAD);
		ck_assert_ptr_eq(a.signature, copy + FIPS_TREE_LEN(a.n) - FIPS_SIG_LEN);
	} else {
		ck_assert_uint_eq(a.n, 0x55555555); /* untouched */
	}
	free(copy);
}
END_TEST

/* mesh.md 1.3, 8: addresses by their first byte. */
static const struct {
	const char *what;
	uint8_t     parent;
	unsigned    n;
	uint8_t     path[6];
	bool        sound;
} paths[] = {
	{ "a root", 5, 1, { 5 }, true },
	{ "a root with a parent", 5, 2, { 5, 3 }, false },
	{ "a root that shows itself twice", 5, 2, { 5, 5 }, false },
	{ "no root, alone", 3, 1, { 5 }, false },
	{ "no root, its parent cut off", 3, 1, { 5, 3 }, false },
	{ "a parent", 3, 2, { 5, 3 }, true },
	{ "another parent", 4, 2, { 5, 3 }, false },
	{ "the parent further up", 2, 3, { 5, 3, 2 }, false },
	{ "a parent that is larger", 7, 2, { 5, 7 }, false },
	{ "larger ones between", 7, 4, { 5, 7, 9, 1 }, true },
	{ "a smaller one between", 7, 4, { 5, 7, 1, 2 }, false },
	{ "the sender is the smallest", 7, 3, { 1, 7, 2 }, false },
	{ "the root twice", 1, 3, { 5, 1, 1 }, true },
};

START_TEST(paths_make_sense)
{
	uint8_t entries[6 * FIPS_TREE_ENTRY] = { 0 };
	struct fips_tree_announce a = { .entries = entries, .n = paths[_i].n };

	a.says.parent.b[0] = paths[_i].parent;
	a.says.node.b[0] = paths[_i].path[0];
	for (unsigned i = 0; i < 6; i++)
		entries[i * FIPS_TREE_ENTRY] = paths[_i].path[i];
	ck_assert_msg(fips_tree_announce_sound(&a) == paths[_i].sound, "%s", paths[_i].what);
}
END_TEST

START_TEST(counts_that_do_not_fit_are_not_written)
{
	uint8_t sig[FIPS_SIG_LEN] = { 0 }, *entries = calloc(66000, FIPS_TREE_ENTRY);
	struct fips_tree_announce a = { .entries = entries, .signature = sig };

	ck_assert_ptr_nonnull(entries);
	for (a.n = 65534; a.n < 65538; a.n++)
		ck_assert_uint_eq(fips_tree_announce_build(message, ROOM, &a),
		                  a.n > 65535 ? 0 : FIPS_TREE_LEN(a.n));
	a.n = 0;
	ck_assert_uint_eq(fips_tree_announce_build(message, ROOM, &a), 0);
	free(entries);
}
END_TEST

/* Every field that is signed, and the key, count; what is above the parent does not. */
START_TEST(signatures_cover_the_declaration)
{
	struct fips_curve curves[] = { small_curve(), fips_curve_secp256k1() };
	static const uint8_t aux[32] = { 7 };

	for (size_t c = 0; c < COUNT(curves); c++) {
		uint8_t secret[FIPS_SECRET_LEN] = { [31] = 9 }, sig[FIPS_SIG_LEN];
		struct fips_declaration d = { .sequence = 3, .timestamp = 4 }, other;
		struct fips_identity me, they;

		ck_assert_ptr_null(fips_identity_of_secret(&me, &curves[c], secret));
		secret[31] = 10;
		ck_assert_ptr_null(fips_identity_of_secret(&they, &curves[c], secret));
		d.node = me.addr;
		d.parent = they.addr;
		ck_assert(fips_declaration_sign(&d, &curves[c], &me, aux, sig));
		ck_assert(fips_declaration_verify(&d, &curves[c], me.pub + 1, sig));
		ck_assert(!fips_declaration_verify(&d, &curves[c], they.pub + 1, sig));
		for (size_t i = 0; i < sizeof d; i++) {
			memcpy(&other, &d, sizeof d);
			((uint8_t *)&other)[i] ^= 1;
			ck_assert_msg(!fips_declaration_verify(&other, &curves[c], me.pub + 1, sig),
			              "byte %zu", i);
		}
		for (size_t bit = 0; bit < 8 * sizeof sig; bit++) {
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_msg(!fips_declaration_verify(&d, &curves[c], me.pub + 1, sig),
			              "bit %zu", bit);
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		fips_curve_close(&curves[c]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire tree");
	TCase *t = tcase_create("announce");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, open_room, close_room);
	tcase_add_loop_test(t, shapes_are_checked, 0, COUNT(shapes));
	tcase_add_loop_test(t, paths_make_sense, 0, COUNT(paths));
	tcase_add_test(t, counts_that_do_not_fit_are_not_written);
	tcase_add_test(t, signatures_cover_the_declaration);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
