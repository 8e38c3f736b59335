/* bucket.h - token buckets: how much work others may cause (link.md 6.9, session.md 3.10). */
#ifndef FIPS_PATH_BUCKET_H
#define FIPS_PATH_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* What one neighbour by its link may have control look at, of its own and of others each, or one
 * endpoint by its session: more than reports, heartbeats, handshakes and announcements of a busy
 * mesh come to. */
#define FIPS_TALK_BURST 512
#define FIPS_TALK_RATE  256000 /* thousandths a second */

struct fips_bucket {
	uint64_t full;   /* const after init: nanotokens it holds at most */
	uint64_t rate;   /* const after init: thousandths of a token a s  */
	uint64_t level;  /* nanotokens, [0, full]                         */
	uint64_t filled; /* ns, when level was right                      */
};

/* A full bucket of burst tokens, refilled with milli / 1000 tokens a second. */
void fips_bucket_init(struct fips_bucket *b, uint32_t burst, uint32_t milli, uint64_t now);

/* Take one token.  False when there is none. */
bool fips_bucket_take(struct fips_bucket *b, uint64_t now);

#endif
