/* relations.c - links and sessions as objects: who has keys, which they are, and when they go.
 *
 * A key is made with all its AEAD contexts, one a worker, before any stage sees it, and gets more
 * of them before there are more workers.  It is freed in
 * three steps: retired (out of our maps and of the tables), named by no order any more, and past
 * the readers of that moment.  A relation follows its last key. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "stages/control/state.h"

static struct relation **bucket_of(struct control *c, bool link, const struct fips_addr *peer)
{
	unsigned i = (peer->b[0] ^ peer->b[7] ^ peer->b[15]) % CONTROL_BUCKETS;

	return link ? &c->links[i] : &c->sessions[i];
}

struct relation *mr_relation_find(struct control *c, bool link, const struct fips_addr *peer)
{
	struct relation *r = *bucket_of(c, link, peer);

	while (r && !fips_addr_eq(&r->peer, peer))
		r = r->next;
	return r;
}

struct relation *mr_relation_make(struct control *c, bool link, const struct fips_addr *peer)
{
	struct relation **bucket = bucket_of(c, link, peer);
	struct relation *r = mr_control_memory(sizeof *r);

	if (link)
		fips_link_recv_init(&r->recv.link, &r->via);
	else
		fips_session_recv_init(&r->recv.session);
	r->link = link;
	r->peer = *peer;
	r->handle = FIPS_NO_HANDLE;
	r->next = *bucket;
	*bucket = r;
	return r;
}

struct control_key *mr_control_key(struct control *c, uint64_t id)
{
	struct control_key *key = c->keys[id % CONTROL_BUCKETS];

	while (key && key->send.id != id)
		key = key->next_id;
	return key;
}

void mr_control_key_prepare(const struct control *c, struct control_key *key)
{
	unsigned workers = c->workers > c->workers_next ? c->workers : c->workers_next;

	for (unsigned w = 0; w < workers; w++) {
		if (!key->send_ctx[w])
			key->send_ctx[w] = c->aead->prepare(key->send_bytes);
		if (!key->recv_ctx[w])
			key->recv_ctx[w] = c->aead->prepare(key->recv_bytes);
		if (!key->send_ctx[w] || !key->recv_ctx[w])
			abort();
	}
}

/* Those who seal what was numbered under it find it by its handle. */
static void put_key(struct control *c, struct control_key *key, struct mr_turn *t)
{
	struct fips_key_entry *e = mr_control_memory(sizeof *e);

	e->send = &key->send;
	key->send.handle = mr_table_put(c->mesh->keys, mr_turn_epoch(t), &key->send.id, e);
	if (key->send.handle == MR_NO_HANDLE) {
		mr_count(t, COUNT_TABLE_FULL, 1);
		free(e);
	}
}

struct control_key *mr_control_key_make(struct control *c, struct relation *r,
                                        const struct fips_action *a, struct mr_turn *t)
{
	struct control_key *key = mr_secret_alloc(sizeof *key);
	struct control_key **bucket = &c->keys[a->key % CONTROL_BUCKETS];

	if (!key)
		abort();
	memcpy(key->send_bytes, a->send_key, MR_AEAD_KEY);
	memcpy(key->recv_bytes, a->recv_key, MR_AEAD_KEY);
	key->aead = c->aead;
	mr_control_key_prepare(c, key);
	fips_send_key_init(&key->send, a->key, a->theirs, key->send_ctx, MR_WORKERS_MAX);
	fips_recv_key_init(&key->recv, a->key, key->recv_ctx, MR_WORKERS_MAX);
	put_key(c, key, t);
	key->of = r;
	key->ours = a->ours;
	key->pending = a->pending;
	key->next_id = *bucket;
	*bucket = key;
	key->next = r->keys;
	r->keys = key;
	return key;
}

void mr_control_key_start(struct control_key *key, const struct fips_action *a)
{
	if (!key->started)
		fips_send_key_start(&key->send, a->k, a->clock_zero);
	assert(key->send.k == a->k && key->send.clock_zero == a->clock_zero);
	key->started = true;
}

/* ---- the way out ---- */

static void free_key(void *object)
{
	struct control_key *key = object;
	const struct mr_aead *aead = key->aead;

	for (unsigned w = 0; w < MR_WORKERS_MAX; w++) {
		aead->release(key->send_ctx[w]);
		aead->release(key->recv_ctx[w]);
	}
	mr_secret_free(key);
}

static void unlink_key(struct control_key *key)
{
	struct control_key **at = &key->of->keys;

	while (*at != key)
		at = &(*at)->next;
	*at = key->next;
}

/* What was sent under it stays in the relation's totals. */
static void settle(struct relation *r, const struct control_key *key)
{
	uint64_t data_at = fips_word_get(&key->send.sent.data_at);

	r->frames += fips_word_get(&key->send.sent.packets);
	r->bytes += fips_word_get(&key->send.sent.bytes);
	if (data_at > r->data_at)
		r->data_at = data_at;
}

static void unlink_gone(struct control *c, struct relation *r)
{
	struct relation **at = &c->gone;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

void mr_control_release(struct control *c, struct relation *r, struct control_key *key,
                        struct mr_turn *t)
{
	if (key) {
		assert(key->of == r && key->orders > 0);
		key->orders--;
		if (key->retired && key->orders == 0) {
			unlink_key(key);
			settle(r, key);
			mr_retire(t, key, free_key);
		}
	}
	if (r) {
		assert(r->orders > 0);
		r->orders--;
		if (r->gone && r->orders == 0 && !r->keys) {
			unlink_gone(c, r);
			mr_retire(t, r, free);
		}
	}
}

void mr_control_key_retire(struct control *c, struct control_key *key, struct mr_turn *t)
{
	struct control_key **at = &c->keys[key->send.id % CONTROL_BUCKETS];
	struct relation *r = key->of;

	assert(!key->retired && key->orders > 0); /* whose release frees it */
	while (*at != key)
		at = &(*at)->next_id;
	*at = key->next_id;
	mr_table_remove(c->mesh->keys, mr_turn_epoch(t), &key->send.id);
	key->retired = true;
	if (r->using == key)
		r->using = NULL;
}

void mr_relation_end(struct control *c, struct relation *r, struct mr_turn *t)
{
	struct relation **at = bucket_of(c, r->link, &r->peer);

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->gone = true;
	r->next = c->gone;
	c->gone = r;
	r->orders++;
	mr_control_release(c, r, NULL, t); /* at once, when nothing holds on to it */
}

static void close_list(struct relation *r)
{
	while (r) {
		struct relation *next = r->next;

		while (r->keys) {
			struct control_key *key = r->keys;

			r->keys = key->next;
			free_key(key);
		}
		free(r);
		r = next;
	}
}

void mr_relations_close(struct control *c)
{
	for (unsigned i = 0; i < CONTROL_BUCKETS; i++) {
		close_list(c->links[i]);
		close_list(c->sessions[i]);
	}
	close_list(c->gone);
}
