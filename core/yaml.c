/* yaml.c - libyaml's nodes become values, each with its place. */

#include "core/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/hash.h"
#include "core/secret.h"

#define DEPTH  64
#define VALUES 100000 /* an alias can make many out of few */
#define TEXT   (2 * MR_JSON_MAX) /* bytes of all texts: ... and much out of little */
#define OPEN   1000   /* brackets: libyaml takes time by the square of those that are open */

struct reading {
	const char          *name;
	yaml_document_t      doc;
	struct mr_json_marks marks;
	size_t               text; /* bytes of texts so far */
	struct mr_report    *report;
};

/* ---- complaints ---- */

static void *wrong(struct reading *r, const char *path, yaml_mark_t mark, const char *what)
{
	struct mr_where where = { .file = r->name, .path = path, .line = (unsigned)mark.line + 1,
		                  .column = (unsigned)mark.column + 1 };

	mr_complain(r->report, where, "%s", what);
	return NULL;
}

/* ---- scalars ---- */

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* A whole number in decimal, or with 0x or 0o before it. */
static json_t *whole(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int base = !strncmp(digits, "0x", 2) ? 16 : !strncmp(digits, "0o", 2) ? 8 : 10;
	char *end;
	long long n;

	if (base != 10 && digits != text)
		return NULL;
	digits += base == 10 ? 0 : 2;
	if (!*digits || digits[strspn(digits, base == 16 ? "0123456789abcdefABCDEF" :
	                                      base == 8  ? "01234567" : "0123456789")])
		return NULL;
	errno = 0;
	n = strtoll(base == 10 ? text : digits, &end, base);
	return errno ? NULL : json_integer(n);
}

/* 1.5, .5, 1., 1e3: a number with a point or an exponent, and nothing else. */
static json_t *real(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;
	double x;

	if (digits[strspn(digits, "0123456789.eE+-")] || !strpbrk(digits, "0123456789") ||
	    !strchr("0123456789.", *digits))
		return NULL;
	x = strtod(text, &end);
	return *end || !isfinite(x) ? NULL : json_real(x);
}

static json_t *plain(const char *text)
{
	static const char *const none[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	json_t *number;

	if (one_of(text, none))
		return json_null();
	if (one_of(text, yes))
		return json_true();
	if (one_of(text, no))
		return json_false();
	number = whole(text);
	if (!number)
		number = real(text);
	return number ? number : json_string(text);
}

/* Another text of n bytes: false after complaining of too much. */
static bool has_room(struct reading *r, const char *path, yaml_mark_t mark, size_t n)
{
	r->text += n;
	return r->text <= TEXT ||
	       wrong(r, path, mark, "makes more text than any configuration needs");
}

static json_t *scalar(struct reading *r, const char *path, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	json_t *value;

	if (strlen(text) != node->data.scalar.length)
		return wrong(r, path, node->start_mark, "holds a NUL");
	if (!has_room(r, path, node->start_mark, node->data.scalar.length))
		return NULL;
	value = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain(text) :
	                                                             json_string(text);
	return value ? value : wrong(r, path, node->start_mark, "is not UTF-8");
}

/* ---- what holds others ---- */

static json_t *value_of(struct reading *r, const char *path, int number, yaml_mark_t mark,
                        unsigned depth);

static json_t *sequence(struct reading *r, const char *path, const yaml_node_t *node,
                        unsigned depth)
{
	json_t *list = json_array();
	char below[MR_PATH];

	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     list && i < node->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
		json_t *value;

		mr_path_item(below, path, json_array_size(list));
		value = value_of(r, below, *i, item->start_mark, depth);
		if (!value || json_array_append_new(list, value)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Adds one member; false after complaining. */
static bool member(struct reading *r, const char *path, json_t *object,
                   const yaml_node_pair_t *pair, unsigned depth)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	const char *name = (const char *)key->data.scalar.value;
	char below[MR_PATH];
	json_t *value;

	if (key->type != YAML_SCALAR_NODE || strlen(name) != key->data.scalar.length)
		return wrong(r, path, key->start_mark, "holds a key that is no text");
	if (!has_room(r, path, key->start_mark, key->data.scalar.length))
		return false;
	mr_path_key(below, path, name);
	if (json_object_get(object, name))
		return wrong(r, below, key->start_mark, "stands here twice");
	value = value_of(r, below, pair->value, key->start_mark, depth);
	if (!value)
		return false;
	return json_object_set_new(object, name, value) == 0 ||
	       wrong(r, path, key->start_mark, "holds a key that is not UTF-8");
}

static json_t *mapping(struct reading *r, const char *path, const yaml_node_t *node, unsigned depth)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *i = node->data.mapping.pairs.start;
	     object && i < node->data.mapping.pairs.top; i++) {
		if (!member(r, path, object, i, depth)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* The value of node `number`, which stands at mark; NULL after complaining. */
static json_t *value_of(struct reading *r, const char *path, int number, yaml_mark_t mark,
                        unsigned depth)
{
	const yaml_node_t *node = yaml_document_get_node(&r->doc, number);

	if (depth == 0 || r->marks.n == VALUES)
		return wrong(r, path, mark, depth == 0 ? "is nested too deep" :
		                                         "is one value too many");
	if (!mr_json_mark(&r->marks, path, (unsigned)mark.line + 1, (unsigned)mark.column + 1))
		return wrong(r, path, mark, "there is no memory for it");
	switch (node->type) {
	case YAML_SEQUENCE_NODE: return sequence(r, path, node, depth - 1);
	case YAML_MAPPING_NODE: return mapping(r, path, node, depth - 1);
	case YAML_SCALAR_NODE: return scalar(r, path, node);
	case YAML_NO_NODE: break;
	}
	return wrong(r, path, mark, "is nothing");
}

/* ---- the file ---- */

static void wipe_document(yaml_document_t *doc)
{
	for (yaml_node_t *node = doc->nodes.start; node < doc->nodes.top; node++)
		if (node->type == YAML_SCALAR_NODE)
			mr_wipe(node->data.scalar.value, node->data.scalar.length);
	yaml_document_delete(doc);
}

static void wipe_parser(yaml_parser_t *parser)
{
	mr_wipe(parser->raw_buffer.start,
	        (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
	mr_wipe(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
	yaml_parser_delete(parser);
}

static void *syntax(struct reading *r, const yaml_parser_t *parser)
{
	return wrong(r, NULL, parser->problem_mark, parser->problem ? parser->problem : "cannot be read");
}

static bool is_empty(const yaml_node_t *root)
{
	return !root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0);
}

/* The one document of the parser as a value. */
static json_t *read_document(struct reading *r, yaml_parser_t *parser)
{
	yaml_document_t second;
	yaml_node_t *root;
	json_t *value;

	if (!yaml_parser_load(parser, &r->doc))
		return syntax(r, parser);
	root = yaml_document_get_root_node(&r->doc);
	value = is_empty(root) ? json_object() : value_of(r, "", 1, root->start_mark, DEPTH);
	wipe_document(&r->doc);
	if (!value)
		return NULL;
	if (!yaml_parser_load(parser, &second)) {
		json_decref(value);
		return syntax(r, parser);
	}
	root = yaml_document_get_root_node(&second);
	if (root) {
		wrong(r, NULL, root->start_mark, "is a second document");
		json_decref(value);
		value = NULL;
	}
	wipe_document(&second);
	return value;
}

/* More brackets opened than closed, whatever they stand in, than any configuration has. */
static bool gapes(struct reading *r, const char *text, size_t n)
{
	yaml_mark_t at = { 0 };
	unsigned open = 0;

	for (size_t i = 0; i < n && open <= OPEN; i++) {
		if (text[i] == '[' || text[i] == '{')
			open++;
		else if ((text[i] == ']' || text[i] == '}') && open > 0)
			open--;
		at.column = text[i] == '\n' ? 0 : at.column + 1;
		at.line += text[i] == '\n';
	}
	if (open <= OPEN)
		return false;
	at.column--;
	wrong(r, NULL, at, "is nested too deep");
	return true;
}

struct mr_json *mr_yaml_parse(const char *name, const char *text, size_t n,
                              struct mr_report *report)
{
	struct reading r = { .name = name, .report = report };
	struct mr_json *doc = NULL;
	yaml_parser_t parser;
	json_t *root;

	if (gapes(&r, text, n))
		return NULL;
	if (!yaml_parser_initialize(&parser)) {
		mr_complain(report, (struct mr_where){ .file = name }, "no memory to read it");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	root = read_document(&r, &parser);
	wipe_parser(&parser);
	if (root)
		doc = mr_json_adopt(name, root, &r.marks, report);
	mr_json_marks_free(&r.marks);
	return doc;
}

struct mr_json *mr_yaml_load(const char *file, struct mr_report *report)
{
	size_t n;
	char *text = mr_json_read(file, &n, report);
	struct mr_json *doc = text ? mr_yaml_parse(file, text, n, report) : NULL;

	mr_secret_free(text);
	return doc;
}
