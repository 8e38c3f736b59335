/* treepath.c - distances along the tree. */
#include "fips/node/treepath.h"

unsigned fips_treepath_distance(const struct fips_treepath *a, const struct fips_treepath *b)
{
	unsigned least = a->n < b->n ? a->n : b->n, common = 0;

	while (common < least && fips_addr_eq(&a->a[a->n - 1 - common], &b->a[b->n - 1 - common]))
		common++;
	return common ? a->n + b->n - 2 * common : FIPS_FAR;
}

bool fips_treepath_has(const struct fips_treepath *p, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < p->n; i++)
		if (fips_addr_eq(&p->a[i], addr))
			return true;
	return false;
}

bool fips_treepath_eq(const struct fips_treepath *a, const struct fips_treepath *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->a, b->a, a->n * sizeof a->a[0]) == 0);
}

bool fips_treepath_repeats(const struct fips_treepath *p)
{
	for (unsigned i = 1; i < p->n; i++)
		for (unsigned k = 0; k < i; k++)
			if (fips_addr_eq(&p->a[i], &p->a[k]))
				return true;
	return false;
}

void fips_treepath_single(struct fips_treepath *p, const struct fips_addr *addr)
{
	p->n = 1;
	p->a[0] = *addr;
}

bool fips_treepath_from(struct fips_treepath *p, const struct fips_coords *list)
{
	p->n = list->count <= FIPS_PATH_MAX ? list->count : 0;
	for (unsigned i = 0; i < p->n; i++)
		p->a[i] = fips_coords_entry(list, i);
	return p->n > 0;
}
