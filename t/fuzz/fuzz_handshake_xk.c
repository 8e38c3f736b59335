/* fuzz_handshake_xk.c - bytes as each of the three messages to the end that reads it, between fixed
 * keys.  What is refused leaves the object as it was. */
#include <assert.h>
#include <string.h>

#include "fips/noise/xk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t e_i[32] = { 0x11 }, e_r[32] = { 0x22 }, epoch[8] = { 1 };
	struct fips_curve curve = fips_curve_secp256k1();
	uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2], msg3[FIPS_XK_MSG3], send[32], recv[32];
	struct fips_identity alice, bob;
	struct fips_xk i, r, before;
	const char *wrong = fips_identity_of_secret(&alice, &curve, (const uint8_t[32]){ 1 });

	assert(!wrong);
	wrong = fips_identity_of_secret(&bob, &curve, (const uint8_t[32]){ 2 });
	assert(!wrong);
	fips_xk_init_initiator(&i, &curve, &alice, bob.pub, e_i, epoch);
	fips_xk_init_responder(&r, &curve, &bob, e_r, epoch);
	assert(fips_xk_write1(&i, msg1));
	before = n == FIPS_XK_MSG2 ? i : r;
	if (n == FIPS_XK_MSG1) {
		if (fips_xk_read1(&r, data))
			assert(fips_xk_write2(&r, msg2));
		else
			assert(memcmp(&r, &before, sizeof r) == 0);
	} else if (n == FIPS_XK_MSG2) {
		if (fips_xk_read2(&i, data))
			assert(fips_xk_write3(&i, msg3));
		else
			assert(memcmp(&i, &before, sizeof i) == 0);
	} else if (n == FIPS_XK_MSG3) {
		assert(fips_xk_read1(&r, msg1) && fips_xk_write2(&r, msg2));
		before = r;
		if (fips_xk_read3(&r, data))
			fips_xk_split(&r, send, recv);
		else
			assert(memcmp(&r, &before, sizeof r) == 0);
	}
	fips_curve_close(&curve);
	return 0;
}
