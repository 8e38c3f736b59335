#!/bin/sh
# trace.sh - what `millrace trace` tells of packets between two nodes, each of whose stages has a thread of its own.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire trace staged
patient
start_wire

bad=0
wrong()
{
	say "$*" >&2
	bad=1
}

# begin NODE WORD...: a trace; what it says goes to $work/said, how it ends is $?'s of end_trace.
begin()
{
	tracing=$1
	shift
	"$millrace" trace -s "$work/$tracing.control" --json --seconds 20 "$@" >"$work/said" 2>"$work/why" &
	tracer=$!
	await 20 watched "$tracing" || wrong "$tracing: no trace began: $(cat "$work/why")"
}

# A node says of a second one first of all that there is one.
busy()
{
	"$millrace" trace -s "$work/$1.control" --stage nowhere 2>&1 | grep -q "somebody else"
}

free()
{
	! busy "$1"
}

watched()
{
	busy "$1" || ! kill -0 "$tracer" 2>/dev/null
}

# ended FILTER: it found what it was asked for, and this holds of it.
ended()
{
	wait "$tracer" || { wrong "$(cat "$work/why")"; return; }
	jq -es "$1" "$work/said" >"$work/jq" 2>&1 || wrong "not $1: $(head -c 2000 "$work/said")"
}

ping_b()
{
	ip netns exec a ping -6 -q -c 20 -i 0.02 -W 2 "$b6" >"$work/ping" || wrong "no answer: $(cat "$work/ping")"
}

whole='length > 0 and all(.ended and .complete and .session == "b" and .link == "b") and all(.total_ns > 0) and'

# an echo request on its way out, and the answer on its way in
begin a --peer b --stage tun-read --count 3
ping_b
ended "$whole length == 3 and
	all([.steps[].stage] == [\"tun-read\", \"route\", \"fsp-seal\", \"fmp-seal\", \"tx-gso\"]) and
	all(.steps[4].how == \"sent\" and .steps[0].bytes == 104 and .steps[4].bytes > 104) and
	all([.steps[:-1][] | .what] | unique == [\"out\"]) and
	all(.total_ns == ([.steps[] | .waited_ns + .served_ns] | add))"

begin a --peer "$b6" --stage tun-write
ping_b
ended "$whole length == 1 and .[0].steps[-1].how == \"delivered\" and
	([.[0].steps[].stage] == [\"rx\", \"fmp-open\", \"fsp-open\", \"tun-write\"])"

# the same packets at the other end
begin b --peer a --stage tun-write
ping_b
ended 'length == 1 and .[0].session == "a" and .[0].steps[-1].how == "delivered"'

# what is no frame, from a program beside the node
junk()
{
	while kill -0 "$tracer" 2>/dev/null; do
		ip netns exec b bash -c "printf 'nothing of a frame' >/dev/udp/$(wire_address b)/2121"
		sleep 0.05
	done
}
begin b --drop any
junk
ended 'length == 1 and (.[0].steps | length == 1) and .[0].steps[0].stage == "rx" and
	.[0].steps[0].what == "drop" and .[0].steps[0].port != null and .[0].link == null'
name=$(jq -r '.steps[0].port' "$work/said")
begin b --drop "rx $name"
junk
ended ".[0].steps[0].port == \"$name\""

# for people; and no payload, whatever it is
"$millrace" trace -s "$work/a.control" --peer b --stage tun-read --seconds 20 >"$work/said" 2>"$work/why" &
tracer=$!
ping_b
wait "$tracer" || wrong "$(cat "$work/why")"
grep -q "^packet 1 at .*session b" "$work/said" && grep -q "^  stage .*waited .*served" "$work/said" ||
	wrong "for people: $(cat "$work/said")"

# mistakes have sentences
refused()
{
	said=$1
	shift
	"$millrace" trace -s "$work/a.control" "$@" >"$work/said" 2>"$work/why" && wrong "$* is taken"
	grep -q "$said" "$work/why" || wrong "$*: $(cat "$work/why")"
}
refused 'no packet ends by .*replayd.*fmp-open unknown-index, not-yet' --drop replayd
refused 'no stage .*there are' --stage fmp-opn
refused 'no node is called' --peer nobody
refused 'not a number in \[1, 1000\]' --count 0
refused '0 of 1: the time is over; 0 packets' --seconds 1 --every 1000000 --drop "rx.frames"

# who goes away without a word leaves nothing behind; nor does another graph
begin a --drop tx-gso.tcp
kill -KILL "$tracer"
wait "$tracer" 2>/dev/null
busy a || wrong "it is over at once"
await 20 free a || wrong "a trace of somebody who is gone goes on"
begin a --drop tx-gso.tcp
kill -INT "$tracer"
wait "$tracer"
grep -q "0 of 1: interrupted" "$work/why" || wrong "^C: $(cat "$work/why")"
begin a --drop tx-gso.tcp
jq '.graph = "two-core"' "$work/a.json" >"$work/a.new" && mv "$work/a.new" "$work/a.json" || die "no node file"
"$millrace" reload -c "$work/a.json" >"$work/reload" 2>&1 || wrong "$(cat "$work/reload")"
wait "$tracer" && wrong "a trace outlives its graph"
grep -q "another graph" "$work/why" || wrong "reload: $(cat "$work/why")"
begin a --peer b --stage tun-read
ping_b
ended "$whole .[0].steps[-1].how == \"sent\""

settle a
settle b
end_wire
[ "$bad" -eq 0 ]
