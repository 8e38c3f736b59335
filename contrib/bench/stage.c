/* bench stage - what a stage alone costs a packet: nanoseconds and cycles, in vectors of three
 * sizes.
 *
 *   contrib/bench/bench stage [--bytes N] [--ms N] [--aead NAME] [--json] [NAME]...
 *
 * Each stage stands alone in a runtime of its own without threads.  Packets are carried through
 * those that only compute,
 *
 *     route -> fsp-seal -> fmp-seal  ~~  fmp-open -> fsp-open
 *              fsp-number -> fmp-number -> seal  ~~  open
 *
 * and the one that is measured gets them in vectors of 1, 16 and 64.  Those that read and write do
 * so,
 *
 *     rx          datagrams that came one by one
 *     rx-train    datagrams that came as one message (UDP_SEGMENT), up to 48
 *     tx-gso      a vector for one target on loopback
 *     tun-read    one packet, and super-packets of 16 and 48 segments
 *     tun-write   one packet, and as many of one TCP stream
 *
 * on sockets of the loopback device and, for the TUN device, on pairs of sockets.  Their system
 * calls are in the figure, and the table says how many there are a vector; filling and emptying
 * sockets is not.
 *
 * One sample is one call of the stage by the runtime (mr_call_process, mr_call_pull) with all the
 * runtime does around it; what the same call of the empty stage behind it takes is taken off.  The
 * median of the samples counts, buffers are in the cache.
 *
 * Cycles are those of the time stamp counter: x86 only, and not those of a core that changes its
 * clock.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contrib/bench/options.h"
#include "contrib/bench/stage.h"
#include "core/worker.h"
#include "fips/path/mtu.h"

#define SUBJECTS  16
#define BYTES_MIN 64 /* of a TCP packet with something in it */

/* All that can be measured. */
struct bench {
	struct way     way[WAYS];
	struct io      io;
	struct subject subject[SUBJECTS];
	unsigned       subjects;
	struct samples samples;
};

/* What one cell of the table says. */
struct cell {
	double   ticks;        /* of a packet: of the median call */
	double   system_calls; /* of a call                       */
	unsigned calls;
};

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t median(uint32_t *of, unsigned n)
{
	qsort(of, n, sizeof *of, by_value);
	return of[n / 2];
}

static struct cell measure(const struct subject *s, unsigned size, unsigned ms, struct samples *to)
{
	uint64_t until, before, rounds = 0;
	struct cell cell = { 0 };

	to->n = 0;
	for (unsigned i = 0; i < 20; i++) /* warm */
		s->round(s, size, to);
	to->n = 0;
	before = s->system_calls ? rig_count(s->rig, s->system_calls) : 0;
	until = mr_clock_now() + ms * MR_NS_PER_MS;
	for (; rounds == 0 || (mr_clock_now() < until && to->n < STAGE_SAMPLES); rounds++)
		s->round(s, size, to);
	if (s->system_calls)
		cell.system_calls = (double)(rig_count(s->rig, s->system_calls) - before) /
		                    (double)rounds;
	for (unsigned i = 0; i < to->n; i++) {
		to->behind[i] = (uint32_t)stage_behind(s->rig, s->output, size);
		if (s->output)
			stage_drain(s->rig, s->output, size);
	}
	cell.calls = to->n;
	cell.ticks = median(to->stage, to->n);
	cell.ticks = (cell.ticks - median(to->behind, to->n)) / size;
	return cell;
}

/* ---- the table ---- */

static void rows(const struct subject *s, unsigned ms, double ns, bool json, const char *comma,
                 struct samples *samples)
{
	for (unsigned i = 0; i < STAGE_SIZES; i++, comma = ",") {
		struct cell c = measure(s, s->size[i], ms, samples);

		if (json)
			printf("%s{\"stage\":\"%s\",\"vector\":%u,\"ns\":%.2f,\"cycles\":%.2f,"
			       "\"system_calls\":%.2f,\"calls\":%u}", comma, s->name, s->size[i],
			       ns * c.ticks, c.ticks, c.system_calls, c.calls);
		else
			printf("%-10s %6u %10.1f %13.1f %12.1f\n", s->name, s->size[i],
			       ns * c.ticks, c.ticks, c.system_calls);
		fflush(stdout);
	}
}

static void head(unsigned bytes, const char *aead, bool json)
{
	if (json)
		printf("{\"bytes\":%u,\"aead\":\"%s\",\"measured\":%s,\"stages\":[", bytes, aead,
		       MR_MEASURE ? "true" : "false");
	else
		printf("IP packets of %u bytes, %s%s\n%-10s %6s %10s %13s %12s\n", bytes, aead,
		       MR_MEASURE ? "" : ", nothing measured by the runtime itself", "stage",
		       "vector", "ns/packet", "cycles/packet", "system calls");
}

/* ---- the command line ---- */

static void open_all(struct bench *b, const struct mr_aead *aead, unsigned bytes)
{
	rig_aead(aead);
	rig_clock(mr_clock_now);
	for (unsigned i = 0; i < WAYS; i++)
		b->subjects += way_open(&b->way[i], i, aead, bytes, b->subject + b->subjects);
	b->subjects += io_open(&b->io, bytes, b->subject + b->subjects);
}

static void close_all(struct bench *b)
{
	for (unsigned i = 0; i < WAYS; i++)
		way_close(&b->way[i]);
	io_close(&b->io);
}

static void choose(const struct bench *b, const char *name, bool *chosen)
{
	unsigned i = 0;

	while (i < b->subjects && strcmp(b->subject[i].name, name) != 0)
		i++;
	if (i < b->subjects) {
		chosen[i] = true;
		return;
	}
	fprintf(stderr, "bench stage: %s is none of", name);
	for (i = 0; i < b->subjects; i++)
		fprintf(stderr, "%s %s", i ? "," : "", b->subject[i].name);
	fprintf(stderr, "\n");
	exit(1);
}

int main(int argc, char **argv)
{
	const unsigned most = fips_mtu_packet(STAGE_LINK_MTU, STAGE_LINK_MTU);
	const char *aead = NULL, *comma = "";
	unsigned bytes = 1280, ms = 300, n = 0;
	bool chosen[SUBJECTS] = { 0 }, json = false;
	static struct bench b;
	double ns;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--bytes"))
			bytes = option_number("stage", argv[i], argv[i + 1], BYTES_MIN, most), i++;
		else if (!strcmp(argv[i], "--ms"))
			ms = option_number("stage", argv[i], argv[i + 1], 1, 60000), i++;
		else if (!strcmp(argv[i], "--aead") && argv[i + 1])
			aead = argv[++i];
		else if (!strcmp(argv[i], "--json"))
			json = true;
		else
			argv[n++] = argv[i]; /* a name */
	}
	open_all(&b, option_aead("stage", aead), bytes);
	for (unsigned i = 0; i < n; i++)
		choose(&b, argv[i], chosen);
	head(bytes, rig_engine(b.subject[0].rig)->aead->name, json);
	ns = stage_ns_per_tick();
	for (unsigned i = 0; i < b.subjects; i++) {
		if (n > 0 && !chosen[i])
			continue;
		rows(&b.subject[i], ms, ns, json, comma, &b.samples);
		comma = ",";
	}
	if (json)
		printf("]}\n");
	close_all(&b);
	return 0;
}
