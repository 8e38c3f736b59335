/* control.h - what the program may ask of the control stage, between its turns.
 *
 * Control hosts the node (fips/node): it turns packets, events and time into the node's inputs, and
 * the node's actions into packets, table writes and orders.  It runs on main's event loop, and so
 * do these calls; `control` is mr_engine_host_state().
 */
#ifndef MR_STAGES_CONTROL_H
#define MR_STAGES_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/log.h"
#include "fips/node/node.h"

/* Tell the neighbours that we leave, from the next turn on; nothing is dialled or answered after
 * it.  The host's deadline has then come: give it a turn. */
void mr_control_stop(void *control);

/* Has every neighbour been told, as far as control is concerned? */
bool mr_control_stopped(const void *control);

/* How long the operator lets a stopping node run on, ns (node.drain_timeout_secs). */
uint64_t mr_control_drain(const void *control);

/* Where lines for the operator go; standard error at MR_LOG_INFO unless told otherwise. */
void mr_control_log(void *control, const struct mr_log *log);

/* Peers and sessions as the node sees them: index from 0 until false. */
bool mr_control_peer(const void *control, unsigned index, struct fips_peer_info *out);
bool mr_control_session(const void *control, unsigned index, struct fips_session_info *out);

/* How many of the peers that are shown have a link. */
unsigned mr_control_linked(const void *control, unsigned *peers);

/* Who the node is, and both lists, as JSON: {"node": {...}, "peers": [...], "sessions": [...]}; now
 * is ns.  malloc'd text, NULL: no memory. */
char *mr_control_peers_json(const void *control, uint64_t now);

/* Both by state, and the peers of the node file one by one, for Prometheus; likewise. */
char *mr_control_metrics(const void *control, size_t *len);

#endif
