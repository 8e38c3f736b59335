#!/bin/sh
# page.sh - the live page in a headless Chromium: the graph is drawn, numbers move, drops have names, a stage
# opens, a node that is away is told of.
#
#     a: fsp-open > impair > tun-write, which loses one packet in five  <-- pings -->  b (fused)
#
# The browser runs in a's network namespace, so there is nothing but the node to ask.  Names in the node file
# and in the graph are such that a page which took them for markup would show it.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/net/wire.sh"
for chromium in "${CHROMIUM-}" chromium chromium-browser google-chrome none; do
	[ -z "$chromium" ] || [ "$chromium" = none ] || ! command -v "$chromium" >/dev/null || break
done
[ "$chromium" != none ] || skip "there is no chromium"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null || skip "there is no python3"
chromium=$(command -v "$chromium")
enter_or_skip "$0" "$@"
lay_wire page fused
jq '.graph = "page" | .summary = "<b>bold</b> & \"quoted\"" | .stages.impair = { loss: 20 } |
	(.edges[] | select(.from == "fsp-open.ip") | .to) = "impair.in" |
	.edges += [ { from: "impair.out", to: "tun-write.ip", full: "drop" } ] |
	.workers.data.stages += ["impair"]' "$top/graphs/fused.json" >"$work/page.json" || die "no graph"
jq --arg graph "$work/page.json" '.graph = $graph | .http.listen = "127.0.0.1:9180" |
	.peers[0].alias = "<img src=x onerror=alert(1)>"' "$work/a.json" >"$work/new" &&
	mv "$work/new" "$work/a.json" || die "no file for a"
bad=0

# browse: steps from standard input
browse()
{
	ip netns exec a python3 "$top/t/net/browse.py" "$chromium" http://127.0.0.1:9180/ || {
		say "$1" >&2
		bad=1
	}
}

start_relay
for node in a b; do
	start_node $node
done
await 20 ip netns exec a ping -6 -c 1 -W 1 "$b6" || lament "b does not answer"
start "$work/ping" ip netns exec a ping -6 -q -c 3000 -i 0.02 -W 2 "$b6"
names=$(jq -c '.stages | keys - ["tcp", "ethernet"]' "$work/page.json")
refusals=$(sed -n "s/^	'\(node-[a-z-]*\)':.*/\"\1\"/p" "$top/cli/page/findings.js" | paste -sd, -)

browse "the page is not as it should be" <<END
wait document.querySelectorAll('g.stage').length > 0
check JSON.stringify([...document.querySelectorAll('g.stage')].map(g => g.dataset.stage).sort()) === '$names'
check document.querySelectorAll('g.edge').length >= 18
wait [...document.querySelectorAll('.edge.moving .rate')].some(t => /[0-9]\/s/.test(t.textContent))
wait [...document.querySelectorAll('#drops tr.bad')].some(r => /impair.*loss.*\/s/.test(r.textContent))
wait /impair drops packets: loss/.test(document.querySelector('#findings').textContent)
wait document.querySelector('g[data-stage=impair]').classList.contains('dropping')
shows #c4161c 100
check document.querySelectorAll('#workers li').length === 2
check /busy [0-9<]+ %, held [0-9<]+ %, idle [0-9<]+ %/.test(document.querySelector('#workers').textContent)
wait document.querySelector('#peers li.up b').textContent === '<img src=x onerror=alert(1)>'
check !document.querySelector('img, main b b') && /^millrace npub1/.test(document.title)
check document.querySelector('#detail').hidden
press g[data-stage=fsp-open]
wait document.querySelectorAll('#detail svg.bars').length >= 1
check ['p50', 'p90', 'p99', 'p99.9', 'max'].every(w => [...document.querySelectorAll('#detail th')].some(t => t.textContent === w))
wait document.querySelectorAll('#detail .bars rect.recent').length > 0
press #detail .close
wait document.querySelector('#detail').hidden
press #findings button
wait /impair/.test(document.querySelector('#detail h2').textContent)
key Tab
key Enter
press g[data-edge^="impair.out"] .touch
wait /impair.out → tun-write.ip/.test(document.querySelector('#detail h2').textContent)
check fetch('/stats').then(r => r.json()).then(d => [$refusals].every(n => d.stages.some(s => s.kind === 'control' && n in s.counters)))
check fetch('/config').then(r => r.json()).then(d => d.http.listen === '127.0.0.1:9180' && !JSON.stringify(d).includes('"nsec"'))
size 390 844 phone
wait document.querySelectorAll('g.stage').length > 0 && document.documentElement.clientWidth === 390
check document.documentElement.scrollWidth <= 390
dark
shows #ff7b78 50
END

# a node that is away, and back
say "going away"
mkfifo "$work/steps" || die "no fifo"
start "$work/browse" sh -c 'exec ip netns exec a python3 "$0" "$1" http://127.0.0.1:9180/ <"$2"' "$top/t/net/browse.py" \
	"$chromium" "$work/steps"
browsing=$started
exec 8>"$work/steps"
say "wait document.querySelectorAll('g.stage').length > 0" >&8
say "gone" >&8
say "print 'seen'" >&8
await 60 grep -q seen "$work/browse" || lament "no page: $(cat "$work/browse")"
end "$node_a" || { say "a ended with $?" >&2; bad=1; }
say "wait /does not answer since/.test(document.querySelector('#banners').textContent)" >&8
say "print 'missed'" >&8
await 60 grep -q missed "$work/browse" || { say "nothing told of a node that is away: $(cat "$work/browse")" >&2; bad=1; }
start_node a 8>&- # who has the other end of the steps keeps them open
say "wait /was restarted/.test(document.querySelector('#banners').textContent)" >&8
say "check !/does not answer/.test(document.querySelector('#banners').textContent)" >&8
exec 8>&-
wait "$browsing" || { say "a node that came back: $(cat "$work/browse")" >&2; bad=1; }
forget "$browsing"
end_wire
[ $bad -eq 0 ] || lament "failed"
