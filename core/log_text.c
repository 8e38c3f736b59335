/* log_text.c - bytes of anybody's made harmless for a line of a log; see log_text.h. */
#include "core/log_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What begins at `at`: a character and its length, or 0 and 1 for a byte that begins none (RFC
 * 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
static uint32_t character(const unsigned char *at, size_t n, size_t *len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t want = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
	uint32_t c = *at;

	*len = 1;
	if (want == 1)
		return c;
	if (c < 0xc2 || c > 0xf4 || want > n)
		return 0;
	c &= 0x7fu >> want;
	for (size_t i = 1; i < want; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < least[want] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*len = want;
	return c;
}

/* C0, DEL, C1, and what turns the direction of the text or ends a line (Unicode 9.6, 23.2). */
static bool moves(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void mr_line_raw(struct mr_line *l, const char *text, size_t n)
{
	if (n > l->room - l->n)
		return;
	memcpy(l->text + l->n, text, n);
	l->n += n;
}

void mr_line_plain(struct mr_line *l, const char *text, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		uint32_t c = character((const unsigned char *)text + i, n - i, &len);
		size_t before = l->n;

		if (moves(c))
			mr_line_raw(l, "?", 1);
		else
			mr_line_raw(l, text + i, len);
		if (l->n == before)
			return;
	}
}

/* How JSON writes this character; NULL: as it is (RFC 8259, 7). */
static const char *escaped(uint32_t c, char room[8])
{
	if (c == '"' || c == '\\')
		snprintf(room, 8, "\\%c", (int)c);
	else if (c == '\n')
		return "\\n";
	else if (moves(c))
		snprintf(room, 8, "\\u%04x", (unsigned)c);
	else
		return NULL;
	return room;
}

void mr_line_json(struct mr_line *l, const char *text, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		uint32_t c = character((const unsigned char *)text + i, n - i, &len);
		size_t before = l->n;
		const char *as;
		char room[8];

		if (c == 0 && text[i])
			c = 0xfffd;
		as = c == 0xfffd && len == 1 ? "\\ufffd" : escaped(c, room);
		mr_line_raw(l, as ? as : text + i, as ? strlen(as) : len);
		if (l->n == before)
			return;
	}
}
