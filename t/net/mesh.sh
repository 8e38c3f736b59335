#!/bin/sh
# mesh.sh [NODE]... - five nodes and six links: all reach all, also when one of them is killed.
#
#     a --- d --- c --- b        links a-d, a-e, b-c, c-d, c-e, d-e; each node another graph
#      \   / \   /
#        e --- (c)
#
#   - each node reaches each other, a and b over two others: their counters say that it was carried
#   - d and a, or the nodes that are named, are killed in turn; those that are left reach each other, and all do when
#     it has come back (without c there is no way to b)
#   - the relay saw nothing between nodes without a link, and no (receiver_idx, counter) twice with other bytes
#   - every node conserves packets to the end

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire mesh fused
ask=${ASK:-${millrace%/*}/contrib/bench/ask}
for node in a b c d e; do
	lay_node $node
done
join_nodes a d e
join_nodes b c
join_nodes c b d e
join_nodes d a c e
join_nodes e a c d
# Links are missed soon, so that the test need not wait for it.
for node in a:fused b:two-core c:staged d:fused e:dealt; do
	jq --arg graph "${node#?:}" --arg socket "$work/${node%%:*}.control" '.graph = $graph |
		.node += { heartbeat_interval_secs: 1, link_dead_timeout_secs: 4, control: { socket_path: $socket } } |
		.node.retry = { base_interval_secs: 1, max_backoff_secs: 2 } | .node.tree = { hold_down_secs: 5 }' \
		"$work/${node%%:*}.json" >"$work/more.json" && mv "$work/more.json" "$work/${node%%:*}.json" || die "no file"
done

# reach FROM TO: one ping, after the name was asked for, by which the key is known.
reach()
{
	[ "$(ip netns exec "$1" "$ask" ::1 5354 "$(npub "$2").fips")" = "$(mesh_address "$2")" ] &&
		finish ip netns exec "$1" ping -6 -n -c 1 -W 1 "$(mesh_address "$2")" >/dev/null 2>&1
}

# all_reach NODE...: each reaches each other, within a minute.
all_reach()
{
	left=''
	for one; do
		for other; do
			[ "$one" = "$other" ] || left="$left $one-$other"
		done
	done
	began=$(date +%s)
	until=$((began + 60))
	while [ -n "$left" ]; do
		[ "$(date +%s)" -lt "$until" ] || lament "$round: these do not reach each other:$left"
		still=''
		for pair in $left; do
			reach "${pair%-*}" "${pair#*-}" || still="$still $pair"
		done
		left=$still
	done
	say "$round: all reach all after $(($(date +%s) - began)) s"
}

# sent_on NODE: others' datagrams that it has sent on.
sent_on()
{
	page "$1" /stats "$1.now"
	jq '[.stages[] | select(.kind == "route") | .counters["forwarded-packets"]] | add' "$work/$1.now"
}

bad=0
round="the beginning"
start_relay
for node in $nodes; do
	start_node $node
done
all_reach a b c d e

# a and b: 50 pings go by c and by one of d and e, there and back.  A few reports of others' sessions may go by a or
# b meanwhile: d and e have no link either.
for node in $nodes; do
	eval "before_$node=\$(sent_on $node)"
done
finish ip netns exec a ping -6 -q -n -c 50 -i 0.02 -W 2 "$(mesh_address b)" >"$work/ping" || lament "pings from a to b were lost"
for node in $nodes; do
	eval "grown_$node=\$((\$(sent_on $node) - before_$node))"
done
[ "$grown_c" -ge 100 ] && [ $((grown_d + grown_e)) -ge 100 ] && [ $((grown_a + grown_b)) -lt 50 ] || {
	say "50 pings from a to b, sent on by a: $grown_a, b: $grown_b, c: $grown_c, d: $grown_d, e: $grown_e" >&2
	bad=1
}

[ $# -gt 0 ] || set -- d a
for killed; do
	round="without $killed"
	eval "pid=\$node_$killed"
	kill -KILL "$pid"
	await 20 gone "$pid" || die "$killed does not die"
	wait "$pid" 2>/dev/null
	forget "$pid"
	others=''
	for node in $nodes; do
		[ $node = $killed ] || others="$others $node"
	done
	# shellcheck disable=SC2086 # the names are words
	all_reach $others
	round="$killed is back"
	start_node $killed
	all_reach a b c d e
done
for node in $nodes; do
	settle $node
done
end_wire
for pair in a-b b-a a-c c-a b-d d-b b-e e-b; do
	jq -e --arg pair $pair '.[$pair].packets // 0 == 0' "$work/relay.log" >/dev/null || {
		say "there was something between $pair" >&2
		bad=1
	}
done
[ $bad -eq 0 ] || lament "failed"
