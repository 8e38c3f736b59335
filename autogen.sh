#!/bin/sh
# autogen.sh - make configure from configure.ac, in a tree that came without it.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
awk -v out=mk -f stages/kinds.awk stages/kinds.list >stages/kinds.mk
exec autoreconf --install --warnings=all,no-portability "$@"
