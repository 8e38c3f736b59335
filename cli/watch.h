/* watch.h - looking at a running node, once or again and again: what `millrace top` and `millrace
 * graph --live` share.
 *
 *     ask /stats?hist=1 and a second page  ->  news  ->  the view draws a sheet  ->  a screen of it
 *
 * On a terminal it goes on until somebody presses q, else it draws one sheet as plain text.  An
 * answer that does not come is said, with what was known last below it; so is a node that began
 * anew.
 */
#ifndef MILLRACE_CLI_WATCH_H
#define MILLRACE_CLI_WATCH_H

#include "cli/sample.h"
#include "cli/sheet.h"

/* What is known. */
struct cli_news {
	struct cli_sample sample;    /* doc NULL: nothing yet                                */
	json_t           *more;      /* owned; the second page, or NULL                      */
	unsigned          restarts;  /* times that the node was another than the answer before */
	char              gone[1024]; /* why there is no answer now; "": there is one        */
	uint64_t          gone_s;    /* since the last answer                                */
};

/* How it is looked at. */
struct cli_look {
	unsigned width, height; /* of the screen                               */
	unsigned interval_ms;
	unsigned sort;          /* [0, the view's sorts)                       */
	unsigned scroll;        /* first row shown below the head              */
	bool     drops;         /* show what was dropped alone                 */
	bool     paused;
};

struct cli_view {
	const char        *more;  /* path of the second page                   */
	const char *const *sorts; /* what can be sorted by, NULL-terminated    */
	const char        *keys;  /* line at the bottom                        */
	/* Everything there is to see; a pure function.  Sets sheet->head. */
	void (*draw)(struct cli_sheet *sheet, const struct cli_news *news,
	             const struct cli_look *look);
};

/* An exit code.  `once`: one sheet, of one interval, even on a terminal. */
int cli_watch(const struct cli_view *view, const char *where, unsigned interval_ms, bool once);

/* ---- parts, for the tests ---- */

/* Take another answer, /stats and the second page (either may be NULL: there was none).  False: the
 * body is not a node's /stats, and nothing has changed. */
bool cli_news_take(struct cli_news *news, const char *stats, size_t len, const char *more,
                   size_t more_len);
void cli_news_close(struct cli_news *news);

/* The part of a sheet that the look shows, for a terminal: head, what is scrolled to, keys.  Moves
 * look->scroll to where there is something.  Malloc'd; NULL: no memory. */
char *cli_screen(const struct cli_sheet *sheet, struct cli_look *look, const char *keys,
		 bool colour, size_t *len);

#endif
