#!/bin/sh
# test_exports - modules find the runtime in the program: every function that an installed header declares is
# among the symbols the program exports, and every variable.

command -v nm >/dev/null || exit 77
top=${srcdir:-.}
program=${MILLRACE:?the program, as make check sets it}
headers=$(sed -n '/^nobase_pkginclude_HEADERS/,/[^\\]$/p' "$top/plugins/local.mk" | tr ' \\\t' '\n\n\n' | grep '\.h$')

# Prototypes begin at the first column; comments, tabs, macros and what is inline do not count.
declared=$(for header in $headers; do
	sed -e 's|/\*.*\*/||' -e '/\/\*/,/\*\//d' "$top/$header" |
		grep -E '^[a-z]' | grep -vE '^(static|typedef|enum)' |
		grep -oE '(mr|fips)_[a-z0-9_]+(\(|\[\]|;)' | grep -vE '^mr_plugin;|^(mr|fips)_[a-z0-9_]+;$' |
		sed 's/[^a-z0-9_].*//'
	sed -n 's/^extern const struct [a-z_]* *\**[a-z ]*\**\(mr_[a-z0-9_]*\)\(\[\]\)*;.*/\1/p' "$top/$header"
done | sort -u)
exported=$(nm -D --defined-only "$program" | awk '{ print $NF }')
missing=$(printf '%s\n' "$declared" | grep -vxF "$exported")

count=$(printf '%s\n' "$declared" | wc -l)
[ -z "$missing" ] || echo "declared for modules and not exported:" $missing
# a fence against a list that came out empty
for name in mr_spare mr_free mr_pool_get mr_table_handle mr_aead_self_test fips_addr_of_key mr_resource_mesh mr_aead_mbedtls; do
	printf '%s\n' "$declared" | grep -qx "$name" || { echo "$name is not in the list"; missing=$name; }
done
echo "$count functions and variables"
[ -z "$missing" ]
