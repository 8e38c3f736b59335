/* vectors_coords.h - coordinate lists of the vectors: node addresses one behind the other. */
#ifndef T_LIB_VECTORS_COORDS_H
#define T_LIB_VECTORS_COORDS_H

#include "fips/wire/coords.h"
#include "t/lib/vectors.h"

/* The list in these bytes, which it borrows. */
struct fips_coords vectors_coords(const struct bytes *list);

/* Fail unless the list is the one in these bytes. */
void vectors_same_coords(const char *what, const struct fips_coords *got, const struct bytes *want);

#endif
