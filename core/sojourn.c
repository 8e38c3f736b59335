/* sojourn.c - the control law, and who pays; see sojourn.h. */
#include "core/sojourn.h"

void mr_sojourn_init(struct mr_sojourn *s, uint64_t target, uint64_t interval)
{
	*s = (struct mr_sojourn){ .target = target, .interval = interval };
}

/* Square root, rounded down. */
static uint64_t root(uint64_t v)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
		bool fits = v >= r + bit;

		if (fits)
			v -= r + bit;
		r = (r >> 1) + (fits ? bit : 0);
	}
	return r;
}

/* The time of the drop after the one at t. */
static uint64_t law(const struct mr_sojourn *s, uint64_t t)
{
	return t + (s->interval << 16) / root((uint64_t)s->count << 32);
}

/* Has the wait been above target for an interval, all the time? */
static bool stands(struct mr_sojourn *s, uint64_t waited, bool last, uint64_t now)
{
	if (waited < s->target || last) {
		s->stands = 0;
		return false;
	}
	if (s->stands == 0)
		s->stands = now + s->interval;
	return now >= s->stands;
}

/* The first drop.  Where the queue stood not long ago, the pace is that of then: the drops it took
 * last time, less those that time began with. */
static void begin(struct mr_sojourn *s, uint64_t now)
{
	uint32_t since = s->count - s->resumed;
	bool lately = s->next && now < s->next + MR_SOJOURN_MEMORY * s->interval;

	s->dropping = true;
	s->began = now;
	s->count = lately && since > 1 ? since : 1;
	s->resumed = s->count;
	s->next = law(s, now);
}

/* The law has had its time, and the queue is longer than ever. */
static bool is_cut(struct mr_sojourn *s, uint64_t waited, bool last, uint64_t now)
{
	bool deaf = s->dropping && now - s->began >= MR_SOJOURN_DEAF * s->interval &&
	            waited >= 2 * s->target;
	bool again = now < s->cut &&
	             now + s->interval >= s->stands + s->interval / MR_SOJOURN_AGAIN;

	if (waited < s->target || last || (!deaf && !again))
		return false;
	s->cut = now + MR_SOJOURN_MEMORY * s->interval;
	return true;
}

unsigned mr_sojourn_due(struct mr_sojourn *s, uint64_t waited, bool last, unsigned n, uint64_t now)
{
	bool standing;
	unsigned due = 0;

	if (s->target == 0)
		return 0;
	standing = stands(s, waited, last, now);
	if (is_cut(s, waited, last, now))
		return n;
	if (!standing) {
		s->dropping = false;
		return 0;
	}
	if (!s->dropping) {
		begin(s, now);
		return 1;
	}
	while (now >= s->next && due < n) {
		due++;
		s->count++;
		s->next = law(s, s->next);
	}
	return due;
}

/* ---- who pays ---- */

static uint64_t target_of(const struct mr_pkt *p, bool near)
{
	return near ? p->near : p->far;
}

/* share[i]: packets that the target of packet i has in v.  Returns how many targets there are. */
static unsigned count_shares(const struct mr_vector *v, bool near, uint8_t share[MR_VECTOR])
{
	uint64_t target[MR_VECTOR];
	uint8_t of[MR_VECTOR], count[MR_VECTOR];
	unsigned targets = 0;

	for (unsigned i = 0; i < v->n; i++) {
		unsigned t = 0;

		while (t < targets && target[t] != target_of(v->pkt[i], near))
			t++;
		if (t == targets) {
			target[targets] = target_of(v->pkt[i], near);
			count[targets++] = 0;
		}
		count[t]++;
		of[i] = (uint8_t)t;
	}
	for (unsigned i = 0; i < v->n; i++)
		share[i] = count[of[i]];
	return targets;
}

/* The oldest packet of who has most, taken out of v and of its target's share. */
static struct mr_pkt *take_one(struct mr_vector *v, bool near)
{
	uint8_t share[MR_VECTOR];
	unsigned at = 0;
	struct mr_pkt *p;

	count_shares(v, near, share);
	for (unsigned i = 1; i < v->n; i++) {
		if (share[i] > share[at])
			at = i;
	}
	p = v->pkt[at];
	v->n--;
	for (unsigned i = at; i < v->n; i++)
		v->pkt[i] = v->pkt[i + 1];
	return p;
}

void mr_sojourn_take(struct mr_vector *v, unsigned due, bool near, struct mr_vector *gone)
{
	uint8_t share[MR_VECTOR];
	unsigned targets, n = v->n;

	gone->n = 0;
	if (due < n) {
		while (due-- > 0)
			mr_vector_add(gone, take_one(v, near));
		return;
	}
	targets = count_shares(v, near, share);
	v->n = 0;
	for (unsigned i = 0; i < n; i++)
		mr_vector_add(2 * targets * share[i] > n ? gone : v, v->pkt[i]);
}
