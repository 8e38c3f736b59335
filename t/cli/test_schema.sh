#!/bin/sh
# The JSON Schemas, by an independent validator: valid themselves; they accept every example that is shown
# and whatever the parser accepts of odd values in each place and of stored documents, and refuse the bad
# values that the parser refuses.
#
# Needs python3 with jsonschema 4.10 or later; without them it is skipped.

. "${srcdir:-.}/t/lib/program.sh"
cases=$(dirname "$millrace")/t/cli/settings_print
[ -x "$cases" ] || { echo "no $cases"; exit 77; }
python=
for p in python3 /usr/bin/python3; do
	"$p" -c 'from jsonschema import Draft202012Validator' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || { echo "no python3 with jsonschema"; exit 77; }

own_folder schema

"$millrace" schema node >"$dir/node.json" || exit 1
"$millrace" schema graph >"$dir/graph.json" || exit 1
for file in node graph; do
	for key in $("$python" -c 'import json, sys
print(*json.load(open(sys.argv[1]))["properties"])' "$dir/$file.json"); do
		"$millrace" schema "$file" "$key" >"$dir/$file.$key.json" || exit 1
	done
done
"$cases" >"$dir/cases" || exit 1
"$python" "$top/t/cli/schema_check.py" "$dir" "$top" "$dir/cases"
