/* Answers of a node, or of who says that it is one: two of /stats and one of /peers or /graph, each
 * ended by a NUL.  Whatever they are, what is drawn of them is printable ASCII in rows no wider
 * than the sheet, and no number is none. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/drawing.h"
#include "cli/top.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ANSWERS 3

/* The answers, each with a NUL behind it; the last ones may be empty.  Freed by the caller. */
static char *part(const uint8_t *data, size_t n, const char *answer[ANSWERS])
{
	char *text = calloc(n + ANSWERS, 1), *at = text;

	if (n > 0)
		memcpy(text, data, n);
	for (unsigned i = 0; i < ANSWERS; i++) {
		answer[i] = at;
		at += strlen(at) + (at + strlen(at) < text + n);
	}
	return text;
}

static void check(const struct cli_sheet *sheet)
{
	char *text = NULL;
	size_t len, wide = 0;
	FILE *f = open_memstream(&text, &len);

	assert(!sheet->failed);
	cli_sheet_print(sheet, false, f);
	fclose(f);
	for (size_t i = 0; i < len; i++) {
		assert(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
		wide = text[i] == '\n' ? 0 : wide + 1;
		assert(wide <= sheet->width);
	}
	free(text);
}

static void draw(const struct cli_news *news, const struct cli_look *look)
{
	struct cli_sheet sheet;

	cli_sheet_open(&sheet, look->width);
	cli_top_draw(&sheet, news, look);
	check(&sheet);
	cli_sheet_close(&sheet);
	cli_sheet_open(&sheet, look->width);
	cli_draw_graph(&sheet, 2, news->more, look->drops ? NULL : &news->sample);
	check(&sheet);
	cli_sheet_close(&sheet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned width[] = { 80, 1, 33, 200 };
	const char *answer[ANSWERS];
	struct cli_news news = { 0 };
	struct cli_look look = { 0 };
	char *text;

	if (n > 65536)
		return 0;
	text = part(data, n, answer);
	cli_news_take(&news, answer[0], strlen(answer[0]), answer[2], strlen(answer[2]));
	for (unsigned i = 0; i < 4 && news.sample.doc; i++) {
		look.width = width[i];
		look.sort = i;
		look.drops = i == 1;
		draw(&news, &look);
		if (i == 1)
			cli_news_take(&news, answer[1], strlen(answer[1]), answer[2],
			              strlen(answer[2]));
	}
	cli_news_close(&news);
	free(text);
	return 0;
}
