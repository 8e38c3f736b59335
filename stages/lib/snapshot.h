/* snapshot.h - a report as an order: control asks, the owner of the figures fills in.
 *
 * The order carries its own answer space, so an acknowledged order is an answered one. */
#ifndef MR_STAGES_SNAPSHOT_H
#define MR_STAGES_SNAPSHOT_H

#include "core/stage.h"
#include "fips/path/snapshot.h"

struct mr_fips_snapshot {
	struct mr_order             order;    /* first, so that the stage finds the rest */
	struct fips_receiver_report receiver;
	struct fips_sender_report   sender;
	bool                        due;      /* the figures are filled in: something happened */
};

static inline struct mr_fips_snapshot *mr_snapshot_of(struct mr_order *order)
{
	return (struct mr_fips_snapshot *)(void *)order;
}

#endif
