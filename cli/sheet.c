/* sheet - cells, and what may stand in them. */
#include "cli/sheet.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cli_sheet_open(struct cli_sheet *s, unsigned width)
{
	*s = (struct cli_sheet){ .width = width ? width : 1 };
}

void cli_sheet_close(struct cli_sheet *s)
{
	free(s->cell);
	*s = (struct cli_sheet){ 0 };
}

/* Have rows up to this one. */
static bool reach(struct cli_sheet *s, unsigned row)
{
	if (row >= s->room) {
		unsigned room = row + 64;
		struct cli_cell *cell = realloc(s->cell, (size_t)room * s->width * sizeof *cell);

		if (!cell) {
			s->failed = true;
			return false;
		}
		s->cell = cell;
		s->room = room;
	}
	for (; s->rows <= row; s->rows++)
		for (unsigned i = 0; i < s->width; i++)
			s->cell[s->rows * s->width + i] = (struct cli_cell){ ' ', CLI_PLAIN };
	return true;
}

void cli_sheet_put(struct cli_sheet *s, unsigned row, unsigned col, enum cli_style style, char c)
{
	if (col < s->width && reach(s, row))
		s->cell[row * s->width + col] =
			(struct cli_cell){ c >= ' ' && c <= '~' ? c : '?', (unsigned char)style };
}

char cli_sheet_at(const struct cli_sheet *s, unsigned row, unsigned col)
{
	return row < s->rows && col < s->width ? s->cell[row * s->width + col].c : ' ';
}

/* ---- text ---- */

/* The next character of a text that may be UTF-8, '?' for what is none of ours; 0 at the end. */
static char next(const char **text)
{
	unsigned char c = (unsigned char)**text;

	if (c == 0)
		return 0;
	++*text;
	if (c < 0x80)
		return c >= ' ' && c <= '~' ? (char)c : '?';
	while (c >= 0xc0 && ((unsigned char)**text & 0xc0) == 0x80) /* the rest of it */
		++*text;
	return '?';
}

static unsigned length(const char *text)
{
	unsigned n = 0;

	while (next(&text))
		n++;
	return n;
}

const char *cli_printable(char *out, size_t room, const char *text)
{
	size_t n = 0;
	char c;

	while (n + 1 < room && (c = next(&text)))
		out[n++] = c;
	if (room)
		out[n] = '\0';
	return out;
}

void cli_text_print(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

		if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			putc('?', out);
			i++;
		} else {
			putc((c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, out);
		}
	}
}

unsigned cli_sheet_text(struct cli_sheet *s, unsigned row, unsigned col, unsigned room,
                        enum cli_style style, const char *text)
{
	unsigned most = col < s->width ? s->width - col : 0, n = length(text);

	if (!reach(s, row))
		return col;
	if (room < most)
		most = room;
	for (unsigned i = 0; i < n && i < most; i++)
		cli_sheet_put(s, row, col + i, style, next(&text));
	if (n > most && most > 0)
		cli_sheet_put(s, row, col + most - 1, style, '~');
	return col + (n < most ? n : most);
}

void cli_sheet_right(struct cli_sheet *s, unsigned row, unsigned end, unsigned room,
                     enum cli_style style, const char *text)
{
	unsigned n = length(text);

	if (n > room)
		n = room;
	if (n <= end)
		cli_sheet_text(s, row, end - n, n, style, text);
}

unsigned cli_sheet_format(struct cli_sheet *s, unsigned row, unsigned col, enum cli_style style,
                          const char *fmt, ...)
{
	va_list list;
	char *text;
	int n;

	va_start(list, fmt);
	n = vasprintf(&text, fmt, list);
	va_end(list);
	if (n < 0) {
		s->failed = true;
		return col;
	}
	col = cli_sheet_text(s, row, col, s->width, style, text);
	free(text);
	return col;
}

/* ---- printing ---- */

/* A blank shows nothing but its style. */
static bool shows(const struct cli_cell *cell)
{
	return cell->c != ' ' || cell->style == CLI_REVERSE;
}

void cli_sheet_row(const struct cli_sheet *s, unsigned row, bool colour, FILE *out)
{
	static const char *const escape[CLI_STYLES] = {
		"\033[0m", "\033[0;1m", "\033[0;2m", "\033[0;31m", "\033[0;7m",
	};
	const struct cli_cell *cell = row < s->rows ? &s->cell[row * s->width] : NULL;
	unsigned end = cell ? s->width : 0, style = CLI_PLAIN;

	while (end > 0 && !shows(&cell[end - 1]))
		end--;
	for (unsigned i = 0; i < end; i++) {
		if (colour && cell[i].style != style)
			fputs(escape[cell[i].style], out);
		style = cell[i].style;
		putc(cell[i].c, out);
	}
	if (colour && style != CLI_PLAIN)
		fputs(escape[CLI_PLAIN], out);
}

void cli_sheet_print(const struct cli_sheet *s, bool colour, FILE *out)
{
	for (unsigned i = 0; i < s->rows; i++) {
		cli_sheet_row(s, i, colour, out);
		putc('\n', out);
	}
}
