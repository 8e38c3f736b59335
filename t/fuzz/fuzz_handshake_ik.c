/* fuzz_handshake_ik.c - bytes as message 1 to a responder and as message 2 to an initiator of fixed
 * keys.  What is refused leaves the object as it was. */
#include <assert.h>
#include <string.h>

#include "fips/noise/ik.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void message_1(const struct fips_curve *curve, const struct fips_identity *bob,
                      const uint8_t *data)
{
	const uint8_t ephemeral[32] = { 0x22 }, epoch[8] = { 2 };
	uint8_t out[FIPS_IK_MSG2], send[32], recv[32];
	struct fips_ik r, before;

	fips_ik_init_responder(&r, curve, bob, ephemeral, epoch);
	before = r;
	if (fips_ik_read1(&r, data)) {
		assert(fips_ik_write2(&r, out));
		fips_ik_split(&r, send, recv);
	} else {
		assert(memcmp(&r, &before, sizeof r) == 0);
	}
}

static void message_2(const struct fips_curve *curve, const struct fips_identity *alice,
                      const struct fips_identity *bob, const uint8_t *data)
{
	const uint8_t ephemeral[32] = { 0x11 }, epoch[8] = { 1 };
	uint8_t out[FIPS_IK_MSG1], send[32], recv[32];
	struct fips_ik i, before;

	fips_ik_init_initiator(&i, curve, alice, bob->pub, ephemeral, epoch);
	assert(fips_ik_write1(&i, out));
	before = i;
	if (fips_ik_read2(&i, data))
		fips_ik_split(&i, send, recv);
	else
		assert(memcmp(&i, &before, sizeof i) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_identity alice, bob;
	const char *wrong = fips_identity_of_secret(&alice, &curve, (const uint8_t[32]){ 1 });

	assert(!wrong);
	wrong = fips_identity_of_secret(&bob, &curve, (const uint8_t[32]){ 2 });
	assert(!wrong);
	if (n == FIPS_IK_MSG1)
		message_1(&curve, &bob, data);
	if (n == FIPS_IK_MSG2)
		message_2(&curve, &alice, &bob, data);
	fips_curve_close(&curve);
	return 0;
}
