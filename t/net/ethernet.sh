#!/bin/sh
# ethernet.sh - two nodes on a veth pair that has no IP address at all.
#
#   found      neither knows the other: beacons make the link, in each shipped graph that has a device, and
#              40 MB of TCP go each way at once
#   listens    a sends beacons and answers, b listens and dials
#   static     no beacons: each has the other's Ethernet address in its file
#   restarted  b ends and begins anew, and a reaches it again
#   down       the interface of b goes down and comes up: they go on
#   anew       the whole pair is removed and made anew, with the addresses it had
#   hostile    anything in our EtherType, beacons of others and our own among it: a pings b meanwhile
#   refused    b dials, and a answers no strangers: there is no link
#
# In all rows packets are conserved, and all nodes end with 0 on SIGTERM.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire ethernet fused
raw=${RAW:-${millrace%/*}/t/net/raw}
lay_veth
ip -n a address flush dev veth-a && ip -n b address flush dev veth-b || die "no bare veth pair"
bad=0

sent=$(sum ethernet .packets.taken)
received=$(sum ethernet .packets.out)

mac() # NAME
{
	ip netns exec "$1" cat "/sys/class/net/veth-$1/address"
}

# over_ethernet NAME SETTINGS: NAME's file: Ethernet with these settings, no peers
over_ethernet()
{
	jq ".transports = { ethernet: ({ interface: \"veth-$1\", beacon_interval_secs: 10 } + $2) } | .peers = []" \
		"$work/$1.json" >"$work/more.json" && mv "$work/more.json" "$work/$1.json" ||
		die "no file for $1"
}

# files ROW GRAPH SETTINGS-A SETTINGS-B: both nodes' files; $a6 and $b6.
files()
{
	row="$1, $2" nodes_graph=$2 nodes="a b"
	new_pair
	over_ethernet a "$3"
	over_ethernet b "$4"
}

begin()
{
	start_node a
	start_node b
}

bulk()
{
	carry_bulk
	for node in a b; do
		settle $node
		expect $node "$sent > 5000 and $received > 5000"
		expect $node "$(sum tx-gso .packets.taken) == 0 and $(sum rx .packets.made) == 0"
		say "$row: $node: $(jq -r "\"\($sent) frames sent, \($(sum ethernet '.counters["send-calls"]')) calls; \($received)
			received, \($(sum ethernet '.counters["receive-calls"]')) calls; drops \($(sum ethernet .drops.full)) full\"" \
			"$work/$node.stats" | tr -s '\n\t ' ' ')"
	done
}

both='{ announce: true, auto_connect: true, accept_connections: true }'
for graph in fused two-core staged dealt; do
	files found $graph "$both" "$both"
	begin
	await_reach a b
	bulk
	heard=0
	for node in a b; do
		told $node ".transports | length == 1 and (.[0] | .type == \"ethernet\" and .state == \"up\" and
			.local_addr == \"veth-$node\" and .mtu > 1400 and (.stats | .frames_sent > 5000 and
			.frames_recv > 5000 and .bytes_sent > 4000000 and .bytes_recv > 4000000 and
			.beacons_sent > 0 and .recv_errors + .frames_too_short + .frames_too_long == 0))" transports
		heard=$((heard + $(jq '.transports[0].stats.beacons_recv' "$work/said")))
	done
	[ $heard -gt 0 ] || wrong "nobody heard a beacon"
	end_all_nodes
done

files listens two-core '{ announce: true, accept_connections: true, mtu: 1280 }' '{ auto_connect: true, mtu: 1280 }'
begin
await_reach b a
expect_beacons()
{
	settle a
	settle b
	expect a "$(sum ethernet '.counters["beacons-sent"]') > 0 and $(sum ethernet '.counters["beacons-heard"]') == 0"
	expect b "$(sum ethernet '.counters["beacons-sent"]') == 0 and $(sum ethernet .counters.found) > 0"
}
expect_beacons

row=hostile
ip netns exec a "$raw" veth-a "$(mac b)" 2000 || wrong "nothing hostile was sent"
pings a b
settle b
expect b "$(sum ethernet .drops.runt) > 0 and $(sum ethernet .drops.kind) > 0 and $(sum ethernet .drops.cast) > 0"
expect b "$(sum ethernet .drops.long) > 0 and $(sum ethernet '.drops["beacon-version"]') > 0"
expect b "$(sum ethernet .counters.found) < 200"
say "hostile: $(jq -c "$(sum ethernet .drops) , $(sum ethernet .counters)" "$work/b.stats" | tr '\n' ' ')"
end_all_nodes

static='.peers = [{ npub: $npub, alias: $alias, addresses: [{ transport: "ethernet", addr: $at }] }]'
files static staged '{}' '{}'
jq --arg npub "$(npub b)" --arg alias b --arg at "veth-a/$(mac b)" "$static" "$work/a.json" >"$work/more.json" &&
	jq '.tun.mtu = 1400' "$work/more.json" >"$work/a.json" || die "no file for a"
jq --arg npub "$(npub a)" --arg alias a --arg at "veth-b/$(mac a)" "$static" "$work/b.json" >"$work/more.json" &&
	jq '.tun.mtu = 1400' "$work/more.json" >"$work/b.json" || die "no file for b"
begin
await_reach a b

row=restarted
end "$node_b" || wrong "b ended with $?"
start_node b
await_reach a b

row=down
ip -n b link set veth-b down || die "no link to set down"
ip netns exec b ping -6 -q -c 2 -i 0.1 -W 1 "$a6" >"$work/ping" && wrong "a is reached all the same"
ip -n b link set veth-b up || die "no link to set up"
await_reach b a

row=anew
mac_a=$(mac a) mac_b=$(mac b)
ip -n a link delete veth-a || die "no pair to delete"
sleep 2.5
ip link add veth-a address "$mac_a" mtu 1440 netns a type veth peer name veth-b address "$mac_b" mtu 1440 netns b &&
	ip -n a link set veth-a up && ip -n b link set veth-b up || die "no pair again"
await_reach b a
for node in a b; do
	settle $node
	expect $node "$(sum ethernet .counters.rebound) == 1"
	told $node '.transports[0].mtu == 1437' transports
done
await 10 ip netns exec a ping -6 -q -c 2 -i 0.1 -W 1 -M want -s 1340 "$b6" || wrong "what is larger than there is room for is not told"
end_all_nodes

# The adapter comes later than the node, which has another way as well.
row=late
for node in a b; do
	jq '.transports.udp = { bind_addr: "127.0.0.1:0" }' "$work/$node.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$node.json" || die "no file for $node"
done
mac_a=$(mac a) mac_b=$(mac b)
ip -n a link delete veth-a || die "no pair to delete"
begin
for node in a b; do
	await 20 grep -qF "there is no interface veth-$node; it is used as soon as there is one" "$work/$node.log" ||
		wrong "$node does not say what is missing"
done
ip link add veth-a address "$mac_a" netns a type veth peer name veth-b address "$mac_b" netns b &&
	ip -n a link set veth-a up && ip -n b link set veth-b up || die "no pair again"
await_reach a b
end_all_nodes

files refused fused '{ announce: true }' '{ auto_connect: true }'
begin
dialled()
{
	page b /stats b.stats && jq -e "$(sum ethernet .packets.taken) > 1" "$work/b.stats"
}
await 20 test -S "$work/a.sock" -a -S "$work/b.sock" || lament "no sockets"
await 20 dialled || wrong "b does not dial"
page a /peers a.peers && jq -e '[.peers[] | select(.state == "up")] == []' "$work/a.peers" >/dev/null ||
	wrong "a has a link"
end_all_nodes

[ $bad -eq 0 ] || lament "failed"
