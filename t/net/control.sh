#!/bin/sh
# control.sh - two nodes answer at their control sockets while they carry traffic, and do what they are told there.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire control fused
# only a dials: what it is told is not undone by b
jq '.peers[0].connect_policy = "manual" | .peers[0].auto_reconnect = false' "$work/b.json" >"$work/b.new" &&
	mv "$work/b.new" "$work/b.json" || die "no node file"
start_wire

bad=0

[ "$(stat -c %a "$work/a.control")" = 770 ] || wrong "mode $(stat -c %a "$work/a.control")"

# every query, again and again, while packets flow
start "$work/ping" ip netns exec a ping -6 -q -c 400 -i 0.01 -W 2 "$b6"
pinging=$started
for round in 1 2 3 4 5; do
	for topic in status peers links tree sessions bloom mmp cache connections transports routing identity-cache \
		acl listening-sockets native-flows metrics stats-list stats-peers stats-all-history \
		"stats-history metric=bytes_in window=5s" "stats-history-all-peers metric=srtt_ms"; do
		ask a $topic && ask b $topic
	done
done
wait "$pinging" || wrong "ping lost packets: $(cat "$work/ping")"

a=$(npub a) b=$(npub b)
told a ".npub == \"$a\" and .state == \"running\" and .peer_count == 1 and .tun_state == \"active\"" status
told a ".forwarding.delivered_packets > 300 and .forwarding.originated_packets > 300" status
told a ".peers | length == 1 and .[0].npub == \"$b\" and .[0].stats.packets_recv > 300" peers
told a ".sessions | length == 1 and .[0].state == \"established\"" sessions
told a ".transports[0] | .type == \"udp\" and .stats.packets_sent > 300" transports
told a "[.values[] | numbers] | max > 1000" stats-history metric=bytes_in window=1m
told a "[.values[] | numbers] | length > 0" stats-history metric=bytes_in peer="$b" window=1m
ask a tree && root=$(jq -r .root "$work/said")
told b ".root == \"$root\" and .peer_tree_count == 1" tree

serve_streams "$b6"
told b ".sockets | any(.proto == \"tcp\" and .port == 5201 and .local_addr == \"$b6\" and .wildcard_bind == false)" \
	listening-sockets
told a ".sockets | all(.port != 5201)" listening-sockets
end "$server"

"$millrace" probe -s "$work/a.control" b >"$work/said" || wrong "no way to b: $(cat "$work/said")"
jq -e '.overall == "ok" and .session.preexisting and .path.next_hop.direct_peer' "$work/said" >"$work/jq" ||
	wrong "probe: $(cat "$work/said")"
"$millrace" probe -s "$work/a.control" "$a" >"$work/said" 2>"$work/why" && wrong "it probes itself"

# goodbye, and welcome back
"$millrace" disconnect -s "$work/a.control" "$b" >"$work/said" || wrong "no disconnect"
gone()
{
	"$millrace" show -s "$work/$1.control" peers | jq -e '.peers == []' >"$work/jq"
}
await 20 gone a || wrong "a still has its peer"
"$millrace" disconnect -s "$work/a.control" "$b" >"$work/said" 2>"$work/why" && wrong "disconnected twice"
grep -q "peer not found" "$work/why" || wrong "$(cat "$work/why")"
"$millrace" connect -s "$work/a.control" "$b" "[fd00::1]:2121" >"$work/said" 2>"$work/why" &&
	wrong "connected through the mesh itself"
"$millrace" connect -s "$work/a.control" b "$(wire_address b):2121" >"$work/said" || wrong "no connect"
await_reach a b

# another place for the socket
jq --arg to "$work/moved.control" '.node.control.socket_path = $to' "$work/a.json" >"$work/a.new" &&
	mv "$work/a.new" "$work/a.json" || die "no node file"
"$millrace" reload -c "$work/a.json" >"$work/reload" 2>&1 || wrong "$(cat "$work/reload")"
[ -S "$work/moved.control" ] && [ ! -e "$work/a.control" ] || wrong "the socket has not moved"
"$millrace" show -c "$work/a.json" status >"$work/said" || wrong "no answer at its new place"
told b ".peer_count == 1" status

# a device that is taken away is told of: nothing else would say it
ip -n b link delete fips0
await 15 grep -q "device fips0 is gone" "$work/b.log" || wrong "nobody says that the device is gone"

end_wire
[ ! -e "$work/moved.control" ] && [ ! -e "$work/b.control" ] || wrong "a socket was left behind"
[ "$bad" -eq 0 ]
