/* keys.h - send and receive key objects on one AEAD key, for tests of fips/path. */
#ifndef T_LIB_KEYS_H
#define T_LIB_KEYS_H

#include <jansson.h>
#include <stdint.h>

#include "core/aead.h"
#include "fips/path/key.h"
#include "fips/path/session_recv.h"

/* Both directions of one key, on one context; worker 0 is the only one. */
struct keys {
	struct fips_send_key  send;
	struct fips_recv_key  recv;
	const struct mr_aead *provider;
	struct mr_aead_ctx   *ctx[1];
};

/* How many AEAD providers are linked in, and the i-th, or NULL (said aloud) where this machine
 * cannot run it. */
int                   keys_providers(void);
const struct mr_aead *keys_provider(int i);

/* Returns an allocated pair with this id; the send key has K 0 and counts time from 0. */
struct keys *keys_open(const struct mr_aead *p, const uint8_t key[MR_AEAD_KEY], uint64_t id,
                       uint32_t peer_index);
void keys_close(struct keys *keys);

/* The same on the key that a vector has by this name. */
struct keys *keys_stored(const struct mr_aead *p, const json_t *v, const char *member, uint64_t id,
                         uint32_t peer_index);

/* Sets `provider` to the i-th provider, or ends the test where this machine cannot run it. */
#define WITH_PROVIDER(i)                            \
	do {                                        \
		if (!(provider = keys_provider(i))) \
			return;                     \
	} while (0)

/* Run one operation.  open asserts that a refused one left the n bytes at `whole` as they were. */
void keys_seal(const struct keys *keys, struct mr_aead_op *op);
bool keys_try(const struct keys *keys, struct mr_aead_op *op, const uint8_t *whole, size_t n);

/* Receive an FSP message of n bytes as a stage does: parse, try the candidates, accept (path MTU
 * 1280, no CE).  Returns what accepting returned, or 0 when it was refused before. */
unsigned keys_receive(struct fips_session_recv *recv, const struct keys *any, uint8_t *message,
                      size_t n, uint64_t now, struct fips_fsp_sealed *m);

#endif
