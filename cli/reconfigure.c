/* reconfigure - the node file and the graph are read again while the node runs (SIGHUP).
 *
 *   1 read       both files, under the options of the command line; every mistake is told
 *   2 the same?  who we are and who we run as cannot change
 *   3 http       another address is opened beside the old one
 *   4 engine     takes what has changed, or nothing (core/swap.c)
 *   5 take over  what the program keeps for itself; the old files are freed
 *
 * Until 4 has succeeded nothing has changed, and what was wrong is in the log. */
#include "cli/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dns.h"
#include "cli/identity.h"
#include "cli/lookout.h"
#include "cli/socket.h"
#include "core/clock.h"
#include "core/http_listen.h"
#include "core/json.h"
#include "stages/control/control.h"

/* One reload on its way. */
struct attempt {
	struct run        *r;
	struct cli_node    next;
	struct mr_http    *http;    /* opened for it; NULL: none was, or off */
	bool               rehttp;  /* HTTP moves                            */
	struct mr_swapped  swapped;
	struct mr_report   report;
};

/* ---- 1 and 2 ---- */

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static void restart(struct attempt *a, const char *path)
{
	struct mr_where where = mr_json_where(a->next.doc, path);

	where.path = path;
	mr_complain(&a->report, where, "a change here needs a restart");
}

static bool read_again(struct attempt *a)
{
	struct run *r = a->r;

	if (!cli_node_load(&a->next, &r->options, &a->report))
		return false;
	if (!r->user && !same_text(a->next.settings.user, r->node.settings.user))
		restart(a, "user");
	if (!same_text(a->next.settings.aead.refuse, r->node.settings.aead.refuse))
		restart(a, "aead.refuse");
	if (!cli_identity_again(a->next.doc, a->next.file, r->node.doc, r->nsec, &r->id,
	                        &a->report))
		return false;
	return a->report.errors == 0;
}

/* ---- 3 ---- */

static bool open_http(struct attempt *a)
{
	const struct cli_settings *now = &a->r->node.settings, *next = &a->next.settings;

	a->rehttp = !same_text(now->http.listen, next->http.listen);
	if (!a->rehttp)
		return true;
	a->http = cli_run_http(a->r, &a->next, &a->report);
	return a->report.errors == 0;
}

/* Requests under way at the old address end with it. */
static void move_http(struct attempt *a)
{
	struct run *r = a->r;

	mr_http_close(r->http);
	r->http = a->http;
	a->http = NULL;
	mr_log(&r->log, MR_LOG_INFO, "statistics %s%s", r->http ? "at " : "are off",
	       r->http ? mr_http_url(r->http) : "");
}

/* ---- 5 ---- */

/* What the program keeps for itself: the log's level and form, where HTTP listens. */
static bool take_settings(struct attempt *a)
{
	struct run *r = a->r;
	struct cli_settings now = r->node.settings;
	bool relog = now.log.level != a->next.settings.log.level ||
	             now.log.format != a->next.settings.log.format;

	if (a->rehttp)
		move_http(a);
	r->node.settings = a->next.settings;
	a->next.settings = now;
	cli_run_log_as_set(r);
	mr_control_log(mr_engine_host_state(r->engine), &r->log);
	return relog || a->rehttp;
}

static void take_doc(struct attempt *a)
{
	struct run *r = a->r;
	struct mr_json *doc = r->node.doc;

	r->node.doc = a->next.doc;
	a->next.doc = doc;
}

static void take_graph(struct attempt *a)
{
	struct run *r = a->r;
	struct cli_node now = r->node;

	mr_view_free(r->before); /* it shows the old one */
	r->before = NULL;
	r->node.graph = a->next.graph;
	r->node.graph_doc = a->next.graph_doc;
	r->node.why = a->next.why;
	a->next.graph = now.graph;
	a->next.graph_doc = now.graph_doc;
	a->next.why = now.why;
	r->pages.graph = r->node.graph;
	cli_lookout_again(r);
	cli_run_log_graph(r);
}

/* ---- the outcome ---- */

/* The complaints as one text; "" when there is no memory for them. */
static char *text_of(const struct mr_report *report)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return strdup("");
	mr_report_print(report, f);
	fclose(f);
	return text;
}

static void note(struct attempt *a, enum mr_reload_result result, const char *text)
{
	mr_engine_note_reload(a->r->engine, result, &a->swapped, mr_clock_wall(), text);
}

static void refused(struct attempt *a)
{
	char *text = text_of(&a->report);

	note(a, MR_RELOAD_REFUSED, text ? text : "");
	mr_log(&a->r->log, MR_LOG_ERROR, "reload refused, nothing has changed");
	mr_log_report(&a->r->log, "reload: ", &a->report);
	free(text);
}

static void tell_done(struct attempt *a, enum mr_swap what)
{
	const struct mr_swapped *s = &a->swapped;
	char text[256];

	if (what == MR_SWAP_ALL)
		snprintf(text, sizeof text,
		         "graph %s: sources rested for %u.%03u ms, %u kept packets went over, %u lost",
		         a->r->node.graph->name, (unsigned)(s->rest_ns / MR_NS_PER_MS),
		         (unsigned)(s->rest_ns % MR_NS_PER_MS / MR_NS_PER_US), s->moved, s->lost);
	else
		snprintf(text, sizeof text, "new settings, the workers ran on");
	note(a, MR_RELOAD_DONE, text);
	mr_log(&a->r->log, MR_LOG_INFO, "reloaded: %s", text);
	if (s->missing)
		mr_log(&a->r->log, MR_LOG_ERROR, "%u packets did not come home", s->missing);
}

static void succeeded(struct attempt *a, enum mr_swap what)
{
	bool own;

	mr_log_report(&a->r->log, "reload: ", &a->report);
	if (what == MR_SWAP_ALL)
		take_graph(a);
	if (what != MR_SWAP_SAME)
		take_doc(a);
	own = take_settings(a);
	cli_socket_again(a->r);
	cli_dns_open(a->r);
	if (what != MR_SWAP_SAME || own) {
		tell_done(a, what);
		return;
	}
	note(a, MR_RELOAD_UNCHANGED, "nothing changed");
	mr_log(&a->r->log, MR_LOG_INFO, "reload: nothing changed");
}

/* ---- 4 ---- */

static enum mr_swap swap(struct attempt *a)
{
	const struct mr_engine_options o = {
		.graph = a->next.graph,
		.node = a->next.doc,
		.view_max = cli_node_view_max(&a->next),
	};

	return mr_engine_swap(a->r->engine, &o, &a->swapped, &a->report);
}

void cli_reconfigure(struct run *r)
{
	struct attempt a = { .r = r };
	enum mr_swap what = MR_SWAP_REFUSED;

	mr_log(&r->log, MR_LOG_INFO, "reading the configuration again");
	if (read_again(&a) && open_http(&a))
		what = swap(&a);
	if (what == MR_SWAP_REFUSED)
		refused(&a);
	else
		succeeded(&a, what);
	mr_http_close(a.http);
	cli_node_free(&a.next);
	mr_report_free(&a.report);
}
