# quota.sh - part of a core for a process and no more, kept by the kernel; for what else the machine would
# bound.  Sourced.
#
#   lend_quota PERCENT   make a group of processes that gets so much of one core, in slices of 5 ms;
#                        needs a writable cgroup hierarchy with the cpu controller, so root
#   under_quota PID      put a process into it, with all threads it will start
#   take_quota           end the group, which has to be empty

quota_group=

lend_quota()
{
	root=/sys/fs/cgroup name=millrace-bench-$$
	if grep -qw cpu "$root/cgroup.controllers" 2>/dev/null; then
		quota_group=$root/$name
		mkdir "$quota_group" && { grep -qw cpu "$root/cgroup.subtree_control" ||
			echo +cpu >"$root/cgroup.subtree_control"; } &&
			echo "$(($1 * 50)) 5000" >"$quota_group/cpu.max"
	elif [ -e "$root/cpu/cpu.cfs_quota_us" ] || [ -e "$root/cpu/cgroup.procs" ]; then
		quota_group=$root/cpu/$name
		mkdir "$quota_group" && echo 5000 >"$quota_group/cpu.cfs_period_us" &&
			echo $(($1 * 50)) >"$quota_group/cpu.cfs_quota_us"
	else
		false
	fi 2>/dev/null && return 0
	take_quota
	die "a part of a core (--middle) wants a writable cgroup with the cpu controller: run as root"
}

under_quota()
{
	[ -z "$quota_group" ] || echo "$1" >"$quota_group/cgroup.procs"
}

take_quota()
{
	[ -z "$quota_group" ] || rmdir "$quota_group" 2>/dev/null
	quota_group=
}
