/* options.c - see options.h. */
#include "contrib/bench/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "t/lib/provider.h"

unsigned option_number(const char *bench, const char *option, const char *text, unsigned least,
                       unsigned most)
{
	char *end;
	unsigned long n = strtoul(text ? text : "", &end, 10);

	if (*end || n < least || n > most) {
		fprintf(stderr, "bench %s: %s wants a whole number from %u to %u\n", bench, option,
		        least, most);
		exit(1);
	}
	return (unsigned)n;
}

const struct mr_aead *option_aead(const char *bench, const char *name)
{
	const struct mr_aead *aead;

	if (!name)
		return mr_aead_choose(provider_all(), mr_clock_now, NULL, NULL);
	aead = mr_aead_find(provider_all(), name);
	if (!aead || (aead->usable && !aead->usable())) {
		fprintf(stderr, "bench %s: no provider %s here\n", bench, name);
		exit(1);
	}
	return aead;
}
