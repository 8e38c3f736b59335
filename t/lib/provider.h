/* provider.h - every AEAD provider of this build, and one packet sealed or opened with it,
 * for tests. */
#ifndef T_LIB_PROVIDER_H
#define T_LIB_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"

/* Every provider there is, NULL-terminated, the built-in one first; the others are modules
 * of this build (modules.h). */
const struct mr_aead *const *provider_all(void);

/* The providers this machine can run: starts with *i = 0, NULL after the last. */
const struct mr_aead *provider_next(unsigned *i);

/* A key prepared, one operation, the key released.  seal writes n + 16 bytes; open counts the tag
 * in n and asserts that a refused packet left out as it was.  out may be text or sealed. */
void provider_seal(const struct mr_aead *p, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
                   const uint8_t *aad, size_t naad, const uint8_t *text, size_t n, uint8_t *out);
bool provider_open(const struct mr_aead *p, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
                   const uint8_t *aad, size_t naad, const uint8_t *sealed, size_t n, uint8_t *out);

#endif
