# measures.sh - what bench tunnel measures of a candidate that runs.
# Sourced by tunnel.  A measure sets $result, a JSON object with at least `value`, or fails with $why.
#
#   tcpN    N TCP streams from a to b, Mbit/s
#   revN    N TCP streams from b to a
#   bothN   N TCP streams each way at once, Mbit/s of both together
#   udpN    UDP packets of N bytes a second, from a to b: the highest rate tried at which at most 1 %
#           is lost, found by halving the range from 2000 to 2000000 nine times
#   overN   packets of N bytes at twice that rate: what comes through, in % of the most that did at any
#   idle    nothing but the ping: its median, ms
#   rest    nothing at all: what both ends take of a core, %
#
# a and b are the namespaces $from and $to, whose side of the wire are devices veth-$from and veth-$to.
#
# During all but the last a ping runs 100 times a second, and the time that all cores together are not idle is
# read from /proc/stat, interrupts included.

from=a to=b

measure()
{
	result='' why=''
	case $1 in
	tcp[1-9]*) tcp "${1#tcp}" ;;
	rev[1-9]*) tcp "${1#rev}" -R ;;
	both[1-9]*) tcp "${1#both}" --bidir ;;
	udp*)
		knee_of=''
		udp "${1#udp}" && knee_of=${1#udp}
		;;
	over*) over "${1#over}" ;;
	idle) idle ;;
	rest) rest ;;
	esac
}

is_measure()
{
	case $1 in
	idle | rest) return 0 ;;
	udp* | over*)
		bytes=${1#udp} bytes=${bytes#over}
		case $bytes in
		[89] | [1-9][0-9] | [1-9][0-9][0-9] | 1[0-3][0-9][0-9] | 1400) return 0 ;;
		esac
		;;
	tcp[1-9] | rev[1-9] | both[1-9] | tcp[1-9][0-9] | rev[1-9][0-9] | both[1-9][0-9]) return 0 ;;
	esac
	return 1
}

# ---- the machine ----

# Hundredths of a second in which cores were not idle, since it was started.
busy()
{
	read -r _ user nice system _ _ irq soft _ </proc/stat
	echo $((user + nice + system + irq + soft))
}

# Percent of all cores that others use now, before anything is started.
others()
{
	{ cat /proc/stat && sleep 1 && cat /proc/stat; } | awk '
		$1 == "cpu" {
			idle = $5 + $6 - idle; all = $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9 - all
		}
		END { print (all > 0 ? int(100 * (all - idle) / all) : 0) }'
}

# bytes and packets that went into a device of namespace $from, as the kernel counts: a super-packet is one.
sent_by()
{
	ip netns exec "$from" cat "/sys/class/net/$1/statistics/tx_bytes" \
		"/sys/class/net/$1/statistics/tx_packets" 2>/dev/null || printf '0\n0\n'
}

# mean BEFORE AFTER: bytes a packet between two calls of sent_by.
mean()
{
	printf '%s\n%s\n' "$1" "$2" | awk '
		{ n[NR] = $1 }
		END { packets = n[4] - n[2]; print (packets > 0 ? int((n[3] - n[1]) / packets) : 0) }'
}

# ---- ping ----

start_ping()
{
	start "$work/ping" ip netns exec "$from" ping -n -i 0.01 -w "$1" "$far"
	pinging=$started
}

# $ping: what became of it.
end_ping()
{
	wait "$pinging" 2>/dev/null
	forget "$pinging"
	ping=$(sed -n 's/.*time=\([0-9.]*\).*/\1/p' "$work/ping" | sort -n | awk -v asked="$(sed -n \
		's/^\([0-9]*\) packets transmitted.*/\1/p' "$work/ping")" '
		{ t[NR] = $1 }
		END {
			if (!NR) { print "null"; exit }
			printf "{\"p50\":%s,\"p99\":%s,\"max\":%s,\"lost\":%d}\n", t[int((NR + 1) / 2)],
				t[int(NR * 0.99 + 0.999)], t[NR], asked - NR
		}')
}

idle()
{
	busy_before=$(busy)
	start_ping "$seconds"
	end_ping
	[ "$ping" != null ] || {
		why="no answer to a ping"
		return 1
	}
	result=$(jq -nc "{ value: $ping.p50, unit: \"ms\", ping: $ping,
		cores_busy: (($(busy) - $busy_before) / 100 / $seconds) }")
}

# Hundredths of a second that the processes of both ends have run.
own_time()
{
	for pid in $pids; do
		sed 's/.*) //' "/proc/$pid/stat"
	done | awk '{ n += $12 + $13 } END { print n + 0 }'
}

rest()
{
	rest_before=$(own_time)
	sleep "$seconds"
	result=$(jq -nc "{ value: (($(own_time) - $rest_before) / $seconds), unit: \"% of a core\" }")
}

# ---- iperf3 ----

# iperf SECONDS [option]...: a client in a, a server in b; its JSON in $work/iperf3.json.
iperf()
{
	iperf_for=$1
	shift
	start "$work/iperf3.log" ip netns exec "$to" iperf3 -s -1 -B "$far"
	serving=$started
	await 5 listening || {
		why="iperf3 does not listen"
		end "$serving"
		return 1
	}
	finish timeout $((iperf_for + 15)) ip netns exec "$from" iperf3 -J -c "$far" -t "$iperf_for" "$@" \
		>"$work/iperf3.json" 2>&1
	iperf_code=$?
	end "$serving"
	[ "$iperf_code" -eq 0 ] || {
		why="iperf3: $(jq -r '.error // "failed"' "$work/iperf3.json" 2>/dev/null || echo "ended with $iperf_code")"
		return 1
	}
}

# tcp STREAMS [option]
tcp()
{
	streams=$1
	shift
	inner_before=$(sent_by "$device") outer_before=$(sent_by "veth-$from")
	start_ping "$seconds"
	busy_before=$(busy)
	iperf "$seconds" -P "$streams" "$@"
	iperf_code=$?
	busy_after=$(busy)
	end_ping
	[ "$iperf_code" -eq 0 ] || return 1
	result=$(jq -c --argjson ping "$ping" --argjson busy "$((busy_after - busy_before))" \
		--argjson inner "$(mean "$inner_before" "$(sent_by "$device")")" \
		--argjson outer "$(mean "$outer_before" "$(sent_by "veth-$from")")" '
		[.end.sum_received, .end.sum_received_bidir_reverse // empty] as $all
		| ($all | map(.bytes) | add * 8 / 1e9) as $gbits
		| { value: ($all | map(.bits_per_second) | add / 1e6), unit: "Mbit/s", $ping,
		    retransmits: ([.end.sum_sent, .end.sum_sent_bidir_reverse // empty] | map(.retransmits // 0) | add),
		    cpu_per_gbit: (if $gbits > 0 then $busy / 100 / $gbits else null end),
		    bytes_a_packet: { inside: $inner, outside: $outer } }' "$work/iperf3.json") && [ -n "$result" ] || {
		why="iperf3 did not say what it measured"
		return 1
	}
	[ "$(printf '%s' "$result" | jq '.value > 0')" = true ] || {
		why="nothing came through"
		return 1
	}
}

# ---- UDP ----

# offer BYTES RATE MS: packets of that size from a to b at that rate; $flood is what became of them, with
# the ping and the time that cores were busy.
offer()
{
	start "$work/flood.at" ip netns exec "$to" "$folder/contrib/bench/flood" at "$far"
	receiving=$started
	await 5 flood_listens || {
		why="the receiver does not listen"
		end "$receiving"
		return 1
	}
	start_ping $(($3 / 1000 + 5))
	busy_before=$(busy)
	finish ip netns exec "$from" "$folder/contrib/bench/flood" to "$far" "$1" "$2" "$3" >"$work/flood.to" 2>&1
	offer_code=$?
	busy_after=$(busy)
	kill -INT "$pinging" 2>/dev/null
	end_ping
	[ "$offer_code" -eq 0 ] || {
		why=$(cat "$work/flood.to")
		end "$receiving"
		return 1
	}
	wait "$receiving" 2>/dev/null
	forget "$receiving"
	flood=$(jq -sc --argjson asked "$2" --argjson ping "$ping" --argjson busy $((busy_after - busy_before)) '
		add | . + { $asked, $ping, rate: (.received * 1e9 / .ns | round), offered: (.sent * 1e9 / .ns | round),
			    cpu_per_mpacket: (if .received > 0 then $busy / 100 / .received * 1e6 else null end) }' \
		"$work/flood.to" "$work/flood.at")
}

flood_listens()
{
	ip netns exec "$to" ss -Hlun 'sport = :7800' | grep -q .
}

# holds BYTES RATE: for a second, at most 1 % lost, and at least 95 % of what was asked for sent?  In one of
# two tries: a machine that looks away for a moment is not what is measured.
holds()
{
	for _ in 1 2; do
		offer "$1" "$2" 1000 || continue
		peak=$(printf '%s' "$flood" | jq "[.rate, $peak] | max")
		printf '%s' "$flood" | jq -e '.offered >= 0.95 * .asked and .received >= 0.99 * .sent' >/dev/null && return 0
	done
	return 1
}

# udp BYTES: leaves $knee, and $peak, the most that came through at any rate.
udp()
{
	low=2000 high=2000000 step=0 knee='' peak=0 why=''
	while [ "$step" -lt 9 ]; do
		step=$((step + 1))
		rate=$(awk "BEGIN { printf \"%d\", sqrt($low * $high) }")
		if holds "$1" "$rate"; then
			knee=$rate low=$rate best=$flood
		else
			high=$rate
		fi
	done
	[ -n "$knee" ] || {
		why=${why:-"no rate above 2000 packets a second was held"}
		return 1
	}
	result=$(printf '%s' "$best" | jq -c '{ value: .rate, unit: "packets/s", late, ping, cpu_per_mpacket }')
}

# over BYTES: twice the rate at the knee, which is looked for unless it was just now.
over()
{
	[ "${knee_of-}" = "$1" ] || udp "$1" || return 1
	offer "$1" $((knee * 2)) $((seconds * 1000)) || return 1
	result=$(printf '%s' "$flood" | jq -c --argjson peak "$peak" \
		'{ value: (.rate / $peak * 100), unit: "% of the most", late, ping, cpu_per_mpacket, offered, rate }')
}
