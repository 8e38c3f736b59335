/* query_bench.c - asking, and looking at answers; see query_bench.h. */

#include "t/stages/query_bench.h"

#include <stdlib.h>
#include <string.h>

#include "stages/control/query/query.h"

char *ask_text(unsigned i, enum mr_oneline_fate fate, const char *line, size_t n, size_t *len)
{
	const struct mr_query_host host = {
		.engine = node[i].engine, .version = "millrace test", .socket = "/run/fips/control.sock",
		.running = true, .now = air.now, .started = 5 * MR_NS_PER_S, .wall = WALL + air.now,
	};

	return mr_query_answer(&host, fate, line, n, len);
}

json_t *ask_raw(unsigned i, const char *line, size_t n)
{
	size_t len;
	char *text = ask_text(i, MR_ONELINE_READ, line, n, &len);
	json_t *answer;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(len, 1);
	for (size_t k = 0; k + 1 < len; k++) {
		if (text[k] < 0x20 || text[k] >= 0x7f)
			ck_abort_msg("byte %zu of %s", k, text);
	}
	ck_assert_int_eq(text[len - 1], '\n');
	answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(answer != NULL, "%s", text);
	free(text);
	return answer;
}

json_t *ask(unsigned i, const char *command, const char *params)
{
	char line[2048];
	json_t *answer, *data;

	snprintf(line, sizeof line, "{\"command\":\"%s\"%s%s}", command,
	         params ? ",\"params\":" : "", params ? params : "");
	answer = ask_raw(i, line, strlen(line));
	ck_assert_msg(!strcmp(json_string_value(json_object_get(answer, "status")), "ok"), "%s: %s",
	              command, json_string_value(json_object_get(answer, "message")));
	ck_assert_uint_eq(json_object_size(answer), 2);
	data = json_incref(json_object_get(answer, "data"));
	ck_assert_ptr_nonnull(data);
	json_decref(answer);
	return data;
}

void refused(unsigned i, const char *line, const char *message)
{
	json_t *answer = ask_raw(i, line, strlen(line));
	const char *said = json_string_value(json_object_get(answer, "message"));

	ck_assert_msg(!strcmp(json_string_value(json_object_get(answer, "status")), "error"),
	              "%s is answered", line);
	ck_assert_uint_eq(json_object_size(answer), 2);
	ck_assert_msg(said && !strncmp(said, message, strlen(message)), "%s: %s", line, said);
	json_decref(answer);
}

void busy_pair(void)
{
	whole_link_up();
	for (unsigned k = 0; k < 4; k++) {
		whole_say(k % 2, &whole_mesh(!(k % 2))->me.addr, 300, 1);
		whole_run(3000);
	}
	ck_assert(whole_in_session(0));
}

/* ---- what an answer has ---- */

json_t *at(json_t *o, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, ".[");
		char key[64];

		snprintf(key, sizeof key, "%.*s", (int)n, path);
		o = json_object_get(o, key);
		path += n;
		if (!strncmp(path, "[]", 2)) {
			o = json_array_get(o, 0);
			path += 2;
		}
		path += *path == '.';
	}
	return o;
}

static bool listed(const char *keys, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = keys; (p = strstr(p, key)); p++)
		if ((p == keys || p[-1] == ' ') && strchr(" ?", p[n]))
			return true;
	return false;
}

void check_keys(json_t *o, const struct shape *s)
{
	const char *name;
	json_t *value;

	ck_assert_msg(json_is_object(o), "%s has no %s", s->command, s->at);
	json_object_foreach(o, name, value)
		ck_assert_msg(strstr(s->keys, "...") || listed(s->keys, name), "%s %s: %s",
	                      s->command, s->at, name);
	for (const char *p = s->keys; *p;) {
		size_t n = strcspn(p, " ");
		char key[64];

		snprintf(key, sizeof key, "%.*s", (int)n, p);
		if (key[n - 1] != '?' && strcmp(key, "..."))
			ck_assert_msg(json_object_get(o, key) != NULL, "%s %s: no %s", s->command,
			              s->at, key);
		p += n + (p[n] == ' ');
	}
}

json_int_t number(json_t *o, const char *path)
{
	json_t *v = at(o, path);

	ck_assert_msg(json_is_integer(v), "%s", path);
	return json_integer_value(v);
}

void is_text(json_t *o, const char *path, const char *want)
{
	const char *text = json_string_value(at(o, path));

	ck_assert_msg(text && !strcmp(text, want), "%s: %s", path, text ? text : "no text");
}
