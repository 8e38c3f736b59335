#!/bin/sh
# sample_plugin.sh - a plugin from outside of the tree: built against the installed tree with pkg-config alone,
# checked, and run by two nodes.
#
#   - `make install' puts program, modules, headers and millrace-plugin.pc below DESTDIR
#   - contrib/sample-plugin is copied elsewhere and built there, once by the line of doc/plugins.md
#   - the installed program finds it by MILLRACE_PLUGINS, checks a graph that uses it, and carries a ping
#     through it; its counters count

set -u
top=${srcdir:?the tree, as make check sets it}
. "$top/contrib/lib.sh"
. "$top/t/lib/lines.sh"
. "$top/t/net/wire.sh"
command -v pkg-config >/dev/null || skip "there is no pkg-config"
enter_or_skip "$0" "$@"
built=${MILLRACE:?the program, as make check sets it}
build=${built%/*}
RELAY=$build/t/net/relay
MILLRACE_PLUGINS=
export MILLRACE_PLUGINS
lay_wire sample-plugin count.json

unset MAKEFLAGS MAKELEVEL MFLAGS
root=$work/root
quietly make -C "$build" install "DESTDIR=$root" || die "make install failed"
pc=$(find "$root" -name millrace-plugin.pc)
[ -n "$pc" ] || die "no millrace-plugin.pc was installed"
millrace=$(find "$root" -path '*/bin/millrace')
PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
abi=$(pkg-config --variable=abi millrace-plugin)
grep -q "define MR_ABI *$abi " "$top/core/stage.h" || die "millrace-plugin.pc says ABI $abi"
plugindir=$(pkg-config --variable=plugindir millrace-plugin)
ls "$root${plugindir#"$root"}"/tap.so "$root${plugindir#"$root"}"/impair.so >/dev/null || die "no modules in $plugindir"

mkdir "$work/sample" "$work/modules"
cp "$top/contrib/sample-plugin/count.c" "$top/contrib/sample-plugin/Makefile" "$work/sample"
# by the lines of the manual, and by its Makefile
for page in doc/plugins.md man/millrace-plugin.3; do
	line=$(page_lines "$top/$page" | sed 's/NAME/count/g')
	[ "$(printf '%s\n' "$line" | wc -l)" -eq 1 ] || die "$page has not one line: $line"
	(cd "$work/sample" && quietly eval "$line" && rm count.so) || die "$page: $line: makes no count.so"
done
(cd "$work/sample" && quietly make) || die "the sample does not build"
[ "$(wc -l <"$work/sample/count.c")" -lt 80 ] || die "the sample is no short one any more"

jq '.stages["ip-in"] = { kind: "count" } | .stages["ip-out"] = { kind: "count", small: 64 } |
	(.edges[] | select(.from == "fsp-open.ip") | .to) = "ip-in.in" |
	(.edges[] | select(.to == "route.ip") | .to) = "ip-out.in" |
	.edges += [ { from: "ip-in.out", to: "tun-write.ip", full: "drop" },
		{ from: "ip-out.out", to: "route.ip", full: "wait" } ] |
	(.workers[] | select(.stages | contains(["route"])) | .stages) += ["ip-in", "ip-out"]' \
	"$top/graphs/fused.json" >"$work/count.json" || die "no graph"

# without the module, and with one that cannot be loaded, the sentence says so
"$millrace" check -c "$work/a.json" >"$work/check" 2>&1 && die "a graph with an unknown kind is fine"
grep -q 'there is no kind "count"' "$work/check" || die "$(cat "$work/check")"
MILLRACE_PLUGINS=$work/modules
echo "no shared object" >"$work/modules/count.so"
"$millrace" check -c "$work/a.json" >"$work/check" 2>&1 && die "a broken module is fine"
grep -q 'kind "count" is missing with the plugin .*count.so, which was refused' "$work/check" ||
	die "$(cat "$work/check")"
cp "$work/sample/count.so" "$work/modules/count.so"
chmod g+w "$work/modules/count.so"
"$millrace" check -c "$work/a.json" >"$work/check" 2>&1 && die "a module that others may write is fine"
grep -q 'may be written by its group' "$work/check" || die "$(cat "$work/check")"
chmod 755 "$work/modules/count.so"
"$millrace" check -c "$work/a.json" >"$work/check" 2>&1 || die "$(cat "$work/check")"
"$millrace" version >"$work/version" || die "no version"
grep -q 'count *count.so, version 1: a sample' "$work/version" || die "$(cat "$work/version")"

bad=0
start_wire
finish ip netns exec b ping -6 -q -c 20 -i 0.05 -W 2 "$a6" >"$work/ping" || lament "ping lost packets"
for node in a b; do
	settle $node
	jq -e '([.stages[] | select(.kind == "count") |
		.counters.packets >= 20 and .counters.bytes >= 2080 and .counters.packets == .packets.in] |
		length == 2 and all)' "$work/$node.stats" >/dev/null || {
		say "node $node did not count: $(jq -c '.stages[] | select(.kind == "count")' "$work/$node.stats")" >&2
		bad=1
	}
done
end_wire
[ $bad -eq 0 ] || lament "failed"
