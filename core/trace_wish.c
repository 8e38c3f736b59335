/* trace_wish.c - names that a trace is given and gives; see trace_parts.h. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace_parts.h"
#include "core/worker.h"

/* ---- names of the graph ---- */

static bool copy_names(struct trace_names *n, const struct mr_engine *e)
{
	for (unsigned i = 0; i < e->graph->stages; i++) {
		n->stage[i] = strdup(e->graph->stage[i].name);
		if (!n->stage[i])
			return false;
	}
	for (unsigned i = 0; i < e->workers; i++) {
		n->worker[i] = strdup(e->worker[i].name);
		if (!n->worker[i])
			return false;
	}
	return true;
}

bool trace_names_open(struct trace_names *n, const struct mr_engine *e)
{
	*n = (struct trace_names){ .replicas = e->replicas };
	n->place = calloc(e->replicas, sizeof *n->place);
	if (!n->place || !copy_names(n, e)) {
		trace_names_close(n);
		return false;
	}
	for (unsigned i = 0; i < e->replicas; i++) {
		const struct mr_replica *r = &e->replica[i];
		struct trace_place *p = &n->place[i];

		*p = (struct trace_place){ .stage = n->stage[r->stage],
			                   .worker = n->worker[r->worker->index],
			                   .kind = r->kind,
			                   .number = r->stage,
			                   .replica = r->index,
			                   .drops = r->ndrop };
		for (unsigned o = 0; o < r->noutput; o++) {
			int edge = mr_graph_edge_at(e->graph, r->stage, o);

			p->to[o] = edge < 0 ? NULL : n->stage[e->graph->edge[edge].to];
		}
	}
	return true;
}

void trace_names_close(struct trace_names *n)
{
	for (unsigned i = 0; i < MR_STAGES_MAX; i++)
		free(n->stage[i]);
	for (unsigned i = 0; i < MR_WORKERS_MAX; i++)
		free(n->worker[i]);
	free(n->place);
	*n = (struct trace_names){ 0 };
}

/* ---- ends ---- */

/* What a packet can end by: a drop of its stage, the queue before it, or a full edge behind it. */
struct end {
	const struct mr_stage *s;
	unsigned               stage, word;
	const char            *drop;   /* NULL: a full edge */
	const char            *output; /* of a full edge    */
};

/* The ends of all stages, one after the other: *stage and *nth say where.
 * False: there are no more. */
static bool next_end(const struct mr_graph *g, unsigned *stage, unsigned *nth, struct end *out)
{
	for (; *stage < g->stages; ++*stage, *nth = 0) {
		const struct mr_stage *s = &g->stage[*stage];
		unsigned drops = mr_named_count(s->kind->drops), i = (*nth)++;
		unsigned outputs = mr_ports_count(s->kind->outputs);

		*out = (struct end){ .s = s, .stage = *stage, .word = MR_WORDS + i };
		if (i < drops) {
			out->drop = s->kind->drops[i].name;
			return true;
		}
		if (i < drops + outputs) {
			out->output = s->kind->outputs[i - drops].name;
			return true;
		}
		if (i == drops + outputs && s->kind->process) {
			out->word = MR_W_SOJOURN;
			out->drop = "sojourn";
			return true;
		}
	}
	return false;
}

/* Is this the one that is called so?  `forged`, `fmp-open forged`, `fmp-open:
 * forged`, `rx.frames`. */
static bool is_called(const struct end *end, const char *text)
{
	const char *stage = end->s->name, *name = end->drop ? end->drop : end->output;
	size_t n = strlen(stage);

	assert(name); /* it is either */
	if (end->drop && !strcmp(text, name))
		return true;
	if (strncmp(text, stage, n) != 0)
		return false;
	if (!end->drop)
		return text[n] == '.' && !strcmp(text + n + 1, name);
	text += n;
	text += *text == ':';
	return *text == ' ' && !strcmp(text + strspn(text, " "), name);
}

__attribute__((format(printf, 3, 4)))
static size_t say(char wrong[MR_TRACE_WRONG], size_t at, const char *fmt, ...)
{
	va_list list;
	int n;

	va_start(list, fmt);
	n = vsnprintf(wrong + at, MR_TRACE_WRONG - at, fmt, list);
	va_end(list);
	at += n > 0 ? (size_t)n : 0;
	return at < MR_TRACE_WRONG ? at : MR_TRACE_WRONG - 1;
}

static void list_ends(const struct mr_graph *g, const char *text, char wrong[MR_TRACE_WRONG])
{
	const struct mr_stage *last = NULL;
	unsigned stage = 0, nth = 0;
	struct end end = { 0 };
	size_t at = say(wrong, 0, "no packet ends by \"%.64s\"; there are any, and", text);

	while (next_end(g, &stage, &nth, &end)) {
		const char *separator = end.s == last ? "," : last ? ";" : "";

		if (!end.drop)
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
			at = say(wrong, at, "%s %s.%s", separator, end.s->name, end.output);
		else if (end.s == last)
			at = say(wrong, at, "%s %s", separator, end.drop);
		else
			at = say(wrong, at, "%s %s %s", separator, end.s->name, end.drop);
		last = end.s;
	}
}

static bool read_end(struct trace_filter *f, const struct mr_graph *g, const char *text,
                     char wrong[MR_TRACE_WRONG])
{
	unsigned stage = 0, nth = 0;
	struct end end;

	f->any = !strcmp(text, "any");
	while (next_end(g, &stage, &nth, &end)) {
		if (!is_called(&end, text) || f->ends == TRACE_ENDS_MAX)
			continue;
		f->end[f->ends].stage = (uint16_t)end.stage;
		f->end[f->ends++].word = (uint16_t)end.word;
	}
	if (f->any || f->ends)
		return true;
	list_ends(g, text, wrong);
	return false;
}

static bool read_stage(struct trace_filter *f, const struct mr_graph *g, const char *text,
                       char wrong[MR_TRACE_WRONG])
{
	size_t at;

	for (unsigned i = 0; i < g->stages; i++) {
		if (!strcmp(g->stage[i].name, text)) {
			f->stage = (int)i;
			return true;
		}
	}
	at = say(wrong, 0, "the graph has no stage \"%.64s\"; there are", text);
	for (unsigned i = 0; i < g->stages; i++)
		at = say(wrong, at, "%s %s", i ? "," : "", g->stage[i].name);
	return false;
}

bool trace_filter_read(struct trace_filter *f, const struct mr_engine *e,
                       const struct mr_trace_wish *wish, char wrong[MR_TRACE_WRONG])
{
	*f = (struct trace_filter){ .stage = -1 };
	return (!wish->stage || read_stage(f, e->graph, wish->stage, wrong)) &&
	       (!wish->drop || read_end(f, e->graph, wish->drop, wrong));
}

bool trace_filter_ends(const struct trace_filter *f, unsigned stage, unsigned word)
{
	if (word == MR_NO_WORD || word == MR_W_TAKEN)
		return false;
	if (f->any)
		return true;
	for (unsigned i = 0; i < f->ends; i++) {
		if (f->end[i].stage == stage && f->end[i].word == word)
			return true;
	}
	return false;
}
