/* fuzz_keytext.c - bytes as the text of a secret and of a public key.  What is accepted is written
 * back as the same key. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/noise/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fips_curve curve = fips_curve_secp256k1();
	char *text = malloc(n + 1), npub[FIPS_KEY_TEXT], nsec[FIPS_KEY_TEXT];
	uint8_t pub[FIPS_PUB_LEN], again[FIPS_PUB_LEN], secret[FIPS_SECRET_LEN];
	struct fips_identity id;

	assert(text);
	memcpy(text, data, n);
	text[n] = '\0';
	if (!fips_npub_parse(text, &curve, pub)) {
		fips_npub_format(pub + 1, npub);
		assert(!fips_npub_parse(npub, &curve, again));
		assert(memcmp(pub, again, sizeof pub) == 0);
	}
	if (!fips_identity_parse(&id, &curve, text)) {
		fips_nsec_format(id.secret, nsec);
		assert(!fips_secret_parse(nsec, secret));
		assert(memcmp(secret, id.secret, sizeof secret) == 0);
	}
	free(text);
	fips_curve_close(&curve);
	return 0;
}
