#!/bin/sh
# check_tree - every source file is in a build fragment, its lines end where they should, and includes point only
# where they may.
#
#   cli -> stages, fips, core     stages -> fips, core     core -> core
#   plugins -> stages/lib, fips, core
#   fips -> fips and core/{wire,clock,aead,hash,rand,secret}.h

top=${srcdir:-.}
cd "$top" || exit 1
bad=0
complain()
{
	echo "$*"
	bad=$((bad + 1))
}

# Words of all fragments, one a line.
listed=$(find . -name local.mk -path './*/*' -exec cat Makefile.am {} + | tr -s ' \t' '\n')
# A program whose source is its name with .c is listed by its name alone.
in_fragment()
{
	printf '%s\n' "$listed" | grep -Fqx -e "$1" -e "${1%.c}"
}

files=0
for file in $(find core fips stages plugins cli t contrib \( -name '*.c' -o -name '*.h' \) | sort); do
	files=$((files + 1))
	in_fragment "$file" || complain "$file: in no local.mk"
done
for file in $(find graphs -name '*.json') $(find t/net -name '*.sh' | sort); do
	in_fragment "$file" || complain "$file: in no local.mk"
done

# make runs a test by its name, as does whoever wants just one.
for file in $(sed -n 's/^[[:space:]]*\(t\/[^ ]*\.sh\)\([[:space:]].*\)*$/\1/p' t/local.mk t/net/local.mk | sort -u); do
	case $file in
	t/net/wire.sh) ;; # sourced
	*) [ -x "$file" ] || complain "$file: may not be run (chmod +x)" ;;
	esac
done

# Lines end within 100 columns, tabs of 8; a text that goes beyond, at the end of its line, stays in one piece.
wide=$(find core fips stages plugins cli t contrib -name '*.[ch]' -exec awk '
	function width(s, i, n, w) {
		n = length(s)
		for (i = 1; i <= n; i++)
			w = substr(s, i, 1) == "\t" ? w + 8 - w % 8 : w + 1
		return w
	}
	length($0) + 7 * gsub(/\t/, "&") <= 100 || width($0) <= 100 { next }
	match($0, /"([^"\\]|\\.)*"[^"]*$/) && width(substr($0, 1, RSTART)) < 100 {
		rest = $0
		sub(/.*"/, "", rest)
		if (length(rest) <= 4)
			next
	}
	{ print FILENAME ":" FNR ": is " width($0) " columns wide" }' {} +)
[ -z "$wide" ] || complain "$wide"

# A file that includes "config.h" means the one that configure makes, and gets one beside itself first.
for file in $(find core fips stages plugins cli t contrib -name config.h); do
	hidden=$(grep -l '^#include "config.h"' "${file%/*}"/*.[ch])
	[ -z "$hidden" ] || complain "$file: hides the config.h of the build from "$hidden
done

# allow FOLDER PATTERN: quoted includes below FOLDER match PATTERN (or name config.h).
allow()
{
	[ -d "$1" ] || return
	wrong=$(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' "$1" |
		grep -vE "\"(config\.h|$2)\"")
	[ -z "$wrong" ] || complain "includes that $1 may not have:
$wrong"
}
allow core 'core/[^"]*'
allow fips '(fips/[^"]*|core/(wire|clock|aead|hash|rand|secret)\.h)'
allow stages '(stages|fips|core)/[^"]*'
allow plugins '((plugins|fips|core)/[^"]*|stages/lib/[^"]*)'
allow cli '(cli|stages|fips|core)/[^"]*'

# fips has no sockets, threads, clocks, files or random numbers of its own.
wrong=$(grep -rnE --include='*.[ch]' '#[[:space:]]*include[[:space:]]+<(sys/|pthread|time\.h|unistd|fcntl|netdb|threads|event|ck_)' fips)
[ -z "$wrong" ] || complain "system headers that fips may not have:
$wrong"

# Each kind of the list is a folder with its descriptor, and each such folder is in the list.
kinds=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' stages/kinds.list)
for kind in $kinds; do
	[ -f "stages/$kind/$kind.c" ] || complain "stages/kinds.list: no stages/$kind/$kind.c"
	[ -f "stages/$kind/$kind.md" ] || complain "stages/$kind: no page $kind.md"
done
for folder in stages/*/; do
	kind=$(basename "$folder")
	[ "$kind" = lib ] || printf '%s\n' "$kinds" | grep -Fqx "$kind" ||
		complain "stages/$kind: not in stages/kinds.list"
done

[ "$files" -gt 0 ] || complain "no source files below $top"
echo "$files source files, $bad complaints"
[ "$bad" -eq 0 ]
