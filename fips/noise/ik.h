/* ik.h - the link handshake: two messages, Noise IK with five departures (link.md 2).
 *
 *     both          MixHash(02 || x(S_r))
 *     message 1     E_i | es | sealed S_i | ss | sealed epoch_i          33 + 49 + 24 = 106
 *     message 2     E_r | ee | "se" | sealed epoch_r                     33 + 24      =  57
 *
 * "se" is the very same value as es, by the protocol's own definition.  The responder is done
 * when it has written message 2, the initiator when it has read it.
 *
 *     initiator: init_initiator, write1, read2, split     responder: init_responder, read1,
 *                                                                    write2, split
 *
 * The object is a plain struct of about 500 bytes with no allocation behind it; it holds secrets
 * and is wiped by its owner.  The ephemeral secret is drawn by the caller, fresh for every
 * attempt.  Calls come in the order above, which is asserted.
 *
 * A read that fails leaves the object exactly as it was, so a forged message costs an attempt
 * nothing.  Nothing in message 1 is fresh: an old one can be replayed and will open.
 */
#ifndef FIPS_NOISE_IK_H
#define FIPS_NOISE_IK_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/noise/curve.h"
#include "fips/noise/identity.h"
#include "fips/noise/symmetric.h"

#define FIPS_IK_MSG1 106 /* Noise bytes of message 1, exactly */
#define FIPS_IK_MSG2 57  /* Noise bytes of message 2, exactly */

enum fips_ik_step {
	FIPS_IK_WRITE1, /* initiator, fresh              */
	FIPS_IK_READ2,  /* initiator, message 1 written  */
	FIPS_IK_READ1,  /* responder, fresh              */
	FIPS_IK_WRITE2, /* responder, message 1 read     */
	FIPS_IK_DONE,   /* keys may be split             */
};

struct fips_ik {
	const struct fips_curve    *curve; /* borrowed until wiped                       */
	const struct fips_identity *me;    /* borrowed until wiped                       */
	enum fips_ik_step           step;
	bool                        initiator;
	struct fips_symmetric       sym;   /* ck and h are what the vectors show         */
	uint8_t ephemeral[FIPS_SECRET_LEN];
	uint8_t epoch[FIPS_EPOCH_LEN];     /* ours                                       */
	uint8_t es[FIPS_DH_LEN];           /* kept for "se"; valid after message 1       */
	uint8_t remote_ephemeral[FIPS_PUB_LEN];
	uint8_t remote_pub[FIPS_PUB_LEN];  /* initiator: as given to init.  Responder:
	                                    * valid after read1, true parity             */
	uint8_t remote_epoch[FIPS_EPOCH_LEN]; /* valid after read1 or read2              */
};

/* Begin to dial the peer whose key is peer_pub (either prefix; an npub gives 02). */
void fips_ik_init_initiator(struct fips_ik *ik, const struct fips_curve *curve,
                            const struct fips_identity *me, const uint8_t peer_pub[FIPS_PUB_LEN],
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN]);

/* Begin to answer a message 1. */
void fips_ik_init_responder(struct fips_ik *ik, const struct fips_curve *curve,
                            const struct fips_identity *me,
                            const uint8_t ephemeral[FIPS_SECRET_LEN],
                            const uint8_t epoch[FIPS_EPOCH_LEN]);

/* Initiator.  False, object unchanged, only for an ephemeral secret out of range or a peer key
 * that is no point: the caller draws again or gives up.  Costs one key and two ECDH. */
bool fips_ik_write1(struct fips_ik *ik, uint8_t out[FIPS_IK_MSG1]);

/* Responder.  False: not a message for us, or not intact; drop in silence, object unchanged.
 * True: remote_pub and remote_epoch are known, and who calls may be judged.  Two ECDH. */
bool fips_ik_read1(struct fips_ik *ik, const uint8_t in[FIPS_IK_MSG1]);

/* Responder.  False, object unchanged, only for an ephemeral secret out of range.  One key and
 * one ECDH. */
bool fips_ik_write2(struct fips_ik *ik, uint8_t out[FIPS_IK_MSG2]);

/* Initiator.  False: not the answer to our message 1; drop in silence and keep waiting, object
 * unchanged.  True: remote_epoch is known.  One ECDH. */
bool fips_ik_read2(struct fips_ik *ik, const uint8_t in[FIPS_IK_MSG2]);

/* The two link keys as this side uses them.  Any number of times, after the last message. */
void fips_ik_split(const struct fips_ik *ik, uint8_t send[32], uint8_t recv[32]);

/* Overwrite the whole object. */
void fips_ik_wipe(struct fips_ik *ik);

#endif
