#!/bin/sh
# millrace(8) has each command with each of its options, as the program has them; and no document names a command
# or an option that there is not, nor a page.

. "${srcdir:-.}/t/lib/program.sh"
own_folder manual

cp "$top/man/millrace.8" "$dir/" || exit 99
MILLRACE=$millrace sh "$top/man/commands.sh" "$dir/millrace.8" >"$dir/made" || fail "man/commands.sh"
cmp -s "$dir/made" "$top/man/millrace.8" ||
	fail "man/millrace.8 is out of date: man/commands.sh man/millrace.8 prints what it should be"

# The options of each command: "COMMAND OPTION" a line.
commands=$("$millrace" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p')
for command in $commands; do
	"$millrace" "$command" --help | sed -n 's/^  \(-.,\|   \) \(--[a-z-]*\).*/\2/p' | sed "s/^/$command /"
	"$millrace" "$command" --help | sed -n 's/^  \(-.\),.*/\1/p' | sed "s/^/$command /"
done >"$dir/known"

# Commands in documents: what stands behind "millrace" at the beginning of a line of a block, behind "$ ", or in
# quotes.  Words that begin with a dash belong to it, up to the end of a quote, a pipe, or two spaces.
pages=$(find "$top" -name '*.md' -not -path '*/build*' -not -path '*/b/*' -not -path '*/b-*' -o \
	-path "$top/man/*" -name '*.[1-9]' -o -path "$top/README")
# shellcheck disable=SC2086 # the names are words
grep -hoE '(^ +|^|\$ |`|netns exec [a-z]+ )millrace [a-z]+( [^ `|&;>#)]+)*' $pages |
	sed -E 's/^.*(^|[ `])millrace /millrace /' | grep '^millrace ' | sort -u >"$dir/written"
while read -r _ command words; do
	case " $(echo $commands) " in
	*" $command "*) ;;
	*) continue ;; # prose
	esac
	for word in $words; do
		case $word in
		--) break ;;
		-[a-z] | --[a-z]*) ;;
		*) continue ;;
		esac
		grep -qxF -e "$command ${word%%=*}" "$dir/known" || fail "a page says: millrace $command $words: there is no ${word%%=*}"
	done
done <"$dir/written"
n=$(wc -l <"$dir/written")

# Links lead to files.
for page in $pages; do
	case $page in *.md) ;; *) continue ;; esac
	for link in $(sed -n '/^```/,/^```/!p' "$page" | grep -oE '\]\([^)# ]+\.md' | sed 's/](//'); do
		[ -e "$(dirname "$page")/$link" ] || fail "$page: no $link"
	done
done

# Pages are well-formed, where somebody can tell.
if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning "$top"/man/*.[1-9] >"$dir/lint" 2>/dev/null || fail "mandoc: $(cat "$dir/lint")"
fi
if command -v man >/dev/null; then
	for page in "$top"/man/*.[1-9]; do
		man --warnings -l "$page" 2>"$dir/warned" >/dev/null
		[ ! -s "$dir/warned" ] || fail "man: $(cat "$dir/warned")"
	done
fi
echo "$n commands in documents, $failed failures"
[ "$n" -gt 30 ] && [ $failed -eq 0 ]
