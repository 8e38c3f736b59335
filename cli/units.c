/* units - three digits that count, and a letter. */
#include "cli/units.h"

#include <inttypes.h>
#include <stdio.h>

/* Three digits of v < 999.5 */
static void digits(char out[CLI_CELL], double v, char letter)
{
	const char tail[2] = { letter, '\0' };

	if (v < 9.995)
		snprintf(out, CLI_CELL, "%.2f%s", v, tail);
	else if (v < 99.95)
		snprintf(out, CLI_CELL, "%.1f%s", v, tail);
	else
		snprintf(out, CLI_CELL, "%.0f%s", v, tail);
}

const char *cli_units_count(char out[CLI_CELL], double n)
{
	static const char letter[] = "kMGTPE";
	unsigned power = 0;

	if (!(n > 0)) {
		snprintf(out, CLI_CELL, "0");
	} else if (n < 9.95 && n != (double)(int)n) {
		snprintf(out, CLI_CELL, "%.1f", n < 0.1 ? 0.1 : n);
	} else if (n < 999.5) {
		snprintf(out, CLI_CELL, "%.0f", n);
	} else {
		for (n /= 1000; n >= 999.5 && letter[power + 1]; power++)
			n /= 1000;
		digits(out, n, letter[power]);
	}
	return out;
}

const char *cli_units_rate(char out[CLI_CELL], uint64_t n, uint64_t elapsed_ns)
{
	if (elapsed_ns > 0)
		return cli_units_count(out, (double)n * 1e9 / (double)elapsed_ns);
	snprintf(out, CLI_CELL, "-");
	return out;
}

const char *cli_units_ns(char out[CLI_CELL], uint64_t ns)
{
	static const char letter[] = "nums";
	double v = (double)ns;
	unsigned power = 0;

	if (ns < 1000) {
		snprintf(out, CLI_CELL, "%" PRIu64 "n", ns);
		return out;
	}
	for (; v >= 999.5 && letter[power + 1]; power++)
		v /= 1000;
	digits(out, v, letter[power]);
	return out;
}

const char *cli_units_share(char out[CLI_CELL], uint64_t part, uint64_t whole)
{
	if (whole == 0)
		snprintf(out, CLI_CELL, "-");
	else
		snprintf(out, CLI_CELL, "%.0f%%", (double)part * 100 / (double)whole);
	return out;
}

const char *cli_units_span(char out[CLI_CELL], uint64_t seconds)
{
	static const struct {
		uint64_t each, below; /* seconds of the larger and the smaller unit */
		char     unit[2];
	} table[] = { { 86400, 3600, { 'd', 'h' } },
		      { 3600, 60, { 'h', 'm' } },
		      { 60, 1, { 'm', 's' } } };

	for (unsigned i = 0; i < 3; i++) {
		if (seconds < table[i].each)
			continue;
		snprintf(out, CLI_CELL, "%" PRIu64 "%c%02u%c", seconds / table[i].each,
		         table[i].unit[0], (unsigned)(seconds % table[i].each / table[i].below),
		         table[i].unit[1]);
		return out;
	}
	snprintf(out, CLI_CELL, "%" PRIu64 "s", seconds);
	return out;
}
