/* json.h - a JSON file that remembers where everything stands in it.
 *
 * jansson parses; it does not keep positions.  This wraps a document with its text, so that any
 * JSON path ("edges[3].full") can be turned back into line and column for a complaint.  `--set`
 * overlays change values in the document and are reported as coming from the command line.
 */
#ifndef MR_CORE_JSON_H
#define MR_CORE_JSON_H

#include <jansson.h>

#include "core/err.h"

#define MR_PATH     512       /* bytes of a path and its NUL; a longer one is cut */
#define MR_JSON_MAX (4 << 20) /* bytes of a document                              */

struct mr_json; /* owned by the caller of load; freed with mr_json_free */

/* From now on every value and text that jansson lets go of is overwritten first: strings of a node
 * file may be secret.  What json_dumps returns is still given to free.  Before the first document,
 * main only. */
void mr_json_wipe_values(void);

/* Load a file; on failure complains (line and column of the syntax error, duplicate keys
 * included) and returns NULL.  Files over 4 MiB are refused. */
struct mr_json *mr_json_load(const char *file, struct mr_report *report);

/* The same from memory; `name` stands for the file in complaints. */
struct mr_json *mr_json_parse(const char *name, const char *text, size_t n,
                              struct mr_report *report);
void mr_json_free(struct mr_json *doc);

/* ---- for readers of other notations (yaml.h) ---- */

/* Where values stand, by their paths. */
struct mr_json_marks {
	struct mr_json_mark *list; /* owned, n of them */
	size_t               n, room;
};

/* Add one; false: no memory. */
bool mr_json_mark(struct mr_json_marks *marks, const char *path, unsigned line, unsigned column);
void mr_json_marks_free(struct mr_json_marks *marks);

/* A document of a value that was made, taken over in any case, and the marks, taken out of *marks.
 * NULL after complaining. */
struct mr_json *mr_json_adopt(const char *name, json_t *root, struct mr_json_marks *marks,
                              struct mr_report *report);

/* The whole of a file in memory for secrets, a NUL behind it; NULL after complaining.  For
 * mr_secret_free. */
char *mr_json_read(const char *file, size_t *n, struct mr_report *report);

/* Borrowed root; valid until mr_json_free. */
json_t *mr_json_root(const struct mr_json *doc);

/* Borrowed value at a path, or NULL. */
json_t *mr_json_at(const struct mr_json *doc, const char *path);

/* Where the value at `path` stands (the key's position for a member); falls back to the nearest
 * enclosing value that is there.  The result borrows `path` and the document. */
struct mr_where mr_json_where(const struct mr_json *doc, const char *path);

/* The same for a complaint to this report; the path alone if that keeps no more (mr_report_full):
 * finding a place takes time by the length of the file, and a file may be full of mistakes. */
struct mr_where mr_json_place(const struct mr_json *doc, const char *path,
                              const struct mr_report *report);

/* Overlay one value: the text is JSON, or a bare word taken as a string.  Makes missing objects on
 * the way; array items must be there.  From then on mr_json_where says "--set" for this path and
 * what is below it. */
void mr_json_set(struct mr_json *doc, const char *path, const char *text, struct mr_report *report);

/* ---- paths: member names joined by '.', array indexes as [n]; a name with other characters than
 * letters, digits, '-' and '_' stands as ["name"].  "" is the root. ---- */

/* Path of a member, or of an item, of what stands at `path`; written to out and returned. */
const char *mr_path_key(char out[MR_PATH], const char *path, const char *key);
const char *mr_path_item(char out[MR_PATH], const char *path, size_t index);

/* The text between the dots or brackets that begins at *path, as a member name; moves *path behind
 * it.  False at the end of the path or when it is malformed (*path then is not at a NUL). */
struct mr_step {
	char     name[MR_PATH]; /* member name, unquoted; "" for an item */
	bool     item;          /* is an array index                     */
	unsigned index;
};
bool mr_path_step(const char **path, struct mr_step *step);

/* A value as a complaint shows it: short JSON, "an object", "an array". */
#define MR_SHOWN 64
const char *mr_json_shown(char buf[MR_SHOWN], const json_t *value);

#endif
