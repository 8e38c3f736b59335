/* stage.h - what bench stage measures: subjects, each a stage in a runtime of its own without
 * threads, and how to bring it packets.
 *
 * A subject's round calls its stage some times, each time with (or for) `size` packets, and adds
 * what each call took.  What else has to be done - packets brought to where they are taken from,
 * and taken away from where they were left - is done between the calls.
 */
#ifndef MR_BENCH_STAGE_H
#define MR_BENCH_STAGE_H

#include <stdint.h>

#include "fips/path/via.h"
#include "t/lib/keys.h"
#include "t/lib/rig.h"

#define STAGE_SAMPLES  100000
#define STAGE_SIZES    3
#define STAGE_LINK_MTU 1472

/* Samples of one cell of the table. */
struct samples {
	unsigned n;
	uint32_t stage[STAGE_SAMPLES], behind[STAGE_SAMPLES]; /* ticks */
};

struct subject {
	const char *name;              /* on the command line and in the table          */
	unsigned    size[STAGE_SIZES]; /* packets of a call                             */
	const char *output;            /* by which they leave; NULL: they end here      */
	const char *system_calls;      /* the counter of those; NULL: it makes none     */
	struct rig *rig;
	void      (*round)(const struct subject *s, unsigned size, struct samples *to);
	void       *of;                /* the round's own                               */
	unsigned    at;                /* likewise                                      */
};

/* ---- stage_call.c ---- */

/* Ticks of the clock that samples are taken with, and how long one is. */
uint64_t stage_ticks(void);
double   stage_ns_per_tick(void);

/* One call by the runtime: process for this input, or pull.  Returns the ticks it took. */
uint64_t stage_call(struct rig *rig, unsigned input, struct mr_vector *v);
uint64_t stage_pull(struct rig *rig);

/* The same of the empty stage that n packets would have gone to by this output. */
uint64_t stage_behind(struct rig *rig, const char *output, unsigned n);

/* A packet of the rig's pool. */
struct mr_pkt *stage_packet(struct rig *rig, const void *bytes, size_t n);

/* Take away what left by this output.  There must be n; or the run ends here. */
void stage_drain(struct rig *rig, const char *output, unsigned n);

void stage_sample(struct samples *to, uint64_t ticks);

/* Say that the stage did something else than it was to do, and exit with 1. */
void stage_failed(const char *name, const char *what) __attribute__((noreturn));

/* ---- stage_way.c: stages that packets are carried through ---- */

enum { WAY_PLAIN, WAY_DEALT, WAYS };
enum { WAY_PLACES = 7 };

struct way {
	unsigned                 number; /* WAY_PLAIN or WAY_DEALT */
	struct rig              *rig[WAY_PLACES];
	struct keys             *link, *session;
	struct fips_link_recv    link_recv;
	struct fips_session_recv session_recv;
	unsigned                 bytes; /* of an IP packet */
	uint8_t                  ip[MR_VECTOR][STAGE_LINK_MTU];
};

/* The way of this number; fills in the subjects that stand on it and returns how many.  Rigs are
 * opened with the provider that rig_aead chose. */
unsigned way_open(struct way *w, unsigned number, const struct mr_aead *aead, unsigned bytes,
                  struct subject *subject);
void     way_close(struct way *w);

/* ---- stage_io.c: stages that read and write ---- */

struct io {
	struct rig     *rx, *tx, *reader, *writer;
	int             from, to;             /* UDP sockets: to rx, from tx          */
	int             reader_end, writer_end; /* where the device would be          */
	struct fips_via rx_via, tx_via;       /* where rx listens, where `to` does    */
	struct fips_link_recv recv;
	struct fips_recv_key  key;
	unsigned        bytes;                /* of an IP packet                      */
	unsigned        frame;                /* of a frame with it                   */
	uint8_t         buffer[1 << 17];
};

unsigned io_open(struct io *io, unsigned bytes, struct subject *subject);
void     io_close(struct io *io);

#endif
