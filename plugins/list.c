/* list - the AEAD providers linked into this program.
 *
 * The built-in one comes first: it is the one handshakes use and the one that must work.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead.h"

#include <stddef.h>

extern const struct mr_aead mr_aead_mbedtls;
#ifdef HAVE_LIBCRYPTO
extern const struct mr_aead mr_aead_libcrypto;
#endif
#ifdef HAVE_IPSEC_MB
extern const struct mr_aead mr_aead_ipsec_mb;
#endif

const struct mr_aead *const mr_aead_all[] = {
	&mr_aead_mbedtls,
#ifdef HAVE_LIBCRYPTO
	&mr_aead_libcrypto,
#endif
#ifdef HAVE_IPSEC_MB
	&mr_aead_ipsec_mb,
#endif
	NULL,
};
