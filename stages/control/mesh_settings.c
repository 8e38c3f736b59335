/* mesh_settings.c - node.tree, node.bloom, node.cache and node.lookup. */
#include "stages/control/mesh_settings.h"

#define MS_PER_S 1000
#define DAY_S    86400

const struct mr_field mr_tree_fields[] = {
	{ "announce_min_interval_ms", MR_U32, MR_AT(struct mr_tree_conf, announce_min),
	  .max = 60000, .def = 500, .unit = "ms",
	  .help = "between two tree announcements to one neighbour" },
	{ "parent_hysteresis", MR_REAL, MR_AT(struct mr_tree_conf, hysteresis), .real_max = 1,
	  .real_def = 0.2, .help = "part of its cost by which another parent must be better" },
	{ "hold_down_secs", MR_U32, MR_AT(struct mr_tree_conf, hold_down), .max = DAY_S, .def = 30,
	  .unit = "s", .help = "a parent is kept so long for one that is merely better; 0: off" },
	{ "reeval_interval_secs", MR_U32, MR_AT(struct mr_tree_conf, reeval), .max = DAY_S,
	  .def = 60, .unit = "s", .help = "the parent is judged anew without a cause; 0: never" },
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
	{ "identity_size", MR_U32, MR_AT(struct mr_cache_conf, identity_size), .min = 1,
	  .max = 1000000, .def = FIPS_KNOWN_MAX,
	  .help = "nodes besides peers whose key is kept; a change waits for the next start" },
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
	config->known = conf->identity_size;
}

/* ---- lookups ---- */

static const char *attempts_wrong(const void *member)
{
	const struct mr_list *list = member;

	return list->n >= 1 && list->n <= FIPS_LOOKUP_ATTEMPTS ? NULL : "has not from 1 to 8 numbers";
}

static const struct mr_field_rule attempts_rule = {
	.wrong = attempts_wrong, .good = "[1, 2, 4, 8]",
	.bad = (const char *const[]){ "[]", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", NULL },
	.schema = "{ \"minItems\": 1, \"maxItems\": 8 }",
};

const struct mr_field mr_lookup_fields[] = {
	{ "ttl", MR_U32, MR_AT(struct mr_lookup_conf, ttl), .min = 1, .max = 255,
	  .def = FIPS_LOOKUP_TTL, .help = "links that a request of ours may cross" },
	{ "attempt_timeouts_secs", MR_NUMBERS, MR_AT(struct mr_lookup_conf, attempts), .min = 1,
	  .max = 3600, .unit = "s", .rule = &attempts_rule,
	  .help = "how long each request of a lookup is waited for, up to 8 of them; unset: 1, 2, 4, 8" },
	{ "recent_expiry_secs", MR_U32, MR_AT(struct mr_lookup_conf, recent), .min = 1, .max = 3600,
	  .def = 10, .unit = "s", .help = "so long a request is known again" },
	{ "backoff_base_secs", MR_U32, MR_AT(struct mr_lookup_conf, backoff), .max = DAY_S,
	  .unit = "s",
	  .help = "a node that was not found is not looked for; doubles each time; 0: it is" },
	{ "backoff_max_secs", MR_U32, MR_AT(struct mr_lookup_conf, backoff_max), .max = DAY_S,
	  .unit = "s", .help = "... and no longer than this" },
	{ "forward_min_interval_secs", MR_U32, MR_AT(struct mr_lookup_conf, forward), .max = 3600,
	  .def = 2, .unit = "s", .help = "between requests of others for one node that are sent on" },
	{ 0 }
};

static uint32_t either(uint32_t value, uint32_t old, uint32_t usual)
{
	return value != usual ? value : old;
}

static void take_attempts(struct fips_lookup_config *l, const struct mr_list *list)
{
	const uint32_t *secs = list->items;

	if (!list->n)
		return;
	l->n_attempts = list->n;
	for (unsigned i = 0; i < list->n; i++)
		l->attempts[i] = secs[i] * MS_PER_S;
}

void mr_lookup_configure(struct fips_node_config *config, const struct mr_lookup_conf *conf,
                         const struct mr_lookup_conf *old)
{
	struct fips_lookup_config *l = &config->lookup;

	l->ttl = (uint8_t)either(conf->ttl, old->ttl, FIPS_LOOKUP_TTL);
	l->recent = either(conf->recent, old->recent, 10) * MS_PER_S;
	l->forward = either(conf->forward, old->forward, 2) * MS_PER_S;
	l->backoff = either(conf->backoff, old->backoff, 0) * MS_PER_S;
	l->backoff_max = either(conf->backoff_max, old->backoff_max, 0) * MS_PER_S;
	take_attempts(l, conf->attempts.n ? &conf->attempts : &old->attempts);
}
