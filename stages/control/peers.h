/* peers.h - the peers of the node file. */
#ifndef MR_STAGES_CONTROL_PEERS_H
#define MR_STAGES_CONTROL_PEERS_H

#include "stages/control/state.h"

struct mr_peers_conf {
	struct mr_list peers;
};

extern const struct mr_field mr_peers_fields[];

/* Fill in the configured peers, and those of them whose addresses are names.  Complains of each mistake
 * and returns -1. */
int mr_peers_configure(struct control *c, const struct mr_peers_conf *conf,
                       struct control_settings *set, struct mr_setup *s);

/* The texts of a peer with names. */
void mr_named_close(struct control_named *peer);

#endif
