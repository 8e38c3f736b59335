# lines.sh - the command lines of pages, for tests that run them.  Sourced; needs nothing.
#
# A command line stands in a page with four spaces before it, in a manual page between .Bd and .Ed, and begins with
# the name of a program, or with words NAME=VALUE and then one.  What is said beside it, two spaces away, is no part
# of it.  In fenced blocks are others, which page.sh runs.

line_programs='ip|millrace|curl|dig|fipsctl|systemctl|systemd-[a-z]+|journalctl|install|setcap|nft|usermod|sudo|sysctl|ssh|ping'
line_programs="$line_programs|apt-get|ethtool|nstat|tcpdump|kill|cp|rm|cat|echo|export|sed|pkg-config|make|mkdir|cc|\\./[a-z.]+|\\.\\./[a-z]+|contrib/[a-z./]+|[\$]EDITOR"

# page_lines FILE: a line each.
page_lines()
{
	case $1 in
	*.[0-9]) sed -n '/^\.Bd/,/^\.Ed/p' "$1" ;;
	*) awk '/^```/ { inside = !inside } !inside && sub(/^    /, "")' "$1" ;;
	esac | grep -E "^([A-Z_]+=[^ ]* )*($line_programs)( [^0-9]|\$)" | sed -E 's/  +.*//'
}
