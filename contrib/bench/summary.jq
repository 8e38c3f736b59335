# summary.jq - bench tunnel's measurements, one object each, to medians and the like.
#
# A value that is more than 20 % from the median of its runs is an outlier, which is marked and stays.
# A measurement that failed is counted and said, and enters nothing.

def sorted_middle: sort | if length == 0 then null
	elif length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def middle_of(f): [.[] | f | numbers] | sorted_middle;
def variation: if length < 2 then null else
	(add / length) as $mean
	| if $mean == 0 then null else ((map((. - $mean) * (. - $mean)) | add / (length - 1)) | sqrt) / $mean end
	end;

def summary:
	map(select(.failed | not)) as $good
	| ($good | middle_of(.value)) as $median
	| { measure: .[0].measure, unit: ($good[0].unit // null), median: $median,
	    min: ($good | map(.value) | min), max: ($good | map(.value) | max),
	    cov: ($good | map(.value) | variation),
	    retransmits: ($good | middle_of(.retransmits)), cpu_per_gbit: ($good | middle_of(.cpu_per_gbit)),
	    cpu_per_mpacket: ($good | middle_of(.cpu_per_mpacket)), late: ($good | middle_of(.late)),
	    cores_busy: ($good | middle_of(.cores_busy)),
	    ping_p50: ($good | middle_of(.ping.p50)), ping_p99: ($good | middle_of(.ping.p99)),
	    bytes_inside: ($good | middle_of(.bytes_a_packet.inside)),
	    bytes_outside: ($good | middle_of(.bytes_a_packet.outside)),
	    runs: ($good | map({ round, value, retransmits, cpu_per_gbit, ping, others,
	                         outlier: ((.value - $median) | fabs > 0.2 * $median) })),
	    failures: (map(select(.failed)) | map({ round, why: .failed })) };

def in_order($names; f): . as $all | $names | map(. as $name | $all | map(select(f == $name))) | add // [];

{ $machine, $seconds, $rounds, missing: $missing,
  candidates: [ group_by([.wire, .candidate])[]
  	| { candidate: .[0].candidate, wire: .[0].wire, version: .[0].version, mtu: .[0].mtu,
	    offloads: (map(.offloads // empty) | first // null),
	    measures: (group_by(.measure) | map(summary) | in_order($measures; .measure)) } ]
  | in_order($candidates; .candidate) }
