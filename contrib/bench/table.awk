# table.awk - the rows of bench tunnel as a text table, one part for each wire and measure.
# A star stands for each run more than 20 % from the median.
BEGIN { FS = "\t" }
{ part = $1 " " $2 }
part != last {
	printf "\n%s, wire %s, %s\n", $2, $1, $3
	printf "%-22s %5s %9s %9s %9s %6s %-3s %8s %7s %7s %8s %7s %7s %s\n", "", "MTU", "median", "lowest", "highest",
		"CoV %", "", "retrans.", ($2 ~ /^(udp|over)/ ? "s/Mpkt" : "s/Gbit"), "p50 ms", "p99 ms", "inside", "outside", "failed"
	last = part
}
{
	stars = substr("**********", 1, $10)
	printf "%-22s %5s %9s %9s %9s %6.1f %-3s %8s %7s %7s %8s %7s %7s %s\n", $4, $5, figure($6), figure($7), figure($8),
		$9, stars, figure($11), figure($12), figure($13), figure($14), whole($16), whole($17), ($15 > 0 ? $15 : "")
}
function figure(x) { return x == "-" ? x : x >= 100 ? sprintf("%.0f", x) : sprintf("%.2f", x) }
function whole(x) { return x == "-" ? x : sprintf("%.0f", x) }
