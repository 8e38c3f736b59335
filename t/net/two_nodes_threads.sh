#!/bin/sh
# two_nodes_threads.sh - two_nodes.sh with the graph staged, and several replicas of what can have them.
exec sh "${srcdir:?the tree, as make check sets it}/t/net/two_nodes.sh" staged \
	--set fmp-open.threads=2 --set fsp-open.threads=2 --set route.threads=2 \
	--set fsp-seal.threads=3 --set fmp-seal.threads=2
