/* kept.h - datagrams that passed a relay between two nodes, kept in a file for somebody else.
 *
 * One record a datagram: 1 when it was sent to the first node, 0 when it was sent by it (1 byte),
 * length (2, little-endian), bytes.  A file may be read while it is still written; the last record
 * is then left out if it is not whole.
 */
#ifndef T_LIB_KEPT_H
#define T_LIB_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define KEPT_MAX 4096 /* records read   */
#define KEPT_IDX 16   /* indices learnt */

struct kept_record {
	bool     to_node;
	uint16_t len;   /* at least 4, for a prefix */
	uint8_t *bytes; /* owned by struct kept     */
};

/* What is known of the first node.  Handshakes of keys it sends with no more are left alone, and so
 * are their frames: nobody outside can tell when it forgets them. */
struct kept {
	struct kept_record record[KEPT_MAX];
	unsigned           n;
	uint32_t           live;              /* the index it was last sent a frame under       */
	bool               linked;            /* there is one                                   */
	uint32_t           awaited[KEPT_IDX]; /* indices of calls of its own, without an answer */
	unsigned           n_awaited;
};

/* Append one record and hand it over.  False: errno says why. */
bool kept_write(FILE *f, bool to_node, const uint8_t *bytes, size_t n);

/* False: errno says why.  Free with kept_free either way. */
bool kept_read(struct kept *kept, const char *path);
void kept_free(struct kept *kept);

/* The first record of a phase (link.md 3.1) in a direction, or NULL. */
const struct kept_record *kept_first(const struct kept *kept, bool to_node, uint8_t phase);

bool kept_awaits(const struct kept *kept, uint32_t index);

#endif
