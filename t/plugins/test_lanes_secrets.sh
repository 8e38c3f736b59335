#!/bin/sh
# test_lanes_secrets - nothing secret decides a branch or an address in the module lanes: valgrind runs
# t/plugins/lanes_secrets, for which keys and texts are undefined.  One branch may be decided by them:
# whether a packet was genuine, in open_batch.
#
# Skipped (77) without valgrind, in a build without the module, and in one with sanitizers.

program=${MILLRACE:+${MILLRACE%/*}/}t/plugins/lanes_secrets
if ! command -v valgrind >/dev/null || [ ! -x "$program" ]; then
	echo "no valgrind, or no $program"
	exit 77
fi
if nm "$program" | grep -qE '__(asan|tsan|ubsan)_'; then
	echo "sanitizers and valgrind exclude each other"
	exit 77
fi
"$program" || exit
verdict=$(mktemp) || exit 1
trap 'rm -f "$verdict"' EXIT
cat >"$verdict" <<'END'
{
   the verdict
   Memcheck:Cond
   fun:open_batch*
}
END

run()
{
	valgrind -q --error-exitcode=9 --suppressions="$verdict" "$program" "$@"
}

run planted >/dev/null 2>&1
if [ $? -ne 9 ]; then
	echo "a branch that depends on a key is not seen"
	exit 1
fi
run
status=$?
[ $status -ne 0 ] || echo "no branch and no address depends on a key or a text"
exit $status
