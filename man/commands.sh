#!/bin/sh
# commands.sh - the program's commands and their options, as a part of millrace(8), from `millrace --help`.
#
#   man/commands.sh FILE     prints FILE with that part made anew between its marks
#
# Runs $MILLRACE (default ./millrace).  A test (t/cli/test_manual.sh) fails when what is checked in is not what
# this makes.

set -u
file=${1:?which page?}
millrace=${MILLRACE:-./millrace}

# The help of a command as mdoc: usage, what it does, options.
section()
{
	"$millrace" "$1" --help | awk '
	# a sentence begins a line
	function plain(s) { gsub(/\\/, "\\e", s); gsub(/\.  +/, ".\n", s); return s ~ /^[.\x27]/ ? "\\&" s : s }
	function sentence(s) { return toupper(substr(s, 1, 1)) substr(s, 2) "." }
	# "[OPTION]... PEER ADDRESS [TRANSPORT]"
	function synopsis(line,   n, word, i, s, dots) {
		n = split(line, word, " ")
		s = ".Nm millrace Cm " word[3]
		for (i = 4; i <= n; i++)
			if (word[i] == "[OPTION]...")
				s = s " Oo Ar option ... Oc"
			else if (word[i] ~ /^\[/) {
				gsub(/[][]/, "", word[i])
				dots = sub(/\.\.\.$/, "", word[i]) ? " ..." : ""
				s = s " Oo Ar " tolower(word[i]) dots " Oc"
			} else {
				dots = sub(/\.\.\.$/, "", word[i]) ? " ..." : ""
				s = s " Ar " tolower(word[i]) dots
			}
		return s
	}
	function option(line,   at, left, text, n, word, s, i) {
		at = match(line, /[^ ,]  +[^ -]/)
		left = substr(line, 1, at)
		text = substr(line, at + 1)
		sub(/^ +/, "", text)
		n = split(left, word, /[ ,]+/)
		s = ".It"
		for (i = 1; i <= n; i++) {
			if (word[i] == "")
				continue
			if (word[i] ~ /^--/)
				s = s (s ~ /Fl/ ? " , Fl -" : " Fl -") substr(word[i], 3)
			else if (word[i] ~ /^-/)
				s = s " Fl " substr(word[i], 2)
			else
				s = s " Ar " (word[i] ~ /\|/ ? word[i] : tolower(word[i]))
		}
		print s
		print plain(sentence(text))
	}
	NR == 1 { usage = $0; next }
	/^options:$/ { options = 1; next }
	options && /^  / { if (!listed++) print ".Bl -tag -width Ds -compact"; option($0); next }
	NR == 3 { sub(/^usage: /, "", usage); print synopsis("usage: " usage); print ".Pp"; print plain(sentence($0)); next }
	/^$/ { if (NR > 4 && !options) gap = 1; next }
	gap { print ".Pp"; gap = 0 }
	{ print plain($0) }
	END { if (listed) print ".El" }' | awk '
	/^\.Bl/ && !begun++ { print ".Pp" } { print }'
}

commands()
{
	for command in $("$millrace" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p'); do
		echo ".Ss millrace $command"
		section "$command"
	done
}

commands >"$file.made.$$" || exit 1
trap 'rm -f "$file.made.$$"' EXIT
awk -v made="$file.made.$$" '
	/^\.\\" commands, made by/ { print; while ((getline line <made) > 0) print line; inside = 1; next }
	/^\.\\" end of commands/ { inside = 0 }
	!inside { print }' "$file"
