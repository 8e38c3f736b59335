/* numbered_report - what became of the numbers, flow by flow. */
#include "t/net/numbered.h"

#include "core/clock.h"

#define GAPS 32 /* ranges of missing numbers named of a flow */

uint64_t numbered_missing(const struct numbered *r)
{
	uint64_t missing = 0;

	for (unsigned i = 0; i < r->flows; i++)
		missing += r->flow[i].sent - r->flow[i].got.different;
	return missing;
}

static void add(struct numbered_flow *all, const struct numbered_flow *f)
{
	all->sent += f->sent;
	all->unsent += f->unsent;
	all->got.different += f->got.different;
	all->got.duplicated += f->got.duplicated;
	all->got.reordered += f->got.reordered;
	all->changed += f->changed;
	all->overflow += f->overflow;
	if (f->got.displaced > all->got.displaced)
		all->got.displaced = f->got.displaced;
	if (f->slowest > all->slowest)
		all->slowest = f->slowest;
}

static void report_counts(const struct numbered_flow *f, FILE *to)
{
	fprintf(to, "\"sent\": %ju, \"unsent\": %ju, \"received\": %ju, \"lost\": %ju, ", f->sent,
	        f->unsent, f->got.different, f->sent - f->got.different);
	fprintf(to, "\"duplicated\": %ju,\n    \"reordered\": %ju, \"displaced\": %ju, ",
	        f->got.duplicated, f->got.reordered, f->got.displaced);
	fprintf(to, "\"changed\": %ju, \"overflow\": %ju, \"slowest_us\": %ju", f->changed,
	        f->overflow, f->slowest / MR_NS_PER_US);
}

static void report_flow(const struct numbered_flow *f, FILE *to)
{
	struct arrivals_gap gap[GAPS];
	unsigned gaps = arrivals_gaps(&f->got, f->sent, gap, GAPS);

	fprintf(to, "  { \"from\": \"%s\", \"to\": \"%s\", \"flow\": %u, ", f->from->name,
	        f->to->name, f->id);
	report_counts(f, to);
	fprintf(to, ",\n    \"missing\": [");
	for (unsigned i = 0; i < gaps; i++)
		fprintf(to, "%s[%ju, %ju]", i ? ", " : "", gap[i].first, gap[i].last);
	fprintf(to, "], \"silences_ms\": [");
	for (unsigned i = 0; i < f->quiets; i++)
		fprintf(to, "%s[%ju, %ju]", i ? ", " : "", f->quiet[i].since / MR_NS_PER_MS,
		        f->quiet[i].ns / MR_NS_PER_MS);
	fprintf(to, "] }");
}

bool numbered_report(const struct numbered *r, FILE *to)
{
	struct numbered_flow all = { 0 };

	for (unsigned i = 0; i < r->flows; i++)
		add(&all, &r->flow[i]);
	fprintf(to, "{ \"ms\": %ju, ", (mr_clock_now() - r->started) / MR_NS_PER_MS);
	report_counts(&all, to);
	fprintf(to, ",\n  \"flows\": [\n");
	for (unsigned i = 0; i < r->flows; i++) {
		report_flow(&r->flow[i], to);
		fprintf(to, i + 1 < r->flows ? ",\n" : "\n");
	}
	fprintf(to, "] }\n");
	return all.sent && all.got.different == all.sent && !all.got.duplicated &&
	       !all.got.reordered && !all.changed;
}
