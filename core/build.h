/* build.h - an engine's parts: made before a thread runs, taken apart when none does any more.
 *
 *     setup.c    resources and stages: settings decoded, open, close
 *     build.c    memory and wiring: workers, replicas, rings, rules, pools
 *     engine.c   packets put home and counted
 *
 * An engine that is to take another's place (e->before) is built beside it, and borrows its
 * resources and epochs.  Private to engine.c, build.c, setup.c and swap*.c; main only.
 */
#ifndef MR_CORE_BUILD_H
#define MR_CORE_BUILD_H

#include "core/worker.h"

/* An opened resource. */
struct mr_used {
	const struct mr_resource *resource;
	void                     *state; /* owned */
	void                    **conf;  /* owned, decoded sections */
	bool                      opened;
	bool                      lent; /* another engine's: this one neither opens nor closes it */
};

/* What mr_setup.runtime points at. */
struct mr_opening {
	struct mr_engine  *engine;
	struct mr_replica *replica; /* NULL while a resource opens */
};

/* setup.c: decoded sections, as an array in the descriptor's order (NULL when it has none). */
void **mr_confs_open(const struct mr_section *sections, const struct mr_json *doc);
void   mr_confs_close(const struct mr_section *sections, void **confs);
/* With e->before: those that it has open are lent, and its host is not opened. */
int    mr_resources_open(struct mr_engine *e, struct mr_report *report);
void   mr_resources_close(struct mr_engine *e);
int    mr_stages_open(struct mr_engine *e, struct mr_report *report);
/* The replica of the running engine that r, of the one being prepared, is to follow; NULL: none. */
struct mr_replica *mr_replica_before(const struct mr_engine *e, const struct mr_replica *r);
/* Tell the host of `e` what n is to bring: its document and workers, and the decoded sections. */
int    mr_host_prepare(struct mr_engine *e, struct mr_engine *n, void *const *conf,
                       struct mr_report *report);
void   mr_stages_close(struct mr_engine *e);

/* build.c: memory and wiring, nothing opened.  The engine has its epochs by then. */
struct mr_epochs *mr_epochs_open(void); /* NULL: no memory */
void mr_epochs_close(struct mr_epochs *epochs);
bool mr_build(struct mr_engine *e);
void mr_unbuild(struct mr_engine *e);

/* engine.c: make the host's descriptor readable; a packet back into its pool, and the packets that
 * are not at home, after those in rings have been put there (no thread runs). */
void     mr_host_ask(struct mr_engine *e);
void     mr_put_home(struct mr_engine *e, struct mr_pkt *p);
unsigned mr_count_missing(struct mr_engine *e);

#endif
