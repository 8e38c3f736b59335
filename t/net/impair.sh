#!/bin/sh
# impair.sh - the stage `impair' between two nodes: what the receiver misses is what it says it dropped.
#
#     a (fused)  ---  b: fsp-open > impair > tun-write      three rounds: the packets of programs
#     a: fmp-seal > impair > tx-gso  ---  b (fused)         one round: frames that have their numbers
#
#   - of numbered packets as many are lost, and as many come twice, as impair counts; others come late
#   - the same seed loses the same numbers again, another one others
#   - frames that come twice are dropped by b, one for one; none that is late is lost
#   - every stage accounts for every packet, before, after and with packets that are kept

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire impair fused
patient
bad=0

# impaired NAME FROM TO FULL SETTINGS: $work/NAME.json, fused with impair on the edge FROM - TO
impaired()
{
	jq --arg name "$1" --arg from "$2" --arg to "$3" --arg full "$4" --argjson settings "$5" '
		.graph = $name | .stages.impair = $settings |
		(.edges[] | select(.from == $from) | .to) = "impair.in" |
		.edges += [ { from: "impair.out", to: $to, full: $full } ] |
		.workers.data.stages += ["impair"]' "$MILLRACE_GRAPHS/fused.json" >"$work/$1.json" || die "no graph $1"
}
path='"loss": 2, "duplicate": 3, "reorder": 4, "reorder_by": 20000, "delay": 5000, "jitter": 2000'
impaired seven fsp-open.ip tun-write.ip drop "{ \"seed\": 7, $path }"
impaired eight fsp-open.ip tun-write.ip drop "{ \"seed\": 8, $path }"
impaired frames fmp-seal.out tx-gso.frames wait "{ \"seed\": 9, $path }"

# run_graph NODE GRAPH: from now on
run_graph()
{
	jq --arg graph "$2" '.graph = $graph' "$work/$1.json" >"$work/new" && mv "$work/new" "$work/$1.json"
	"$millrace" reload -c "$work/$1.json" >"$work/reload" 2>&1 || lament "no reload: $(cat "$work/reload")"
}

# carry NAME: 1,000 numbered packets, the half of them from a to b; $work/NAME.a and .b: that flow, and
# what the nodes have counted since the round began
carry()
{
	"$numbered" -r 1000 -n 500 -w 1000 a="$a6" b="$b6" >"$work/$1.numbered"
	settle a
	settle b
	jq '.flows[] | select(.from == "a")' "$work/$1.numbered" >"$work/$1.flow"
	jq '.flows[] | select(.from == "b")' "$work/$1.numbered" >"$work/$1.back"
	jq -e '.sent == 500 and .changed + .overflow == 0' "$work/$1.flow" >/dev/null &&
		jq -e '.sent == 500 and .lost + .duplicated + .reordered + .changed == 0' "$work/$1.back" >/dev/null ||
		{ say "$1: $(cat "$work/$1.numbered")" >&2; bad=1; }
}

# counted NODE KIND JQ-PATH: of what settle found
counted()
{
	jq "[.stages[] | select(.kind == \"$2\") | $3 // 0] | add // 0" "$work/$1.stats"
}

# same WHAT ONE OTHER
same()
{
	[ "$2" -eq "$3" ] || { say "$round: $1: $2 and $3" >&2; bad=1; }
}

some()
{
	[ "$2" -gt 0 ] || { say "$round: no $1" >&2; bad=1; }
}

start_wire
roomy a b
for round in seven again eight; do
	graph=$work/${round%again}.json
	[ $round = again ] && graph=$work/seven.json
	run_graph b "$graph"
	carry $round
	same "lost, and dropped by impair" "$(jq .lost "$work/$round.flow")" "$(counted b impair .drops.loss)"
	same "came twice, and doubled" "$(jq .duplicated "$work/$round.flow")" "$(counted b impair .counters.duplicated)"
	some loss "$(jq .lost "$work/$round.flow")"
	some doubles "$(jq .duplicated "$work/$round.flow")"
	some reordering "$(jq .reordered "$work/$round.flow")"
	say "$round: $(jq -c '{lost, duplicated, reordered, missing}' "$work/$round.flow")"
	same "want of spare buffers" "$(counted b impair '.counters["no-spare"]')" 0
	run_graph b fused # without impair, whose next round counts from 0
done
[ "$(jq -c .missing "$work/seven.flow")" = "$(jq -c .missing "$work/again.flow")" ] ||
	{ say "the same seed has lost other packets" >&2; bad=1; }
[ "$(jq -c .missing "$work/seven.flow")" != "$(jq -c .missing "$work/eight.flow")" ] ||
	{ say "another seed has lost the same packets" >&2; bad=1; }

round=frames
settle b
before=$(counted b fmp-open .drops.duplicate)
run_graph a "$work/frames.json"
carry frames
same "frames that came twice, and doubled" $(($(counted b fmp-open .drops.duplicate) - before)) \
	"$(counted a impair .counters.duplicated)"
same "frames that are too late" "$(counted b fmp-open .drops.stale)" 0
same "came twice" "$(jq .duplicated "$work/frames.flow")" 0
[ "$(jq .lost "$work/frames.flow")" -le "$(counted a impair .drops.loss)" ] ||
	{ say "more is lost than impair has dropped" >&2; bad=1; }
some loss "$(jq .lost "$work/frames.flow")"
some reordering "$(jq .reordered "$work/frames.flow")"
say "frames: $(jq -c '{lost, duplicated, reordered}' "$work/frames.flow"), $(counted a impair .drops.loss) frames dropped"
end_wire
same "frames the wire had twice, and doubled" "$(jq .repeats "$work/relay.log")" "$(counted a impair .counters.duplicated)"
[ $bad -eq 0 ] || lament "failed"
