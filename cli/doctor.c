/* doctor.c - millrace doctor: what on this machine will hurt, and the commands that mend it. */
#include "cli/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fetch.h"
#include "cli/planned.h"
#include "core/plugins.h"

enum { OPT_JSON = CLI_NODE_OPTIONS, OPT_VERBOSE };

static const struct cli_option options[] = {
	CLI_NODE_OPTION_ROWS,
	{ 'j', "json", NULL, "print one JSON object" },
	{ 'v', "verbose", NULL, "name what was looked at and found well, too" },
	{ 0 },
};

static const struct doctor_probe *const tables[] = { doctor_rights, doctor_network, doctor_kernel };
#define TABLES (sizeof tables / sizeof tables[0])

/* ---- as text ---- */

static void print_findings(const struct doctor *d, bool problems)
{
	for (unsigned i = 0; i < d->n; i++) {
		const struct doctor_finding *f = &d->list[i];

		if (f->problem != problems)
			continue;
		printf("%-8s %s: %s.\n", f->problem ? "problem" : "advice", f->probe, f->what);
		if (f->mend)
			printf("    now   %s\n", f->mend);
		if (f->keep)
			printf("    keep  %s\n", f->keep);
	}
}

static bool found(const struct doctor *d, const char *probe)
{
	for (unsigned i = 0; i < d->n; i++)
		if (!strcmp(d->list[i].probe, probe))
			return true;
	return false;
}

static void print_fine(const struct doctor *d)
{
	for (unsigned i = 0; i < TABLES; i++)
		for (const struct doctor_probe *p = tables[i]; p->name; p++)
			if (!found(d, p->name))
				printf("%-8s %s: %s.\n", "fine", p->name, p->looks);
}

static void print_text(const struct doctor *d, unsigned ran, bool verbose)
{
	print_findings(d, true);
	print_findings(d, false);
	if (verbose)
		print_fine(d);
	if (d->n == 0)
		printf("%u things looked at; nothing will hurt.\n", ran);
	else
		printf("%u things looked at: %u problem%s, %u piece%s of advice.\n", ran,
		       d->problems, d->problems == 1 ? "" : "s", d->n - d->problems,
		       d->n - d->problems == 1 ? "" : "s");
}

/* ---- as JSON ---- */

static json_t *finding_json(const struct doctor_finding *f)
{
	return json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "probe", f->probe, "severity",
	                 f->problem ? "problem" : "advice", "what", f->what, "now", f->mend, "keep",
	                 f->keep);
}

static int print_json(const struct doctor *d)
{
	json_t *doc = json_pack("{s:[], s:[], s:i, s:i}", "findings", "looked_at", "problems",
	                        (int)d->problems, "advice", (int)(d->n - d->problems));

	for (unsigned i = 0; doc && i < d->n; i++)
		json_array_append_new(json_object_get(doc, "findings"), finding_json(&d->list[i]));
	for (unsigned i = 0; doc && i < TABLES; i++)
		for (const struct doctor_probe *p = tables[i]; p->name; p++)
			json_array_append_new(json_object_get(doc, "looked_at"),
			                      json_string(p->name));
	if (!doc || json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII)) {
		json_decref(doc);
		return CLI_FAILED;
	}
	putchar('\n');
	json_decref(doc);
	return CLI_OK;
}

/* ---- the command ---- */

/* Does a node answer where this configuration says one listens?
 * Then what is taken is taken by it. */
static bool answers(const struct cli_node *node)
{
	const char *listen = node->settings.http.listen;
	char where[1024], why[1024], *body;
	size_t len;

	if (!listen || !strcmp(listen, "off"))
		return false;
	body = cli_fetch(cli_fetch_where(listen, where, sizeof where), "/live", &len, why,
	                 sizeof why);
	free(body);
	return body != NULL;
}

static int examine(const struct cli_args *args, struct doctor *d)
{
	unsigned ran = 0;
	int code = CLI_OK;

	doctor_wish_of(&d->wish, d->node);
	for (unsigned i = 0; i < TABLES; i++)
		ran += doctor_run(d, tables[i], NULL);
	if (cli_has(args, OPT_JSON))
		code = print_json(d);
	else
		print_text(d, ran, cli_has(args, OPT_VERBOSE));
	if (d->problems && code == CLI_OK)
		code = CLI_FAILED;
	doctor_free(d);
	return code;
}

/* The configuration has to be right before one can say what it meets here. */
static int look(const struct cli_args *args, struct cli_node_options *o, struct mr_report *report)
{
	struct doctor_machine machine;
	struct cli_planned p;
	struct doctor d = { .machine = &machine, .node = &p.node };
	int code = CLI_USAGE;

	if (!cli_planned_open(&p, o, report))
		return CLI_FAILED;
	mr_report_print(report, stderr);
	if (!report->errors && p.plan) {
		d.plan = p.plan;
		doctor_machine_of_this(&machine, p.plugins->aeads);
		machine.running = answers(&p.node);
		code = examine(args, &d);
	}
	cli_planned_close(&p);
	return code;
}

static int run(const struct cli_args *args)
{
	const char **sets = calloc(args->n + 1, sizeof *sets);
	struct mr_report report = { 0 };
	struct cli_node_options o;
	int code;

	if (!sets)
		return CLI_FAILED;
	o = cli_node_options_of(args, sets);
	o.bare = true;
	code = look(args, &o, &report);
	mr_report_free(&report);
	free(sets);
	return code;
}

const struct cli_command cli_doctor = {
	.name = "doctor",
	.summary = "say what on this machine will hurt, and how to mend it",
	.details = "Looks at the machine with the eyes of the node file: rights, device, buffers, sizes,\n"
	           "ports, names, cores, kernel, clock.  Each finding says what it does to you, the\n"
	           "command that mends it now, and the one that keeps it so after a restart of the\n"
	           "machine.  Changes nothing; run it as the user the node will run as.  Exit code 1:\n"
	           "there is a problem; 2: the configuration has mistakes.",
	.options = options,
	.run = run,
};
