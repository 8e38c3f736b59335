#!/bin/sh
# transit.sh - others' traffic through two nodes, neither of which has a part in it.
#
#     a (fused)  ---  r (each shipped graph in turn)  ---  s (router)  ---  b (fused)
#
# r is no neighbour of b and s none of a: they send on by what control gave them for these destinations, not
# only by their links.  a and b have no link, and neither have a and s, r and b.
#
# First through the relay: numbered UDP and TCP both ways, bounded.  Afterwards:
#   - the relay saw no (receiver_idx, counter) twice with other bytes, over all graphs of r, and nothing between
#     those who are no neighbours
#   - of the numbered packets none was lost, doubled or changed
#   - r and s sent on all of it, each by neighbours one way and by what it was given the other; they asked a few
#     times for a next hop, control had nothing to do with the rest, and nobody was without a way
#   - the session of a and b outlived each r
# Then over veth pairs, with all offloads: 40 MB of TCP each way at once.
#   - most frames of r and s were received and sent many at a time, and none was dropped for its size
# In all of it packets are conserved, and all end with 0 on SIGTERM.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0"
begin_wire transit fused
patient
for node in a r s b; do
	lay_node $node
done
a6=$(mesh_address a)
b6=$(mesh_address b)
bad=0

# change NODE JQ: its file.
change()
{
	jq --arg a "$(npub a)" --arg b "$(npub b)" "$2" "$work/$1.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$1.json" || die "no file for $1"
}

# files: who dials whom, and who is behind whom.
files()
{
	change a '.node.retry.base_interval_secs = 1 | .peers += [{ npub: $b, alias: "b", via: "r" }]'
	change b '.node.retry.base_interval_secs = 1 | .peers += [{ npub: $a, alias: "a", via: "s" }]'
	change r '.node.retry.base_interval_secs = 1 | .peers += [{ npub: $b, alias: "b", via: "s" }]'
	change s '.node.retry.base_interval_secs = 1 | .graph = "router" | del(.tun) |
		.peers += [{ npub: $a, alias: "a", via: "r" }]'
}

forwarded=$(sum route '.counters["forwarded-packets"]')
direct=$(sum route '.counters["route-direct-peer"]')
asked=$(sum route '.counters.asked')
no_way=$(sum route '.counters["drop-no-route-packets"]')
control_in=$(sum control .packets.in)

# age: of the one session of a, in ms.
age()
{
	page a /peers a.peers
	jq '[.sessions[].age_s * 1000 | floor] | if length == 1 then .[0] else -1 end' "$work/a.peers"
}

join_nodes a r
join_nodes b s
join_nodes r s
join_nodes s r
files
start_relay
for node in a s b; do
	start_node $node
done
old_age=-1
for graph in fused two-core staged dealt router; do
	case $graph in
	router) change r '.graph = "router" | del(.tun)' ;;
	*) change r ".graph = \"$graph\"" ;;
	esac
	start_node r
	await_reach a b
	await_reach b a
	new_age=$(age)
	[ "$new_age" -gt "$old_age" ] || { say "$graph: the session did not outlive r: $old_age, then $new_age ms" >&2; bad=1; }
	old_age=$new_age
	roomy a b
	for node in r s; do
		settle $node
		mv "$work/$node.stats" "$work/$node.before"
	done
	finish "$numbered" -r 500 -n 1000 -f 2 a="$a6" b="$b6" >"$work/numbered.json" ||
		{ say "$graph: numbered packets: $(cat "$work/numbered.json")" >&2; bad=1; }
	serve_streams "$b6"
	stream "$b6" 1 -b 100M
	there=$mbits
	stream "$b6" 1 -b 100M -R
	end "$server"
	say "$graph: numbered $(jq -c '{ sent, lost, duplicated, changed }' "$work/numbered.json"); $there and $mbits Mbit/s"
	for node in r s; do
		settle $node
		jq -es "map({ f: $forwarded, d: $direct, a: $asked, n: $no_way, c: $control_in }) |
			(.[1].f - .[0].f) as \$f | (.[1].d - .[0].d) as \$d | \$f > 4000 and \$d > 2000 and \$f - \$d > 2000 and
			.[1].a - .[0].a <= 4 and .[1].n == .[0].n and .[1].c - .[0].c < \$f / 20" \
			"$work/$node.before" "$work/$node.stats" >/dev/null || {
			say "$graph: $node: $(jq -cs "map([$forwarded, $direct, $asked, $no_way, $control_in])" \
				"$work/$node.before" "$work/$node.stats")" >&2
			bad=1
		}
	done
	for node in a s b; do
		[ $node = s ] || settle $node
		expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate + .drops.forged == 0] | all'
	done
	end "$node_r" || { say "$graph: r ended with $?" >&2; bad=1; }
done
start_node r
await_reach a b
end_wire
jq -e '[to_entries[] | select([.key] | inside(["a-b", "b-a", "a-s", "s-a", "r-b", "b-r"])) | .value.packets] |
	add // 0 == 0' "$work/relay.log" >/dev/null || { say "there was another way: $(cat "$work/relay.log")" >&2; bad=1; }

# ---- with offloads ----

# wire NAME N OTHER: 10.78.N.1 -- 10.78.N.2
wire()
{
	ip link add "to-$3" netns "$1" type veth peer name "to-$1" netns "$3" &&
		ip -n "$1" address add "10.78.$2.1/24" dev "to-$3" && ip -n "$3" address add "10.78.$2.2/24" dev "to-$1" &&
		ip -n "$1" link set "to-$3" up && ip -n "$3" link set "to-$1" up || die "could not lay the wire of $1"
}

for node in a r s b; do
	ip -n $node link delete wire0
done
wire a 1 r
wire r 2 s
wire s 3 b
write_node a 0.0.0.0 r 10.78.1.2
write_node r 0.0.0.0 s 10.78.2.2
write_node s 0.0.0.0 r 10.78.2.1
write_node b 0.0.0.0 s 10.78.3.1
files
for node in a r s b; do
	start_node $node
done
await_reach a b
await_reach b a
roomy a b
serve_streams "$b6"
finish ip netns exec a iperf3 -J -c "$b6" -n 40M --bidir >"$work/iperf3.json" || lament "no stream"
end "$server"
received=$(sum rx .packets.made)
received_many=$(sum rx '.counters["gro-datagrams"]')
sent=$(sum tx-gso .packets.taken)
sent_many=$(sum tx-gso '.counters["gso-frames"]')
for node in a r s b; do
	settle $node
	expect $node "$sent_many > $sent / 2 and $received_many > $received / 2"
done
for node in r s; do
	expect $node "$forwarded > 10000 and $direct > $forwarded / 4 and $direct < $forwarded * 3 / 4"
	expect $node '[.stages[] | .drops["too-big"] // 0] | add == 0'
	say "offloads: $node: $(jq -r "\"\($forwarded) sent on; \($received) received, \($received_many) of them many at a time; \($sent) sent, \($sent_many)\"" "$work/$node.stats")"
done
for node in a r s b; do
	eval "ending=\$node_$node"
	end "$ending" || { say "node $node ended with $?" >&2; bad=1; }
done
[ $bad -eq 0 ] || lament "failed"
