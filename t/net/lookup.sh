#!/bin/sh
# lookup.sh - a node far away, of which only the key is known, is found and reached.
#
#     a  ---  r  ---  s  ---  b          and nobody where c would be
#
# a knows b's key and c's, b knows nobody but s; no file says who is behind whom.  a's first packet has b looked for:
#   - r and s sent the request on and the answer back, b signed it, a took it
#   - numbered packets both ways: none was lost, doubled or changed; r and s sent them on
#   - what is sent to c is answered as unreachable
# Then s is killed and begins again, with another place in the tree for those behind it: a reaches b again.
# In all of it packets are conserved, and all end with 0 on SIGTERM.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0"
begin_wire lookup fused
patient
for node in a r s b; do
	lay_node $node
done
"$millrace" keygen --out "$work/c.key" >"$work/c.id" || die "no key"
a6=$(mesh_address a)
b6=$(mesh_address b)
bad=0

# know NODE OTHER: the key, and an address that is nobody's.
know()
{
	jq --arg npub "$(npub "$2")" --arg alias "$2" \
		'.peers += [{ npub: $npub, alias: $alias, connect_policy: "manual",
			addresses: [{ transport: "udp", addr: "10.77.0.250:2121" }] }]' \
		"$work/$1.json" >"$work/more.json" && mv "$work/more.json" "$work/$1.json" || die "no file for $1"
}

quick()
{
	jq '.node.retry.base_interval_secs = 1' "$work/$1.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$1.json" || die "no file for $1"
}

count() # COUNTER of control
{
	echo "([.stages[] | select(.kind == \"control\") | .counters[\"$1\"]] | add)"
}
forwarded='([.stages[] | select(.kind == "route") | .counters["forwarded-packets"]] | add)'

join_nodes a r
join_nodes r s
join_nodes s r
join_nodes b s
for node in a r s b; do
	quick $node
done
know a b
know a c
start_relay
for node in a r s b; do
	start_node $node
done

await_reach a b
await_reach b a
for node in a r s b; do
	settle $node
done
expect a "$(count lookup-req-initiated) >= 1 and $(count lookup-resp-accepted) >= 1"
for node in r s; do
	expect $node "$(count lookup-req-forwarded) >= 1 and $(count lookup-resp-forwarded) >= 1"
done
expect b "$(count lookup-req-target-is-us) >= 1 and $(count lookup-req-initiated) == 0"
roomy a b
finish "$numbered" -r 500 -n 1000 -f 2 a="$a6" b="$b6" >"$work/numbered.json" ||
	{ say "numbered packets: $(cat "$work/numbered.json")" >&2; bad=1; }
say "found: numbered $(jq -c '{ sent, lost, duplicated, changed }' "$work/numbered.json")"
for node in r s; do
	settle $node
	expect $node "$forwarded > 3000"
done

# Nobody: the answer is from here.
ip netns exec a ping -6 -c 1 -W 40 "$(sed -n 's/^mesh address *//p' "$work/c.id")" >"$work/ping" 2>&1
grep -qi unreachable "$work/ping" || { say "c: $(cat "$work/ping")" >&2; bad=1; }

kill -KILL "$node_s"
await 20 gone "$node_s" || die "s does not die"
start_node s
await_reach a b
await_reach b a
for node in a r s b; do
	settle $node
	say "$node: $(jq -c "[.stages[] | select(.kind == \"control\") | .counters | to_entries[] |
		select((.key | startswith(\"lookup-\") or startswith(\"sig-\")) and .value > 0)] | from_entries" "$work/$node.stats")"
done
end_wire
[ $bad -eq 0 ] || exit 1
