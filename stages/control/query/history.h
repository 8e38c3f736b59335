/* history.h - the last hour by seconds and the last day by minutes, of the node and of each
 * neighbour.
 *
 *     sample each second --> fast ring, 3600 of a second
 *                                |  60 of them folded: the last, the sum or the mean
 *                                '--> slow ring, 1440 of a minute
 *
 * All rings turn together: a place is a moment, the same for everybody.  A neighbour that is not
 * there has no samples for that time, and is forgotten a day after it was seen last.  Memory is
 * bounded: HISTORY_PEERS neighbours of about 140 KiB each, which fill as time passes; when there
 * are more, who left longest ago makes room, and while all are there the others are not kept.
 *
 * Samples are floats; a missing one is NaN.  One thread: control's.
 */
#ifndef MR_STAGES_CONTROL_HISTORY_H
#define MR_STAGES_CONTROL_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "fips/noise/address.h"

#define HISTORY_FAST   3600 /* samples */
#define HISTORY_SLOW   1440 /* samples */
#define HISTORY_FOLD   60   /* fast ones in a slow one */
#define HISTORY_PEERS  256
#define HISTORY_RETAIN (86400 * MR_NS_PER_S)

enum history_fold { HISTORY_LAST, HISTORY_SUM, HISTORY_MEAN };

struct history_metric {
	const char       *name, *unit;
	enum history_fold fold;
};

/* Of the node. */
enum {
	HISTORY_MESH_SIZE, HISTORY_TREE_DEPTH, HISTORY_PEER_COUNT, HISTORY_PARENT_SWITCHES,
	HISTORY_BYTES_IN, HISTORY_BYTES_OUT, HISTORY_PACKETS_IN, HISTORY_PACKETS_OUT,
	HISTORY_LOSS_RATE, HISTORY_SESSIONS, HISTORY_NODE_METRICS
};
/* Of a neighbour. */
enum {
	HISTORY_PEER_SRTT, HISTORY_PEER_LOSS, HISTORY_PEER_BYTES_IN, HISTORY_PEER_BYTES_OUT,
	HISTORY_PEER_PACKETS_IN, HISTORY_PEER_PACKETS_OUT, HISTORY_PEER_CE, HISTORY_PEER_METRICS
};

extern const struct history_metric history_node_metrics[HISTORY_NODE_METRICS];
extern const struct history_metric history_peer_metrics[HISTORY_PEER_METRICS];

struct history; /* of the node and its neighbours */
struct history_peer;

/* A neighbour now.  Totals since its link came up; one that is smaller than before began anew. */
struct history_link {
	struct fips_addr addr;
	double           srtt_ms, loss; /* NaN: not known */
	uint64_t         bytes_in, bytes_out, packets_in, packets_out, ce;
};

/* The node now; rates of traffic are those of its links. */
struct history_gauges {
	double   mesh_size, tree_depth, loss; /* NaN: not known */
	uint64_t peers, sessions;
	uint64_t parent_switches; /* since start */
};

/* NULL: no memory. */
struct history *mr_history_open(void);
void mr_history_close(struct history *h);

/* A sample: each neighbour that is there, then the end of it. */
void mr_history_link(struct history *h, const struct history_link *link, uint64_t now);
void mr_history_sample(struct history *h, const struct history_gauges *gauges, uint64_t now);

/* ---- reading ---- */

/* NULL: not kept. */
const struct history_peer *mr_history_find(const struct history *h, const struct fips_addr *addr);

/* Walk over those that are kept: *at from 0, until NULL. */
const struct history_peer *mr_history_next(const struct history *h, unsigned *at);

const struct fips_addr *mr_history_addr(const struct history_peer *peer);
/* Is it in the last sample? */
bool mr_history_there(const struct history *h, const struct history_peer *peer);
uint64_t mr_history_first(const struct history_peer *peer); /* ns */
uint64_t mr_history_last(const struct history_peer *peer);  /* ns, when it was there last */

/* Samples that there are of the last `most` seconds. */
unsigned mr_history_count(const struct history *h, unsigned most);

/* The newest n samples of a metric, oldest first, NaN where there is none; n is at most the ring's.
 * peer NULL: the node's. */
void mr_history_read(const struct history *h, const struct history_peer *peer, unsigned metric,
                     bool slow, unsigned n, float *out);

#endif
