/* dns.h - the responder for names in .fips of a node that runs (stages/control/domain.h). */
#ifndef MILLRACE_CLI_DNS_H
#define MILLRACE_CLI_DNS_H

#include "cli/run.h"

/* Open it as the node file in force says, or close it, or move it.  A node goes on without it where
 * it cannot be had, and the log says so: another node of this machine may answer there. */
void cli_dns_open(struct run *r);

#endif
