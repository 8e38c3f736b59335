/* lanes.c - see lanes.h. */
#include "t/lib/lanes.h"

#include "core/plugins.h"
#include "core/rand.h"
#include "t/lib/modules.h"
#include "t/lib/provider.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 1;

void lanes_seed(uint64_t seed)
{
	state = seed;
}

uint32_t lanes_below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % n;
}

void lanes_fill(void *to, size_t n)
{
	struct mr_rand_state seed = { .seed = lanes_below(UINT32_MAX) };
	struct mr_rand r = mr_rand_seeded(&seed);

	mr_rand_bytes(&r, to, n);
}

bool lanes_all(const uint8_t *p, size_t n, uint8_t value)
{
	return n == 0 || (p[0] == value && memcmp(p, p + 1, n - 1) == 0);
}

static const struct mr_plugin *module(void)
{
	provider_all();
	for (unsigned i = 0; i < modules()->modules; i++)
		if (!strcmp(modules()->module[i].plugin->name, "lanes"))
			return modules()->module[i].plugin;
	return NULL;
}

const struct mr_aead *lanes_own(int i)
{
	const struct mr_plugin *plugin = module();

	if (!plugin) {
		printf("lanes: skipped, not in this build\n");
		return NULL;
	}
	for (int k = 0; k <= i; k++)
		ck_assert_ptr_nonnull(plugin->aeads[k]);
	if (plugin->aeads[i]->usable())
		return plugin->aeads[i];
	printf("lanes: %s skipped, not usable on this processor\n", plugin->aeads[i]->name);
	return NULL;
}

static const struct mr_aead *reference(void)
{
	const struct mr_aead *p = mr_aead_find(provider_all(), "libcrypto");

	return p && (!p->usable || p->usable()) ? p : provider_all()[0];
}

struct lanes_key lanes_key(const struct mr_aead *own, const uint8_t bytes[MR_AEAD_KEY])
{
	struct lanes_key key = { own->prepare(bytes), reference()->prepare(bytes) };

	ck_assert(key.own && key.right);
	return key;
}

struct lanes_key lanes_any_key(const struct mr_aead *own)
{
	uint8_t bytes[MR_AEAD_KEY];

	lanes_fill(bytes, sizeof bytes);
	return lanes_key(own, bytes);
}

void lanes_release(const struct mr_aead *own, struct lanes_key key)
{
	own->release(key.own);
	reference()->release(key.right);
}

void lanes_right(struct lanes_key key, const struct mr_aead_op *like, const uint8_t *text,
                 uint32_t n, uint8_t *sealed)
{
	struct mr_aead_op op = *like;

	op.ctx = key.right;
	op.src[0] = (struct mr_aead_piece){ text, n };
	op.src[1] = (struct mr_aead_piece){ NULL, 0 };
	op.dst = sealed;
	reference()->seal(&op, 1);
}
