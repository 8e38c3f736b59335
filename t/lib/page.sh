# page.sh - what a page shows is tried: its graphs, its files, its commands.  Sourced by tests, which name the
# page in $page before it and call try_page.
#
# What is in a fenced block is told by the fence:
#     json FILE             a whole graph; written to FILE, and right
#     json over GRAPH [FILE]  a part of one; laid over the graph (and written to FILE), which is right then.  An edge
#                           replaces the one from the same output
#     c FILE                a file; written to FILE
#     console [refused]     lines after "$ " are run and end with 0 (refused: 2); what follows is what they
#                           say, line by line: "..." alone stands for any lines, within one for any text
#     console node          the same beside a node, which a line that ends in " &" starts
# Needs what program.sh needs; leaves $dir, a folder of its own, current.

. "${srcdir:-.}/t/lib/program.sh"
needs jq
own_folder page
graphs=0 commands=0 node=

# The program under its own name, as the page has it.
mkdir bin && ln -s "$millrace" bin/millrace || exit 99
PATH=$dir/bin:$PATH

# ---- the blocks: N.fence and N.body; nothing else may look like code ----

split_page()
{
	awk '/^```/ { inside = !inside; if (inside) { n++; print substr($0, 4) >(n ".fence"); printf "" >(n ".body") } next }
		inside { print >(n ".body"); next }
		/^(    |\t)/ { print "line " NR " is indented: fence it, so that it is tried"; bad = 1 }
		/`(millrace [a-z]+|--set) [^`]*=/ && !/`--set KEY=VALUE`/ { print "line " NR ": a command outside of a fence"; bad = 1 }
		END { if (inside) { print "a fence stays open"; bad = 1 } print n >"blocks"; exit bad }' "$page" >said ||
		fail "$page"
}

# ---- graphs ----

right()
{
	graphs=$((graphs + 1))
	"$millrace" check --graph "$1" >said 2>&1 || fail "$2 is no graph"
}

over()
{
	# over GRAPH PART [FILE]
	jq -s '.[0].edges as $old | (.[1].edges // []) as $new | .[0] * .[1] |
		.edges = [$old[] | .from as $from | first(($new[] | select(.from == $from)), .)] +
			[$new[] | select(.from as $from | all($old[]; .from != $from))]' \
		"$top/graphs/$1.json" "$2" >"${3:-over.json}" 2>said || { fail "block $block is no part of a graph"; return; }
	right "./${3:-over.json}" "block $block over $1"
}

# ---- commands ----

# holds WANTED SAID: the lines of the one are those of the other, but for "..."
holds()
{
	awk 'function fits(want, got, i, n, part, at) {
			n = split(want, part, /\.\.\./)
			if (substr(got, 1, length(part[1])) != part[1]) return 0
			got = substr(got, length(part[1]) + 1)
			for (i = 2; i <= n; i++) {
				if (i == n) return length(got) >= length(part[i]) &&
					substr(got, length(got) - length(part[i]) + 1) == part[i]
				at = index(got, part[i])
				if (!at) return 0
				got = substr(got, at + length(part[i]))
			}
			return got == ""
		}
		NR == FNR { want[++wants] = $0; next }
		{ got[++gots] = $0 }
		END {
			g = 1
			for (w = 1; w <= wants; w++) {
				if (want[w] == "...") { loose = 1; continue }
				while (loose && g <= gots && !fits(want[w], got[g])) g++
				if (g > gots || !fits(want[w], got[g])) { print "not said: " want[w]; exit 1 }
				g++
				loose = 0
			}
			if (g <= gots && !loose) { print "not on the page: " got[g]; exit 1 }
		}' "$1" "$2"
}

# command LINE: its output to `said`.  One that ends in & is a node.
command_line()
{
	commands=$((commands + 1))
	case $1 in
	*"&")
		eval "$1" >log 2>&1
		node=$!
		pids="$pids $node"
		await 20 answers_or_ends || { cp log said; fail "the node does not start"; }
		: >said
		return "$code"
		;;
	esac
	eval "$1" >said 2>&1 </dev/null
}

# console CODE FILE: each command of a block with what is to follow it
console()
{
	code=$1
	awk '/^\$ / { n++; print substr($0, 3) >(n ".command"); printf "" >(n ".wanted"); next }
		{ print >(n ".wanted") }
		END { print n + 0 }' "$2" >lines
	[ "$(cat lines)" -gt 0 ] || fail "block $block has no command"
	line=0
	while [ $line -lt "$(cat lines)" ]; do
		line=$((line + 1))
		command_line "$(cat $line.command)"
		got=$?
		[ $got -eq "$code" ] || fail "$(cat $line.command): exit code $got, not $code"
		holds $line.wanted said >why || fail "$(cat $line.command): $(cat why)"
		rm $line.command $line.wanted
	done
}

# A node without device and neighbour, for `console node`.
"$millrace" keygen --out node.key >/dev/null || exit 99
cat >node.json <<END
{ "node": { "identity": { "key_file": "node.key" } },
  "transports": { "udp": { "bind_addr": "127.0.0.1:0" } },
  "http": { "listen": "unix:$dir/sock" } }
END

try_page()
{
	split_page
	block=0
	while [ $block -lt "$(cat blocks)" ]; do
		block=$((block + 1))
		fence=$(cat $block.fence)
		case $fence in
		"json over "*)
			fence=${fence#json over }
			case $fence in
			*" "*) over "${fence% *}" $block.body "${fence#* }" ;;
			*) over "$fence" $block.body ;;
			esac
			;;
		"json "*)
			cp $block.body "${fence#json }"
			right "./${fence#json }" "block $block"
			;;
		"c "*) cp $block.body "${fence#c }" ;;
		console | "console node") console 0 $block.body ;;
		"console refused") console 2 $block.body ;;
		*) fail "block $block: a fence says \"$fence\"" ;;
		esac
	done
	[ -z "$node" ] || end "$node" || fail "the node ended with $?"
}
