/* bench aead - nanoseconds per packet of every AEAD provider, those of plugins included.
 *
 * Vectors of 16 packets worked on in place, 16 bytes of associated data, one key, packets at the
 * stride of a pool's buffers.  Sealed packets are put back before each opening, outside the
 * measured time.  The figure is the median of the vectors measured in 200 ms; Mbit/s counts text
 * for one core that does nothing else.
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

#define VECTOR 16
#define STRIDE 2048
#define ROUNDS 200000

static uint8_t bufs[VECTOR][STRIDE], sealed[VECTOR][STRIDE];
static uint32_t times[ROUNDS];

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void must_open(const struct mr_aead *p, struct mr_aead_op *ops)
{
	if (p->open(ops, VECTOR) == VECTOR)
		return;
	fprintf(stderr, "bench aead: %s does not open what it sealed\n", p->name);
	exit(1);
}

static double median_ns(const struct mr_aead *p, struct mr_aead_op *ops, bool opening)
{
	uint64_t start = mr_clock_now(), before, after = start;
	unsigned n = 0;

	while (n < ROUNDS && after - start < 200 * MR_NS_PER_MS) {
		if (opening)
			memcpy(bufs, sealed, sizeof bufs);
		before = mr_clock_now();
		if (opening)
			must_open(p, ops);
		else
			p->seal(ops, VECTOR);
		after = mr_clock_now();
		times[n++] = (uint32_t)(after - before);
	}
	qsort(times, n, sizeof *times, by_value);
	return (double)times[n / 2] / VECTOR;
}

static void row(const struct mr_aead *p, uint32_t len)
{
	static const uint8_t key[MR_AEAD_KEY] = { 1, 2, 3 }, aad[16];
	struct mr_aead_ctx *ctx = p->prepare(key);
	struct mr_aead_op ops[VECTOR];
	double seal, open;

	if (!ctx)
		abort();
	for (unsigned i = 0; i < VECTOR; i++)
		ops[i] = (struct mr_aead_op){ .ctx = ctx, .counter = i, .aad = aad,
			                      .aad_len = sizeof aad, .src = { { bufs[i], len } },
			                      .dst = bufs[i] };
	seal = median_ns(p, ops, false);
	memcpy(sealed, bufs, sizeof sealed);
	for (unsigned i = 0; i < VECTOR; i++)
		ops[i].src[0].len += MR_AEAD_TAG;
	open = median_ns(p, ops, true);
	p->release(ctx);
	printf("%-10s %6u %10.0f %10.0f %12.0f %12.0f\n", p->name, len, seal, open,
	       8e3 * len / seal, 8e3 * len / open);
}

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

int main(void)
{
	static const uint32_t lens[] = { 64, 256, 576, 1400 };
	struct mr_plugins *plugins = open_plugins();

	printf("%-10s %6s %10s %10s %12s %12s\n", "provider", "bytes", "seal ns", "open ns",
	       "seal Mbit/s", "open Mbit/s");
	for (const struct mr_aead *const *p = plugins->aeads; *p; p++) {
		if ((*p)->usable && !(*p)->usable()) {
			printf("%-10s not usable on this processor\n", (*p)->name);
			continue;
		}
		for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
			row(*p, lens[i]);
	}
	mr_plugins_close(plugins);
	return 0;
}
