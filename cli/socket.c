/* socket - questions of operators, answered between two turns of control. */
#include "cli/socket.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "stages/control/query/query.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* Will the node be the same one after a restart? */
static bool persistent(const struct run *r)
{
	return r->nsec || json_is_string(mr_json_at(r->node.doc, "node.identity.key_file")) ||
	       json_is_true(mr_json_at(r->node.doc, "node.identity.persistent"));
}

static char *on_line(void *arg, enum mr_oneline_fate fate, const char *line, size_t n, size_t *len)
{
	struct run *r = arg;
	const struct mr_query_host host = {
		.engine = r->engine,
		.version = "millrace " PACKAGE_VERSION,
		.socket = mr_oneline_path(r->control),
		.persistent = persistent(r),
		.running = r->pages.ready,
		.now = mr_clock_now(),
		.wall = mr_clock_wall(),
		.started = r->started,
	};
	char *answer = mr_query_answer(&host, fate, line, n, len);

	cli_run_turn(r); /* it may have asked for something */
	return answer;
}

/* The path that the node file in force gives, or the default one. */
static const char *path_of(const struct mr_query_settings *set, char room[108])
{
	if (set->path[0])
		return set->path;
	mr_query_default_path(room);
	return room;
}

static struct mr_oneline *listen_at(struct run *r, const char *path, struct mr_report *report)
{
	const struct mr_unix_wish wish = mr_query_wish(path);

	return mr_oneline_open(r->loop, &wish, on_line, r, report);
}

static void log_report(const struct run *r, enum mr_level level, const struct mr_report *report)
{
	for (unsigned i = 0; i < report->n; i++)
		mr_log(&r->log, level,
		       "no control socket: %s; `millrace show` and others do not reach this node",
		       report->list[i].text);
}

bool cli_socket_open(struct run *r, struct mr_report *report)
{
	struct mr_query_settings set = mr_query_settings(mr_engine_host_state(r->engine));
	struct mr_report said = { 0 };
	char room[108];

	if (!set.enabled)
		return true;
	r->control = listen_at(r, path_of(&set, room), set.path[0] ? report : &said);
	log_report(r, MR_LOG_WARN, &said);
	mr_report_free(&said);
	return r->control || !set.path[0];
}

void cli_socket_again(struct run *r)
{
	struct mr_query_settings set = mr_query_settings(mr_engine_host_state(r->engine));
	struct mr_oneline *before = r->control, *now;
	struct mr_report report = { 0 };
	char room[108];
	const char *path = path_of(&set, room);

	if (set.enabled == (before != NULL) && (!before || !strcmp(path, mr_oneline_path(before))))
		return;
	now = set.enabled ? listen_at(r, path, &report) : NULL;
	log_report(r, MR_LOG_WARN, &report);
	mr_report_free(&report);
	if (set.enabled && !now)
		return;
	mr_oneline_close(before);
	r->control = now;
	mr_log(&r->log, MR_LOG_INFO, "control socket %s%s", now ? "at " : "is off", now ? path : "");
}
