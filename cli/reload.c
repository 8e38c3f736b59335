/* reload - `millrace reload`: have a running node read its files again, and say how it went.
 *
 *   1 where      --url, --unix, or http.listen of the node file; --pid names the process
 *   2 look       /stats tells the process and how many reloads there have been
 *   3 signal     SIGHUP
 *   4 wait       until /stats counts one more
 */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/fetch.h"
#include "cli/identity.h"
#include "cli/sheet.h"
#include "cli/where.h"
#include "core/engine.h"

#define DEFAULT_FILE  "millrace.json"
#define WHERE_MAX     512
#define LOOK_MS       20
#define PATIENCE_MS   15000

enum { OPT_CONFIG, OPT_PID, OPT_URL, OPT_UNIX };

static const struct cli_option options[] = {
	{ 'c', "config", "FILE", "look up http.listen in a node file (default: " DEFAULT_FILE ")" },
	{ 'p', "pid", "N", "the process to signal; needed where http.listen is off" },
	{ 'u', "url", "URL", "where the node listens now (default: http://" FETCH_DEFAULT ")" },
	{ 0, "unix", "PATH", "the node's socket in the file system" },
	{ 0 },
};

/* Where the node may be asked: as it is now, and as its file says from now on. */
struct places {
	char     at[2][WHERE_MAX];
	unsigned n;
};

/* What /stats says of reloads. */
struct outcome {
	long     pid;
	uint64_t total;
	unsigned last;  /* enum mr_reload_result */
	char     text[MR_RELOAD_TEXT];
};

/* ---- where ---- */

/* A file with mistakes is the node's to complain of, if there is another way to find the node. */
static bool add_file(struct places *p, const char *file, bool needed)
{
	struct mr_report report = { 0 };
	bool off = false, read = cli_where_of_file(file, p->at[p->n], WHERE_MAX, &off, &report);

	if (needed)
		mr_report_print(&report, stderr);
	mr_report_free(&report);
	p->n += read && !off;
	return read || !needed;
}

static bool find_places(const struct cli_args *args, struct places *p)
{
	const char *file = cli_value(args, OPT_CONFIG);

	if (cli_has(args, OPT_URL))
		snprintf(p->at[p->n++], WHERE_MAX, "%s", cli_value(args, OPT_URL));
	else if (cli_has(args, OPT_UNIX))
		snprintf(p->at[p->n++], WHERE_MAX, "unix:%s", cli_value(args, OPT_UNIX));
	if (!file && access(DEFAULT_FILE, R_OK) == 0)
		file = DEFAULT_FILE;
	if (file)
		return add_file(p, file, p->n == 0 && !cli_has(args, OPT_PID));
	if (p->n == 0 && !cli_has(args, OPT_PID))
		snprintf(p->at[p->n++], WHERE_MAX, "%s", FETCH_DEFAULT);
	return true;
}

/* ---- looking ---- */

static bool outcome_of(const json_t *doc, struct outcome *out)
{
	const json_t *reload = json_object_get(doc, "reload");
	const char *last = json_string_value(json_object_get(reload, "last"));
	const char *text = json_string_value(json_object_get(reload, "message"));

	*out = (struct outcome){ .pid = (long)json_integer_value(json_object_get(doc, "pid")) };
	for (unsigned i = 0; i < MR_RELOAD_RESULTS; i++) {
		out->total += (uint64_t)json_integer_value(
			json_object_get(reload, mr_reload_words[i]));
		if (last && !strcmp(last, mr_reload_words[i]))
			out->last = i;
	}
	snprintf(out->text, sizeof out->text, "%s", text ? text : "");
	return reload && out->pid > 0;
}

static bool look_at(const char *where, struct outcome *out, char *why, size_t room)
{
	size_t len;
	char *body = cli_fetch(where, "/stats", &len, why, room);
	json_t *doc = body ? json_loadb(body, len, 0, NULL) : NULL;
	bool good = doc && outcome_of(doc, out);

	if (body && !good)
		snprintf(why, room, "what %s answers is not the /stats of a node that can reload",
		         where);
	json_decref(doc);
	free(body);
	return good;
}

static bool look(const struct places *p, struct outcome *out, char *why, size_t room)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (look_at(p->at[i], out, why, room))
			return true;
	}
	return false;
}

/* The place came from a node file, and another node may listen there: its own was perhaps taken, or
 * never asked for. */
static bool is_of_file(const char *file, const struct places *p)
{
	char npub[FIPS_KEY_TEXT], other[FIPS_KEY_TEXT];

	if (cli_where_is_of(file, p->at[0], npub, other))
		return true;
	fprintf(stderr, "millrace: %s is of %s, and the node that answers at %s is %s: another one, or its "
	        "key was exchanged, which needs a restart; nothing was told to it\n",
	        file, npub, p->at[0], other);
	return false;
}

/* ---- signal and wait ---- */

static bool name_of(const char *process, char out[64])
{
	char path[64];
	FILE *f;
	bool read;

	snprintf(path, sizeof path, "/proc/%s/comm", process);
	f = fopen(path, "re");
	read = f && fgets(out, 64, f);
	if (f)
		fclose(f);
	if (read)
		out[strcspn(out, "\n")] = '\0';
	return read;
}

/* A node on another machine or in a container tells a number that here is somebody else's, whom
 * SIGHUP would end. */
static bool is_node(long pid)
{
	char number[24], theirs[64], ours[64], said[64];

	snprintf(number, sizeof number, "%ld", pid);
	if (!name_of(number, theirs) || !name_of("self", ours) || !strcmp(theirs, ours))
		return true;
	fprintf(stderr, "millrace: the node that answers says it is process %ld, and here that is %s: it runs "
	        "elsewhere; reload it there\n", pid, cli_printable(said, sizeof said, theirs));
	return false;
}

static int signal_it(long pid)
{
	if (kill((pid_t)pid, SIGHUP) == 0)
		return CLI_OK;
	fprintf(stderr, "millrace: process %ld: %s%s\n", pid, strerror(errno),
	        errno == EPERM ? "; reload as root or as the user it runs as" :
	        errno == ESRCH ? "; it may run on another machine or in a container: reload it there" :
	                         "");
	return CLI_FAILED;
}

static int tell(const struct outcome *now)
{
	bool refused = now->last == MR_RELOAD_REFUSED;
	FILE *f = refused ? stderr : stdout;

	fputs(refused                       ? "millrace: reload refused, nothing has changed\n" :
	      now->last == MR_RELOAD_DONE ? "reloaded: " :
	                                    "", f);
	cli_text_print(f, now->text, strlen(now->text));
	if (!refused)
		putc('\n', f);
	return refused ? CLI_FAILED : CLI_OK;
}

static int wait_for(const struct places *p, const struct outcome *before)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	char why[1024] = "", said[1024];
	struct outcome now;

	for (unsigned ms = 0; ms < PATIENCE_MS; ms += LOOK_MS) {
		nanosleep(&pause, NULL);
		if (look(p, &now, why, sizeof why) && now.total > before->total)
			return tell(&now);
		if (kill((pid_t)before->pid, 0) != 0 && errno == ESRCH) {
			fprintf(stderr, "millrace: process %ld has ended\n", before->pid);
			return CLI_FAILED;
		}
	}
	fprintf(stderr, "millrace: process %ld was told, and shows no outcome%s%s\n", before->pid,
	        *why ? ": " : "", cli_printable(said, sizeof said, why));
	return CLI_FAILED;
}

/* Without HTTP, or while it does not answer, there is nothing to wait for. */
static int only_signal(long pid)
{
	int code = signal_it(pid);

	if (code == CLI_OK)
		printf("process %ld was told to reload; its log says how it went\n", pid);
	return code;
}

static bool number(const char *text, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return *text >= '1' && *text <= '9' && !*end && *out > 1 && *out < INT32_MAX;
}

static bool is_right(const struct cli_args *args, const struct places *p)
{
	const char *file = cli_value(args, OPT_CONFIG);

	if (cli_has(args, OPT_URL) || cli_has(args, OPT_UNIX))
		return true;
	if (!file && access(DEFAULT_FILE, R_OK) == 0)
		file = DEFAULT_FILE;
	return !file || is_of_file(file, p);
}

static int run(const struct cli_args *args)
{
	struct places places = { .n = 0 };
	char why[1024], said[1024];
	struct outcome before;
	long pid = 0;
	int code;

	if (cli_has(args, OPT_PID) && !number(cli_value(args, OPT_PID), &pid))
		return cli_usage_error(args, "--pid: %s is not the number of a process",
		                       cli_value(args, OPT_PID));
	if (cli_has(args, OPT_URL) && cli_has(args, OPT_UNIX))
		return cli_usage_error(args, "--url and --unix exclude one another");
	if (!find_places(args, &places))
		return CLI_USAGE;
	if (places.n == 0 && !pid)
		return cli_usage_error(args, "http.listen is off: name the process with --pid");
	if (places.n == 0)
		return only_signal(pid);
	if (!look(&places, &before, why, sizeof why)) {
		if (pid)
			return only_signal(pid);
		fprintf(stderr, "millrace: %s\n", cli_printable(said, sizeof said, why));
		if (!cli_has(args, OPT_URL) && !cli_has(args, OPT_UNIX))
			fputs("If http.listen was changed, say where the node listens until then: --url "
			      "or --unix; or --pid.\n", stderr);
		return CLI_FAILED;
	}
	if (pid && before.pid != pid)
		return cli_usage_error(args, "--pid: the node there is process %ld", before.pid);
	if (!pid && (!is_node(before.pid) || !is_right(args, &places)))
		return CLI_FAILED;
	code = signal_it(before.pid);
	return code == CLI_OK ? wait_for(&places, &before) : code;
}

const struct cli_command cli_reload = {
	.name = "reload",
	.summary = "have a running node read its configuration again",
	.details = "The node file and the graph are compared with what runs, and only what changed is\n"
	           "stopped: the TUN device, links and sessions stay.  A mistake in either changes\n"
	           "nothing.  The same as SIGHUP, but says how it went.  Exit code 1: refused.",
	.options = options,
	.run = run,
};
