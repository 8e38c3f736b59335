/* sheet.h - a sheet of characters: written by row and column, printed as lines.
 *
 *     row 0   millrace 0.1.0  graph fused            the first `head` rows stand still
 *     row 1   3 peers up
 *     row 2   stage        pkt/s                     the others scroll
 *     ...
 *
 * It is as wide as it was made and grows downwards.  What does not fit is cut, with a '~' in the
 * last place.  Only printable ASCII gets in: a name that a file or a neighbour chose can neither
 * move the cursor nor change colours, and each character takes one place.
 */
#ifndef MILLRACE_CLI_SHEET_H
#define MILLRACE_CLI_SHEET_H

#include <stdbool.h>
#include <stdio.h>

enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_REVERSE, CLI_STYLES };

struct cli_cell {
	char          c;
	unsigned char style; /* enum cli_style */
};

struct cli_sheet {
	unsigned         width; /* const; > 0                                    */
	unsigned         rows;  /* written to                                    */
	unsigned         head;  /* rows that do not scroll; the drawer's to set  */
	struct cli_cell *cell;  /* owned, [room * width]                         */
	unsigned         room;
	bool             failed; /* no memory: what came since is not there      */
};

void cli_sheet_open(struct cli_sheet *s, unsigned width);
void cli_sheet_close(struct cli_sheet *s);

/* Text in at most `room` places from this column on; the column behind it. */
unsigned cli_sheet_text(struct cli_sheet *s, unsigned row, unsigned col, unsigned room,
                        enum cli_style style, const char *text);

/* The same, ending before column `end`. */
void cli_sheet_right(struct cli_sheet *s, unsigned row, unsigned end, unsigned room,
                     enum cli_style style, const char *text);

/* The same, of as much as there is room for in the row. */
unsigned cli_sheet_format(struct cli_sheet *s, unsigned row, unsigned col, enum cli_style style,
                          const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* One character, and what is there now (' ' where nothing was written). */
void cli_sheet_put(struct cli_sheet *s, unsigned row, unsigned col, enum cli_style style, char c);
char cli_sheet_at(const struct cli_sheet *s, unsigned row, unsigned col);

/* A row without the blanks at its end, and without a newline. */
void cli_sheet_row(const struct cli_sheet *s, unsigned row, bool colour, FILE *out);

/* All rows, as lines. */
void cli_sheet_print(const struct cli_sheet *s, bool colour, FILE *out);

/* A text as the sheet would show it, written to out, whole characters; returns out. */
const char *cli_printable(char *out, size_t room, const char *text);

/* Text of others in many lines, but for what a terminal would obey: control characters, those of
 * UTF-8 too, become '?'. */
void cli_text_print(FILE *out, const char *text, size_t len);

#endif
