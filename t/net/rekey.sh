#!/bin/sh
# rekey.sh [REKEYS [PATH]...] - keys of links and sessions are replaced again and again (10 times each, or as
# often as asked for) under numbered traffic, and nobody notices.
#
# Waiting times of rekeys are a hundredth of what they are (node.rekey.hurry), and few messages are
# sent under a key.  Four paths:
#   - clean: no numbered packet is lost, none comes twice, late or changed
#   - dealt: the same with the graph dealt, and every frame finds the key it was numbered under
#   - roaming: the same while both nodes' addresses change, as the other one sees them
#   - lossy: the packets lost are those that the relay dropped, counted each way; no other is lost,
#     none comes twice.  Handshakes are lost like anything else
# On all of them the relay sees no (receiver_idx, counter) twice with other bytes.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
rekeys=${1:-10}
lay_wire rekey two-core
patient
node_options="--set node.rekey.hurry=100 --set node.rekey.after_messages=400"
sealed=825 # bytes of a frame with a numbered packet: 700, 8 of UDP, 40 of IPv6, 77 of two layers
bad=0

# rekeyed NAME: how often, by both.
rekeyed()
{
	page a /stats a.stats
	page b /stats b.stats
	jq -s --arg name "$1" '[.[].stages[] | select(.kind == "control") | .counters[$name]] | add' \
		"$work/a.stats" "$work/b.stats"
}

enough()
{
	[ "$(rekeyed node-link-rekeys)" -ge "$rekeys" ] &&
		[ "$(rekeyed node-session-rekeys)" -ge "$rekeys" ]
}

holds()
{
	jq -ne --slurpfile n "$work/numbers" --argjson drops "$drops" "\$n[0] as \$n | $1" >/dev/null || {
		say "$path: not so: $1" "$(cat "$work/numbers")" "dropped: $drops" >&2
		for node in a b; do
			jq -c '[.stages[] | { (.name): [(.drops, .counters // {}), (.edges // {} | map_values(.dropped // 0))] |
				add | with_entries(select(.value != 0)) }] | add' "$work/$node.stats"
		done >&2
		bad=1
	}
}

# travel PATH RULE...
travel()
{
	path=$1
	shift
	printf '%s\n' "$@" >"$work/rules"
	start_relay -s 5 -f "$work/rules"
	start_node a ${node_options-}
	start_node b ${node_options-}
	await_reach a b
	await_reach b a
	roomy a b
	start "$work/numbers" "$numbered" -r 1000 -s 700 -q 300 -w 1000 "a=$a6" "b=$b6"
	numbering=$started
	await $((60 + 2 * rekeys)) enough || lament "$path: only $(rekeyed node-link-rekeys) rekeys of links," \
		"$(rekeyed node-session-rekeys) of sessions"
	end "$numbering"
	say "$path: $(rekeyed node-link-rekeys) rekeys of links, $(rekeyed node-session-rekeys) of sessions," \
		"$(jq -r '"\(.lost) of \(.sent) packets lost, \(.duplicated) twice, \(.reordered) late"' "$work/numbers")"
	drops=$(awk -v size=$sealed '/^[^#]/ && $4 == "frame" && $5 == size { n[$2 $3]++ }
		END { printf "[%d, %d]", n["ab"], n["ba"] }' "$work/decisions")
	holds '[$n.duplicated, $n.changed, $n.overflow, $n.unsent] | all(. == 0)'
	holds '$n.sent > 1000'
	settle a
	settle b
	end_wire
}

clean()
{
	travel clean ''
	holds '$n.lost == 0 and $n.reordered == 0'
}

dealt()
{
	options=$node_options
	node_options="$node_options --graph dealt"
	travel dealt ''
	node_options=$options
	holds '$n.lost == 0 and $n.reordered == 0'
	jq -es '[.[].stages[] | select(.kind == "seal" or .kind == "open") | .drops | add] | add == 0' \
		"$work/a.stats" "$work/b.stats" >/dev/null || {
		say "dealt: a key was gone, or a frame was not opened" >&2
		bad=1
	}
}

roaming()
{
	travel roaming 'roam=10.77.0.71:4001 from=a after=2000' 'roam=10.77.0.72:4002 from=b after=2500' \
		'roam=10.77.0.71:4003 from=a after=3500' 'roam=10.77.0.73:4002 from=b after=3500'
	holds '$n.lost == 0 and $n.reordered == 0'
	jq -e '[.["a-b", "b-a"].roam] | all(. > 1000)' "$work/relay.log" >/dev/null || {
		say "nobody roamed" >&2
		bad=1
	}
}

lossy()
{
	travel lossy 'drop chance=2'
	holds '[$n.flows[].lost] == $drops and ($drops | all(. > 0)) and $n.reordered == 0'
}

[ $# -eq 0 ] || shift
for each in ${*:-clean dealt roaming lossy}; do
	$each
done
[ $bad -eq 0 ] || lament "failed"
