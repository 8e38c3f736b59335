/* aead_bench.h - providers in turn, and packets in an arena filled with one byte: after each call
 * everything around the result must still be that byte,
 * as the libraries' assembler is invisible to the sanitizers. */
#ifndef T_CORE_AEAD_BENCH_H
#define T_CORE_AEAD_BENCH_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/aead.h"
#include "t/lib/provider.h"
#include "t/lib/vectors.h"

#define FILL  0xa5
#define GUARD 80 /* bytes of arena before and after a result */
#define LONG  135000

/* How many there are, usable or not. */
unsigned providers(void);

/* The i-th provider, or NULL (said aloud) where the processor cannot run it. */
const struct mr_aead *provider(int i);

/* Bytes, and a key's context, that depend on the seed alone. */
void seeded(void *out, size_t n, uint64_t seed);
struct mr_aead_ctx *context(const struct mr_aead *p, uint64_t seed);

bool all_of(const uint8_t *at, size_t n, uint8_t value);

/* Where the source's pieces lie. */
enum place {
	IN_PLACE,     /* both where their results go                */
	FIRST_AWAY,   /* second one in its place                    */
	SECOND_AWAY,  /* first one in its place                     */
	BOTH_AWAY,
	PLACES
};

struct shape {
	uint32_t src_len; /* both pieces                             */
	uint32_t dst_len; /* bytes the provider writes               */
	uint32_t cut;     /* bytes in the first piece, [0, src_len]  */
	uint32_t align;   /* of dst, bytes past a 64-byte border     */
	enum place place;
};

struct arena {
	uint8_t dst[GUARD + 64 + LONG + GUARD] __attribute__((aligned(64)));
	uint8_t away[2][64 + LONG] __attribute__((aligned(64)));
};

/* Lay src into the arena as the shape says and point op at it. */
void lay(struct arena *a, const struct shape *s, const uint8_t *src, struct mr_aead_op *op);

/* Nothing changed around the result.  In-place sources longer than it (a tag) are part of it. */
bool guards_hold(const struct arena *a, const struct shape *s);

/* The source pieces hold what was laid; in-place ones only count when `all`. */
bool source_holds(const struct shape *s, const struct mr_aead_op *op, const uint8_t *src, bool all);

/* Bytes of dst whose source lies elsewhere still hold the arena's byte. */
bool away_untouched(const struct shape *s, const struct mr_aead_op *op);

/* The test's parts: all shapes of an operation, and packets that must be refused. */
void aead_shapes(TCase *tc);
void aead_refused(TCase *tc);

#endif
