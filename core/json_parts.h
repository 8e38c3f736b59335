/* json_parts.h - what a document is made of; private to core/json*.c. */
#ifndef MR_CORE_JSON_PARTS_H
#define MR_CORE_JSON_PARTS_H

#include "core/json.h"

struct mr_json_mark {
	char    *path; /* owned */
	unsigned line, column;
};

struct mr_json {
	char   *name; /* owned; what complaints call the file */
	char   *text; /* owned; n bytes and a NUL; may hold a secret key */
	size_t  n;
	json_t *root; /* owned */
	struct mr_json_marks marks; /* of one that was adopted: text is then NULL */
	char  **set;  /* owned; paths overlaid */
	size_t  sets;
};

#endif
