/* request.h - a line that somebody sent, as a command and its parameters. */
#ifndef MR_STAGES_CONTROL_REQUEST_H
#define MR_STAGES_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_WRONG 4224 /* a line of the longest kind, and a few words */

struct request {
	json_t     *doc;     /* owned                                        */
	const char *command; /* borrowed from doc                            */
	json_t     *params;  /* borrowed; NULL: none, or null                */
};

/* Any n bytes.  False, with a message in wrong, when they are no request; close either way. */
bool mr_request_parse(struct request *out, const char *line, size_t n, char wrong[REQUEST_WRONG]);
void mr_request_close(struct request *r);

/* "90s", "10m", "24h" in seconds, at most a year.  False, with a message in wrong. */
bool mr_request_duration(const char *text, uint64_t *seconds, char wrong[REQUEST_WRONG]);

#endif
