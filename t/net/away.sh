#!/bin/sh
# away.sh - what a node stands on is taken away under numbered traffic, and given back.
#
#   route    to the neighbour: the socket says ENETUNREACH; each frame is dropped by that name
#   source   the address of the socket: the same
#   device   fips0 is taken down and up: it keeps its address and its route; packets for it are dropped by name
#   gone     fips0 is deleted: the node goes on without it, at rest (R11), and still tells its neighbour goodbye
#
# After each of the first three a second stream comes whole, the link and the session are those of before, and
# every stage accounts for every packet.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire away fused
patient
bad=0

complain()
{
	say "$round: $*" >&2
	bad=1
}

# counted NODE KIND JQ-PATH: of what settle found
counted()
{
	jq "[.stages[] | select(.kind == \"$2\") | $3 // 0] | add // 0" "$work/$1.stats"
}

# since WHAT KIND JQ-PATH: how often it has happened at a since the round began
since()
{
	echo $(($(counted a "$2" "$3") - $(eval "echo \$was_$1")))
}

begin()
{
	round=$1
	settle a
	was_refused=$(counted a tx-gso '.drops.refused') was_error=$(counted a tx-gso '.drops["send-error"]')
	was_device=$(counted a tun-write '.drops["device-error"]')
	rm -f "$work/progress"
	start "$work/numbered" "$numbered" -r 500 -n 500 -w 1000 -o "$work/progress" a="$a6" b="$b6"
	numbered_pid=$started
	await 20 jq -e '.received > 100' "$work/progress" || complain "no traffic"
}

# flow FROM JQ: of the numbered packets
flow()
{
	jq ".flows[] | select(.from == \"$1\") | $2" "$work/numbered"
}

# back: what was taken away is there again; the stream of this round ends, and another comes whole
back()
{
	wait "$numbered_pid"
	forget "$numbered_pid"
	settle a
	settle b
	finish "$numbered" -r 500 -n 250 a="$a6" b="$b6" >"$work/second" || complain "afterwards: $(cat "$work/second")"
	[ "$(flow a '.changed + .duplicated')" = 0 ] || complain "$(cat "$work/numbered")"
	relations >"$work/relations.now"
	cmp -s "$work/relations" "$work/relations.now" ||
		complain "another link or session: $(cat "$work/relations" "$work/relations.now")"
	say "$round: of 500 each way a's $(flow a '"\(.lost) lost, \(.unsent) unsent"'), b's $(flow b '"\(.lost) lost"');" \
		"refused $(since refused tx-gso .drops.refused), device-error $(since device tun-write '.drops["device-error"]')"
}

# Who a has links and sessions with, and how many there have been.
relations()
{
	page a /peers a.peers
	page a /stats a.stats
	jq -c '[.peers[] | [.npub, .state]], [.sessions[] | .npub]' "$work/a.peers"
	jq -c '[.stages[] | select(.kind == "control") | .counters | to_entries[] |
		select(.key | test("up$|down$|gone|lost|dead"))]' "$work/a.stats"
}

# Each frame that does not come has a name: all that is lost of a's stream was refused.
refused_by_name()
{
	refused=$(since refused tx-gso .drops.refused)
	[ "$refused" -gt 0 ] || complain "nothing was refused"
	[ "$(since error tx-gso '.drops["send-error"]')" -eq 0 ] || complain "other errors"
	lost=$(flow a .lost)
	[ "$lost" -gt 0 ] && [ "$lost" -le "$refused" ] || complain "$lost lost, $refused refused"
}

start_wire
roomy a b
relations >"$work/relations"

begin route
ip -n a route del 10.77.0.0/24 dev wire0 || die "no route"
sleep 0.2
ip -n a route add 10.77.0.0/24 dev wire0 src 10.77.0.1 || die "no route"
back
refused_by_name

begin source
ip -n a address del 10.77.0.1/24 dev wire0 || die "no address"
ip -n a route add 10.77.0.0/24 dev wire0 || die "no route"
sleep 0.2
ip -n a address add 10.77.0.1/24 dev wire0 || die "no address"
back
refused_by_name

begin device
ip -n a link set fips0 down
sleep 0.2
ip -n a link set fips0 up
back
device=$(since device tun-write '.drops["device-error"]')
[ "$device" -gt 0 ] && [ "$(flow b .lost)" -ge "$device" ] || complain "$(flow b .lost) lost, $device by name"
[ "$(counted a tun-read '.counters["read-errors"]')" = 0 ] || complain "read errors"

round=gone
ip -n a link del fips0
ip netns exec b ping -6 -q -c 5 -i 0.1 -W 1 "$a6" >"$work/ping" 2>&1 && complain "an answer without a device"
settle a
[ "$(since device tun-write '.drops["device-error"]')" -ge $((device + 5)) ] || complain "drops without a name"
[ "$(counted a tun-read '.counters["read-errors"]')" -gt 0 ] || complain "nobody noticed"
reads=$(counted a tun-read '.counters["read-calls"]')
sleep 1
settle a
[ $(($(counted a tun-read '.counters["read-calls"]') - reads)) -le 10 ] || complain "a device that is gone is read and read"
relations >"$work/relations.now"
cmp -s "$work/relations" "$work/relations.now" || complain "the link has suffered: $(cat "$work/relations.now")"
end_wire
[ $bad -eq 0 ] || lament "failed"
