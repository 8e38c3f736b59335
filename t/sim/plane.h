/* plane.h - the data plane of a simulated node.
 *
 * What the stages do with packets on threads is done here at once: number, seal, open, accept,
 * route, park, forward.  All of it by fips/path and the stand-in AEAD; what is left are tables.
 */
#ifndef T_SIM_PLANE_H
#define T_SIM_PLANE_H

#include "t/sim/sim.h"

struct sim_plane *sim_plane_open(struct sim_node *node);
void              sim_plane_close(struct sim_plane *p);

/* A datagram from the network, opened in place. */
void sim_plane_packet(struct sim_plane *p, const struct fips_via *from, uint8_t *bytes, size_t n,
                      const struct sim_trail *trail);

/* Do one action of the brain's. */
void sim_plane_act(struct sim_plane *p, const struct fips_action *act);

/* An IPv6 packet of a local program. */
void sim_plane_ip(struct sim_plane *p, const uint8_t *ip, size_t n);

struct fips_words sim_plane_words(struct sim_plane *p);

/* Once a second or more often: what control finds by its tick;
 * and nothing waits longer than it may. */
void sim_plane_look(struct sim_plane *p);

/* Bytes that all of it takes. */
size_t sim_plane_size(const struct sim_plane *p);

#endif
