/* node_plane.h - the data plane of a simulated node: tables, key objects, seal and open.
 *
 * What the stages do with packets on threads is done here at once, with the same key objects and
 * receive rules (fips/path) and mock_seal.h in place of an AEAD.
 */
#ifndef T_LIB_NODE_PLANE_H
#define T_LIB_NODE_PLANE_H

#include "t/lib/two_nodes.h"

struct plane *plane_open(struct sim_node *node);
void          plane_close(struct plane *p);

/* A datagram from the network. */
void plane_packet(struct plane *p, const struct fips_via *from, const uint8_t *bytes, size_t n);

/* Do one action of the brain's, LOG excepted. */
void plane_act(struct plane *p, const struct fips_action *act);

/* A packet of data for an address. */
void plane_data(struct plane *p, const struct fips_addr *to);

/* Is there a link to send on?  Send a datagram of others by it; false: there is none. */
bool plane_linked(struct plane *p, const struct fips_addr *peer);
bool plane_send_on(struct plane *p, const struct fips_addr *peer, const uint8_t *datagram,
                   size_t n);

struct fips_words plane_words(struct plane *p);

/* Receive indices that are live now, for tests that write junk to them.  Returns how many. */
unsigned plane_indices(const struct plane *p, uint32_t *out, unsigned room);

#endif
