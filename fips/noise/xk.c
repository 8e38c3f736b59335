/* xk.c - the session handshake.  The functions stand in the order of the messages; each works on
 * a copy and keeps it only when everything held. */
#include "fips/noise/xk.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"

static const char protocol_name[] = "Noise_XK_secp256k1_ChaChaPoly_SHA256";

enum {
	TAG           = 16,
	SEALED_STATIC = FIPS_PUB_LEN + TAG,
	SEALED_EPOCH  = FIPS_EPOCH_LEN + TAG,
	AT_EPOCH2     = FIPS_PUB_LEN,  /* in message 2 */
	AT_EPOCH3     = SEALED_STATIC, /* in message 3 */
};
static_assert(FIPS_PUB_LEN == FIPS_XK_MSG1, "message 1 is an ephemeral key");
static_assert(AT_EPOCH2 + SEALED_EPOCH == FIPS_XK_MSG2, "message 2 is the sum of its parts");
static_assert(AT_EPOCH3 + SEALED_EPOCH == FIPS_XK_MSG3, "message 3 is the sum of its parts");

static void init(struct fips_xk *xk, const struct fips_curve *curve, const struct fips_identity *me,
                 const uint8_t ephemeral[FIPS_SECRET_LEN], const uint8_t epoch[FIPS_EPOCH_LEN])
{
	memset(xk, 0, sizeof *xk);
	xk->curve = curve;
	xk->me = me;
	memcpy(xk->ephemeral, ephemeral, sizeof xk->ephemeral);
	memcpy(xk->epoch, epoch, sizeof xk->epoch);
}

void fips_xk_init_initiator(struct fips_xk *xk, const struct fips_curve *curve,
                            const struct fips_identity *me, const uint8_t peer_pub[FIPS_PUB_LEN],
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN])
{
	init(xk, curve, me, ephemeral, epoch);
	xk->initiator = true;
	xk->step = FIPS_XK_WRITE1;
	memcpy(xk->remote_pub, peer_pub, sizeof xk->remote_pub);
	fips_symmetric_init(&xk->sym, protocol_name, peer_pub);
}

void fips_xk_init_responder(struct fips_xk *xk, const struct fips_curve *curve,
                            const struct fips_identity *me,
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN])
{
	init(xk, curve, me, ephemeral, epoch);
	xk->step = FIPS_XK_READ1;
	fips_symmetric_init(&xk->sym, protocol_name, me->pub);
}

/* MixKey of the Diffie-Hellman of two keys; our ephemeral key, and theirs. */
static bool mix_dh(struct fips_xk *xk, const uint8_t secret[FIPS_SECRET_LEN],
                   const uint8_t pub[FIPS_PUB_LEN])
{
	return fips_symmetric_mix_dh(&xk->sym, xk->curve, secret, pub);
}

static bool put_ephemeral(struct fips_xk *xk, uint8_t out[FIPS_PUB_LEN])
{
	return fips_symmetric_put_ephemeral(&xk->sym, xk->curve, xk->ephemeral, out);
}

static void get_ephemeral(struct fips_xk *xk, const uint8_t in[FIPS_PUB_LEN])
{
	fips_symmetric_get_ephemeral(&xk->sym, in, xk->remote_ephemeral);
}

/* Keep the copy when all went well; secrets stay nowhere else. */
static bool settle(struct fips_xk *xk, struct fips_xk *next, bool ok, enum fips_xk_step step)
{
	if (ok) {
		*xk = *next;
		xk->step = step;
	}
	if (ok && step == FIPS_XK_DONE)
		mr_wipe(xk->ephemeral, sizeof xk->ephemeral);
	mr_wipe(next, sizeof *next);
	return ok;
}

bool fips_xk_write1(struct fips_xk *xk, uint8_t out[FIPS_XK_MSG1])
{
	struct fips_xk next = *xk;
	bool ok;

	assert(xk->step == FIPS_XK_WRITE1);
	ok = put_ephemeral(&next, out) && mix_dh(&next, next.ephemeral, next.remote_pub);
	return settle(xk, &next, ok, FIPS_XK_READ2);
}

bool fips_xk_read1(struct fips_xk *xk, const uint8_t in[FIPS_XK_MSG1])
{
	struct fips_xk next = *xk;

	assert(xk->step == FIPS_XK_READ1);
	get_ephemeral(&next, in);
	return settle(xk, &next, mix_dh(&next, next.me->secret, next.remote_ephemeral),
	              FIPS_XK_WRITE2);
}

bool fips_xk_write2(struct fips_xk *xk, uint8_t out[FIPS_XK_MSG2])
{
	struct fips_xk next = *xk;
	bool ok;

	assert(xk->step == FIPS_XK_WRITE2);
	ok = put_ephemeral(&next, out) && mix_dh(&next, next.ephemeral, next.remote_ephemeral);
	if (ok)
		fips_symmetric_seal(&next.sym, next.epoch, FIPS_EPOCH_LEN, out + AT_EPOCH2);
	return settle(xk, &next, ok, FIPS_XK_READ3);
}

bool fips_xk_read2(struct fips_xk *xk, const uint8_t in[FIPS_XK_MSG2])
{
	struct fips_xk next = *xk;
	bool ok;

	assert(xk->step == FIPS_XK_READ2);
	get_ephemeral(&next, in);
	ok = mix_dh(&next, next.ephemeral, next.remote_ephemeral) &&
	     fips_symmetric_open(&next.sym, in + AT_EPOCH2, SEALED_EPOCH, next.remote_epoch);
	return settle(xk, &next, ok, FIPS_XK_WRITE3);
}

bool fips_xk_write3(struct fips_xk *xk, uint8_t out[FIPS_XK_MSG3])
{
	struct fips_xk next = *xk;
	bool ok;

	assert(xk->step == FIPS_XK_WRITE3);
	fips_symmetric_seal(&next.sym, next.me->pub, FIPS_PUB_LEN, out);
	ok = mix_dh(&next, next.me->secret, next.remote_ephemeral);
	if (ok)
		fips_symmetric_seal(&next.sym, next.epoch, FIPS_EPOCH_LEN, out + AT_EPOCH3);
	return settle(xk, &next, ok, FIPS_XK_DONE);
}

bool fips_xk_read3(struct fips_xk *xk, const uint8_t in[FIPS_XK_MSG3])
{
	struct fips_xk next = *xk;
	bool ok;

	assert(xk->step == FIPS_XK_READ3);
	ok = fips_symmetric_open(&next.sym, in, SEALED_STATIC, next.remote_pub) &&
	     mix_dh(&next, next.ephemeral, next.remote_pub) &&
	     fips_symmetric_open(&next.sym, in + AT_EPOCH3, SEALED_EPOCH, next.remote_epoch);
	return settle(xk, &next, ok, FIPS_XK_DONE);
}

void fips_xk_split(const struct fips_xk *xk, uint8_t send[32], uint8_t recv[32])
{
	assert(xk->step == FIPS_XK_DONE);
	if (xk->initiator)
		fips_symmetric_split(&xk->sym, send, recv);
	else
		fips_symmetric_split(&xk->sym, recv, send);
}

void fips_xk_wipe(struct fips_xk *xk)
{
	mr_wipe(xk, sizeof *xk);
}
