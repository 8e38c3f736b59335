/* key.h - the key objects of the data path: who numbers, who seals, who opens.
 *
 * One object per completed handshake and direction.  The rules that keep a nonce from ever being
 * used twice hold for the object, wherever a graph puts the stages:
 *
 *   N1  Only fips_number touches `next`: one fetch-add for a run of frames.  It refuses from 2^62.
 *   N2  Number and seal with one key pointer, inside one epoch section of one process() call.
 *       Key pointers never cross a ring.  Where a graph has others seal what was numbered, the
 *       packet carries the key's handle, and the bytes in front of it the number: it is sealed
 *       under that key or not at all.
 *   N3  Key objects are never copied, saved or rebuilt.
 *   N4  A retry sends the sealed bytes again; it never seals again.
 *   N5  Control seals nothing.
 *
 * AEAD contexts lie in an array by worker index, prepared by control before the object is
 * published; a worker uses its own one only.  Control makes the objects (init), publishes them in
 * a table entry or by an order, and frees them when nobody can see them any more.
 *
 * A word is a number that one thread writes and others read at any time: relaxed on both sides.
 *
 * What was sent under a key is counted in words of the replica that seals under it.  Where a graph
 * lets several replicas seal under one key they share the words and say so (`shared`): sums stay
 * exact, and a report's first and last counter follow one another without a gap; a run still
 * being counted when a report is taken is in the next one.
 */
#ifndef FIPS_PATH_KEY_H
#define FIPS_PATH_KEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "core/clock.h"
#include "fips/path/received.h"
#include "fips/path/window.h"

#define FIPS_LINE        64            /* bytes of a cache line              */
#define FIPS_COUNTER_END (UINT64_C(1) << 62) /* counters given out are below */
#define FIPS_NO_KEY      UINT64_MAX

typedef _Atomic uint64_t fips_word;

static inline uint64_t fips_word_get(const fips_word *w)
{
	return atomic_load_explicit(w, memory_order_relaxed);
}

/* The word's one writer only. */
static inline void fips_word_set(fips_word *w, uint64_t v)
{
	atomic_store_explicit(w, v, memory_order_relaxed);
}

static inline void fips_word_add(fips_word *w, uint64_t n)
{
	fips_word_set(w, fips_word_get(w) + n);
}

/* What was sent under a key, as link.md 8.2 and session.md 4.3 count it. */
struct fips_sent {
	/* words */
	fips_word packets; /* under this key                                  */
	fips_word bytes;   /* links: whole frames; sessions: text and tag     */
	fips_word data_at; /* ns, last data sent; 0: never                    */

	/* words of those who seal: since the last report */
	fips_word             first, last; /* counters; valid if interval_packets */
	_Atomic uint32_t      first_stamp, last_stamp; /* ms                      */
	fips_word             interval_packets;
	fips_word             interval_bytes;
};

struct fips_send_key {
	/* const after publishing */
	uint64_t                   id;         /* never reused in the process        */
	uint64_t                   handle;     /* of the key itself, for those who seal what others
	                                        * have numbered; FIPS_NO_KEY: none   */
	uint32_t                   peer_index; /* links: receiver_idx of our frames  */
	uint8_t                    k;          /* 0 or 1; const once current         */
	uint64_t                   clock_zero; /* ns, start of its timestamps; const once current */
	struct mr_aead_ctx *const *ctx;        /* by worker index, borrowed          */
	unsigned                   nctx;

	/* any sealing replica, by fips_number only */
	_Alignas(FIPS_LINE) fips_word next;

	/* the sealing replica that owns the key, or those that share it */
	_Alignas(FIPS_LINE) struct fips_sent sent;
};

/* confirmed word of a receive key: 0, or this bit and the K flag of the frame that did it. */
enum { FIPS_KEY_K = 0x01, FIPS_KEY_CONFIRMED = 0x02 };

struct fips_recv_key {
	/* const after publishing */
	uint64_t                   id;
	struct mr_aead_ctx *const *ctx;
	unsigned                   nctx;

	/* the owning replica writes; words are read by control */
	_Alignas(FIPS_LINE) fips_word heard; /* ns, last authenticated frame; 0: none     */
	fips_word            confirmed;      /* FIPS_KEY_CONFIRMED and FIPS_KEY_K bits    */
	fips_word            highest;        /* == window.highest                         */
	struct fips_window   window;
	struct fips_received received;
};

/* Make a key object in zeroed or used memory, aligned to FIPS_LINE.  Control only, before anybody
 * else sees it.  A send key starts with counter 0. */
void fips_send_key_init(struct fips_send_key *key, uint64_t id, uint32_t peer_index,
                        struct mr_aead_ctx *const *ctx, unsigned nctx);
void fips_recv_key_init(struct fips_recv_key *key, uint64_t id, struct mr_aead_ctx *const *ctx,
                        unsigned nctx);

/* Set what is known only when the key becomes current.  Control only, before a table entry names
 * the key. */
static inline void fips_send_key_start(struct fips_send_key *key, uint8_t k, uint64_t clock_zero)
{
	key->k = k;
	key->clock_zero = clock_zero;
}

/* Take n counters (n > 0), the first of them to *first.  False when the key is used up: nothing
 * may be sealed under it any more.  Any replica that seals under this key. */
static inline bool fips_number(struct fips_send_key *key, unsigned n, uint64_t *first)
{
	*first = atomic_fetch_add_explicit(&key->next, n, memory_order_relaxed);
	return *first < FIPS_COUNTER_END && FIPS_COUNTER_END - *first >= n;
}

/* Counters given out so far: the messages a rekey by count asks about.  Any thread. */
static inline uint64_t fips_numbered(const struct fips_send_key *key)
{
	return fips_word_get(&key->next);
}

/* The timestamp a frame sealed now carries: ms of the key's clock, truncated. */
static inline uint32_t fips_send_stamp(const struct fips_send_key *key, uint64_t now)
{
	return now > key->clock_zero ? (uint32_t)((now - key->clock_zero) / MR_NS_PER_MS) : 0;
}

/* Count a run where it leaves: frames with counters first to first + n - 1, all stamped alike,
 * `bytes` in all; `data` when one of them resets the idle timer.  Owner of the key only, or with
 * `shared` any of those that seal under it. */
void fips_sent_run(struct fips_send_key *key, uint64_t first, unsigned n, uint64_t bytes,
                   uint32_t stamp, bool data, bool shared, uint64_t now);

#endif
