/* keys.c - key objects on the heap, where cache lines can be had. */
#include "t/lib/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "t/lib/provider.h"
#include "t/lib/vectors.h"

int keys_providers(void)
{
	int n = 0;

	while (provider_all()[n])
		n++;
	return n;
}

const struct mr_aead *keys_provider(int i)
{
	const struct mr_aead *p = provider_all()[i];

	if (!p->usable || p->usable())
		return p;
	printf("%s skipped: not usable on this machine\n", p->name);
	return NULL;
}

struct keys *keys_open(const struct mr_aead *p, const uint8_t key[MR_AEAD_KEY], uint64_t id,
                       uint32_t peer_index)
{
	struct keys *keys = aligned_alloc(FIPS_LINE, sizeof *keys);

	ck_assert_ptr_nonnull(keys);
	keys->provider = p;
	keys->ctx[0] = p->prepare(key);
	ck_assert_ptr_nonnull(keys->ctx[0]);
	fips_send_key_init(&keys->send, id, peer_index, keys->ctx, 1);
	fips_recv_key_init(&keys->recv, id, keys->ctx, 1);
	return keys;
}

struct keys *keys_stored(const struct mr_aead *p, const json_t *v, const char *member, uint64_t id,
                         uint32_t peer_index)
{
	uint8_t key[MR_AEAD_KEY];

	vectors_exact(v, member, key, sizeof key);
	return keys_open(p, key, id, peer_index);
}

void keys_close(struct keys *keys)
{
	keys->provider->release(keys->ctx[0]);
	free(keys);
}

void keys_seal(const struct keys *keys, struct mr_aead_op *op)
{
	ck_assert_ptr_eq(op->ctx, keys->ctx[0]);
	keys->provider->seal(op, 1);
}

bool keys_try(const struct keys *keys, struct mr_aead_op *op, const uint8_t *whole, size_t n)
{
	uint8_t *before = malloc(n);

	ck_assert_ptr_nonnull(before);
	memcpy(before, whole, n);
	op->ok = true;
	ck_assert_uint_eq(keys->provider->open(op, 1), op->ok);
	if (!op->ok)
		ck_assert_msg(memcmp(before, whole, n) == 0, "%s: a refused message changed",
		              keys->provider->name);
	free(before);
	return op->ok;
}

unsigned keys_receive(struct fips_session_recv *recv, const struct keys *any, uint8_t *message,
                      size_t n, uint64_t now, struct fips_fsp_sealed *m)
{
	struct fips_recv_key *key[FIPS_SESSION_KEYS];
	enum fips_replay why;
	struct mr_aead_op op;
	unsigned keys;

	if (fips_fsp_check(message, n) != FIPS_FSP_ENCRYPTED ||
	    !fips_fsp_sealed_parse(message, n, m))
		return 0;
	keys = fips_session_candidates(recv, m->flags & FIPS_FSP_K, m->counter, now, key, &why);
	for (unsigned i = 0; i < keys; i++) {
		fips_session_open_op(key[i], 0, message, m, &op);
		if (keys_try(any, &op, message, n))
			return fips_session_accept(recv, key[i], m, 1280, false, now);
	}
	return 0;
}
