#!/bin/sh
# tap.sh - the graph `tap' between two nodes, its capture turned on and off while it runs.
#
#   off    nothing is copied
#   on     each frame is in the file, as the relay's wire had it; nothing is lost by it
#   off    nothing is copied any more
#   a tap on an edge of plaintext is refused, by check and by reload, until the node file permits it

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire tap tap.json
reader=${MILLRACE%/*}/t/net/capture

# tap_graph CAPTURE EDGE: both nodes' graph
tap_graph()
{
	jq --argjson on "$1" --arg file "$work/a.pcapng" '.stages.tap.capture = $on | .stages.pcapng.file = $file' \
		"$top/graphs/tap.json" >"$work/tap.json"
}
sed 's/tap.json/fused/' "$work/b.json" >"$work/b.new" && mv "$work/b.new" "$work/b.json"
copied()
{
	page a /stats a.stats
	jq '[.stages[] | select(.kind == "tap") | .counters.copied] | add' "$work/a.stats"
}
pings()
{
	finish ip netns exec a ping -6 -q -c 20 -i 0.05 -W 2 "$b6" >"$work/ping" || lament "ping lost packets"
	sleep 0.3
}
reload()
{
	"$millrace" reload -c "$work/a.json" >"$work/reload" 2>&1
}

tap_graph false
start_wire
pings
[ "$(copied)" -eq 0 ] || lament "copies while it is off"
tap_graph true
reload || lament "no reload: $(cat "$work/reload")"
pings
on=$(copied)
[ "$on" -ge 20 ] || lament "$on copies of 20 pings"
tap_graph false
reload || lament "no reload: $(cat "$work/reload")"
pings
[ "$(copied)" -eq "$on" ] || say "counters began anew: $(copied) copies"

# a capture that is full is told of: counters alone would say it
tap_graph true
jq --arg file "$work/small.pcapng" '.stages.pcapng.file = $file | .stages.pcapng.limit = 4096' "$work/tap.json" >"$work/small.json" &&
	mv "$work/small.json" "$work/tap.json" || die "no graph"
reload || lament "no reload: $(cat "$work/reload")"
pings
await 15 grep -q 'the capture of stage pcapng lacks [0-9]* packets so far: the file is as large as it may be (limit)' \
	"$work/a.log" || lament "nobody says that the capture is full"

jq '(.edges[] | select(.to == "tap.in") | .to) = "tx-gso.frames" |
	del(.edges[] | select(.from == "tap.out")) |
	(.edges[] | select(.from == "tun-read.ip") | .to) = "tap.in" |
	.edges += [ { from: "tap.out", to: "route.ip", full: "wait" } ]' "$work/tap.json" >"$work/plain.json"
mv "$work/plain.json" "$work/tap.json"
"$millrace" check -c "$work/a.json" >"$work/check" 2>&1 && lament "plaintext is shown without leave"
grep -q 'tun-read.ip carries what people wrote, unsealed, and tap shows it' "$work/check" ||
	lament "$(cat "$work/check")"
reload && lament "a reload shows plaintext without leave"
"$millrace" check -c "$work/a.json" --set capture.plaintext=true >"$work/check" 2>&1 || lament "$(cat "$work/check")"

bad=0
settle a
end_wire
"$reader" "$work/a.pcapng" >"$work/read" || die "the file cannot be read: $(cat "$work/read")"
say "$(cat "$work/read")"
grep -q '^interface tap link 101 ' "$work/read" || die "no frames in the file"
[ "$(stat -c %a "$work/a.pcapng")" = 600 ] || die "others may read the file"
[ $bad -eq 0 ] || die "failed"
