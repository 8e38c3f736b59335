# wire.sh - what the scripts of this folder share: namespaces, a network between them, nodes' files.
# Sourced after contrib/lib.sh.
#
#     namespace a                namespace b                namespace c ...
#     millrace                   millrace                   millrace
#       fips0 fd..                 fips0 fd..                 fips0 fd..
#     10.77.0.1:2121             10.77.0.2:2121             10.77.0.3:2121
#     wire0                      wire0                      wire0
#            \                     |                       /
#             `------------------ relay ------------------'
#
# wire0 is a TUN device; the relay holds the other end of all of them, so that what happens between
# nodes is what it does (t/net/relay.c).

nodes="" wires=0

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

# read_only_machine: for scripts that run what pages say.  What they were not told to put elsewhere fails.
read_only_machine()
{
	mount --rbind /tmp /tmp && mount -o remount,bind,ro / || die "the machine cannot be made safe"
	for part in /etc /usr /var /home /root /srv /opt; do
		[ ! -d $part ] || { mount --rbind $part $part && mount -o remount,bind,ro $part; } || die "$part cannot be made safe"
	done
}

# begin_wire NAME GRAPH: $work, $millrace, $relay, $numbered; no nodes yet.
begin_wire()
{
	millrace=${MILLRACE:?the program, as make check sets it}
	relay=${RELAY:-${millrace%/*}/t/net/relay}
	numbered=${NUMBERED:-${millrace%/*}/t/net/numbered}
	MILLRACE_GRAPHS="$top/graphs"
	export MILLRACE_GRAPHS
	work_in "$1"
	nodes_graph=$2
}

# patient: the shipped graphs, in which packets may wait for any time.  Where nothing may be lost, a node that
# a busy machine lets rest must not take what has come meanwhile for a queue that stands.
patient()
{
	mkdir "$work/graphs" || die "no folder for graphs"
	for shipped in "$top"/graphs/*.json; do
		jq '.edges[].sojourn = 0 | .stages.rx.sojourn = 0' "$shipped" >"$work/graphs/${shipped##*/}" ||
			die "no graph ${shipped##*/}"
	done
	MILLRACE_GRAPHS=$work/graphs
}

# lay_end NAME: a namespace with an end of the wire, at the next address; $laid is that address.
lay_end()
{
	wires=$((wires + 1))
	laid=10.77.0.$wires
	ip netns add "$1" && ip -n "$1" link set lo up &&
		ip -n "$1" tuntap add dev wire0 mode tun &&
		ip -n "$1" link set wire0 addrgenmode none mtu 1500 txqueuelen 16384 &&
		ip -n "$1" address add "$laid/24" dev wire0 ||
		die "could not lay the wire of $1"
}

# lay_node NAME: its end of the wire and its key.
lay_node()
{
	lay_end "$1"
	"$millrace" keygen --out "$work/$1.key" >"$work/$1.id" || die "no key"
	echo "$laid" >"$work/$1.at"
	nodes="$nodes $1"
}

# npub NAME, mesh_address NAME, wire_address NAME: who a node is and where.
npub()
{
	sed -n 's/^npub *//p' "$work/$1.id"
}

mesh_address()
{
	sed -n 's/^mesh address *//p' "$work/$1.id"
}

wire_address()
{
	cat "$work/$1.at"
}

# join_nodes NAME PEER...: the node's file.
join_nodes()
{
	joining=$1
	shift
	write_node "$joining" "$(wire_address "$joining")" "$1" "$(wire_address "$1")"
	shift
	for peer; do
		jq --arg npub "$(npub "$peer")" --arg alias "$peer" --arg at "$(wire_address "$peer"):2121" \
			'.peers += [.peers[0] | .npub = $npub | .alias = $alias | .addresses[0].addr = $at]' \
			"$work/$joining.json" >"$work/more.json" &&
			mv "$work/more.json" "$work/$joining.json" || die "no file for $joining"
	done
}

# lay_wire NAME GRAPH: begin_wire with two nodes that are each other's peer; $a6 and $b6.
lay_wire()
{
	begin_wire "$1" "$2"
	lay_node a
	lay_node b
	a6=$(mesh_address a)
	b6=$(mesh_address b)
	join_nodes a b
	join_nodes b a
}

# start_relay [OPTION | NAME~ADDRESS]...: between all nodes, and strangers if there are any.
# Decisions are in $work/decisions.
start_relay()
{
	ends=
	for node in $nodes; do
		ends="$ends $node=$(wire_address "$node")"
	done
	rm -f "$work/decisions"
	start "$work/relay.log" "$relay" -l "$work/decisions" $ends "$@"
	relay_pid=$started
	await 20 test -s "$work/decisions" || die "no relay: $(cat "$work/relay.log")"
}

# start_node NAME [OPTION]...: the daemon; its id is in $node_NAME.
start_node()
{
	starting=$1
	shift
	start "$work/$starting.log" ip netns exec "$starting" "$millrace" run -c "$work/$starting.json" "$@"
	eval "node_$starting=$started"
}

# start_wire [relay option]...: the relay and all nodes, with the options in $node_options if there
# are any; returns when the first node reaches the others.
start_wire()
{
	start_relay "$@"
	for node in $nodes; do
		start_node "$node" ${node_options-}
	done
	for node in ${nodes#* * }; do
		await_reach a "$node"
	done
}

# await_reach FROM TO: until a ping is answered.
await_reach()
{
	await 20 ip netns exec "$1" ping -6 -c 1 -W 1 "$(mesh_address "$2")" ||
		lament "$2 does not answer $1 through the mesh"
}

# page NODE PATH FILE: what the node's HTTP server says.
page()
{
	curl -sS --unix-socket "$work/$1.sock" "http://localhost$2" >"$work/$3" ||
		lament "no $2 from $1"
}

# end_wire: all nodes and the relay end with 0 each, or $bad is set.
end_wire()
{
	for node in $nodes; do
		eval "ending=\$node_$node"
		end "$ending" || { say "node $node ended with $?" >&2; bad=1; }
	done
	end "$relay_pid" || { say "the relay saw something wrong" >&2; bad=1; }
	say "relay: $(cat "$work/relay.log")"
}

# roomy NODE...: the kernel's queue before the mesh device holds what a busy machine lets wait.
roomy()
{
	for node; do
		ip -n "$node" link set fips0 txqueuelen 16384 || die "no fips0 in $node"
	done
}

gone()
{
	! kill -0 "$1"
}

# settle NODE: its counters into NODE.stats, once its packets add up.
settle()
{
	await 20 adds_up "$1" || { say "packets of $1 do not add up" >&2; bad=1; }
}

adds_up()
{
	page "$1" /stats "$1.stats" && jq -e '.conservation == true' "$work/$1.stats"
}

# expect NODE JQ-CONDITION: of what settle found, or $bad is set.
expect()
{
	jq -e "$2" "$work/$1.stats" >/dev/null || {
		say "node $1: not so: $2" >&2
		bad=1
	}
}

# carry_bulk: 40 MB of TCP each way at once between a and b.
carry_bulk()
{
	roomy a b
	serve_streams "$b6"
	finish ip netns exec a iperf3 -J -c "$b6" -n 40M --bidir >"$work/iperf3.json" ||
		lament "${row:+$row: }no stream"
	end "$server"
}

# sum KIND FIGURE: over a kind's replicas, as expect has it
sum()
{
	echo "([.stages[] | select(.kind == \"$1\") | $2] | add)"
}

# wrong TEXT...: says it, with the row of the test if it has rows, and $bad is set.
wrong()
{
	say "${row:+$row: }$*" >&2
	bad=1
}

# ask NODE WORD...: what millrace show says, in $work/said.
ask()
{
	asked=$1
	shift
	"$millrace" show -s "$work/$asked.control" "$@" >"$work/said" 2>"$work/why" ||
		{ wrong "$asked: show $*: $(cat "$work/why")"; return 1; }
}

# told NODE FILTER WORD...: what is said of it holds.
told()
{
	teller=$1 filter=$2
	shift 2
	ask "$teller" "$@" && jq -e "$filter" "$work/said" >"$work/jq" 2>&1 || {
		wrong "$teller: show $*: not $filter: $(head -c 600 "$work/said")"
		return 1
	}
}

# pings FROM TO: five are answered, or $bad is set.
pings()
{
	finish ip netns exec "$1" ping -6 -q -c 5 -i 0.1 -W 2 "$(mesh_address "$2")" >"$work/ping" ||
		wrong "$1 does not reach $2: $(tail -n 3 "$work/ping" | tr '\n' ' ')"
}

# end_all_nodes: what they counted adds up, and each ends with 0, or $bad is set.
end_all_nodes()
{
	for node in $nodes; do
		settle "$node"
		eval "ending=\$node_$node"
		end "$ending" || wrong "$node ended with $?"
	done
}

# new_keys NODE...: others than it had.
new_keys()
{
	for node; do
		rm -f "$work/$node.key" "$work/$node.key.pub"
		"$millrace" keygen --out "$work/$node.key" >"$work/$node.id" || die "no key"
	done
}

# new_pair: a and b with new keys, each the other's peer over a veth pair; $a6 and $b6.
new_pair()
{
	new_keys a b
	a6=$(mesh_address a) b6=$(mesh_address b)
	write_node a 10.77.0.1 b 10.77.0.2
	write_node b 10.77.0.2 a 10.77.0.1
}
