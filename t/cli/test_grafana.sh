#!/bin/sh
# The dashboard and the alert rules of contrib/grafana against the /metrics of a running node: every metric
# that they name is there, with every label that they use.  Where promtool is installed, it reads the rules
# and /metrics, too, and sees which alerts are heard when (alerts.yml here).

. "${srcdir:-.}/t/lib/program.sh"
needs curl jq
own_folder grafana

# ---- two nodes that are linked, so that everything has samples ----
for name in a b; do
	"$millrace" keygen --out $name.key >$name.id || exit 99
done
npub() { sed -n 's/^npub *//p' "$1.id"; }
at=$(($$ / 250 % 250)).$(($$ % 250)) # of all that is loopback, a place of our own
cat >b.json <<END
{ "node": { "identity": { "key_file": "b.key" }, "control": { "enabled": false } },
  "transports": { "udp": { "bind_addr": "127.78.$at:2121" } }, "dns": { "enabled": false },
  "peers": [ { "npub": "$(npub a)", "alias": "a",
               "addresses": [ { "transport": "udp", "addr": "127.77.$at:2121" } ] } ],
  "graph": "fused", "http": { "listen": "off" } }
END
jq --arg npub "$(npub b)" --arg bind "127.77.$at:2121" --arg at "127.78.$at:2121" --arg http "unix:$dir/sock" '
	.node.identity.key_file = "a.key" | .transports.udp.bind_addr = $bind | .graph = "two-core" |
	.peers[0] = { npub: $npub, alias: "b\"\\\n", addresses: [ { transport: "udp", addr: $at } ] } |
	.http.listen = $http' b.json >a.json || exit 99
start a.log "$millrace" run -c a.json
node=$started
start b.log "$millrace" run -c b.json
node="$node $started"
metrics() { curl -sS --unix-socket "$dir/sock" http://localhost/metrics >metrics 2>/dev/null; }
linked() { metrics && grep -q '^millrace_peer_round_trip_seconds{' metrics; }
await 20 linked || die "the nodes do not link: $(cat a.log b.log)"

# ---- what is there: "family label" for each, and "family" ----
awk '
$1 == "#" && $2 == "TYPE" { print $3; type[$3] = $4
	if ($4 == "histogram") { print $3 "_bucket"; print $3 "_sum"; print $3 "_count" } next }
$1 == "#" { next }
{ name = $0; sub(/[{ ].*/, "", name); rest = $0
  if (index(rest, "{") == 0) next
  sub(/^[^{]*[{]/, "", rest)
  while (match(rest, /^,?[a-z_]+="([^"\\]|\\.)*"/)) {
	label = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
	sub(/^,/, "", label); sub(/=.*/, "", label); print name " " label; seen[name] = 1 } }
END { # a histogram appears with its first value, with the labels of the others
	for (name in type) if (type[name] == "histogram" && !(name "_bucket" in seen)) {
		print name "_bucket stage"; print name "_bucket le"; print name "_sum stage"; print name "_count stage" } }
' metrics | sort -u >there
grep -qx 'millrace_stage_wait_seconds_bucket stage' there || fail "no histogram of waits"
grep -qx 'millrace_peer_up npub' there || fail "no configured peer"
grep -q 'peer="b\\"\\\\\\n"' metrics || fail "the alias of a peer is not escaped"

if grep -q '^millrace_[a-z_]*_us_' there; then fail "a name with a word that promtool takes for a unit"; fi
grep -qx 'millrace_control_lookup_req_target_is_here_total' there || fail "no counter of control"

# ---- what is used: one line an expression ----
jq -e '.schemaVersion > 0 and (.panels | length) > 20 and .title == "millrace"' \
	"$top/contrib/grafana/millrace.json" >/dev/null || fail "millrace.json is no dashboard"
jq -r '.. | objects | (.expr, .definition) // empty | strings' "$top/contrib/grafana/millrace.json" >used
jq -r '[.panels[] | .id] | length - (unique | length)' "$top/contrib/grafana/millrace.json" | grep -qx 0 ||
	fail "two panels of one number"
# A rule's expression is on its line, or below it in lines that are further in.
awk '
/^ *expr:/ { sub(/^ *expr: */, ""); text = $0; more = text == ">-"; if (more) text = ""; else print text; next }
more && /^          / { sub(/^ */, ""); text = text " " $0; next }
more { print text; more = 0 }
' "$top/contrib/grafana/alerts.yml" >>used
[ "$(grep -c 'alert:' "$top/contrib/grafana/alerts.yml")" -le "$(wc -l <used)" ] || fail "an alert without an expression"

# Names; labels in braces and in by (...), of the metrics of the same expression.  node, instance and job are
# those of whoever asks; up is his, too.
awk '
function one(name, label) { if (label !~ /^(node|instance|job)$/) print name " " label }
{
	text = $0; n = 0; gsub(/"[^"]*"/, "\"\"", text)
	copy = text
	while (match(copy, /millrace_[a-z0-9_]+([{][^}]*[}])?/)) {
		piece = substr(copy, RSTART, RLENGTH); copy = substr(copy, RSTART + RLENGTH)
		name = piece; sub(/[{].*/, "", name); names[++n] = name; print name
		if (piece ~ /[{]/) {
			sub(/^[^{]*[{]/, "", piece); sub(/[}]$/, "", piece); k = split(piece, label, /, */)
			for (i = 1; i <= k; i++) { sub(/[=!~].*/, "", label[i]); one(name, label[i]) } } }
	while (match(text, /by \([^)]*\)/)) {
		piece = substr(text, RSTART + 4, RLENGTH - 5); text = substr(text, RSTART + RLENGTH)
		k = split(piece, label, /, */)
		for (i = 1; i <= k; i++) for (j = 1; j <= n; j++) one(names[j], label[i]) }
}' used | sort -u >wanted
[ "$(wc -l <wanted)" -gt 60 ] || fail "hardly anything is used: $(wc -l <wanted)"
while read -r line; do
	grep -qxF "$line" there || fail "not in /metrics: $line"
done <wanted

# Labels in legends and annotations: those of some metric, or of whoever asks.
{
	jq -r '.. | objects | (.legendFormat, .titleFormat) // empty | strings' "$top/contrib/grafana/millrace.json" |
		grep -o '{{[a-z_]*}}' | tr -d '{}'
	grep -o '\$labels\.[a-z_]*' "$top/contrib/grafana/alerts.yml" | sed 's/.*\.//'
} | sort -u | while read -r label; do
	case $label in node | instance) continue ;; esac
	grep -q " $label\$" there || echo "$label"
done >unknown
[ ! -s unknown ] || fail "no metric has the label $(tr '\n' ' ' <unknown)"

# Every alert is explained, and nothing that is none.
sed -n 's/^ *- alert: *//p' "$top/contrib/grafana/alerts.yml" | sort >alerts
sed -n 's/^### *\(Millrace[A-Za-z]*\).*/\1/p' "$top/contrib/grafana/README.md" | sort >explained
cmp -s alerts explained || fail "README.md and alerts.yml differ: $(diff alerts explained)"

# ---- by Prometheus itself ----
promtool=$(command -v promtool)
if [ -n "$promtool" ]; then
	"$promtool" check rules "$top/contrib/grafana/alerts.yml" >said 2>&1 || fail "promtool check rules: $(cat said)"
	"$promtool" check metrics <metrics >said 2>&1 || fail "promtool check metrics: $(cat said)"
	[ ! -s said ] || fail "promtool check metrics: $(cat said)"
	# What the dashboard asks, as rules: an expression that is none is refused.
	jq '[.. | objects | .expr // empty | gsub("\\[\\$__[a-z_]+\\]"; "[5m]")] |
		{ groups: [ { name: "dashboard", rules: [ to_entries[] | { record: "panel:\(.key)", expr: .value } ] } ] }' \
		"$top/contrib/grafana/millrace.json" >panels.yml
	"$promtool" check rules panels.yml >said 2>&1 || fail "promtool check rules, of the dashboard: $(cat said)"
	# When the alerts speak, and when they do not.
	cp "$top/contrib/grafana/alerts.yml" rules.yml && cp "$top/t/cli/alerts.yml" . || exit 99
	"$promtool" test rules alerts.yml >said 2>&1 || fail "promtool test rules: $(cat said)"
	for alert in $(cat alerts); do
		grep -qF "alertname=\"$alert\"" alerts.yml || fail "t/cli/alerts.yml never hears $alert"
	done
else
	echo "there is no promtool: rules and /metrics were not shown to it"
fi

for each in $node; do
	end "$each" || fail "a node ends with $?"
done
echo "$(wc -l <wanted) names and labels, $(wc -l <used) expressions, $failed failures"
[ $failed = 0 ]
