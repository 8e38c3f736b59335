/* aead.h - ChaCha20-Poly1305 (RFC 8439) as vectors of operations, over exchangeable providers.
 *
 * An operation names its prepared key, its 64-bit counter, its associated data, where the text is
 * and where the result goes.  Stages hand a provider whole vectors of operations; the provider may
 * work on them side by side.  Nonce: four zero bytes, then the counter, little-endian (link.md 2.1,
 * session.md 0).
 *
 * Contract of every provider, tested alike for all of them (t/core/test_aead.c):
 *   - seal writes text_len + 16 bytes at dst; open writes text_len bytes at dst.
 *   - dst and src[0] are the same address or do not overlap; src[1] must not overlap dst unless it
 *     already lies in its place (dst + src[0].len).
 *   - an open that fails leaves the buffer exactly as it was and sets ok = false: the next key may
 *     be tried on the same bytes.  A dst elsewhere is left as it was too.
 *   - a context is used by one thread at a time; contexts of one key are independent.
 *
 * Contexts are prepared by control before the key that owns them is published; the packet path
 * never allocates one.
 */
#ifndef MR_CORE_AEAD_H
#define MR_CORE_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MR_AEAD_KEY 32
#define MR_AEAD_TAG 16

struct mr_aead_ctx; /* a key prepared for one thread; its insides are the provider's */

struct mr_aead_piece {
	const uint8_t *at;
	uint32_t       len;
};

struct mr_aead_op {
	struct mr_aead_ctx  *ctx;     /* prepared key of the provider that is called      */
	uint64_t             counter; /* nonce = 4 zero bytes || LE64(counter)            */
	const uint8_t       *aad;     /* borrowed; may be NULL when aad_len is 0          */
	uint32_t             aad_len;
	struct mr_aead_piece src[2];  /* seal: text; open: text then tag as one byte
	                               * string.  src[1].len is 0 when one piece is all   */
	uint8_t             *dst;     /* seal: text || tag; open: text                    */
	bool                 ok;      /* open: written by the provider; seal: always true */
};

/* Provider: const data, one per folder under plugins/.  mbedTLS is built in, the others are
 * loadable modules (plugin.h). */
struct mr_aead {
	const char *name;    /* "mbedtls", "libcrypto", "ipsec-mb", "lanes"              */
	const char *summary; /* one line for `millrace version`                          */
	/* Can this provider run on this machine?  NULL means always. */
	bool (*usable)(void);
	/* Prepare a key; NULL only when memory is gone.  Control only. */
	struct mr_aead_ctx *(*prepare)(const uint8_t key[MR_AEAD_KEY]);
	/* Wipe and free.  NULL is fine.  Control only. */
	void (*release)(struct mr_aead_ctx *ctx);
	/* Vector calls.  Thread that owns the contexts.  open returns how many were ok. */
	void (*seal)(struct mr_aead_op *ops, unsigned n);
	unsigned (*open)(struct mr_aead_op *ops, unsigned n);
};

/* The one that is built in: the one handshakes use, and the one that must work. */
extern const struct mr_aead mr_aead_mbedtls;

/* The providers built in, NULL-terminated; what modules add is in a registry (plugins.h). */
extern const struct mr_aead *const mr_aead_builtin[];

/* By name among a NULL-terminated list, or NULL. */
const struct mr_aead *mr_aead_find(const struct mr_aead *const *list, const char *name);

/* Known answers, wrong key then right key, and the failed-open contract.  NULL when all hold,
 * else a sentence naming what did not.  Set-up only. */
const char *mr_aead_self_test(const struct mr_aead *p);

/* One measured provider. */
struct mr_aead_score {
	const struct mr_aead *provider;
	const char           *refused;  /* why it is not a candidate, or NULL        */
	uint64_t              ns_seal;  /* per 1400-byte packet, vectors of 16       */
	uint64_t              ns_open;
};
#define MR_AEAD_MAX 8

/* Self-test all providers of a NULL-terminated list whose first is built in, measure each for about
 * 20 ms and return the fastest that passed; scores (room for MR_AEAD_MAX) and their count for
 * `millrace version` and the log, either may be NULL.  Never NULL: a machine on which not even the
 * built-in provider passes its known answers aborts.  now is mr_clock_now or a test's. */
const struct mr_aead *mr_aead_choose(const struct mr_aead *const *list, uint64_t (*now)(void),
                                     struct mr_aead_score *scores, unsigned *count);

/* Convenience for handshakes: one packet in place semantics, out may equal in.  seal writes n + 16
 * bytes; open returns false and leaves out untouched when the tag does not hold (n counts the tag).
 * Uses the built-in provider.  Control only. */
void mr_aead_seal_one(const uint8_t key[MR_AEAD_KEY], uint64_t counter, const void *aad,
                      size_t naad, const void *in, size_t n, uint8_t *out);
bool mr_aead_open_one(const uint8_t key[MR_AEAD_KEY], uint64_t counter, const void *aad,
                      size_t naad, const void *in, size_t n, uint8_t *out);

#endif
