/* relay - the network between nodes: one process that every packet passes.
 *
 *     namespace a            namespace b            namespace c
 *     10.77.0.1 wire0        10.77.0.2 wire0        10.77.0.3 wire0        TUN devices
 *                  \              |              /
 *                   `----------  relay  --------'
 *
 * Of each IPv4 packet that a node's device gives:
 *   1. whose address it is sent to decides the receiver
 *   2. a UDP datagram of a node is judged as it was sent: it is a frame of link.md, and no
 *      (receiver_idx, counter) passes twice with different bytes, which would be one AEAD nonce
 *      used for two texts.  What a stranger sends is not judged
 *   3. rules and a seed decide what becomes of it (t/lib/fate.h), and each such decision is a line
 *   in
 *      the log: ms, from, to, kind, bytes of the datagram, receiver_idx, counter (0 when it is no
 *      frame), and what was done
 *   4. it goes into the receiver's device, or waits
 *
 * SIGHUP reads the file of rules again; times and numbers of the rules start anew.  SIGTERM ends
 * with a summary as JSON, and 0 when nothing was wrong. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/wire/link.h"
#include "t/lib/ipv4.h"
#include "t/lib/kept.h"
#include "t/net/relay.h"

#define BURST        64                   /* packets of a device at a time         */
#define HELD_AT_MOST (500 * MR_NS_PER_MS) /* a packet waits that long to be passed */
#define ALL_BELOW    32                   /* frames with a counter below are kept  */

static volatile sig_atomic_t stop, again;

static void on_signal(int signo)
{
	if (signo == SIGHUP)
		again = 1;
	else
		stop = 1;
}

/* ---- 1: the receiver ---- */

static int receiver(const struct relay *r, const struct ipv4 *ip, uint64_t ms, bool *roamed)
{
	for (unsigned i = 0; ip->udp && i < r->fates.rules; i++) {
		const struct fate_rule *rule = &r->fates.rule[i];

		*roamed = rule->verb == FATE_ROAM && ms >= rule->after && rule->address == ip->to &&
		          rule->port == ip->to_port;
		if (*roamed)
			return rule->from;
	}
	for (unsigned i = 0; i < r->nodes; i++) {
		if (r->node[i].address == ip->to)
			return (int)i;
	}
	return -1;
}

/* The node has moved, and this is not where it is now. */
static bool is_gone(const struct relay *r, unsigned node, const struct ipv4 *ip, uint64_t ms)
{
	const struct fate_rule *now = fate_roams(&r->fates, node, ms);

	return now && now->gone && (now->address != ip->to || now->port != ip->to_port);
}

/* ---- 2: what it is ---- */

/* Of a frame; 0 otherwise. */
struct name {
	uint32_t index;
	uint64_t counter;
};

static enum fate_kind kind_of(const struct ipv4 *ip, struct name *name)
{
	struct fips_link_head head;

	*name = (struct name){ 0 };
	switch (ip->udp ? fips_frame_check(ip->payload, ip->n) : FIPS_FRAME_SHORT) {
	case FIPS_FRAME_ESTABLISHED:
		fips_link_head_parse(ip->payload, &head);
		*name = (struct name){ head.receiver_idx, head.counter };
		return FATE_FRAME;
	case FIPS_FRAME_MSG1: return FATE_MSG1;
	case FIPS_FRAME_MSG2: return FATE_MSG2;
	default:              return FATE_OTHER;
	}
}

static void judge(struct relay *r, const struct ipv4 *ip, unsigned to, enum fate_kind kind,
                  const struct name *name)
{
	switch (kind) {
	case FATE_MSG1:
	case FATE_MSG2:  r->handshakes++; return;
	case FATE_OTHER: r->foreign++; return;
	default:         break;
	}
	r->frames++;
	switch (witness_see(&r->witness, to, name->index, name->counter, ip->payload, ip->n)) {
	case WITNESS_FRESH:  break;
	case WITNESS_REPEAT: r->repeats++; break;
	case WITNESS_CLASH:
		r->clashes++;
		fprintf(stderr, "relay: to %s: %08x %ju came with other bytes\n", r->node[to].name,
		        name->index, name->counter);
		break;
	default:
		fprintf(stderr, "relay: more frames than it can remember\n");
		exit(2);
	}
}

/* After it was forwarded, so that whoever reads the file comes later than the datagram. */
static void keep(struct relay *r, const struct ipv4 *ip, bool to_first, enum fate_kind kind,
                 const struct name *name)
{
	if (!r->kept || kind == FATE_OTHER ||
	    (kind == FATE_FRAME && name->counter >= ALL_BELOW && name->counter % 8))
		return;
	if (!kept_write(r->kept, to_first, ip->payload, ip->n)) {
		fprintf(stderr, "relay: keeping: %s\n", strerror(errno));
		exit(2);
	}
}

/* ---- 3: what becomes of it ---- */

static void note(struct relay *r, const struct fate_packet *p, const struct name *name,
                 const struct fate *fate, const char *more)
{
	if (!r->log)
		return;
	fprintf(r->log, "%ju %s %s %s %zu %08x %ju", p->ms, r->node[p->from].name,
	        r->node[p->to].name, fate_kind_name[p->kind], p->size, name->index, name->counter);
	for (unsigned verb = 0; verb < FATE_VERBS; verb++) {
		if (fate->verbs & 1u << verb)
			fprintf(r->log, " %s", fate_verb_name[verb]);
	}
	fprintf(r->log, "%s\n", more);
}

static void count(struct relay_way *w, const struct fate *fate)
{
	for (unsigned verb = 0; verb < FATE_VERBS; verb++)
		w->verb[verb] += fate->verbs >> verb & 1;
}

/* ---- 4: on its way ---- */

static void deliver(struct relay *r, unsigned from, unsigned to, const uint8_t *packet, size_t n)
{
	if (write(r->node[to].fd, packet, n) == (ssize_t)n)
		r->way[from][to].delivered++;
	else
		r->unsent++;
}

static void let_out(struct relay *r, uint64_t now)
{
	struct later_packet p;

	while (later_take(&r->later, now, &p)) {
		deliver(r, p.way / FATE_NODES, p.way % FATE_NODES, p.bytes, p.n);
		free(p.bytes);
	}
}

static void send_on(struct relay *r, unsigned from, unsigned to, const uint8_t *packet, size_t n,
                    const struct fate *fate, uint64_t now)
{
	struct later_packet p = { .way = from * FATE_NODES + to, .behind = fate->hold,
		                  .n = n, .bytes = (uint8_t *)(uintptr_t)packet };

	p.due = now + fate->delay_us * MR_NS_PER_US + (fate->hold ? HELD_AT_MOST : 0);
	for (unsigned copy = 0; copy <= fate->copies; copy++) {
		if (p.due == now) {
			deliver(r, from, to, packet, n);
			later_passed(&r->later, p.way);
			let_out(r, now);
		} else if (!later_put(&r->later, &p)) {
			fprintf(stderr, "relay: more packets wait than it has room for\n");
			exit(2);
		}
	}
}

/* Other names, and a wrong bit. */
static void change(struct relay *r, unsigned from, unsigned to, struct ipv4 *ip, uint8_t *packet,
                   bool roamed, const struct fate *fate, uint64_t ms)
{
	const struct fate_rule *away = ip->udp ? fate_roams(&r->fates, from, ms) : NULL;

	if (away) {
		r->node[from].port = ip->from_port;
		ipv4_set_from(packet, away->address, away->port);
		r->way[from][to].verb[FATE_ROAM]++;
	}
	if (roamed)
		ipv4_set_to(packet, r->node[to].address, r->node[to].port);
	if (fate->verbs & 1u << FATE_CORRUPT && ip->udp && ip->n) {
		ip->payload[fate->bit / 8] ^= (uint8_t)(1u << fate->bit % 8);
		ipv4_no_udp_sum(packet);
	}
}

static void pass(struct relay *r, unsigned from, uint8_t *packet, size_t n, uint64_t now)
{
	uint64_t ms = (now - r->rules_since) / MR_NS_PER_MS;
	bool judged = !r->node[from].stranger, roamed = false, gone;
	struct fate fate = { 0 };
	struct fate_packet p;
	struct relay_way *way;
	struct name name;
	struct ipv4 ip;
	int to;

	if (!ipv4_parse(packet, n, &ip) || (to = receiver(r, &ip, ms, &roamed)) < 0) {
		r->nowhere++;
		return;
	}
	way = &r->way[from][to];
	way->packets++;
	p = (struct fate_packet){ from, (unsigned)to, kind_of(&ip, &name), ip.udp ? ip.n : n, ms };
	if (judged && ip.udp)
		judge(r, &ip, p.to, p.kind, &name);
	gone = is_gone(r, p.to, &ip, ms);
	if (p.size && !gone)
		fate = fate_decide(&r->fates, &p);
	count(way, &fate);
	way->gone += gone;
	if (fate.verbs || gone)
		note(r, &p, &name, &fate, gone ? " gone" : "");
	if (!fate.drop && !gone) {
		change(r, from, p.to, &ip, packet, roamed, &fate, ms);
		send_on(r, from, p.to, packet, n, &fate, now);
	}
	if (judged && (from == 0 || to == 0) && !fate.verbs && !gone)
		keep(r, &ip, to == 0, p.kind, &name);
}

/* ---- the loop ---- */

static void serve(struct relay *r, unsigned node, uint64_t now)
{
	uint8_t packet[65536];

	for (unsigned i = 0; i < BURST; i++) {
		ssize_t n = read(r->node[node].fd, packet, sizeof packet);

		if (n <= 0)
			return;
		pass(r, node, packet, (size_t)n, now);
	}
}

static struct timespec patience(const struct relay *r, uint64_t now)
{
	uint64_t next = later_next(&r->later), ns = 200 * MR_NS_PER_MS;

	if (next < now + ns)
		ns = next > now ? next - now : 0;
	return (struct timespec){ .tv_nsec = (long)ns };
}

int main(int argc, char **argv)
{
	static struct relay r;
	struct sigaction quit = { .sa_handler = on_signal };
	struct pollfd set[FATE_NODES];
	sigset_t open, closed;
	int code;

	relay_open(&r, argc, argv);
	sigaction(SIGTERM, &quit, NULL);
	sigaction(SIGHUP, &quit, NULL);
	sigemptyset(&closed);
	sigaddset(&closed, SIGTERM);
	sigaddset(&closed, SIGHUP);
	sigprocmask(SIG_BLOCK, &closed, &open);
	for (unsigned i = 0; i < r.nodes; i++)
		set[i] = (struct pollfd){ .fd = r.node[i].fd, .events = POLLIN };
	while (!stop) {
		struct timespec wait = patience(&r, mr_clock_now());

		ppoll(set, r.nodes, &wait, &open);
		let_out(&r, mr_clock_now());
		for (unsigned i = 0; i < r.nodes; i++) {
			if (set[i].revents)
				serve(&r, i, mr_clock_now());
		}
		if (again) {
			again = 0;
			relay_read_rules(&r);
		}
	}
	code = relay_summary(&r, stdout) ? 0 : 1;
	relay_close(&r);
	return code;
}
