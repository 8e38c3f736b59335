#!/bin/sh
# reference.sh - make the reference pages and the tables of the manual pages from the program's own.
#
#   doc/reference.sh DIR     writes DIR/doc/reference/ and DIR/man/; `make reference' does it in the source
#
# Runs $MILLRACE (default ./millrace), with the plugins of its build tree; $srcdir is the top of the source
# tree.  A test (t/cli/test_reference.sh) fails when what is checked in is not what this makes.

set -u
dir=${1:?where to?}
top=${srcdir:-$(dirname "$0")/..}
millrace=${MILLRACE:-./millrace}
pages=$dir/doc/reference
made='<!-- made from the tables of settings by doc/reference.sh: change them there -->'
mkdir -p "$pages" "$dir/man" || exit 1

# page NAME TITLE ARGUMENT...: a page of what millrace prints.
page()
{
	name=$1 title=$2
	shift 2
	{
		printf '%s\n\n# %s\n' "$made" "$title"
		cat
		"$millrace" "$@" || exit 1
	} >"$pages/$name.new" && mv "$pages/$name.new" "$pages/$name" || exit 1
}

page README.md 'Settings of a node file' schema node --markdown <<'EOF'

What may stand in `millrace.json` at its top. Paths such as `transports.udp.mtu` name a key by the keys
around it; `millrace check` names mistakes by them, `--set` takes them. A key that is left out, or `null`,
has its default. A node file in YAML (`fips.yaml`) has the same keys.

[Graph files](graph.md) have a page, and so have the [kinds of stages](kinds.md). `millrace schema node` prints
all of this as JSON Schema, `millrace schema node KEY --text` a part of it as text.
EOF

for key in $(sed -n 's/^With keys below.*: //p' "$pages/README.md" | tr -c 'a-z_\n' ' ' | tr ' ' '\n' | grep -v '^md$' | sort -u); do
	page "$key.md" "Settings of a node file: $key" schema node "$key" --markdown </dev/null
done

page graph.md 'Settings of a graph file' schema graph --markdown <<'EOF'

What may stand in a graph file. [doc/graphs.md](../graphs.md) says how to write one; a stage's own settings
go by its kind, [kinds.md](kinds.md). `millrace schema graph` prints all of it as JSON Schema.
EOF

page kinds.md 'Kinds of stages' kinds --markdown <<'EOF'

What stages can be made of, as `millrace kinds NAME` tells it. A stage's own page (`stages/NAME/NAME.md`,
`plugins/*/NAME.md`) says how it works and what it costs. Beside the settings here every stage has `kind`,
`when`, `threads` and `affinity` ([graph.md](graph.md)).
EOF

# manual FILE WORD ARGUMENT...: the page of the source tree with what millrace prints between the marks of
# that word; a page that was begun here goes on.
manual()
{
	file=$1 word=$2
	shift 2
	page=$dir/man/$file
	[ -f "$page" ] || page=$top/man/$file
	"$millrace" "$@" >"$dir/man/part" || exit 1
	awk -v word="$word" -v part="$dir/man/part" '
		$0 == ".\\\" end of " word { skip = 0 }
		!skip { print }
		index($0, ".\\\" " word ", made by") == 1 {
			skip = 1
			while ((getline line <part) > 0) print line
		}' "$page" >"$dir/man/$file.new" && mv "$dir/man/$file.new" "$dir/man/$file" || exit 1
	rm "$dir/man/part"
}
manual millrace.json.5 settings schema node --mdoc
manual millrace-graph.5 settings schema graph --mdoc
manual millrace-graph.5 kinds kinds --mdoc
