/* ledger.h - the books of a world: what became of each packet of data, and that no nonce came
 * twice.
 *
 * Packets of data carry their sender's address and a number of its.  The network notes those it
 * brings to the far end, the far end those that its node delivers; nothing is encrypted in a world,
 * so the two can be compared: what was brought and not delivered was lost by the nodes.
 *
 * A nonce is a send key's bytes and a counter; it is used when something is sealed with it.
 */
#ifndef T_LIB_LEDGER_H
#define T_LIB_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check.h>

#include "fips/noise/address.h"
#include "fips/wire/fsp.h"
#include "t/lib/always.h"

#define LEDGER_PAYLOAD 24 /* address, number */
#define LEDGER_VIEW    (1 + FIPS_FSP_PORTS + LEDGER_PAYLOAD)

/* Of one sender. */
struct ledger {
	uint64_t numbered; /* packets that left the node      */
	uint8_t *state;    /* [room], by number               */
	size_t   room;
};

struct nonces {
	uint64_t *seen; /* [room], 0: free; room is a power of two, or 0 */
	size_t    n, room;
};

/* Of the packets from number `from` on. */
struct tally {
	uint64_t numbered;
	uint64_t brought;   /* at least once, to the far end  */
	uint64_t delivered; /* at least once                  */
	uint64_t doubled;   /* delivered more than once       */
	uint64_t lost;      /* brought and not delivered      */
};

/* The next packet of this sender: type byte, port header and payload. */
void ledger_packet(struct ledger *l, const struct fips_addr *me, uint8_t view[LEDGER_VIEW]);

/* Type byte and what follows it: is it a packet of data?  Its sender and number. */
bool ledger_read(uint8_t type, const uint8_t *body, size_t len, struct fips_addr *from,
                 uint64_t *number);
/* The same for a datagram on the network, for the node with this address. */
bool ledger_peek(const struct fips_addr *at, const uint8_t *bytes, size_t n,
                 struct fips_addr *from, uint64_t *number);

void ledger_brought(struct ledger *l, uint64_t number);
void ledger_delivered(struct ledger *l, uint64_t number);
struct tally ledger_tally(const struct ledger *l, uint64_t from);
void ledger_free(struct ledger *l);

/* Something is sealed: fails the test when the nonce was used before. */
void nonces_use(struct nonces *s, const uint8_t key[32], uint64_t counter);
void nonces_free(struct nonces *s);

#endif
