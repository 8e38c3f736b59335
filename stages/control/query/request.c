#include "stages/control/query/request.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 16 /* of arrays and objects: a command needs two */

/* Nesting is bounded before it is parsed: a parser that recurses has a stack. */
static bool too_deep(const char *line, size_t n)
{
	unsigned depth = 0;
	bool text = false;

	for (size_t i = 0; i < n; i++) {
		if (text && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			text = !text;
		else if (!text && (line[i] == '{' || line[i] == '['))
			depth++;
		else if (!text && (line[i] == '}' || line[i] == ']') && depth > 0)
			depth--;
		if (depth > DEPTH)
			return true;
	}
	return false;
}

static bool invalid(char wrong[REQUEST_WRONG], const char *what)
{
	snprintf(wrong, REQUEST_WRONG, "invalid request: %s", what);
	return false;
}

bool mr_request_parse(struct request *out, const char *line, size_t n, char wrong[REQUEST_WRONG])
{
	json_error_t error;
	json_t *command;

	*out = (struct request){ 0 };
	if (too_deep(line, n))
		return invalid(wrong, "nested too deep");
	out->doc = json_loadb(line, n, JSON_REJECT_DUPLICATES, &error);
	if (!out->doc) {
		snprintf(wrong, REQUEST_WRONG, "invalid request: %.160s at column %d", error.text,
		         error.column);
		return false;
	}
	command = json_object_get(out->doc, "command");
	if (!json_is_object(out->doc) || !command)
		return invalid(wrong, "missing field `command`");
	if (!json_is_string(command))
		return invalid(wrong, "`command` is no text");
	out->command = json_string_value(command);
	out->params = json_object_get(out->doc, "params");
	if (json_is_null(out->params))
		out->params = NULL;
	return true;
}

void mr_request_close(struct request *r)
{
	json_decref(r->doc);
	*r = (struct request){ 0 };
}

bool mr_request_duration(const char *text, uint64_t *seconds, char wrong[REQUEST_WRONG])
{
	static const struct { char unit; uint64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 },
	};
	size_t n = strlen(text), digits = strspn(text, "0123456789");
	uint64_t v = 0;

	if (n == 0) {
		snprintf(wrong, REQUEST_WRONG, "empty duration");
		return false;
	}
	for (size_t i = 0; i < digits && v < UINT64_C(31536000); i++)
		v = 10 * v + (uint64_t)(text[i] - '0');
	if (digits == 0 || digits + 1 != n || v >= UINT64_C(31536000)) {
		snprintf(wrong, REQUEST_WRONG, "invalid duration: %.64s", text);
		return false;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (text[n - 1] != units[i].unit)
			continue;
		*seconds = v * units[i].seconds;
		return true;
	}
	snprintf(wrong, REQUEST_WRONG, "unknown duration unit: %c (expected s, m, h)",
	         isprint((unsigned char)text[n - 1]) ? text[n - 1] : '?');
	return false;
}
