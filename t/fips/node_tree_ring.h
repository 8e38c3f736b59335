/* node_tree_ring.h - the part of test_node_tree.c about nodes among themselves. */
#ifndef T_FIPS_NODE_TREE_RING_H
#define T_FIPS_NODE_TREE_RING_H

#include <check.h>

TCase *node_tree_ring(void);

#endif
