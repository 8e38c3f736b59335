#!/bin/sh
# restart.sh [TIMES] - by hand: how long numbered traffic is away when one of two nodes is restarted,
# by SIGTERM and by kill -9, at either end in turn (20 times each, or as often as asked for).  What
# is asserted is only that it comes back; median and p99 are printed.
#
#     MILLRACE=.../millrace srcdir=.../millrace t/net/restart.sh

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
times=${1:-20}
lay_wire restart fused
for node in a b; do
	jq '.node.retry.base_interval_secs = 1' "$work/$node.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$node.json" || die "no file for $node"
done
start_wire

both_flow()
{
	jq -e --argjson than "$1" '[.flows[].received] | all(. > $than)' "$work/so-far"
}

# once SIGNAL NODE: the longest silence of the two directions, in ms.
once()
{
	rm -f "$work/so-far"
	start "$work/numbers" "$numbered" -r 500 -s 300 -q 40 -w 500 -o "$work/so-far" "a=$a6" "b=$b6"
	numbering=$started
	await 20 both_flow 100 || lament "nothing flows"
	eval "ending=\$node_$2"
	kill "-$1" "$ending"
	while kill -0 "$ending" 2>/dev/null; do sleep 0.01; done
	wait "$ending" 2>/dev/null
	forget "$ending"
	start_node "$2"
	await 100 both_flow "$(jq '[.flows[].received] | max + 200' "$work/so-far")" ||
		lament "after SIG$1 to $2 traffic does not come back: $(cat "$work/so-far")"
	end "$numbering"
	jq '[.flows[].silences_ms[][1]] | max // 0' "$work/numbers" >>"$work/away-$1"
}

for signal in TERM KILL; do
	for i in $(seq "$times"); do
		once $signal "$([ $((i % 2)) -eq 0 ] && echo a || echo b)"
	done
	say "SIG$signal: $(jq -sc 'sort | "median \(.[length / 2 | floor]) ms, p99 \(.[length * 0.99 | floor]) ms, all \(tostring)"' \
		"$work/away-$signal")"
done
bad=0
end_wire
[ $bad -eq 0 ] || lament "failed"
