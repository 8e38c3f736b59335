/* tree_open.c - the tree of a node that has heard nothing, settings, and what things are called. */
#include "fips/node/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

struct fips_tree_settings fips_tree_settings_default(void)
{
	return (struct fips_tree_settings){
		.announce_min = 500,
		.hysteresis = 0.2,
		.hold_down = 30000,
		.reeval = 60000,
		.flap_threshold = 4,
		.flap_window = 60000,
		.flap_dampening = 120000,
	};
}

bool fips_tree_reserve(struct fips_tree *t, unsigned n_peers)
{
	struct fips_tree_peer *peers;

	if (n_peers <= t->n_peers)
		return true;
	peers = calloc(n_peers, sizeof *peers);
	if (!peers)
		return false;
	if (t->n_peers)
		memcpy(peers, t->peers, t->n_peers * sizeof *peers);
	free(t->peers);
	t->peers = peers;
	t->n_peers = n_peers;
	return true;
}

void fips_tree_configure(struct fips_tree *t, const struct fips_tree_settings *settings)
{
	t->settings = *settings;
	t->flap.hold_down = settings->hold_down * MR_NS_PER_MS;
	t->flap.window = settings->flap_window * MR_NS_PER_MS;
	t->flap.dampening = settings->flap_dampening * MR_NS_PER_MS;
	t->flap.threshold = settings->flap_threshold;
}

void fips_tree_fit(struct fips_tree *t, size_t room)
{
	size_t n;

	assert(room >= FIPS_TREE_LEN(1));
	n = (room - FIPS_TREE_LEN(0)) / FIPS_TREE_ENTRY;
	t->longest = n < FIPS_PATH_MAX ? (unsigned)n : FIPS_PATH_MAX;
}

bool fips_tree_open(struct fips_tree *t, const struct fips_addr *me, unsigned n_peers,
                    const struct fips_tree_settings *settings, const struct fips_tree_costs *costs,
                    uint64_t sequence, uint64_t unix_ms)
{
	memset(t, 0, sizeof *t);
	if (!fips_tree_reserve(t, n_peers))
		return false;
	t->me = *me;
	t->costs = *costs;
	t->longest = FIPS_PATH_MAX;
	fips_tree_configure(t, settings);
	t->says = (struct fips_declaration){ .node = *me, .parent = *me, .sequence = sequence,
		                             .timestamp = unix_ms / 1000 };
	t->parent = FIPS_NO_PEER;
	fips_treepath_single(&t->way.path, me);
	t->way.stamps[0] = (struct fips_tree_stamp){ sequence, unix_ms / 1000 };
	return true;
}

void fips_tree_close(struct fips_tree *t)
{
	free(t->peers);
	memset(t, 0, sizeof *t);
}

const char *fips_tree_count_name(enum fips_tree_count count)
{
	static const char *const names[FIPS_TREE_COUNTS] = {
		[FIPS_TREE_ACCEPTED] = "accepted",
		[FIPS_TREE_ADDR_MISMATCH] = "addr_mismatch",
		[FIPS_TREE_ANCESTRY_CHANGED] = "ancestry_changed",
		[FIPS_TREE_ANCESTRY_INVALID] = "ancestry_invalid",
		[FIPS_TREE_DECODE_ERROR] = "decode_error",
		[FIPS_TREE_FLAP_DAMPENED] = "flap_dampened",
		[FIPS_TREE_LOOP_DETECTED] = "loop_detected",
		[FIPS_TREE_OUTBOUND_SIGN_FAILED] = "outbound_sign_failed",
		[FIPS_TREE_PARENT_LOSSES] = "parent_losses",
		[FIPS_TREE_PARENT_SWITCHES] = "parent_switches",
		[FIPS_TREE_RATE_LIMITED] = "rate_limited",
		[FIPS_TREE_RECEIVED] = "received",
		[FIPS_TREE_SEND_FAILED] = "send_failed",
		[FIPS_TREE_SENT] = "sent",
		[FIPS_TREE_SIG_FAILED] = "sig_failed",
		[FIPS_TREE_STALE] = "stale",
		[FIPS_TREE_UNKNOWN_PEER] = "unknown_peer",
		[FIPS_TREE_FLOODED] = "flooded",
	};

	return names[count];
}

const char *fips_tree_decision_name(enum fips_tree_decision decision)
{
	static const char *const names[] = {
		[FIPS_TREE_NO_CHANGE] = "no_change",
		[FIPS_TREE_SWITCH] = "switch",
		[FIPS_TREE_SELF_ROOT] = "self_root",
		[FIPS_TREE_LOOP_DROP] = "loop_drop",
		[FIPS_TREE_ANCESTRY_UPDATE] = "ancestry_update",
		[FIPS_TREE_PARENT_LOST] = "parent_lost",
		[FIPS_TREE_REBROADCAST] = "rebroadcast",
	};

	return names[decision];
}
