/* flows.h - pairs of nodes that ask and answer: IPv6 packets by sessions, and what became of each.
 *
 * A packet says which flow it belongs to, its number, and whether it is the answer; the rest of it
 * follows from these, so whoever gets one knows every byte of it.  Each arrives at its node, whole,
 * and once, whatever the network does.
 */
#ifndef T_SIM_FLOWS_H
#define T_SIM_FLOWS_H

#include "t/sim/sim.h"

#define SIM_TIMES 32
#define SIM_LAST  2 /* questions that may have been on their way when the tree turned */
#define SIM_EXCUSED 255

struct sim_flow {
	/* const after open */
	unsigned from, to;   /* nodes                                             */
	uint64_t period;     /* ns between two questions                          */

	uint64_t numbered;   /* questions so far                                  */
	uint8_t *state;      /* owned; bits, by number                            */
	uint8_t *age;        /* owned; s since the tree turned, or all was well, by number;
	                      * SIM_EXCUSED: may be lost */
	uint64_t room;       /* of both                                           */
	uint16_t most[2];    /* largest packet, of questions and answers          */
	uint64_t good_at;    /* ns: when a question that was answered was asked, the latest such */
	uint64_t times[SIM_TIMES]; /* ns: when the latest questions were asked, by number */
};

/* The flows of a mesh that has its nodes and edges. */
void sim_flows_open(struct sim *s);
void sim_flows_close(struct sim *s);

/* A process begins: its programs have looked up the names of those whom they will ask. */
void sim_flows_name(struct sim_node *node);

/* A PING event has come. */
void sim_flow_ping(struct sim *s, unsigned flow);

/* At node: a packet came out of the session with peer; it was dropped without a word, or as too
 * big, or because there is no way. */
void sim_flow_arrived(struct sim_node *node, const struct fips_addr *peer, const uint8_t *ip,
                      size_t n, const struct sim_trail *trail);
void sim_flow_dropped(struct sim_node *node, const uint8_t *ip, size_t n);
void sim_flow_too_big(struct sim_node *node, const uint8_t *ip, size_t n, uint16_t most);
void sim_flow_told(struct sim_node *node, const uint8_t *ip, size_t n);

/* Nodes have found other places: what was asked a moment ago may be lost. */
void sim_flows_turned(struct sim *s);

/* Was all answered that was asked while all was well?  The last few seconds do not count. */
void sim_flows_check(struct sim *s);

#endif
