/* build.h - building and unbuilding a running graph; private to engine.c, build.c and setup.c. */
#ifndef MR_CORE_BUILD_H
#define MR_CORE_BUILD_H

#include "core/worker.h"

/* An opened resource. */
struct mr_used {
	const struct mr_resource *resource;
	void                     *state; /* owned */
	void                    **conf;  /* owned, decoded sections */
	bool                      opened;
};

/* What mr_setup.runtime points at. */
struct mr_opening {
	struct mr_engine  *engine;
	struct mr_replica *replica; /* NULL while a resource opens */
	const char        *file;    /* node file, for complaints   */
};

/* setup.c: decoded sections, as an array in the descriptor's order (NULL when it has none). */
void **mr_confs_open(const struct mr_section *sections, const struct mr_json *doc);
void   mr_confs_close(const struct mr_section *sections, void **confs);
int    mr_resources_open(struct mr_engine *e, struct mr_report *report);
void   mr_resources_close(struct mr_engine *e);
int    mr_stages_open(struct mr_engine *e, struct mr_report *report);
void   mr_stages_close(struct mr_engine *e);

/* build.c: memory and wiring, nothing opened. */
bool mr_build(struct mr_engine *e);
void mr_unbuild(struct mr_engine *e);

#endif
