/* vectors.h - the stored test vectors, t/vectors/<name>.json, read with jansson.
 *
 * Byte strings are lower-case hex; 64-bit integers may be decimal strings.  Whatever is missing or
 * misshapen fails the test that asked, naming the key.  Each test program closes the account of
 * its file: every section is either run or skipped with a reason, which is printed.
 */
#ifndef T_LIB_VECTORS_H
#define T_LIB_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define VECTORS_BYTES_MAX 8192
#define COUNT(array)      (sizeof(array) / sizeof((array)[0]))

struct bytes {
	size_t  n;
	uint8_t at[VECTORS_BYTES_MAX];
};

/* $srcdir/t/vectors/<name>.json; freed with json_decref. */
json_t *vectors_load(const char *name);

/* A member that must be there: anything, text, a number, hex bytes, exactly n hex bytes. */
const json_t *vectors_get(const json_t *object, const char *key);
const char   *vectors_text(const json_t *object, const char *key);
uint64_t      vectors_u64(const json_t *object, const char *key);
struct bytes  vectors_bytes(const json_t *object, const char *key);
void          vectors_exact(const json_t *object, const char *key, void *out, size_t n);

/* The text of a "name", "label" or "why" member for messages, "" if there is none. */
const char *vectors_name(const json_t *object);

/* Hex text to bytes; fails the test for anything that is not hex. */
struct bytes vectors_hex(const char *hex);

/* Concatenate an array of hex texts. */
struct bytes vectors_concat(const json_t *array);

/* Fail with the name and both hex strings unless they are the same. */
void vectors_same(const char *what, const void *got, size_t ngot, const void *want, size_t nwant);

/* The same of what was got and a member of hex bytes. */
void vectors_same_member(const json_t *object, const char *key, const void *got, size_t n);

/* What became of a section. */
struct vectors_account {
	const char *section;
	const char *skipped; /* why, or NULL when its entries are run */
};

/* Fail unless the account names exactly the members of the object that are not notes ("format",
 * "version", "note", ...).  Prints those skipped. */
void vectors_account(const char *file, const json_t *object, const struct vectors_account *account,
                     size_t n);

#endif
