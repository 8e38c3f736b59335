# report.sh - what became of each measurement, and all of them together as medians.
# Sourced by tunnel and mesh, which set $work, $json (empty: a table), $seconds, $rounds, $candidates and
# $measures, and for each measurement $whole_name, $wire, $version, $mtu, $round and $others.

# record MEASURE JSON: a line in $work/results.
record()
{
	jq -nc --arg candidate "$whole_name" --arg wire "$wire" --arg measure "$1" --arg version "$version" \
		--argjson mtu "$mtu" --argjson round "$round" --argjson others "$others" \
		--arg offloads "${offloads-}" \
		"{ \$candidate, \$wire, \$measure, \$version, \$mtu, \$round, \$others, \$offloads } + $2" \
		>>"$work/results"
}

fail()
{
	record "$1" "$(jq -nc --arg why "$2" '{ failed: $why }')"
	say "$wire  $whole_name  $1: FAILED: $2" >&2
}

words()
{
	# shellcheck disable=SC2048,SC2086 # the names are words
	printf '%s\n' $* | jq -Rnc '[inputs | select(. != "")]'
}

# Rows: wire, measure, unit, candidate, mtu, median, min, max, CoV, outliers, retransmits, CPU, p50, p99,
# failures, bytes a packet inside and outside.
rows()
{
	jq -r --arg wires "$wires" --argjson measures "$(words "$measures")" '
		. as $all | ($wires | split(" "))[] as $wire | $measures[] as $measure
		| $all.candidates[] | select(.wire == $wire) | . as $c | .measures[] | select(.measure == $measure)
		| [$wire, $measure, .unit // "-", $c.candidate, $c.mtu, .median // "-", .min // "-", .max // "-",
		   (.cov // 0) * 100, (.runs | map(select(.outlier)) | length), .retransmits // "-",
		   .cpu_per_gbit // .cpu_per_mpacket // "-", .ping_p50 // "-", .ping_p99 // "-", (.failures | length),
		   .bytes_inside // "-", .bytes_outside // "-"] | @tsv' "$work/table"
}

# report SETTINGS WIRES: the medians of $work/results, as text, or as JSON with every measurement in it; $svg, if
# set, becomes a picture of them.
report()
{
	wires=$2
	machine=$(jq -nc --arg kernel "$(uname -r)" --argjson cores "$(nproc)" --arg iperf3 "$(iperf3 --version | head -n 1)" \
		--arg pinned "${pin-}" --arg settings "$1" \
		--arg processor "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" \
		'{ $kernel, $cores, $processor, $iperf3, pinned: ($pinned != ""), settings: ($settings | [splits(" *--set ")] | .[1:]) }')
	jq -s --argjson seconds "$seconds" --argjson rounds "$rounds" --argjson machine "$machine" \
		--argjson candidates "$(words "$candidates")" --argjson measures "$(words "$measures")" \
		--argjson missing "$(words "${missing-}")" -f "$top/contrib/bench/summary.jq" "$work/results" \
		>"$work/table" || die "the results could not be summed up"
	rows >"$work/rows"
	[ -z "${svg-}" ] || awk -f "$top/contrib/bench/plot.awk" "$work/rows" >"$svg"
	if [ -n "$json" ]; then
		jq . "$work/table"
		return
	fi
	jq -r '"\(.rounds) rounds of \(.seconds) s; \(.machine.cores) cores, \(.machine.processor), kernel \(.machine.kernel), \(.machine.iperf3)",
		(if .missing == [] then empty else "not installed: \(.missing | join(" "))" end),
		([.candidates[] | { candidate, version, offloads }] | unique[] | "\(.candidate): \(.version); \(.offloads)"),
		([.candidates[].measures[].runs[].others] | max // 0
		 | if . > 5 then "NOT QUIET: others used up to \(.) % of the cores before a candidate was started" else empty end)' \
		"$work/table"
	awk -f "$top/contrib/bench/table.awk" "$work/rows"
	jq -r '.candidates[] | . as $c | .measures[] | . as $m | .failures[]
		| "FAILED: \($c.wire) \($c.candidate) \($m.measure), round \(.round + 1): \(.why)"' "$work/table"
}
