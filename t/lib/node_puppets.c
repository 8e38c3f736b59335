/* node_puppets.c - who speaks to the node on the bench: handshakes, frames, datagrams;
 * see node_bench.h. */
#include "t/lib/node_bench.h"

#include <string.h>

#include <check.h>

/* --- link puppets ----------------------------------------------------------------------------- */

static void secret(unsigned number, uint8_t out[FIPS_SECRET_LEN])
{
	memset(out, 0, FIPS_SECRET_LEN);
	out[0] = 0x5e;
	out[31] = (uint8_t)number;
	out[30] = (uint8_t)(number >> 8);
}

static void epoch(const struct puppet *p, uint8_t out[FIPS_EPOCH_LEN])
{
	memset(out, (int)p->epoch, FIPS_EPOCH_LEN);
	out[7] = (uint8_t)p->who;
}

/* The puppet's handshake with its message 1 written. */
static void caller(struct bench *b, const struct puppet *p, const struct fips_identity *id,
                   struct fips_ik *ik, uint8_t noise[FIPS_IK_MSG1])
{
	uint8_t e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN];

	secret(p->ephemeral, e);
	epoch(p, life);
	fips_ik_init_initiator(ik, &b->curve, id, b->me.pub, e, life);
	ck_always(fips_ik_write1(ik, noise));
}

void bench_msg1_bytes(struct bench *b, const struct puppet *p, uint8_t out[FIPS_MSG1_LEN])
{
	struct fips_identity id = world_identity(p->who);
	struct fips_msg1 msg = { .sender_idx = p->index, .noise = out + 8 };
	struct fips_ik ik;

	caller(b, p, &id, &ik, out + 8);
	fips_msg1_build(out, &msg);
}

const char *bench_raw(struct bench *b, const struct puppet *p, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .bytes = bytes, .len = n,
		                 .via = bench_via(p->from ? p->from : p->who) };

	return bench_feed(b, &in);
}

const char *bench_msg1(struct bench *b, const struct puppet *p)
{
	uint8_t bytes[FIPS_MSG1_LEN];

	bench_msg1_bytes(b, p, bytes);
	return bench_raw(b, p, bytes, sizeof bytes);
}

const char *bench_msg2(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN], bytes[FIPS_MSG2_LEN];
	struct fips_msg2 msg2 = { .sender_idx = p->index, .noise = bytes + 12 };
	struct fips_msg1 msg1;
	struct fips_ik ik;

	fips_msg1_parse(b->msg1, &msg1);
	secret(p->ephemeral, e);
	epoch(p, life);
	fips_ik_init_responder(&ik, &b->curve, &id, e, life);
	ck_assert(fips_ik_read1(&ik, msg1.noise));
	ck_assert(fips_ik_write2(&ik, bytes + 12));
	msg2.receiver_idx = msg1.sender_idx;
	fips_msg2_build(bytes, &msg2);
	return bench_raw(b, p, bytes, sizeof bytes);
}

void bench_check_link(struct bench *b, const struct puppet *p)
{
	const struct fips_action *install = &b->last[FIPS_ACT_INSTALL_LINK];
	struct fips_identity id = world_identity(p->who);
	uint8_t noise[FIPS_IK_MSG1], send[32], recv[32];
	struct fips_msg2 msg2;
	struct fips_ik ik;

	caller(b, p, &id, &ik, noise);
	fips_msg2_parse(b->msg2, &msg2);
	ck_assert_uint_eq(msg2.receiver_idx, p->index);
	ck_assert_uint_eq(install->theirs, p->index);
	ck_assert_uint_eq(install->ours, msg2.sender_idx);
	ck_assert(fips_ik_read2(&ik, msg2.noise));
	fips_ik_split(&ik, send, recv);
	ck_assert_mem_eq(send, install->recv_key, 32);
	ck_assert_mem_eq(recv, install->send_key, 32);
}

const char *bench_confirm(struct bench *b, unsigned who, uint64_t key, uint8_t k)
{
	struct fips_input in = { .kind = FIPS_IN_CONFIRMED_LINK, .peer = world_identity(who).addr,
		                 .key = key, .k = k };

	return bench_feed(b, &in);
}

const char *bench_message(struct bench *b, unsigned who, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = world_identity(who).addr,
		                 .key = b->link_key, .bytes = bytes, .len = n, .rx = b->now };

	return bench_feed(b, &in);
}

void bench_link(struct bench *b, unsigned who)
{
	struct puppet p = { .who = who, .epoch = 1, .ephemeral = 100 + who, .index = 1000 + who };

	b->alive = true;
	want("install msg2 use", bench_msg1(b, &p));
	want("heartbeat", bench_confirm(b, who, b->link_key, 0));
	bench_wait(b, SECONDS(1));
}

/* --- session puppets -------------------------------------------------------------------------- */

const char *bench_datagram(struct bench *b, const struct puppet *p, const uint8_t *fsp, size_t n)
{
	uint8_t bytes[2100];
	struct fips_datagram d = { .ttl = 64, .path_mtu = 1280, .src = world_identity(p->who).addr,
		                   .dest = b->me.addr };
	struct fips_input in = { .kind = FIPS_IN_DATAGRAM, .bytes = bytes,
		                 .len = FIPS_DATAGRAM_HEAD + n,
		                 .peer = world_identity(p->from ? p->from : p->who).addr };

	fips_datagram_build(bytes, &d);
	memcpy(bytes + FIPS_DATAGRAM_HEAD, fsp, n);
	return bench_feed(b, &in);
}

static void starter(struct bench *b, const struct puppet *p, const struct fips_identity *id,
                    struct fips_xk *xk, uint8_t noise[FIPS_XK_MSG1])
{
	uint8_t e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN];

	secret(p->ephemeral, e);
	epoch(p, life);
	fips_xk_init_initiator(xk, &b->curve, id, b->me.pub, e, life);
	ck_assert(fips_xk_write1(xk, noise));
}

/* Coordinates that the puppet gives: n of them. */
static unsigned place(const struct bench *b, const struct puppet *p, struct fips_addr list[3])
{
	list[0] = world_identity(p->who).addr;
	list[1] = world_identity(p->below).addr;
	list[2] = b->me.addr;
	return p->below ? 3 : 1;
}

const char *bench_setup(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t noise[FIPS_XK_MSG1], fsp[200];
	struct fips_addr list[3];
	struct fips_coords us = fips_coords_of(list, place(b, p, list));
	struct fips_fsp_setup msg = { .src = us, .dest = us, .noise = noise };
	struct fips_xk xk;

	starter(b, p, &id, &xk, noise);
	return bench_datagram(b, p, fsp, fips_fsp_setup_build(fsp, sizeof fsp, &msg));
}

const char *bench_ack(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t noise[FIPS_XK_MSG2], e[FIPS_SECRET_LEN], life[FIPS_EPOCH_LEN];
	struct fips_fsp_setup setup, ack = { .noise = noise };
	struct fips_addr list[3];
	struct fips_xk xk;

	ck_assert(fips_fsp_setup_parse(b->setup.bytes, b->setup.len, &setup));
	secret(p->ephemeral, e);
	epoch(p, life);
	fips_xk_init_responder(&xk, &b->curve, &id, e, life);
	ck_assert(fips_xk_read1(&xk, setup.noise));
	ck_assert(fips_xk_write2(&xk, noise));
	ack.src = fips_coords_of(list, place(b, p, list));
	ack.dest = setup.src;
	b->acked.len = fips_fsp_ack_build(b->acked.bytes, sizeof b->acked.bytes, &ack);
	return bench_datagram(b, p, b->acked.bytes, b->acked.len);
}

const char *bench_msg3(struct bench *b, const struct puppet *p)
{
	struct fips_identity id = world_identity(p->who);
	uint8_t noise1[FIPS_XK_MSG1], noise3[FIPS_XK_MSG3], fsp[FIPS_FSP_MSG3_LEN];
	struct fips_fsp_setup ack;
	struct fips_xk xk;

	ck_assert(fips_fsp_ack_parse(b->ack.bytes, b->ack.len, &ack));
	starter(b, p, &id, &xk, noise1);
	ck_assert(fips_xk_read2(&xk, ack.noise));
	ck_assert(fips_xk_write3(&xk, noise3));
	fips_fsp_msg3_build(fsp, noise3);
	return bench_datagram(b, p, fsp, sizeof fsp);
}

const char *bench_confirm_session(struct bench *b, unsigned who, uint64_t key)
{
	struct fips_input in = { .kind = FIPS_IN_CONFIRMED_SESSION, .key = key,
		                 .peer = world_identity(who).addr };

	return bench_feed(b, &in);
}

const char *bench_resolve(struct bench *b, unsigned who)
{
	struct fips_input in = { .kind = FIPS_IN_RESOLVE, .peer = world_identity(who).addr };

	in.peer.b[15] = 0;
	return bench_feed(b, &in);
}
