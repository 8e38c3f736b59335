/* aead - what a packet costs each AEAD provider, those of plugins included: nanoseconds.
 *
 *   contrib/bench/bench aead [--bytes N] [--vector N] [--rounds N] [--json]
 *
 * One sample is 64 packets worked on in place, handed over in vectors of the size asked for: 16
 * bytes of associated data, one key, packets at the stride of a pool's buffers.  Sealed packets are
 * put back before each opening, outside of the measured time.  The providers take turns sample by
 * sample, so that what else the machine does hits all alike; the median of the samples counts.
 *
 * Without --bytes and --vector several lengths and sizes of vectors are measured.  The last column
 * is by how much lanes, or lanes-avx2 where the processor lacks AVX-512, is faster than ipsec-mb.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/clock.h"
#include "core/plugins.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKETS    64 /* of a sample                    */
#define STRIDE     2048
#define BYTES_MAX  (STRIDE - MR_AEAD_TAG)
#define ROUNDS     201
#define ROUNDS_MAX 100000

static const unsigned lens[] = { 64, 256, 576, 1280, 1400 };
static const unsigned vectors[] = { 1, 4, 16, 64 };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t bufs[PACKETS][STRIDE], sealed[PACKETS][STRIDE];

/* A provider that can run. */
struct entrant {
	const struct mr_aead *p;
	struct mr_aead_ctx *ctx;
	uint32_t *ns; /* [rounds]: of one sample each */
};

struct bench {
	struct mr_plugins *plugins;
	struct entrant entrant[MR_AEAD_MAX];
	unsigned n, rounds, bytes, vector; /* bytes, vector: 0, all of them */
	bool json;
	const char *comma; /* before the next object of JSON */
};

static void die(const char *why, const char *what)
{
	fprintf(stderr, "bench aead: %s%s\n", why, what);
	exit(2);
}

/* ---- samples ---- */

static void lay(struct mr_aead_op ops[PACKETS], struct mr_aead_ctx *ctx, uint32_t n)
{
	static const uint8_t aad[16];

	for (unsigned i = 0; i < PACKETS; i++)
		ops[i] = (struct mr_aead_op){ .ctx = ctx, .counter = i, .aad = aad,
			                      .aad_len = sizeof aad, .src = { { bufs[i], n } },
			                      .dst = bufs[i] };
}

static void seal_all(const struct mr_aead *p, struct mr_aead_op *ops, unsigned vector)
{
	for (unsigned i = 0; i < PACKETS; i += vector)
		p->seal(ops + i, vector);
}

static void open_all(const struct mr_aead *p, struct mr_aead_op *ops, unsigned vector)
{
	unsigned good = 0;

	for (unsigned i = 0; i < PACKETS; i += vector)
		good += p->open(ops + i, vector);
	if (good != PACKETS)
		die(p->name, " does not open what was sealed");
}

static uint32_t sample(const struct entrant *e, bool opening, unsigned bytes, unsigned vector)
{
	struct mr_aead_op ops[PACKETS];
	uint64_t start;

	lay(ops, e->ctx, bytes + (opening ? MR_AEAD_TAG : 0));
	if (opening)
		memcpy(bufs, sealed, sizeof bufs);
	start = mr_clock_now();
	if (opening)
		open_all(e->p, ops, vector);
	else
		seal_all(e->p, ops, vector);
	return (uint32_t)(mr_clock_now() - start);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Medians of all entrants, per packet. */
static void measure(struct bench *b, bool opening, unsigned bytes, unsigned vector,
                    double ns[MR_AEAD_MAX])
{
	struct mr_aead_op ops[PACKETS];

	memset(bufs, 0, sizeof bufs);
	lay(ops, b->entrant[0].ctx, bytes);
	seal_all(b->entrant[0].p, ops, PACKETS);
	memcpy(sealed, bufs, sizeof sealed);
	for (unsigned r = 0; r < b->rounds; r++)
		for (unsigned i = 0; i < b->n; i++)
			b->entrant[i].ns[r] = sample(&b->entrant[i], opening, bytes, vector);
	for (unsigned i = 0; i < b->n; i++) {
		qsort(b->entrant[i].ns, b->rounds, sizeof *b->entrant[i].ns, by_value);
		ns[i] = (double)b->entrant[i].ns[b->rounds / 2] / PACKETS;
	}
}

/* ---- what is printed ---- */

static double ns_of(const struct bench *b, const double ns[MR_AEAD_MAX], const char *name)
{
	for (unsigned i = 0; i < b->n; i++)
		if (!strcmp(b->entrant[i].p->name, name))
			return ns[i];
	return 0;
}

/* 0: one of them is not there. */
static double gain(const struct bench *b, const double ns[MR_AEAD_MAX])
{
	double own = ns_of(b, ns, "lanes");

	if (own == 0)
		own = ns_of(b, ns, "lanes-avx2");
	return own == 0 ? 0 : ns_of(b, ns, "ipsec-mb") / own;
}

static void head(const struct bench *b)
{
	if (b->json) {
		printf("[");
		return;
	}
	printf("%-4s %6s %6s", "", "bytes", "vector");
	for (unsigned i = 0; i < b->n; i++)
		printf(" %10s", b->entrant[i].p->name);
	printf("   lanes : ipsec-mb\n");
}

static void row(struct bench *b, bool opening, unsigned bytes, unsigned vector)
{
	const char *what = opening ? "open" : "seal";
	double ns[MR_AEAD_MAX];

	measure(b, opening, bytes, vector, ns);
	if (b->json)
		printf("%s\n  { \"op\": \"%s\", \"bytes\": %u, \"vector\": %u, \"ns\": {", b->comma,
		       what, bytes, vector);
	else
		printf("%-4s %6u %6u", what, bytes, vector);
	for (unsigned i = 0; i < b->n; i++) {
		if (b->json)
			printf("%s \"%s\": %.1f", i ? "," : "", b->entrant[i].p->name, ns[i]);
		else
			printf(" %10.1f", ns[i]);
	}
	if (b->json)
		printf(" } }");
	else if (gain(b, ns) > 0)
		printf(" %18.2f\n", gain(b, ns));
	else
		printf("\n");
	b->comma = ",";
	fflush(stdout);
}

/* ---- set-up ---- */

/* Plugins from MILLRACE_PLUGINS, else from the build tree this program lies in. */
static struct mr_plugins *open_plugins(void)
{
	struct mr_plugins *p = mr_plugins_open(NULL, mr_aead_builtin);
	const char *folder = getenv("MILLRACE_PLUGINS");
	char exe[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (!p || n <= 0)
		abort();
	exe[n] = '\0';
	snprintf(path, sizeof path, "%.*s/../../plugins", (int)(strrchr(exe, '/') - exe), exe);
	mr_plugins_load(p, folder && *folder ? folder : path, false);
	return p;
}

static void enter(struct bench *b)
{
	static const uint8_t key[MR_AEAD_KEY] = { 1, 2, 3 };

	b->plugins = open_plugins();
	for (const struct mr_aead *const *p = b->plugins->aeads; *p; p++) {
		struct entrant *e = &b->entrant[b->n];

		if ((*p)->usable && !(*p)->usable()) {
			fprintf(stderr, "bench aead: %s is not usable on this processor\n",
			        (*p)->name);
			continue;
		}
		*e = (struct entrant){ *p, (*p)->prepare(key), calloc(b->rounds, sizeof *e->ns) };
		if (!e->ctx || !e->ns)
			abort();
		b->n++;
	}
}

static void leave(struct bench *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		b->entrant[i].p->release(b->entrant[i].ctx);
		free(b->entrant[i].ns);
	}
	mr_plugins_close(b->plugins);
}

static unsigned number(const char *text, unsigned most, const char *option)
{
	char *end = NULL;
	unsigned long v = text ? strtoul(text, &end, 10) : 0;

	if (!text || *end || v < 1 || v > most)
		die("no number, or too large a one, behind ", option);
	return (unsigned)v;
}

static struct bench read_options(int argc, char **argv)
{
	struct bench b = { .rounds = ROUNDS, .comma = "" };

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			b.json = true;
			continue;
		}
		if (!strcmp(argv[i], "--bytes"))
			b.bytes = number(argv[i + 1], BYTES_MAX, argv[i]);
		else if (!strcmp(argv[i], "--vector"))
			b.vector = number(argv[i + 1], PACKETS, argv[i]);
		else if (!strcmp(argv[i], "--rounds"))
			b.rounds = number(argv[i + 1], ROUNDS_MAX, argv[i]);
		else
			die("what is ", argv[i]);
		i++;
	}
	if (b.vector && PACKETS % b.vector)
		die("64 packets are not cut into vectors of that ", "size");
	return b;
}

int main(int argc, char **argv)
{
	struct bench b = read_options(argc, argv);

	enter(&b);
	head(&b);
	for (int opening = 0; opening < 2; opening++)
		for (size_t l = 0; l < (b.bytes ? 1 : COUNT(lens)); l++)
			for (size_t v = 0; v < (b.vector ? 1 : COUNT(vectors)); v++)
				row(&b, opening, b.bytes ? b.bytes : lens[l],
				    b.vector ? b.vector : vectors[v]);
	if (b.json)
		printf("\n]\n");
	leave(&b);
	return 0;
}
