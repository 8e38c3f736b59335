/* run - `millrace run`: a node, from its configuration to its last packet.
 *
 *   1 read      node file, graph and key; every mistake is told, exit 2
 *   2 choose    the AEAD provider that is fastest here
 *   3 open      devices, sockets, stages, HTTP; what is missing is told, exit 1; then the rights
 *               that took are given up (privileges.h)
 *   4 run       the data workers on their threads, control on this one's event loop; SIGHUP reads
 *               1 again and takes what has changed (reconfigure.c)
 *   5 stop      SIGTERM or SIGINT: neighbours are told, what is inside runs out, exit 0
 */
#include "cli/cli.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/aead.h"
#include "cli/alive.h"
#include "cli/dns.h"
#include "cli/identity.h"
#include "cli/privileges.h"
#include "cli/run.h"
#include "cli/socket.h"
#include "core/clock.h"
#include "core/engine.h"
#include "core/http_listen.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/plugins.h"
#include "core/secret.h"
#include "core/stats.h"
#include "stages/control/control.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* Most time for the last words to neighbours, whatever the settings say; the engine drains for up
 * to half a second after it, and all of it is to be over in 2 s. */
#define FAREWELL_MAX (1400 * MR_NS_PER_MS)

enum { OPT_REPORT = CLI_NODE_OPTIONS, OPT_USER, OPT_ALLOW_CORE };

static const struct cli_option options[] = {
	CLI_NODE_OPTION_ROWS,
	{ 'r', "report", "SECONDS", "print the table of stages this often" },
	{ 'u', "user", "USER[:GROUP]", "who to be once all is open" },
	{ 0, "allow-core", NULL, "let core dumps and debuggers see the memory, keys and all" },
	{ 0 },
};

/* ---- 1 and 2: configuration ---- */

static bool read_configuration(struct run *r, const struct cli_args *args, struct mr_report *report)
{
	r->sets = calloc(args->n + 1, sizeof *r->sets);
	r->plugins = r->sets ? cli_plugins_open(report) : NULL;
	if (!r->plugins)
		return false;
	r->options = cli_node_options_of(args, r->sets);
	r->options.kinds = r->plugins->kinds;
	r->options.plugins = r->plugins;
	r->user = cli_value(args, OPT_USER);
	if (!cli_node_load(&r->node, &r->options, report) ||
	    !mr_http_listen_valid(r->node.settings.http.listen,
	                          r->node.settings.http.insecure_bind, report))
		return false;
	r->nsec = mr_json_at(r->node.doc, "node.identity.nsec") != NULL;
	return cli_identity_take(r->node.doc, r->node.file, &r->id, report);
}

/* ---- 4: control on the loop ---- */

/* Keys come and go with links and sessions, so this may be known only later. */
static void warn_unlocked(struct run *r)
{
	size_t unlocked = mr_secret_use().unlocked;

	if (unlocked <= r->unlocked)
		return;
	r->unlocked = 2 * unlocked; /* and not again for every key */
	mr_log(&r->log, MR_LOG_WARN,
	       "%zu KiB for keys could not be locked and may be written to swap: give the program "
	       "CAP_IPC_LOCK or a higher limit (ulimit -l, LimitMEMLOCK= in systemd)",
	       unlocked / 1024);
}

void cli_run_turn(struct run *r)
{
	mr_engine_host_turn(r->engine);
	warn_unlocked(r);
	mr_timer_set(r->deadline, mr_engine_host_deadline(r->engine), mr_clock_now());
	if (r->stopping && mr_control_stopped(mr_engine_host_state(r->engine)))
		mr_loop_stop(r->loop);
}

static void on_work(void *arg)
{
	cli_run_turn(arg);
}

/* A reader that stands still costs the tables it does not read. */
static bool print_table(const struct run *r, const char *table)
{
	char *text = NULL;
	int n = asprintf(&text, "%s\n", table);

	if (n < 0)
		return false;
	mr_out_write(r->out, text, (size_t)n);
	free(text);
	return true;
}

static void on_report(void *arg)
{
	struct run *r = arg;
	struct mr_view *view = mr_engine_view(r->engine);
	char *table = view ? mr_stats_table(view, r->before) : NULL;
	uint64_t now = mr_clock_now();

	if (table && print_table(r, table)) {
		mr_view_free(r->before);
		r->before = view;
		view = NULL;
	}
	free(table);
	mr_view_free(view);
	while (r->next <= now)
		r->next += r->every;
	mr_timer_set(r->report, r->next, now);
}

static void on_farewell(void *arg)
{
	struct run *r = arg;

	mr_loop_stop(r->loop);
}

/* The loop ends when every neighbour has been told, or the time for it is over.  A second signal
 * changes nothing: some senders signal a whole process group besides. */
static void on_stop(void *arg, int signo)
{
	struct run *r = arg;
	void *control = mr_engine_host_state(r->engine);
	uint64_t now = mr_clock_now(), drain = mr_control_drain(control);

	if (r->stopping)
		return;
	mr_log(&r->log, MR_LOG_INFO, "%s: stopping", signo == SIGTERM ? "SIGTERM" : "SIGINT");
	cli_alive_stopping(r, "telling neighbours");
	r->stopping = true;
	r->pages.ready = false;
	mr_control_stop(control);
	mr_timer_set(r->farewell, now + (drain < FAREWELL_MAX ? drain : FAREWELL_MAX), now);
	cli_run_turn(r);
}

static void on_hangup(void *arg, int signo)
{
	struct run *r = arg;

	(void)signo;
	if (r->stopping)
		return;
	cli_alive_reloading(r);
	cli_reconfigure(r);
	cli_alive_reloaded(r);
	cli_run_turn(r);
}

/* ---- 3: open and close ---- */

struct mr_http *cli_run_http(struct run *r, const struct cli_node *node, struct mr_report *report)
{
	struct mr_report said = { 0 };
	struct mr_http *http =
		mr_http_open(r->loop, node->settings.http.listen, node->settings.http.insecure_bind,
	                     cli_routes, &r->pages, &said);

	cli_listen_told(&said, node->doc, report);
	mr_report_free(&said);
	return http;
}

static bool open_loop(struct run *r)
{
	r->loop = mr_loop_open();
	if (!r->loop)
		return false;
	r->deadline = mr_timer_open(r->loop, on_work, r);
	r->farewell = mr_timer_open(r->loop, on_farewell, r);
	r->report = r->every ? mr_timer_open(r->loop, on_report, r) : NULL;
	return cli_alive_open(r) && r->deadline && r->farewell &&
	       ((r->report && r->out) || !r->every) &&
	       mr_loop_signal(r->loop, SIGTERM, on_stop, r) == 0 &&
	       mr_loop_signal(r->loop, SIGINT, on_stop, r) == 0 &&
	       mr_loop_signal(r->loop, SIGHUP, on_hangup, r) == 0;
}

static bool open_node(struct run *r, struct mr_report *report)
{
	const struct mr_engine_options o = {
		.graph = r->node.graph,
		.node = r->node.doc,
		.aead = r->aead,
		.rand = mr_rand_system(),
		.now = mr_clock_now,
		.view_max = cli_node_view_max(&r->node),
	};

	r->engine = mr_engine_open(&o, report);
	if (!r->engine)
		return false;
	if (!mr_engine_host_state(r->engine)) {
		mr_complain(report, (struct mr_where){ .file = r->node.graph->file },
		            "the graph has no control stage");
		return false;
	}
	mr_control_log(mr_engine_host_state(r->engine), &r->log);
	r->pages = (struct cli_pages){ .engine = r->engine, .graph = r->node.graph,
		                       .node = &r->node, .kinds = r->options.kinds,
		                       .keeper = r->keeper };
	if (mr_loop_watch(r->loop, mr_engine_host_fd(r->engine), on_work, r) != 0) {
		mr_complain(report, (struct mr_where){ 0 }, "the event loop cannot watch control");
		return false;
	}
	r->http = cli_run_http(r, &r->node, report);
	cli_dns_open(r);
	return cli_socket_open(r, report) && report->errors == 0;
}

/* Before the threads begin: they inherit what is left. */
static bool give_up_rights(struct run *r, struct mr_report *report)
{
	cli_identity_hide(r->node.doc, &r->id, report);
	if (r->user)
		return cli_privileges_shed(r->user, (struct mr_where){ .file = "--user" }, report);
	return cli_privileges_shed(r->node.settings.user, mr_json_where(r->node.doc, "user"),
	                           report);
}

/* HTTP, the control socket and names go first: their handlers look at the engine.
 * True when every packet came home. */
static bool close_all(struct run *r)
{
	unsigned missing;

	mr_http_close(r->http);
	mr_oneline_close(r->control);
	mr_dns_close(r->dns);
	cli_alive_close(r);
	mr_timer_close(r->deadline);
	mr_timer_close(r->report);
	mr_timer_close(r->farewell);
	if (r->loop)
		mr_loop_close(r->loop);
	mr_view_free(r->before);
	missing = mr_engine_close(r->engine);
	if (missing)
		mr_log(&r->log, MR_LOG_ERROR, "%u packets did not come home", missing);
	fips_identity_wipe(&r->id);
	cli_node_free(&r->node);
	free(r->sets);
	mr_plugins_close(r->plugins);
	return missing == 0;
}

static bool start(struct run *r, struct mr_report *report)
{
	uint64_t now = mr_clock_now();

	if (mr_engine_start(r->engine, report) != 0) {
		mr_engine_stop(r->engine);
		return false;
	}
	r->started = now;
	r->pages.ready = true;
	cli_run_log_device(r);
	if (r->http)
		mr_log(&r->log, MR_LOG_INFO, "statistics at %s%s", mr_http_url(r->http),
		       strncmp(mr_http_url(r->http), "unix:", 5) == 0 ? "" : "/");
	if (r->control)
		mr_log(&r->log, MR_LOG_INFO, "control socket at %s", mr_oneline_path(r->control));
	if (r->report) {
		r->next = now + r->every;
		mr_timer_set(r->report, r->next, now);
	}
	return true;
}

/* ---- the command ---- */

/* Everything from the configuration to the end; the report is printed by the caller. */
static int run_node(struct run *r, const struct cli_args *args, struct mr_report *report)
{
	/* first: a signal that comes from here on waits until the loop runs */
	if (!open_loop(r)) {
		mr_complain(report, (struct mr_where){ 0 }, "cannot make an event loop");
		return CLI_FAILED;
	}
	if (!read_configuration(r, args, report))
		return CLI_USAGE;
	cli_run_log_as_set(r);
	cli_run_tell(r, report); /* warnings */
	mr_log(&r->log, MR_LOG_INFO, "millrace %s", PACKAGE_VERSION);
	cli_run_log_graph(r);
	cli_run_log_identity(r);
	r->aead = cli_aead_choose(r->plugins->aeads, r->node.settings.aead.refuse, mr_clock_now,
	                          &r->log);
	if (!open_node(r, report) || !give_up_rights(r, report) || !start(r, report))
		return CLI_FAILED;
	cli_run_tell(r, report);
	cli_alive_start(r);
	cli_run_turn(r);
	mr_loop_run(r->loop);
	mr_engine_stop(r->engine);
	return CLI_OK;
}

static int run(const struct cli_args *args)
{
	const char *every = cli_value(args, OPT_REPORT);
	struct mr_report report = { 0 };
	struct run *r;
	char *end = NULL;
	long seconds = every ? strtol(every, &end, 10) : 0;
	int code;

	if (every && (end == every || *end || seconds < 1 || seconds > 86400))
		return cli_usage_error(args, "--report: %s is not a number of seconds in [1, 86400]",
		                       every);
	if (cli_value(args, OPT_USER) && cli_user_wrong(cli_value(args, OPT_USER)))
		return cli_usage_error(args, "--user: %s %s", cli_value(args, OPT_USER),
		                       cli_user_wrong(cli_value(args, OPT_USER)));
	cli_privileges_close(cli_has(args, OPT_ALLOW_CORE));
	r = mr_secret_alloc(sizeof *r);
	if (!r) {
		fprintf(stderr, "millrace: no memory\n");
		return CLI_FAILED;
	}
	r->every = (uint64_t)seconds * MR_NS_PER_S;
	r->alive.notify.fd = -1;
	r->out = r->every ? mr_out_open(STDOUT_FILENO) : NULL;
	cli_run_log_open(r);
	code = run_node(r, args, &report);
	cli_run_tell(r, &report);
	if (!close_all(r) && code == CLI_OK)
		code = CLI_FAILED;
	if (code == CLI_OK)
		mr_log(&r->log, MR_LOG_INFO, "stopped");
	mr_out_close(r->out);
	cli_run_log_close(r);
	mr_secret_free(r);
	cli_privileges_reopen();
	return code;
}

const struct cli_command cli_run = {
	.name = "run",
	.summary = "run a node",
	.details = "Runs in the foreground until SIGTERM or SIGINT.  Opening the TUN device needs the\n"
	           "capability CAP_NET_ADMIN, the Ethernet transport CAP_NET_RAW; nothing else needs\n"
	           "privileges, and all are given up when everything is open.  SIGHUP: read\n"
	           "the files again (see millrace reload).",
	.options = options,
	.run = run,
};
