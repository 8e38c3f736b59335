/* pcapng.c - see pcapng.h. */
#include "t/lib/pcapng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

/* The value of an option of a list, or NULL; the whole list is walked. */
static const uint8_t *option(const uint8_t *at, size_t n, unsigned code, unsigned *len)
{
	struct mr_wire w = mr_wire_read(at, n);
	const uint8_t *found = NULL;

	while (mr_wire_left(&w)) {
		unsigned c = mr_get_le16(&w), l = mr_get_le16(&w);
		const uint8_t *value = mr_get_view(&w, (l + 3) / 4 * 4);

		ck_assert_msg(mr_wire_ok(&w), "an option is cut off");
		if (c == 0) {
			ck_assert_uint_eq(mr_wire_left(&w), 0);
			return found;
		}
		if (c == code) {
			found = value;
			*len = l;
		}
	}
	ck_assert_msg(n == 0, "options without an end");
	return NULL;
}

static void section(const uint8_t *body, size_t n)
{
	unsigned len;

	ck_assert_uint_ge(n, 16);
	ck_assert_uint_eq(mr_le32(body), 0x1a2b3c4d);
	ck_assert_uint_eq(mr_le16(body + 4), 1);
	ck_assert_uint_eq(mr_le16(body + 6), 0);
	ck_assert_uint_eq(mr_le64(body + 8), UINT64_MAX);
	ck_assert_ptr_nonnull(option(body + 16, n - 16, 4, &len));
}

static void interface(struct pcapng_file *f, const uint8_t *body, size_t n)
{
	struct pcapng_interface *i = &f->interface[f->interfaces++];
	const uint8_t *value;
	unsigned len;

	ck_assert_uint_le(f->interfaces, PCAPNG_INTERFACES);
	ck_assert_uint_ge(n, 8);
	i->link = mr_le16(body);
	value = option(body + 8, n - 8, 2, &len);
	ck_assert_ptr_nonnull(value);
	snprintf(i->name, sizeof i->name, "%.*s", (int)len, (const char *)value);
	value = option(body + 8, n - 8, 9, &len);
	i->resolution = value ? *value : 6;
}

static void packet(struct pcapng_file *f, const uint8_t *body, size_t n)
{
	struct pcapng_packet *p = &f->packet[f->packets++];
	const uint8_t *value;
	unsigned len;
	size_t padded;

	ck_assert_uint_le(f->packets, PCAPNG_PACKETS);
	ck_assert_uint_ge(n, 20);
	p->interface = f->base + mr_le32(body);
	ck_assert_uint_lt(p->interface, f->interfaces);
	p->time = (uint64_t)mr_le32(body + 4) << 32 | mr_le32(body + 8);
	p->len = mr_le32(body + 12);
	p->original = mr_le32(body + 16);
	ck_assert_uint_le(p->len, p->original);
	p->data = body + 20;
	padded = (p->len + 3u) / 4 * 4;
	ck_assert_uint_ge(n - 20, padded);
	value = option(body + 20 + padded, n - 20 - padded, 2, &len);
	p->flags = value ? mr_le32(value) : 0;
}

static void blocks(struct pcapng_file *f)
{
	for (size_t at = 0, len; at < f->size; at += len) {
		const uint8_t *block = f->bytes + at;

		ck_assert_msg(f->size - at >= 12, "a block is cut off at %zu", at);
		len = mr_le32(block + 4);
		ck_assert_msg(len >= 12 && len % 4 == 0 && len <= f->size - at,
		              "a block of %zu bytes at %zu", len, at);
		ck_assert_uint_eq(mr_le32(block + len - 4), len);
		ck_assert(at > 0 || mr_le32(block) == 0x0a0d0d0a);
		switch (mr_le32(block)) {
		case 0x0a0d0d0a:
			section(block + 8, len - 12);
			f->base = f->interfaces;
			f->sections++;
			break;
		case 1: interface(f, block + 8, len - 12); break;
		case 6: packet(f, block + 8, len - 12);    break;
		default: ck_abort_msg("a block of type %u", (unsigned)mr_le32(block));
		}
	}
}

struct pcapng_file *pcapng_read(const char *path)
{
	struct pcapng_file *f = calloc(1, sizeof *f);
	FILE *in = fopen(path, "r");
	long size;

	ck_assert_msg(f && in, "%s cannot be read", path);
	fseek(in, 0, SEEK_END);
	size = ftell(in);
	rewind(in);
	f->size = (size_t)size;
	f->bytes = malloc(f->size + 1);
	ck_assert_uint_eq(fread(f->bytes, 1, f->size, in), f->size);
	fclose(in);
	blocks(f);
	return f;
}

void pcapng_free(struct pcapng_file *f)
{
	free(f->bytes);
	free(f);
}
