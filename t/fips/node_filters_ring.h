/* node_filters_ring.h - the part of test_node_filters.c about nodes among themselves. */
#ifndef T_FIPS_NODE_FILTERS_RING_H
#define T_FIPS_NODE_FILTERS_RING_H

#include <check.h>

TCase *node_filters_ring(void);

#endif
