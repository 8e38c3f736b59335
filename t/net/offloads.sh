#!/bin/sh
# offloads.sh - R3: what the TUN device can do is used, and what it cannot is not missed.
#
#     node a: as the round says                     node b: all there is
#
#   on         all there is: TCP is read and written as super-packets
#   no-uso     tun.uso is false: TCP still is
#   off        tun.offload is false: every read and write is one packet
#   uso        the kernel refuses super-packets of UDP (before 6.2), as t/net/refuse makes it do
#   offloads   it refuses all of them: those that we write are taken all the same
#   header     it has not even the header in front of packets
#
# In each round numbered UDP comes whole both ways, TCP flows both ways, and every stage accounts for every
# packet.  That bad checksums stay bad, and what becomes one, is shown by t/stages/test_merge.c.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire offloads fused
patient
program=$millrace
refuse=${millrace%/*}/t/net/refuse
bad=0

# older WHAT: from here on $millrace finds a kernel without it
older()
{
	millrace=$work/older
	printf '#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' "$refuse" "$1" "$program" >"$millrace" &&
		chmod +x "$millrace"
}

# super NODE KIND YES-OR-NO: did the stage exchange super-packets with the device?
super()
{
	case $3 in
	yes) expect "$1" "[.stages[] | select(.kind == \"$2\") | .counters[\"super-packets\"]] | add > 0" ;;
	no) expect "$1" "[.stages[] | select(.kind == \"$2\") | .counters[\"super-packets\"]] | add == 0" ;;
	esac
}

# traffic: numbered packets, then a stream each way
traffic()
{
	roomy a b
	finish "$numbered" -r 500 -n 100 -s 700 "a=$a6" "b=$b6" >"$work/numbers" ||
		lament "$round: numbered packets: $(cat "$work/numbers")"
	serve_streams "$b6"
	stream "$b6" 24M --bidir
	end "$server"
	[ "$(jq '.end.sum_received.bytes' "$work/iperf3.json")" -gt 100000 ] &&
		[ "$(jq '.end.sum_received_bidir_reverse.bytes' "$work/iperf3.json")" -gt 100000 ] ||
		lament "$round: TCP did not flow both ways"
}

# play ROUND WORDS-OF-THE-LOG READS-SUPER WRITES-SUPER [OPTION]...
play()
{
	round=$1 words=$2 reads=$3 writes=$4
	shift 4
	start_relay
	start_node a "$@"
	millrace=$program
	start_node b
	await_reach a b
	traffic
	settle a
	settle b
	grep -q "TUN fips0: MTU 1280, queues: [18], $words\$" "$work/a.log" || {
		say "$round: a does not say: $words" >&2
		bad=1
	}
	super a tun-read "$reads"
	super a tun-write "$writes"
	super b tun-write yes
	super b tun-read yes
	for node in a b; do
		expect $node '[.stages[] | select(.kind == "tun-read") |
			.counters.segments <= .packets.made and .drops["bad-offload"] + .drops["too-big"] == 0] | all'
		expect $node '[.stages[] | select(.kind == "tun-write") |
			.counters.refused == 0 and .counters["write-calls"] <= .packets.taken] | all'
	done
	end_wire
	say "$round: $mbits Mbit/s there"
}

play on 'TSO.*' yes yes
play no-uso TSO yes yes --set tun.uso=false
play off 'no offloads' no no --set tun.offload=false
older uso
play uso TSO yes yes
older offloads
play offloads 'no offloads, which the kernel refused' no yes
older header
play header 'no offloads, which the kernel refused' no no
[ $bad -eq 0 ] || lament "failed"
