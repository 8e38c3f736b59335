#!/bin/sh
# embed.sh - files as bytes of a C program: embed.sh NAME FILE... prints cli_page_NAME, the files one behind
# the other.  With no more than POSIX has.

set -eu
name=$1
shift
printf 'static const unsigned char %s_bytes[] = {\n' "$name"
cat "$@" | od -An -v -tx1 | sed -e 's/[[:space:]]*\([0-9a-f][0-9a-f]\)/0x\1,/g' -e 's/[[:space:]]*$//'
printf '};\nconst struct cli_page_file cli_page_%s = { %s_bytes, sizeof %s_bytes };\n' "$name" "$name" "$name"
