#!/bin/sh
# test_objects - R15, R12: what the objects of the data stages, of fips/path and of fips/wire may call,
# and who begins and ends threads.
#
# Everything a data thread runs in a stage is in these objects, so what they do not refer to is not
# done there: no memory from the heap, no clock, no name service, no public-key work, no log line,
# and no system call but the stage's own I/O.  Set-up is in them too; what it needs is in the
# resources (stages/lib), which run on main.

command -v nm >/dev/null || exit 77
build=${MILLRACE:+${MILLRACE%/*}}
build=${build:-.}
top=${srcdir:-.}
bad=0 seen=0

# Symbols that these objects define, one a line.
defined()
{
	nm -g "$@" 2>/dev/null | awk 'NF == 3 && $2 != "U" { print $3 }' | sort -u
}

objects()
{
	for file in "$top/$1"/*.c; do
		echo "$build/${file#"$top"/}"
	done | sed 's/c$/o/'
}

# The runtime's calls for stages, and the rules and layouts of the protocol.
turn='mr_(free|end|spare|waited|turn_wall|sojourn_(init|due|take)|own|slab_(get|slice|done)|hold|pull_again|tell|transit|watch|wipe|equal_secret|table_(find|at|handle|unresolved))'
setup='mr_setup_(error|warn|watch)|mr_resource_.*|mr_tun_configure|mr_udp_room_(open|close)'
rules=$(defined $(objects fips/path) $(objects fips/wire) "$build/fips/noise/address.o" \
	"$build"/stages/lib/number*.o "$build/stages/lib/learn.o")
libc='mem(cpy|move|set|cmp)|bcmp|[hn]to[hn][sl]|__mem(cpy|move|set)_chk|__errno_location|__assert_fail'
compiler='__stack_chk_fail|__cpu_model|__cpu_indicator_init|_GLOBAL_OFFSET_TABLE_|__atomic_.*'
tools='__(asan|ubsan|tsan|sanitizer|sancov|gcov|llvm)_.*|__(start|stop)_.*'

# check FOLDER CALLS NAMES: its objects (those of NAMES, or all) call what is ours, theirs, and CALLS (a
# pattern, or nothing).
check()
{
	files=$(objects "$1" | grep -E "${3:-.}")
	known=$(printf '%s\n%s\n' "$rules" "$(defined $files)")
	for file in $files; do
		seen=$((seen + 1))
		[ -f "$file" ] || { echo "$file: not built"; bad=$((bad + 1)); continue; }
		calls=$(nm -u "$file" | awk '{ print $NF }' |
			grep -vxE "$turn|$setup|$libc|$compiler|$tools|${2:-none}" | grep -vxF "$known")
		[ -z "$calls" ] || { echo "$file may not call:" $calls; bad=$((bad + 1)); }
	done
}

for stage in $(sed -e 's/#.*//' "$top/stages/kinds.list"); do
	case $stage in
	control) ;;
	rx)        check stages/rx 'recvmmsg|epoll_wait|setsockopt|__cmsg_nxthdr' ;;
	tx-gso)    check stages/tx-gso 'sendmmsg|sendmsg|epoll_(ctl|wait)' ;;
	tcp)       check stages/tcp 'accept4|close|connect|epoll_(ctl|wait)|getsockopt|mr_tcp_set_up|recv|sendmsg|socket' ;;
	ethernet)  check stages/ethernet 'mr_ether_(rebind|fit)|recvmmsg|sendmmsg|sendto|__cmsg_nxthdr' ;;
	tun-read)  check stages/tun-read 'epoll_wait|read|readv' ;;
	tun-write) check stages/tun-write 'write|writev' ;;
	*)         check "stages/$stage" ;;
	esac
done
check stages/lib '' 'number|/learn[.]'
check fips/path
check fips/wire mr_sha256 # what control signs and looks up; nothing a data thread runs needs it

# R12: threads begin and end in core/threads.c, called by main.  A stage that joined one could wait
# for a thread that waits for it.
for folder in core fips/node fips/noise fips/path fips/wire stages/* plugins/*; do
	[ -d "$top/$folder" ] || continue
	for file in $(objects "$folder"); do
		[ -f "$file" ] || continue
		seen=$((seen + 1))
		calls=$(nm -u "$file" | awk '{ print $NF }' |
			grep -E '^(pthread_(create|join|tryjoin_np|timedjoin_np|detach|cancel)|thrd_.*)(@.*)?$')
		[ -z "$calls" ] || [ "${file##*/}" = threads.o ] ||
			{ echo "$file may not call:" $calls; bad=$((bad + 1)); }
	done
done

echo "$seen objects, $bad complaints"
[ "$seen" -gt 20 ] && [ "$bad" -eq 0 ]
