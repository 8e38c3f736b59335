/* fate.h - what happens to a packet on its way, by rules and a seed.
 *
 * A rule is a line of words: what to do, and to which packets.
 *
 *     drop | double | delay=MS[..MS] | hold=N | corrupt | roam=ADDRESS:PORT
 *     from=NODE to=NODE            either may be left out
 *     kind=frame|msg1|msg2|other   what the datagram is (link.md 3.1)
 *     size=BYTES[..BYTES]          of the datagram
 *     after=MS until=MS            since the rules were read
 *     skip=N every=N count=N       of the packets all that picks: not the first N, each Nth,
 *                                  N in all
 *     chance=PERCENT               and of those, so many; 12.5 is a number
 *
 * `delay` draws a time evenly, so packets overtake each other; `hold` keeps a packet until N later
 * ones of its direction have passed it; `corrupt` turns one bit over.  `roam` gives a node (from=)
 * another address in the eyes of all others, its own stays good for what is sent to it unless the
 * word `gone` is added; the last such rule in force counts.
 *
 * What befalls the nth packet that a rule picks in a direction depends on the seed, the rule's
 * place and n alone: directions do not disturb each other, and what repeats meets the same fate.
 */
#ifndef T_LIB_FATE_H
#define T_LIB_FATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FATE_NODES 16
#define FATE_RULES 64

enum fate_kind { FATE_FRAME, FATE_MSG1, FATE_MSG2, FATE_OTHER, FATE_KINDS };

enum fate_verb {
	FATE_DROP, FATE_DOUBLE, FATE_DELAY, FATE_HOLD, FATE_CORRUPT, FATE_ROAM, FATE_VERBS
};

/* By enum fate_kind and enum fate_verb. */
extern const char *const fate_kind_name[FATE_KINDS];
extern const char *const fate_verb_name[FATE_VERBS];

struct fate_rule {
	/* const after fate_parse */
	enum fate_verb verb;
	int            from, to; /* a node's number, or -1 for any             */
	int            kind;     /* or -1                                      */
	uint64_t       low, high;             /* ms of delay, or N of hold      */
	uint64_t       size_low, size_high;
	uint64_t       after, until;          /* ms                             */
	uint64_t       skip, every, count;    /* every > 0; count: no limit is UINT64_MAX */
	uint64_t       chance;                /* of 2^32                        */
	uint32_t       address;               /* of roam, network byte order    */
	uint16_t       port;                  /* network byte order             */
	bool           gone;

	uint64_t picked[FATE_NODES][FATE_NODES]; /* by direction: from, to      */
	uint64_t done[FATE_NODES][FATE_NODES];
};

struct fates {
	uint64_t         seed;
	struct fate_rule rule[FATE_RULES];
	unsigned         rules;
};

struct fate_packet {
	unsigned       from, to; /* [0, FATE_NODES)                             */
	enum fate_kind kind;
	size_t         size;     /* of the datagram, bytes; at least 1          */
	uint64_t       ms;       /* since the rules were read                   */
};

/* Any of these may come together, but for what was dropped. */
struct fate {
	unsigned verbs;    /* a bit for each enum fate_verb that was at work    */
	bool     drop;
	unsigned copies;   /* more than the one                                 */
	uint64_t delay_us;
	unsigned hold;     /* packets                                           */
	size_t   bit;      /* of `corrupt`: which one is turned over            */
};

/* Add one rule.  names: what the nodes are called, `nodes` of them.  NULL, or what is wrong with
 * it, valid until the next call; nothing is added then. */
const char *fate_parse(struct fates *f, const char *line, const char *const *names, unsigned nodes);

struct fate fate_decide(struct fates *f, const struct fate_packet *p);

/* The roam rule in force for a node, or NULL. */
const struct fate_rule *fate_roams(const struct fates *f, unsigned node, uint64_t ms);

#endif
