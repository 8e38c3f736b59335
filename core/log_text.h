/* log_text.h - bytes of anybody's made harmless for a line of a log; see log.h. */
#ifndef MR_CORE_LOG_TEXT_H
#define MR_CORE_LOG_TEXT_H

#include <stddef.h>

/* A line being put together.  What does not fit is left out, whole characters at a time. */
struct mr_line {
	char  *text; /* borrowed, room bytes; not NUL-terminated */
	size_t n, room;
};

/* Append n bytes as they are, all or nothing. */
void mr_line_raw(struct mr_line *l, const char *text, size_t n);

/* Append for a terminal: what is no UTF-8 and what are control characters become '?'. */
void mr_line_plain(struct mr_line *l, const char *text, size_t n);

/* Append as the inside of a JSON string. */
void mr_line_json(struct mr_line *l, const char *text, size_t n);

#endif
