/* kinds.h - every stage kind that is built into the program.
 *
 * The table is made from stages/kinds.list: one more stage is its folder and one line there.
 */
#ifndef MR_STAGES_KINDS_H
#define MR_STAGES_KINDS_H

#include "core/stage.h"

/* NULL-terminated, in the order of kinds.list. */
extern const struct mr_kind *const mr_kinds[];

#endif
