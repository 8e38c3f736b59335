/* xk.h - the session handshake: three messages, Noise XK with five departures (session.md 2.2).
 *
 *     both          MixHash(02 || x(S_r))
 *     message 1     E_i | es                                             33
 *     message 2     E_r | ee | sealed epoch_r                            33 + 24 = 57
 *     message 3     sealed S_i (n = 1) | se | sealed epoch_i             49 + 24 = 73
 *
 *     initiator: init_initiator, write1, read2, write3, split
 *     responder: init_responder, read1, write2, read3, split
 *
 * Message 1 proves nothing and is not protected at all: whoever alters it only makes message 2
 * fail.  Message 2 authenticates the responder, message 3 the initiator.  The caller still has to
 * check that the key in message 3 belongs to the datagram's source address (session.md 3.3).
 *
 * As with ik.h: a plain struct, ephemeral secrets handed in, order asserted, and a read that
 * fails leaves the object exactly as it was.
 */
#ifndef FIPS_NOISE_XK_H
#define FIPS_NOISE_XK_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/noise/curve.h"
#include "fips/noise/identity.h"
#include "fips/noise/symmetric.h"

#define FIPS_XK_MSG1 33 /* Noise bytes of each message, exactly */
#define FIPS_XK_MSG2 57
#define FIPS_XK_MSG3 73

enum fips_xk_step {
	FIPS_XK_WRITE1, /* initiator, fresh             */
	FIPS_XK_READ2,  /* initiator, message 1 written */
	FIPS_XK_WRITE3, /* initiator, message 2 read    */
	FIPS_XK_READ1,  /* responder, fresh             */
	FIPS_XK_WRITE2, /* responder, message 1 read    */
	FIPS_XK_READ3,  /* responder, message 2 written */
	FIPS_XK_DONE,   /* keys may be split            */
};

struct fips_xk {
	const struct fips_curve    *curve; /* borrowed until wiped                       */
	const struct fips_identity *me;    /* borrowed until wiped                       */
	enum fips_xk_step           step;
	bool                        initiator;
	struct fips_symmetric       sym;   /* ck and h are what the vectors show         */
	uint8_t ephemeral[FIPS_SECRET_LEN];
	uint8_t epoch[FIPS_EPOCH_LEN];     /* ours                                       */
	uint8_t remote_ephemeral[FIPS_PUB_LEN];
	uint8_t remote_pub[FIPS_PUB_LEN];  /* initiator: as given to init.  Responder:
	                                    * valid after read3, true parity             */
	uint8_t remote_epoch[FIPS_EPOCH_LEN]; /* valid after read2 or read3              */
};

/* Begin a session towards the node whose key is peer_pub (either prefix). */
void fips_xk_init_initiator(struct fips_xk *xk, const struct fips_curve *curve,
                            const struct fips_identity *me, const uint8_t peer_pub[FIPS_PUB_LEN],
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN]);

/* Begin to answer a message 1. */
void fips_xk_init_responder(struct fips_xk *xk, const struct fips_curve *curve,
                            const struct fips_identity *me,
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN]);

/* Initiator.  False, object unchanged, only for an ephemeral secret out of range or a peer key
 * that is no point.  One key and one ECDH. */
bool fips_xk_write1(struct fips_xk *xk, uint8_t out[FIPS_XK_MSG1]);

/* Responder.  False, object unchanged: not a point.  One ECDH. */
bool fips_xk_read1(struct fips_xk *xk, const uint8_t in[FIPS_XK_MSG1]);

/* Responder.  False, object unchanged, only for an ephemeral secret out of range.  One key and
 * one ECDH. */
bool fips_xk_write2(struct fips_xk *xk, uint8_t out[FIPS_XK_MSG2]);

/* Initiator.  False: drop in silence and keep waiting, object unchanged.  True: the responder
 * is authentic and remote_epoch is known.  One ECDH. */
bool fips_xk_read2(struct fips_xk *xk, const uint8_t in[FIPS_XK_MSG2]);

/* Initiator.  Always succeeds after read2 did, unless the identity is no key pair.  One ECDH. */
bool fips_xk_write3(struct fips_xk *xk, uint8_t out[FIPS_XK_MSG3]);

/* Responder.  False: drop in silence and keep waiting, object unchanged.  True: the initiator is
 * authentic; remote_pub and remote_epoch are known.  One ECDH. */
bool fips_xk_read3(struct fips_xk *xk, const uint8_t in[FIPS_XK_MSG3]);

/* The two session keys as this side uses them.  Any number of times, after message 3. */
void fips_xk_split(const struct fips_xk *xk, uint8_t send[32], uint8_t recv[32]);

/* Overwrite the whole object. */
void fips_xk_wipe(struct fips_xk *xk);

#endif
