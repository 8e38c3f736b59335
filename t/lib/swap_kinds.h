/* swap_kinds.h - stages for graphs that are exchanged while they run: a source of numbered packets,
 * a stage that keeps some, an end that looks whether each is the next, and a host with orders and
 * settings.
 */
#ifndef T_LIB_SWAP_KINDS_H
#define T_LIB_SWAP_KINDS_H

#include <sys/types.h>

#include "core/stage.h"

#define SWAP_FLOWS 32

/* What outlives every graph.  A flow's row is written by the one replica that has it: that a new
 * replica goes on with it is for ThreadSanitizer to judge. */
struct swap_world {
	int              ready; /* always readable                              */
	_Atomic bool     stop;  /* no more packets                              */
	_Atomic uint64_t made, taken;
	uint64_t         next[SWAP_FLOWS];
	struct {
		_Alignas(64) uint64_t seen; /* the newest number, from 1        */
	} at[SWAP_FLOWS];
	_Atomic unsigned wrong; /* numbers that were not the next one           */
	/* the host */
	unsigned         sent, done, events;
	unsigned         prepared, went, stayed, workers;
	uint32_t         limit; /* of the settings in force                     */
	bool             refuse_open, refuse_prepare;
	/* main speaks for a worker that never comes to its end */
	_Atomic bool     restless;
	pid_t            main;
	_Atomic pid_t    thread[8]; /* of each replica of pass                     */
};
extern struct swap_world swap_world;

/* The stage `pass`: hands on; keeps what belongs to some flows until an order says go, if told to.
 */
enum { SWAP_KEEPS = 128 };

struct swap_pass {
	uint32_t       park;  /* setting: flows below this wait for an order         */
	bool           stuck; /* setting: the first vector is kept and the input held */
	bool           go;
	unsigned       index;
	unsigned       follows; /* replicas that had this one's place before */
	bool           heir;    /* was opened to follow one                  */
	unsigned       n;
	struct mr_pkt *kept[SWAP_KEEPS];
};

extern unsigned swap_boxes_open; /* of the resource that pass uses */

/* The host `boss`: its next orders go out then, ns, or MR_NEVER. */
void swap_boss_due(void *boss, uint64_t due);

extern const struct mr_kind swap_kind_pass;

/* source, pass, end and boss, NULL-terminated. */
extern const struct mr_kind *const swap_kinds[];

#endif
