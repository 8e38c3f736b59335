# kinds.awk - from kinds.list, the table of built-in stage kinds (out=c) or the fragments that
# build them (out=mk).

function tail_of(out)
{
	if (out != "c")
		return
	print "\nconst struct mr_kind *const mr_kinds[] = {"
	for (i = 1; i <= n; i++)
		print "\t&mr_kind_" symbol[i] ","
	print "\tNULL,\n};"
}

BEGIN {
	if (out == "c")
		print "/* Made from stages/kinds.list. */\n\n#include <stddef.h>\n\n#include \"stages/kinds.h\"\n"
	else
		print "# Made from stages/kinds.list."
}

{ sub(/#.*/, "") }
NF == 0 { next }
NF > 1 || $1 !~ /^[a-z][a-z0-9-]*$/ {
	print FILENAME ":" FNR ": a line holds one stage's name" >"/dev/stderr"
	failed = 1
	exit 1
}
{
	symbol[++n] = $1
	gsub(/-/, "_", symbol[n])
	if (out == "c")
		print "extern const struct mr_kind mr_kind_" symbol[n] ";"
	else
		print "include stages/" $1 "/local.mk"
}

END { if (!failed) tail_of(out) }
