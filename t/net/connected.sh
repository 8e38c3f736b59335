#!/bin/sh
# connected.sh - neighbours with sockets of their own (transports.udp.connected): a star, a in the middle.
#
#   off        a's descriptors are as many as without neighbours' sockets (R16)
#   made       one descriptor more for each neighbour, and most frames go by these, both ways
#   moved      both neighbours move, as a sees them, and come back: sockets follow
#   reloaded   a gets other graphs and goes on with the sockets it has
#   restarted  b ends and begins anew: its socket is given up, and there is one again
#   capped     a may open one socket more, and no other: c goes by the shared one (R16)
#
# In all of them but `restarted' numbered packets flow meanwhile, both ways between a and each of the others:
# 0 lost, 0 doubled, 0 late, 0 changed (R26).  No nonce is used twice, packets are conserved, all end with 0
# on SIGTERM.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
begin_wire connected fused
patient
for node in a b c; do
	lay_node $node
done
join_nodes a b c
join_nodes b a
join_nodes c a
a6=$(mesh_address a) b6=$(mesh_address b) c6=$(mesh_address c)
bad=0

# set_files FILTER: all three nodes' files
set_files()
{
	for node in a b c; do
		jq "$1" "$work/$node.json" >"$work/more.json" && mv "$work/more.json" "$work/$node.json" ||
			die "no file"
	done
}

descriptors()
{
	ls "/proc/$node_a/fd" | wc -l
}

# The number of a's next descriptor: it may have inherited higher ones.
lowest_free()
{
	n=0
	while [ -e "/proc/$node_a/fd/$n" ]; do
		n=$((n + 1))
	done
	echo $n
}

# counted NODE KIND COUNTER, of what settle found
counted()
{
	jq "[.stages[] | select(.kind == \"$2\") | $3 // 0] | add // 0" "$work/$1.stats"
}

# sockets: how many a has open now
sockets()
{
	page a /stats a.stats
	echo $(($(counted a control '.counters["sockets-connected"]') -
		$(counted a control '.counters["sockets-closed"]')))
}

has()
{
	[ "$(sockets)" -eq "$1" ]
}

made()
{
	page a /stats a.stats
	[ "$(counted a control '.counters["sockets-connected"]')" -ge "$1" ]
}

# flow SECONDS: numbered packets; $numbering is who sends them
flow()
{
	start "$work/numbers" "$numbered" -r 500 -n $((500 * $1)) -f 2 -s 700 -q 1000 "a=$a6" "b=$b6" "c=$c6"
	numbering=$started
}

flown()
{
	wait "$numbering" || wrong "$(jq -c '.flows[] | select(.lost + .duplicated + .late + .changed > 0)' "$work/numbers")"
	forget "$numbering"
	settle a
}

start_all()
{
	start_node a
	start_node b
	start_node c
	await_reach a b
	await_reach a c
	roomy a b c
}

: >"$work/rules"
start_relay -f "$work/rules"

row=off
start_all
flow 2
sleep 1.5
without=$(descriptors) free=$(lowest_free)
flown
[ "$(counted a tx-gso '.counters["connected-frames"]')" = 0 ] || wrong "frames by sockets there are not"
end_all_nodes

row=made
set_files '.transports.udp.connected = true'
start_all
flow 3
await 20 has 2 || wrong "a has $(sockets) sockets"
flown
# two more in the stages, to wait with
[ "$(descriptors)" -eq $((without + 4)) ] || wrong "$(descriptors) descriptors, and $without without"
by=$(counted a tx-gso '.counters["connected-frames"]') all=$(counted a tx-gso .packets.taken)
from=$(counted a rx '.counters["connected-datagrams"]') came=$(counted a rx .packets.made)
say "$by of $all frames and $from of $came datagrams of a's by connected sockets"
[ "$by" -gt $((all / 2)) ] && [ "$from" -gt $((came / 2)) ] || wrong "most go by the shared one"
[ "$(counted a tx-gso '.counters["connected-errors"]')" = 0 ] || wrong "errors"
# the tick has come by a few times more
[ "$(counted a control '.counters["sockets-connected"]')" -eq 2 ] || wrong "they are made again and again"

row=moved
had=$(counted a control '.counters["sockets-connected"]')
flow 12
# b and c are seen at other addresses, twice, and then at their own again; old ones stay good
: >"$work/rules"
for places in "71:4001 72:4002" "73:4001 72:4003" "2:2121 3:2121"; do
	printf 'roam=10.77.0.%s from=b\nroam=10.77.0.%s from=c\n' $places >>"$work/rules"
	kill -HUP "$relay_pid"
	had=$((had + 2))
	await 20 made $had || wrong "no sockets for $places"
done
await 20 has 2 || wrong "a has $(sockets) sockets"
flown
[ "$(descriptors)" -eq $((without + 4)) ] || wrong "$(descriptors) descriptors"

row=reloaded
flow 6
for graph in staged two-core dealt fused; do
	sleep 1
	jq ".graph = \"$graph\"" "$work/a.json" >"$work/more.json" && mv "$work/more.json" "$work/a.json"
	"$millrace" reload -c "$work/a.json" --unix "$work/a.sock" >"$work/said" 2>&1 || wrong "$(cat "$work/said")"
done
flown
has 2 || wrong "a has $(sockets) sockets"
[ "$(descriptors)" -eq $((without + 4)) ] || wrong "$(descriptors) descriptors"
before=$(counted a tx-gso '.counters["connected-frames"]')
flow 1
flown
[ "$(counted a tx-gso '.counters["connected-frames"]')" -gt $((before + 900)) ] || wrong "they are not used"

row=restarted
settle b
end "$node_b" || wrong "b ended with $?"
await 20 has 1 || wrong "a has $(sockets) sockets"
start_node b
await_reach a b
roomy b
await 20 has 2 || wrong "a has $(sockets) sockets"
flow 2
flown
end_all_nodes

row=capped
limited=$millrace
printf '#!/bin/sh\nulimit -S -n %d && exec "%s" "$@"\n' $((free + 2 + 1 + 64)) "$limited" >"$work/limited" &&
	chmod +x "$work/limited"
millrace=$work/limited
start_node a
millrace=$limited
start_node b
start_node c
await_reach a b
await_reach a c
roomy a b c
flow 4
await 20 made 1 || wrong "no socket at all"
flown
say "capped: $(sockets) sockets, $(descriptors) descriptors, refused $(counted a control '.counters["sockets-capped"]') times"
has 1 || wrong "a has $(sockets) sockets"
[ "$(counted a control '.counters["sockets-capped"]')" -gt 0 ] || wrong "nothing was refused"
end_all_nodes
end "$relay_pid" || wrong "the relay: $(cat "$work/relay.log")"
[ $bad -eq 0 ] || lament "failed"
