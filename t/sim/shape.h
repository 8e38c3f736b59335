/* shape.h - who is joined with whom: a line, a ring, a cloud ... */
#ifndef T_SIM_SHAPE_H
#define T_SIM_SHAPE_H

#include "t/sim/sim.h"

struct sim_shape {
	const char *name;
	const char *summary;
	void (*join)(struct sim *s);
	bool        long_ways; /* as long as there are nodes */
};

/* NULL-terminated by name. */
extern const struct sim_shape sim_shapes[];

/* NULL: there is no such. */
const struct sim_shape *sim_shape_find(const char *name);

#endif
