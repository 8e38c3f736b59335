#!/bin/sh
# tcp.sh - two nodes on a veth pair whose only transport is TCP, in each shipped graph that has a device.
#
#   both        each listens and dials the other: 40 MB of TCP each way at once
#   narrow      the wire takes 1300 bytes and frames of 1400 are set: links are as narrow as their connections
#   one         b listens and knows no address, a dials and does not listen
#   restarted   b ends and begins anew, and a reaches it again
#   reset       their connection is killed under them: they go on by another, and no link was lost
#   reloaded    a gets another graph: its connections stay
#   hostile     200 clients say nothing, others say the wrong thing: a pings b meanwhile, and none of them
#               takes the place of one that is in use
#   mixed       a -- b over TCP, b -- c over UDP: a reaches c through b
#
# In all rows packets are conserved, and all nodes end with 0 on SIGTERM.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire tcp fused
lay_veth
bad=0

sent=$(sum tcp .packets.taken)
received=$(sum tcp .packets.made)
framing=$(sum tcp .drops.framing)

# over_tcp NAME FILTER: NAME's file, its transport and its peers' addresses of TCP, and then FILTER.
over_tcp()
{
	jq '.transports = { tcp: { bind_addr: (.transports.udp.bind_addr | sub(":.*"; ":8443")) } } |
		.peers[].addresses[]? |= { transport: "tcp", addr: (.addr | sub(":.*"; ":8443")) } |
		'"${2:-.}" "$work/$1.json" >"$work/more.json" && mv "$work/more.json" "$work/$1.json" ||
		die "no file for $1"
}

# tcp_files ROW GRAPH FILTER-A FILTER-B: of both nodes, over TCP; $a6 and $b6.
tcp_files()
{
	row="$1, $2" nodes_graph=$2 nodes="a b"
	new_pair
	over_tcp a "${3:-.}"
	over_tcp b "${4:-.}"
}

# tcp_nodes ROW GRAPH: both nodes over TCP, running; who dials first may be refused, and then the other dials.
tcp_nodes()
{
	tcp_files "$@"
	start_node a
	start_node b
	await_reach a b
}

# bulk: both ways at once, and what must hold then.
bulk()
{
	carry_bulk
	for node in a b; do
		settle $node
		expect $node "$sent > 5000 and $received > 5000 and $framing == 0"
		expect $node "$(sum tx-gso .packets.taken) == 0 and $(sum rx .packets.made) == 0"
		say "$row: $node: $(jq -r "\"\($sent) frames sent, \($(sum tcp '.counters["send-calls"]')) calls; \($received)
			received, \($(sum tcp '.counters["receive-calls"]')) calls, \($(sum tcp .counters.copied)) copied\"" \
			"$work/$node.stats" | tr -s '\n\t ' ' ')"
	done
}

# peer_says NODE JQ: of its only peer, as the node's /peers has it
peer_says()
{
	page "$1" /peers "$1.peers" && jq -e ".peers[0] | $2" "$work/$1.peers"
}

for graph in fused two-core staged dealt; do
	tcp_nodes both $graph
	bulk
	end_all_nodes
done

# wire_mtu BYTES: of the interfaces between a and b
wire_mtu()
{
	ip -n a link set veth-a mtu "$1" && ip -n b link set veth-b mtu "$1" || die "no mtu of $1"
}

wire_mtu 1300
tcp_nodes narrow two-core
bulk
expect a "$(sum tcp '.drops["too-big"]') < 100"
expect b "$(sum tcp '.drops["too-big"]') < 100"
end_all_nodes
wire_mtu 1500

# b_listens: a dials once only if b listens before it starts.
b_listens()
{
	ip netns exec b ss -Hlnt 'sport = :8443' | grep -q 8443
}

tcp_files one two-core 'del(.transports.tcp.bind_addr)' '.peers[].connect_policy = "manual"'
start_node b
await 20 b_listens || wrong "b does not listen"
start_node a
await_reach a b
bulk
traffic='.packets_sent > 5000 and .packets_recv > 5000 and .bytes_sent > 4000000 and .bytes_recv > 4000000 and
	.send_errors + .recv_errors + .mtu_exceeded + .connect_refused + .connect_timeouts + .connections_rejected == 0'
told a ".transports | length == 1 and (.[0] | .type == \"tcp\" and .state == \"up\" and has(\"local_addr\") == false and
	(.stats | $traffic and [.connections_established, .connections_accepted, .pool_outbound, .pool_inbound] ==
	[1, 0, 1, 0]))" transports
told b ".transports | length == 1 and (.[0] | .local_addr == \"10.77.0.2:8443\" and
	(.stats | $traffic and [.connections_established, .connections_accepted, .pool_outbound, .pool_inbound] ==
	[0, 1, 0, 1]))" transports
peer_says a '.via == "tcp 10.77.0.2:8443"' >/dev/null || wrong "a goes by $(jq -c '.peers[0].via' "$work/a.peers")"

row=restarted
end "$node_b" || wrong "b ended with $?"
start_node b
await_reach a b

row=reset
before=$(peer_says a .up_s)
ip netns exec b ss -HK -t 'src 10.77.0.2:8443' >"$work/killed" 2>&1
if grep -q 10.77.0.1 "$work/killed"; then
	await_reach a b
	pings b a
	peer_says a ".up_s > $before" >/dev/null || wrong "the link was lost"
	settle a
	expect a "$(sum tcp .counters.dialled) > 1"
else
	say "reset: left out, this kernel closes no sockets for us: $(cat "$work/killed")"
fi

row=reloaded
jq '.graph = "fused"' "$work/a.json" >"$work/more.json" && mv "$work/more.json" "$work/a.json" || die "no file"
page a /stats a.stats
dialled=$(jq "$(sum tcp .counters.dialled)" "$work/a.stats")
"$millrace" reload -c "$work/a.json" >"$work/reload" 2>&1 || wrong "$(cat "$work/reload")"
pings a b
settle a
expect a "$(sum tcp .counters.dialled) == $dialled"

say "reloaded: $(cat "$work/reload")"

row=hostile
start "$work/hostile.log" ip netns exec a sh -c '
	n=0
	while [ $n -lt 200 ]; do
		n=$((n + 1))
		sleep 60 | timeout 60 bash -c "exec 3<>/dev/tcp/10.77.0.2/8443; cat >&3" &
	done
	wait'
clients=$started
held()
{
	page b /stats b.stats && jq -e "$(sum tcp .counters.accepted) > 200" "$work/b.stats"
}
await 20 held || wrong "clients do not come through"
pings a b
for wrong in '\003' '\001\000\157\000' '\000\000\377\377' 'GET / HTTP/1.1\r\n\r\n'; do
	printf "$wrong" | ip netns exec a timeout 5 bash -c 'exec 3<>/dev/tcp/10.77.0.2/8443; cat >&3; cat <&3 >/dev/null'
	[ $? -ne 124 ] || wrong "a connection that said $wrong is still there"
done
pings a b
settle b
expect b "$framing == 4"
say "hostile: $(jq -c "$(sum tcp .counters)" "$work/b.stats")"
end_all_nodes
end "$clients"

row=mixed nodes="a b c"
ip netns add c && ip -n c link set lo up &&
	ip link add veth-bc netns b type veth peer name veth-c netns c &&
	ip -n b address add 10.78.0.1/24 dev veth-bc && ip -n c address add 10.78.0.2/24 dev veth-c &&
	ip -n b link set veth-bc up && ip -n c link set veth-c up || die "no c"
new_keys $nodes
a6=$(mesh_address a) c6=$(mesh_address c)
write_node a 10.77.0.1 b 10.77.0.2
write_node c 10.78.0.2 b 10.78.0.1
write_node b 10.78.0.1 c 10.78.0.2
over_tcp a '.peers += [{ npub: "'"$(npub c)"'", alias: "c", via: "b" }]'
jq '.peers += [{ npub: "'"$(npub a)"'", alias: "a", via: "b" }]' "$work/c.json" >"$work/more.json" &&
	mv "$work/more.json" "$work/c.json" || die "no file for c"
jq '.transports.udp = { lan: .transports.udp, spare: { bind_addr: "10.77.0.2:2122" } } |
	.transports.tcp.bind_addr = "10.77.0.2:8443" | .peers[].addresses[].transport = "udp/lan"' \
	"$work/b.json" >"$work/more.json" && mv "$work/more.json" "$work/b.json" || die "no file for b"
for node in $nodes; do
	start_node $node
done
await_reach a c
pings a c
pings c a
end_all_nodes
say "mixed: $(jq -c "$(sum tcp .packets.taken), $(sum tx-gso .packets.taken)" "$work/b.stats" | tr '\n' ' ')frames of b over TCP and UDP"

[ $bad -eq 0 ] || lament "failed"
