/* directory.c - linear probing, and no tombstones: who goes is replaced by those who had to make
 * way. */

#include "fips/node/directory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

bool fips_directory_open(struct fips_directory *x, unsigned cap, const struct mr_rand *rand)
{
	size_t size = 4;

	while (size < 2 * (size_t)cap)
		size *= 2;
	*x = (struct fips_directory){ .mask = (unsigned)(size - 1) };
	mr_rand_bytes(rand, x->key, sizeof x->key);
	x->place = malloc(size * sizeof *x->place);
	for (size_t i = 0; x->place && i < size; i++)
		x->place[i].at = FIPS_NO_PLACE;
	return x->place != NULL;
}

void fips_directory_close(struct fips_directory *x)
{
	free(x->place);
	*x = (struct fips_directory){ 0 };
}

/* Two rounds of multiplying by secret odd numbers; the bytes overlap by one. */
static unsigned home(const struct fips_directory *x, const uint8_t prefix[FIPS_PREFIX])
{
	uint64_t h = (mr_le64(prefix) ^ x->key[0]) * (x->key[1] | 1);

	h ^= h >> 32;
	h = (h ^ mr_le64(prefix + FIPS_PREFIX - 8)) * (x->key[2] | 1);
	return (unsigned)(h >> 32) & x->mask;
}

/* The place of who agrees in the first n bytes, or the free one where the search ends. */
static unsigned seek(const struct fips_directory *x, const uint8_t *addr, size_t n)
{
	unsigned i = home(x, addr);

	while (x->place[i].at != FIPS_NO_PLACE && memcmp(x->place[i].addr.b, addr, n) != 0)
		i = (i + 1) & x->mask;
	return i;
}

void fips_directory_put(struct fips_directory *x, const struct fips_addr *addr, unsigned at)
{
	unsigned i = seek(x, addr->b, FIPS_ADDR_LEN);

	assert(x->place[i].at == FIPS_NO_PLACE && x->n <= x->mask / 2);
	x->place[i] = (struct fips_place){ .addr = *addr, .at = at };
	x->n++;
}

/* Is `want` in the round from behind `hole` up to i?  Then i's owner does not pass the hole on
 * its way. */
static bool beyond(unsigned hole, unsigned want, unsigned i, unsigned mask)
{
	return ((want - hole - 1) & mask) < ((i - hole) & mask);
}

void fips_directory_take(struct fips_directory *x, const struct fips_addr *addr)
{
	unsigned hole = seek(x, addr->b, FIPS_ADDR_LEN);

	if (x->place[hole].at == FIPS_NO_PLACE)
		return;
	x->n--;
	for (unsigned i = (hole + 1) & x->mask; x->place[i].at != FIPS_NO_PLACE;
	     i = (i + 1) & x->mask) {
		if (beyond(hole, home(x, x->place[i].addr.b), i, x->mask))
			continue;
		x->place[hole] = x->place[i];
		hole = i;
	}
	x->place[hole].at = FIPS_NO_PLACE;
}

unsigned fips_directory_find(const struct fips_directory *x, const struct fips_addr *addr)
{
	return x->place[seek(x, addr->b, FIPS_ADDR_LEN)].at;
}

unsigned fips_directory_find_prefix(const struct fips_directory *x,
                                    const uint8_t prefix[FIPS_PREFIX])
{
	return x->place[seek(x, prefix, FIPS_PREFIX)].at;
}
