#!/bin/sh
# udp.sh - two nodes on a veth pair: bulk goes through the kernel many datagrams at a time, in each
# shipped graph that has a device (R3); and where that is switched off or refused, it goes all the same.
#
# Each row: 40 MB of TCP each way at once, then what must hold of both nodes' counters.
#
#     offloaded   of the frames sent and of those received most were in messages of several
#     connected   offloaded, and most of it by connected sockets
#     alone       each frame was a message
#     by-route    the route takes no frame whole: segments were refused, and then each went alone (R18)
#     between     offloaded, at both ends and at a router between them, which sends on what it received
#                 as slices
#
# In all rows: nothing is lost by name at the sockets, packets are conserved, all end with 0 on SIGTERM.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0"
begin_wire udp fused
refuse=${REFUSE:-${millrace%/*}/t/net/refuse}
lay_veth
bad=0

sent=$(sum tx-gso .packets.taken)
received=$(sum rx .packets.made)
sent_many=$(sum tx-gso '.counters["gso-frames"]')
received_many=$(sum rx '.counters["gro-datagrams"]')
fallbacks=$(sum tx-gso '.counters["gso-fallbacks"]')
messages=$(sum tx-gso '.counters["gso-messages"]')
send_calls=$(sum tx-gso '.counters["send-calls"]')
trains=$(sum rx '.counters["gro-messages"]')
copied=$(sum rx '.counters["gro-copied"]')
receive_calls=$(sum rx '.counters["receive-calls"]')
dropped="([.stages[] | select(.kind == \"rx\" or .kind == \"tx-gso\") | .drops | .truncated, .length,
	.[\"too-big\"], .refused, .[\"send-error\"] | numbers] | add)"

by_connected="([.stages[] | .counters[\"connected-frames\"], .counters[\"connected-datagrams\"] | numbers] | add)"

connects()
{
	page "$1" /stats "$1.stats" && jq -e '.stages[] | select(.kind == "control") |
		.counters["sockets-connected"] > 0' "$work/$1.stats"
}

# carry WHAT: traffic between a and b, then what holds of these $nodes.
carry()
{
	row=$1
	case $1 in connected*) await 20 connects a && await 10 connects b || lament "$1: no sockets" ;; esac
	carry_bulk
	for node in $nodes; do
		settle "$node"
		expect "$node" "$sent > 5000 and $received > 5000 and $dropped == 0"
		case $1 in
		connected*) expect "$node" "$by_connected > ($sent + $received) / 2" ;;
		esac
		case $1 in
		offloaded* | connected* | between*) expect "$node" "$sent_many > $sent / 2 and
			$received_many > $received / 2 and $fallbacks == 0" ;;
		alone*) expect "$node" "$sent_many == 0 and $received_many == 0 and $fallbacks == 0" ;;
		by-route*) expect "$node" "$fallbacks > 0 and $sent_many < $sent / 2" ;;
		esac
		say "$1: $node: $(jq -r "\"\($sent) frames sent, \($sent_many) in \($messages), \($send_calls)
			calls; \($received) received, \($received_many) in \($trains), \($copied) copied,
			\($receive_calls) calls\"" "$work/$node.stats" | tr -s '\n\t ' ' ')"
	done
}

# row WHAT GRAPH [OPTION]...
row()
{
	what=$1 graph=$2
	shift 2
	start_nodes "$graph" "$@"
	nodes="a b"
	carry "$what, $graph $*"
	end_nodes || bad=1
}

# pair NAME N: a wire from r to NAME, 10.77.N.1 -- 10.77.N.2.
pair()
{
	ip link add "to-$1" netns r type veth peer name wire0 netns "$1" &&
		ip -n r address add "10.77.$2.1/24" dev "to-$1" &&
		ip -n "$1" address add "10.77.$2.2/24" dev wire0 &&
		ip -n r link set "to-$1" up && ip -n "$1" link set wire0 up ||
		die "could not lay the wire of $1"
}

# end_of NAME N OTHER: a node whose only neighbour is r, and whom OTHER is behind.
end_of()
{
	write_node "$1" 0.0.0.0 r "10.77.$2.1"
	jq --arg npub "$(npub "$3")" --arg alias "$3" '.peers += [{ npub: $npub, alias: $alias, via: "r" }]' \
		"$work/$1.json" >"$work/more.json" && mv "$work/more.json" "$work/$1.json" || die "no file"
}

# between: a -- r -- b.
between()
{
	ip -n a link delete veth-a && ip netns add r && ip -n r link set lo up || die "no r"
	pair a 1
	pair b 2
	nodes_graph=fused
	"$millrace" keygen --out "$work/r.key" >"$work/r.id" || die "no key"
	end_of a 1 b
	end_of b 2 a
	write_node r 0.0.0.0 a 10.77.1.2
	jq 'del(.tun) | .graph = "router" | .peers = []' "$work/r.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/r.json" || die "no file for r"
	nodes="r a b"
	for node in $nodes; do
		start_node $node
	done
	await_reach a b
	b6=$(mesh_address b)
	carry "between, router"
	for node in $nodes; do
		eval "ending=\$node_$node"
		end "$ending" || bad=1
	done
}

for graph in fused two-core staged dealt; do
	row offloaded $graph
done
row connected fused --set transports.udp.connected=true
row connected staged --set transports.udp.connected=true
row alone fused --set rx.gro=false --set tx-gso.gso=false

# A route that takes 1200 bytes: frames of 1380 go in two parts each.
ip -n a route change 10.77.0.0/24 dev veth-a src 10.77.0.1 mtu 1200 &&
	ip -n b route change 10.77.0.0/24 dev veth-b src 10.77.0.2 mtu 1200 || die "no route"
row by-route fused
ip -n a route change 10.77.0.0/24 dev veth-a src 10.77.0.1 &&
	ip -n b route change 10.77.0.0/24 dev veth-b src 10.77.0.2 || die "no route"

whole=$millrace
# A kernel that knows neither.
printf '#!/bin/sh\nexec "%s" udp "%s" "$@"\n' "$refuse" "$millrace" >"$work/refused" &&
	chmod +x "$work/refused"
millrace=$work/refused
row alone fused
row alone staged

millrace=$whole
between
[ $bad -eq 0 ] || lament "failed"
