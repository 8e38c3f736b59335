#!/bin/sh
# demo.sh - two millrace nodes on this machine, with real traffic between them.
#
#   contrib/demo.sh [--graph NAME] [--set KEY=VALUE]... [--seconds N] [--keep]
#
#   --graph NAME     stage graph of both nodes: a file of graphs/, a path, or auto (default)
#   --set KEY=VALUE  change a setting of both nodes, as millrace run takes it
#   --seconds N      length of each iperf3 run (default 5)
#   --keep           leave the nodes running until Enter is pressed
#
# On Debian, root has missing packages installed and anybody else is told which to install.
# Builds in build-demo/, and ends with 0 when traffic flowed both ways and both nodes account for
# every packet.  Everything else it makes is gone when it ends.
#
#     namespace a                              namespace b
#     millrace  fips0  fd..   <- mesh ->   fd..  fips0  millrace
#        10.77.0.1:2121  veth-a ------ veth-b  10.77.0.2:2121

set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/contrib/lib.sh"

graph=auto seconds=5 keep=''
# What stays in "$@" is --set KEY=VALUE, as often as it was given.
count=$#
while [ "$count" -gt 0 ]; do
	option=$1 value=
	shift
	count=$((count - 1))
	case $option in
	--*=*)
		value=${option#*=}
		option=${option%%=*}
		;;
	--graph | --set | --seconds)
		[ "$count" -gt 0 ] || die "$option wants a value (see --help)"
		value=$1
		shift
		count=$((count - 1))
		;;
	esac
	case $option in
	-h | --help)
		sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	--graph) graph=$value ;;
	--seconds) seconds=$value ;;
	--keep) keep=--keep ;;
	--set) set -- "$@" --set "$value" ;;
	*) die "$option is not an option (see --help)" ;;
	esac
done
case $seconds in
'' | *[!0-9]* | 0) die "--seconds wants a whole number above 0, not '$seconds'" ;;
esac
case $graph in
/* | auto) ;;
*/* | *.json) graph="$PWD/$graph" ;;
esac
if [ -z "${MILLRACE_INSIDE-}" ]; then
	# shellcheck disable=SC2046 # the names are words
	need_packages $(build_packages) $(net_packages)
	say "building millrace in build-demo/"
	quietly build "$top/build-demo" || exit 1
fi
use_millrace
enter_namespaces "$0" --graph "$graph" --seconds "$seconds" $keep "$@"

work_in demo
lay_veth
start_nodes "$graph" "$@"

# ---- traffic ----
say ""
say "a  $a6"
say "b  $b6"
say ""
finish ip netns exec a ping -6 -q -c 20 -i 0.05 "$b6" >"$work/ping" || lament "ping failed"
sed -n 's/^\([0-9]* packets.*\), time.*/ping  a -> b  \1/p; s/^rtt/ping  a -> b  rtt/p' "$work/ping"
serve_streams "$b6"
# flow TEXT [iperf3 option]...
flow()
{
	text=$1
	shift
	stream "$b6" "$seconds" "$@"
	say "tcp   $text  $mbits Mbit/s, $retransmits retransmits, $seconds s"
	[ "${mbits%.*}" -gt 0 ] || lament "the stream moved next to nothing"
}
flow "a -> b"
flow "b -> a" -R
end "$server"

# ---- what the nodes say about it ----
verdict=0
for node in a b; do
	say ""
	say "node $node"
	"$millrace" stats --unix "$work/$node.sock" || lament "no statistics from node $node"
	curl -sS --unix-socket "$work/$node.sock" http://localhost/stats >"$work/$node.stats" ||
		lament "no statistics from node $node"
	ran=$(jq -r '.graph.name' "$work/$node.stats")
	case $graph in
	auto) wanted=$ran ;;
	*/*) wanted=$(jq -r '.graph' "$graph") ;;
	*) wanted=$graph ;;
	esac
	say "graph $ran: $(jq -r '.graph.summary' "$work/$node.stats")"
	if [ "$ran" != "$wanted" ]; then
		say "demo.sh: node $node runs the graph $ran, not $wanted" >&2
		verdict=1
	fi
	if [ "$(jq '.conservation' "$work/$node.stats")" = true ]; then
		say "every packet is accounted for"
	else
		say "demo.sh: node $node does not account for every packet" >&2
		verdict=1
	fi
done
if [ -n "$keep" ]; then
	say ""
	say "look    $millrace top --unix $work/a.sock    (and b.sock)"
	say "        curl --unix-socket $work/a.sock http://localhost/stats"
	say "Both nodes run until you press Enter."
	read -r _ || :
fi
end_nodes || verdict=1
exit $verdict
