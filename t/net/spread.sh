#!/bin/sh
# spread.sh - one node with seven neighbours: its replicas share the links, and all of them work.
#
#     a (staged, 3 replicas of stages that look after links and sessions)  ---  b c d e f g h (fused)
#
# Numbered packets go between a and each other, both ways at once.  Which replica a neighbour belongs
# to is drawn anew by each process (core/table.h), so a is restarted until each replica has one; a
# draw leaves a replica without in 17 of 100 cases.
#
# Afterwards:
#   - each replica has carried all packets of a neighbour at least, one way
#   - no packet was lost, none came twice, late or changed; all nodes conserve packets
#   - the relay saw only frames of link.md, and no (receiver_idx, counter) twice with other bytes
#   - all end with 0 on SIGTERM

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0"
begin_wire spread fused
patient
others="b c d e f g h"
several="fmp-open fsp-open route fsp-seal fmp-seal"
replicas=3 draws=8 count=500
for node in a $others; do
	lay_node $node
done
for node in $others; do
	join_nodes $node a
done
nodes_graph=staged
# shellcheck disable=SC2086 # names are words
join_nodes a $others

options="" named="a=$(mesh_address a)"
for stage in $several; do
	options="$options --set $stage.threads=$replicas"
done
start_relay
for node in $others; do
	start_node $node
	named="$named $node=$(mesh_address $node)"
done

# each_replica PACKETS: took in that many or more, by a.stats.
each_replica()
{
	jq -e --arg several "$several" --argjson replicas $replicas --argjson least "$1" '
		[.stages[] | select(.name | IN($several | split(" ")[])) | .packets.in] |
		length == 5 * $replicas and all(. >= $least)' "$work/a.stats" >/dev/null
}

# What pings brought tells whose neighbours are where.
draw=1
while :; do
	# shellcheck disable=SC2086 # options are words
	start_node a $options
	for node in $others; do
		await_reach a $node
	done
	page a /stats a.stats
	! each_replica 1 || break
	[ $draw -lt $draws ] || lament "some replicas get no packets"
	end "$node_a" || lament "a ended with $?"
	draw=$((draw + 1))
done

# shellcheck disable=SC2086 # names are words
roomy a $others
# shellcheck disable=SC2086
finish "$numbered" -r 200 -n $count -s 600 $named >"$work/numbers" ||
	lament "numbered packets: $(cat "$work/numbers")"
say "draw $draw: $(jq -r '"\(.received) of \(.sent) numbered packets came"' "$work/numbers")"
bad=0
for node in a $others; do
	settle $node
	expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate == 0] | all'
	expect $node '[.stages[] | select(.kind == "fmp-open") | .drops.forged == 0] | all'
done
say "packets in, by replica: $(jq -c --arg several "$several" 'reduce (.stages[] |
	select(.name | IN($several | split(" ")[]))) as $s ({}; .[$s.name] += [$s.packets.in])' "$work/a.stats")"
each_replica $count || {
	say "some replicas carried fewer than $count packets" >&2
	bad=1
}
end_wire
[ $bad -eq 0 ] || lament "failed"
