#!/bin/sh
# chain.sh [GRAPH] - two nodes without a link carry real traffic through a third that runs `router`.
#
#     a (GRAPH)  ---  r (router, 1 to 4 threads a stage)  ---  b (GRAPH)
#
# For each number of threads: ping, TCP in 1 and 4 streams both ways, numbered UDP.  Afterwards:
#   - the relay saw only frames of link.md, no (receiver_idx, counter) twice with other bytes, and
#     nothing between a and b
#   - of the numbered packets none was lost, doubled, late or changed
#   - all conserve packets; no frame or message came twice or late; r made fewer system calls than
#     packets, and its control's packets did not grow with the traffic (R3, R8)
#   - r has no stage of the session layer, and has opened no session
#   - the session of a and b is the same all the time, whatever r does (it is restarted each time)
# Last r gets a smaller MTU: both ends learn it, TCP and programs are told (R25), nothing is too big.

set -u
top=${srcdir:?the tree, as make check sets it}
graph=${1:-fused}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire chain "$graph"
patient
lay_node a
lay_node r
lay_node b
a6=$(mesh_address a)
b6=$(mesh_address b)

# behind NAME OTHER: the node dials r, and knows that it leads to the other.
behind()
{
	join_nodes "$1" r
	jq --arg npub "$(npub "$2")" --arg alias "$2" '.tun.mtu = 1395 |
		.node.retry.base_interval_secs = 1 | .peers += [{ npub: $npub, alias: $alias, via: "r" }]' \
		"$work/$1.json" >"$work/more.json" && mv "$work/more.json" "$work/$1.json" || die "no file"
}
behind a b
behind b a
join_nodes r a
jq 'del(.tun) | .graph = "router" | .peers = []' "$work/r.json" >"$work/more.json" &&
	mv "$work/more.json" "$work/r.json" || die "no file for r"

bad=0
expect()
{
	jq -e "$2" "$work/$1.after" >/dev/null || {
		say "$round: node $1: not so: $2" >&2
		bad=1
	}
}

pages()
{
	for node in a r b; do
		page $node /stats $node.$1
		page $node /peers $node.peers
	done
}

# age NODE: of its one session, in ms.
age()
{
	page "$1" /peers "$1.peers"
	jq '.sessions | if length == 1 then .[0].age_s * 1000 | floor else -1 end' "$work/$1.peers"
}

carry()
{
	finish ip netns exec b ping -6 -q -c 20 -i 0.02 -W 2 "$a6" >"$work/ping" || lament "ping lost packets"
	pages before
	finish "$numbered" -r 500 -n 1000 -f 2 a="$a6" b="$b6" >"$work/numbered.json" ||
		lament "numbered packets: $(cat "$work/numbered.json")"
	serve_streams "$b6"
	rates=
	# bounded, so that the relay can remember every frame
	for option in "-b 300M" "-b 300M -R" "-b 75M -P4" "-b 75M -P4 -R"; do
		# shellcheck disable=SC2086 # words
		stream "$b6" 16M $option
		rates="$rates $mbits"
	done
	end "$server"
	for node in a r b; do
		settle $node
	done
	pages after
	say "$round:$rates Mbit/s (1 stream, back; 4 streams, back)"
}

check()
{
	for node in a r b; do
		expect $node '[.stages[] | select(.kind == "fmp-open") | .drops.forged == 0] | all'
		expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate == 0] | all'
	done
	expect r '.graph.name == "router"'
	expect r '[.stages[].kind | select(startswith("fsp-") or startswith("tun-"))] | length == 0'
	expect r '[.stages[] | select(.kind == "rx") | .counters["receive-calls"] < .packets.made] | all'
	expect r '[.stages[] | select(.kind == "tx-gso")] | (map(.counters["send-calls"]) | add) < (map(.packets.taken) | add)'
	jq -e '.sessions == [] and ([.peers[] | select(.state == "up")] | length) == 2' "$work/r.peers" >/dev/null ||
		lament "r has a session, or lacks a neighbour"
	# what an end sent before the other had come back is not counted
	jq -es '[.[] | [.stages[] | select(.kind == "control") | .drops["no-route"]] | add] | .[0] == .[1]' \
		"$work/r.before" "$work/r.after" >/dev/null || {
		say "$round: r knew no way for some packets" >&2
		bad=1
	}
	# tens of thousands of packets went by; control saw reports, heartbeats and handshakes
	grown=$(jq -s '[.[] | [.stages[] | select(.kind == "control") | .packets.in] | add] | .[1] - .[0]' \
		"$work/r.before" "$work/r.after")
	carried=$(jq -s '[.[] | [.stages[] | select(.kind == "route") | .packets.out] | add] | .[1] - .[0]' \
		"$work/r.before" "$work/r.after")
	[ "$carried" -gt 4000 ] && [ "$grown" -lt $((carried / 20)) ] || {
		say "$round: control of r took in $grown packets while $carried went by" >&2
		bad=1
	}
}

round="the beginning"
start_relay
start_node a
start_node b
old_age=-1
for threads in 1 2 3 4; do
	round="$threads threads"
	start_node r --set fmp-open.threads=$threads --set route.threads=$threads \
		--set fmp-seal.threads=$threads --set tx-gso.threads=$threads
	await_reach a b
	await_reach b a
	new_age=$(age a)
	[ "$new_age" -gt "$old_age" ] || lament "$round: the session did not outlive r: $old_age, then $new_age ms"
	carry
	check
	for stage in fmp-open route fmp-seal tx-gso; do
		expect r "[.stages[] | select(.name == \"$stage\")] | length == $threads"
	done
	old_age=$(age a)
	eval 'end "$node_r"' || lament "r ended with $?"
done

path_is()
{
	for node in a b; do
		page $node /peers $node.peers
		jq -e --argjson mtu "$1" '[.sessions[].path_mtu] == [$mtu]' "$work/$node.peers" || return 1
	done
}

round="a smaller MTU"
start_node r --set transports.udp.mtu=1400
await_reach a b
await_reach b a
[ "$(age a)" -gt "$old_age" ] || lament "$round: the session did not outlive r"
await 20 path_is 1400 || lament "the ends do not know that the path takes 1400: $(cat "$work/a.peers" "$work/b.peers")"
carry
check
# 1323 bytes of IPv6 fit (77 less), 1263 of TCP (60 less)
[ "$(jq '.start.tcp_mss_default' "$work/iperf3.json")" -le 1263 ] || lament "TCP was not told"
expect r '[.stages[] | select(.kind == "route") | .drops["too-big"]] | add == 0'
finish ip netns exec a ping -6 -q -c 1 -W 2 -M do -s 1275 "$b6" >"$work/ping" || lament "1323 bytes did not fit"
finish ip netns exec a ping -6 -c 2 -i 0.2 -W 2 -M do -s 1276 "$b6" >"$work/ping" 2>&1 &&
	lament "1324 bytes did fit"
grep -q 'mtu: \?1323' "$work/ping" || ip -n a -6 route get "$b6" | grep -q 'mtu 1323' ||
	lament "a program was not told: $(cat "$work/ping")"
end_wire
jq -e '[to_entries[] | select(.key == "a-b" or .key == "b-a") | .value.packets] | add // 0 == 0' \
	"$work/relay.log" >/dev/null || { say "a and b spoke to each other" >&2; bad=1; }
[ $bad -eq 0 ] || lament "failed"
