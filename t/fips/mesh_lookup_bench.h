/* mesh_lookup_bench.h - a node among neighbours that announce and answer,
 * and the lookup messages it sends. */
#ifndef T_FIPS_MESH_LOOKUP_BENCH_H
#define T_FIPS_MESH_LOOKUP_BENCH_H

#include <check.h>

#include "fips/node/lookup.h"
#include "fips/node/signals.h"
#include "fips/wire/lookup.h"
#include "t/lib/node_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Neighbours are A and on, as many as a test links;
 * FAR is a node behind them whose key is known. */
enum { A = 2, B, C, D, FAR = 30, FARTHER, MANY = 20 };
#define LINK_MTU 1280

struct sent {
	struct fips_addr to;
	uint8_t          bytes[FIPS_ACT_BYTES];
	size_t           len;
};

/* One node, and the lookup messages it has sent since they were last looked at. */
struct room {
	struct bench *b;
	unsigned      me;
	uint64_t      keys[64];
	struct sent   sent[256];
	unsigned      n_sent;
};

extern struct room r;

/* What an answer says, and what is wrong with it. */
struct answer {
	unsigned from, target, first; /* by whose link, whose answer, whose coordinates:
	                               * first entry                                     */
	unsigned signer;              /* 0: as the target                                */
	uint64_t id;
	uint16_t mtu;
	size_t   extra;               /* bytes behind the proof                          */
};

extern struct room r;
struct fips_addr addr(unsigned who);

/* The number with the smallest address, or the largest.  Numbers are a byte. */
unsigned utmost(bool largest);
const char *say(unsigned who, const uint8_t *bytes, size_t n);
void open_as(unsigned me, unsigned neighbours, const struct fips_node_config *config);

/* We have the smallest address of all, and so are the root. */
void open_room(unsigned neighbours);
void close_room(void);

/* It is below this parent, which is root; or root itself. */
void below(unsigned who, struct fips_addr parent);
void child(unsigned who);

/* Its filter contains n others, from this number on. */
void filter_of(unsigned who, unsigned others, unsigned n);
void filter(unsigned who, unsigned other);
void request(unsigned from, uint64_t id, struct fips_addr target, uint8_t ttl);
void respond(const struct answer *a);
uint64_t counted(enum fips_lookup_count count);
uint64_t signalled(enum fips_signal_count count);

/* To whom the requests of the last call went: a bit for each neighbour. */
uint32_t asked(void);
struct fips_lookup_request last_request(void);

/* We know its key, and nothing more. */
void know(unsigned who);

/* A room with FAR behind B, which the first packet for it asks about.  Returns the request. */
struct fips_lookup_request seek(void);

/* The test's parts: our own lookups, and signals about sessions that go through others. */
TCase *mesh_lookup_own(void);
TCase *mesh_lookup_signals(void);

#endif
