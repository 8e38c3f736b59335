/* reload.c - another node file and other workers while the node lives (core/swap.c).
 *
 *   prepare   the settings are decoded and room is made for them; every key gets a context for each
 *             worker there will be.  Key objects stay where they are: only contexts are added
 *   give      the inbox and what waits for a key leave with their old packets, and arrive again
 *   commit    the settings are in force, and the node is told as soon as it may be told anything */

#include <stdlib.h>
#include <string.h>

#include "stages/control/state.h"

static void prepare_keys(const struct control *c)
{
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		for (struct control_key *key = c->keys[i]; key; key = key->next_id)
			mr_control_key_prepare(c, key);
	}
}

int mr_control_prepare(void *self, struct mr_setup *s)
{
	struct control *c = self;
	const char *wrong = NULL;
	int failed = mr_control_configure(c, &c->next, s);

	if (!failed)
		mr_guests_take_along(c, &c->next);
	if (!failed)
		wrong = fips_node_reserve(c->node, &c->next.config);
	if (wrong)
		failed = mr_setup_error(s, "node", "%s", wrong);
	if (failed) {
		mr_settings_close(&c->next);
		return -1;
	}
	c->workers_next = s->workers;
	prepare_keys(c); /* those that are made meanwhile are ready for both */
	return 0;
}

/* Questions under way are given up with those they were about; the node asks again. */
static void take_settings(struct control *c)
{
	mr_settings_close(&c->set);
	c->set = c->next;
	c->next = (struct control_settings){ 0 };
	c->asking = 0;
	memset(c->room, 0, sizeof c->room); /* it may be another instance's, and is told again */
	memset(c->access.stamp, 0xff, sizeof c->access.stamp); /* other files, other aliases */
	c->unset = true;
}

void mr_control_commit(void *self, bool go, struct mr_turn *t)
{
	struct control *c = self;

	if (go)
		c->workers = c->workers_next;
	c->workers_next = 0;
	if (!go) {
		mr_settings_close(&c->next);
		return;
	}
	take_settings(c);
	mr_control_go_on(c, t);
}

bool mr_control_settings_tell(struct control *c, struct mr_turn *t)
{
	if (!c->unset)
		return false;
	c->unset = false;
	mr_control_tell(c, &(struct fips_input){ .kind = FIPS_IN_CONFIGURE,
	                                         .config = &c->set.config }, t);
	return true;
}

static void give_inbox(struct control *c, struct mr_vector *v)
{
	while (c->inbox_at < c->inbox_n)
		mr_vector_add(v, c->inbox[c->inbox_at++]);
}

/* As many as came by the same road as the oldest.  They came before the inbox did. */
static unsigned give_kept(struct control *c, struct mr_vector *v)
{
	unsigned left = 0, input = c->kept[0].session ? IN_BODIES : IN_HANDSHAKES;

	for (unsigned i = 0; i < c->n_kept; i++) {
		if (v->n < MR_VECTOR && c->kept[i].session == c->kept[0].session && left == 0)
			mr_vector_add(v, c->kept[i].pkt);
		else
			c->kept[left++] = c->kept[i];
	}
	c->n_kept = left;
	return input;
}

unsigned mr_control_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct control *c = self;

	if (c->n_kept) {
		*input = give_kept(c, v);
	} else if (c->inbox_at < c->inbox_n) {
		*input = c->inbox_input;
		give_inbox(c, v);
	}
	return v->n;
}
