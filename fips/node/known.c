/* known.c - a list in order of use, and a directory of it. */

#include "fips/node/known.h"

#include <stdlib.h>
#include <string.h>

bool fips_known_open(struct fips_known *k, unsigned cap, const struct mr_rand *rand)
{
	*k = (struct fips_known){ .cap = cap, .newest = FIPS_NO_PLACE, .oldest = FIPS_NO_PLACE };
	k->list = malloc(cap * sizeof *k->list);
	if (k->list && fips_directory_open(&k->where, cap, rand))
		return true;
	fips_known_close(k);
	return false;
}

void fips_known_close(struct fips_known *k)
{
	free(k->list);
	fips_directory_close(&k->where);
	*k = (struct fips_known){ 0 };
}

static void leave(struct fips_known *k, unsigned i)
{
	struct fips_acquaintance *a = &k->list[i];

	if (a->newer == FIPS_NO_PLACE)
		k->newest = a->older;
	else
		k->list[a->newer].older = a->older;
	if (a->older == FIPS_NO_PLACE)
		k->oldest = a->newer;
	else
		k->list[a->older].newer = a->newer;
}

static void enter(struct fips_known *k, unsigned i)
{
	struct fips_acquaintance *a = &k->list[i];

	a->newer = FIPS_NO_PLACE;
	a->older = k->newest;
	a->seen = k->now;
	if (k->newest == FIPS_NO_PLACE)
		k->oldest = i;
	else
		k->list[k->newest].newer = i;
	k->newest = i;
}

static const struct fips_acquaintance *used(struct fips_known *k, unsigned i)
{
	if (i == FIPS_NO_PLACE)
		return NULL;
	leave(k, i);
	enter(k, i);
	return &k->list[i];
}

void fips_known_put(struct fips_known *k, const struct fips_addr *addr,
                    const uint8_t pub[FIPS_PUB_LEN])
{
	unsigned i;

	if (fips_known_find(k, addr))
		return;
	if (k->n < k->cap) {
		i = k->n++;
	} else {
		i = k->oldest;
		leave(k, i);
		fips_directory_take(&k->where, &k->list[i].addr);
	}
	k->list[i].addr = *addr;
	memcpy(k->list[i].pub, pub, FIPS_PUB_LEN);
	fips_directory_put(&k->where, addr, i);
	enter(k, i);
}

const struct fips_acquaintance *fips_known_find(struct fips_known *k, const struct fips_addr *addr)
{
	return used(k, fips_directory_find(&k->where, addr));
}

const struct fips_acquaintance *fips_known_find_prefix(struct fips_known *k,
                                                       const uint8_t prefix[FIPS_PREFIX])
{
	return used(k, fips_directory_find_prefix(&k->where, prefix));
}
