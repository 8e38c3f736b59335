/* Exchanging the graph that runs: nothing is lost, doubled or overtaken, whoever keeps packets and
 * however many threads there are; counters go on; what cannot be done changes nothing. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/build.h"
#include "core/clock.h"
#include "core/engine.h"
#include "core/json.h"

#define FLOWS 32

/* What outlives every graph.  A flow's row is written by the one replica that has it: that a new
 * replica goes on with it is for ThreadSanitizer to judge. */
static struct {
	int              ready; /* always readable                              */
	_Atomic bool     stop;  /* no more packets                              */
	_Atomic uint64_t made, taken;
	uint64_t         next[FLOWS];
	struct {
		_Alignas(64) uint64_t seen; /* the newest number, from 1        */
	} at[FLOWS];
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
} world;

/* ---- source: numbered packets of all flows, as fast as there is room ---- */

struct source {
	uint32_t batch;
};

static const struct mr_field source_fields[] = {
	{ "batch", MR_U32, MR_AT(struct source, batch), .min = 1, .max = MR_VECTOR, .def = MR_VECTOR,
	  .help = "packets a pull" },
	{ 0 }
};

static int source_open(void *self, struct mr_setup *s)
{
	(void)self;
	if (world.refuse_open)
		return mr_setup_error(s, NULL, "told not to open");
	return mr_setup_watch(s, world.ready, MR_WATCH_READ) < 0 ? -1 : 0;
}

static bool source_pull(void *self, struct mr_turn *t)
{
	const struct source *src = self;

	if (world.stop) {
		mr_watch(t, 0, 0);
		return false;
	}
	for (unsigned i = 0; i < src->batch; i++) {
		struct mr_pkt *p = mr_spare(t);
		unsigned flow;

		if (!p)
			return false;
		flow = (unsigned)(world.made++ % FLOWS);
		p->seq = ++world.next[flow];
		p->far = (uint64_t)(flow * 37) << 20 | flow;
		memcpy(mr_pkt_put(p, 8), &p->seq, 8);
		mr_made(t, 1);
		mr_emit(t, 0, p);
	}
	return true;
}

/* ---- pass: hands on; keeps what belongs to some flows until an order says go, if told to ---- */

enum { PASS_STOPPED };
enum { KEEPS = 128 };

struct pass {
	uint32_t       park;  /* setting: flows below this wait for an order         */
	bool           stuck; /* setting: the first vector is kept and the input held */
	bool           go;
	unsigned       index;
	unsigned       follows; /* replicas that had this one's place before */
	bool           heir;    /* was opened to follow one                  */
	unsigned       n;
	struct mr_pkt *kept[KEEPS];
};

static const struct mr_field pass_fields[] = {
	{ "park", MR_U32, MR_AT(struct pass, park), .max = FLOWS, .help = "flows that wait" },
	{ "stuck", MR_BOOL, MR_AT(struct pass, stuck), .help = "hold for ever" },
	{ 0 }
};

static int pass_open(void *self, struct mr_setup *s)
{
	struct pass *pass = self;

	pass->heir = s->before != NULL;
	pass->index = s->replica;
	return 0;
}

static void pass_inherit(void *self, void *before)
{
	struct pass *pass = self;
	const struct pass *old = before;

	world.wrong += !pass->heir || old->n > 0; /* what was kept has been given */
	pass->follows = old->follows + 1;
}

static void keep(struct pass *pass, struct mr_pkt *p, struct mr_turn *t)
{
	pass->kept[pass->n++] = p;
	mr_keep(t, 1);
}

static bool waits_for(const struct pass *pass, const struct mr_pkt *p)
{
	if (pass->n == KEEPS || p->far % (1 << 20) >= pass->park)
		return false;
	return true;
}

/* One that may not wait any more takes those before it along. */
static void let_go(struct pass *pass, unsigned most, struct mr_turn *t)
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
	struct pass *pass = self;

	world.thread[pass->index] = gettid();
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
	if (pass->n > KEEPS - MR_VECTOR) {
		mr_hold(t, input, true);
		pass->go = true;
		mr_pull_again(t);
	}
}

static bool pass_pull(void *self, struct mr_turn *t)
{
	struct pass *pass = self;

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
	return world.restless && gettid() == world.main ? 0 : MR_NEVER;
}

static void pass_timeout(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
}

static void pass_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct pass *pass = self;

	if (order->a && pass->n && !pass->stuck) {
		pass->go = true;
		mr_pull_again(t);
	}
	mr_tell(t, &(struct mr_event){ .kind = 1 });
}

static void pass_flush(void *self, struct mr_turn *t)
{
	struct pass *pass = self;

	for (unsigned i = 0; i < pass->n; i++) {
		mr_keep(t, -1);
		mr_drop(t, PASS_STOPPED, pass->kept[i]);
	}
	pass->n = 0;
}

static unsigned pass_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct pass *pass = self;

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
		world.wrong += number != ++world.at[flow].seen || number != p->seq;
		mr_take(t, p);
	}
	world.taken += v->n;
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
	world.done++;
}

static int boss_open(void *self, struct mr_setup *s)
{
	struct boss *b = self;
	const struct limits *limits = s->conf[0];

	b->due = 1;
	world.limit = limits->n;
	world.workers = s->workers;
	return 0;
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
		world.sent += b->out[i];
	}
}

static void boss_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	(void)self;
	(void)event;
	(void)t;
	world.events++;
}

static int boss_prepare(void *self, struct mr_setup *s)
{
	struct boss *b = self;
	const struct limits *limits = s->conf[0];

	if (world.refuse_prepare)
		return mr_setup_error(s, "limits.n", "told to refuse");
	b->next = limits->n;
	b->workers = s->workers;
	world.prepared++;
	return 0;
}

static void boss_commit(void *self, bool go, struct mr_turn *t)
{
	const struct boss *b = self;

	(void)t;
	if (!go) {
		world.stayed++;
		return;
	}
	world.went++;
	world.limit = b->next;
	world.workers = b->workers;
}

/* ---- the box they share ---- */

struct box_conf {
	char    *label;
	uint32_t size;
};

static unsigned boxes_open;

static int box_open(void *self, struct mr_setup *s)
{
	(void)self;
	(void)s;
	boxes_open++;
	return 0;
}

static void box_close(void *self)
{
	(void)self;
	boxes_open--;
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
#define PORT(n) (const struct mr_port[]){ { n, .view = "number", .reaches = MR_ALL_OUTPUTS }, { 0 } }

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "makes", .size = sizeof(struct source),
	.fields = source_fields, .inputs = NOPORT, .outputs = PORT("out"), .drops = NONE,
	.counters = NONE, .makes = true, .single = true, .affinities = 1 << MR_ANY,
	.open = source_open, .pull = source_pull,
};
static const struct mr_kind pass = {
	.abi = MR_ABI, .name = "pass", .summary = "hands on", .size = sizeof(struct pass),
	.fields = pass_fields, .uses = (const struct mr_resource *const[]){ &box, NULL },
	.inputs = PORT("in"), .outputs = PORT("out"),
	.drops = (const struct mr_named[]){ { "stopped", .help = "" }, { 0 } }, .counters = NONE,
	.keeps = KEEPS, .affinities = 1 << MR_ANY | 1 << MR_DESTINATION,
	.shards = 1 << MR_DESTINATION, .open = pass_open, .inherit = pass_inherit,
	.process = pass_process, .pull = pass_pull, .deadline = pass_deadline, .timeout = pass_timeout,
	.order = pass_order, .flush = pass_flush, .give = pass_give, .given_up = PASS_STOPPED,
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
static const struct mr_kind *const kinds[] = { &source, &pass, &end, &boss, NULL };

/* ---- graphs and documents ---- */

struct plan {
	const char *shape;   /* "one", "two", "staged"       */
	unsigned    threads; /* of pass and end              */
	uint32_t    park;
	const char *more;    /* further settings of pass     */
	const char *name;    /* of the stage pass            */
};

/* A document and its graph, and a node document; owned by the test until it ends. */
struct file {
	struct mr_json  *doc, *node;
	struct mr_graph *graph;
};

static void make_file(struct file *f, const struct plan *p, const char *node)
{
	struct mr_report report = { 0 };
	const char *name = p->name ? p->name : "pass";
	char text[2048], workers[256] = "{}";

	if (!strcmp(p->shape, "one"))
		snprintf(workers, sizeof workers,
		         "{\"all\":{\"stages\":[\"source\",\"%s\",\"end\"]}}", name);
	else if (!strcmp(p->shape, "two"))
		snprintf(workers, sizeof workers,
		         "{\"in\":{\"stages\":[\"source\"]},"
		         "\"out\":{\"stages\":[\"%s\",\"end\"],\"threads\":%u}}",
		         name, p->threads);
	snprintf(text, sizeof text,
	         "{\"graph\":\"%s\",\"stages\":{\"source\":{\"batch\":%u},"
	         "\"%s\":{\"kind\":\"pass\",\"affinity\":\"destination\",\"park\":%u%s%s},"
	         "\"end\":{\"affinity\":\"destination\"%s},\"boss\":{}},"
	         "\"edges\":[{\"from\":\"source.out\",\"to\":\"%s.in\",\"full\":\"wait\"},"
	         "{\"from\":\"%s.out\",\"to\":\"end.in\",\"full\":\"wait\"}],\"workers\":%s}",
	         p->shape, 1 + p->threads * 16 % MR_VECTOR, name, p->park, p->more ? p->more : "",
	         strcmp(p->shape, "staged") ? "" : p->threads == 1 ? ",\"threads\":1" :
	         p->threads == 2 ? ",\"threads\":2" : p->threads == 3 ? ",\"threads\":3" :
	         ",\"threads\":4",
	         strcmp(p->shape, "staged") ? "" : p->threads == 1 ? ",\"threads\":1" :
	         p->threads == 2 ? ",\"threads\":3" : p->threads == 3 ? ",\"threads\":2" :
	         ",\"threads\":4", name, name, workers);
	f->doc = mr_json_parse("graph", text, strlen(text), &report);
	f->node = mr_json_parse("node", node, strlen(node), &report);
	f->graph = f->doc ? mr_graph_parse(f->doc, kinds, &report) : NULL;
	if (!f->graph || !f->node) {
		mr_report_print(&report, stderr);
		ck_abort_msg("no graph: %s", text);
	}
	mr_report_free(&report);
}

/* From the source to the end, without the stage that uses the box. */
static void make_short(struct file *f, const char *node)
{
	static const char text[] =
		"{\"graph\":\"short\",\"stages\":{\"source\":{},\"end\":{},\"boss\":{}},\"edges\":["
		"{\"from\":\"source.out\",\"to\":\"end.in\",\"full\":\"wait\"}]}";
	struct mr_report report = { 0 };

	f->doc = mr_json_parse("graph", text, sizeof text - 1, &report);
	f->node = mr_json_parse("node", node, strlen(node), &report);
	f->graph = mr_graph_parse(f->doc, kinds, &report);
	ck_assert_ptr_nonnull(f->graph);
	mr_report_free(&report);
}

static void free_file(struct file *f)
{
	mr_graph_free(f->graph);
	mr_json_free(f->doc);
	mr_json_free(f->node);
}

static struct mr_engine_options options_of(const struct file *f)
{
	return (struct mr_engine_options){ .graph = f->graph, .node = f->node,
		                           .aead = &mr_aead_mbedtls,
		                           .now = mr_clock_now, .rand = mr_rand_system() };
}

static struct mr_engine *open_file(const struct file *f, bool start)
{
	struct mr_engine_options o = options_of(f);
	struct mr_report report = { 0 };
	struct mr_engine *e;
	int fd[2];

	memset(&world, 0, sizeof world);
	if (pipe(fd) || write(fd[1], "x", 1) != 1)
		ck_abort_msg("no pipe");
	world.ready = fd[0];
	e = mr_engine_open(&o, &report);
	if (!e || (start && mr_engine_start(e, &report))) {
		mr_report_print(&report, stderr);
		ck_abort_msg("the engine does not start");
	}
	mr_report_free(&report);
	return e;
}

/* Give the host its turns for so many milliseconds. */
static void host_runs(struct mr_engine *e, unsigned ms)
{
	const struct timespec pause = { .tv_nsec = 200000 };

	for (unsigned i = 0; i < 5 * ms; i++) {
		mr_engine_host_turn(e);
		nanosleep(&pause, NULL);
	}
}

static void check_books(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->replicas; i++) {
		const struct mr_replica *r = &e->replica[i];
		const uint64_t *w = r->block->live;
		uint64_t lost = w[MR_W_SOJOURN];

		for (unsigned d = 0; d < r->ndrop + r->noutput; d++)
			lost += w[MR_WORDS + d];
		ck_assert_msg(w[MR_W_IN] + w[MR_W_MADE] ==
		                      w[MR_W_OUT] + w[MR_W_TAKEN] + w[MR_W_HELD] + lost,
		              "%s/%u", r->name, r->index);
	}
}

static uint64_t total(struct mr_engine *e, const char *name, unsigned word)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < e->replicas; i++) {
		if (!strcmp(e->replica[i].name, name))
			n += e->replica[i].block->live[word];
	}
	return n;
}

/* No more is made; what is inside comes out, and every packet is there. */
static void finish(struct mr_engine *e)
{
	world.stop = true;
	for (unsigned i = 0; i < 20000 && world.taken < world.made; i++)
		host_runs(e, 1);
	mr_engine_stop(e);
	check_books(e);
	ck_assert_uint_gt(world.made, 0);
	ck_assert_uint_eq(world.wrong, 0);
	ck_assert_uint_eq(world.taken, world.made);
	ck_assert_uint_eq(total(e, "source", MR_W_MADE), world.made);
	ck_assert_uint_eq(total(e, "end", MR_W_TAKEN), world.taken);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	ck_assert_uint_eq(boxes_open, 0);
	close(world.ready);
}

static enum mr_swap swap(struct mr_engine *e, const struct file *f, struct mr_swapped *done,
                         struct mr_report *report)
{
	struct mr_engine_options o = options_of(f);

	return mr_engine_swap(e, &o, done, report);
}

/* ---- under load ---- */

static const struct plan plans[] = {
	{ "one", 1, .park = 0 },     { "staged", 4, .park = 3 }, { "two", 1, .park = 0 },    { "two", 3, .park = 2 },
	{ "staged", 1, .park = 0 },  { "one", 1, .park = 4 },    { "staged", 2, .park = 5 }, { "two", 2, .park = 0 },
	{ "staged", 3, .park = 32 }, { "one", 1, .park = 32 },   { "two", 4, .park = 32 },
};

enum { PLANS = sizeof plans / sizeof plans[0], SWAPS = 60 };

/* Packets that wait, orders on their way, and the source at its fastest. */
START_TEST(nothing_is_lost_or_overtaken)
{
	struct mr_rand_state seed = { .seed = (uint64_t)_i + 1 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	struct file file[PLANS];
	struct mr_engine *e;
	unsigned now = 0, moved = 0;

	for (unsigned i = 0; i < PLANS; i++)
		make_file(&file[i], &plans[i], "{}");
	e = open_file(&file[0], true);
	for (unsigned i = 0; i < SWAPS; i++) {
		unsigned next = mr_rand_u32(&rand) % PLANS;
		struct mr_report report = { 0 };
		struct mr_swapped done;
		enum mr_swap what;

		host_runs(e, mr_rand_u32(&rand) % 4);
		what = swap(e, &file[next], &done, &report);
		mr_report_print(&report, stderr);
		ck_assert_uint_eq(report.errors, 0);
		mr_report_free(&report);
		ck_assert_int_eq(what, next == now ? MR_SWAP_SAME : MR_SWAP_ALL);
		ck_assert_uint_eq(done.lost, 0);
		ck_assert_uint_eq(done.missing, 0);
		ck_assert_uint_eq(boxes_open, 1);
		ck_assert_uint_eq(world.workers, e->workers);
		moved += done.moved;
		now = next;
	}
	ck_assert_uint_gt(moved, 0);
	ck_assert_uint_gt(world.done, 0);
	ck_assert_uint_eq(world.prepared, world.went);
	finish(e);
	ck_assert_uint_gt(world.events, 0);
	for (unsigned i = 0; i < PLANS; i++)
		free_file(&file[i]);
}
END_TEST

/* ---- by hand ---- */

/* Two workers that no thread turns: what is between them is where the test has left it. */
static void turn(struct mr_engine *e, unsigned n)
{
	for (; n; n--) {
		for (unsigned i = 0; i < e->workers; i++) {
			if (!e->worker[i].host)
				mr_worker_turn(&e->worker[i]);
		}
		mr_engine_host_turn(e);
	}
}

/* Orders again, until nothing is parked any more. */
static void come_home(struct mr_engine *e)
{
	((struct boss *)mr_engine_host_state(e))->due = 1;
	world.stop = true;
	while (world.taken < world.made)
		turn(e, 1);
}

static struct pass *first_pass(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->replicas; i++) {
		if (e->replica[i].kind == &pass)
			return e->replica[i].state;
	}
	ck_abort_msg("no pass");
}

/* Kept packets, counters, histograms and the host's descriptor go over. */
START_TEST(what_was_there_goes_on)
{
	static const struct plan from = { "one", 1, .park = 2 }, to = { "staged", 4, .park = 2 };
	struct file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;
	uint64_t in, calls;
	unsigned kept;
	void *state;
	int fd;

	make_file(&a, &from, "{}");
	make_file(&b, &to, "{}");
	e = open_file(&a, false);
	world.limit = 0;
	state = mr_engine_host_state(e);
	((struct boss *)state)->due = MR_NEVER; /* no orders: what is parked stays */
	turn(e, 20);
	kept = first_pass(e)->n;
	ck_assert_uint_gt(kept, 0);
	in = total(e, "pass", MR_W_IN);
	calls = e->replica[1].hist[MR_H_SIZE].bucket[17];
	ck_assert_uint_gt(calls, 0);
	fd = mr_engine_host_fd(e);
	ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_eq(done.moved, kept);
	ck_assert_uint_eq(done.lost + done.missing, 0);
	ck_assert_int_eq(mr_engine_host_fd(e), fd);
	ck_assert_ptr_eq(mr_engine_host_state(e), state);
	ck_assert_uint_eq(total(e, "pass", MR_W_IN), in);
	ck_assert_uint_eq(total(e, "pass", MR_W_HELD), kept);
	ck_assert_uint_ge(e->replica[1].hist[MR_H_SIZE].bucket[17], calls);
	check_books(e);
	/* each with the replica that owns it; the first of them follows the only one there was */
	for (unsigned i = 0; i < e->replicas; i++) {
		const struct pass *p = e->replica[i].state;

		if (e->replica[i].kind == &pass)
			ck_assert_uint_eq(p->follows, e->replica[i].index == 0);
		for (unsigned k = 0; e->replica[i].kind == &pass && k < p->n; k++)
			ck_assert_uint_eq(mr_handle_hash(p->kept[k]->far) % 4, e->replica[i].index);
	}
	turn(e, 20);
	come_home(e);
	finish(e);
	mr_report_free(&report);
	free_file(&a);
	free_file(&b);
}
END_TEST

/* A stage that went takes its packets along, by name; one of another name is another stage, to which
 * packets go but counters do not. */
START_TEST(another_name)
{
	static const struct plan from = { "one", 1, .park = 2 },
	                         to = { "one", 1, .park = 2, .name = "other" };
	struct file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;

	make_file(&a, &from, "{}");
	make_file(&b, &to, "{}");
	e = open_file(&a, false);
	((struct boss *)mr_engine_host_state(e))->due = MR_NEVER;
	turn(e, 10);
	ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_gt(done.moved, 0);
	ck_assert_uint_eq(total(e, "other", MR_W_IN), done.moved);
	ck_assert_uint_eq(total(e, "other", MR_W_HELD), done.moved);
	ck_assert(!first_pass(e)->heir);
	come_home(e);
	finish(e);
	mr_report_free(&report);
	free_file(&a);
	free_file(&b);
}
END_TEST

/* What a graph does not use stays open, and as it is, for the next one that does. */
START_TEST(what_is_open_stays_open)
{
	static const struct plan from = { "two", 2, .park = 2 };
	struct file a, b, c;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;

	make_file(&a, &from, "{}");
	make_short(&b, "{}");
	make_short(&c, "{\"box\":{\"size\":6}}");
	e = open_file(&a, true);
	host_runs(e, 2);
	ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_eq(boxes_open, 1);
	ck_assert_int_eq(swap(e, &c, &done, &report), MR_SWAP_REFUSED);
	host_runs(e, 2);
	ck_assert_int_eq(swap(e, &a, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_eq(boxes_open, 1);
	host_runs(e, 2);
	world.stop = true;
	host_runs(e, 20);
	mr_engine_stop(e);
	check_books(e);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	ck_assert_uint_eq(boxes_open, 0);
	mr_report_free(&report);
	free_file(&a);
	free_file(&b);
	free_file(&c);
}
END_TEST

/* ---- what changes nothing ---- */

static void says(const struct mr_report *report, const char *what)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	mr_report_print(report, f);
	fclose(f);
	ck_assert_msg(strstr(text, what) != NULL, "not \"%s\": %s", what, text);
	free(text);
}

/* A stage that holds its input for ever: half a second, and everything goes on. */
START_TEST(no_rest_no_exchange)
{
	static const struct plan from = { "two", 2, .more = ",\"stuck\":true" }, to = { "one", 1, .park = 0 };
	struct file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;
	struct mr_worker *workers;

	make_file(&a, &from, "{}");
	make_file(&b, &to, "{}");
	e = open_file(&a, _i);
	workers = e->worker;
	if (_i)
		host_runs(e, 20);
	else
		turn(e, 100);
	for (unsigned again = 0; again < 2; again++) {
		unsigned before = world.done;

		report = (struct mr_report){ 0 };
		ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_REFUSED);
		says(&report, "did not come to rest");
		mr_report_free(&report);
		ck_assert_uint_eq(done.missing, 0);
		ck_assert_ptr_eq(e->graph, a.graph);
		ck_assert_ptr_eq(e->worker, workers);
		ck_assert_uint_eq(world.stayed, again + 1);
		if (_i)
			host_runs(e, 20);
		else
			turn(e, 100);
		ck_assert_uint_gt(world.done, before); /* orders are answered again */
	}
	mr_engine_stop(e);
	check_books(e);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	free_file(&a);
	free_file(&b);
}
END_TEST

/* Everything rests, and yet it does not end when main speaks for the workers.  The same threads go on:
 * none has to be made at a time when it might not be had. */
START_TEST(no_end_no_exchange)
{
	static const struct plan from = { "two", 3, .park = 0 }, to = { "staged", 2, .park = 0 };
	struct file a, b;
	struct mr_engine *e;
	struct mr_swapped done;
	pid_t before[3];
	uint64_t taken;

	make_file(&a, &from, "{}");
	make_file(&b, &to, "{}");
	e = open_file(&a, true);
	for (unsigned i = 0; i < 3; i++) {
		while (!world.thread[i])
			host_runs(e, 1);
		before[i] = world.thread[i];
	}
	world.main = gettid();
	world.restless = true;
	for (unsigned again = 0; again < 5; again++) {
		struct mr_report report = { 0 };

		ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_REFUSED);
		says(&report, "did not come to rest");
		ck_assert_uint_eq(report.errors, 1);
		mr_report_free(&report);
		ck_assert_uint_eq(world.stayed, again + 1);
		taken = world.taken;
		for (unsigned i = 0; i < 3; i++)
			world.thread[i] = 0;
		for (unsigned i = 0; i < 3; i++) {
			while (!world.thread[i])
				host_runs(e, 1);
			ck_assert_int_eq(world.thread[i], before[i]);
		}
		while (world.taken == taken)
			host_runs(e, 1);
	}
	world.restless = false;
	ck_assert_int_eq(swap(e, &b, &done, &(struct mr_report){ 0 }), MR_SWAP_ALL);
	host_runs(e, 5);
	finish(e);
	free_file(&a);
	free_file(&b);
}
END_TEST

/* What is wrong is told with its place in the file, and nothing has changed. */
static const struct refusal {
	const char *node, *what;
	bool        open, prepare;
} refusals[] = {
	{ .node = "{\"box\":{\"size\":6}}",
	  .what = "node:1:9: box.size: a change here needs a restart" },
	{ .node = "{\"box\":{\"label\":\"x\"}}", .what = "box.label: a change here needs a restart" },
	{ "{\"limits\":{\"n\":8}}", "limits.n: boss: told to refuse", .prepare = true },
	{ "{}", "source: told not to open", .open = true },
};

START_TEST(a_refusal_changes_nothing)
{
	static const struct plan from = { "two", 2, .park = 4 }, to = { "staged", 2, .park = 4 };
	const struct refusal *r = &refusals[_i];
	struct file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;

	make_file(&a, &from, "{}");
	make_file(&b, &to, r->node);
	e = open_file(&a, true);
	host_runs(e, 2);
	world.refuse_open = r->open;
	world.refuse_prepare = r->prepare;
	ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_REFUSED);
	says(&report, r->what);
	ck_assert_ptr_eq(e->graph, a.graph);
	ck_assert_ptr_eq(e->doc, a.node);
	ck_assert_uint_eq(world.limit, 7);
	ck_assert_uint_eq(world.went + done.missing + done.rest_ns, 0);
	ck_assert_uint_eq(boxes_open, 1);
	host_runs(e, 2);
	finish(e);
	mr_report_free(&report);
	free_file(&a);
	free_file(&b);
}
END_TEST

/* Settings of the host alone: the data workers are not touched.  A default written out is none. */
START_TEST(the_host_alone)
{
	static const struct plan plan = { "two", 2, .park = 4 };
	struct file a, b, c;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;
	struct mr_worker *workers;

	make_file(&a, &plan, "{}");
	make_file(&b, &plan, "{\"limits\":{\"n\":9},\"box\":{\"size\":5}}");
	make_file(&c, &plan, "{\"limits\":{\"n\":7},\"box\":null}");
	e = open_file(&a, true);
	workers = e->worker;
	host_runs(e, 2);
	ck_assert_int_eq(swap(e, &c, &done, &report), MR_SWAP_SAME);
	ck_assert_ptr_eq(e->doc, a.node);
	ck_assert_uint_eq(world.prepared, 0);
	ck_assert_int_eq(swap(e, &b, &done, &report), MR_SWAP_HOST);
	ck_assert_ptr_eq(e->graph, a.graph);
	ck_assert_ptr_eq(e->doc, b.node);
	ck_assert_ptr_eq(e->worker, workers);
	ck_assert_uint_eq(world.limit, 9);
	world.refuse_prepare = true;
	ck_assert_int_eq(swap(e, &c, &done, &report), MR_SWAP_REFUSED);
	ck_assert_ptr_eq(e->doc, b.node);
	ck_assert_uint_eq(world.limit, 9);
	host_runs(e, 2);
	finish(e);
	mr_report_free(&report);
	free_file(&a);
	free_file(&b);
	free_file(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swap");
	TCase *load = tcase_create("load"), *hand = tcase_create("hand"), *no = tcase_create("no");
	SRunner *sr;
	int failed;

	tcase_set_timeout(load, 120);
	tcase_set_timeout(hand, 60);
	tcase_set_timeout(no, 60);
	tcase_add_loop_test(load, nothing_is_lost_or_overtaken, 0, 4);
	tcase_add_test(hand, what_was_there_goes_on);
	tcase_add_test(hand, another_name);
	tcase_add_test(hand, what_is_open_stays_open);
	tcase_add_loop_test(no, no_rest_no_exchange, 0, 2);
	tcase_add_test(no, no_end_no_exchange);
	tcase_add_loop_test(no, a_refusal_changes_nothing, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(no, the_host_alone);
	suite_add_tcase(s, load);
	suite_add_tcase(s, hand);
	suite_add_tcase(s, no);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
