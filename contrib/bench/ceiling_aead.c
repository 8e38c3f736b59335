/* ceiling_aead.c - the model tunnel's AEAD: jobs of libipsec-mb by its own calls, or libcrypto. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "contrib/bench/ceiling.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

#ifdef CEILING_IPSEC_MB
#include <intel-ipsec-mb.h>
const char ceiling_aead[] = "jobs of libipsec-mb";
#else
#include <openssl/evp.h>
const char ceiling_aead[] = "libcrypto, libipsec-mb is not there";
#endif

#ifdef CEILING_IPSEC_MB
static IMB_MGR *jobs;

void ceiling_aead_open(void)
{
	jobs = alloc_mb_mgr(0);
	if (!jobs)
		abort();
	init_mb_mgr_auto(jobs, NULL);
}

void ceiling_aead_run(struct op *op, unsigned n, bool sealing)
{
	uint8_t nonce[BATCH * 2][16], tag[BATCH * 2][TAG];

	for (unsigned i = 0; i < n; i++) {
		IMB_JOB *j = IMB_GET_NEXT_JOB(jobs);

		memset(nonce[i], 0, 4);
		mr_to_le64(nonce[i] + 4, op[i].counter);
		j->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
		j->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
		j->cipher_direction = sealing ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
		j->chain_order = sealing ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
		j->enc_keys = j->dec_keys = op[i].key;
		j->key_len_in_bytes = 32;
		j->u.CHACHA20_POLY1305.aad = op[i].aad;
		j->u.CHACHA20_POLY1305.aad_len_in_bytes = op[i].aad_len;
		j->src = j->dst = op[i].text;
		j->msg_len_to_cipher_in_bytes = j->msg_len_to_hash_in_bytes = op[i].len;
		j->cipher_start_src_offset_in_bytes = j->hash_start_src_offset_in_bytes = 0;
		j->iv = nonce[i];
		j->iv_len_in_bytes = 12;
		j->auth_tag_output = sealing ? op[i].text + op[i].len : tag[i];
		j->auth_tag_output_len_in_bytes = TAG;
		IMB_SUBMIT_JOB_NOCHECK(jobs);
	}
	while (IMB_FLUSH_JOB(jobs))
		;
	for (unsigned i = 0; i < n; i++)
		op[i].ok = sealing || !memcmp(tag[i], op[i].text + op[i].len, TAG);
}
#else
static EVP_CIPHER_CTX *evp;

void ceiling_aead_open(void)
{
	evp = EVP_CIPHER_CTX_new();
	if (!evp || !EVP_CipherInit_ex(evp, EVP_chacha20_poly1305(), NULL, NULL, NULL, 1))
		abort();
}

void ceiling_aead_run(struct op *op, unsigned n, bool sealing)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t nonce[12] = { 0 }, *tag = op[i].text + op[i].len;
		int len;

		mr_to_le64(nonce + 4, op[i].counter);
		EVP_CipherInit_ex(evp, NULL, NULL, op[i].key, nonce, sealing);
		if (!sealing)
			EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, TAG, tag);
		EVP_CipherUpdate(evp, NULL, &len, op[i].aad, (int)op[i].aad_len);
		EVP_CipherUpdate(evp, op[i].text, &len, op[i].text, (int)op[i].len);
		op[i].ok = EVP_CipherFinal_ex(evp, tag, &len) > 0;
		if (sealing)
			EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TAG, tag);
	}
}
#endif
