/* links.h - many neighbours of the node on a bench (node_bench.h), each with a link of its own. */
#ifndef T_LIB_LINKS_H
#define T_LIB_LINKS_H

#include "t/lib/node_bench.h"

#define LINKS_NUMBERS 512

/* The newest key of each neighbour's link, by its number;
 * a test that makes a newer one notes it here. */
extern uint64_t links_key[LINKS_NUMBERS];

/* Links with n neighbours, numbered from the first on. */
void links_make(struct bench *b, unsigned first, unsigned n);

/* The neighbour says this on its link; the words of what came out. */
const char *links_say(struct bench *b, unsigned who, const uint8_t *bytes, size_t n);

/* Made-up nodes: number 0 is below everybody. */
struct fips_addr links_ghost(uint8_t number);

#endif
