#!/bin/sh
# table.sh GRAPH-THREADS - one cell of the table graphs x threads: two nodes of the graph, that many
# replicas of its stages, carry ping, numbered UDP, TCP in one stream and in four, both ways.
#
#     fused two-core staged tap dealt   shipped graphs; further threads go to stages, by --set
#     grouped                      open and seal stages on two workers with that many threads each
#
# The graph router has a test of its own, chain.sh.
#
# Afterwards:
#   - all pings were answered; numbered packets came once, in order, unchanged
#   - the relay saw only frames of link.md, and no (receiver_idx, counter) twice with other bytes
#   - the nodes ran the graph with its replicas, conserve packets, and made fewer system calls than
#     packets, on sockets and on the device (R3, R8)
#   - no frame or message came twice or late: nothing on the way changed their order
#   - control's packets did not grow with the traffic (R3)
#   - all end with 0 on SIGTERM

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
cell=${1##*/}
cell=${cell%.cell}
enter_or_skip "$0" "$cell"
graph=${cell%-*} threads=${cell##*-}

# Which stages get how many threads.
case $graph in
fused)    several="fmp-open fsp-seal" ;;
two-core) several="fmp-open fsp-open fsp-seal fmp-seal" ;;
staged)   several="fmp-open fsp-open route fsp-seal fmp-seal tx-gso" ;;
tap)      several="fmp-open route fmp-seal" ;;
dealt)    several="open seal" ;;
grouped)  several="" ;;
*)        die "no graph $graph" ;;
esac
node_options=
case $graph-$threads in
dealt-*) node_options="--set workers.opens.threads=$threads --set workers.seals.threads=$threads" ;;
*-1)     ;;
*)
	for stage in $several; do
		node_options="$node_options --set $stage.threads=$threads"
	done
	;;
esac

lay_wire table "$graph"
patient

# own_graph NODE FILE JQ-CHANGE: the node runs a shipped graph's file, changed.
own_graph()
{
	jq --argjson threads "$threads" "$3" "$MILLRACE_GRAPHS/$2.json" >"$work/$1-graph.json" &&
		jq ".graph = \"$1-graph.json\"" "$work/$1.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$1.json" || die "no graph for $1"
}
case $graph in
grouped)
	several="fmp-open fsp-open route fsp-seal fmp-seal tx-gso"
	for node in a b; do
		own_graph $node staged '.graph = "grouped" | .workers = {
			"in": { "stages": ["rx"] }, "device": { "stages": ["tun-read", "tun-write"] },
			"open": { "stages": ["fmp-open", "fsp-open"], "threads": $threads },
			"seal": { "stages": ["route", "fsp-seal", "fmp-seal", "tx-gso"], "threads": $threads },
			"main": { "stages": ["control"] } }'
	done
	;;
tap)
	for node in a b; do
		own_graph $node tap ".stages.pcapng.file = \"$work/$node.pcapng\""
	done
	;;
esac
start_wire
roomy a b

start "$work/numbers" "$numbered" -r 500 -n 500 -f 2 -s 700 "a=$a6" "b=$b6"
numbering=$started
finish ip netns exec b ping -6 -q -c 20 -i 0.03 -W 5 "$a6" >"$work/ping" || lament "ping lost packets"
await 60 gone "$numbering" || lament "numbered packets do not end"
wait "$numbering" || lament "numbered packets: $(cat "$work/numbers")"
forget "$numbering"

page a /stats a.before
serve_streams "$b6"
for streams in 1 4; do
	stream "$b6" 24M --bidir -P $streams
	back=$(jq '.end.sum_received_bidir_reverse.bytes' "$work/iperf3.json")
	say "$cell: $streams streams, $mbits Mbit/s there, $((back / 125000)) Mbit/s back," \
		"$retransmits retransmits"
	[ "$(jq '.end.sum_received.bytes' "$work/iperf3.json")" -gt 100000 ] && [ "$back" -gt 100000 ] ||
		lament "TCP did not flow both ways"
done
end "$server"

bad=0
settle a
settle b
for node in a b; do
	expect $node ".graph.name == \"$graph\""
	expect $node '[.stages[] | select(.kind == "rx") | .counters["receive-calls"] < .packets.made] | all'
	expect $node '[.stages[] | select(.kind == "tx-gso")] |
		(map(.counters["send-calls"]) | add) < (map(.packets.taken) | add) and
		(map(.counters["gso-frames"]) | add) > 0 and (map(.counters["gso-fallbacks"]) | add) == 0'
	expect $node '[.stages[] | select(.kind == "tun-read") |
		.counters["super-packets"] > 0 and .counters["read-calls"] < .packets.made] | all'
	expect $node '[.stages[] | select(.kind == "tun-write") |
		.counters["super-packets"] > 0 and .counters["write-calls"] < .packets.taken] | all'
	expect $node '[.stages[] | select(.kind == "fmp-open") | .drops.forged == 0] | all'
	expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate == 0] | all'
	for stage in $several; do
		expect $node "[.stages[] | select(.name == \"$stage\")] | length == $threads"
	done
done
# tens of thousands of data packets went by; control saw reports, heartbeats and handshakes
grown=$(jq -s '[.[] | [.stages[] | select(.kind == "control") | .packets.in] | add] | .[1] - .[0]' \
	"$work/a.before" "$work/a.stats")
carried=$(jq -s '[.[] | [.stages[] | select(.kind == "rx") | .packets.made] | add] | .[1] - .[0]' \
	"$work/a.before" "$work/a.stats")
[ "$carried" -gt 1000 ] && [ "$grown" -lt $((carried / 20)) ] || {
	say "control took in $grown packets while $carried were received" >&2
	bad=1
}
end_wire
for node in a b; do
	[ "$graph" != tap ] || [ "$(wc -c <"$work/$node.pcapng")" -gt 100000 ] || {
		say "little was captured at $node" >&2
		bad=1
	}
done
[ $bad -eq 0 ] || lament "failed"
