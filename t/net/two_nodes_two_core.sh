#!/bin/sh
# two_nodes_two_core.sh - two_nodes.sh with the graph two-core.
exec sh "${srcdir:?the tree, as make check sets it}/t/net/two_nodes.sh" two-core
