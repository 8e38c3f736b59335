/* run.h - a node that runs, as run.c (its life) and reconfigure.c (its reloads) share it. */
#ifndef MILLRACE_CLI_RUN_H
#define MILLRACE_CLI_RUN_H

#include "cli/nodefile.h"
#include "cli/pages.h"
#include "core/dns.h"
#include "core/engine.h"
#include "core/log.h"
#include "core/log_keeper.h"
#include "core/loop.h"
#include "core/notify.h"
#include "core/oneline.h"
#include "core/out.h"
#include "fips/noise/identity.h"

/* What alive.c keeps. */
struct cli_alive {
	struct mr_notify notify;
	struct mr_timer *timer;
	uint64_t         every;      /* ns between two ticks                      */
	unsigned         owed;       /* ticks at which a worker owed an answer    */
	char             status[96]; /* told last                                 */
};

/* What lookout.c has said. */
struct cli_lookout {
	bool gone;    /* the device is                           */
	bool lacking; /* a capture of this graph is not whole    */
};

struct run {
	struct mr_log        log;
	struct mr_log_keeper *keeper;  /* of its lines                            */
	struct mr_out       *out;      /* standard output; NULL without --report  */
	struct mr_plugins   *plugins;
	const char         **sets;     /* owned; of the options                   */
	struct cli_node_options options; /* the command line's, in force to the end */
	struct cli_node      node;     /* what runs: the engine borrows from it   */
	bool                 nsec;     /* the node file named the key itself      */
	const char          *user;     /* of --user, or NULL                      */
	struct fips_identity id;
	const struct mr_aead *aead;
	struct mr_engine    *engine;
	struct mr_loop      *loop;
	struct mr_http      *http;     /* NULL: off                               */
	struct mr_oneline   *control;  /* socket; NULL: off                       */
	struct mr_dns       *dns;      /* names in .fips; NULL: not answered      */
	struct mr_dns_wish   dns_at;   /* where; valid if they are                */
	char                 dns_bind[64];
	struct mr_timer     *deadline; /* control's next one                      */
	struct mr_timer     *report;   /* NULL without --report                   */
	struct mr_timer     *farewell;
	struct cli_pages     pages;
	uint64_t             every;    /* ns between reports, 0: none             */
	uint64_t             next;     /* ns, the next report                     */
	uint64_t             started;  /* ns                                      */
	struct mr_view      *before;   /* view of the last report                 */
	size_t               unlocked; /* bytes for keys, when last warned of     */
	struct cli_alive     alive;
	struct cli_lookout   lookout;
	bool                 stopping;
};

/* ---- run_log.c ---- */

void cli_run_log_open(struct run *r);
void cli_run_log_close(struct run *r);

/* Level and form of the log as the settings in force want them. */
void cli_run_log_as_set(struct run *r);

/* The complaints of a report as lines of the log, which empties it. */
void cli_run_tell(const struct run *r, struct mr_report *report);

void cli_run_log_identity(const struct run *r);
void cli_run_log_graph(const struct run *r);
void cli_run_log_device(const struct run *r);

/* ---- run.c ---- */

/* HTTP as this node file says; NULL: it is off,
 * or that was complained of with its place in the file. */
struct mr_http *cli_run_http(struct run *r, const struct cli_node *node, struct mr_report *report);

/* Let control do what there is to do. */
void cli_run_turn(struct run *r);

/* reconfigure.c: read everything again and take what has changed.  Between two turns of the host;
 * the outcome is in the log and with the engine. */
void cli_reconfigure(struct run *r);

#endif
