/* node_bench.h - one node on a bench: inputs by hand, actions read back as words.
 *
 * There is no network and no data plane.  The other sides are puppets, named by a number, that
 * compute real handshakes; the bench keeps what the node sent last so that they can answer it.
 *
 *     want("install msg2 use heartbeat", bench_msg1(b, &(struct puppet){ .who = 2, ... }));
 *
 * A link report or snapshot question is left out of the words, and so is a log line and what
 * announces our place in the mesh.
 */
#ifndef T_LIB_NODE_BENCH_H
#define T_LIB_NODE_BENCH_H

#include "fips/noise/ik.h"
#include "fips/noise/xk.h"
#include "t/lib/two_nodes.h"

struct bench {
	struct fips_node        *node;
	struct fips_actions      actions;
	struct fips_identity     me;
	struct fips_curve        curve;
	struct mr_rand_state     rand;
	uint64_t                 now;
	char                     words[16384];
	struct fips_link_words    link_words;    /* of every link       */
	struct fips_session_words session_words; /* of every session    */
	uint64_t                 forward_used; /* word of every forward, ns */
	uint64_t                 overflows;    /* of the kernel          */
	bool                     alive;  /* the words say "heard just now" */
	bool                     mute;   /* ... but on no session          */
	bool                     data;   /* ... and that data flows        */
	struct fips_action       last[FIPS_ACT_KINDS]; /* by kind       */
	uint64_t                 link_key, session_key; /* newest installed */
	uint64_t                 peer_key; /* for the test to note one      */
	uint8_t                  msg1[FIPS_MSG1_LEN], msg2[FIPS_MSG2_LEN]; /* last sent */
	struct {
		uint8_t bytes[FIPS_ACT_BYTES];
		size_t  len;
	} setup, ack, msg3, acked; /* last sent; last ack of a puppet */
	struct {
		struct fips_addr to;
		uint8_t bytes[FIPS_ACT_BYTES];
		size_t  len;
	} announce;                      /* last TreeAnnounce           */
	unsigned                 announced; /* TreeAnnounces so far     */
	struct {
		struct fips_addr to;
		uint8_t bytes[FIPS_FILTER_LEN];
		unsigned announced;      /* before it                   */
	} filter;                        /* last FilterAnnounce         */
	unsigned                 filters; /* FilterAnnounces so far     */
	unsigned                 warned; /* log lines of that level     */
	unsigned                 pushed; /* actions of the last call    */
	void                   (*see)(void *self, const struct fips_action *act); /* each, if set */
	void                    *see_self;
};

/* A node that is number `me`, with `peers` peers in the configuration: numbers from me + 1 on.
 * Where config lists peers, those it is. */
struct bench *bench_open(unsigned me, unsigned peers, const struct fips_node_config *config);
void          bench_close(struct bench *b);

/* Hand in an input; the words of what came out.  The string lives until the next call. */
const char *bench_feed(struct bench *b, const struct fips_input *in);

/* Let time pass, serving every deadline. */
const char *bench_wait(struct bench *b, uint64_t ns);

/* Words but for these, both parted by blanks.  The string lives until the next call. */
const char *bench_without(const char *words, const char *left_out);

struct fips_via bench_via(unsigned who);

/* Who speaks, in which life, with which ephemeral key. */
struct puppet {
	unsigned who, epoch, ephemeral;
	uint32_t index;  /* receive index of a link handshake             */
	unsigned from;   /* number whose address it comes from; 0: who's  */
	unsigned below;  /* its place in the tree is below this child of ours;
	                  * 0: its address is all it says                 */
};

/* A message 1 of the puppet's; a message 2 to the last message 1 sent. */
const char *bench_msg1(struct bench *b, const struct puppet *p);
const char *bench_msg2(struct bench *b, const struct puppet *p);
void        bench_msg1_bytes(struct bench *b, const struct puppet *p, uint8_t out[FIPS_MSG1_LEN]);
const char *bench_raw(struct bench *b, const struct puppet *p, const uint8_t *bytes, size_t n);

/* The last message 2 sent answers p's message 1 and both sides have the same keys. */
void bench_check_link(struct bench *b, const struct puppet *p);

/* A frame has come under the key; a message, on sessions. */
const char *bench_confirm(struct bench *b, unsigned who, uint64_t key, uint8_t k);
const char *bench_confirm_session(struct bench *b, unsigned who, uint64_t key);

/* A link message on the newest key, a setup, an ack or message 3 in a datagram by the link of
 * p->from. */
const char *bench_message(struct bench *b, unsigned who, const uint8_t *bytes, size_t n);
const char *bench_datagram(struct bench *b, const struct puppet *p, const uint8_t *fsp, size_t n);
const char *bench_setup(struct bench *b, const struct puppet *p);
const char *bench_ack(struct bench *b, const struct puppet *p);  /* to the last setup sent   */
const char *bench_msg3(struct bench *b, const struct puppet *p); /* to the last ack sent     */
const char *bench_resolve(struct bench *b, unsigned who);

uint64_t bench_count(const struct bench *b, enum fips_node_count count);

/* A link to `who`, answered and proven, 1 s old. */
void bench_link(struct bench *b, unsigned who);

void bench_want(const char *file, int line, const char *want, const char *got);
#define want(text, got) bench_want(__FILE__, __LINE__, text, got)

#endif
