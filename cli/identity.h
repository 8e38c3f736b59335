/* identity.h - whose node is it?  From the node file's settings to a secret key.
 *
 * In this order: node.identity.nsec; the file node.identity.key_file; with node.identity.persistent
 * the file fips.key beside the node file, made when missing; else a fresh key at every start.
 */
#ifndef MILLRACE_CLI_IDENTITY_H
#define MILLRACE_CLI_IDENTITY_H

#include "core/field.h"
#include "core/json.h"
#include "fips/noise/identity.h"

enum cli_identity {
	CLI_IDENTITY_WRONG, /* complained                                              */
	CLI_IDENTITY_FOUND, /* *id is filled in                                        */
	CLI_IDENTITY_NONE,  /* the node file names none, or the persistent one is not yet made */
};

extern const struct mr_section cli_identity_section;

/* Find the key.  `file` is the node file, or NULL.  With `make`, a missing persistent key is made
 * and written.  The caller wipes *id. */
enum cli_identity cli_identity_find(const struct mr_json *doc, const char *file, bool make,
                                    struct fips_identity *id, struct mr_report *report);

/* Of whom is this node file?  False: it names no key, or none that is for us to read. */
bool cli_identity_npub(const char *file, char npub[FIPS_KEY_TEXT]);

/* For run: find or make the key, a fresh one if the file names none, and put it into the document
 * as node.identity.nsec, where the sections of the node file expect it.  False after
 * complaining. */
bool cli_identity_take(struct mr_json *doc, const char *file, struct fips_identity *id,
                       struct mr_report *report);

/* For a reload: does the document, read again from the same file, name the key the node has?  The
 * document it started with has been hidden (below); nsec: it had the key itself.  A key file by the
 * same name is not read again, since the rights to do so may have been given up.  If so, the
 * document is hidden too; false after complaining. */
bool cli_identity_again(struct mr_json *doc, const char *file, const struct mr_json *started,
                        bool nsec, const struct fips_identity *id, struct mr_report *report);

/* Once the node has taken its key: the document has its npub where the secret was, which is wiped.
 * Two documents treated so say the same there if and only if they have the same key. */
void cli_identity_hide(struct mr_json *doc, const struct fips_identity *id,
                       struct mr_report *report);

#endif
