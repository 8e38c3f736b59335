/* window.h - the replay window: each counter of a key passes once (link.md 5, session.md 3.8).
 *
 * The last 2048 counters up to the highest committed one are remembered as bits, counter c at bit
 * c mod 4096 of a ring of words.  The ring is twice as wide as the window, so that a step forward
 * clears whole words and never a bit that still counts.  highest starts at 0 with no bit set:
 * counter 0 passes once.
 *
 * Test before opening, commit after the tag held.  Several frames of one vector are tested before
 * the first of them is committed, so accepting tests once more.
 */
#ifndef FIPS_PATH_WINDOW_H
#define FIPS_PATH_WINDOW_H

#include <stdint.h>

#define FIPS_WINDOW       2048
#define FIPS_WINDOW_WORDS 64

enum fips_replay {
	FIPS_REPLAY_FRESH,
	FIPS_REPLAY_STALE,     /* highest - counter >= FIPS_WINDOW */
	FIPS_REPLAY_DUPLICATE, /* committed before                 */
};

/* All zero is an empty window.  One owner. */
struct fips_window {
	uint64_t highest;                 /* largest counter committed, or 0  */
	uint64_t bit[FIPS_WINDOW_WORDS];
};

static inline enum fips_replay fips_window_test(const struct fips_window *w, uint64_t counter)
{
	if (counter > w->highest)
		return FIPS_REPLAY_FRESH;
	if (w->highest - counter >= FIPS_WINDOW)
		return FIPS_REPLAY_STALE;
	if (w->bit[counter / 64 % FIPS_WINDOW_WORDS] >> counter % 64 & 1)
		return FIPS_REPLAY_DUPLICATE;
	return FIPS_REPLAY_FRESH;
}

/* Remember a counter that was just tested fresh. */
static inline void fips_window_commit(struct fips_window *w, uint64_t counter)
{
	uint64_t word = w->highest / 64;

	if (counter > w->highest) {
		uint64_t steps = counter / 64 - word;

		if (steps > FIPS_WINDOW_WORDS)
			steps = FIPS_WINDOW_WORDS;
		while (steps-- > 0)
			w->bit[++word % FIPS_WINDOW_WORDS] = 0;
		w->highest = counter;
	}
	w->bit[counter / 64 % FIPS_WINDOW_WORDS] |= UINT64_C(1) << counter % 64;
}

#endif
