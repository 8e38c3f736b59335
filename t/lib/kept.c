/* kept.c - write and read kept datagrams, and learn from them. */
#include "t/lib/kept.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/link.h"

#define HEAD 3

bool kept_write(FILE *f, bool to_node, const uint8_t *bytes, size_t n)
{
	uint8_t head[HEAD] = { to_node };

	mr_to_le16(head + 1, (uint16_t)n);
	return fwrite(head, HEAD, 1, f) == 1 && fwrite(bytes, n, 1, f) == 1 && fflush(f) == 0;
}

static bool read_record(struct kept_record *r, FILE *f)
{
	uint8_t head[HEAD];

	if (fread(head, HEAD, 1, f) != 1)
		return false;
	*r = (struct kept_record){ .to_node = head[0], .len = mr_le16(head + 1) };
	r->bytes = malloc(r->len);
	if (r->bytes && r->len >= FIPS_LINK_PREFIX && fread(r->bytes, r->len, 1, f) == 1)
		return true;
	free(r->bytes);
	return false;
}

/* Was a call under this index answered? */
static bool answered(const struct kept *kept, uint32_t index)
{
	for (unsigned i = 0; i < kept->n; i++) {
		const struct kept_record *r = &kept->record[i];

		if (r->to_node && fips_frame_check(r->bytes, r->len) == FIPS_FRAME_MSG2 &&
		    mr_le32(r->bytes + 8) == index)
			return true;
	}
	return false;
}

static void learn(struct kept *kept)
{
	for (unsigned i = 0; i < kept->n; i++) {
		const struct kept_record *r = &kept->record[i];
		enum fips_frame frame = fips_frame_check(r->bytes, r->len);
		uint32_t index =
			frame <= FIPS_FRAME_MSG2 ? mr_le32(r->bytes + FIPS_LINK_PREFIX) : 0;

		if (r->to_node && frame == FIPS_FRAME_ESTABLISHED) {
			kept->live = index;
			kept->linked = true;
		} else if (!r->to_node && frame == FIPS_FRAME_MSG1 && !answered(kept, index) &&
		           !kept_awaits(kept, index) && kept->n_awaited < KEPT_IDX) {
			kept->awaited[kept->n_awaited++] = index;
		}
	}
}

/* Frames to the node under an index that is not the live one are left out. */
static void leave_out(struct kept *kept)
{
	unsigned left = 0;

	for (unsigned i = 0; i < kept->n; i++) {
		struct kept_record *r = &kept->record[i];

		if (r->to_node && r->bytes[0] == 0 &&
		    mr_le32(r->bytes + FIPS_LINK_PREFIX) != kept->live)
			free(r->bytes);
		else
			kept->record[left++] = *r;
	}
	kept->n = left;
}

bool kept_read(struct kept *kept, const char *path)
{
	FILE *f = fopen(path, "rb");

	memset(kept, 0, sizeof *kept);
	if (!f)
		return false;
	while (kept->n < KEPT_MAX && read_record(&kept->record[kept->n], f))
		kept->n++;
	fclose(f);
	learn(kept);
	leave_out(kept);
	return true;
}

void kept_free(struct kept *kept)
{
	for (unsigned i = 0; i < kept->n; i++)
		free(kept->record[i].bytes);
	kept->n = 0;
}

const struct kept_record *kept_first(const struct kept *kept, bool to_node, uint8_t phase)
{
	for (unsigned i = 0; i < kept->n; i++) {
		if (kept->record[i].to_node == to_node && kept->record[i].bytes[0] == phase)
			return &kept->record[i];
	}
	return NULL;
}

bool kept_awaits(const struct kept *kept, uint32_t index)
{
	for (unsigned i = 0; i < kept->n_awaited; i++) {
		if (kept->awaited[i] == index)
			return true;
	}
	return false;
}
