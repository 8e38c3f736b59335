/* fsp_bench.h - fsp-open on a rig: node B, which has a session with A. */
#ifndef T_LIB_FSP_BENCH_H
#define T_LIB_FSP_BENCH_H

#include "fips/path/session_recv.h"
#include "t/lib/craft.h"
#include "t/lib/keys.h"
#include "t/lib/rig.h"
#include "t/lib/vectors.h"

struct fsp_bench {
	struct rig              *rig;
	const struct mr_aead    *provider;
	struct keys             *keys[2]; /* the first, and perhaps a second one */
	struct fips_session_recv recv;
};

/* A PathMtuNotification: the shortest message that has a place to go. */
extern const uint8_t fsp_bench_note[8];

/* With the i-th AEAD provider; false where this machine cannot run it.  plain: with an ordinary
 * node file. */
bool fsp_bench_open(struct fsp_bench *b, int provider, const char *node);
bool fsp_bench_plain(struct fsp_bench *b, int provider);
void fsp_bench_close(struct fsp_bench *b);

/* Install a key as control does; its id is i + 1. */
void fsp_bench_install(struct fsp_bench *b, unsigned i, const uint8_t key[MR_AEAD_KEY]);

struct mr_pkt *fsp_bench_feed(struct fsp_bench *b, const void *datagram, size_t n);

/* An FSP message from A in its envelope. */
void fsp_bench_message(struct fsp_bench *b, const struct bytes *message);

/* A text sealed by A under `key`. */
void fsp_bench_text(struct fsp_bench *b, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
		    uint8_t flags, const void *text, size_t n);

/* Control is told this next. */
void fsp_bench_event(struct fsp_bench *b, unsigned kind, uint64_t id, uint32_t k);

#endif
