#!/bin/sh
# installcheck.sh - what `make install' has put in place, used as whoever installs it uses it.
#
#   - the program is the one of this tree, and finds the installed modules and graphs by itself
#   - each installed graph is right, alone and with a node file, and so are the node files that pages show
#   - if it has `schema', what that says is JSON
#   - the sample plugin is built by the installed headers and millrace-plugin.pc alone, is loaded, and a graph may
#     use its kind
#   - each manual page has no mistake that the formatter knows of
#
# `make installcheck' calls it with where things are: VERSION, bindir, docdir, graphsdir, libdir, mandir, plugindir,
# srcdir, and DESTDIR before all of them if they are not where they will be.

set -u
root=${DESTDIR-}
program=$root${bindir:?}/millrace
graphs=$root${graphsdir:?}
modules=$root${plugindir:?}
bad=0
fail()
{
	printf '%s\n' "$*" >&2
	[ ! -s said ] || sed 's/^/    /' said >&2
	bad=$((bad + 1))
}

sample=$(cd "${srcdir:?}" && pwd)/contrib/sample-plugin || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
umask 022 # who is careful loads no module that its group may write

# Where they will be is in the program; where they are while they are elsewhere, it is told.
if [ -n "$root" ]; then
	MILLRACE_GRAPHS=$graphs MILLRACE_PLUGINS=$modules PKG_CONFIG_SYSROOT_DIR=$root
	export MILLRACE_GRAPHS MILLRACE_PLUGINS PKG_CONFIG_SYSROOT_DIR
else
	unset MILLRACE_GRAPHS MILLRACE_PLUGINS PKG_CONFIG_SYSROOT_DIR
fi

# ---- the program ----

"$program" version >version 2>said || fail "no version"
read -r name version rest <version
[ "$name $version" = "millrace ${VERSION:?}" ] || fail "the program is $name $version, not millrace $VERSION"
count=0
for module in "$modules"/*.so; do
	count=$((count + 1))
	grep -q "[ ]$(basename "$module"), version" version || { cp version said; fail "not loaded: $module"; }
done
[ $count -ge 2 ] || fail "no modules in $modules"
! grep '\.so refused:' version >said || fail "refused modules"

# ---- graphs and node files ----

"$program" keygen --out node.key >said 2>&1 || fail "no key"
cat >node.json <<END
{ "node": { "identity": { "key_file": "node.key" } },
  "transports": { "udp": { "bind_addr": "127.0.0.1:2121" } },
  "http": { "listen": "unix:$work/http" } }
END
shipped=0
for graph in "$graphs"/*.json; do
	name=$(basename "$graph" .json)
	shipped=$((shipped + 1))
	"$program" check --graph "$name" >said 2>&1 || fail "the graph $name is not right"
	"$program" check -c node.json --graph "$name" >said 2>&1 || fail "the graph $name is not right for a node"
done
[ $shipped -ge 5 ] || fail "no graphs in $graphs"
# node files that pages show, with keys of here
"$program" keygen --out a.key >said 2>&1 || fail "no key"
"$program" keygen --out b.key >said 2>&1 || fail "no key"
examples=0
for page in README doc/service.md; do
	sed -n '/^    { "node"/,/] }$/p' "$root${docdir:?}/$page" | sed "s/npub1\.\.\./$(cat b.key.pub)/" >example.json
	[ -s example.json ] || fail "$page shows no node file"
	examples=$((examples + 1))
	"$program" check -c example.json >said 2>&1 || fail "the node file of $page is not right"
done

if "$program" help | grep -q '^  schema '; then
	for form in node graph; do
		"$program" schema $form >$form.schema 2>said || fail "no schema $form"
		[ -s $form.schema ] || fail "nothing in schema $form"
		! command -v jq >/dev/null || jq -e 'has("$schema")' $form.schema >said 2>&1 || fail "schema $form is none"
	done
fi

# ---- the sample plugin ----

unset MAKEFLAGS MAKELEVEL MFLAGS
PKG_CONFIG_PATH=$root${libdir:?}/pkgconfig
export PKG_CONFIG_PATH
mkdir sample modules
cp "$sample/count.c" "$sample/Makefile" sample && chmod u+w sample/*
(cd sample && make) >said 2>&1 && cp sample/count.so modules || fail "the sample plugin does not build"
! grep warning said >/dev/null || fail "the sample plugin builds with warnings"
cp "$modules"/*.so modules
MILLRACE_PLUGINS=$work/modules "$program" version >said 2>&1
grep -q ' count\.so, version 1: ' said || fail "the sample plugin is not loaded"
if command -v jq >/dev/null; then
	jq '.stages.counted = { kind: "count", small: 64 } | (.edges[] | select(.from == "fsp-open.ip") | .to) = "counted.in" |
		.edges += [{ from: "counted.out", to: "tun-write.ip", full: "drop" }] |
		(.workers[] | select(.stages | contains(["tun-write"])) | .stages) += ["counted"]' \
		"$graphs/fused.json" >count.json || fail "no graph with the sample plugin"
	MILLRACE_PLUGINS=$work/modules "$program" check --graph ./count.json >said 2>&1 ||
		fail "no graph may use the sample plugin"
	"$program" check --graph ./count.json >said 2>&1 && fail "its kind is known without it"
	grep -q 'there is no kind "count"' said || fail "an unknown kind is not named"
fi

# ---- pages ----

case $(pkg-config --variable=graphsdir millrace-plugin) in
*"$graphsdir") ;;
*) fail "pkg-config does not know where the graphs are" ;;
esac
links=0
find "$root${docdir:?}" -name '*.md' >pages.list
while read -r page; do
	for link in $(sed '/^```/,/^```/d' "$page" | grep -oE '\]\([^)# :]+\.md' | sed 's/](//'); do
		links=$((links + 1))
		[ -f "$(dirname "$page")/$link" ] || fail "$page leads to $link, which is not installed"
	done
done <pages.list
[ $links -gt 20 ] || fail "the installed pages have $links links only"

# ---- manual pages ----

pages=0
for page in "$root${mandir:?}"/man?/millrace*; do
	[ -e "$page" ] || continue
	pages=$((pages + 1))
	if command -v groff >/dev/null; then
		groff -man -Tutf8 -Kutf8 -ww -z "$page" >said 2>&1 || fail "$page is not parsed"
		[ ! -s said ] || fail "$page has mistakes"
	fi
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" >said 2>&1 || fail "$page has mistakes"
	fi
done

echo "$count modules, $shipped graphs, $examples examples, $pages manual pages, $bad failed"
[ $bad -eq 0 ]
