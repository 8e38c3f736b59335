#!/bin/sh
# Each kind has a page, and the page has each of its ports, settings, drops and counters, and says what it costs.

top=$(cd "${srcdir:-.}" && pwd) || exit 99
millrace=${MILLRACE:-./millrace}
[ -x "$millrace" ] || { echo "no $millrace"; exit 77; }
command -v jq >/dev/null || { echo "there is no jq"; exit 77; }
said=$(mktemp) || exit 99
trap 'rm -f "$said"' EXIT
failed=0 names=0

fail()
{
	echo "FAIL: $*"
	failed=$((failed + 1))
}

"$millrace" kinds --json >"$said" || fail "millrace kinds --json"
for kind in $(jq -r '.[].name' "$said"); do
	page=$(find "$top/stages/$kind" "$top/plugins" -name "$kind.md" 2>/dev/null | head -n 1)
	[ -n "$page" ] || { fail "$kind has no page"; continue; }
	for name in $(jq -r --arg kind "$kind" '.[] | select(.name == $kind) |
			((.inputs, .outputs, .drops, .counters)[]?.name), (.settings | keys[])' "$said"); do
		names=$((names + 1))
		# a family of counters may be said by what they begin with, `tree-*`
		grep -qF -e "\`$name\`" -e "\`${name%%-*}-*\`" "$page" || fail "$page does not say what $name is"
	done
	grep -q '^## What it costs' "$page" || fail "$page does not say what it costs"
done
echo "$names names, $failed failures"
[ $names -gt 100 ] && [ $failed -eq 0 ]
