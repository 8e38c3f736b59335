/* arrivals.c - a bit a number. */
#include "t/lib/arrivals.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_AT_FIRST 8192

static bool make_room(struct arrivals *a, uint64_t number)
{
	uint64_t known = a->known ? a->known : ROOM_AT_FIRST;
	uint8_t *more;

	while (known <= number)
		known *= 2;
	if (known == a->known)
		return true;
	more = realloc(a->seen, known / 8);
	if (!more)
		return false;
	memset(more + a->known / 8, 0, (known - a->known) / 8);
	a->seen = more;
	a->known = known;
	return true;
}

static bool came(const struct arrivals *a, uint64_t number)
{
	return number < a->known && a->seen[number / 8] >> number % 8 & 1;
}

bool arrivals_note(struct arrivals *a, uint64_t number, uint64_t sent)
{
	if (number >= sent || !make_room(a, number))
		return false;
	if (came(a, number)) {
		a->duplicated++;
		return true;
	}
	a->seen[number / 8] |= (uint8_t)(1u << number % 8);
	a->different++;
	if (number >= a->next) {
		a->next = number + 1;
		return true;
	}
	a->reordered++;
	if (a->next - 1 - number > a->displaced)
		a->displaced = a->next - 1 - number;
	return true;
}

unsigned arrivals_gaps(const struct arrivals *a, uint64_t sent, struct arrivals_gap *gap,
                       unsigned max)
{
	unsigned n = 0;

	for (uint64_t number = 0; number < sent && n < max; number++) {
		if (came(a, number))
			continue;
		gap[n].first = number;
		while (number + 1 < sent && !came(a, number + 1))
			number++;
		gap[n++].last = number;
	}
	return n;
}

void arrivals_free(struct arrivals *a)
{
	free(a->seen);
	*a = (struct arrivals){ 0 };
}
