/* mesh_settings.c - node.tree, node.bloom and node.cache. */
#include "stages/control/mesh_settings.h"

#define MS_PER_S 1000
#define DAY_S    86400

const struct mr_field mr_tree_fields[] = {
	{ "announce_min_interval_ms", MR_U32, MR_AT(struct mr_tree_conf, announce_min), .max = 60000,
	  .def = 500, .unit = "ms", .help = "between two tree announcements to one neighbour" },
	{ "parent_hysteresis", MR_REAL, MR_AT(struct mr_tree_conf, hysteresis), .real_max = 1,
	  .real_def = 0.2, .help = "part of its cost by which another parent must be better" },
	{ "hold_down_secs", MR_U32, MR_AT(struct mr_tree_conf, hold_down), .max = DAY_S, .def = 30,
	  .unit = "s", .help = "a parent is kept so long for one that is merely better; 0: off" },
	{ "reeval_interval_secs", MR_U32, MR_AT(struct mr_tree_conf, reeval), .max = DAY_S, .def = 60,
	  .unit = "s", .help = "the parent is judged anew without a cause; 0: never" },
	{ "flap_threshold", MR_U32, MR_AT(struct mr_tree_conf, flap_threshold), .min = 1,
	  .max = 1000000, .def = 4, .help = "changes of parent that begin an episode of dampening ..." },
	{ "flap_window_secs", MR_U32, MR_AT(struct mr_tree_conf, flap_window), .max = DAY_S,
	  .def = 60, .unit = "s", .help = "... when they come within this time" },
	{ "flap_dampening_secs", MR_U32, MR_AT(struct mr_tree_conf, flap_dampening),
	  .max = 365 * DAY_S, .def = 120, .unit = "s",
	  .help = "in an episode no parent is changed for one that is merely better" },
	{ 0 }
};

const struct mr_field mr_bloom_fields[] = {
	{ "update_debounce_ms", MR_U32, MR_AT(struct mr_bloom_conf, debounce), .max = 60000,
	  .def = 500, .unit = "ms", .help = "between two new filters to one neighbour" },
	{ "max_inbound_fpr", MR_REAL, MR_AT(struct mr_bloom_conf, max_fpr), .real_max = 1,
	  .real_def = 0.2, .help = "a filter that says yes to more than this part of all is refused" },
	{ 0 }
};

const struct mr_field mr_cache_fields[] = {
	{ "coord_size", MR_U32, MR_AT(struct mr_cache_conf, coord_size), .min = 64, .max = 1000000,
	  .def = 50000, .help = "nodes whose place in the tree is kept; a change waits for the next start" },
	{ "coord_ttl_secs", MR_U32, MR_AT(struct mr_cache_conf, coord_ttl), .min = 1, .max = DAY_S,
	  .def = 300, .unit = "s", .help = "... for so long after it was last told or used" },
	{ 0 }
};

void mr_tree_configure(struct fips_node_config *config, const struct mr_tree_conf *conf)
{
	config->tree.announce_min = conf->announce_min;
	config->tree.hysteresis = conf->hysteresis;
	config->tree.hold_down = conf->hold_down * MS_PER_S;
	config->tree.reeval = conf->reeval * MS_PER_S;
	config->tree.flap_threshold = conf->flap_threshold;
	config->tree.flap_window = conf->flap_window * MS_PER_S;
	config->tree.flap_dampening = (uint64_t)conf->flap_dampening * MS_PER_S;
}

void mr_bloom_configure(struct fips_node_config *config, const struct mr_bloom_conf *conf)
{
	config->filters.debounce = conf->debounce;
	config->filters.max_fpr = conf->max_fpr;
}

void mr_cache_configure(struct fips_node_config *config, const struct mr_cache_conf *conf)
{
	config->cache.entries = conf->coord_size;
	config->cache.ttl = conf->coord_ttl;
}
