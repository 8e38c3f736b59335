#!/bin/sh
# What the shells are offered while a command line is typed, and the bash file that asks for it.

. "${srcdir:-.}/t/lib/program.sh"

# offers 'A B C' WORD... : exactly these, descriptions aside.
offers()
{
	want=$1
	shift
	count=$((count + 1))
	got=$("$millrace" complete -- "$@" | cut -f1 | sort | tr '\n' ' ')
	[ "$got" = "$(printf '%s' "$want" | tr ' ' '\n' | sort | tr '\n' ' ')" ] && return
	echo "FAIL: millrace $*: offered $got, not $want"
	failed=$((failed + 1))
}

# has WORD WORDS... : among others.
has()
{
	want=$1
	shift
	count=$((count + 1))
	"$millrace" complete -- "$@" | cut -f1 | grep -qxF -e "$want" && return
	echo "FAIL: millrace $*: $want is not offered"
	failed=$((failed + 1))
}

offers 'reload' rel
offers '' nothing-like-it
offers '' nothing-like-it ''
for command in $("$millrace" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p'); do
	has "$command" ''
	has --help "$command" --
done
offers '--graph' check --gr
offers 'dot json' check --print ''
offers 'json' check -p j
offers 'fused :files' run --graph fus
has auto run -g ''
offers ':files' run -c ''
offers '' run --report ''
has stats-history show s
offers '' show status ''
offers 'tun-read tun-write' kinds tun
offers '' kinds rx ''
[ "$("$millrace" complete -- keyg)" = "$(printf 'keygen\tmake a new key pair')" ] || {
	echo "FAIL: no description"
	failed=$((failed + 1))
}

# bash itself: the words it would put in.
if command -v bash >/dev/null; then
	got=$(bash -c '. "$1"; COMP_WORDS=("$2" check --print ""); COMP_CWORD=3; _millrace 2>/dev/null; echo "${COMPREPLY[*]}"' \
		- "$top/contrib/completions/millrace.bash" "$millrace")
	[ "$got" = "dot json" ] || {
		echo "FAIL: bash offers '$got'"
		failed=$((failed + 1))
	}
	got=$(cd "$top/graphs" && bash -c '. "$1"; COMP_WORDS=("$2" run -g fus); COMP_CWORD=3; _millrace 2>/dev/null; echo "${COMPREPLY[*]}"' \
		- "$top/contrib/completions/millrace.bash" "$(command -v "$millrace")")
	[ "$got" = "fused fused.json" ] || {
		echo "FAIL: bash offers graphs '$got'"
		failed=$((failed + 1))
	}
fi
for shell in zsh fish; do
	file=$top/contrib/completions/millrace.$shell
	[ $shell = zsh ] && file=$top/contrib/completions/_millrace
	command -v $shell >/dev/null || continue
	$shell -n "$file" || failed=$((failed + 1))
done
echo "$count questions, $failed failures"
[ $failed -eq 0 ]
