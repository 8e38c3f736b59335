#!/bin/sh
# abuse.sh - a node forwards while its HTTP server gets all it should not get (t/net/abuse.c).
#
#     a (two-core)  <-- 2,000 numbered packets a second each way -->  b
#     127.0.0.1:9180  <-- 1,000 idle clients, half requests, slow readers, 10 MB requests, wrong hosts
#
#   - no packet is lost, doubled or changed, and all are accounted for
#   - whoever asks in the midst of it is answered, and so is whoever asks afterwards
#   - too much is refused, as is a host that the node is not
#   - the node holds few of those connections, and hardly more memory than before

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire abuse two-core
patient
abuse=${ABUSE:-${millrace%/*}/t/net/abuse}
more=16384 # KiB of memory, at most
ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1 # or freed memory stays resident
export ASAN_OPTIONS
bad=0
jq '.http.listen = "127.0.0.1:9180"' "$work/a.json" >"$work/new" && mv "$work/new" "$work/a.json" || die "no file for a"

wrong()
{
	say "$*" >&2
	bad=1
}

# asked TIMES: /stats of a is whole, each time
asked()
{
	for turn in $(seq "$1"); do
		ip netns exec a curl -sS --max-time 60 http://127.0.0.1:9180/stats >"$work/a.stats" &&
			jq -e '.stages | length > 5' "$work/a.stats" >/dev/null || wrong "an honest client had no answer"
	done
}

# memory: what a has in use, KiB
memory()
{
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$node_a/status"
}

start_wire
roomy a b
asked 3
before=$(memory)
start "$work/flow" "$numbered" -r 2000 -n 24000 -w 20000 a="$a6" b="$b6"
flow=$started
mkfifo "$work/leave" || die "no fifo"
start "$work/abuse" sh -c 'exec ip netns exec a "$0" 9180 <"$1"' "$abuse" "$work/leave"
abusing=$started
exec 8>"$work/leave"
asked 5
await 60 grep -q 'all are there' "$work/abuse" || wrong "they did not all come: $(cat "$work/abuse")"
asked 5
during=$(memory)
held=$(ip netns exec a ss -Htn state established 'sport = :9180' | wc -l)
exec 8>&-
wait "$abusing" || wrong "abuse: $(cat "$work/abuse")"
forget "$abusing"
await 60 gone "$flow" || wrong "the packets do not end"
wait "$flow" || wrong "numbered: $(jq -c '.flows[] | {from, sent, lost, duplicated, changed}' "$work/flow" | tr '\n' ' ')"
forget "$flow"
asked 5
after=$(memory)
say "$(jq -c '[.flows[] | {from, sent, lost}]' "$work/flow"), $(tail -n 1 "$work/abuse")"
say "memory: $before KiB before, $during KiB in the midst, $after KiB afterwards; $held connections held"
[ "$held" -le 130 ] || wrong "$held connections"
[ $((during - before)) -le $more ] && [ $((after - before)) -le $more ] || wrong "that is much memory"
tail -n 1 "$work/abuse" | jq -e '.kept <= 130 and .bodies_refused == 3 and .heads_refused == 3 and .hosts_refused == 10' \
	>/dev/null || wrong "not as it should be: $(cat "$work/abuse")"
adds_up_now()
{
	asked 1 && jq -e '.conservation == true' "$work/a.stats"
}
await 20 adds_up_now || wrong "packets of a do not add up"
settle b
end_wire
[ $bad -eq 0 ] || lament "failed"
