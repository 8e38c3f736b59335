#!/bin/sh
# via.sh - the neighbour that leads to a far node is changed by reload, under numbered traffic.
#
#           r (router)
#         /            \
#     a                  b        a and b have links with r and s, none with each other
#         \            /
#           s (router)
#
# First both go by r.  Then a is told to go by s, then b, then both are told to go back.  Nothing is lost,
# doubled or changed on the way (a packet on the new way may overtake one on the old); what each router
# carries afterwards is what its neighbours were told; the session is the same all the time, and every
# stage accounts for every packet.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire via fused
patient
for node in a r s b; do
	lay_node $node
done
a6=$(mesh_address a)
b6=$(mesh_address b)
bad=0

# behind NAME OTHER: the node dials r and s, and knows that r leads to the other.
behind()
{
	join_nodes "$1" r s
	jq --arg npub "$(npub "$2")" --arg alias "$2" \
		'.node.retry.base_interval_secs = 1 | .peers += [{ npub: $npub, alias: $alias, via: "r" }]' \
		"$work/$1.json" >"$work/more.json" && mv "$work/more.json" "$work/$1.json" || die "no file"
}
behind a b
behind b a
for node in r s; do
	join_nodes $node a
	jq 'del(.tun) | .graph = "router" | .peers = []' "$work/$node.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$node.json" || die "no file for $node"
done

# go_by NODE NEIGHBOUR
go_by()
{
	jq --arg via "$2" '(.peers[] | select(.via) | .via) = $via' "$work/$1.json" >"$work/more.json" &&
		mv "$work/more.json" "$work/$1.json" || die "no file"
	"$millrace" reload -c "$work/$1.json" >"$work/reload" 2>&1 || lament "no reload: $(cat "$work/reload")"
}

# carried ROUTER: packets it has passed on so far
carried()
{
	page "$1" /stats "$1.stats"
	jq '[.stages[] | select(.kind == "route") | .packets.out] | add' "$work/$1.stats"
}

# age: of a's session, in ms
age()
{
	page a /peers a.peers
	jq '[.sessions[].age_s * 1000 | floor] | if length == 1 then .[0] else -1 end' "$work/a.peers"
}

# carry ROUND R S: 400 numbered packets each way; the routers carry at least so many hundreds of them, and
# what is no traffic
carry()
{
	r_was=$(carried r) s_was=$(carried s)
	finish "$numbered" -r 1000 -n 400 a="$a6" b="$b6" >"$work/numbered" ||
		{ say "$1: $(cat "$work/numbered")" >&2; bad=1; }
	r_now=$(($(carried r) - r_was)) s_now=$(($(carried s) - s_was))
	say "$1: r carried $r_now, s $s_now"
	for each in "$r_now $2" "$s_now $3"; do
		[ $((${each% *} / 100)) -eq "${each#* }" ] || { say "$1: a router carried ${each% *} packets" >&2; bad=1; }
	done
	new_age=$(age)
	[ "$new_age" -gt "$old_age" ] || { say "$1: another session, or none: $old_age, then $new_age ms" >&2; bad=1; }
	old_age=$new_age
}

old_age=-1
start_relay
for node in $nodes; do
	start_node $node
done
both_up()
{
	page $1 /peers $1.peers
	jq -e '[.peers[] | select(.state == "up")] | length == 2' "$work/$1.peers"
}
await_reach a b
await_reach b a
for node in r s; do
	await 20 both_up $node || lament "$node lacks a neighbour"
done
roomy a b
carry "by r" 8 0
start "$work/numbered.long" "$numbered" -r 1000 a="$a6" b="$b6"
long=$started
sleep 0.3
for change in "a s" "b s" "a r" "b r" "a s" "b s"; do
	go_by ${change% *} ${change#* }
	sleep 0.2
done
kill -TERM "$long"
wait "$long"
forget "$long"
say "changing: $(jq -c '{sent, lost, duplicated, reordered, changed}' "$work/numbered.long")"
jq -e '.sent > 1000 and .lost + .duplicated + .changed == 0' "$work/numbered.long" >/dev/null ||
	{ say "while it changed: $(cat "$work/numbered.long")" >&2; bad=1; }
carry "by s" 0 8
go_by a r
carry "there by r, back by s" 4 4
for node in $nodes; do
	settle $node
	expect $node '[.stages[] | select(.drops["no-route"]) | .drops["no-route"]] | add // 0 == 0'
	expect $node '[.stages[] | select(.drops.stale) | .drops.stale + .drops.duplicate + .drops.forged == 0] | all'
done
end_wire
[ $bad -eq 0 ] || lament "failed"
