/* run_log.c - the log of a node that runs: its form, and the lines that every run begins with. */
#include "cli/run.h"

#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "stages/lib/tun.h"

void cli_run_log_open(struct run *r)
{
	r->keeper = mr_log_keeper_open(STDERR_FILENO, mr_clock_now);
	r->log = mr_log_stderr(MR_LOG_INFO);
	r->log.format = mr_log_format_for(MR_LOG_AUTO, STDERR_FILENO);
	r->log.place = "run";
	r->log.keeper = r->keeper;
}

void cli_run_log_close(struct run *r)
{
	mr_log_keeper_close(r->keeper);
	r->keeper = r->log.keeper = NULL;
}

void cli_run_log_as_set(struct run *r)
{
	r->log.level = (enum mr_level)r->node.settings.log.level;
	r->log.format = mr_log_format_for((enum mr_log_format)r->node.settings.log.format,
	                                  STDERR_FILENO);
}

void cli_run_tell(const struct run *r, struct mr_report *report)
{
	mr_log_report(&r->log, "", report);
	mr_report_free(report);
	*report = (struct mr_report){ 0 };
}

void cli_run_log_identity(const struct run *r)
{
	char addr[FIPS_ADDR_TEXT], ip[FIPS_IPV6_TEXT];
	uint8_t bytes[FIPS_IPV6_LEN];

	fips_addr_to_ipv6(&r->id.addr, bytes);
	fips_addr_text(&r->id.addr, addr);
	fips_ipv6_text(bytes, ip);
	mr_log(&r->log, MR_LOG_INFO, "node %s", r->id.npub);
	mr_log(&r->log, MR_LOG_INFO, "address %s, IPv6 %s", addr, ip);
}

void cli_run_log_graph(const struct run *r)
{
	const struct mr_graph *g = r->node.graph;

	mr_log(&r->log, MR_LOG_INFO, "graph %s (%s)%s%s", g->name, g->file,
	       g->summary && *g->summary ? ": " : "", g->summary ? g->summary : "");
	if (r->node.why)
		mr_log(&r->log, MR_LOG_INFO, "%s", r->node.why);
}

void cli_run_log_device(const struct run *r)
{
	const struct mr_tun *tun = mr_engine_resource(r->engine, &mr_resource_tun);
	char text[MR_TUN_TEXT];

	if (tun && mr_tun_text(tun, text))
		mr_log(&r->log, MR_LOG_INFO, "%s", text);
}
