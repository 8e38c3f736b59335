/* peers.h - the peers of the node file. */
#ifndef MR_STAGES_CONTROL_PEERS_H
#define MR_STAGES_CONTROL_PEERS_H

#include "stages/control/state.h"

struct mr_peers_conf {
	struct mr_list peers;
};

extern const struct mr_field mr_peers_fields[];

/* Fill config->peers with the configured ones, and c->named with those whose addresses are names;
 * *peers is the caller's to free.  Complains of each mistake and returns -1. */
int mr_peers_configure(struct control *c, const struct mr_peers_conf *conf,
                       struct fips_node_config *config, struct fips_peer_config **peers,
                       struct mr_setup *s);

#endif
