#!/bin/sh
# privileges.sh - a node that has given up its rights works, and is closed to others.
#
# Node a becomes another user where the machine lets it; node b stays whoever starts it.
#   - while traffic flows no thread has a capability, or can get one back
#   - keys are in locked memory; a core dump and a look into the process are refused
#   - it opens a connected socket on the port that it was given when it was somebody else
#   - HTTP answers, and SIGTERM ends a node with 0 and removes its device

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire privileges fused

other=65534
bad=0
# In a user namespace of unshare -r there is nobody else to be.
if grep -q "^ *0 *0 *4294967295$" /proc/self/uid_map; then
	jq --arg user "$other:$other" '.user = $user' "$work/a.json" >"$work/a.new" &&
		mv "$work/a.new" "$work/a.json" || die "no node file"
else
	say "nobody else to be here: node a keeps its user"
	other=$(id -u)
fi
jq '.transports.udp.connected = true' "$work/a.json" >"$work/a.new" && mv "$work/a.new" "$work/a.json" ||
	die "no node file"
start_wire

# status PID NAME: the values that its threads have there, each once.
status()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/task"/*/status | sort -u
}
sanitized=$("$millrace" version | grep '^ *options.*san') # they keep mlock from locking
for node in $node_a $node_b; do
	for set in CapInh CapPrm CapEff CapAmb; do
		[ "$(status "$node" $set)" = 0000000000000000 ] ||
			wrong "$set is $(status "$node" $set)"
	done
	[ "$(status "$node" NoNewPrivs)" = 1 ] || wrong "it can get new privileges"
	grep -q '^Max core file size *0 *0 ' "/proc/$node/limits" || wrong "it may dump core"
	[ "$(status "$node" VmLck)" != "0 kB" ] || [ -n "$sanitized" ] || wrong "no memory is locked"
done
[ "$(status "$node_a" Uid | tr '\t' ' ')" = "$other $other $other $other" ] ||
	wrong "node a is $(status "$node_a" Uid)"
# what belongs to nobody but root is closed: so is a process that may not be dumped
[ "$(stat -c %u "/proc/$node_a/environ")" = 0 ] || wrong "node a may be looked into"

finish ip netns exec a ping -6 -q -c 20 -i 0.05 -W 2 "$b6" >"$work/ping" || wrong "ping lost packets"
connects()
{
	page a /stats a.stats && jq -e '.stages[] | select(.kind == "control") | .counters["sockets-connected"] > 0' \
		"$work/a.stats"
}
await 20 connects || wrong "node a has no connected socket"
for node in a b; do
	settle $node
	ip -n $node link show fips0 >/dev/null || wrong "node $node has no device"
done
end_wire
for node in a b; do
	ip -n $node link show fips0 >/dev/null 2>&1 && wrong "node $node left its device behind"
done
[ $bad -eq 0 ] || lament "failed"
