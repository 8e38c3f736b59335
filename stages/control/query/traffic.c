/* traffic - what went over a link or a session since it came up: the words of its keys and what
 * keys that have been freed left with it. */
#include "stages/control/query/parts.h"

static void add_key(struct query_traffic *t, const struct control_key *key)
{
	uint64_t highest = fips_word_get(&key->recv.highest);

	t->packets_out += fips_word_get(&key->send.sent.packets);
	t->bytes_out += fips_word_get(&key->send.sent.bytes);
	if (key != key->of->using)
		return;
	t->numbered = fips_numbered(&key->send);
	t->highest = highest;
}

struct query_traffic query_traffic(struct control *c, bool link, const struct fips_addr *addr)
{
	const struct relation *r = mr_relation_find(c, link, addr);
	struct query_traffic t = { 0 };

	if (!r)
		return t;
	t.packets_out = r->frames;
	t.bytes_out = r->bytes;
	for (const struct control_key *key = r->keys; key; key = key->next)
		add_key(&t, key);
	t.packets_in = fips_word_get(link ? &r->recv.link.frames : &r->recv.session.frames);
	t.bytes_in = fips_word_get(link ? &r->recv.link.bytes : &r->recv.session.bytes);
	t.heard = fips_word_get(link ? &r->recv.link.heard : &r->recv.session.heard);
	return t;
}
