#!/bin/sh
# doc/writing-a-stage.md is true: the stage in it compiles, and goes into a node that runs and out of it again.

. "${srcdir:-.}/t/lib/page.sh"
command -v cc >/dev/null || { echo "there is no cc"; exit 77; }
# what an installed millrace would answer; `make installcheck' asks the real one
cat >bin/pkg-config <<END
#!/bin/sh
case \$* in
"--cflags millrace-plugin") echo "-I$top" ;;
"--variable=graphsdir millrace-plugin") echo "$top/graphs" ;;
*) exit 1 ;;
esac
END
chmod +x bin/pkg-config || exit 99
page=$top/doc/writing-a-stage.md
try_page
echo "$graphs graphs, $commands commands, $failed failed"
[ $graphs -eq 1 ] && [ $commands -gt 10 ] && [ $failed -eq 0 ]
