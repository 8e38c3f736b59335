/* prom - families, labels, numbers. */
#include "core/prom.h"

#include <inttypes.h>
#include <stdbool.h>

#include "core/clock.h"

/* In HELP a backslash and a newline are escaped, in a label's value the quote as well. */
static void put_escaped(FILE *f, const char *s, bool label)
{
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\\\", f);
		else if (*s == '\n')
			fputs("\\n", f);
		else if (*s == '"' && label)
			fputs("\\\"", f);
		else
			putc(*s, f);
	}
}

void mr_prom_family(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s ", name);
	put_escaped(f, help, false);
	fprintf(f, "\n# TYPE %s %s\n", name, type);
}

void mr_prom_label(FILE *f, const char *before, const char *name, const char *value)
{
	fprintf(f, "%s%s=\"", before, name);
	put_escaped(f, value, true);
	putc('"', f);
}

/* Without trailing zeros. */
void mr_prom_number(FILE *f, uint64_t n, enum mr_prom_unit unit)
{
	char fraction[16];
	int digits = 9;

	if (unit == MR_PROM_COUNT) {
		fprintf(f, "%" PRIu64, n);
		return;
	}
	fprintf(f, "%" PRIu64, n / MR_NS_PER_S);
	snprintf(fraction, sizeof fraction, "%09u", (unsigned)(n % MR_NS_PER_S));
	while (digits > 0 && fraction[digits - 1] == '0')
		digits--;
	if (digits > 0)
		fprintf(f, ".%.*s", digits, fraction);
}

void mr_prom_end(FILE *f, uint64_t n, enum mr_prom_unit unit)
{
	fputs("} ", f);
	mr_prom_number(f, n, unit);
	putc('\n', f);
}
