/* identity.h - a node's key pair, its names, and their text forms (link.md 1.1 to 1.3).
 *
 * A secret is one scalar d, 1 <= d < group order.  It is stored and used as it is and never
 * negated; the public key keeps the true parity in its first byte.  What other nodes know of a
 * node is x alone, written as an npub, and they use the point of even y.
 *
 * Texts are parsed here and files are not read: that is the program's business.  Every parse
 * function returns NULL on success, else a sentence (a static string) saying what is wrong; the
 * result is written on success only.
 */
#ifndef FIPS_NOISE_IDENTITY_H
#define FIPS_NOISE_IDENTITY_H

#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/noise/bech32.h"
#include "fips/noise/curve.h"

#define FIPS_KEY_TEXT  FIPS_BECH32_TEXT /* an npub or nsec and its NUL */
#define FIPS_EPOCH_LEN 8                /* startup epoch (link.md 1.4) */

struct fips_identity {
	uint8_t          secret[FIPS_SECRET_LEN];
	uint8_t          pub[FIPS_PUB_LEN]; /* == secret * G, true parity      */
	struct fips_addr addr;              /* == fips_addr_of_key(pub + 1)    */
	char             npub[FIPS_KEY_TEXT];
};

/* The 32 bytes of a secret given as "nsec1..." or as exactly 64 hex digits of either case.  Does
 * not check the range; fips_identity_of_secret does. */
const char *fips_secret_parse(const char *text, uint8_t secret[FIPS_SECRET_LEN]);

/* Everything that follows from a secret. */
const char *fips_identity_of_secret(struct fips_identity *id, const struct fips_curve *curve,
                                    const uint8_t secret[FIPS_SECRET_LEN]);

/* Both at once. */
const char *fips_identity_parse(struct fips_identity *id, const struct fips_curve *curve,
                                const char *text);

/* Overwrite the secret and all that follows from it. */
void fips_identity_wipe(struct fips_identity *id);

/* The public key behind an npub: 02 and x, checked to be on the curve. */
const char *fips_npub_parse(const char *text, const struct fips_curve *curve,
                            uint8_t pub[FIPS_PUB_LEN]);

/* npub1... of x. */
void fips_npub_format(const uint8_t xonly[FIPS_XONLY_LEN], char text[FIPS_KEY_TEXT]);

/* nsec1... of a secret.  The caller wipes the text. */
void fips_nsec_format(const uint8_t secret[FIPS_SECRET_LEN], char text[FIPS_KEY_TEXT]);

#endif
