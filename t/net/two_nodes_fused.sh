#!/bin/sh
# two_nodes_fused.sh - two_nodes.sh with the graph fused.
exec sh "${srcdir:?the tree, as make check sets it}/t/net/two_nodes.sh" fused
