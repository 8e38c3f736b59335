/* links.c - see links.h. */
#include "t/lib/links.h"

uint64_t links_key[LINKS_NUMBERS];

void links_make(struct bench *b, unsigned first, unsigned n)
{
	ck_always(first + n <= LINKS_NUMBERS);
	for (unsigned i = 0; i < n; i++) {
		bench_link(b, first + i);
		links_key[first + i] = b->link_key;
	}
}

const char *links_say(struct bench *b, unsigned who, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = world_identity(who).addr,
		                 .key = links_key[who], .bytes = bytes, .len = n, .rx = b->now };

	return bench_feed(b, &in);
}

struct fips_addr links_ghost(uint8_t number)
{
	return (struct fips_addr){ { 0, 0, 0, number } };
}
