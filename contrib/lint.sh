#!/bin/sh
# lint.sh TREE FLAG... - clang-tidy, cppcheck and shellcheck over the sources, each if it is there; ends with 0 when
# none has anything to say.  `make lint' calls it in the build folder, with the preprocessor's flags.
#
# What is looked for, and why the rest is not: .clang-tidy, contrib/cppcheck.txt.  Of C, what is installed; tests are
# looked at by two compilers and by the sanitizers that they run under.

set -u
tree=$(cd "${1:?the source tree}" && pwd) || exit 1
shift
. "$tree/contrib/lib.sh"
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
bad=0
looked=0

verdict()
{
	if [ -s "$said" ]; then
		cat "$said"
		bad=1
	fi
}

# Sources, with what each instruction set of plugins/lanes wants.
flags()
{
	case $1 in
	*/avx2*) echo -mavx2 ;;
	*/avx512*) echo -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512ifma -mavx512vbmi2 -mbmi2 ;;
	esac
}
sources=$(cd "$tree" && find core fips stages plugins cli -name '*.c' ! -path stages/list.c | sort)

if command -v clang-tidy >/dev/null; then
	looked=$((looked + 1))
	for file in $sources; do
		# shellcheck disable=SC2086 # the flags are words
		printf '%s\n' "$file $(flags "$file")"
	done | TREE="$tree" xargs -P "$(nproc)" -d '\n' -I LINE sh -c '
		line=$1
		file=${line%% *}
		shift
		clang-tidy --quiet "$TREE/$file" -- "$@" -std=c17 ${line#"$file"} 2>/dev/null' clang-tidy LINE "$@" |
		sed "s|^$tree/||" >"$said"
	say "clang-tidy: $(printf '%s\n' "$sources" | wc -l) files"
	verdict
fi

if command -v cppcheck >/dev/null; then
	looked=$((looked + 1))
	(cd "$tree" && cppcheck -q -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=contrib/cppcheck.txt --library=posix --library=contrib/cppcheck.cfg --template=gcc -I. \
		-D_GNU_SOURCE -D__GNUC__ -DMR_MEASURE=1 core fips stages plugins cli) >"$said" 2>&1
	say "cppcheck: $(cppcheck --version)"
	verdict
fi

if command -v shellcheck >/dev/null; then
	looked=$((looked + 1))
	# Words are split where words are meant; what is sourced has no first line, and uses and sets others' names.
	(cd "$tree" && find autogen.sh contrib t -name '*.sh' -exec shellcheck -s sh -S warning \
		-e SC1010,SC1090,SC1091,SC2034,SC2044,SC2046,SC2048,SC2154,SC2238,SC3028,SC3043 {} +) >"$said" 2>&1
	say "shellcheck: $(find "$tree/contrib" "$tree/t" -name '*.sh' | wc -l) scripts"
	verdict
fi

[ $looked -gt 0 ] || die "neither clang-tidy nor cppcheck nor shellcheck is there"
exit $bad
