#!/bin/sh
# bench.sh - contrib/bench says what it measured, and of what failed that it failed.
#
#   - each command has its help; wrong options are refused with a sentence
#   - a short run of bare veth, the model tunnel and a graph, as JSON and as a picture
#   - a candidate that does not start is a failure of each measure and nowhere a 0
#   - a stage alone, in its three vector sizes

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
built=${MILLRACE:?the program, as make check sets it}
BENCH_BUILD=${built%/*}
export BENCH_BUILD
unset MAKEFLAGS MAKELEVEL MFLAGS
for tool in ethtool awk; do
	command -v $tool >/dev/null || skip "there is no $tool"
done
bench()
{
	/bin/sh "$top/contrib/bench/bench" "$@"
}
work_in bench

# ---- what is asked for wrongly ----
bench --help | grep -q 'bench tunnel' || die "bench has no help"
bench stage --help | grep -q -e '--bytes N' || die "bench stage has no help"
bench tunnel --help | grep -q -e '--rounds N' || die "bench tunnel has no help"
while read -r options; do
	# shellcheck disable=SC2086 # the options are words
	! bench $options >"$work/said" 2>&1 || die "bench $options was not refused"
	[ "$(wc -l <"$work/said")" -eq 1 ] || die "bench $options: $(cat "$work/said")"
done <<END
nothing
tunnel --frobnicate
tunnel --rounds
tunnel --rounds 0
tunnel --seconds 1x
tunnel --mtu none
tunnel --measures tcp0
tunnel --measures udp7
tunnel --measures over1401
tunnel --wire thin
tunnel --candidates nothing
tunnel --candidates veth@big
transit --rounds 0
transit --measures rest
transit --measures over64
transit --candidates nothing
transit --candidates fips
transit --ends nothing
mesh --rounds 0
mesh --measures aa
mesh --measures af
mesh --candidates nothing
mesh --candidates a=fused
mesh --candidates fused,c=nothing
mesh --candidates fips
stage --bytes 1
stage --bytes 4000
stage nothing
END

# ---- a stage alone ----
bench stage --ms 1 --json fmp-seal route >"$work/stage" || die "bench stage failed"
jq -e '.bytes == 1280 and ([.stages[] | [.stage, .vector]] == [["route", 1], ["route", 16], ["route", 64],
	["fmp-seal", 1], ["fmp-seal", 16], ["fmp-seal", 64]]) and all(.stages[]; .calls > 0 and (.ns | type) == "number")' \
	"$work/stage" >/dev/null || die "bench stage said: $(cat "$work/stage")"

# Sockets and pairs in the place of the device: one system call takes a whole vector.
for bytes in 64 1280 1395; do
	bench stage --ms 1 --json --bytes $bytes open tun-write rx-train rx tx-gso tun-read seal >"$work/stage" ||
		die "bench stage --bytes $bytes failed"
	jq -e '([.stages[] | .stage] | unique) == ["open", "rx", "rx-train", "seal", "tun-read", "tun-write", "tx-gso"] and
		(.stages | length) == 21 and all(.stages[]; .calls > 0 and
		.system_calls == (if .stage == "seal" or .stage == "open" then 0 else 1 end))' "$work/stage" >/dev/null ||
		die "bench stage --bytes $bytes said: $(cat "$work/stage")"
done

# ---- a short run, one candidate of which does not start ----
for tool in unshare ip ping iperf3 jq ss; do
	command -v $tool >/dev/null || skip "there is no $tool"
done
[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
flags=-nm
[ "$(id -u)" -eq 0 ] || flags=-Urnm
unshare $flags true 2>/dev/null || skip "no network namespaces for $(id -un)"
FIPS=$work/fips
printf '#!/bin/sh\nexit 1\n' >"$FIPS" && chmod +x "$FIPS"
export FIPS
bench tunnel --seconds 1 --rounds 1 --measures "tcp1 idle" --candidates "veth ceiling@1395 fused fips" \
	--wire "pass segmented" --json --svg "$work/svg" >"$work/json" 2>"$work/said" ||
	die "bench tunnel failed: $(cat "$work/said")"
jq -e '
	[.candidates[] | [.candidate, .wire, .mtu]] == [["veth", "pass", 1500], ["veth", "segmented", 1500],
		["ceiling@1395", "pass", 1395], ["ceiling@1395", "segmented", 1395], ["fused", "pass", 1280],
		["fused", "segmented", 1280], ["fips", "pass", 1280], ["fips", "segmented", 1280]] and
	all(.candidates[]; [.measures[].measure] == ["tcp1", "idle"]) and
	all(.candidates[] | select(.candidate != "fips") | .measures[];
		.median > 0 and .min <= .median and .median <= .max and (.runs | length) == 1 and .failures == []) and
	all(.candidates[] | select(.candidate == "fips") | .measures[];
		.median == null and .runs == [] and (.failures | length) == 1)' "$work/json" >/dev/null ||
	die "bench tunnel said: $(cat "$work/json") $(cat "$work/said")"
# What crosses: super-packets, unless the wire cuts them.
jq -e '[.candidates[] | select(.candidate == "ceiling@1395") | .measures[0].bytes_outside]
	| .[0] > 3000 and .[1] < 1501' "$work/json" >/dev/null || die "the wire was not what it was to be: $(cat "$work/json")"
[ "$(head -c 4 "$work/svg")" = "<svg" ] && tail -n 1 "$work/svg" | grep -q '^</svg>$' || die "no picture"
[ "$(grep -c '>failed<' "$work/svg")" -eq 4 ] || die "the picture does not say what failed"
# Through a node: it counts what the middle took; one that does not start is a failure.
bench transit --seconds 1 --rounds 1 --measures "tcp1" --candidates "router fips" --ends fused --json \
	>"$work/json" 2>"$work/said"
jq -e '
	[.candidates[] | [.candidate, [.measures[].measure]]] == [["router", ["tcp1", "tcp1-share", "tcp1-cost"]],
		["fips", ["tcp1"]]] and
	all(.candidates[0].measures[]; .median > 0 and .failures == []) and
	(.candidates[1].measures[0] | .median == null and (.failures | length) == 1)' "$work/json" >/dev/null ||
	die "bench transit said: $(cat "$work/json") $(cat "$work/said")"
say "bench: help, options, stage and tunnel are as they should be"
