#!/bin/sh
# two_nodes.sh GRAPH - two nodes of one graph carry real traffic, and a relay watches the wire.
#
#     namespace a                    namespace r                     namespace b
#     millrace                       relay                           millrace
#     10.77.1.1:2121  va ------ ra 10.77.1.2, 10.77.2.2 rb ------ vb  10.77.2.1:2121
#       fips0 fd..                                                     fips0 fd..
#
# Ping and TCP both ways by mesh address.  Afterwards:
#   - the relay saw only frames of link.md, and no (receiver_idx, counter) twice with other bytes
#   - both nodes ran the graph, conserve packets, and made fewer system calls than packets (R3, R8)
#   - control's packets did not grow with the traffic (R3)
#   - both nodes end with 0 on SIGTERM

set -u
top=${srcdir:?the tree, as make check sets it}
graph=${1:-fused}
. "$top/contrib/lib.sh"

skip()
{
	say "skipped: $*"
	exit 77
}
for tool in unshare ip ping iperf3 curl jq ss; do
	command -v $tool >/dev/null || skip "there is no $tool"
done
[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
if [ -z "${MILLRACE_INSIDE-}" ]; then
	flags=-nm
	[ "$(id -u)" -eq 0 ] || flags=-Urnm
	unshare $flags true 2>/dev/null || skip "no network namespaces for $(id -un)"
fi
enter_namespaces "$0" "$graph"

millrace=${MILLRACE:?the program, as make check sets it}
relay=${RELAY:-${millrace%/*}/t/net/relay}
MILLRACE_GRAPHS="$top/graphs"
export MILLRACE_GRAPHS
work_in two-nodes
nodes_graph=$graph
ip netns add a && ip netns add b && ip netns add r || die "no namespaces"
for side in a:1 b:2; do
	node=${side%:*} net=${side#*:}
	ip link add "v$node" netns "$node" type veth peer name "r$node" netns r &&
		ip -n "$node" address add "10.77.$net.1/24" dev "v$node" &&
		ip -n r address add "10.77.$net.2/24" dev "r$node" &&
		ip -n "$node" link set lo up && ip -n "$node" link set "v$node" up &&
		ip -n r link set "r$node" up || die "could not lay the wire"
done

for node in a b; do
	"$millrace" keygen --out "$work/$node.key" >"$work/$node.id" || die "no key"
done
a6=$(sed -n 's/^mesh address *//p' "$work/a.id")
b6=$(sed -n 's/^mesh address *//p' "$work/b.id")
write_node a 10.77.1.1 b 10.77.1.2
write_node b 10.77.2.1 a 10.77.2.2
start "$work/relay.log" ip netns exec r "$relay" 10.77.1.2:2121 10.77.1.1:2121 10.77.2.2:2121 10.77.2.1:2121
relay_pid=$started
start "$work/a.log" ip netns exec a "$millrace" run -c "$work/a.json"
node_a=$started
start "$work/b.log" ip netns exec b "$millrace" run -c "$work/b.json"
node_b=$started

await 20 ip netns exec a ping -6 -c 1 -W 1 "$b6" || lament "no answer through the mesh"
finish ip netns exec b ping -6 -q -c 20 -i 0.05 -W 2 "$a6" >"$work/ping" || lament "ping lost packets"

stats()
{
	curl -sS --unix-socket "$work/$1.sock" http://localhost/stats >"$work/$1.$2" ||
		lament "no statistics from $1"
}
stats a before
serve_streams "$b6"
stream "$b6" 2
say "$graph: a to b $mbits Mbit/s, $retransmits retransmits"
stream "$b6" 2 -R
say "$graph: b to a $mbits Mbit/s, $retransmits retransmits"
end "$server"
sleep 0.3
stats a after
stats b after

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
	expect $node '[.stages[] | select(.kind == "tx-gso") | .counters["send-calls"] < .packets.taken] | all'
	expect $node '[.stages[] | select(.kind == "fmp-open") | .drops.forged == 0] | all'
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
end "$node_a" || { say "node a ended with $?" >&2; bad=1; }
end "$node_b" || { say "node b ended with $?" >&2; bad=1; }
end "$relay_pid" || { say "the relay saw something wrong" >&2; bad=1; }
say "relay: $(cat "$work/relay.log")"
[ $bad -eq 0 ] || lament "failed"
