/* hostile - everything a stranger can throw at a node that has a live link.
 *
 *     genuine frames, kept by the relay ---> cut, bent, replayed ---.
 *     live receiver indices            ---> forged frames        ---+--> node a
 *     a's public key                   ---> handshakes           ---'
 *
 * Every second datagram leaves from an address of our own, every other one under the name of a's
 * peer.  What comes back to our own address is judged: an answer is a message 2, to a message 1
 * that could be opened, and there are no more of them than of those.
 *
 *     hostile KEPT OWN PEER NODE NPUB SEED
 *
 * KEPT is the relay's file; OWN, PEER and NODE are host:port (IPv4).  Prints as JSON how many
 * datagrams were sent and which counter of the node each should be found in, by the rules of
 * link.md 3.7 written down once more below.  Ends with 0 unless something came back that should
 * not. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/rand.h"
#include "core/wire.h"
#include "fips/noise/ik.h"
#include "fips/wire/link.h"
#include "t/lib/kept.h"

#define FRESH     (1ull << 40) /* added to a counter: one that has not been used */
#define BURST     64           /* datagrams between two pauses                   */
#define FORGED    100000       /* frames under the live index                    */
#define AWAITED_N 1000         /* frames under an index that waits               */
#define SHAKES    7000         /* of each of three sorts                         */
#define MAX_UDP   1472         /* in one packet of the wire                      */

/* Where the node should count a datagram. */
enum verdict {
	SHORT, PUNCH, VERSION, PHASE, LENGTH, FLAGS, TRUNCATED, UNKNOWN_INDEX, FRAME_FORGED,
	FRAME_REPLAYED, AWAITED, MESSAGE_1, MESSAGE_2, VERDICTS
};
static const char *const verdict_name[VERDICTS] = {
	"short", "punch", "version", "phase", "length", "flags", "truncated", "unknown-index",
	"forged", "replayed", "awaited", "message-1", "message-2",
};

struct attack {
	/* const after start */
	struct sockaddr_in own, peer, node;
	uint8_t            node_pub[FIPS_PUB_LEN];
	int                fd;  /* bound to own                                     */
	int                raw; /* sends with a source of its choice                */
	struct kept        kept;

	struct mr_rand_state seed;
	struct mr_rand       rand;
	struct fips_curve    curve;
	struct fips_ik       ik;   /* of the well-formed message 1                  */
	uint8_t              msg1[FIPS_MSG1_LEN];

	unsigned long sent, tally[VERDICTS];
	unsigned long asked;       /* message 1s that may be answered, from own     */
	unsigned long answers, opened, unasked;
};

static void fail(const char *what)
{
	fprintf(stderr, "hostile: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint32_t below(struct attack *a, uint32_t bound)
{
	return mr_rand_below(&a->rand, bound);
}

/* ---- what a datagram should come to ---- */

/* Did the node open or get this very frame before? */
static bool replayed(const struct attack *a, const uint8_t *bytes, size_t n)
{
	for (unsigned i = 0; i < a->kept.n; i++) {
		const struct kept_record *r = &a->kept.record[i];

		if (r->to_node && r->len == n && !memcmp(r->bytes, bytes, n))
			return true;
	}
	return false;
}

static enum verdict established(const struct attack *a, const uint8_t *bytes, size_t n)
{
	if (n < 32)
		return SHORT;
	if (n != 32u + mr_le16(bytes + 2))
		return LENGTH;
	if (kept_awaits(&a->kept, mr_le32(bytes + 4)))
		return AWAITED;
	if (mr_le32(bytes + 4) != a->kept.live)
		return UNKNOWN_INDEX;
	return mr_le64(bytes + 8) < FRESH && replayed(a, bytes, n) ? FRAME_REPLAYED : FRAME_FORGED;
}

static enum verdict handshake(const uint8_t *bytes, size_t n, size_t want, enum verdict good)
{
	if (n != want || mr_le16(bytes + 2) != want - 4)
		return LENGTH;
	return bytes[1] ? FLAGS : good;
}

static enum verdict judge(const struct attack *a, const uint8_t *bytes, size_t n)
{
	if (n > MAX_UDP + 100)
		return TRUNCATED;
	if (n < 4)
		return SHORT;
	if (!memcmp(bytes, "NPTC", 4) || !memcmp(bytes, "NPTA", 4))
		return PUNCH;
	if (bytes[0] & 0xf0)
		return VERSION;
	switch (bytes[0]) {
	case 0:  return established(a, bytes, n);
	case 1:  return handshake(bytes, n, 114, MESSAGE_1);
	case 2:  return handshake(bytes, n, 69, MESSAGE_2);
	default: return PHASE;
	}
}

/* A message 1 may be answered when its ephemeral key (whose first byte nothing protects) is that of
 * one which opens. */
static bool may_ask(const struct attack *a, const uint8_t *bytes)
{
	if (!memcmp(bytes + 9, a->msg1 + 9, 32))
		return true;
	for (unsigned i = 0; i < a->kept.n; i++) {
		const struct kept_record *r = &a->kept.record[i];

		if (r->to_node && r->bytes[0] == 1 && !memcmp(bytes + 9, r->bytes + 9, 32))
			return true;
	}
	return false;
}

/* ---- sending, and what comes back ---- */

static void send_own(struct attack *a, const uint8_t *bytes, size_t n)
{
	if (sendto(a->fd, bytes, n, 0, (const struct sockaddr *)&a->node, sizeof a->node) < 0)
		fail("send");
}

/* Under the peer's name; UDP over IPv4 needs no checksum. */
static void send_as_peer(struct attack *a, const uint8_t *bytes, size_t n)
{
	struct {
		struct iphdr  ip;
		struct udphdr udp;
		uint8_t       payload[MAX_UDP];
	} packet = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		        .saddr = a->peer.sin_addr.s_addr, .daddr = a->node.sin_addr.s_addr },
		.udp = { .source = a->peer.sin_port, .dest = a->node.sin_port,
		         .len = htons((uint16_t)(sizeof(struct udphdr) + n)) },
	};
	size_t all = sizeof packet.ip + sizeof packet.udp + n;

	memcpy(packet.payload, bytes, n);
	if (sendto(a->raw, &packet, all, 0, (const struct sockaddr *)&a->node, sizeof a->node) < 0)
		fail("raw send");
}

/* Whatever has come back. */
static void listen_in(struct attack *a)
{
	uint8_t bytes[2048];
	ssize_t n;

	while ((n = recv(a->fd, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0) {
		if (judge(a, bytes, (size_t)n) != MESSAGE_2) {
			fprintf(stderr, "hostile: %zd bytes came back, type %02x\n", n, bytes[0]);
			a->unasked++;
			continue;
		}
		a->answers++;
		if (!memcmp(bytes + 8, a->msg1 + 4, 4) && a->ik.step == FIPS_IK_READ2)
			a->opened += fips_ik_read2(&a->ik, bytes + 12);
	}
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void throw_from(struct attack *a, bool own, const uint8_t *bytes, size_t n)
{
	enum verdict v = judge(a, bytes, n);

	if (own)
		send_own(a, bytes, n);
	else
		send_as_peer(a, bytes, n);
	a->asked += own && v == MESSAGE_1 && may_ask(a, bytes);
	a->tally[v]++;
	if (++a->sent % BURST == 0) {
		pause_ms(1);
		listen_in(a);
	}
}

static void throw(struct attack *a, const uint8_t *bytes, size_t n)
{
	throw_from(a, a->sent % 2 == 0 || n > MAX_UDP, bytes, n);
}

/* ---- the datagrams ---- */

/* Somebody the node has never heard of, who knows the node's key: the one message 1 that a stranger
 * may have answered, three times over. */
static void stranger(struct attack *a)
{
	uint8_t secret[FIPS_SECRET_LEN], ephemeral[FIPS_SECRET_LEN], epoch[FIPS_EPOCH_LEN];
	static struct fips_identity me;
	struct fips_msg1 msg = { .sender_idx = mr_rand_u32(&a->rand), .noise = a->msg1 + 8 };

	mr_rand_bytes(&a->rand, secret, sizeof secret);
	mr_rand_bytes(&a->rand, ephemeral, sizeof ephemeral);
	mr_rand_bytes(&a->rand, epoch, sizeof epoch);
	if (fips_identity_of_secret(&me, &a->curve, secret))
		fail("identity");
	fips_ik_init_initiator(&a->ik, &a->curve, &me, a->node_pub, ephemeral, epoch);
	if (!fips_ik_write1(&a->ik, a->msg1 + 8))
		fail("message 1");
	fips_msg1_build(a->msg1, &msg);
	for (unsigned i = 0; i < 3; i++) {
		throw_from(a, true, a->msg1, sizeof a->msg1);
		pause_ms(20);
	}
	listen_in(a);
}

/* Bytes without meaning, of every length there may be, and of some there may not. */
static void noise(struct attack *a)
{
	static const size_t longer[] = { 2000, 3000, 9000, 65507 };
	static uint8_t bytes[65507];

	for (unsigned round = 0; round < 4; round++) {
		for (size_t n = 0; n <= 1500; n++) {
			mr_rand_bytes(&a->rand, bytes, n);
			if (round % 2 && n)
				bytes[0] = (uint8_t)below(a, 4);
			throw(a, bytes, n);
		}
	}
	for (unsigned i = 0; i < sizeof longer / sizeof *longer; i++) {
		mr_rand_bytes(&a->rand, bytes, longer[i]);
		throw(a, bytes, longer[i]);
	}
	for (size_t n = 4; n < 68; n++) {
		memcpy(bytes, n % 2 ? "NPTC" : "NPTA", 4);
		throw(a, bytes, n);
	}
}

/* A genuine datagram: all its beginnings, whole texts of all lengths, all single bits. */
static void bend(struct attack *a, const struct kept_record *r)
{
	uint8_t bytes[UINT16_MAX];

	if (!r)
		return;
	memcpy(bytes, r->bytes, r->len);
	if (bytes[0] == 0)
		mr_to_le64(bytes + 8, mr_le64(bytes + 8) + FRESH);
	for (size_t n = 0; n < r->len; n++)
		throw(a, bytes, n);
	for (size_t n = 0; bytes[0] == 0 && n + 32 < r->len; n++) {
		mr_to_le16(bytes + 2, (uint16_t)n);
		throw(a, bytes, n + 32);
	}
	memcpy(bytes + 2, r->bytes + 2, 2);
	for (size_t bit = 0; bit < 8u * r->len; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		throw(a, bytes, r->len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void replay(struct attack *a)
{
	for (unsigned i = 0; i < a->kept.n; i++)
		throw(a, a->kept.record[i].bytes, a->kept.record[i].len);
}

/* Frames with an index of the node's: of its live link (R29),
 * of a call that waits for an answer. */
static void forge(struct attack *a, uint32_t index, unsigned n)
{
	uint8_t bytes[MAX_UDP];

	for (unsigned i = 0; i < n; i++) {
		struct fips_link_head head = { .flags = (uint8_t)below(a, 256),
		                               .receiver_idx = index };

		head.payload_len = (uint16_t)below(a, i % 4 ? 64 : MAX_UDP - 31);
		head.counter = FRESH + mr_rand_u32(&a->rand);
		mr_rand_bytes(&a->rand, bytes, 32u + head.payload_len);
		fips_link_head_build(bytes, &head);
		throw(a, bytes, 32u + head.payload_len);
	}
}

/* Message 1 of random bytes, message 1 for another node, message 2 for a call that never was or,
 * now and then, for one that waits. */
static void shake_hands(struct attack *a)
{
	static const uint8_t prefix[2][4] = { { 1, 0, 0x6e, 0 }, { 2, 0, 0x41, 0 } };
	uint8_t secret[FIPS_SECRET_LEN], wrong[FIPS_PUB_LEN], bytes[FIPS_MSG1_LEN];
	struct fips_identity me;
	struct fips_ik ik;

	mr_rand_bytes(&a->rand, secret, sizeof secret);
	if (fips_identity_of_secret(&me, &a->curve, secret))
		fail("identity");
	memcpy(wrong, me.pub, sizeof wrong);
	for (unsigned i = 0; i < SHAKES; i++) {
		mr_rand_bytes(&a->rand, bytes, sizeof bytes);
		memcpy(bytes, prefix[0], 4);
		bytes[8] = (uint8_t)(2 + i % 2);
		throw(a, bytes, FIPS_MSG1_LEN);
		if (i % 50 == 0) {
			mr_rand_bytes(&a->rand, secret, sizeof secret);
			fips_ik_init_initiator(&ik, &a->curve, &me, wrong, secret, secret);
			if (!fips_ik_write1(&ik, bytes + 8))
				fail("message 1");
		}
		throw(a, bytes, FIPS_MSG1_LEN);
		memcpy(bytes, prefix[1], 4);
		if (i % 10 == 0 && a->kept.n_awaited)
			mr_to_le32(bytes + 8, a->kept.awaited[i / 10 % a->kept.n_awaited]);
		throw(a, bytes, FIPS_MSG2_LEN);
	}
}

/* ---- start and end ---- */

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	char host[32];
	unsigned port;

	if (sscanf(text, "%31[0-9.]:%u", host, &port) != 2 ||
	    inet_pton(AF_INET, host, &in.sin_addr) != 1)
		fail(text);
	in.sin_port = htons((uint16_t)port);
	return in;
}

static void print(const struct attack *a)
{
	printf("{ \"sent\": %lu, \"asked\": %lu, \"answers\": %lu, \"opened\": %lu, \"unasked\": %lu,\n"
	       "  \"calls\": %u", a->sent, a->asked, a->answers, a->opened, a->unasked,
	       a->kept.n_awaited);
	for (unsigned v = 0; v < VERDICTS; v++)
		printf(", \"%s\": %lu", verdict_name[v], a->tally[v]);
	printf(" }\n");
}

int main(int argc, char **argv)
{
	static struct attack a;

	if (argc != 7) {
		fprintf(stderr, "usage: hostile KEPT OWN PEER NODE NPUB SEED\n");
		return 2;
	}
	a.own = address_of(argv[2]);
	a.peer = address_of(argv[3]);
	a.node = address_of(argv[4]);
	a.seed.seed = strtoul(argv[6], NULL, 10);
	a.rand = mr_rand_seeded(&a.seed);
	a.curve = fips_curve_secp256k1();
	if (fips_npub_parse(argv[5], &a.curve, a.node_pub))
		fail(argv[5]);
	a.fd = socket(AF_INET, SOCK_DGRAM, 0);
	a.raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (a.fd < 0 || a.raw < 0 || bind(a.fd, (struct sockaddr *)&a.own, sizeof a.own))
		fail("socket");
	if (!kept_read(&a.kept, argv[1]) || !a.kept.linked)
		fail(argv[1]);

	stranger(&a);
	noise(&a);
	for (uint8_t phase = 0; phase < 3; phase++) {
		bend(&a, kept_first(&a.kept, true, phase));
		bend(&a, kept_first(&a.kept, false, phase));
	}
	replay(&a);
	forge(&a, a.kept.live, FORGED);
	for (unsigned i = 0; i < a.kept.n_awaited; i++)
		forge(&a, a.kept.awaited[i], AWAITED_N);
	shake_hands(&a);
	pause_ms(300);
	listen_in(&a);
	throw_from(&a, true, a.msg1, sizeof a.msg1);
	close(a.fd); /* whatever is answered finds nobody at home (R11) */

	print(&a);
	kept_free(&a.kept);
	fips_curve_close(&a.curve);
	return a.unasked || a.answers > a.asked || a.opened != 1;
}
