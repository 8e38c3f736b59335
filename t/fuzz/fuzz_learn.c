/* fuzz_learn.c - bytes as the payload of a datagram that passes by; lists lie inside it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/path/learn.h"
#include "fips/wire/datagram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void inside(const struct fips_coords *list, const uint8_t *data, size_t n)
{
	assert(list->count == 0 ||
	       (list->at >= data && list->at + (size_t)FIPS_ADDR_LEN * list->count <= data + n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *whole = malloc(FIPS_DATAGRAM_HEAD + n);
	struct fips_learned got;
	bool lists;

	assert(whole);
	lists = fips_learn(data, n, &got) == FIPS_LEARN_LISTS;
	assert(lists == (got.src.count || got.dest.count));
	inside(&got.src, data, n);
	inside(&got.dest, data, n);

	/* named as the lists say, all of them are kept */
	memset(whole, 0, FIPS_DATAGRAM_HEAD);
	if (got.src.count)
		memcpy(whole + FIPS_DATAGRAM_AT_SRC, got.src.at, FIPS_ADDR_LEN);
	if (got.dest.count)
		memcpy(whole + FIPS_DATAGRAM_AT_DEST, got.dest.at, FIPS_ADDR_LEN);
	if (n)
		memcpy(whole + FIPS_DATAGRAM_HEAD, data, n);
	assert((fips_learn_datagram(whole, FIPS_DATAGRAM_HEAD + n, &got) == FIPS_LEARN_LISTS) ==
	       lists);
	inside(&got.src, whole, FIPS_DATAGRAM_HEAD + n);
	inside(&got.dest, whole, FIPS_DATAGRAM_HEAD + n);
	free(whole);
	return 0;
}
