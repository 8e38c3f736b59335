/* metrics.c - peers and sessions in the Prometheus text format; see control.h.
 *
 * All are counted by state.  Peers of the node file, which are the operator's, have samples of
 * their own; strangers have none, so that nobody else can make the text grow. */

#include "stages/control/control.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/prom.h"
#include "stages/control/state.h"

enum { PEER_STATES = FIPS_PEER_UP + 1, SESSION_STATES = FIPS_SESSION_ESTABLISHED + 1 };

static void put_states(FILE *f, const char *name, const char *const *words, const uint64_t *n,
                       unsigned states)
{
	for (unsigned i = 0; i < states; i++) {
		fputs(name, f);
		mr_prom_label(f, "{", "state", words[i]);
		mr_prom_end(f, n[i], MR_PROM_COUNT);
	}
}

static void put_counts(FILE *f, const struct control *c)
{
	uint64_t peers[PEER_STATES] = { 0 }, sessions[SESSION_STATES] = { 0 };
	struct fips_session_info session;
	struct fips_peer_info peer;

	for (unsigned at = 0; fips_node_peer_next(c->node, &at, &peer);)
		peers[peer.state]++;
	for (unsigned at = 0; fips_node_session_next(c->node, &at, &session);)
		sessions[session.state]++;
	mr_prom_family(f, "millrace_peers", "gauge", "Peers, by state.");
	put_states(f, "millrace_peers", mr_control_peer_states, peers, PEER_STATES);
	mr_prom_family(f, "millrace_sessions", "gauge", "Sessions, by state.");
	put_states(f, "millrace_sessions", mr_control_session_states, sessions, SESSION_STATES);
}

/* ---- peers of the node file ---- */

static bool put_up(FILE *f, const struct fips_peer_info *p)
{
	if (p->state != FIPS_PEER_BEHIND)
		putc(p->state == FIPS_PEER_UP ? '1' : '0', f);
	return p->state != FIPS_PEER_BEHIND;
}

static bool put_rtt(FILE *f, const struct fips_peer_info *p)
{
	if (p->metrics.rtt_known)
		mr_prom_number(f, p->metrics.srtt_us * MR_NS_PER_US, MR_PROM_SECONDS);
	return p->metrics.rtt_known;
}

/* In billionths, which print like nanoseconds. */
static bool put_loss(FILE *f, const struct fips_peer_info *p)
{
	double loss = p->metrics.loss > 0 ? p->metrics.loss < 1 ? p->metrics.loss : 1 : 0;

	if (p->metrics.loss_known)
		mr_prom_number(f, (uint64_t)(loss * 1e9), MR_PROM_SECONDS);
	return p->metrics.loss_known;
}

static const struct {
	const char *name, *help;
	/* Write the value; false: there is none. */
	bool (*put)(FILE *f, const struct fips_peer_info *p);
} families[] = {
	{ "millrace_peer_up", "1 when a configured peer is linked, 0 when not.", put_up },
	{ "millrace_peer_round_trip_seconds", "Smoothed round trip to a configured peer.",
	  put_rtt },
	{ "millrace_peer_loss_ratio", "Share of frames lost to a configured peer, long average.",
	  put_loss },
};

static void put_sample(FILE *f, const char *name, const struct fips_peer_info *p,
                       bool (*put)(FILE *, const struct fips_peer_info *))
{
	char npub[FIPS_KEY_TEXT], *value = NULL;
	size_t len = 0;
	FILE *v = open_memstream(&value, &len);
	bool there = v && put(v, p);

	if (v && fclose(v) == 0 && there) {
		fips_npub_format(p->xonly, npub);
		fputs(name, f);
		mr_prom_label(f, "{", "peer", p->name);
		mr_prom_label(f, ",", "npub", npub);
		fprintf(f, "} %s\n", value);
	}
	free(value);
}

static void put_peers(FILE *f, const struct control *c)
{
	struct fips_peer_info peer;

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		mr_prom_family(f, families[i].name, "gauge", families[i].help);
		for (unsigned at = 0; fips_node_peer_next(c->node, &at, &peer);)
			if (peer.configured)
				put_sample(f, families[i].name, &peer, families[i].put);
	}
}

char *mr_control_metrics(const void *control, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	put_counts(f, control);
	put_peers(f, control);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}
