#include "t/lib/ledger.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/link.h"

/* --- packets ---------------------------------------------------------------------------------- */

enum { BROUGHT = 1, DELIVERED = 2, DOUBLED = 4 };

void ledger_packet(struct ledger *l, const struct fips_addr *me, uint8_t view[LEDGER_VIEW])
{
	view[0] = FIPS_FSP_DATA;
	fips_fsp_ports_build(view + 1, 5000, 5000);
	memcpy(view + 1 + FIPS_FSP_PORTS, me->b, 16);
	mr_to_le64(view + 1 + FIPS_FSP_PORTS + 16, l->numbered++);
}

bool ledger_read(uint8_t type, const uint8_t *body, size_t len, struct fips_addr *from,
                 uint64_t *number)
{
	if (type != FIPS_FSP_DATA || len != FIPS_FSP_PORTS + LEDGER_PAYLOAD)
		return false;
	memcpy(from->b, body + FIPS_FSP_PORTS, 16);
	*number = mr_le64(body + FIPS_FSP_PORTS + 16);
	return true;
}

bool ledger_peek(const struct fips_addr *at, const uint8_t *bytes, size_t n,
                 struct fips_addr *from, uint64_t *number)
{
	const uint8_t *message = bytes + FIPS_LINK_HEAD + FIPS_LINK_STAMP;
	struct fips_fsp_sealed sealed;
	struct fips_fsp_text text;
	struct fips_datagram d;

	return n > FIPS_LINK_OVERHEAD && bytes[0] == 0 && message[0] == FIPS_LINK_DATAGRAM &&
	       fips_datagram_parse(message, n - FIPS_LINK_OVERHEAD, &d) &&
	       fips_addr_eq(&d.dest, at) &&
	       fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_ENCRYPTED &&
	       fips_fsp_sealed_parse(d.payload, d.payload_len, &sealed) &&
	       fips_fsp_text_parse(sealed.sealed, sealed.sealed_len - FIPS_TAG, &text) &&
	       ledger_read(text.type, text.body, text.len, from, number);
}

static uint8_t *state(struct ledger *l, uint64_t number)
{
	size_t room = l->room ? l->room : 1024;

	ck_always(number < l->numbered);
	while (number >= room)
		room *= 2;
	if (room > l->room) {
		l->state = realloc(l->state, room);
		ck_assert_ptr_nonnull(l->state);
		memset(l->state + l->room, 0, room - l->room);
		l->room = room;
	}
	return &l->state[number];
}

void ledger_brought(struct ledger *l, uint64_t number)
{
	*state(l, number) |= BROUGHT;
}

void ledger_delivered(struct ledger *l, uint64_t number)
{
	uint8_t *s = state(l, number);

	*s |= *s & DELIVERED ? DOUBLED : DELIVERED;
}

struct tally ledger_tally(const struct ledger *l, uint64_t from)
{
	struct tally t = { .numbered = l->numbered - from };

	for (uint64_t i = from; i < l->numbered && i < l->room; i++) {
		uint8_t s = l->state[i];

		t.brought += (s & BROUGHT) != 0;
		t.delivered += (s & DELIVERED) != 0;
		t.doubled += (s & DOUBLED) != 0;
		t.lost += (s & BROUGHT) && !(s & DELIVERED);
	}
	return t;
}

void ledger_free(struct ledger *l)
{
	free(l->state);
	*l = (struct ledger){ 0 };
}

/* --- nonces ----------------------------------------------------------------------------------- */

/* Keys are uniform, so their bytes are hash enough. */
static uint64_t print_of(const uint8_t key[32], uint64_t counter)
{
	uint64_t z = mr_le64(key) ^ (mr_le64(key + 8) + counter) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) | 1;
}

static uint64_t *place(const struct nonces *s, uint64_t print)
{
	size_t i = (print >> 8) & (s->room - 1);

	while (s->seen[i] && s->seen[i] != print)
		i = (i + 1) & (s->room - 1);
	return &s->seen[i];
}

static void grow(struct nonces *s)
{
	struct nonces more = { .room = s->room ? 2 * s->room : 4096 };

	more.seen = calloc(more.room, sizeof *more.seen);
	ck_assert_ptr_nonnull(more.seen);
	for (size_t i = 0; i < s->room; i++)
		if (s->seen[i])
			*place(&more, s->seen[i]) = s->seen[i];
	more.n = s->n;
	free(s->seen);
	*s = more;
}

void nonces_use(struct nonces *s, const uint8_t key[32], uint64_t counter)
{
	uint64_t print = print_of(key, counter), *at;

	if (2 * s->n >= s->room)
		grow(s);
	at = place(s, print);
	if (*at)
		ck_abort_msg("counter %llu came twice under one key", (unsigned long long)counter);
	*at = print;
	s->n++;
}

void nonces_free(struct nonces *s)
{
	free(s->seen);
	*s = (struct nonces){ 0 };
}
