/* pages - a handler a path; each makes its body from a fresh view of the engine. */
#include "cli/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config_page.h"
#include "cli/page/files.h"
#include "core/clock.h"
#include "core/log_keeper.h"
#include "core/stats.h"
#include "stages/control/control.h"

#define PLAIN "text/plain; charset=utf-8"
#define JSON  "application/json; charset=utf-8"

/* Without a body the server answers 500 by itself. */
static void give(struct mr_reply *reply, int status, const char *type, char *body, size_t len)
{
	if (body)
		*reply = (struct mr_reply){ .status = status, .type = type, .body = body,
		                            .len = len };
}

static void give_text(struct mr_reply *reply, int status, const char *text)
{
	char *body = strdup(text);

	give(reply, status, PLAIN, body, strlen(text));
}

/* ---- the live page ---- */

static void give_file(struct mr_reply *reply, const char *type, const struct cli_page_file *file)
{
	char *body = malloc(file->n);

	if (!body)
		return;
	memcpy(body, file->bytes, file->n);
	give(reply, 200, type, body, file->n);
	reply->policy = CLI_PAGE_POLICY;
}

static void on_page(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	give_file(reply, "text/html; charset=utf-8", &cli_page_html);
}

static void on_style(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	give_file(reply, "text/css; charset=utf-8", &cli_page_css);
}

static void on_script(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	give_file(reply, "text/javascript; charset=utf-8", &cli_page_js);
}

/* ---- numbers ---- */

/* The engine, and what the program adds to it.  NULL: no memory. */
static struct mr_view *view_of(const struct cli_pages *pages)
{
	struct mr_view *view = mr_engine_view(pages->engine);
	struct mr_log_counts lines = { 0 };

	if (pages->keeper)
		lines = mr_log_keeper_counts(pages->keeper);
	if (view) {
		view->log_held = lines.held;
		view->log_lost = lines.lost;
	}
	return view;
}

static void on_stats(void *arg, const char *query, struct mr_reply *reply)
{
	struct cli_pages *pages = arg;
	struct mr_view *view = view_of(pages);
	size_t len = 0;
	char *body = view ? mr_stats_json(view, strcmp(query, "hist=1") == 0, &len) : NULL;

	give(reply, 200, JSON, body, len);
	mr_view_free(view);
}

/* Two texts as one; both are given up.  NULL when either is. */
static char *joined(char *a, size_t *len, char *b, size_t more)
{
	char *both = a && b ? realloc(a, *len + more + 1) : NULL;

	if (both) {
		memcpy(both + *len, b, more + 1);
		*len += more;
	} else {
		free(a);
	}
	free(b);
	return both;
}

/* What the engine measures, and what control knows of peers and sessions. */
static void on_metrics(void *arg, const char *query, struct mr_reply *reply)
{
	struct cli_pages *pages = arg;
	struct mr_view *view = view_of(pages);
	size_t len = 0, more = 0;
	char *body = view ? mr_stats_metrics(view, &len) : NULL;
	char *peers = mr_control_metrics(mr_engine_host_state(pages->engine), &more);

	(void)query;
	body = joined(body, &len, peers, more);
	give(reply, 200, "text/plain; version=0.0.4; charset=utf-8", body, len);
	mr_view_free(view);
}

static void give_dot(const struct mr_graph *graph, struct mr_reply *reply)
{
	char *body = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&body, &len);

	if (!f)
		return;
	mr_graph_print_dot(graph, f);
	if (fclose(f) == 0)
		give(reply, 200, "text/vnd.graphviz; charset=utf-8", body, len);
	else
		free(body);
}

static void on_graph(void *arg, const char *query, struct mr_reply *reply)
{
	struct cli_pages *pages = arg;
	char *body;

	if (strcmp(query, "format=dot") == 0) {
		give_dot(pages->graph, reply);
		return;
	}
	if (query[0] != '\0' && strcmp(query, "format=json") != 0) {
		give_text(reply, 400, "format=dot or format=json\n");
		return;
	}
	body = mr_graph_json(pages->graph);
	give(reply, 200, JSON, body, body ? strlen(body) : 0);
}

static void on_peers(void *arg, const char *query, struct mr_reply *reply)
{
	struct cli_pages *pages = arg;
	char *body = mr_control_peers_json(mr_engine_host_state(pages->engine), mr_clock_now());

	(void)query;
	give(reply, 200, JSON, body, body ? strlen(body) : 0);
}

static void on_config(void *arg, const char *query, struct mr_reply *reply)
{
	const struct cli_pages *pages = arg;
	char *body = cli_config_json(pages->node->doc, &pages->node->settings, pages->kinds);

	(void)query;
	give(reply, 200, JSON, body, body ? strlen(body) : 0);
}

/* ---- for those who watch over the program ---- */

static void on_ready(void *arg, const char *query, struct mr_reply *reply)
{
	const struct cli_pages *pages = arg;

	(void)query;
	if (pages->ready)
		give_text(reply, 200, "ready\n");
	else
		give_text(reply, 503, "not ready\n");
}

static void on_live(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	give_text(reply, 200, "live\n");
}

const struct mr_route cli_routes[] = {
	{ "/", on_page, "the graph and its numbers, drawn anew each second, for a browser" },
	{ "/stats", on_stats, "stages, edges and workers with their counters and times (JSON; "
	                      "?hist=1 with the buckets of histograms)" },
	{ "/metrics", on_metrics, "the same for Prometheus" },
	{ "/graph", on_graph, "the stage graph that runs (JSON; ?format=dot for graphviz)" },
	{ "/peers", on_peers, "neighbours and sessions (JSON)" },
	{ "/config", on_config, "the configuration in force, without secrets (JSON)" },
	{ "/ready", on_ready, "200 when packets flow, 503 while starting and stopping" },
	{ "/live", on_live, "200 when the program answers at all" },
	{ "/page.css", on_style, "what the page looks like" },
	{ "/page.js", on_script, "what it does" },
	{ 0 },
};
