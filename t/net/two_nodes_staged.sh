#!/bin/sh
# two_nodes_staged.sh - two_nodes.sh with the graph staged.
exec sh "${srcdir:?the tree, as make check sets it}/t/net/two_nodes.sh" staged
