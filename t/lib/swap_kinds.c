/* swap_kinds.c - see swap_kinds.h. */
#include "t/lib/swap_kinds.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "core/build.h"
#include "core/clock.h"

struct swap_world swap_world;

/* ---- source: numbered packets of all flows, as fast as there is room ---- */

struct source {
	uint32_t batch;
};

static const struct mr_field source_fields[] = { { "batch", MR_U32, MR_AT(struct source, batch),
						   .min = 1, .max = MR_VECTOR, .def = MR_VECTOR,
						   .help = "packets a pull" },
						 { 0 } };

static int source_open(void *self, struct mr_setup *s)
{
	(void)self;
	if (swap_world.refuse_open)
		return mr_setup_error(s, NULL, "told not to open");
	return mr_setup_watch(s, swap_world.ready, MR_WATCH_READ) < 0 ? -1 : 0;
}

static bool source_pull(void *self, struct mr_turn *t)
{
	const struct source *src = self;

	if (swap_world.stop) {
		mr_watch(t, 0, 0);
		return false;
	}
	for (unsigned i = 0; i < src->batch; i++) {
		struct mr_pkt *p = mr_spare(t);
		unsigned flow;

		if (!p)
			return false;
		flow = (unsigned)(swap_world.made++ % SWAP_FLOWS);
		p->seq = ++swap_world.next[flow];
		p->far = (uint64_t)(flow * 37) << 20 | flow;
		memcpy(mr_pkt_put(p, 8), &p->seq, 8);
		mr_made(t, 1);
		mr_emit(t, 0, p);
	}
	return true;
}

/* ---- pass: hands on; keeps what belongs to some flows until an order says go, if told to ---- */

enum { PASS_STOPPED };
static const struct mr_field pass_fields[] = { { "park", MR_U32, MR_AT(struct swap_pass, park),
						 .max = SWAP_FLOWS, .help = "flows that wait" },
					       { "stuck", MR_BOOL, MR_AT(struct swap_pass, stuck),
						 .help = "hold for ever" },
					       { 0 } };

static int pass_open(void *self, struct mr_setup *s)
{
	struct swap_pass *pass = self;

	pass->heir = s->before != NULL;
	pass->index = s->replica;
	return 0;
}

static void pass_inherit(void *self, void *before)
{
	struct swap_pass *pass = self;
	const struct swap_pass *old = before;

	swap_world.wrong += !pass->heir || old->n > 0; /* what was kept has been given */
	pass->follows = old->follows + 1;
}

static void keep(struct swap_pass *pass, struct mr_pkt *p, struct mr_turn *t)
{
	pass->kept[pass->n++] = p;
	mr_keep(t, 1);
}

static bool waits_for(const struct swap_pass *pass, const struct mr_pkt *p)
{
	if (pass->n == SWAP_KEEPS || p->far % (1 << 20) >= pass->park)
		return false;
	return true;
}

/* One that may not wait any more takes those before it along. */
static void let_go(struct swap_pass *pass, unsigned most, struct mr_turn *t)
{
	unsigned n = 0;

	for (; n < pass->n && n < most && mr_room(t, 0); n++) {
		mr_keep(t, -1);
		mr_emit(t, 0, pass->kept[n]);
	}
	pass->n -= n;
	memmove(pass->kept, pass->kept + n, pass->n * sizeof pass->kept[0]);
}

static void pass_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct swap_pass *pass = self;

	swap_world.thread[pass->index] = gettid();
	if (pass->stuck) {
		for (unsigned i = 0; i < v->n; i++)
			keep(pass, v->pkt[i], t);
		mr_hold(t, input, true);
		return;
	}
	/* no more room to keep a whole vector: everything waits in the ring until some has left */
	for (unsigned i = 0; i < v->n; i++) {
		if (waits_for(pass, v->pkt[i]))
			keep(pass, v->pkt[i], t);
		else
			mr_emit(t, 0, v->pkt[i]);
	}
	if (pass->n > SWAP_KEEPS - MR_VECTOR) {
		mr_hold(t, input, true);
		pass->go = true;
		mr_pull_again(t);
	}
}

static bool pass_pull(void *self, struct mr_turn *t)
{
	struct swap_pass *pass = self;

	if (!pass->go)
		return false;
	let_go(pass, MR_VECTOR, t);
	pass->go = pass->n > 0;
	if (!pass->go && !pass->stuck)
		mr_hold(t, 0, false);
	return pass->go;
}

static uint64_t pass_deadline(void *self)
{
	(void)self;
	return swap_world.restless && gettid() == swap_world.main ? 0 : MR_NEVER;
}

static void pass_timeout(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
}

static void pass_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct swap_pass *pass = self;

	if (order->a && pass->n && !pass->stuck) {
		pass->go = true;
		mr_pull_again(t);
	}
	mr_tell(t, &(struct mr_event){ .kind = 1 });
}

static void pass_flush(void *self, struct mr_turn *t)
{
	struct swap_pass *pass = self;

	for (unsigned i = 0; i < pass->n; i++) {
		mr_keep(t, -1);
		mr_drop(t, PASS_STOPPED, pass->kept[i]);
	}
	pass->n = 0;
}

static unsigned pass_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct swap_pass *pass = self;

	while (v->n < pass->n && v->n < MR_VECTOR) {
		v->pkt[v->n] = pass->kept[v->n];
		v->n++;
	}
	pass->n -= v->n;
	memmove(pass->kept, pass->kept + v->n, pass->n * sizeof pass->kept[0]);
	*input = 0;
	return v->n;
}

/* ---- end ---- */

static void end_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)self;
	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		unsigned flow = p->far % (1 << 20);
		uint64_t number;

		memcpy(&number, p->data, 8);
		swap_world.wrong += number != ++swap_world.at[flow].seen || number != p->seq;
		mr_take(t, p);
	}
	swap_world.taken += v->n;
	mr_count(t, 0, v->n);
}

/* ---- boss: orders all the time, and settings ---- */

struct limits {
	uint32_t n;
};

static const struct mr_field limits_fields[] = {
	{ "n", MR_U32, MR_AT(struct limits, n), .def = 7, .help = "a number" }, { 0 }
};
static const struct mr_section boss_sections[] = {
	{ .path = "limits", .fields = limits_fields, .size = sizeof(struct limits) }, { 0 }
};

struct boss {
	uint64_t        due;
	unsigned        ticks;
	uint32_t        next;    /* setting that waits for its commit */
	unsigned        workers;
	struct mr_order order[64];
	bool            out[64];
};

static void boss_done(struct mr_order *order, void *host, struct mr_turn *t)
{
	struct boss *b = host;

	(void)t;
	b->out[order - b->order] = false;
	swap_world.done++;
}

static int boss_open(void *self, struct mr_setup *s)
{
	struct boss *b = self;
	const struct limits *limits = s->conf[0];

	b->due = 1;
	swap_world.limit = limits->n;
	swap_world.workers = s->workers;
	return 0;
}

void swap_boss_due(void *boss, uint64_t due)
{
	((struct boss *)boss)->due = due;
}

static uint64_t boss_deadline(void *self)
{
	const struct boss *b = self;

	return b->due;
}

static void boss_timeout(void *self, struct mr_turn *t)
{
	struct boss *b = self;

	b->due = t->now + 200 * MR_NS_PER_US;
	b->ticks++;
	for (unsigned i = 0; i < 64; i++) {
		if (b->out[i])
			continue;
		b->order[i] = (struct mr_order){ .a = b->ticks % 16 == 0, .done = boss_done };
		b->out[i] = mr_order_send(t, "pass", &b->order[i]);
		swap_world.sent += b->out[i];
	}
}

static void boss_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	(void)self;
	(void)event;
	(void)t;
	swap_world.events++;
}

static int boss_prepare(void *self, struct mr_setup *s)
{
	struct boss *b = self;
	const struct limits *limits = s->conf[0];

	if (swap_world.refuse_prepare)
		return mr_setup_error(s, "limits.n", "told to refuse");
	b->next = limits->n;
	b->workers = s->workers;
	swap_world.prepared++;
	return 0;
}

static void boss_commit(void *self, bool go, struct mr_turn *t)
{
	const struct boss *b = self;

	(void)t;
	if (!go) {
		swap_world.stayed++;
		return;
	}
	swap_world.went++;
	swap_world.limit = b->next;
	swap_world.workers = b->workers;
}

/* ---- the box they share ---- */

struct box_conf {
	char    *label;
	uint32_t size;
};

unsigned swap_boxes_open;

static int box_open(void *self, struct mr_setup *s)
{
	(void)self;
	(void)s;
	swap_boxes_open++;
	return 0;
}

static void box_close(void *self)
{
	(void)self;
	swap_boxes_open--;
}

static const struct mr_field box_fields[] = {
	{ "label", MR_TEXT, MR_AT(struct box_conf, label), .secret = true },
	{ "size", MR_U32, MR_AT(struct box_conf, size), .def = 5 },
	{ 0 }
};
static const struct mr_section box_sections[] = {
	{ .path = "box", .fields = box_fields, .size = sizeof(struct box_conf) }, { 0 }
};
static const struct mr_resource box = {
	.name = "box", .size = 8, .sections = box_sections, .open = box_open, .close = box_close,
};

#define NONE   (const struct mr_named[]){ { 0 } }
#define NOPORT (const struct mr_port[]){ { 0 } }
#define PORT(n)                                                     \
	(const struct mr_port[])                                    \
	{                                                           \
		{ n, .view = "number", .reaches = MR_ALL_OUTPUTS }, \
		{                                                   \
			0                                           \
		}                                                   \
	}

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "makes", .size = sizeof(struct source),
	.fields = source_fields, .inputs = NOPORT, .outputs = PORT("out"), .drops = NONE,
	.counters = NONE, .makes = true, .single = true, .affinities = 1 << MR_ANY,
	.open = source_open, .pull = source_pull,
};
const struct mr_kind swap_kind_pass = {
	.abi = MR_ABI,
	.name = "pass",
	.summary = "hands on",
	.size = sizeof(struct swap_pass),
	.fields = pass_fields,
	.uses = (const struct mr_resource *const[]) { &box, NULL },
	.inputs = PORT("in"),
	.outputs = PORT("out"),
	.drops = (const struct mr_named[]) { { "stopped", .help = "" }, { 0 } },
	.counters = NONE,
	.keeps = SWAP_KEEPS,
	.affinities = 1 << MR_ANY | 1 << MR_DESTINATION,
	.shards = 1 << MR_DESTINATION,
	.open = pass_open,
	.inherit = pass_inherit,
	.process = pass_process,
	.pull = pass_pull,
	.deadline = pass_deadline,
	.timeout = pass_timeout,
	.order = pass_order,
	.flush = pass_flush,
	.give = pass_give,
	.given_up = PASS_STOPPED,
};
static const struct mr_kind end = {
	.abi = MR_ABI, .name = "end", .summary = "takes", .size = 8, .inputs = PORT("in"),
	.outputs = NOPORT, .drops = NONE,
	.counters = (const struct mr_named[]){ { "ended", .help = "" }, { 0 } },
	.affinities = 1 << MR_ANY | 1 << MR_DESTINATION, .shards = 1 << MR_DESTINATION,
	.process = end_process,
};
static const struct mr_kind boss = {
	.abi = MR_ABI, .name = "boss", .summary = "the host", .size = sizeof(struct boss),
	.sections = boss_sections, .inputs = NOPORT, .outputs = NOPORT, .drops = NONE,
	.counters = NONE, .host = true, .once = true, .affinities = 1 << MR_ANY,
	.open = boss_open, .deadline = boss_deadline, .timeout = boss_timeout, .event = boss_event,
	.prepare = boss_prepare, .commit = boss_commit,
};
const struct mr_kind *const swap_kinds[] = { &source, &swap_kind_pass, &end, &boss, NULL };
