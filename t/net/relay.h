/* relay.h - the nodes, rules and counts of t/net/relay. */
#ifndef T_NET_RELAY_H
#define T_NET_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "t/lib/fate.h"
#include "t/lib/later.h"
#include "t/lib/witness.h"

#define RELAY_DEVICE "wire0"
#define RELAY_RULES  16 /* given as options */

struct relay_node {
	/* const after relay_open */
	const char *name;     /* of its network namespace               */
	uint32_t    address;  /* network byte order                     */
	bool        stranger; /* may send anything                      */
	int         fd;       /* of its device                          */

	uint16_t port; /* its own, when it was last seen roaming        */
};

/* Counts of one direction, in packets. */
struct relay_way {
	unsigned long packets;          /* that the receiver's address was on       */
	unsigned long delivered;        /* copies included                          */
	unsigned long verb[FATE_VERBS]; /* on which a rule was at work              */
	unsigned long gone;             /* sent where the receiver no longer was    */
};

struct relay {
	/* const after relay_open */
	struct relay_node node[FATE_NODES];
	unsigned          nodes;
	const char       *rules_file;
	const char       *rule[RELAY_RULES];
	unsigned          rules;
	FILE             *log, *kept;

	struct fates     fates;
	uint64_t         rules_since; /* ns */
	struct later     later;
	struct witness   witness;
	struct relay_way way[FATE_NODES][FATE_NODES]; /* from, to */
	unsigned long    frames, handshakes, foreign, repeats, clashes, unsent, nowhere;
};

/* Options, devices, rules; ends the program with 2 and a sentence when anything is wrong. */
void relay_open(struct relay *r, int argc, char **argv);

/* The rules anew.  Those in force stay when there is a mistake. */
void relay_read_rules(struct relay *r);

/* One JSON object.  True: all that was judged was good,
 * and some was if there are nodes to judge. */
bool relay_summary(const struct relay *r, FILE *to);

void relay_close(struct relay *r);

#endif
