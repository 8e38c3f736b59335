/* mesh_settings.h - the parts of the node file that are about the mesh layer (operations.md
 * 3.4). */
#ifndef STAGES_CONTROL_MESH_SETTINGS_H
#define STAGES_CONTROL_MESH_SETTINGS_H

#include <stdint.h>

#include "core/field.h"
#include "fips/node/config.h"

/* node.tree */
struct mr_tree_conf {
	uint32_t announce_min; /* ms */
	double   hysteresis;
	uint32_t hold_down, reeval; /* s */
	uint32_t flap_threshold, flap_window, flap_dampening; /* s but the first */
};

/* node.bloom */
struct mr_bloom_conf {
	uint32_t debounce; /* ms */
	double   max_fpr;
};

/* node.cache */
struct mr_cache_conf {
	uint32_t coord_size;
	uint32_t coord_ttl; /* s */
	uint32_t identity_size;
};

/* node.lookup, and by its old name node.discovery */
struct mr_lookup_conf {
	uint32_t       ttl;
	struct mr_list attempts; /* of uint32_t, s; none: 1, 2, 4, 8 */
	uint32_t       recent, forward, backoff, backoff_max; /* s */
};

extern const struct mr_field mr_tree_fields[], mr_bloom_fields[], mr_cache_fields[],
	mr_lookup_fields[];

/* Put it into the node's configuration. */
void mr_tree_configure(struct fips_node_config *config, const struct mr_tree_conf *conf);
void mr_bloom_configure(struct fips_node_config *config, const struct mr_bloom_conf *conf);
void mr_cache_configure(struct fips_node_config *config, const struct mr_cache_conf *conf);

/* What the old name says holds where the new one says nothing else than the default. */
void mr_lookup_configure(struct fips_node_config *config, const struct mr_lookup_conf *conf,
                         const struct mr_lookup_conf *old);

#endif
