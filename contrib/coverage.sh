#!/bin/sh
# coverage.sh TREE MAKE - `make check' in this folder, which was configured with --enable-coverage, and then: of each
# source file how many lines ran, worst first; and the functions of the packet path that nothing called.
#
# Fails only when there is nothing to count.  A process that is killed leaves no counts, so a line of the program that
# only a killed one reaches is taken for one that none did.

set -u
tree=$(cd "${1:?the source tree}" && pwd) || exit 1
make=${2:-make}
. "$tree/contrib/lib.sh"
[ -e config.status ] || die "this is no build folder"
[ -n "$(find core -name '*.gcno' | head -n 1)" ] || die "configure with --enable-coverage first"

find . -name '*.gcda' -delete
"$make" -k check >coverage.log 2>&1 || say "make check failed, see coverage.log; these are the lines all the same"

# What gcov says of each object: its own source, and the functions of that.
find core fips stages plugins cli -name '*.gcno' | sort | while read -r notes; do
	gcov -n -f -r -s "$tree" "$notes" 2>/dev/null | awk -v notes="$notes" '
		/^Function / { what = "function"; name = $2; gsub(/\047/, "", name) }
		/^File /     { what = "file"; name = $2; gsub(/\047/, "", name); sub(/^(\.\.\/)+/, "", name) }
		/^Lines executed:/ {
			sub(/^Lines executed:/, "")
			sub(/% of/, "")
			print what, name, $2, $1, notes
		}'
done >coverage.txt

# A file is compiled into its own object; what headers contribute is seen there too, and left out.
sort -u coverage.txt | awk '$1 == "file" && $2 ~ /\.c$/ && $2 !~ /^\// {
		ran[$2] = ran[$2] > $3 * $4 / 100 ? ran[$2] : $3 * $4 / 100
		lines[$2] = $3
	}
	END { for (f in lines) printf "%6.1f %% of %4d  %s\n", 100 * ran[f] / lines[f], lines[f], f }' |
	sort -n -k 1,1 >coverage.files
[ -s coverage.files ] || die "nothing was counted"
cat coverage.files
awk '{ n += $4; ran += $1 * $4 / 100 } END { printf "%6.1f %% of %d lines\n", 100 * ran / n, n }' coverage.files

# Those of headers are seen in each object: a function of this file begins a line of it.
say "functions that nothing called:"
awk '$1 == "function" && $4 == 0 && $5 ~ /^(core|stages|plugins|fips\/path|fips\/wire)\// { print $5, $2 }' coverage.txt |
	sort -u | while read -r notes name; do
	source=${notes%.gcno}.c
	source=${source%/*}/${source##*/*-}
	[ -e "$tree/$source" ] || source=${notes%.gcno}.c
	! grep -qE "^[a-z].*[ *]$name\(" "$tree/$source" 2>/dev/null || say "  $source: $name"
done
