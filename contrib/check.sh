#!/bin/sh
# check.sh - build millrace from nothing and run its tests.
#
#   contrib/check.sh [configure option]...      for example --enable-asan --enable-ubsan
#
# On Debian, root has missing packages installed and anybody else is told which to install.
# Builds in build-check/ and closes with the count of test programs; ends with 0 when none failed.

set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/contrib/lib.sh"

case ${1-} in
-h | --help)
	sed -n '2,7s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac

# shellcheck disable=SC2046 # the names are words
need_packages $(build_packages) $(net_packages) ethtool python3-jsonschema

build="$top/build-check"
rm -rf "$build"
build "$build" "$@"
# Tests of the network wait more than they work: several share a core.
make -C "$build" -j"$((3 * $(nproc)))" -k check VERBOSE=1
made=$?

# Each test leaves a .trs file that says how it ended.
count()
{
	find "$build" -name '*.trs' -exec sed -n 's/^:global-test-result: //p' {} + | grep -cE "$1"
}
passed=$(count '^(PASS|XFAIL)$')
failed=$(count '^(FAIL|XPASS|ERROR)$')
skipped=$(count '^SKIP$')
if [ "$made" -ne 0 ] && [ "$failed" -eq 0 ]; then
	say "check.sh: make check ended with $made before all tests had run"
	failed=1
fi
find "$build" -name '*.log' -exec cat {} + | awk -F '[ ,]+' '
	/^[0-9]+%: Checks: / { n += $3 }
	END { if (n) print n " checks in the test programs" }'
say "$passed passed, $failed failed, $skipped skipped"

# What is installed is whole.
make -C "$build" -s install installcheck DESTDIR="$build/root" >"$build/installed" 2>&1 || {
	cat "$build/installed"
	failed=1
}
tail -n 1 "$build/installed"
# What the documents have somebody build, and measure.
sh "$top/t/builds.sh" "$build" || failed=1
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
