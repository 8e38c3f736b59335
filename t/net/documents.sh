#!/bin/sh
# documents.sh - the command lines of doc/ and of millrace(8), each run as it stands, in the order in which they stand,
# at a node a that has a neighbour, traffic with it, and damage on the way.
#
#     a: watched, traced, asked, read again  <-- relay: a frame in ten has a bit turned over -->  b, called bob
#
# A line that nobody knows how to run is a failure, and so is a page whose lines no test runs.

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/lib/lines.sh"
. "$top/t/net/wire.sh"
enter_or_skip "$0" "$@"
lay_wire documents staged
mkdir "$work/bin" && ln -s "$millrace" "$work/bin/millrace" || die "no folder for the program"
command -v dot >/dev/null || {
	printf '#!/bin/sh\ngrep digraph\n' >"$work/bin/dot" && chmod +x "$work/bin/dot" || die "no stand-in for dot"
}
PATH=$work/bin:$PATH
cd "$work" || exit 1
"$millrace" keygen --out c.key >c.id || die "no key for c"
jq '.peers[0].alias = "bob" | .http.listen = "127.0.0.1:9180" | del(.graph)' a.json >millrace.json || die "no file for a"
echo "corrupt to=a kind=frame every=10 skip=200" >rules
bad=0 ran=0

# ---- one line ----

# meant LINE: with what a reader puts for the words in capitals, and no longer than it has to be.
meant()
{
	case $1 in
	*connect*) who=$(npub c) ;; # "add a peer": one that is none yet
	*) who=$(npub b) ;;
	esac
	printf '%s\n' "$1" | sed -E "s/NPUB|npub1\\.\\.\\./$who/; s|URL|http://127.0.0.1:9180|; s/FILE/millrace.json/
		s/--pid N/--pid $node_a/; s/^millrace stats --watch/timeout -s INT 2 &/"
}

# run_line LINE: where a is; it has to end well and, but for one that writes a file, to say something.
run_line()
{
	rm -f graph.svg
	ip netns exec a sh -c "$(meant "$1")" >said 2>why </dev/null
	code=$?
	case $1 in
	*--watch) [ $code -eq 124 ] && code=0 ;; # it was stopped
	*graph.svg) cp graph.svg said ;;
	esac
	[ $code -eq 0 ] && [ -s said ] || { wrong "$page: $1: exit code $code: $(cat said why)"; return; }
	case $1 in
	*" show "* | */stats | *--json) jq -e . said >/dev/null || wrong "$page: $1: no JSON: $(head -c 300 said)" ;;
	*" trace "*) grep -q '^packet 1 at' said || wrong "$page: $1: no story: $(cat said why)" ;;
	*probe*) grep -q rtt said || wrong "$page: $1: $(cat said)" ;;
	esac
}

try_line()
{
	case $1 in
	"millrace run -"* | "millrace check -"* | "millrace keygen -"*) return ;; # run above, or by readme.sh
	millrace* | curl*) ;;
	fipsctl*) command -v fipsctl >/dev/null || return ;;
	*) wrong "$page: nobody runs: $1"; return ;;
	esac
	ran=$((ran + 1))
	run_line "$1"
}

# ---- the node, as millrace(8) has it started ----

page=man/millrace.8
start_relay -f rules
start_node b
page_lines "$top/$page" | grep '^millrace run --' >lines
[ "$(wc -l <lines)" -eq 1 ] || die "$page has $(wc -l <lines) lines that run a node"
# shellcheck disable=SC2046 # the line is words
start a.log ip netns exec a $(cat lines)
node_a=$started
await_reach a b
start pings ip netns exec a ping -6 -i 0.003 "$b6"

for page in man/millrace.8 doc/stats.md doc/trace.md doc/control-socket.md doc/reload.md; do
	before=$ran
	page_lines "$top/$page" >lines
	while read -r line <&3; do
		try_line "$line"
	done 3<lines
	[ $ran -gt $((before + 2)) ] || wrong "$page has $((ran - before)) lines only"
done

# ---- each page is somebody's ----

for page in "$top"/README "$top"/doc/*.md "$top"/doc/*/*.md "$top"/man/*.[0-9] "$top"/stages/*/*.md "$top"/plugins/*/*.md \
	"$top"/graphs/*.md "$top"/contrib/*/*.md; do
	[ -e "$page" ] && [ -n "$(page_lines "$page")" ] || continue
	case ${page#"$top"/} in
	man/millrace.8 | doc/stats.md | doc/trace.md | doc/control-socket.md | doc/reload.md) ;;
	README) ;;         # readme.sh
	doc/bench.md) ;;   # t/builds.sh
	doc/service.md) ;; # service.sh
	doc/plugins.md) ;; # sample_plugin.sh
	*) wrong "no test runs the lines of $page" ;;
	esac
done

end "$started" # the pings
adds_up_a()
{
	ip netns exec a curl -s http://127.0.0.1:9180/stats >a.stats && jq -e '.conservation == true' a.stats
}
await 20 adds_up_a || wrong "packets of a do not add up"
settle b
end_wire
say "$ran command lines"
[ "$bad" -eq 0 ]
