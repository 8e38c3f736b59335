/* settings.h - all that may stand in a file, as one tree made from every table that has a say in
 * it.
 *
 * Several tables may apply to one object: sections whose paths lead there, and tables of groups and
 * lists that others have there.  The tree is what they come to together: a setting for each key,
 * with the settings of the object below it.  What reads files asks it for unknown keys
 * (field_known.c); the JSON Schema (schema.h), the reference (reference.h) and the tests of bad
 * values walk it, so that none of them can miss a setting that the others have.
 */
#ifndef MR_CORE_SETTINGS_H
#define MR_CORE_SETTINGS_H

#include "core/field.h"

/* What may stand at a key. */
enum mr_shape {
	MR_VALUE,        /* one value, as its field says                                  */
	MR_OBJECT,       /* an object with the settings below                             */
	MR_OBJECTS,      /* an array of such objects                                      */
	MR_NAMED,        /* an object: any name to such an object                         */
	MR_MAYBE_NAMED,  /* such an object, or any name to such an object                 */
	MR_MAYBE_OBJECT, /* a value, or such an object                                    */
};

#define MR_SETTING_SECTIONS 8 /* sections of one path, at most; further ones have no map of names */

struct mr_setting {
	char                    *key;      /* owned; "" of the root                       */
	enum mr_shape            shape;
	const struct mr_field   *field;    /* by which it is decoded, or NULL             */
	const struct mr_section *section[MR_SETTING_SECTIONS]; /* whose paths end here    */
	unsigned                 sections;
	bool                     known;    /* to a part that is built                     */
	bool                     later;    /* to a part that is not; has no effect if that is all */
	bool                     leads;    /* a section's path goes on below: nothing but an object
	                                    * may stand here                             */
	bool                     required;
	bool                     no_usual; /* what it is when left out is not the field's default */
	const char              *part;     /* of what is for later: the part, and "is"; or NULL */
	const char              *help;     /* or NULL                                     */
	struct mr_setting      **below;    /* owned; [n], in the order of the tables      */
	unsigned                 n;
};

/* An empty tree, and one of the n sections.  No memory ends the program. */
struct mr_setting *mr_settings_new(void);
struct mr_setting *mr_settings_of(const struct mr_section *const *sections, unsigned n);
void mr_settings_free(struct mr_setting *s);

/* Add a section; add the keys of a table to an object. */
void mr_settings_add(struct mr_setting *root, const struct mr_section *section);
void mr_settings_add_fields(struct mr_setting *s, const struct mr_field *fields);

/* The setting of that key below s, or NULL. */
struct mr_setting *mr_settings_find(const struct mr_setting *s, const char *key);

/* Is anything but its being there looked at? */
bool mr_setting_is_checked(const struct mr_setting *s);

/* Instances, at most; 0: any number, or it has none. */
unsigned mr_setting_most(const struct mr_setting *s);

/* Has it keys of its own below? */
bool mr_setting_has_keys(const struct mr_setting *s);

/* Is the object at s a map from names to instances (mr_section_is_map)? */
bool mr_setting_is_map(const struct mr_setting *s, const struct json_t *object);

#endif
