#!/bin/sh
# hostile.sh [GRAPH] - a node among strangers: nothing they send is answered beyond the protocol,
# disturbs the link, costs memory, or is lost uncounted (R10, R11, R17, R29).
#
# Two nodes exchange numbered packets through a relay that keeps what passes; b has called a.  From a
# third place on the wire, in its own name and in that of b, t/net/hostile sends node a what a stranger
# can make of it: more than 100,000 frames with an index of a's and 20,000 handshakes among it.  Node
# a itself calls a third node that never answers.  Between before and after:
#   - no numbered packet was lost but to a full socket, and none came twice or changed
#   - the link, the session and the call are those of before
#   - each datagram sent is in the counter where link.md 3.7 has it, and the sums agree
#   - what came back is message 2s, no more than message 1s that could be opened; the relay saw no
#     more than came back
#   - public-key work was bounded by the token buckets
#   - resident memory is that of the first of two such rounds

set -u
top=${srcdir:?the tree, as make check sets it}
graph=${1:-fused}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$graph"
lay_wire hostile "$graph"
hostile=${HOSTILE:-${millrace%/*}/t/net/hostile}
lay_end r
"$millrace" keygen --out "$work/c.key" >"$work/c.id" || die "no key"
# However long it takes on a busy machine: nothing ends or is keyed anew by its age.
for node in a b; do
	jq '.node.rate_limit.handshake_timeout_secs = 3600 | .node.link_dead_timeout_secs = 3600 |
		.node.rekey.after_secs = 3600 | .node.session.idle_timeout_secs = 0' \
		"$work/$node.json" >"$work/more" && mv "$work/more" "$work/$node.json" || die "no node file"
done
jq --arg c "$(npub c)" '.peers[0].connect_policy = "manual" |
	.peers += [{ npub: $c, alias: "c", addresses: [{ transport: "udp", addr: "10.77.0.2:2121" }] }]' \
	"$work/a.json" >"$work/a.more" && mv "$work/a.more" "$work/a.json" || die "no node file"
ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1 # or freed memory stays resident
export ASAN_OPTIONS
start_wire -k "$work/kept" "r~$laid"

# More frames than a replay window, so that the first of those kept are outdated.
finish ip netns exec b ping -6 -q -f -c 3000 -W 2 "$a6" >"$work/ping" || lament "ping lost packets"

bad=0
expect()
{
	jq -e --slurpfile sent "$work/sent" "\$sent[0] as \$sent | $1" "$work/grown" >/dev/null || {
		say "not so: $1" >&2
		bad=1
	}
}

# Counters of the stages where strangers' datagrams end, as one flat object; the sum of those where
# they do.
flat='[.stages[] | select(.kind | IN("rx", "fmp-open", "control")) | .kind as $k |
	((.drops, .counters | to_entries[] | { "\($k).\(.key)": .value }),
	 (.edges | to_entries[] | { "\($k)>\(.key)": .value.dropped }))] | add'
ended='[to_entries[] | select(.key | (test("^rx.(short|punch|version|phase|length|flags|truncated)$") or
	test("^rx.(unknown-index|socket-overflow)$|^rx>|^fmp-open[.](?!received-|delivered-)|^control.(kept-|no-key$)") or
	test("^control.node-(malformed|limited|no-handshake|forged|replayed|duplicate)$") or
	test("^control.node-(refused|answered|repeated)$"))) | .value] | add'

take_stock()
{
	page a /stats a.stats
	jq "$flat" "$work/a.stats" >"$work/$1"
}

# all_found: the node's counters have grown by as much as was sent.
all_found()
{
	take_stock after
	jq -s '.[0] as $b | .[1] | with_entries(.value -= $b[.key])' "$work/before" "$work/after" \
		>"$work/grown"
	[ "$(jq "$ended" "$work/grown")" -eq "$(jq .sent "$work/sent")" ]
}

resident()
{
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$node_a/status"
}

relations()
{
	page a /peers a.peers
	jq -c '[(.peers[] | select(.configured) | [.alias, .state, .via, .initiator, .keys]),
		(.sessions[] | [.address, .state, .initiator, .confirmed])]' "$work/a.peers"
}

round()
{
	relations_before=$(relations)
	take_stock before
	start "$work/numbers" "$numbered" -r 500 -s 300 "a=$a6" "b=$b6"
	numbering=$started
	finish ip netns exec r "$hostile" "$work/kept" "$laid:4000" 10.77.0.2:2121 10.77.0.1:2121 \
		"$(npub a)" "$1" >"$work/sent" || {
		say "hostile ended with $?: $(cat "$work/sent")" >&2
		bad=1
	}
	end "$numbering"
	await 20 all_found || {
		say "$(jq .sent "$work/sent") sent, $(jq "$ended" "$work/grown") found" >&2
		bad=1
	}
	[ "$relations_before" = "$(relations)" ] || {
		say "before: $relations_before" "after: $(relations)" >&2
		bad=1
	}
	finish ip netns exec b ping -6 -q -c 5 -i 0.05 -W 2 "$a6" >/dev/null ||
		lament "no ping after round $1"
}

round 1
first=$(resident)
round 2
second=$(resident)

# An answer that met a closed port keeps nobody busy: a worker that does not sleep turns far more often.
turns()
{
	page a /stats a.stats
	jq '[.workers[].turns] | add' "$work/a.stats"
}
turned=$(turns)
sleep 0.5
turned=$(($(turns) - turned))
[ $turned -lt 2000 ] || {
	say "$turned turns with nothing to do" >&2
	bad=1
}

# Where the kernel had to drop, it said how many; they are missing below.
expect '.["rx.socket-overflow"] < 1000'
among()
{
	expect ".[\"rx.socket-overflow\"] as \$lost | ($1) as \$n | (\$sent[\"$2\"]) as \$of |
		\$n <= \$of and \$n >= \$of - \$lost and \$n > 0"
}
for name in short punch version phase length flags truncated unknown-index; do
	among ".[\"rx.$name\"]" $name
done
among '.["fmp-open.forged"]' forged
among '.["fmp-open.duplicate"] + .["fmp-open.stale"]' replayed
expect '.["fmp-open.duplicate"] > 0 and .["fmp-open.stale"] > 0'
expect '.["fmp-open.runt"] == 0 and .["fmp-open.malformed"] == 0 and .["rx>frames"] == 0'

# By the handshakes' road: more than 20000 datagrams, of which a few hundred are worth a look.
expect '$sent.calls == 1 and $sent.awaited == 1000'
expect '$sent.forged > 100000'
expect '$sent["message-1"] + $sent["message-2"] > 20000'
expect '.["control.node-limited"] > 1000'
expect '.["control.node-forged"] | . > 20 and . < 1500'
expect '.["control.node-answered"] == 1 and .["control.node-malformed"] == 0'
expect '.["control.node-no-handshake"] > 0'
expect '.["control.kept-over"] + .["control.kept-late"] + .["rx>handshakes"] > 0'
expect '[.["control.node-link-cuts", "control.node-session-cuts", "control.node-restarts",
	"control.node-lost", "control.table-full", "rx.receive-errors"]] | all(. == 0)'

settle a
lost=$(jq '.["rx.socket-overflow"]' "$work/grown")
jq -e ".sent > 1000 and .lost <= $lost and ([.duplicated, .reordered, .changed] | all(. == 0))" \
	"$work/numbers" >/dev/null || {
	say "numbered packets beside it: $(cat "$work/numbers")" >&2
	bad=1
}
# A stranger that is answered has a link, which is some memory; a sanitizer has use for more.
allowed=1024
! grep -q -e __asan_init -e __tsan_init "$millrace" || allowed=8192
[ $((second - first)) -le $allowed ] || {
	say "memory: $first kB, then $second kB" >&2
	bad=1
}
say "$graph: $(jq .sent "$work/sent") datagrams, $(jq .answers "$work/sent") answers," \
	"$(jq -r '"\(.received) of \(.sent)"' "$work/numbers") numbered packets, $first kB, then $second kB"
jq -c 'with_entries(select(.value > 0))' "$work/grown"
end_wire
jq -e '.["a-r"].packets < 100' "$work/relay.log" >/dev/null || {
	say "strangers were sent more than a few answers" >&2
	bad=1
}
[ $bad -eq 0 ] || lament "failed"
