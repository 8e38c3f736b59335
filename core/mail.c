/* mail.c - letters through a Concurrency Kit SPSC ring; see mail.h. */

#include "core/mail.h"

#include <assert.h>
#include <ck_ring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/tsan.h"

struct mr_mail {
	uint32_t               n;    /* letters that fit; const         */
	uint32_t               mask; /* slots - 1; const                */
	struct ck_ring_buffer *buffer;
	uint8_t              (*letter)[MR_LETTER];
	struct {
		_Alignas(64) uint64_t sent; /* letters pushed */
	} prod;
	struct {
		_Alignas(64) _Atomic uint64_t done; /* letters popped */
	} cons;
	_Alignas(64) struct ck_ring ring;
};

struct mr_mail *mr_mail_open(uint32_t n)
{
	struct mr_mail *m = aligned_alloc(64, (sizeof *m + 63) / 64 * 64);
	uint32_t slots = 2;

	if (!m)
		return NULL;
	while (slots < n + 1)
		slots *= 2;
	memset(m, 0, sizeof *m);
	m->n = n;
	m->mask = slots - 1;
	m->buffer = calloc(slots, sizeof *m->buffer);
	m->letter = calloc(slots, MR_LETTER);
	if (!m->buffer || !m->letter) {
		mr_mail_close(m);
		return NULL;
	}
	ck_ring_init(&m->ring, slots);
	return m;
}

void mr_mail_close(struct mr_mail *m)
{
	if (!m)
		return;
	free(m->letter);
	free(m->buffer);
	free(m);
}

MR_UNSEEN static bool enqueue(struct mr_mail *m, void *slot)
{
	mr_hand_over(&m->ring);
	return ck_ring_enqueue_spsc(&m->ring, m->buffer, slot);
}

MR_UNSEEN static void *dequeue(struct mr_mail *m)
{
	void *slot = NULL;

	if (!ck_ring_dequeue_spsc(&m->ring, m->buffer, (void *)&slot))
		return NULL;
	mr_take_over(&m->ring);
	return slot;
}

bool mr_mail_push(struct mr_mail *m, const void *letter)
{
	uint64_t done = atomic_load_explicit(&m->cons.done, memory_order_acquire);
	uint8_t *slot = m->letter[m->prod.sent & m->mask];

	if (m->prod.sent - done >= m->n)
		return false;
	memcpy(slot, letter, MR_LETTER);
	m->prod.sent++;
	if (!enqueue(m, slot))
		assert(false && "mail with room refused a letter");
	return true;
}

uint32_t mr_mail_room(const struct mr_mail *m)
{
	return m->n - (uint32_t)(m->prod.sent -
	                         atomic_load_explicit(&m->cons.done, memory_order_acquire));
}

bool mr_mail_pop(struct mr_mail *m, void *letter)
{
	const void *slot = dequeue(m);

	if (!slot)
		return false;
	memcpy(letter, slot, MR_LETTER);
	atomic_store_explicit(&m->cons.done,
	                      atomic_load_explicit(&m->cons.done, memory_order_relaxed) + 1,
	                      memory_order_release);
	return true;
}

MR_UNSEEN bool mr_mail_ready(const struct mr_mail *m)
{
	return ck_ring_size(&m->ring) != 0;
}
