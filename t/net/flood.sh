#!/bin/sh
# flood.sh - one neighbour floods a node with all it has; the others do not notice (R19).
#
#     b (fused)  == flood ==>  a (fused)  <-- 100 pings a second -->  c (fused)
#                                         <-- begins in the flood --  d (fused)
#
# Each pair has a wire of its own, a veth pair, so that nothing but a itself is shared.  Links are
# given up after 4 s without a frame, and heartbeats go out each second.
#
# In the flood, which lasts longer than that:
#   - nine of ten pings from a to c are answered at least, by a machine that has no time to spare
#   - d, started in the midst of it, gets its link and its session, and pings are answered
# Afterwards:
#   - b sent more than arrived: it was a flood
#   - no link was given up, neither with c nor with b
#   - packets are conserved, all end with 0 on SIGTERM

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0"
begin_wire flood "${1:-fused}"
seconds=12 pings=600

# pair NAME N: a wire from a to NAME, 10.77.N.1 -- 10.77.N.2.
pair()
{
	ip netns add "$1" && ip -n "$1" link set lo up &&
		ip link add "to-$1" netns a type veth peer name wire0 netns "$1" &&
		ip -n a address add "10.77.$2.1/24" dev "to-$1" &&
		ip -n "$1" address add "10.77.$2.2/24" dev wire0 &&
		ip -n a link set "to-$1" up && ip -n "$1" link set wire0 up ||
		die "could not lay the wire of $1"
}

# lively NODE: heartbeats each second, links given up after 4 s.
lively()
{
	jq '.node.heartbeat_interval_secs = 1 | .node.link_dead_timeout_secs = 4' "$work/$1.json" \
		>"$work/more.json" && mv "$work/more.json" "$work/$1.json" || die "no file for $1"
}

ip netns add a && ip -n a link set lo up || die "no namespace"
at=1
for node in a b c d; do
	[ $node = a ] || { pair $node $at; at=$((at + 1)); }
	"$millrace" keygen --out "$work/$node.key" >"$work/$node.id" || die "no key"
done
at=1
for node in b c d; do
	write_node $node 0.0.0.0 a 10.77.$at.1
	lively $node
	at=$((at + 1))
done
write_node a 0.0.0.0 b 10.77.1.2
jq --arg npub "$(npub c)" '.peers += [.peers[0] | .npub = $npub | .alias = "c" |
	.addresses[0].addr = "10.77.2.2:2121"]' "$work/a.json" >"$work/more.json" &&
	mv "$work/more.json" "$work/a.json" || die "no file for a"
lively a

nodes="a b c"
for node in $nodes; do
	start_node $node
done
for node in b c; do
	await_reach a $node
	await_reach $node a
done
nodes="a b c d"

start "$work/server" ip netns exec a iperf3 -s -B "$(mesh_address a)"
server=$started
await 20 sh -c "ip netns exec a ss -Hltn 'sport = :5201' | grep -q ." || die "iperf3 does not listen"
start "$work/sent" ip netns exec b iperf3 -J -u -b 0 -l 1200 -t $seconds -c "$(mesh_address a)"
flood=$started
start "$work/pings" ip netns exec a ping -6 -q -c $pings -i 0.01 -W 5 "$(mesh_address c)"
pinging=$started
sleep 1
start_node d
await_reach d a
await 60 gone "$pinging" || lament "the pings do not end"
wait "$pinging"
forget "$pinging"
await 60 gone "$flood" || lament "the flood does not end"
wait "$flood" || lament "iperf3: $(jq -r .error "$work/sent")"
forget "$flood"

bad=0
answered=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$work/pings")
lost=$(jq '.end.sum.lost_packets' "$work/sent")
say "$(jq -r '.end.sum | "\(.packets) packets sent, \(.lost_packets) lost"' "$work/sent"); $answered of" \
	"$pings pings answered"
[ "$answered" -ge $((pings * 9 / 10)) ] || lament "few pings were answered"
[ "$lost" -gt 0 ] || { say "that was no flood" >&2; bad=1; }
finish ip netns exec a ping -6 -q -c 5 -i 0.1 -W 5 "$(mesh_address b)" >"$work/ping" ||
	lament "b does not answer after its flood"
for node in $nodes; do
	settle $node
done
! grep "is silent, removed" "$work"/?.log >&2 || { say "a link was given up" >&2; bad=1; }
[ "$(grep -c "link to .* is up" "$work/a.log")" -eq 3 ] || { say "not one link each" >&2; bad=1; }
for node in $nodes; do
	eval "ending=\$node_$node"
	end "$ending" || { say "node $node ended with $?" >&2; bad=1; }
done
[ $bad -eq 0 ] || lament "failed"
