/* watch - ask, draw, show; keys move what is shown. */
#include "cli/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch.h"
#include "cli/terminal.h"
#include "core/clock.h"

#define PLAIN_WIDTH 100 /* of a sheet that COLUMNS and no terminal say a width for */

/* ---- news ---- */

bool cli_news_take(struct cli_news *news, const char *stats, size_t len, const char *more,
                   size_t more_len)
{
	struct cli_sample s;

	if (!stats || !cli_sample_read(&s, stats, len)) {
		if (stats)
			cli_sample_close(&s);
		return false;
	}
	if (news->sample.doc && !cli_sample_since(&s, &news->sample))
		news->restarts++;
	cli_sample_close(&news->sample);
	news->sample = s;
	json_decref(news->more);
	news->more = more ? json_loadb(more, more_len, 0, NULL) : NULL;
	news->gone[0] = '\0';
	news->gone_s = 0;
	return true;
}

void cli_news_close(struct cli_news *news)
{
	cli_sample_close(&news->sample);
	json_decref(news->more);
	*news = (struct cli_news){ 0 };
}

/* ---- a screen ---- */

/* First row below the head that may be shown at the top. */
static unsigned scrolled(const struct cli_sheet *sheet, unsigned wanted, unsigned window)
{
	unsigned body = sheet->rows > sheet->head ? sheet->rows - sheet->head : 0;
	unsigned most = body > window ? body - window : 0;

	return wanted < most ? wanted : most;
}

static void put_keys(const struct cli_sheet *sheet, const struct cli_look *look, const char *keys,
                     unsigned window, bool colour, FILE *out)
{
	unsigned body = sheet->rows > sheet->head ? sheet->rows - sheet->head : 0;
	unsigned last = look->scroll + window < body ? look->scroll + window : body, col;
	struct cli_sheet bar;
	char where[64];

	cli_sheet_open(&bar, sheet->width);
	for (col = 0; col < bar.width; col++)
		cli_sheet_put(&bar, 0, col, CLI_REVERSE, ' ');
	cli_sheet_text(&bar, 0, 0, bar.width, CLI_REVERSE, keys);
	snprintf(where, sizeof where, " %u-%u of %u", body ? look->scroll + 1 : 0, last, body);
	if (strlen(where) < bar.width)
		cli_sheet_right(&bar, 0, bar.width, bar.width, CLI_REVERSE, where);
	cli_sheet_row(&bar, 0, colour, out);
	cli_sheet_close(&bar);
}

char *cli_screen(const struct cli_sheet *sheet, struct cli_look *look, const char *keys,
		 bool colour, size_t *len)
{
	unsigned rows = look->height > 1 ? look->height - 1 : 0;
	unsigned head = sheet->head < rows ? sheet->head : rows, window = rows - head;
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	look->scroll = scrolled(sheet, look->scroll, window);
	fputs("\033[H", out);
	for (unsigned i = 0; i < rows; i++) {
		unsigned row = i < head ? i : sheet->head + look->scroll + i - head;

		cli_sheet_row(sheet, row, colour, out);
		fputs("\033[K\r\n", out);
	}
	put_keys(sheet, look, keys, window, colour, out);
	fputs("\033[J", out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- watching ---- */

struct watch {
	const struct cli_view *view;
	const char            *where;
	struct cli_news        news;
	struct cli_look        look;
	uint64_t               answered; /* mr_clock_now */
	bool                   colour;
};

static bool ask(struct watch *w)
{
	char why[sizeof w->news.gone];
	size_t len = 0, more_len = 0;
	char *stats = cli_fetch(w->where, "/stats?hist=1", &len, why, sizeof why), *more = NULL;
	bool took;

	if (stats)
		more = cli_fetch(w->where, w->view->more, &more_len, why, sizeof why);
	took = cli_news_take(&w->news, stats, len, more, more_len);
	if (took)
		w->answered = mr_clock_now();
	else if (stats)
		snprintf(w->news.gone, sizeof w->news.gone,
		         "what %s answers is not a node's /stats", w->where);
	else
		snprintf(w->news.gone, sizeof w->news.gone, "%s", why);
	w->news.gone_s = (mr_clock_now() - w->answered) / MR_NS_PER_S;
	free(stats);
	free(more);
	return took;
}

static int not_there(const struct watch *w)
{
	char said[sizeof w->news.gone];

	fprintf(stderr, "millrace: %s\n", cli_printable(said, sizeof said, w->news.gone));
	return CLI_FAILED;
}

static unsigned plain_width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned width = columns ? (unsigned)strtoul(columns, NULL, 10) : 0, height;

	if (width == 0 && isatty(STDOUT_FILENO))
		cli_terminal_size(&width, &height);
	return width > 0 && width < 1000 ? width : PLAIN_WIDTH;
}

static int watch_once(struct watch *w)
{
	struct timespec wait = { .tv_sec = w->look.interval_ms / 1000,
		                 .tv_nsec = (long)(w->look.interval_ms % 1000) * 1000000 };
	struct cli_sheet sheet;
	bool done;

	while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
		;
	if (!ask(w))
		return not_there(w);
	cli_sheet_open(&sheet, plain_width());
	w->view->draw(&sheet, &w->news, &w->look);
	cli_sheet_print(&sheet, false, stdout);
	done = !sheet.failed && !ferror(stdout);
	cli_sheet_close(&sheet);
	return done ? CLI_OK : CLI_FAILED;
}

static bool show(struct watch *w)
{
	struct cli_sheet sheet;
	size_t len = 0;
	char *text;
	bool shown;

	cli_terminal_size(&w->look.width, &w->look.height);
	cli_sheet_open(&sheet, w->look.width);
	w->view->draw(&sheet, &w->news, &w->look);
	text = cli_screen(&sheet, &w->look, w->view->keys, w->colour, &len);
	shown = text && cli_terminal_show(text, len);
	free(text);
	cli_sheet_close(&sheet);
	return shown;
}

static void scroll(struct cli_look *look, int by)
{
	if (by < 0)
		look->scroll -= look->scroll < (unsigned)-by ? look->scroll : (unsigned)-by;
	else
		look->scroll += (unsigned)by; /* as far as there is something: cli_screen */
}

static void press(struct watch *w, enum cli_key key)
{
	struct cli_look *look = &w->look;
	int page = look->height > 4 ? (int)look->height - 4 : 1;

	switch (key) {
	case CLI_KEY_SORT:
		look->sort++;
		if (!w->view->sorts || !w->view->sorts[look->sort])
			look->sort = 0;
		break;
	case CLI_KEY_PAUSE:     look->paused = !look->paused; break;
	case CLI_KEY_DROPS:     look->drops = !look->drops; break;
	case CLI_KEY_UP:        scroll(look, -1); break;
	case CLI_KEY_DOWN:      scroll(look, 1); break;
	case CLI_KEY_PAGE_UP:   scroll(look, -page); break;
	case CLI_KEY_PAGE_DOWN: scroll(look, page); break;
	case CLI_KEY_HOME:      look->scroll = 0; break;
	case CLI_KEY_END:       look->scroll = 1u << 20; break;
	default:                break;
	}
}

static int watch_terminal(struct watch *w)
{
	uint64_t each = (uint64_t)w->look.interval_ms * MR_NS_PER_MS, due = mr_clock_now() + each;
	enum cli_key key = CLI_KEY_NONE;
	bool shown = true;

	if (!cli_terminal_open()) {
		fprintf(stderr, "millrace: the terminal: %s\n", strerror(errno));
		return CLI_FAILED;
	}
	while (key != CLI_KEY_QUIT && shown) {
		shown = show(w);
		key = cli_terminal_key(w->look.paused ? MR_NEVER : due);
		press(w, key);
		if (w->look.paused || mr_clock_now() < due)
			continue;
		ask(w);
		due = mr_clock_now() + each;
	}
	cli_terminal_close();
	return shown ? CLI_OK : CLI_FAILED;
}

int cli_watch(const struct cli_view *view, const char *where, unsigned interval_ms, bool once)
{
	const char *no_colour = getenv("NO_COLOR");
	struct watch w = { .view = view, .where = where, .look = { .interval_ms = interval_ms },
		           .answered = mr_clock_now(), .colour = !no_colour || !*no_colour };
	int code;

	if (!ask(&w))
		code = not_there(&w);
	else if (once || !cli_terminal_is())
		code = watch_once(&w);
	else
		code = watch_terminal(&w);
	cli_news_close(&w.news);
	return code;
}
