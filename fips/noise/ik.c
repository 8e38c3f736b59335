/* ik.c - the link handshake.  The functions stand in the order of the messages; each works on a
 * copy and keeps it only when everything held. */
#include "fips/noise/ik.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"

static const char protocol_name[] = "Noise_IK_secp256k1_ChaChaPoly_SHA256";

enum {
	TAG           = 16,
	SEALED_STATIC = FIPS_PUB_LEN + TAG,
	SEALED_EPOCH  = FIPS_EPOCH_LEN + TAG,
	/* message 1 */
	AT_STATIC = FIPS_PUB_LEN,
	AT_EPOCH  = AT_STATIC + SEALED_STATIC,
	/* message 2 */
	AT_EPOCH2 = FIPS_PUB_LEN,
};
static_assert(AT_EPOCH + SEALED_EPOCH == FIPS_IK_MSG1, "message 1 is the sum of its parts");
static_assert(AT_EPOCH2 + SEALED_EPOCH == FIPS_IK_MSG2, "message 2 is the sum of its parts");

static void init(struct fips_ik *ik, const struct fips_curve *curve, const struct fips_identity *me,
                 const uint8_t ephemeral[FIPS_SECRET_LEN], const uint8_t epoch[FIPS_EPOCH_LEN])
{
	memset(ik, 0, sizeof *ik);
	ik->curve = curve;
	ik->me = me;
	memcpy(ik->ephemeral, ephemeral, sizeof ik->ephemeral);
	memcpy(ik->epoch, epoch, sizeof ik->epoch);
}

void fips_ik_init_initiator(struct fips_ik *ik, const struct fips_curve *curve,
                            const struct fips_identity *me, const uint8_t peer_pub[FIPS_PUB_LEN],
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN])
{
	init(ik, curve, me, ephemeral, epoch);
	ik->initiator = true;
	ik->step = FIPS_IK_WRITE1;
	memcpy(ik->remote_pub, peer_pub, sizeof ik->remote_pub);
	fips_symmetric_init(&ik->sym, protocol_name, peer_pub);
}

void fips_ik_init_responder(struct fips_ik *ik, const struct fips_curve *curve,
                            const struct fips_identity *me,
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN])
{
	init(ik, curve, me, ephemeral, epoch);
	ik->step = FIPS_IK_READ1;
	fips_symmetric_init(&ik->sym, protocol_name, me->pub);
}

/* MixKey of the Diffie-Hellman of two keys; our ephemeral key, and theirs. */
static bool mix_dh(struct fips_ik *ik, const uint8_t secret[FIPS_SECRET_LEN],
                   const uint8_t pub[FIPS_PUB_LEN])
{
	return fips_symmetric_mix_dh(&ik->sym, ik->curve, secret, pub);
}

static bool put_ephemeral(struct fips_ik *ik, uint8_t out[FIPS_PUB_LEN])
{
	return fips_symmetric_put_ephemeral(&ik->sym, ik->curve, ik->ephemeral, out);
}

static void get_ephemeral(struct fips_ik *ik, const uint8_t in[FIPS_PUB_LEN])
{
	fips_symmetric_get_ephemeral(&ik->sym, in, ik->remote_ephemeral);
}

/* es, whose value message 2 uses again. */
static bool mix_es(struct fips_ik *ik, const uint8_t secret[FIPS_SECRET_LEN],
                   const uint8_t pub[FIPS_PUB_LEN])
{
	if (!ik->curve->ecdh(ik->curve->self, secret, pub, ik->es))
		return false;
	fips_symmetric_mix_key(&ik->sym, ik->es);
	return true;
}

/* Keep the copy when all went well; secrets stay nowhere else. */
static bool settle(struct fips_ik *ik, struct fips_ik *next, bool ok, enum fips_ik_step step)
{
	if (ok) {
		*ik = *next;
		ik->step = step;
	}
	if (ok && step == FIPS_IK_DONE) {
		mr_wipe(ik->es, sizeof ik->es);
		mr_wipe(ik->ephemeral, sizeof ik->ephemeral);
	}
	mr_wipe(next, sizeof *next);
	return ok;
}

static bool write1(struct fips_ik *ik, uint8_t out[FIPS_IK_MSG1])
{
	if (!put_ephemeral(ik, out) || !mix_es(ik, ik->ephemeral, ik->remote_pub))
		return false;
	fips_symmetric_seal(&ik->sym, ik->me->pub, FIPS_PUB_LEN, out + AT_STATIC);
	if (!mix_dh(ik, ik->me->secret, ik->remote_pub))
		return false;
	fips_symmetric_seal(&ik->sym, ik->epoch, FIPS_EPOCH_LEN, out + AT_EPOCH);
	return true;
}

bool fips_ik_write1(struct fips_ik *ik, uint8_t out[FIPS_IK_MSG1])
{
	struct fips_ik next = *ik;

	assert(ik->step == FIPS_IK_WRITE1);
	return settle(ik, &next, write1(&next, out), FIPS_IK_READ2);
}

static bool read1(struct fips_ik *ik, const uint8_t in[FIPS_IK_MSG1])
{
	get_ephemeral(ik, in);
	return mix_es(ik, ik->me->secret, ik->remote_ephemeral) &&
	       fips_symmetric_open(&ik->sym, in + AT_STATIC, SEALED_STATIC, ik->remote_pub) &&
	       mix_dh(ik, ik->me->secret, ik->remote_pub) &&
	       fips_symmetric_open(&ik->sym, in + AT_EPOCH, SEALED_EPOCH, ik->remote_epoch);
}

bool fips_ik_read1(struct fips_ik *ik, const uint8_t in[FIPS_IK_MSG1])
{
	struct fips_ik next = *ik;

	assert(ik->step == FIPS_IK_READ1);
	return settle(ik, &next, read1(&next, in), FIPS_IK_WRITE2);
}

static bool write2(struct fips_ik *ik, uint8_t out[FIPS_IK_MSG2])
{
	if (!put_ephemeral(ik, out) || !mix_dh(ik, ik->ephemeral, ik->remote_ephemeral))
		return false;
	fips_symmetric_mix_key(&ik->sym, ik->es);
	fips_symmetric_seal(&ik->sym, ik->epoch, FIPS_EPOCH_LEN, out + AT_EPOCH2);
	return true;
}

bool fips_ik_write2(struct fips_ik *ik, uint8_t out[FIPS_IK_MSG2])
{
	struct fips_ik next = *ik;

	assert(ik->step == FIPS_IK_WRITE2);
	return settle(ik, &next, write2(&next, out), FIPS_IK_DONE);
}

static bool read2(struct fips_ik *ik, const uint8_t in[FIPS_IK_MSG2])
{
	get_ephemeral(ik, in);
	if (!mix_dh(ik, ik->ephemeral, ik->remote_ephemeral))
		return false;
	fips_symmetric_mix_key(&ik->sym, ik->es);
	return fips_symmetric_open(&ik->sym, in + AT_EPOCH2, SEALED_EPOCH, ik->remote_epoch);
}

bool fips_ik_read2(struct fips_ik *ik, const uint8_t in[FIPS_IK_MSG2])
{
	struct fips_ik next = *ik;

	assert(ik->step == FIPS_IK_READ2);
	return settle(ik, &next, read2(&next, in), FIPS_IK_DONE);
}

void fips_ik_split(const struct fips_ik *ik, uint8_t send[32], uint8_t recv[32])
{
	assert(ik->step == FIPS_IK_DONE);
	if (ik->initiator)
		fips_symmetric_split(&ik->sym, send, recv);
	else
		fips_symmetric_split(&ik->sym, recv, send);
}

void fips_ik_wipe(struct fips_ik *ik)
{
	mr_wipe(ik, sizeof *ik);
}
