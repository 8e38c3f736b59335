#include "fips/node/pmtu.h"

#include "fips/wire/fsp.h"

#define CLAIMS 3

void fips_pmtu_init(struct fips_pmtu *p)
{
	*p = (struct fips_pmtu){ .current = FIPS_PMTU_NONE, .told = FIPS_PMTU_NONE };
}

void fips_pmtu_forget(struct fips_pmtu *p)
{
	p->current = FIPS_PMTU_NONE;
	p->higher = 0;
	p->claims = 0;
}

void fips_pmtu_seed(struct fips_pmtu *p, uint16_t first_hop)
{
	if (first_hop < p->current)
		p->current = first_hop;
}

static void set(struct fips_pmtu *p, uint16_t v)
{
	p->current = v;
	p->higher = 0;
	p->claims = 0;
}

void fips_pmtu_claim(struct fips_pmtu *p, uint16_t v, uint64_t interval, uint64_t now)
{
	if (v < FIPS_PATH_MTU_MIN || v == p->current)
		return;
	if (v < p->current) {
		set(p, v);
		return;
	}
	if (v != p->higher) {
		p->higher = v;
		p->claims = 0;
		p->since = now;
	}
	p->claims++;
	if (p->claims >= CLAIMS && now - p->since >= 2 * interval)
		set(p, v);
}

bool fips_pmtu_tell(struct fips_pmtu *p, uint16_t seen, uint64_t interval, uint64_t now)
{
	bool due;

	if (seen < FIPS_PATH_MTU_MIN || seen == FIPS_PMTU_NONE)
		return false;
	if (p->told == FIPS_PMTU_NONE)
		due = true;
	else
		due = seen < p->told || now - p->told_at >= interval;
	if (due) {
		p->told = seen;
		p->told_at = now;
	}
	return due;
}
