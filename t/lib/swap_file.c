/* swap_file.c - see swap_file.h. */
#include "t/lib/swap_file.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

/* On a machine with much else to do packets stand for long, and none may be dropped for it. */
#define PATIENT "\"full\":\"wait\",\"sojourn\":0"

#define MOST_STAYED 4 /* exchanges of one world that a busy machine may put off */

void swap_make(struct swap_file *f, const struct swap_plan *p, const char *node)
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
	         "\"edges\":[{\"from\":\"source.out\",\"to\":\"%s.in\"," PATIENT "},"
	         "{\"from\":\"%s.out\",\"to\":\"end.in\"," PATIENT "}],\"workers\":%s}",
	         p->shape, 1 + p->threads * 16 % MR_VECTOR, name, p->park, p->more ? p->more : "",
	         strcmp(p->shape, "staged") ? "" : p->threads == 1 ? ",\"threads\":1" :
	         p->threads == 2 ? ",\"threads\":2" : p->threads == 3 ? ",\"threads\":3" :
	         ",\"threads\":4",
	         strcmp(p->shape, "staged") ? "" : p->threads == 1 ? ",\"threads\":1" :
	         p->threads == 2 ? ",\"threads\":3" : p->threads == 3 ? ",\"threads\":2" :
	         ",\"threads\":4", name, name, workers);
	f->doc = mr_json_parse("graph", text, strlen(text), &report);
	f->node = mr_json_parse("node", node, strlen(node), &report);
	f->graph = f->doc ? mr_graph_parse(f->doc, swap_kinds, &report) : NULL;
	if (!f->graph || !f->node) {
		mr_report_print(&report, stderr);
		ck_abort_msg("no graph: %s", text);
	}
	mr_report_free(&report);
}

void swap_make_short(struct swap_file *f, const char *node)
{
	static const char text[] =
		"{\"graph\":\"short\",\"stages\":{\"source\":{},\"end\":{},\"boss\":{}},\"edges\":["
		"{\"from\":\"source.out\",\"to\":\"end.in\"," PATIENT "}]}";
	struct mr_report report = { 0 };

	f->doc = mr_json_parse("graph", text, sizeof text - 1, &report);
	f->node = mr_json_parse("node", node, strlen(node), &report);
	f->graph = mr_graph_parse(f->doc, swap_kinds, &report);
	ck_assert_ptr_nonnull(f->graph);
	mr_report_free(&report);
}

void swap_free(struct swap_file *f)
{
	mr_graph_free(f->graph);
	mr_json_free(f->doc);
	mr_json_free(f->node);
}

struct mr_engine_options swap_options(const struct swap_file *f)
{
	return (struct mr_engine_options){ .graph = f->graph, .node = f->node,
		                           .aead = &mr_aead_mbedtls,
		                           .now = mr_clock_now, .rand = mr_rand_system() };
}

struct mr_engine *swap_open(const struct swap_file *f, bool start)
{
	struct mr_engine_options o = swap_options(f);
	struct mr_report report = { 0 };
	struct mr_engine *e;
	int fd[2];

	memset(&swap_world, 0, sizeof swap_world);
	if (pipe(fd) || write(fd[1], "x", 1) != 1)
		ck_abort_msg("no pipe");
	swap_world.ready = fd[0];
	e = mr_engine_open(&o, &report);
	if (!e || (start && mr_engine_start(e, &report))) {
		mr_report_print(&report, stderr);
		ck_abort_msg("the engine does not start");
	}
	mr_report_free(&report);
	return e;
}

void swap_host_runs(struct mr_engine *e, unsigned ms)
{
	const struct timespec pause = { .tv_nsec = 200000 };

	for (unsigned i = 0; i < 5 * ms; i++) {
		mr_engine_host_turn(e);
		nanosleep(&pause, NULL);
	}
}

void swap_turn(struct mr_engine *e, unsigned n)
{
	for (; n; n--) {
		for (unsigned i = 0; i < e->workers; i++) {
			if (!e->worker[i].host)
				mr_worker_turn(&e->worker[i]);
		}
		mr_engine_host_turn(e);
	}
}

void swap_check_books(struct mr_engine *e)
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
		/* every packet has 8 bytes here */
		ck_assert_uint_eq(w[MR_W_IN_BYTES], 8 * w[MR_W_IN]);
	}
}

uint64_t swap_total(struct mr_engine *e, const char *name, unsigned word)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < e->replicas; i++) {
		if (!strcmp(e->replica[i].name, name))
			n += e->replica[i].block->live[word];
	}
	return n;
}

void swap_finish(struct mr_engine *e)
{
	/* a busy machine may have given the source no core so far */
	for (unsigned i = 0; i < 20000 && swap_world.made == 0; i++)
		swap_host_runs(e, 1);
	swap_world.stop = true;
	for (unsigned i = 0; i < 20000 && swap_world.taken < swap_world.made; i++)
		swap_host_runs(e, 1);
	mr_engine_stop(e);
	swap_check_books(e);
	ck_assert_uint_gt(swap_world.made, 0);
	ck_assert_uint_eq(swap_world.wrong, 0);
	ck_assert_uint_eq(swap_world.taken, swap_world.made);
	ck_assert_uint_eq(swap_total(e, "source", MR_W_MADE), swap_world.made);
	ck_assert_uint_eq(swap_total(e, "end", MR_W_TAKEN), swap_world.taken);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	ck_assert_uint_eq(swap_boxes_open, 0);
	close(swap_world.ready);
}

enum mr_swap swap_to(struct mr_engine *e, const struct swap_file *f, struct mr_swapped *done,
                     struct mr_report *report)
{
	struct mr_engine_options o = swap_options(f);

	return mr_engine_swap(e, &o, done, report);
}

bool swap_says(const struct mr_report *report, const char *what)
{
	char *text = NULL;
	bool says;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	mr_report_print(report, f);
	fclose(f);
	says = strstr(text, what) != NULL;
	if (!says)
		fprintf(stderr, "not \"%s\": %s", what, text);
	free(text);
	return says;
}

enum mr_swap swap_until_done(struct mr_engine *e, const struct swap_file *f,
                             struct mr_swapped *done, struct mr_report *report)
{
	const struct mr_graph *before = e->graph;
	unsigned stayed = swap_world.stayed;
	enum mr_swap what;

	while ((what = swap_to(e, f, done, report)) == MR_SWAP_REFUSED) {
		ck_assert(swap_says(report, "did not come to rest"));
		ck_assert_uint_eq(swap_world.stayed, ++stayed);
		ck_assert_uint_lt(swap_world.stayed, MOST_STAYED);
		ck_assert_uint_eq(done->missing, 0);
		ck_assert_ptr_eq(e->graph, before);
		mr_report_free(report);
	}
	return what;
}
