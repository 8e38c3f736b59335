# graphs: ready stage graphs, each named for a deployment.

graphsdir = $(pkgdatadir)/graphs
dist_graphs_DATA = \
	graphs/dealt.json \
	graphs/fused.json \
	graphs/router.json \
	graphs/staged.json \
	graphs/tap.json \
	graphs/two-core.json
