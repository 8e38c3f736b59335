#!/bin/sh
# reload.sh [RELOADS [SEED [RATE]]] - two nodes change their graphs under numbered traffic, and no
# packet notices.
#
# One of the nodes, picked at random, gets another graph, again and again: fused, two-core, staged, dealt, tap,
# and some of these with other numbers of threads.  Now and then a setting of the node alone changes, or
# the file has a mistake, which is refused with its place.  Keys are replaced all the while
# (node.rekey.hurry).  Afterwards:
#   - of the packets, both ways: 0 lost, 0 doubled, 0 late, 0 changed; the devices are the same
#   - the relay saw no (receiver_idx, counter) twice with other bytes
#   - counters went on, and every stage accounts for every packet it was given since the start
#   - each node did what the last file says, counts its reloads, and ends with 0 on SIGTERM

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
reloads=${1:-20} seed=${2:-1} rate=${3:-1000}
lay_wire reload fused
patient

# ---- graphs: the shipped ones, and what becomes of them with threads ----

# threads NAME FILTER: $work/NAME.json from staged
threads()
{
	jq --arg name "$1" "$2 | .graph = \$name" "$MILLRACE_GRAPHS/staged.json" >"$work/$1.json" ||
		die "no graph $1"
}
threads staged-2 '.stages |= (.["fmp-open"].threads = 2 | .["fsp-open"].threads = 2 |
	.route.threads = 2 | .["fsp-seal"].threads = 2 | .["fmp-seal"].threads = 2)'
threads staged-4 '.stages |= (.["fmp-open"].threads = 4 | .["fsp-open"].threads = 3 |
	.route.threads = 2 | .["fsp-seal"].threads = 4 | .["fmp-seal"].threads = 3 |
	.["tx-gso"].threads = 2)'
threads staged-mixed '.stages |= (.["fmp-open"].threads = 1 | .["fsp-open"].threads = 4 |
	.route.threads = 3 | .["fsp-seal"].threads = 1 | .["fmp-seal"].threads = 2)'
jq '.graph = "wide" | .workers = { "in": { "stages": ["rx"] },
	"open": { "stages": ["fmp-open", "fsp-open"], "threads": 3 },
	"seal": { "stages": ["route", "fsp-seal", "fmp-seal"], "threads": 2 },
	"out": { "stages": ["tx-gso", "tun-write", "tun-read"] } }' \
	"$MILLRACE_GRAPHS/staged.json" >"$work/wide.json" || die "no graph wide"
jq '.graph = "dealt-3" | .workers.opens.threads = 3 | .workers.seals.threads = 1' \
	"$MILLRACE_GRAPHS/dealt.json" >"$work/dealt-3.json" || die "no graph dealt-3"
for node in a b; do
	jq --arg name $node-tap --arg file "$work/$node.pcapng" \
		'.graph = $name | .stages.tap.capture = true | .stages.pcapng.file = $file' \
		"$MILLRACE_GRAPHS/tap.json" >"$work/$node-tap.json" || die "no graph $node-tap"
done
graphs="fused two-core staged dealt tap $work/dealt-3.json $work/staged-2.json $work/staged-4.json $work/staged-mixed.json
	$work/wide.json"

# ---- one reload ----

bad=0

# edit NODE FILTER [ARG]...: the node's file, whole at every moment
edit()
{
	editing=$work/$1.json filter=$2
	shift 2
	jq "$@" "$filter" "$editing" >"$work/new.json" && mv "$work/new.json" "$editing" ||
		die "no file"
}

# reload NODE CODE WORDS: what `millrace reload` has to end with and say
reload()
{
	"$millrace" reload -c "$work/$1.json" --unix "$work/$1.sock" >"$work/said" 2>&1
	code=$?
	[ "$code" -eq "$2" ] && grep -q "$3" "$work/said" || {
		say "node $1: reload ended with $code, not $2, or does not say \"$3\": $(cat "$work/said")" >&2
		bad=1
	}
}

# The lines of a plan: NODE GRAPH KIND, KIND 0: the graph alone; 1: a setting too; 2: a mistake first
plan()
{
	awk -v n="$reloads" -v seed="$seed" -v list="$(echo $graphs)" 'BEGIN {
		srand(seed); m = split(list, g, " "); at["a"] = at["b"] = 1
		for (i = 0; i < n; i++) {
			node = rand() < 0.5 ? "a" : "b"
			do next_g = 1 + int(rand() * m); while (next_g == at[node])
			at[node] = next_g
			print node, g[next_g], i % 5 == 3 ? 1 : i % 5 == 4 ? 2 : 0
		}
	}'
}

node_options="--set node.rekey.hurry=100 --set node.rekey.after_messages=400"
start_wire
roomy a b
device_a=$(ip -n a -o link show fips0) device_b=$(ip -n b -o link show fips0)
start "$work/numbered.log" "$numbered" -r "$rate" -f 2 "a=$a6" "b=$b6"
numbered_pid=$started
sleep 0.3
plan >"$work/plan"
i=0
while read -r node graph kind; do
	i=$((i + 1))
	case $kind in
	1) edit $node '.node.heartbeat_interval_secs = $n' --argjson n $((5 + i % 5)) ;;
	2)
		edit $node '.tun.mtu = 1281'
		reload $node 1 'tun.mtu: a change here needs a restart'
		edit $node '.tun.mtu = 1280'
		;;
	esac
	[ "$graph" != tap ] || graph=$work/$node-tap.json
	edit $node '.graph = $g' --arg g "$graph"
	reload $node 0 '^reloaded: graph .* 0 lost$'
	sed -n 's/.*rested for \([0-9.]*\) ms.*/\1/p' "$work/said" >>"$work/rests"
	[ $bad -eq 0 ] || break
	sleep 0.0$((i % 7))
done <"$work/plan"
sleep 0.2
kill -TERM "$numbered_pid"
wait "$numbered_pid" || { say "numbered: $(cat "$work/numbered.log")" >&2; bad=1; }
forget "$numbered_pid"
cp "$work/numbered.log" "$work/n"

# ---- what holds afterwards ----

settle a
settle b
expect()
{
	jq -e --slurpfile n "$work/n" "$2" "$work/$1.stats" >/dev/null || {
		say "node $1: not so: $2" >&2
		bad=1
	}
}
jq -e '.sent > 1000 and .lost + .duplicated + .reordered + .changed + .unsent == 0' "$work/n" >/dev/null ||
	{ say "not all came once and in order: $(cat "$work/n")" >&2; bad=1; }
for node in a b; do
	expect $node ".reload.done == $(grep -c "^$node" "$work/plan")"
	expect $node ".reload.refused == $(grep -c "^$node .* 2\$" "$work/plan")"
	expect $node '.reload.lost == 0'
	expect $node '[.stages[] | select(.kind == "control") | .counters["node-link-cuts"]] | add > 0'
	expect $node '[.stages[] | select(.kind == "tun-read") | .packets.made] | add >= $n[0].sent / 2'
	expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate + .drops.forged == 0] | all'
	eval "was=\$device_$node"
	[ "$(ip -n $node -o link show fips0)" = "$was" ] || { say "another device at node $node" >&2; bad=1; }
	graph=$(jq -r .graph "$work/$node.json")
	expect $node ".graph.name == \"$(basename "$graph" .json)\""
done
sort -n "$work/rests" >"$work/sorted"
rests=$(wc -l <"$work/sorted")
say "$rests reloads: sources rested $(sed -n "$(((rests + 1) / 2))p" "$work/sorted") ms in the median," \
	"$(sed -n "$(((rests * 99 + 99) / 100))p" "$work/sorted") ms in 99 of 100;" \
	"$(jq -c '{sent, lost, duplicated, reordered, slowest_us}' "$work/n")"
end_wire
[ $bad -eq 0 ] || lament "failed"
