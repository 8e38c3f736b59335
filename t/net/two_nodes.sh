#!/bin/sh
# two_nodes.sh GRAPH [--set KEY=VALUE]... - two nodes of one graph carry real traffic, and a relay watches the wire.
#
# Ping and TCP both ways by mesh address.  Afterwards:
#   - the relay saw only frames of link.md, and no (receiver_idx, counter) twice with other bytes
#   - both nodes ran the graph, conserve packets, and made fewer system calls than packets (R3, R8)
#   - no frame or message came twice or late: nothing on the way changed their order
#   - stages whose threads were set have as many replicas
#   - control's packets did not grow with the traffic (R3)
#   - both nodes end with 0 on SIGTERM

set -u
top=${srcdir:?the tree, as make check sets it}
graph=${1:-fused}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
[ $# -eq 0 ] || shift
node_options=$*
lay_wire two-nodes "$graph"
start_wire
finish ip netns exec b ping -6 -q -c 20 -i 0.05 -W 2 "$a6" >"$work/ping" || lament "ping lost packets"

page a /stats a.before
serve_streams "$b6"
stream "$b6" 2
say "$graph: a to b $mbits Mbit/s, $retransmits retransmits"
stream "$b6" 2 -R
say "$graph: b to a $mbits Mbit/s, $retransmits retransmits"
end "$server"
sleep 0.3
page a /stats a.after
page b /stats b.after

bad=0
expect()
{
	jq -e "$2" "$work/$1.after" >/dev/null || {
		say "node $1: not so: $2" >&2
		bad=1
	}
}
for node in a b; do
	expect $node ".graph.name == \"$graph\""
	expect $node ".conservation == true"
	expect $node '[.stages[] | select(.kind == "rx") | .counters["receive-calls"] < .packets.made] | all'
	expect $node '[.stages[] | select(.kind == "tx-gso")] | (map(.counters["send-calls"]) | add) < (map(.packets.taken) | add)'
	expect $node '[.stages[] | select(.kind == "fmp-open") | .drops.forged == 0] | all'
	expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate == 0] | all'
	for option in $node_options; do
		case $option in
		*.threads=*) expect $node "[.stages[] | select(.name == \"${option%%.*}\")] | length == ${option#*=}" ;;
		esac
	done
done
# tens of thousands of data packets went by; control saw reports, heartbeats and handshakes
grown=$(jq -s '[.[] | [.stages[] | select(.kind == "control") | .packets.in] | add] | .[1] - .[0]' \
	"$work/a.before" "$work/a.after")
carried=$(jq -s '[.[] | [.stages[] | select(.kind == "rx") | .packets.made] | add] | .[1] - .[0]' \
	"$work/a.before" "$work/a.after")
[ "$carried" -gt 1000 ] && [ "$grown" -lt $((carried / 20)) ] || {
	say "control took in $grown packets while $carried were received" >&2
	bad=1
}
end_wire
[ $bad -eq 0 ] || lament "failed"
