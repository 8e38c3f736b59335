/* words.c - what the data threads have written, as of now.
 *
 * They stamp with clocks of their own, read later than the one this call was handed: a word may be
 * a little ahead of it.  Taken as it is, "how long ago" would be an eternity. */

#include "fips/node/parts.h"

static void no_later(uint64_t *word, uint64_t now)
{
	if (*word > now)
		*word = now;
}

struct fips_link_words fips_words_link(const struct fips_node *n, const struct fips_addr *peer)
{
	struct fips_link_words words = { 0 };

	n->env.words.link(n->env.words.self, peer, &words);
	no_later(&words.heard, n->now);
	return words;
}

struct fips_session_words fips_words_session(const struct fips_node *n,
                                             const struct fips_addr *peer)
{
	struct fips_session_words words = { 0 };

	n->env.words.session(n->env.words.self, peer, &words);
	no_later(&words.heard, n->now);
	no_later(&words.previous_heard, n->now);
	no_later(&words.data_sent, n->now);
	no_later(&words.data_heard, n->now);
	return words;
}
