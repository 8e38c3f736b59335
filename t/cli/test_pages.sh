#!/bin/sh
# What a running node shows over HTTP: each path has its type and may be loaded by nobody else; names that look
# like markup come out as they went in; the page loads nothing but itself, and nothing it is told becomes markup.
# No device, no neighbour: nothing here needs rights.

. "${srcdir:-.}/t/lib/program.sh"
needs curl jq
own_folder pages

# is WHAT ONE OTHER
is() {
	count=$((count + 1))
	[ "$2" = "$3" ] || fail "$1: '$2' and not '$3'"
}

# get PATH: its head in ./head, its body in ./body
get() {
	curl -sS -D head -o body --unix-socket "$dir/sock" "http://localhost$1" || fail "no $1"
	tr -d '\r' <head >head.lf
}

# header NAME: its value
header() {
	sed -n "s/^$1: //p" head.lf
}

odd='"><img src=x onerror=alert(1)>&<!--'
jq --arg odd "$odd" '.graph = "odd" | .summary = $odd + "\n\\N{1} \"quoted\"" | .stages.rx.sojourn = 5000' \
	"$top/graphs/fused.json" >graph.json || exit 99
"$millrace" keygen --out key >id || exit 99
"$millrace" keygen --out other >other.id || exit 99
jq -n --arg odd "$odd" --arg npub "$(sed -n 's/^npub *//p' other.id)" --arg dir "$dir" '{
	node: { identity: { key_file: "key" }, control: { enabled: false } }, graph: "./graph.json",
	transports: { udp: { bind_addr: "127.0.0.1:0" } }, tun: { enabled: false }, dns: { enabled: false },
	http: { listen: ("unix:" + $dir + "/sock") },
	peers: [ { npub: $npub, alias: $odd, connect_policy: "manual", addresses: [ { transport: "udp", addr: "127.0.0.1:9" } ] } ] }' >n.json || exit 99
start_node -c n.json

nothing="default-src 'none'; frame-ancestors 'none'"
while read -r path type; do
	get "$path"
	is "$path" "$(head -n 1 head.lf)" "HTTP/1.1 200 OK"
	is "type of $path" "$(header Content-Type)" "$type"
	is "$path is sniffed" "$(header X-Content-Type-Options)" nosniff
	is "$path is kept" "$(header Cache-Control)" no-store
	is "$path is embedded" "$(header Cross-Origin-Resource-Policy)" same-origin
	case $path in
	/ | /page.*) header Content-Security-Policy | grep -q "^default-src 'none'; script-src 'self'; style-src 'self'; " &&
		! header Content-Security-Policy | grep -q unsafe || fail "$path: $(header Content-Security-Policy)" ;;
	*) is "policy of $path" "$(header Content-Security-Policy)" "$nothing" ;;
	esac
	case $type in
	application/json*) jq -e 'type == "object"' body >/dev/null || fail "$path is not an object" ;;
	esac
done <<END
/ text/html; charset=utf-8
/page.css text/css; charset=utf-8
/page.js text/javascript; charset=utf-8
/help text/plain; charset=utf-8
/stats application/json; charset=utf-8
/stats?hist=1 application/json; charset=utf-8
/metrics text/plain; version=0.0.4; charset=utf-8
/graph application/json; charset=utf-8
/graph?format=dot text/vnd.graphviz; charset=utf-8
/peers application/json; charset=utf-8
/config application/json; charset=utf-8
/live text/plain; charset=utf-8
END

# what was odd comes out the same, and is quoted where the form has quotes of its own
get /stats
is "summary in /stats" "$(jq -r .graph.summary body)" "$(jq -r .summary graph.json)"
get /graph
is "summary in /graph" "$(jq -r .summary body)" "$(jq -r .summary graph.json)"
get '/graph?format=dot'
grep -qF 'label="\"><img src=x onerror=alert(1)>&<!-- \\N{1} \"quoted\"";' body || fail "dot: $(grep -F img body)"
get /config
is "alias in /config" "$(jq -r '.peers[0].alias' body)" "$odd"
is "key file in /config" "$(jq -r '.node.identity.key_file' body)" key
! grep -q '"nsec"' body || fail "a key in /config"
get /peers
is "alias in /peers" "$(jq -r '.peers[0].alias' body)" "$odd"
is "node in /peers" "$(jq -r .node.npub body)" "$(sed -n 's/^npub *//p' id)"
get /metrics
! grep -q '^[^"]*"><img' body || fail "/metrics: $(grep img body)"
get '/<script>alert(1)</script>'
is "a path that is not there" "$(head -n 1 head.lf)" "HTTP/1.1 404 Not Found"
! grep -q script body || fail "what was asked for is repeated"

# all paths are listed, and the page is what was built from
get /help
for path in / /stats /metrics /graph /peers /config /ready /live; do
	grep -q "^$path " body || fail "/help does not have $path"
done
get /
cmp -s body "$top/cli/page/page.html" || fail "/ is not page.html"
! grep -Eq 'https?://|//[a-z]|<style|<script>| on[a-z]+=|style=' body || fail "the page has what it should load"
get /page.js
[ "$(grep -c "^'use strict';" body)" -eq "$(ls "$top"/cli/page/*.js | wc -l)" ] || fail "not all scripts are in /page.js"
! sed 's|http://www.w3.org/2000/svg||' body | grep -Eq 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|https?://' ||
	fail "a script makes markup of text, or loads something"

end "$node"
is "exit code" $? 0
echo "$count checks, $failed failed"
[ $failed -eq 0 ]
