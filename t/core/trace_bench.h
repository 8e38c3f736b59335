/* trace_bench.h - made-up stages whose packets are followed, turned by hand:
 *
 *     worker w                worker v
 *     source -a-> mid -out->  hand -out-> sink          boss, the host, sends to mid.side
 *
 * The mail of v is read before that of w: an end is known before what led to it.  Each call of
 * source takes 100 ns, of mid 200, of sink 50; nothing else moves the clock but the test.
 */
#ifndef T_CORE_TRACE_BENCH_H
#define T_CORE_TRACE_BENCH_H

#include <check.h>

#include "core/trace.h"
#include "t/lib/actors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PASS     (6 * MR_NS_PER_MS) /* mails are read once in less */

/* That graph; full: what the edge between the workers does, "wait" or "drop". */
#define GRAPH(full) \
	"{\"graph\":\"g\",\"stages\":{\"source\":{},\"mid\":{},\"hand\":{},\"sink\":{},\"boss\":{}}," \
	"\"edges\":[{\"from\":\"source.a\",\"to\":\"mid.in\",\"full\":\"wait\"}," \
	"{\"from\":\"mid.out\",\"to\":\"hand.in\",\"full\":\"" full "\",\"depth\":64}," \
	"{\"from\":\"hand.out\",\"to\":\"sink.in\",\"full\":\"wait\"}," \
	"{\"from\":\"boss.out\",\"to\":\"mid.side\"}]," \
	"\"workers\":{\"v\":{\"stages\":[\"hand\",\"sink\"]}," \
	"\"w\":{\"stages\":[\"source\",\"mid\"]}}}"

extern struct stand s; /* the graph that is open */

/* Open the graph, without a trace.  Closing fails when a packet went nowhere or two ways. */
void begin(const char *graph);
void end(void);

/* A trace, and everybody has been told: 1 story of every packet for as long as may be, where the
 * wish says nothing else.  `begin_trace` opens the graph first. */
void start(const struct mr_trace_wish *wish);
void begin_trace(const char *graph, const struct mr_trace_wish *wish);

/* Main's order reaches everybody, and is acknowledged. */
void tell_all(void);

struct actor *actor(const char *stage);
void turn(const char *stage); /* of its worker                                       */
void give(unsigned n);        /* the source makes n, which come as far as the ring   */
void let_go(const char *stage); /* it hands on, or takes, one vector of what it keeps */

/* Two passes: mails are read, and those whose end was seen are told. */
void look(void);

/* The next story, which must be there; `story` looks first.  `no_more`: there is none. */
const struct mr_story *next_story(void);
const struct mr_story *story(void);
void no_more(void);

struct want {
	const char        *stage;
	enum mr_trace_what what;
	const char        *port;
	uint64_t           waited, served;
	unsigned           vector;
};

/* The next story is whole and has these steps, whose times add up to its own. */
const struct mr_story *tells(const struct want *want, unsigned n);

/* The test's parts: which packets are told of, and the life of a trace. */
TCase *trace_told(void);
TCase *trace_life(void);

#endif
