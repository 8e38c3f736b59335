/* mesh.h - who we are, and the tables that control writes and the packet path reads.
 *
 *   index     receiver_idx (4 bytes as on the wire) -> struct fips_index_entry
 *   links     node address of a neighbour (16)      -> struct fips_link_entry
 *   sessions  node address of an endpoint (16)      -> struct fips_session_entry
 *   routes    15 address bytes                      -> struct fips_route_entry
 *   forwards  node address of a destination (16)    -> struct fips_forward_entry
 *   keys      id of a key (8)                       -> struct fips_key_entry
 *
 * All tables have one seed: the handles of a link, a session, a route and a forward of one node
 * have one hash (table.h), since all of these begin with its 15 address bytes.
 *
 * Entries are single allocations, freed by the table after the last reader has left.  What they
 * point to (keys, receive states) belongs to control.
 */
#ifndef MR_STAGES_MESH_H
#define MR_STAGES_MESH_H

#include <stdint.h>

#include "core/stage.h"
#include "core/table.h"
#include "fips/noise/identity.h"
#include "fips/path/entry.h"

#define MR_PEERS_MAX    1024 /* links at a time; each has a few indices */
#define MR_SESSIONS_MAX 4096
#define MR_ROUTES_MAX   8192
#define MR_FORWARDS_MAX 8192
#define MR_KEYS_MAX     32768 /* of links and sessions, a few each */

struct mr_mesh_conf {
	char *nsec; /* NULL: a fresh key at every start */
};

struct mr_mesh {
	struct fips_curve    curve;
	struct fips_identity me;       /* const after open; wiped at close */
	uint8_t              own_ip[16];
	struct mr_table     *index, *links, *sessions, *routes, *forwards, *keys;
};

extern const struct mr_resource mr_resource_mesh;

#endif
