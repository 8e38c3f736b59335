/* wire.h - a bounded cursor over bytes with a sticky error.
 *
 * Every parser in millrace reads through a cursor: each read either fits or sets `bad`, and from
 * then on all reads return zero.  A parser therefore reads straight through its layout and tests
 * mr_wire_ok() once at the end.  The same cursor writes: a write that does not fit sets `bad` and
 * changes nothing.  Nothing here allocates; the cursor borrows the bytes.
 *
 *     struct mr_wire in = mr_wire_read(bytes, n);
 *     uint16_t count = mr_get_le16(&in);
 *     const uint8_t *list = mr_get_view(&in, 16 * (size_t)count);
 *     if (!mr_wire_ok(&in))
 *             return false;
 */
#ifndef MR_CORE_WIRE_H
#define MR_CORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mr_wire {
	uint8_t *at;        /* next byte; never moves past end           */
	uint8_t *end;       /* one past the last byte, const after start */
	bool     bad;       /* a read or write did not fit; sticky       */
	bool     read_only; /* const after start; a write is then `bad`  */
};

static inline struct mr_wire mr_wire_read(const void *bytes, size_t n)
{
	uint8_t *at = (uint8_t *)(uintptr_t)bytes;

	return (struct mr_wire){ .at = at, .end = n ? at + n : at, .read_only = true };
}

static inline struct mr_wire mr_wire_write(void *bytes, size_t n)
{
	uint8_t *at = bytes;

	return (struct mr_wire){ .at = at, .end = n ? at + n : at };
}

static inline bool mr_wire_ok(const struct mr_wire *w)
{
	return !w->bad;
}

/* Bytes between the cursor and the end; 0 once bad. */
static inline size_t mr_wire_left(const struct mr_wire *w)
{
	return w->bad ? 0 : (size_t)(w->end - w->at);
}

/* Step over n bytes and return where they begin, or NULL (and bad). */
static inline uint8_t *mr_wire_step(struct mr_wire *w, size_t n)
{
	uint8_t *at = w->at;

	if (w->bad || (size_t)(w->end - w->at) < n) {
		w->bad = true;
		return NULL;
	}
	if (n)
		w->at += n; /* no bytes may lie at NULL */
	return at;
}

/* Plain little- and big-endian loads and stores; unaligned addresses are fine. */

static inline uint16_t mr_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | (uint16_t)p[1] << 8);
}

static inline uint32_t mr_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t mr_le64(const uint8_t *p)
{
	return (uint64_t)mr_le32(p) | (uint64_t)mr_le32(p + 4) << 32;
}

static inline uint16_t mr_be16(const uint8_t *p)
{
	return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}

static inline uint32_t mr_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void mr_to_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void mr_to_le32(uint8_t *p, uint32_t v)
{
	mr_to_le16(p, (uint16_t)v);
	mr_to_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void mr_to_le64(uint8_t *p, uint64_t v)
{
	mr_to_le32(p, (uint32_t)v);
	mr_to_le32(p + 4, (uint32_t)(v >> 32));
}

static inline void mr_to_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void mr_to_be32(uint8_t *p, uint32_t v)
{
	mr_to_be16(p, (uint16_t)(v >> 16));
	mr_to_be16(p + 2, (uint16_t)v);
}

/* Reads.  Each returns zero or NULL once the cursor is bad. */

static inline uint8_t mr_get_u8(struct mr_wire *w)
{
	const uint8_t *p = mr_wire_step(w, 1);

	return p ? p[0] : 0;
}

static inline uint16_t mr_get_le16(struct mr_wire *w)
{
	const uint8_t *p = mr_wire_step(w, 2);

	return p ? mr_le16(p) : 0;
}

static inline uint32_t mr_get_le32(struct mr_wire *w)
{
	const uint8_t *p = mr_wire_step(w, 4);

	return p ? mr_le32(p) : 0;
}

static inline uint64_t mr_get_le64(struct mr_wire *w)
{
	const uint8_t *p = mr_wire_step(w, 8);

	return p ? mr_le64(p) : 0;
}

/* A borrowed view of the next n bytes. */
static inline const uint8_t *mr_get_view(struct mr_wire *w, size_t n)
{
	return mr_wire_step(w, n);
}

/* Copy the next n bytes out; `to` is untouched when they are not there. */
static inline void mr_get_bytes(struct mr_wire *w, void *to, size_t n)
{
	const uint8_t *p = mr_wire_step(w, n);

	if (p && n)
		memcpy(to, p, n);
}

/* Writes. */

static inline uint8_t *mr_put_room(struct mr_wire *w, size_t n)
{
	if (w->read_only)
		w->bad = true;
	return mr_wire_step(w, n);
}

static inline void mr_put_u8(struct mr_wire *w, uint8_t v)
{
	uint8_t *p = mr_put_room(w, 1);

	if (p)
		p[0] = v;
}

static inline void mr_put_le16(struct mr_wire *w, uint16_t v)
{
	uint8_t *p = mr_put_room(w, 2);

	if (p)
		mr_to_le16(p, v);
}

static inline void mr_put_le32(struct mr_wire *w, uint32_t v)
{
	uint8_t *p = mr_put_room(w, 4);

	if (p)
		mr_to_le32(p, v);
}

static inline void mr_put_le64(struct mr_wire *w, uint64_t v)
{
	uint8_t *p = mr_put_room(w, 8);

	if (p)
		mr_to_le64(p, v);
}

static inline void mr_put_bytes(struct mr_wire *w, const void *from, size_t n)
{
	uint8_t *p = mr_put_room(w, n);

	if (p && n)
		memcpy(p, from, n);
}

#endif
