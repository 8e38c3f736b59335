/* provider.c - the providers of this build, and single operations. */
#include "t/lib/provider.h"

#include <string.h>

#include <check.h>

#include "t/lib/modules.h"

const struct mr_aead *const *provider_all(void)
{
	modules_load("libcrypto");
	modules_load("ipsec-mb");
	modules_load("lanes");
	return modules()->aeads;
}

const struct mr_aead *provider_next(unsigned *i)
{
	while (provider_all()[*i]) {
		const struct mr_aead *p = provider_all()[(*i)++];

		if (!p->usable || p->usable())
			return p;
	}
	return NULL;
}

void provider_seal(const struct mr_aead *p, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
                   const uint8_t *aad, size_t naad, const uint8_t *text, size_t n, uint8_t *out)
{
	struct mr_aead_op op = { .ctx = p->prepare(key), .counter = counter,
		                 .aad = aad, .aad_len = (uint32_t)naad,
		                 .src = { { text, (uint32_t)n } }, .dst = out };

	ck_assert_ptr_nonnull(op.ctx);
	p->seal(&op, 1);
	p->release(op.ctx);
}

bool provider_open(const struct mr_aead *p, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
                   const uint8_t *aad, size_t naad, const uint8_t *sealed, size_t n, uint8_t *out)
{
	struct mr_aead_op op = { .ctx = p->prepare(key), .counter = counter,
		                 .aad = aad, .aad_len = (uint32_t)naad,
		                 .src = { { sealed, (uint32_t)n } }, .dst = out };
	uint8_t before[2048];
	unsigned good;

	ck_assert_ptr_nonnull(op.ctx);
	ck_assert_uint_ge(n, MR_AEAD_TAG);
	ck_assert_uint_le(n - MR_AEAD_TAG, sizeof before);
	memcpy(before, out, n - MR_AEAD_TAG);
	good = p->open(&op, 1);
	ck_assert_uint_eq(good, op.ok);
	if (!op.ok)
		ck_assert_msg(memcmp(before, out, n - MR_AEAD_TAG) == 0,
		              "%s: a refused packet changed the buffer", p->name);
	p->release(op.ctx);
	return op.ok;
}
