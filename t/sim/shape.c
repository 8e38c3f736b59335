#include "t/sim/shape.h"

#include <stdlib.h>
#include <string.h>

#include "t/sim/air.h"

static void line(struct sim *s)
{
	for (unsigned i = 1; i < s->n_nodes; i++)
		sim_air_join(s, i - 1, i);
}

static void ring(struct sim *s)
{
	line(s);
	sim_air_join(s, 0, s->n_nodes - 1);
}

static void star(struct sim *s)
{
	for (unsigned i = 1; i < s->n_nodes; i++)
		sim_air_join(s, 0, i);
}

static void tree(struct sim *s)
{
	for (unsigned i = 1; i < s->n_nodes; i++)
		sim_air_join(s, (unsigned)sim_random(s, i), i);
}

static void grid(struct sim *s)
{
	unsigned wide = 1;

	while (wide * wide < s->n_nodes)
		wide++;
	for (unsigned i = 0; i < s->n_nodes; i++) {
		if (i % wide)
			sim_air_join(s, i - 1, i);
		if (i >= wide)
			sim_air_join(s, i - wide, i);
	}
}

/* A tree, so that it is one piece, and as many edges again. */
static void any(struct sim *s)
{
	tree(s);
	for (unsigned i = 0; i < s->n_nodes; i++)
		sim_air_join(s, (unsigned)sim_random(s, s->n_nodes),
		             (unsigned)sim_random(s, s->n_nodes));
}

/* Points in a square, joined with the nearest of those before them and with some that are near. */
static void near(struct sim *s)
{
	unsigned n = s->n_nodes;
	int64_t(*at)[2] = sim_alloc(n, sizeof *at);

	for (unsigned i = 0; i < n; i++) {
		uint64_t reach = UINT64_C(5) * 1000000 / n;
		unsigned nearest = 0;
		int64_t best = INT64_MAX;

		at[i][0] = (int64_t)sim_random(s, 1000);
		at[i][1] = (int64_t)sim_random(s, 1000);
		for (unsigned j = 0; j < i; j++) {
			int64_t x = at[i][0] - at[j][0], y = at[i][1] - at[j][1];
			int64_t d = x * x + y * y;

			if (d < best) {
				best = d;
				nearest = j;
			}
			if ((uint64_t)d * 3 < reach)
				sim_air_join(s, i, j);
		}
		if (i)
			sim_air_join(s, i, nearest);
	}
	free(at);
}

const struct sim_shape sim_shapes[] = {
	{ .name = "any", .summary = "a random tree and as many edges again", .join = any },
	{ .name = "near", .summary = "points in a square, joined with those that are near",
	  .join = near },
	{ .name = "grid", .summary = "a square of squares", .join = grid },
	{ .name = "ring", .summary = "one after the other, and round",
	  .join = ring, .long_ways = true },
	{ .name = "tree", .summary = "a random tree", .join = tree },
	{ .name = "line", .summary = "one after the other", .join = line, .long_ways = true },
	{ .name = "star", .summary = "all around the first", .join = star },
	{ 0 },
};

const struct sim_shape *sim_shape_find(const char *name)
{
	for (const struct sim_shape *shape = sim_shapes; shape->name; shape++)
		if (strcmp(shape->name, name) == 0)
			return shape;
	return NULL;
}
