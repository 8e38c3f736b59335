/* probe.h - can that node be reached, and if not, where does it end (operations.md 4.4)?
 *
 *     bloom ----> discovery ----> path ----> session ----> rtt
 *     does a      does an         which       is there     what does a
 *     filter      answer bring    way does    one?         report say?
 *     have it?    coordinates?    it take?
 *
 * A probe wants the node as a packet of a program would, and looks at what comes of it, once a
 * second and whenever somebody asks how it goes.  It changes nothing else: a session that came
 * about ends as idle ones do.
 */
#ifndef MR_STAGES_CONTROL_PROBE_H
#define MR_STAGES_CONTROL_PROBE_H

#include "stages/control/state.h"

#define PROBES        8  /* at a time, those among them that have ended and nobody has asked for */
#define PROBES_RUN    4  /* ... that run                                                          */
#define PROBE_KEEP    (30 * MR_NS_PER_S)
#define PROBE_SESSION_TIME (5 * MR_NS_PER_S)
#define PROBE_RTT_TIME (4 * MR_NS_PER_S)
#define PROBE_SLACK   (2 * MR_NS_PER_S)

enum probe_stage { PROBE_BLOOM, PROBE_DISCOVERY, PROBE_PATH, PROBE_SESSION, PROBE_RTT,
	           PROBE_STAGES };
enum probe_verdict { PROBE_PENDING, PROBE_RUNNING, PROBE_OK, PROBE_SKIPPED, PROBE_FAILED };

struct probe_record {
	enum probe_verdict verdict;
	const char        *reason;  /* NULL: none                                   */
	bool               unseen;  /* an earlier stage ended the probe             */
	uint64_t           elapsed; /* ns; valid when the stage is over and not unseen */
};

struct probe {
	/* const while it is there */
	uint64_t         id;    /* 0: place is free                                  */
	struct fips_addr target;
	uint8_t          pub[FIPS_PUB_LEN];
	char             npub[FIPS_KEY_TEXT];
	uint64_t         started;
	bool             coords_were_known, key_was_known, session_was_there;

	uint64_t            ended; /* ns; 0: it runs                                 */
	bool                cancelled;
	enum probe_stage    at;    /* PROBE_STAGES: over                             */
	uint64_t            since; /* ns, of this stage                              */
	struct probe_record record[PROBE_STAGES];

	/* what was seen */
	const char          *source;  /* of coordinates: "cache", "lookup", "direct_peer"; NULL */
	bool                 asked;   /* a lookup is to bring them                   */
	bool                 looked;  /* ... and was under way                       */
	unsigned             fanout;  /* neighbours whose filter has it, if asked    */
	unsigned             attempt; /* of the lookup, from 1; 0: none              */
	struct fips_treepath ours, theirs; /* theirs empty: not known                */
	bool                 hop_known;
	struct fips_nexthop  hop;     /* valid if hop_known                          */
	struct fips_addr     hop_addr; /* ... and it was FOUND                       */
	bool                 established;
	uint16_t             mtu;
	struct fips_metrics_info first, last; /* when the rtt stage began, and now   */
};

struct probes {
	uint64_t     last; /* id */
	struct probe list[PROBES];
};

/* Begin one: its id, or 0 when too many run.  Between turns, as all here. */
uint64_t mr_probe_start(struct control *c, const uint8_t pub[FIPS_PUB_LEN], uint64_t now);
/* How long it may take, ns. */
uint64_t mr_probe_budget(const struct control *c);
/* NULL: there is none.  Looked at again now. */
struct probe *mr_probe_look(struct control *c, uint64_t id, uint64_t now);
void mr_probe_cancel(struct probe *p, uint64_t now);
void mr_probe_forget(struct probe *p);
/* Once a second. */
void mr_probes_tick(struct control *c, uint64_t now);

#endif
