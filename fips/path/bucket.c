#include "fips/path/bucket.h"

#define TOKEN UINT64_C(1000000000)

void fips_bucket_init(struct fips_bucket *b, uint32_t burst, uint32_t milli, uint64_t now)
{
	*b = (struct fips_bucket){
		.full = burst * TOKEN,
		.rate = milli,
		.level = burst * TOKEN,
		.filled = now,
	};
}

static void refill(struct fips_bucket *b, uint64_t now)
{
	uint64_t missing = b->full - b->level;
	uint64_t passed = now > b->filled ? now - b->filled : 0;

	/* Compared as times, so that a long pause cannot overflow. */
	if (b->rate && passed >= missing * 1000 / b->rate)
		b->level = b->full;
	else
		b->level += passed * b->rate / 1000;
	b->filled = now;
}

bool fips_bucket_take(struct fips_bucket *b, uint64_t now)
{
	refill(b, now);
	if (b->level < TOKEN)
		return false;
	b->level -= TOKEN;
	return true;
}
