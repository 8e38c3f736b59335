/* air.h - what lies between the nodes: addresses, edges, weather.
 *
 * A transport address is a number that belongs to one node at a time and is never given out again.
 * A datagram goes along the edge of its two nodes, if there is one and nothing keeps it from
 * carrying; it arrives at whoever has the address then.
 */
#ifndef T_SIM_AIR_H
#define T_SIM_AIR_H

#include "t/sim/sim.h"

/* Join two nodes, in fair weather; joined ones stay as they are.  Set-up only. */
void sim_air_join(struct sim *s, unsigned a, unsigned b);

/* NULL: they are not joined. */
struct sim_edge *sim_air_edge(struct sim *s, unsigned a, unsigned b);

/* The other end. */
unsigned sim_air_other(const struct sim_edge *e, unsigned node);

/* Give a node an address that nobody had before. */
void sim_air_move(struct sim_node *node);

struct fips_via sim_air_via(uint32_t address);

/* Put a datagram on the network; trail: of the SessionDatagram in it, or NULL. */
void sim_air_send(struct sim_node *from, const struct fips_via *to, const uint8_t *bytes, size_t n,
                  const struct sim_trail *trail);

/* A FRAME event has come: hand it to whoever has its address, if anybody. */
void sim_air_arrive(struct sim *s, struct sim_event *e);

#endif
