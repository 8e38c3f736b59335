/* vectors.c - reading t/vectors. */
#include "t/lib/vectors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

json_t *vectors_load(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	json_error_t error;
	json_t *root;

	snprintf(path, sizeof path, "%s/t/vectors/%s.json", srcdir ? srcdir : ".", name);
	root = json_load_file(path, 0, &error);
	if (!root)
		ck_abort_msg("%s:%d: %s", path, error.line, error.text);
	return root;
}

const json_t *vectors_get(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		ck_abort_msg("vector \"%s\" has no member \"%s\"", vectors_name(object), key);
	return value;
}

const char *vectors_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(vectors_get(object, key));

	if (!text)
		ck_abort_msg("vector \"%s\": \"%s\" is no text", vectors_name(object), key);
	return text;
}

uint64_t vectors_u64(const json_t *object, const char *key)
{
	const json_t *value = vectors_get(object, key);
	char *end;

	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	errno = 0;
	uint64_t number = strtoull(vectors_text(object, key), &end, 10);
	if (errno || *end)
		ck_abort_msg("vector \"%s\": \"%s\" is no number", vectors_name(object), key);
	return number;
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c < 'a' || c > 'f')
		ck_abort_msg("'%c' is no lower-case hex digit", c);
	return (unsigned)(c - 'a') + 10;
}

struct bytes vectors_hex(const char *hex)
{
	struct bytes out = { .n = strlen(hex) / 2 };

	if (strlen(hex) % 2 || out.n > sizeof out.at)
		ck_abort_msg("%zu hex digits are odd or too many", strlen(hex));
	for (size_t i = 0; i < out.n; i++)
		out.at[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return out;
}

struct bytes vectors_bytes(const json_t *object, const char *key)
{
	return vectors_hex(vectors_text(object, key));
}

void vectors_exact(const json_t *object, const char *key, void *out, size_t n)
{
	struct bytes got = vectors_bytes(object, key);

	if (got.n != n)
		ck_abort_msg("vector \"%s\": \"%s\" has %zu bytes, not %zu", vectors_name(object),
			     key, got.n, n);
	memcpy(out, got.at, n);
}

struct bytes vectors_concat(const json_t *array)
{
	struct bytes all = { 0 };

	for (size_t i = 0; i < json_array_size(array); i++) {
		struct bytes one = vectors_hex(json_string_value(json_array_get(array, i)));

		ck_assert_uint_le(all.n + one.n, sizeof all.at);
		memcpy(all.at + all.n, one.at, one.n);
		all.n += one.n;
	}
	return all;
}

const char *vectors_name(const json_t *object)
{
	static const char *const keys[] = { "name", "label", "why" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		const char *text = json_string_value(json_object_get(object, keys[i]));

		if (text)
			return text;
	}
	return "";
}

static void hex_of(const uint8_t *at, size_t n, char *out, size_t room)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && used + 3 <= room; i++)
		used += (size_t)snprintf(out + used, room - used, "%02x", at[i]);
}

void vectors_same(const char *what, const void *got, size_t ngot, const void *want, size_t nwant)
{
	char a[1024], b[1024];

	if (ngot == nwant && memcmp(got, want, nwant) == 0)
		return;
	hex_of(got, ngot, a, sizeof a);
	hex_of(want, nwant, b, sizeof b);
	ck_abort_msg("%s\n   got %zu: %s\n  want %zu: %s", what, ngot, a, nwant, b);
}

void vectors_same_member(const json_t *object, const char *key, const void *got, size_t n)
{
	struct bytes want = vectors_bytes(object, key);

	vectors_same(key, got, n, want.at, want.n);
}

/* Members that describe the file. */
static bool is_note(const char *key)
{
	static const char *const notes[] = { "format", "version", "note", "generator",
		                             "generated_at" };

	for (size_t i = 0; i < COUNT(notes); i++)
		if (strcmp(key, notes[i]) == 0)
			return true;
	return false;
}

static bool accounted(const char *key, const struct vectors_account *account, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(key, account[i].section) == 0)
			return true;
	return false;
}

void vectors_account(const char *file, const json_t *object, const struct vectors_account *account,
                     size_t n)
{
	const char *key;
	json_t *value;

	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(json_object_get(object, account[i].section), "%s has no section %s",
			      file, account[i].section);
		if (account[i].skipped)
			printf("%s: %s skipped here: %s\n", file, account[i].section,
			       account[i].skipped);
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		ck_assert_msg(is_note(key) || accounted(key, account, n),
		              "%s: section %s is neither run nor skipped", file, key);
	fflush(stdout);
}
