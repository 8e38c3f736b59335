/* merged.c - runs finished, cut again, undone; see merged.h. */
#include "t/lib/merged.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "stages/tun-read/split.h"

struct copy {
	uint8_t *at; /* malloc'd to the byte, so that reading beyond shows */
	uint32_t len;
};

static uint8_t *copy_of(const uint8_t *at, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, at, len);
	return copy;
}

/* The packet that is written: first packet, payloads of the others. */
static struct copy written(const struct mr_merge *m, const struct mr_merge_run *run)
{
	const struct mr_merge_pkt *p = &m->pkt[run->first];
	struct copy w = { .at = malloc(run->len ? run->len : 1), .len = p->len };

	ck_assert_ptr_nonnull(w.at);
	memcpy(w.at, p->ip, p->len);
	for (unsigned i = 1; i < run->n; i++) {
		p = &m->pkt[p->next];
		memcpy(w.at + w.len, p->ip + p->head, mr_merge_payload(p));
		w.len += mr_merge_payload(p);
	}
	ck_assert_uint_eq(w.len, run->len);
	return w;
}

static void same(const struct copy *want, const uint8_t *got, uint32_t len)
{
	ck_assert_uint_eq(len, want->len);
	ck_assert_mem_eq(got, want->at, len);
}

static void cut_again(const struct mr_merge *m, const struct mr_merge_run *run, struct copy *w,
                      const struct virtio_net_hdr *device, const struct copy *want)
{
	unsigned number = run->first;
	struct mr_split s;

	if (run->n == 1) {
		if (device->flags)
			ck_assert(mr_split_sum(device, w->at, w->len));
		same(&want[number], w->at, w->len);
		return;
	}
	ck_assert(mr_split_begin(&s, device, w->at, w->len, w->len));
	ck_assert_uint_eq(s.n, run->n);
	for (uint32_t i = 0; i < s.n; i++) {
		uint8_t *got = malloc(s.len + mr_split_payload(&s, i));

		ck_assert_ptr_nonnull(got);
		memcpy(got + s.len, w->at + s.len + i * s.size, mr_split_payload(&s, i));
		same(&want[number], got, mr_split_segment(&s, i, got));
		free(got);
		number = m->pkt[number].next;
	}
}

/* TCP or UDP with ports, and the same ones. */
static bool one_flow(const struct copy *a, const struct copy *b)
{
	return a->len >= 60 && b->len >= 60 && a->at[0] >> 4 == 6 && b->at[0] >> 4 == 6 &&
	       mr_be16(a->at + 4) == a->len - 40 && mr_be16(b->at + 4) == b->len - 40 &&
	       (a->at[6] == 6 || a->at[6] == 17) && a->at[6] == b->at[6] &&
	       memcmp(a->at + 8, b->at + 8, 36) == 0;
}

static void in_order(const struct mr_merge *m, const struct copy *was)
{
	unsigned order[MR_VECTOR], n = 0;

	for (unsigned i = 0; i < m->runs; i++) {
		unsigned number = m->run[i].first;

		for (unsigned j = 0; j < m->run[i].n; j++) {
			order[n++] = number;
			number = m->pkt[number].next;
		}
	}
	ck_assert_uint_eq(n, m->n);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = i + 1; j < n; j++) {
			ck_assert_uint_ne(order[i], order[j]);
			ck_assert(order[i] < order[j] || !one_flow(&was[order[i]], &was[order[j]]));
		}
	}
}

void merged_check(struct mr_merge *m, uint8_t *const *ip, const uint32_t *len, unsigned n, bool udp)
{
	struct copy was[MR_VECTOR], work[MR_VECTOR];

	mr_merge_begin(m, udp);
	for (unsigned i = 0; i < n; i++) {
		was[i] = (struct copy){ copy_of(ip[i], len[i]), len[i] };
		work[i] = (struct copy){ copy_of(ip[i], len[i]), len[i] };
		mr_merge_add(m, work[i].at, len[i]);
	}
	in_order(m, was);
	for (unsigned i = 0; i < m->runs; i++) {
		struct virtio_net_hdr device;
		struct copy w;

		ck_assert(m->run[i].len <= UINT16_MAX || m->run[i].n == 1);
		mr_merge_finish(m, &m->run[i], &device);
		w = written(m, &m->run[i]);
		cut_again(m, &m->run[i], &w, &device, was);
		free(w.at);
		mr_merge_undo(m, &m->run[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		same(&was[i], work[i].at, work[i].len);
		free(was[i].at);
		free(work[i].at);
	}
}
