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
XDG_RUNTIME_DIR=$work # the control socket is where everybody looks by himself
EDITOR=true # the file is written already
export XDG_RUNTIME_DIR EDITOR
read_only_machine
cd "$work" || exit 1
"$millrace" keygen --out c.key >c.id || die "no key for c"
jq '.peers[0].alias = "bob" | .http.listen = "127.0.0.1:9180" | del(.graph, .node.control)' a.json >millrace.json || die "no file for a"
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
		s/--pid N/--pid $node_a/"
}

# in_a COMMAND...: where a is; what it says in `said`
in_a()
{
	ip netns exec a sh -c "$*" >said 2>why </dev/null
}

reloads()
{
	ip netns exec a curl -s http://127.0.0.1:9180/stats | jq '.reload | .done + .unchanged'
}

# is_dialled NPUB: there is a dial to it
is_dialled()
{
	ip netns exec a millrace show connections | grep -q "$1" || ip netns exec a millrace show links | grep -q "$1"
}

# goes_on LINE: what it says comes again and again, until it is told to end
goes_on()
{
	start said ip netns exec a sh -c "exec $1"
	again=$started
	await 20 says_twice || wrong "$page: $1: no second table: $(cat said)"
	end "$again"
}

says_twice()
{
	[ "$(grep -c 'fmp-open' said)" -ge 2 ]
}

# run_line LINE: it has to end well, and to have done or said what stands beside it.
run_line()
{
	rm -f graph.svg
	case $1 in
	*--watch) goes_on "$1"; return ;;
	*reload*) before_it=$(reloads) ;;
	esac
	in_a "$(meant "$1")"
	code=$?
	[ $code -eq 0 ] || { wrong "$page: $1: exit code $code: $(cat said why)"; return; }
	done_by "$1" || wrong "$page: $1: not what it should do: $(head -c 600 said) $(cat why)"
}

done_by()
{
	case $1 in
	*graph.svg) grep -q . graph.svg ;;
	*/stats) jq -e '.graph.name == "staged"' said ;;
	*"show peers") jq -e '.peers[0].display_name == "bob"' said ;;
	*"show stats-history "*) jq -e '.metric == "bytes_in" and (.values | length) == 3600' said ;;
	*probe*) jq -e '.target.display_name == "bob" and .path.verdict == "ok"' said ;;
	*disconnect*) ! is_dialled "$(npub c)" ;;
	*connect*) is_dialled "$(npub c)" ;;
	*reload*) [ "$(reloads)" -eq $((before_it + 1)) ] ;;
	*"--drop forged") grep -q 'dropped: forged$' said ;;
	*"--drop any") grep -q 'dropped: ' said ;;
	*"--stage tun-write --json") jq -e '[.steps[].stage] | index("tun-write")' said ;;
	*"-n 5 --peer bob") told 5 && [ "$(grep -c '^packet .*  \(link\|session\) bob' said)" -eq 5 ] ;;
	*"-n 100 --every 50") told 100 ;;
	*"--count 3") told 3 ;;
	*trace*) told 1 ;;
	*keygen*) [ -s node.key ] ;;
	*EDITOR*) [ -s millrace.json ] ;;
	*check*) grep -q 'are fine' said ;;
	*) wrong "$page: nobody knows what is to come of: $1" ;;
	esac >jq.said 2>&1
}

# told N: so many stories, and no more.
told()
{
	[ "$(grep -c '^packet [0-9]* at' said)" -eq "$1" ]
}

try_line()
{
	case $1 in
	"$first" | "millrace run -c millrace.json") return ;; # run above; by readme.sh, with another name
	"millrace run "*) wrong "$page: nobody runs: $1"; return ;;
	millrace* | curl* | "\$EDITOR millrace.json") ;;
	fipsctl*) command -v fipsctl >/dev/null || { say "there is no fipsctl: not run: $1"; return; } ;;
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
first=$(cat lines)
node_a=$started
await_reach a b
start pings.log ip netns exec a ping -6 -i 0.003 "$b6"
pings=$started

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
	doc/plugins.md | man/millrace-plugin.3) ;; # sample_plugin.sh
	*) wrong "no test runs the lines of $page" ;;
	esac
done

# what stands in fences is run by the tests of these two pages
grep -l '^```console' "$top"/doc/*.md "$top"/stages/*/*.md "$top"/plugins/*/*.md | grep -v '/graphs\.md$\|/writing-a-stage\.md$' >said &&
	wrong "nobody runs what is in fences: $(cat said)"

end "$pings"
adds_up_a()
{
	ip netns exec a curl -s http://127.0.0.1:9180/stats >a.stats && jq -e '.conservation == true' a.stats
}
await 20 adds_up_a || wrong "packets of a do not add up"
settle b
end_wire
say "$ran command lines"
[ "$bad" -eq 0 ]
