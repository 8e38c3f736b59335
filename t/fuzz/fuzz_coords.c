/* fuzz_coords.c - bytes as coordinate lists one behind the other, written as they were read. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/coords.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	struct mr_wire in = mr_wire_read(data, n), out = mr_wire_write(copy, n);
	struct fips_coords c;

	assert(copy);
	while (mr_wire_left(&in)) {
		fips_coords_get(&in, 0, &c);
		if (!mr_wire_ok(&in)) {
			assert(c.count == 0);
			break;
		}
		for (unsigned i = 0; i < c.count; i++)
			fips_coords_entry(&c, i);
		fips_coords_put(&out, &c);
		assert(mr_wire_ok(&out));
	}
	assert(memcmp(copy, data, (size_t)(out.at - copy)) == 0);
	free(copy);
	return 0;
}
