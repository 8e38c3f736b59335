/* numberer.h - a replica that numbers, links or sessions: what its state begins with. */
#ifndef MR_STAGES_NUMBERER_H
#define MR_STAGES_NUMBERER_H

#include <stdbool.h>

#include "core/stage.h"
#include "stages/lib/mesh.h"

struct mr_numberer {
	struct mr_mesh       *mesh; /* borrowed */
	const struct mr_aead *aead;
	unsigned              worker;
	bool                  shared; /* other replicas may number under the same key */
};

/* The `open` of a kind that numbers; uses[0] is the mesh. */
int mr_numberer_open(void *self, struct mr_setup *s);

/* Its `order`: reports of what was sent. */
void mr_numberer_order(void *self, struct mr_order *order, struct mr_turn *t);

#endif
