# plot.awk - the rows of bench tunnel as an SVG: a bar for each median, a line from lowest to highest.
BEGIN { FS = "\t" }
{
	key = $1 "\t" $2
	if (!(key in first)) { first[key] = NR; order[++parts] = key; unit[key] = $3 }
	part[NR] = key; name[NR] = $4 " (" $5 ")"; median[NR] = $6; low[NR] = $7; high[NR] = $8
	if ($8 != "-" && $8 + 0 > top[key]) top[key] = $8
}
END {
	row = 20; left = 220; wide = 480
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		left + wide + 100, NR * row + parts * 44 + 10
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	y = 10
	for (p = 1; p <= parts; p++) {
		key = order[p]; split(key, word, "\t"); y += 24
		printf "<text x=\"10\" y=\"%d\" font-weight=\"bold\">%s, wire %s, %s</text>\n", y, word[2], word[1], unit[key]
		y += 8
		for (i = 1; i <= NR; i++) if (part[i] == key) y = bar(i, y, wide / ((top[key] > 0) ? top[key] : 1))
		y += 12
	}
	print "</svg>"
}
function bar(i, y, scale,    text) {
	printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left - 8, y + 14, safe(name[i])
	text = "failed"
	if (median[i] != "-") {
		printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", left, y + 3, median[i] * scale,
			row - 6, name[i] ~ /^(veth|ceiling|wireguard|boringtun|nebula|fips)/ ? "#9ab" : "#2a6"
		printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"black\"/>\n", left + low[i] * scale,
			left + high[i] * scale, y + row / 2, y + row / 2
		text = median[i] >= 100 ? sprintf("%.0f", median[i]) : sprintf("%.2f", median[i])
	}
	printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n", left + (median[i] == "-" ? 0 : high[i] * scale) + 6, y + 14, text
	return y + row
}
function safe(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); return s }
