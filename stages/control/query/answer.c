/* answer - a line in, a line out. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/parts.h"

#define FLAGS (JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

static const struct command {
	const char *name;
	query_data *data; /* or */
	query_text *text;
} commands[] = {
	{ "show_status", show_status, NULL },
	{ "show_peers", show_peers, NULL },
	{ "show_links", show_links, NULL },
	{ "show_tree", show_tree, NULL },
	{ "show_sessions", show_sessions, NULL },
	{ "show_bloom", show_bloom, NULL },
	{ "show_mmp", show_mmp, NULL },
	{ "show_cache", show_cache, NULL },
	{ "show_connections", show_connections, NULL },
	{ "show_transports", show_transports, NULL },
	{ "show_routing", show_routing, NULL },
	{ "show_identity_cache", show_identity_cache, NULL },
	{ "show_acl", show_acl, NULL },
	{ "show_listening_sockets", show_listening_sockets, NULL },
	{ "show_native_flows", show_native_flows, NULL },
	{ "show_metrics", show_metrics, NULL },
	{ "show_stats_list", show_stats_list, NULL },
	{ "show_stats_peers", show_stats_peers, NULL },
	{ "show_stats_history", NULL, show_stats_history },
	{ "show_stats_all_history", NULL, show_stats_all_history },
	{ "show_stats_history_all_peers", NULL, show_stats_history_all_peers },
	{ "connect", do_connect, NULL },
	{ "disconnect", do_disconnect, NULL },
	{ "probe_start", do_probe_start, NULL },
	{ "probe_poll", do_probe_poll, NULL },
	{ "probe_cancel", do_probe_cancel, NULL },
	{ "trace_start", do_trace_start, NULL },
	{ "trace_poll", do_trace_poll, NULL },
	{ "trace_stop", do_trace_stop, NULL },
};

/* ---- for the commands ---- */

void *query_wrong(struct query *q, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(q->wrong, sizeof q->wrong, format, list);
	va_end(list);
	return NULL;
}

const char *query_param(const struct query *q, const char *name)
{
	return json_string_value(json_object_get(q->params, name));
}

const struct mr_view *query_view(struct query *q)
{
	if (!q->view)
		q->view = mr_engine_view(q->host->engine);
	return q->view;
}

uint64_t query_ms(const struct query *q, uint64_t ns)
{
	if (ns == 0)
		return 0;
	if (ns >= q->now)
		return q->wall + (ns - q->now) / MR_NS_PER_MS;
	return q->wall - (q->now - ns) / MR_NS_PER_MS;
}

char *query_dump(const json_t *value)
{
	return json_dumps(value, FLAGS);
}

/* ---- wrapping ---- */

static void write_error(FILE *out, const char *message)
{
	json_t *o = json_object();
	char *text;

	put_text(o, "status", "error");
	put_text(o, "message", message);
	text = query_dump(o);
	fprintf(out, "%s\n", text ? text : "{\"status\":\"error\",\"message\":\"no memory\"}");
	free(text);
	json_decref(o);
}

void query_begin(FILE *out)
{
	fputs("{\"status\":\"ok\",\"data\":", out);
}

static bool write_data(struct query *q, const struct command *command, FILE *out)
{
	json_t *data = command->data ? command->data(q) : NULL;
	char *text = data ? query_dump(data) : NULL;
	bool done = text != NULL;

	json_decref(data);
	if (text) {
		query_begin(out);
		fputs(text, out);
	} else if (command->text) {
		done = command->text(q, out);
	}
	if (done)
		fputs("}\n", out);
	free(text);
	return done;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void write_answer(struct query *q, const char *line, size_t n, FILE *out)
{
	struct request request;
	const struct command *command = NULL;

	if (mr_request_parse(&request, line, n, q->wrong)) {
		q->command = request.command;
		q->params = request.params;
		command = find(request.command);
		if (!command)
			query_wrong(q, "unknown command: %s", request.command);
	}
	if (!command || !write_data(q, command, out))
		write_error(out, q->wrong[0] ? q->wrong : "no memory");
	mr_request_close(&request);
}

static void write_fate(enum mr_oneline_fate fate, FILE *out)
{
	static const char *const message[] = {
		[MR_ONELINE_EMPTY] = "empty request",
		[MR_ONELINE_LONG] = "read error: request too large",
		[MR_ONELINE_LATE] = "read timeout",
	};

	write_error(out, message[fate]);
}

char *mr_query_answer(const struct mr_query_host *host, enum mr_oneline_fate fate, const char *line,
                      size_t n, size_t *len)
{
	struct query q = { .host = host, .control = mr_engine_host_state(host->engine),
		           .now = host->now, .wall = host->wall / MR_NS_PER_MS };
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	if (fate == MR_ONELINE_READ)
		write_answer(&q, line, n, out);
	else
		write_fate(fate, out);
	mr_view_free(q.view);
	free(q.names);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
