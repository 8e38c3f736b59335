#!/bin/sh
# Each kind has a page, and the page has each of its ports, settings, drops and counters, and says what it costs.
# Its settings are in the manual and in the reference, too.

. "${srcdir:-.}/t/lib/program.sh"
needs jq
own_folder kind-pages
names=0

"$millrace" kinds --json >kinds || fail "millrace kinds --json"
for kind in $(jq -r '.[].name' kinds); do
	page=$(find "$top/stages/$kind" "$top/plugins" -name "$kind.md" 2>/dev/null | head -n 1)
	[ -n "$page" ] || { fail "$kind has no page"; continue; }
	for name in $(jq -r --arg kind "$kind" '.[] | select(.name == $kind) |
			((.inputs, .outputs, .drops, .counters)[]?.name), (.settings | keys[])' kinds); do
		names=$((names + 1))
		# a family of counters may be said by what they begin with, `tree-*`
		grep -qF -e "\`$name\`" -e "\`${name%%-*}-*\`" "$page" || fail "$page does not say what $name is"
	done
	sed -n "/^\.Ss $kind\$/,/^\.S[sh] /p" "$top/man/millrace-graph.5" >manual
	sed -n "/^## $kind\$/,/^## /p" "$top/doc/reference/kinds.md" >reference
	for name in $(jq -r --arg kind "$kind" '.[] | select(.name == $kind) | .settings | keys[]' kinds); do
		grep -q "^\.It Cm $name Pq" manual || fail "millrace-graph(5) does not have $kind.$name"
		grep -q "^| \`$name\` |" reference || fail "doc/reference/kinds.md does not have $kind.$name"
	done
	grep -q '^## What it costs' "$page" || fail "$page does not say what it costs"
done
echo "$names names, $failed failures"
[ $names -gt 100 ] && [ $failed -eq 0 ]
