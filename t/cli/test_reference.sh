#!/bin/sh
# What is checked in of doc/reference/ and man/ is what the program's tables say; manual pages parse clean.

. "${srcdir:-.}/t/lib/program.sh"
own_folder reference

srcdir=$top MILLRACE=$millrace sh "$top/doc/reference.sh" "$dir" || exit 1
for file in doc/reference man/millrace.json.5 man/millrace-graph.5; do
	diff -r "$top/$file" "$dir/$file" || {
		echo "FAIL: $file is out of date: run \`make reference'"
		failed=1
	}
done

for page in "$dir"/man/*.5; do
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -Wwarning "$page" >"$dir/said" 2>&1
	elif command -v man >/dev/null && command -v groff >/dev/null; then
		man --warnings -E UTF-8 -l "$page" 2>"$dir/said" >/dev/null
	else
		echo "neither mandoc nor man and groff: manual pages are not looked at"
		break
	fi
	[ ! -s "$dir/said" ] || { echo "FAIL: $page"; cat "$dir/said"; failed=1; }
done
exit $failed
