/* bench deal - one flow on several threads: what dealing out gains, and what it costs.
 *
 *   contrib/bench/bench deal [--bytes N] [--packets N] [--rounds N] [--threads N] [--vector N]
 *                            [--aead NAME]
 *
 * Packets of one flow and one size, in vectors of 64 or of 1 to N, go as fast as they can through
 *
 *     at once    fsp-seal and fmp-seal, where they are made          2 threads in all
 *     seal       numbered where they are made, sealed by 1 to N      2 + N threads in all
 *     open       frames that were sealed before, opened by 1 to N    2 + N threads in all
 *
 * by the real runtime, with the threads of a node, but without sockets and device.  One thread
 * makes them, one looks whether each is the next; those two need some of the cores too.  Rounds are
 * interleaved; medians.  A frame that is not the next, or wrong, ends it with 1.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contrib/bench/options.h"
#include "t/lib/flow.h"

#define ROUNDS_MAX 99

/* One row of the table. */
struct row {
	bool     opening;
	unsigned threads;
	double   ns[ROUNDS_MAX]; /* a packet */
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct row *row, struct flow *f, unsigned round)
{
	f->opening = row->opening;
	f->threads = row->threads;
	flow_run(f);
	if (f->arrived != f->packets || f->disorder || f->wrong) {
		fprintf(stderr, "bench deal: %llu of %llu arrived, %llu out of order, %llu wrong\n",
		        (unsigned long long)f->arrived, (unsigned long long)f->packets,
		        (unsigned long long)f->disorder, (unsigned long long)f->wrong);
		exit(1);
	}
	row->ns[round] = (double)f->ns / (double)f->packets;
}

static void print(struct row *row, unsigned rounds, double one)
{
	const char *name = row->opening ? "open" : row->threads ? "seal" : "at once";

	printf("%-8s %7u %12.1f %14.0f %8.2f\n", name, row->threads, row->ns[rounds / 2],
	       1e9 / row->ns[rounds / 2], one / row->ns[rounds / 2]);
}

int main(int argc, char **argv)
{
	struct flow f = { .bytes = 1280, .packets = 300000 };
	unsigned rounds = 7, threads = 2, rows = 0;
	struct row row[2 * FLOW_THREADS + 1] = { 0 };
	const char *aead = NULL;

	for (int i = 1; i < argc; i += 2) {
		const char *value = argv[i + 1];

		if (!strcmp(argv[i], "--bytes")) {
			f.bytes = option_number("deal", "--bytes", value, 48, 1300);
		} else if (!strcmp(argv[i], "--packets")) {
			f.packets = option_number("deal", "--packets", value, 1000, 100000000);
		} else if (!strcmp(argv[i], "--rounds")) {
			rounds = option_number("deal", "--rounds", value, 1, ROUNDS_MAX);
		} else if (!strcmp(argv[i], "--threads")) {
			threads = option_number("deal", "--threads", value, 1, FLOW_THREADS);
		} else if (!strcmp(argv[i], "--vector")) {
			f.most = option_number("deal", "--vector", value, 1, 64);
		} else if (!strcmp(argv[i], "--aead") && value) {
			aead = value;
		} else {
			fprintf(stderr, "bench deal: no option %s\n", argv[i]);
			return 1;
		}
	}
	f.aead = option_aead("deal", aead);
	for (unsigned n = 0; n <= threads; n++)
		row[rows++].threads = n;
	for (unsigned n = 1; n <= threads; n++)
		row[rows++] = (struct row){ .opening = true, .threads = n };
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < rows; i++)
			measure(&row[i], &f, round);
	for (unsigned i = 0; i < rows; i++)
		qsort(row[i].ns, rounds, sizeof row[i].ns[0], by_size);
	printf("%u bytes, %s\n%-8s %7s %12s %14s %8s\n", f.bytes, f.aead->name, "", "threads",
	       "ns a packet", "packets a s", "to one");
	for (unsigned i = 0; i < rows; i++)
		print(&row[i], rounds, row[row[i].opening ? threads + 1 : 1].ns[rounds / 2]);
	return 0;
}
