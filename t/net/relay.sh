#!/bin/sh
# relay.sh - the network between nodes does what its rules say, and no more: numbered packets without
# any node, straight over the wire.
#
# Each row: rules, and what then holds of the numbered report ($n), the relay's summary ($r) and its
# log ($l, lines by verb).  In every row each packet is accounted for.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0"
begin_wire relay none
lay_end a
lay_end b
bad=0

# carry SEED RULE...: $n, $r and $l of 1000 packets each way under the rules.
carry()
{
	seed=$1
	shift
	printf '%s\n' "$@" >"$work/rules"
	start_relay -s "$seed" -f "$work/rules" a~10.77.0.1 b~10.77.0.2
	finish "$numbered" -r 4000 -n 1000 -w 300 a=10.77.0.1 b=10.77.0.2 >"$work/n"
	end "$relay_pid" || { say "the relay ended with $?: $(cat "$work/relay.log")" >&2; bad=1; }
	awk '/^[^#]/ { for (i = 8; i <= NF; i++) n[$i]++ }
		END { split("drop double delay hold corrupt gone", verbs, " ")
			for (i in verbs) printf "{ \"%s\": %d }\n", verbs[i], n[verbs[i]] }' \
		"$work/decisions" | jq -cs add >"$work/l"
}

# What holds in every row.
always='$n.sent == 2000 and $n.unsent == 0 and $n.overflow == 0 and
	($n.received + $n.duplicated + $n.changed == $ab.delivered + $ba.delivered or $l.corrupt > 0) and
	$ab.packets == 1000 and $ba.packets == 1000 and $r.unsent == 0 and $r.waiting == 0 and
	([$ab, $ba | .packets - .drop - .gone + .double - .delivered] | all(. == 0)) and
	all("drop", "double", "delay", "hold", "corrupt", "gone"; $l[.] == $ab[.] + $ba[.])'

# row WHAT-HOLDS RULE...
row()
{
	what=$1
	shift
	carry 7 "$@"
	jq -ne --slurpfile n "$work/n" --slurpfile r "$work/relay.log" --slurpfile l "$work/l" \
		"\$n[0] as \$n | \$r[0] as \$r | \$l[0] as \$l | \$r[\"a-b\"] as \$ab | \$r[\"b-a\"] as \$ba |
		($what) and $always" >/dev/null || {
		say "not so: $what, or what always holds" \
			"$(cat "$work/rules" "$work/l" "$work/relay.log" "$work/n")" >&2
		bad=1
	}
}
straight='$n.lost + $n.duplicated + $n.reordered + $n.changed == 0'

row "$straight" ''
row '$n.lost == $l.drop and $ab.drop > 20 and $ab.drop < 100 and $ba.drop == 0' 'drop from=a chance=5'
row '$n.lost == 7 and $n.flows[0].missing == [[10, 10], [110, 110], [210, 210], [310, 310], [410, 410]]
	and $n.flows[1].missing == [[0, 1]]' 'drop to=b skip=10 every=100 count=5' 'drop from=b count=2'
row '$n.duplicated == $l.double and $l.double == 400 and $n.lost + $n.changed == 0' 'double every=5'
row '$n.lost + $n.duplicated + $n.changed == 0 and $n.reordered > 100 and $l.delay == 2000' 'delay=1..20'
row "$straight"' and $l.delay == 2000 and ([$n.flows[].slowest_us] | all(. >= 30000))' 'delay=30'
row '$n.lost + $n.duplicated + $n.changed == 0 and $l.hold == 100 and $n.reordered == 100 and
	([$n.flows[].displaced] == [3, 3])' 'hold=3 every=20'
row '$n.lost == $l.corrupt and $l.corrupt == 80 and $n.changed > 40' 'corrupt every=25'
row '$ab.drop == 1000 and $ba.drop == 0 and $n.lost == 1000' 'drop from=a kind=other size=200'
row "$straight" 'drop kind=frame' 'drop size=201' 'drop size=1..199' 'drop after=100000' 'drop until=0'
row "$straight"' and $ab.roam == 1000 and $ba.roam == 0' 'roam=10.77.0.1:5 from=a'
row '$ba.gone == 1000 and $n.lost == 1000 and $ab.roam == 1000' 'roam=10.77.0.9:5 from=a gone'

# A seed repeats what happens, another one does not.
for seed in 7 7 8; do
	carry $seed 'drop chance=1' 'double chance=3' 'corrupt chance=1'
	jq -c '[.flows[] | .missing, .duplicated, .changed]' "$work/n"
done >"$work/runs"
[ "$(sed -n 1p "$work/runs")" = "$(sed -n 2p "$work/runs")" ] &&
	[ "$(sed -n 1p "$work/runs")" != "$(sed -n 3p "$work/runs")" ] || {
	say "with seeds 7, 7 and 8:" "$(cat "$work/runs")" >&2
	bad=1
}

# Rules are changed while packets pass; a file with a mistake in it changes nothing.
read_again()
{
	[ "$(grep -c '^#' "$work/decisions")" -eq "$1" ]
}
echo 'drop from=b' >"$work/rules"
start_relay -f "$work/rules" a~10.77.0.1 b~10.77.0.2
start "$work/n" "$numbered" -r 1000 -w 300 -o "$work/so-far" a=10.77.0.1 b=10.77.0.2
numbering=$started
await 20 jq -e '.flows[0].received > 100' "$work/so-far" || die "nothing passes"
echo 'lose from=b' >"$work/rules"
kill -HUP "$relay_pid"
await 20 grep -q 'stay as they were' "$work/relay.log" || die "a mistake was not seen"
: >"$work/rules"
kill -HUP "$relay_pid"
await 20 read_again 2 || die "rules were not read again"
await 20 jq -e '.flows[1].received > 100' "$work/so-far" || die "the old rules are in force"
end "$numbering"
end "$relay_pid"
grep -v '^relay: ' "$work/relay.log" >"$work/summary"
jq -e --slurpfile n "$work/n" '.["b-a"].drop == $n[0].lost and .["b-a"].drop == $n[0].flows[1].missing[0][1] + 1' \
	"$work/summary" >/dev/null || {
	say "rules changed on the way:" "$(cat "$work/summary" "$work/n")" >&2
	bad=1
}
[ $bad -eq 0 ] || die "failed"
