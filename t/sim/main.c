/* simulate - run meshes on virtual time: one from a seed, or one after the other without an end.
 *
 *     simulate --seed 7                                   what seed 7 stands for
 *     simulate --seed 7 --nodes 20 --storm split          that, but for what is said
 *     simulate --endless --seed 1000                      seeds from there on
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "t/sim/shape.h"
#include "t/sim/sim.h"
#include "t/sim/storm.h"

#define SHORT_RETRY 30000 /* ms                                                  */
#define LONGEST     30    /* nodes in a row: the way to the root fits a message */

static unsigned count_shapes(void)
{
	unsigned n = 0;

	while (sim_shapes[n].name)
		n++;
	return n;
}

static unsigned count_storms(void)
{
	unsigned n = 0;

	while (sim_storms[n].name)
		n++;
	return n;
}

/* What a seed stands for where nothing is said. */
static void draw(struct sim_options *o)
{
	struct sim dice = { .random = o->seed ^ UINT64_C(0x73696d756c617465) };
	uint64_t shape = sim_random(&dice, count_shapes()),
		 storm = sim_random(&dice, count_storms());
	uint64_t big = sim_random(&dice, 8), nodes = sim_random(&dice, big ? 24 : 100);
	uint64_t seconds = sim_random(&dice, 900), retry = sim_random(&dice, 4);

	if (!o->shape)
		o->shape = sim_shapes[shape].name;
	if (!o->storm)
		o->storm = sim_storms[storm].name;
	if (!o->nodes && sim_shape_find(o->shape)->long_ways)
		o->nodes = 2 + (unsigned)nodes % LONGEST;
	else if (!o->nodes)
		o->nodes = 2 + (unsigned)nodes;
	if (!o->seconds)
		o->seconds = 60 + (unsigned)seconds;
	if (!o->retry)
		o->retry = retry ? SHORT_RETRY : 300000;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static long memory_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void show(const struct sim *s, double seconds)
{
	const struct sim_figures *f = &s->figures;
	const struct sim_options *o = &s->options;

	printf("seed %llu: %u nodes, %u edges, %s, %s for %u s; digest %016llx\n",
	       (unsigned long long)o->seed, s->n_nodes, s->n_edges, o->shape, o->storm, o->seconds,
	       (unsigned long long)s->digest);
	printf("  linked after %.1f s, one tree after %.1f s, filters after %.1f s, all well after %.1f s, %llu turns\n",
	       (double)f->heal[SIM_LINKED] / 1e9, (double)f->heal[SIM_TREED] / 1e9,
	       (double)f->heal[SIM_TOLD] / 1e9, (double)f->heal[SIM_ANSWERED] / 1e9,
	       (unsigned long long)f->turns);
	printf("  of %llu pings since then %llu missed, the last %u s after a turn; %llu expired\n",
	       (unsigned long long)f->watched, (unsigned long long)f->missed, f->missed_last,
	       (unsigned long long)f->expired);
	printf("  pings %llu of %llu answered, %llu told of no way; %llu frames, %llu lost, %llu forwarded, "
	       "%llu loops, %u hops at most\n",
	       (unsigned long long)f->answered, (unsigned long long)f->asked,
	       (unsigned long long)f->told, (unsigned long long)f->frames,
	       (unsigned long long)f->lost, (unsigned long long)f->forwarded,
	       (unsigned long long)f->loops, f->hops);
	printf("  starts %llu, cuts %llu, splits %llu, moves %llu, jumps %llu, freezes %llu; keys %llu\n",
	       (unsigned long long)f->starts, (unsigned long long)f->cuts,
	       (unsigned long long)f->splits, (unsigned long long)f->moves,
	       (unsigned long long)f->jumps, (unsigned long long)f->freezes,
	       (unsigned long long)f->keys);
	printf("  at most %u inputs and %u actions waited, %zu events; %llu calls; %.0f s in %.2f s, %ld MiB\n",
	       f->inputs, f->actions, s->queue.most, (unsigned long long)f->calls,
	       (double)(s->now - SIM_S(1000)) / 1e9, seconds, memory_kib() / 1024);
}

static void run(const struct sim_options *options)
{
	struct sim_options o = *options;
	double before = cpu();
	struct sim *s;

	draw(&o);
	s = sim_open(&o);
	sim_run(s);
	show(s, cpu() - before);
	fflush(stdout);
	sim_close(s);
}

static int usage(void)
{
	fprintf(stderr, "usage: simulate [--seed N] [--nodes N] [--seconds S] [--storm NAME] "
	                "[--shape NAME] [--retry MS] [--trace] [--endless]\nstorms:\n");
	for (const struct sim_storm *storm = sim_storms; storm->name; storm++)
		fprintf(stderr, "  %-9s %s\n", storm->name, storm->summary);
	fprintf(stderr, "shapes:\n");
	for (const struct sim_shape *shape = sim_shapes; shape->name; shape++)
		fprintf(stderr, "  %-9s %s\n", shape->name, shape->summary);
	return 2;
}

static bool is_sensible(const struct sim_options *o)
{
	return (!o->storm || sim_storm_find(o->storm)) && (!o->shape || sim_shape_find(o->shape)) &&
	       o->nodes != 1 && o->nodes <= SIM_NODES_MAX;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "nodes", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "storm", required_argument, NULL, 'w' },
		{ "shape", required_argument, NULL, 'e' },
		{ "retry", required_argument, NULL, 'r' },
		{ "trace", no_argument, NULL, 'v' },
		{ "endless", no_argument, NULL, 'f' },
		{ 0 },
	};
	struct sim_options o = { .seed = 1 };
	bool endless = false;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (c) {
		case 's': o.seed = strtoull(optarg, NULL, 10); break;
		case 'n': o.nodes = (unsigned)strtoul(optarg, NULL, 10); break;
		case 't': o.seconds = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'r': o.retry = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'w': o.storm = optarg; break;
		case 'e': o.shape = optarg; break;
		case 'v': o.trace = true; break;
		case 'f': endless = true; break;
		default: return usage();
		}
	}
	if (!is_sensible(&o) || optind != argc)
		return usage();
	do
		run(&o);
	while (endless && ++o.seed);
	return 0;
}
