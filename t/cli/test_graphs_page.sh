#!/bin/sh
# doc/graphs.md is true: every graph in it is one, every command says what stands there (t/lib/page.sh).
# Besides, the table of stages is tried: each stage with two threads.

. "${srcdir:-.}/t/lib/page.sh"
page=$top/doc/graphs.md
try_page

# ---- the tables ----

rows=0
for row in $(sed -n 's/^| `\([a-z-]*\)` | \(runs on one\|`[a-z]*`\).*/\1:\2/p' "$page" | tr -d '` '); do
	stage=${row%%:*} with=${row#*:}
	rows=$((rows + 1))
	graph=staged
	jq -e --arg stage "$stage" '.stages[$stage]' "$top/graphs/staged.json" >said || graph=dealt
	set -- check --graph $graph --set "$stage.threads=2"
	if [ "$with" = runsonone ]; then
		"$millrace" "$@" >said 2>&1 && fail "$stage runs on two threads"
	else
		"$millrace" "$@" --set "$stage.affinity=$with" >said 2>&1 || fail "$stage with $with does not run on two"
	fi
done
[ $rows -eq 12 ] || fail "$rows rows of stages"
for graph in "$top"/graphs/*.json; do
	graph=$(basename "$graph" .json)
	grep -q "^| \`$graph\` |" "$page" || fail "no row for the graph $graph"
done

echo "$graphs graphs, $commands commands, $rows rows, $failed failed"
[ $graphs -gt 3 ] && [ $commands -gt 10 ] && [ $failed -eq 0 ]
