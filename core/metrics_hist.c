/* metrics_hist - histograms of stages in the Prometheus text format. */
#include "core/metrics.h"

#include <stddef.h>

/* Histogram bounds: 255 ns to 17 s, and 1 to 63 packets. */
enum { NS_FIRST = 8, NS_LAST = 34, SIZE_FIRST = 1, SIZE_LAST = 6 };

static void put_bucket(FILE *f, const char *name, const struct mr_stage_view *s)
{
	fputs(name, f);
	mr_metrics_stage(f, "_bucket", s);
}

/* Buckets up to 2^k - 1 each, which are whole buckets of the histogram. */
static void put_hist(FILE *f, const char *name, const struct mr_stage_view *s,
                     const struct mr_hist_view *h, enum mr_prom_unit unit)
{
	unsigned first = unit == MR_PROM_SECONDS ? NS_FIRST : SIZE_FIRST;
	unsigned last = unit == MR_PROM_SECONDS ? NS_LAST : SIZE_LAST;
	unsigned at = 0;
	uint64_t below = 0;

	for (unsigned k = first; k <= last; k++) {
		for (unsigned end = mr_hist_index(UINT64_C(1) << k); at < end; at++)
			below += h->bucket[at];
		put_bucket(f, name, s);
		fputs(",le=\"", f);
		mr_prom_number(f, (UINT64_C(1) << k) - 1, unit);
		putc('"', f);
		mr_prom_end(f, below, MR_PROM_COUNT);
	}
	put_bucket(f, name, s);
	fputs(",le=\"+Inf\"", f);
	mr_prom_end(f, h->count, MR_PROM_COUNT);
	fputs(name, f);
	mr_metrics_stage(f, "_sum", s);
	mr_prom_end(f, h->sum, unit);
	fputs(name, f);
	mr_metrics_stage(f, "_count", s);
	mr_prom_end(f, h->count, MR_PROM_COUNT);
}

/* A histogram shows up with its first value: most stages never end a packet's way, for example. */
void mr_metrics_hists(FILE *f, const struct mr_view *v)
{
	static const struct {
		const char *name, *help;
		size_t      at;
		enum mr_prom_unit   unit;
	} table[] = {
		{ "millrace_stage_wait_seconds", "Time a vector waited in a ring.",
		  offsetof(struct mr_stage_view, wait), MR_PROM_SECONDS },
		{ "millrace_stage_service_seconds", "Time of one call of a stage.",
		  offsetof(struct mr_stage_view, service), MR_PROM_SECONDS },
		{ "millrace_stage_vector_packets", "Packets in a vector taken in.",
		  offsetof(struct mr_stage_view, size), MR_PROM_COUNT },
		{ "millrace_stage_transit_seconds",
		  "Time of a packet from its arrival at the node to its end at this stage.",
		  offsetof(struct mr_stage_view, transit), MR_PROM_SECONDS },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		mr_prom_family(f, table[i].name, "histogram", table[i].help);
		for (unsigned n = 0; n < v->stages; n++) {
			const struct mr_stage_view *s = &v->stage[n];
			const char *member = (const char *)s + table[i].at;
			const struct mr_hist_view *h =
				*(struct mr_hist_view *const *)(const void *)member;

			if (h && h->count > 0)
				put_hist(f, table[i].name, s, h, table[i].unit);
		}
	}
}
