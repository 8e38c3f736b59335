#!/bin/sh
# seed_stages.sh FOLDER - first inputs of fuzz_stages, one or two for each data stage; the format is in
# fuzz_stages.c.  What a fuzzer finds beyond them is put beside them (t/README.md).

out=${1:?usage: seed_stages.sh FOLDER}
mkdir -p "$out" || exit 1

# record OPERATION ARGUMENT BYTES...: octal for printf; lengths stay below 256.
record()
{
	op=$1 argument=$2
	shift 2
	printf '\\%03o\\%03o\\%03o\\000' "$op" "$argument" $#
	for byte; do
		printf '\\%03o' "$byte"
	done
}

# about fifty bytes of something behind the three that say whose it is
packet()
{
	echo "$1" "$2" "$3" 17 0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 \
		27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50
}

for kind in rx fmp-open fsp-open route fsp-seal fmp-seal tx-gso tun-read tun-write open fsp-number fmp-number \
	seal; do
	{
		printf '%s\\n' $kind
		for input in 0 1 2; do
			for how in 0 8 16 24 32 48 56; do
				record 1 $((how + input)) $(packet 0 $((how / 8 % 5)) 1)
			done
			for how in 64 72 192; do
				record 1 $((how + input)) $(packet 0 53 1)
			done
			record 0 $input $(packet 4 $input 3)
			record 2 0
		done
		for order in 0 1 2 3 4 5 6 7 8 9; do
			record 3 $order $order
		done
	} >"$out/words.tmp"
	printf "$(cat "$out/words.tmp")" >"$out/$kind-all"
	{
		printf '%s\\n' $kind
		record 7 255
		record 1 16 $(packet 0 1 1)
		record 1 17 $(packet 0 1 1)
		record 6 0 $(packet 0 0 0)
		record 2 0
		record 5 0
		record 5 3
		record 5 5
		record 5 6
		record 1 0 $(packet 0 1 1)
		record 4 200 9
		record 2 0
		record 7 0
		record 2 0
		record 5 4
		record 3 9 1
	} >"$out/words.tmp"
	printf "$(cat "$out/words.tmp")" >"$out/$kind-held"
done
rm -f "$out/words.tmp"
