# program.sh - what scripts share that try the program from outside.  Sourced first; needs $srcdir, the top of the
# source tree, and $MILLRACE, the program.
#
#   $top $millrace    both absolute; who has no program is skipped
#   needs TOOL...     skipped where one is missing
#   own_folder NAME   $dir, current; it is gone when the script ends, whatever ends it, as is whatever the script
#                     began with `start`, of which `end` gives the exit code (contrib/lib.sh)
#   start_node ...    a node of its own: $node
#   fail TEXT...      says it, and what ./said holds; counted in $failed

top=$(cd "${srcdir:-.}" && pwd) || exit 99
. "$top/contrib/lib.sh"
millrace=${MILLRACE:-./millrace}
case $millrace in /*) ;; *) millrace=$(pwd)/$millrace ;; esac
[ -x "$millrace" ] || { echo "no $millrace"; exit 77; }
MILLRACE_GRAPHS=$top/graphs
LC_ALL=C
export MILLRACE_GRAPHS LC_ALL
failed=0 count=0

needs()
{
	for tool; do
		command -v "$tool" >/dev/null || { echo "there is no $tool"; exit 77; }
	done
}

own_folder()
{
	work_in "$1"
	dir=$work
	cd "$dir" || exit 99
}

fail()
{
	printf 'FAIL: %s\n' "$*"
	[ ! -s said ] || sed 's/^/  said: /' said
	failed=$((failed + 1))
}

# expect CODE [ARGUMENT]...: the program, its output and errors in said; then says and lacks TEXT.
expect()
{
	want=$1
	shift
	count=$((count + 1))
	what=$*
	"$millrace" "$@" >said 2>&1 </dev/null
	code=$?
	[ $code = "$want" ] || fail "$what: exit code $code, not $want"
}

says()
{
	grep -qF -e "$1" said || fail "$what: does not say: $1"
}

lacks()
{
	! grep -qF -e "$1" said || fail "$what: says: $1"
}

# start_node [ARGUMENT]...: `millrace run` with these, its log in ./log; returns when it answers at ./sock.
start_node()
{
	start log "$millrace" run "$@"
	node=$started
	await 20 answers_or_ends || die "the node does not answer: $(cat log)"
	kill -0 "$node" 2>/dev/null || die "the node does not run: $(cat log)"
}

answers_or_ends()
{
	"$millrace" stats --unix "$dir/sock" || ! kill -0 "$node"
}
