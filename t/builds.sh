#!/bin/sh
# builds.sh - from the tarball to a mesh and to figures: the command lines of README and doc/bench.md that build, or
# take what was built, each run as it stands in a tree that was unpacked elsewhere.
#
#   t/builds.sh BUILD      a build folder, whose `make dist' makes the tarball
#
# Measurements are as short as their options can make them.  contrib/check.sh calls this after `make check', which has
# no time for it.

set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/contrib/lib.sh"
. "$top/t/lib/lines.sh"
built=$(cd "${1:?which build folder?}" && pwd) || exit 1
work_in builds
tree=$work/millrace at=$work/millrace
ran=0 meshes=yes
unset BENCH_BUILD MILLRACE_GRAPHS MILLRACE_PLUGINS MFLAGS MAKELEVEL
MAKEFLAGS=-j$(nproc) DESTDIR=$work/root # of every make install
export MAKEFLAGS DESTDIR

# can_mesh: there are namespaces and devices for two nodes.
can_mesh()
{
	flags=-nm
	[ "$(id -u)" -eq 0 ] || flags=-Urnm
	[ -c /dev/net/tun ] && unshare $flags true 2>/dev/null
}

# pick PAGE PATTERN: the lines that match, to $work/lines.
pick()
{
	page_lines "$tree/$1" | grep -E "$2" >"$work/lines"
	[ -s "$work/lines" ] || die "$1 has no lines like $2"
}

# try LINE [OPTION]...: with these behind it, where the line before it went to; $work/said has what it says.
try()
{
	line=$1
	ran=$((ran + 1))
	(cd "$at" && eval "$* && pwd >'$work/went'") >"$work/said" 2>&1 </dev/null ||
		die "$*: exit code $?: $(tail -n 30 "$work/said")"
	at=$(cat "$work/went")
}

says()
{
	grep -q -e "$1" "$work/said" || die "$line: does not say \"$1\": $(tail -n 30 "$work/said")"
}

# ---- from the tarball to an installed program ----

quietly make -C "$built" distdir "distdir=$tree" || die "no tree as it would be in a tarball"
pick README '^(\./|\.\./|mkdir|make)'
while read -r line <&3; do
	case $line in
	"make -j6 check") ;; # what contrib/check.sh does
	*) try "$line" ;;
	esac
done 3<"$work/lines"
says ' 0 failed$'
at=$tree
ln -s build "$tree/build-demo" || die "no link" # demo.sh and bench build there; this has been done

# ---- a mesh ----

pick README '^contrib/'
can_mesh || { say "no namespaces, or no /dev/net/tun: no mesh, and nothing that measures one"; meshes=no; }
while read -r line <&3; do
	case $line in
	*--help) try "$line" && says '--seconds N' ;;
	contrib/check.sh) ;; # calls this
	contrib/demo.sh*) [ $meshes = no ] || { try "$line" --seconds 1 && says '^every packet is accounted for'; } ;;
	*) die "README: nobody runs: $line" ;;
	esac
done 3<"$work/lines"

# ---- figures ----

# candidates_exist LINE: each of those it names is one that bench knows, or a graph.
candidates_exist()
{
	for candidate in $(printf '%s\n' "$1" | sed -n 's/.*--candidates "\([^"]*\)".*/\1/p'); do
		candidate=${candidate%%[@,]*}
		[ -e "$tree/graphs/$candidate.json" ] || sh "$tree/contrib/bench/bench" tunnel --help | grep -qw -e "$candidate" || return 1
	done
}

short="--rounds 1 --seconds 1 --measures"
pick doc/bench.md .
while read -r line <&3; do
	set -- $line
	while [ "$1" != contrib/bench/bench ]; do
		shift
	done
	candidates_exist "$line" || die "doc/bench.md: $line: there is no such candidate"
	case $2 in
	tunnel | mesh | transit | ceiling | short) [ $meshes = yes ] || continue ;;
	esac
	# of the candidates those that are here: others' programs need not be
	case $2 in
	tunnel) try "$line" $short tcp1 --candidates "'veth fused@1395'" && says '^fused@1395 .* 1395 ' ;;
	mesh) try "$line" $short ad --candidates fused && says '^fused ' ;;
	transit) try "$line" $short tcp1 --candidates "'router two-core'" && says '^two-core ' ;;
	ceiling) try "$line" $short tcp1 && says '^ceiling ' ;;
	short) try "$line" $short tcp1 --candidates fused && says '^fused ' ;;
	stage) try "$line" --ms 1 && says '^tun-write ' ;;
	cost) try "$line" --ms 1 route && says '^together ' ;;
	aead) try "$line" --rounds 9 && says mbedtls ;;
	deal) try "$line" --rounds 1 && says '^open ' ;;
	ring) try "$line" && says 64 ;;
	*) die "doc/bench.md: nobody runs: $line" ;;
	esac
done 3<"$work/lines"
say "$ran command lines that build or measure"
