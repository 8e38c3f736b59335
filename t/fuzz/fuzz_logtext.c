/* fuzz_logtext.c - bytes as what a line of the log says.  For a terminal they are one line of UTF-8
 * without control characters, as JSON the inside of one string;
 * what is cut is cut between characters. */
#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/log_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static json_t *quoted(const char *inside, size_t n)
{
	char *text = malloc(n + 3);
	json_t *value;

	assert(text);
	text[0] = '"';
	memcpy(text + 1, inside, n);
	text[n + 1] = '"';
	value = json_loadb(text, n + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	free(text);
	return value;
}

/* With room for all of it, and with as much as the first byte says. */
static void put(const char *said, size_t n, size_t room)
{
	char *text = malloc(room + 1);
	struct mr_line plain = { .text = text, .room = room },
		       json = { .text = text, .room = room };
	json_t *value, *string = json_stringn(said, n);

	assert(text);
	mr_line_plain(&plain, said, n);
	assert(plain.n <= room);
	for (size_t i = 0; i < plain.n; i++)
		assert((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
	value = json_stringn(text, plain.n); /* only of UTF-8 */
	assert(value);
	json_decref(value);

	mr_line_json(&json, said, n);
	assert(json.n <= room);
	value = quoted(text, json.n);
	assert(value);
	if (string && room >= 6 * n)
		assert(json_equal(value, string)); /* what was UTF-8 is the same text again */
	json_decref(value);
	json_decref(string);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	put((const char *)data, n, 6 * n);
	if (n > 0)
		put((const char *)data, n, data[0]);
	return 0;
}
