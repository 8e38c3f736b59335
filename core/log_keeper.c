/* log_keeper.c - what all logs of a program share; see log_keeper.h. */
#include "core/log_keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/out.h"

#define PLACES   64  /* more literals than the source has to limit; the rest shares the last */
#define PEERS    256
#define PEER_WAY 4   /* entries that a peer may have, a bucket of the table                  */

/* Full at first; a line takes one, time gives them back. */
struct tokens {
	uint64_t full_at; /* ns: when it is full if nothing is taken; 0: it is */
};

struct place {
	const char   *source; /* borrowed; NULL: free      */
	struct tokens tokens;
	uint64_t      held;   /* since that was last told  */
	uint64_t      held_at; /* ns: the first of them    */
};

struct peer {
	uint64_t      hash; /* of place and peer; 0: free  */
	uint64_t      used; /* ns, last                    */
	struct tokens tokens;
};

struct mr_log_keeper {
	struct mr_out       *out;
	uint64_t           (*now)(void);
	struct mr_log_counts counts;
	uint64_t             untold; /* of the lines lost */
	int                  why;    /* errno of the last that was; 0: it had to wait */
	struct place         place[PLACES];
	struct peer          peer[PEERS];
};

struct mr_log_keeper *mr_log_keeper_open(int fd, uint64_t (*now)(void))
{
	struct mr_log_keeper *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->now = now;
	k->out = mr_out_open(fd);
	if (k->out)
		return k;
	free(k);
	return NULL;
}

void mr_log_keeper_close(struct mr_log_keeper *k)
{
	if (!k)
		return;
	mr_out_close(k->out);
	free(k);
}

struct mr_log_counts mr_log_keeper_counts(const struct mr_log_keeper *k)
{
	return k->counts;
}

/* ---- writing ---- */

bool mr_log_keeper_write(struct mr_log_keeper *k, const char *line, size_t n)
{
	bool done;

	errno = 0;
	done = mr_out_write(k->out, line, n);
	if (!done)
		k->why = errno == EAGAIN ? 0 : errno;
	return done;
}

void mr_log_keeper_lose(struct mr_log_keeper *k)
{
	k->counts.lost++;
	k->untold++;
}

uint64_t mr_log_keeper_lost(const struct mr_log_keeper *k, const char **why)
{
	*why = k->why ? strerror(k->why) : "nobody took them in time";
	return k->untold;
}

void mr_log_keeper_told(struct mr_log_keeper *k, uint64_t lost)
{
	k->untold -= lost;
}

/* ---- who may speak ---- */

static bool have(const struct tokens *t, unsigned burst, uint64_t each, uint64_t now)
{
	return t->full_at <= now + (burst - 1) * each;
}

static void take(struct tokens *t, uint64_t each, uint64_t now)
{
	t->full_at = (t->full_at > now ? t->full_at : now) + each;
}

/* Literals that say the same may lie in several places. */
static struct place *place_of(struct mr_log_keeper *k, const char *source)
{
	for (unsigned i = 0; i < PLACES - 1; i++) {
		struct place *p = &k->place[i];

		if (!p->source)
			p->source = source;
		if (p->source == source || !strcmp(p->source, source))
			return p;
	}
	k->place[PLACES - 1].source = "...";
	return &k->place[PLACES - 1];
}

/* FNV-1a; whom an attacker makes meet in one bucket is limited by its place all the same. */
static uint64_t hash(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

static struct peer *peer_of(struct mr_log_keeper *k, const char *source, const char *name,
                            uint64_t now)
{
	uint64_t h = hash(hash(UINT64_C(0xcbf29ce484222325), source) + 1, name) | 1;
	struct peer *way = &k->peer[(h >> 32) % (PEERS / PEER_WAY) * PEER_WAY], *oldest = way;

	for (unsigned i = 0; i < PEER_WAY; i++) {
		if (way[i].hash == h)
			return &way[i];
		if (way[i].used < oldest->used)
			oldest = &way[i];
	}
	*oldest = (struct peer){ .hash = h, .used = now };
	return oldest;
}

bool mr_log_keeper_may(struct mr_log_keeper *k, const char *source, const char *name,
                       uint64_t *held)
{
	uint64_t now = k->now();
	struct place *place = place_of(k, source);
	struct peer *peer = name ? peer_of(k, source, name, now) : NULL;
	bool may = have(&place->tokens, MR_LOG_PLACE_BURST, MR_LOG_PLACE_NS, now) &&
	           (!peer || have(&peer->tokens, MR_LOG_PEER_BURST, MR_LOG_PEER_NS, now));

	if (peer)
		peer->used = now;
	if (!may) {
		if (place->held++ == 0)
			place->held_at = now;
		k->counts.held++;
		return false;
	}
	take(&place->tokens, MR_LOG_PLACE_NS, now);
	if (peer)
		take(&peer->tokens, MR_LOG_PEER_NS, now);
	*held = place->held;
	place->held = 0;
	return true;
}

uint64_t mr_log_keeper_overdue(struct mr_log_keeper *k, const char **source)
{
	uint64_t now = k->now(), held;

	for (unsigned i = 0; i < PLACES; i++) {
		struct place *p = &k->place[i];

		if (!p->held || now - p->held_at < MR_LOG_TELL)
			continue;
		held = p->held;
		*source = p->source;
		p->held = 0;
		return held;
	}
	return 0;
}
