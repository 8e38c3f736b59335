/* identity.c - key pairs and their text forms. */
#include "fips/noise/identity.h"

#include <string.h>

#include "core/hash.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static const char *secret_of_hex(const char *text, uint8_t secret[FIPS_SECRET_LEN])
{
	static const char wanted[] = "is neither nsec1... nor exactly 64 hexadecimal digits";
	uint8_t out[FIPS_SECRET_LEN];

	if (strnlen(text, 2 * sizeof out + 1) != 2 * sizeof out)
		return wanted;
	for (unsigned i = 0; i < sizeof out; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			mr_wipe(out, sizeof out);
			return wanted;
		}
		out[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(secret, out, sizeof out);
	mr_wipe(out, sizeof out);
	return NULL;
}

const char *fips_secret_parse(const char *text, uint8_t secret[FIPS_SECRET_LEN])
{
	if (strncmp(text, "nsec1", 5) == 0)
		return fips_bech32_parse("nsec", text, secret);
	return secret_of_hex(text, secret);
}

const char *fips_identity_of_secret(struct fips_identity *id, const struct fips_curve *curve,
                                    const uint8_t secret[FIPS_SECRET_LEN])
{
	uint8_t pub[FIPS_PUB_LEN];

	if (!curve->public_key(curve->self, secret, pub))
		return "is zero or not below the order of secp256k1";
	memmove(id->secret, secret, sizeof id->secret);
	memcpy(id->pub, pub, sizeof id->pub);
	id->addr = fips_addr_of_key(id->pub + 1);
	fips_npub_format(id->pub + 1, id->npub);
	return NULL;
}

const char *fips_identity_parse(struct fips_identity *id, const struct fips_curve *curve,
                                const char *text)
{
	uint8_t secret[FIPS_SECRET_LEN];
	const char *wrong = fips_secret_parse(text, secret);

	if (!wrong)
		wrong = fips_identity_of_secret(id, curve, secret);
	mr_wipe(secret, sizeof secret);
	return wrong;
}

void fips_identity_wipe(struct fips_identity *id)
{
	mr_wipe(id, sizeof *id);
}

const char *fips_npub_parse(const char *text, const struct fips_curve *curve,
                            uint8_t pub[FIPS_PUB_LEN])
{
	uint8_t even[FIPS_PUB_LEN] = { 0x02 };
	const char *wrong = fips_bech32_parse("npub", text, even + 1);

	if (wrong)
		return wrong;
	if (!curve->check_point(curve->self, even))
		return "is no public key: its x is not on secp256k1";
	memcpy(pub, even, sizeof even);
	return NULL;
}

void fips_npub_format(const uint8_t xonly[FIPS_XONLY_LEN], char text[FIPS_KEY_TEXT])
{
	fips_bech32_format("npub", xonly, text);
}

void fips_nsec_format(const uint8_t secret[FIPS_SECRET_LEN], char text[FIPS_KEY_TEXT])
{
	fips_bech32_format("nsec", secret, text);
}
