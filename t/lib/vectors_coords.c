/* vectors_coords.c - see vectors_coords.h. */
#include "t/lib/vectors_coords.h"

struct fips_coords vectors_coords(const struct bytes *list)
{
	return (struct fips_coords){ .at = list->n ? list->at : NULL,
		                     .count = (unsigned)(list->n / FIPS_ADDR_LEN) };
}

void vectors_same_coords(const char *what, const struct fips_coords *got, const struct bytes *want)
{
	vectors_same(what, got->count ? (const void *)got->at : "",
		     (size_t)got->count * FIPS_ADDR_LEN, want->at, want->n);
}
