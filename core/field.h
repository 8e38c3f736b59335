/* field.h - settings as data: what may stand in a JSON object, and where it goes in a struct.
 *
 * A kind, a resource or a part of the program describes its settings once, in a const table ending
 * with { 0 }.  From the table come the decoding, the defaults, every complaint, `--set`, the
 * reference page and the JSON Schema.  Tables nest: a MR_GROUP is an object with a table of its
 * own, a MR_LIST an array of such objects.
 *
 *     static const struct mr_field replay_fields[] = {
 *             { "window", MR_POW2, MR_AT(struct replay, bits), .min = 64, .max = 8192, .def = 1024,
 *               .help = "packets by which an arrival may trail the newest counter" },
 *             { 0 }
 *     };
 */
#ifndef MR_CORE_FIELD_H
#define MR_CORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

enum mr_type {
	MR_BOOL = 1, /* bool                                                              */
	MR_U32,      /* uint32_t in [min, max]                                            */
	MR_U64,      /* uint64_t in [min, max]                                            */
	MR_POW2,     /* uint32_t, a power of two in [min, max]                            */
	MR_REAL,     /* double in [min, max]                                              */
	MR_WORD,     /* unsigned: index into .words                                       */
	MR_TEXT,     /* char *: owned copy, NULL when absent and .text is NULL            */
	MR_GROUP,    /* nested struct at the offset, described by .of                     */
	MR_LIST,     /* struct mr_list at the offset; items described by .of, .item bytes */
	MR_NUMBERS,  /* struct mr_list of uint32_t                                        */
	MR_RAW,      /* any value; whoever owns the table reads it from the document      */
	MR_LATER,    /* known key whose part is not built: any value, one warning; .of may
	              * list the keys below it                                            */
};

struct mr_list {
	void    *items; /* owned */
	unsigned n;
};

/* What a type does not say of a value.  An example stands as JSON has it, that of a MR_TEXT without
 * its quotes. */
struct mr_field_rule {
	/* NULL when the decoded value at `member` is fine, else what is wrong, as the end of a
	 * sentence that starts with the value ("is not a host:port") and says what is allowed.
	 * Without one (MR_RAW) whoever reads the value complains. */
	const char        *(*wrong)(const void *member);
	const char        *type;   /* what may stand here, in place of the type's own words; NULL */
	const char        *schema; /* JSON Schema keywords that say the same, as an object; they may
	                            * let through what the rule refuses, and refuse nothing that it
	                            * lets through.  NULL: none                                  */
	const char        *good;   /* an example                                                */
	const char *const *bad;    /* NULL-terminated: examples that both refuse                */
	const char *const *unseen; /* ... that the rule refuses and the keywords let through; NULL:
	                            * none.  There is at least one example in either list       */
};

struct mr_field {
	const char            *name;
	enum mr_type           type;
	size_t                 at;    /* offset of the member                             */
	uint64_t               min, max, def; /* whole numbers, booleans, words; max 0: the
	                                       * largest of the type                      */
	double                 real_min, real_max, real_def; /* both bounds 0: any        */
	const char            *text;  /* default of MR_TEXT; NULL: none                   */
	const char *const     *words; /* MR_WORD: NULL-terminated                         */
	const struct mr_field *of;    /* MR_GROUP, MR_LIST; MR_RAW: the keys, if it is an object */
	size_t                 item;  /* MR_LIST: bytes of one item                       */
	bool                   required; /* the key must stand in its object, if that is there */
	bool                   secret; /* never printed back, decoded into core/secret.h */
	const char            *unit;  /* "bytes", "ms", "packets"; NULL: none             */
	const struct mr_field_rule *rule; /* what else must hold of the value; NULL: nothing */
	const char            *help;  /* one sentence for the reference page              */
};

#define MR_AT(type, member) .at = offsetof(type, member)

struct mr_json; /* json.h: a loaded document that knows where each value stands */

/* A part of the node file that belongs to one kind, resource or subcommand. */
struct mr_section {
	const char            *path;      /* "transports.udp"; "" is the top level        */
	const struct mr_field *fields;
	size_t                 size;      /* bytes of the struct the fields describe; 0: a
	                                   * part that is not built, all keys for later   */
	bool                   instances; /* the object may also be name -> such an object;
	                                   * decoded is then always a struct mr_list of
	                                   * items of `size` bytes that begin with
	                                   * char *name (owned, NULL when unnamed)        */
	unsigned               most;      /* instances, at most; 0: any number            */
	const char            *help;
	/* What no field can say of itself, of a section without instances: complains with the place
	 * in the document.  For who checks a node file and opens nothing.  May be NULL. */
	void                 (*check)(const void *conf, const struct mr_json *doc,
	                              struct mr_report *report);
};

#define MR_INSTANCE_NAME 63 /* bytes of an instance's name, at most: paths lead through it */

struct json_t;  /* jansson's */

/* Fill `out` (zeroed by the callee, `size` bytes) from the object at `path` of the document, or
 * with defaults when the object is absent; every mistake goes to the report, keys that the table
 * lacks included.  A null stands for an absent value.  `doc` may be NULL (defaults only).  Setup
 * only. */
void mr_fields_decode(const struct mr_field *fields, void *out, size_t size,
                      const struct mr_json *doc, const char *path, struct mr_report *report);

/* Free what decoding allocated inside the struct; secrets are wiped. */
void mr_fields_free(const struct mr_field *fields, void *out);

/* ---- several tables for one object ----
 *
 * The settings of a stage stand in one object beside those of the graph, and the sections of the
 * node file interlock ("node" is shared by many).  Then each table fills its struct without minding
 * other keys, and one call at the end names the keys that no table has. */

/* As mr_fields_decode, but unknown keys are left to mr_sections_known. */
void mr_fields_fill(const struct mr_field *fields, void *out, size_t size,
                    const struct mr_json *doc, const char *path, struct mr_report *report);

/* A section: bytes of what is decoded (that of a struct mr_list when it has instances, of no items
 * when the object is absent), fill, free. */
size_t mr_section_size(const struct mr_section *s);
void   mr_section_fill(const struct mr_section *s, void *out, const struct mr_json *doc,
                       struct mr_report *report);
void   mr_section_free(const struct mr_section *s, void *out);

/* Fill from a node file that has been checked: no complaints are left to make. */
void mr_section_decode(const struct mr_section *s, void *out, const struct mr_json *doc);

/* What the document (NULL: defaults) says in the section, defaults filled in, secrets left out: a
 * new object; of a section with named instances one that has an object for each.
 * Checked before. */
struct json_t *mr_section_json(const struct mr_section *s, const struct mr_json *doc);

/* Does the section say the same in both documents (either may be NULL)?  If not, `at` (MR_PATH
 * bytes, json.h) is the path of the first difference.  Setup only. */
bool mr_section_same(const struct mr_section *s, const struct mr_json *a, const struct mr_json *b,
                     char *at);

/* Is the object a map from names to instances?  All its members are objects then, and no key is
 * that of a setting. */
bool mr_section_is_map(const struct mr_section *s, const struct json_t *object);

/* Is it to be put up with that nobody knows the key which stands there? */
typedef bool mr_minor(const struct mr_where *where);

/* Complain about every key of the document below `path` that none of the n sections has, a warning
 * where that is minor (NULL: nowhere), and warn of each that only a MR_LATER field has.  A
 * section's path is relative to `path`; a MR_GROUP or MR_LIST without a table of its own is not
 * entered. */
void mr_sections_known(const struct mr_section *const *sections, unsigned n,
                       const struct mr_json *doc, const char *path, mr_minor *minor,
                       struct mr_report *report);

/* Has any of them this key at the top level? */
bool mr_sections_have(const struct mr_section *const *sections, unsigned n, const char *key);

/* The reference: name, type, range, default, unit, help, a line each. */
void mr_fields_print(const struct mr_field *fields, FILE *out, unsigned indent);

/* Of one field, without its name: "whole number from 576 to 65000, in bytes"; "required", "default
 * 1280" or, without a default, nothing. */
void mr_field_print_type(const struct mr_field *f, FILE *out);
void mr_field_print_default(const struct mr_field *f, FILE *out);

/* Back to JSON: a new object with every field of the struct, secrets left out.  NULL: no memory. */
struct json_t *mr_fields_json(const struct mr_field *fields, const void *in);

#endif
