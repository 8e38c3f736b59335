# wire.sh - what the scripts of this folder share: namespaces, a wire with a relay, two nodes' files.
# Sourced after contrib/lib.sh.
#
#     namespace a                    namespace r                     namespace b
#     millrace                       relay                           millrace
#     10.77.1.1:2121  va ------ ra 10.77.1.2, 10.77.2.2 rb ------ vb  10.77.2.1:2121
#       fips0 fd..                                                     fips0 fd..

skip()
{
	say "skipped: $*"
	exit 77
}

# enter_or_skip SCRIPT [ARG]...: enter_namespaces, or end with 77 where something is missing.
enter_or_skip()
{
	for tool in unshare ip ping iperf3 curl jq ss; do
		command -v $tool >/dev/null || skip "there is no $tool"
	done
	[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
	if [ -z "${MILLRACE_INSIDE-}" ]; then
		flags=-nm
		[ "$(id -u)" -eq 0 ] || flags=-Urnm
		unshare $flags true 2>/dev/null || skip "no network namespaces for $(id -un)"
	fi
	enter_namespaces "$@"
}

# lay_wire NAME GRAPH: $work, the namespaces, keys and node files; $millrace, $relay, $numbered, $a6
# and $b6.
lay_wire()
{
	millrace=${MILLRACE:?the program, as make check sets it}
	relay=${RELAY:-${millrace%/*}/t/net/relay}
	numbered=${NUMBERED:-${millrace%/*}/t/net/numbered}
	MILLRACE_GRAPHS="$top/graphs"
	export MILLRACE_GRAPHS
	work_in "$1"
	nodes_graph=$2
	ip netns add a && ip netns add b && ip netns add r || die "no namespaces"
	for side in a:1 b:2; do
		node=${side%:*} net=${side#*:}
		ip link add "v$node" netns "$node" type veth peer name "r$node" netns r &&
			ip -n "$node" address add "10.77.$net.1/24" dev "v$node" &&
			ip -n r address add "10.77.$net.2/24" dev "r$node" &&
			ip -n "$node" link set lo up && ip -n "$node" link set "v$node" up &&
			ip -n r link set "r$node" up || die "could not lay the wire"
	done
	for node in a b; do
		"$millrace" keygen --out "$work/$node.key" >"$work/$node.id" || die "no key"
	done
	a6=$(sed -n 's/^mesh address *//p' "$work/a.id")
	b6=$(sed -n 's/^mesh address *//p' "$work/b.id")
	write_node a 10.77.1.1 b 10.77.1.2
	write_node b 10.77.2.1 a 10.77.2.2
}

# start_wire [relay option]...: the relay and both nodes, with the options in $node_options if there
# are any; returns when a reaches b.
start_wire()
{
	start "$work/relay.log" ip netns exec r "$relay" "$@" 10.77.1.2:2121 10.77.1.1:2121 \
		10.77.2.2:2121 10.77.2.1:2121
	relay_pid=$started
	start "$work/a.log" ip netns exec a "$millrace" run -c "$work/a.json" ${node_options-}
	node_a=$started
	start "$work/b.log" ip netns exec b "$millrace" run -c "$work/b.json" ${node_options-}
	node_b=$started
	await 20 ip netns exec a ping -6 -c 1 -W 1 "$b6" || lament "no answer through the mesh"
}

# page NODE PATH FILE: what the node's HTTP server says.
page()
{
	curl -sS --unix-socket "$work/$1.sock" "http://localhost$2" >"$work/$3" ||
		lament "no $2 from $1"
}

# end_wire: both nodes and the relay end with 0 each, or $bad is set.
end_wire()
{
	end "$node_a" || { say "node a ended with $?" >&2; bad=1; }
	end "$node_b" || { say "node b ended with $?" >&2; bad=1; }
	end "$relay_pid" || { say "the relay saw something wrong" >&2; bad=1; }
	say "relay: $(cat "$work/relay.log")"
}
