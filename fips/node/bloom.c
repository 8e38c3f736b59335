/* bloom.c - sets of addresses. */
#include "fips/node/bloom.h"

#include "core/hash.h"
#include "core/wire.h"

struct fips_probe fips_probe_of(const struct fips_addr *addr)
{
	uint8_t d[MR_SHA256_LEN];
	struct fips_probe p;

	mr_sha256(addr->b, FIPS_ADDR_LEN, d);
	for (unsigned i = 0; i < FIPS_FILTER_HASHES; i++)
		p.bit[i] = (uint16_t)((mr_le64(d) + i * mr_le64(d + 8)) % FIPS_BLOOM_BITS);
	return p;
}

void fips_bloom_insert(struct fips_bloom *to, const struct fips_probe *probe)
{
	for (unsigned i = 0; i < FIPS_FILTER_HASHES; i++)
		to->b[probe->bit[i] / 8] |= (uint8_t)(1 << probe->bit[i] % 8);
}

void fips_bloom_merge(struct fips_bloom *to, const struct fips_bloom *from)
{
	for (unsigned i = 0; i < FIPS_FILTER_BYTES; i++)
		to->b[i] |= from->b[i];
}

unsigned fips_bloom_ones(const struct fips_bloom *f)
{
	unsigned ones = 0;

	for (unsigned i = 0; i < FIPS_FILTER_BYTES; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, f->b + i, sizeof word);
		ones += (unsigned)__builtin_popcountll(word);
	}
	return ones;
}

/* The fifth power, multiplied in the order the reference does. */
static double fifth(double x)
{
	double square = x * x;

	return square * square * x;
}

unsigned fips_bloom_cap(double fpr)
{
	unsigned ones = FIPS_BLOOM_BITS;

	while (ones > 0 && fifth((double)ones / FIPS_BLOOM_BITS) > fpr)
		ones--;
	return ones;
}

/* The natural logarithm of x in [1, 8192]: halved into [1, 2), where ln x = 2 artanh((x - 1) / (x +
 * 1)). */
static double logarithm(double x)
{
	double z, power, sum = 0;
	unsigned halvings = 0;

	for (; x >= 2; x /= 2)
		halvings++;
	z = (x - 1) / (x + 1);
	power = z;
	for (unsigned i = 1; i < 40; i += 2) {
		sum += power / i;
		power *= z * z;
	}
	return halvings * 0.693147180559945309 + 2 * sum;
}

bool fips_bloom_estimate(unsigned ones, unsigned cap, double *count)
{
	if (ones >= FIPS_BLOOM_BITS || ones > cap)
		return false;
	*count = (double)FIPS_BLOOM_BITS / FIPS_FILTER_HASHES *
	         logarithm((double)FIPS_BLOOM_BITS / (FIPS_BLOOM_BITS - ones));
	return true;
}
