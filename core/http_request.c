/* http_request - request line, then header lines, then the empty line.
 *
 * Lines end with LF, with or without CR before it (RFC 9112 2.2).  Every byte is looked at once.
 */
#include "core/http_request.h"

#include <string.h>

struct span {
	const char *at;
	size_t      n;
};

/* What the header lines said. */
struct headers {
	unsigned lines;
	bool     host, body;
};

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is(struct span s, const char *word)
{
	size_t i;

	for (i = 0; i < s.n && word[i]; i++)
		if (lower(s.at[i]) != lower(word[i]))
			return false;
	return i == s.n && !word[i];
}

/* RFC 9110 5.6.2 */
static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = lower(s.at[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.n > 0;
}

static bool copy(char *out, size_t room, struct span s)
{
	if (s.n >= room)
		return false;
	memcpy(out, s.at, s.n);
	out[s.n] = '\0';
	return true;
}

/* Cut the next line off; false when no LF is left. */
static bool next_line(struct span *rest, struct span *line)
{
	const char *lf = memchr(rest->at, '\n', rest->n);

	if (!lf)
		return false;
	*line = (struct span){ rest->at, (size_t)(lf - rest->at) };
	rest->n -= line->n + 1;
	rest->at = lf + 1;
	if (line->n > 0 && line->at[line->n - 1] == '\r')
		line->n--;
	return true;
}

/* Is the empty line there? */
static bool complete(struct span rest)
{
	struct span line;

	while (next_line(&rest, &line))
		if (line.n == 0)
			return true;
	return false;
}

/* Cut the word before the next space off. */
static struct span word(struct span *line)
{
	const char *space = memchr(line->at, ' ', line->n);
	struct span w = { line->at, space ? (size_t)(space - line->at) : line->n };
	size_t gone = w.n + (space ? 1 : 0);

	line->at += gone;
	line->n -= gone;
	return w;
}

/* Origin form only: "/path?query" of visible ASCII. */
static int parse_target(struct span target, struct mr_http_request *out)
{
	const char *mark;
	struct span path = target, query = { "", 0 };

	for (size_t i = 0; i < target.n; i++)
		if (target.at[i] <= ' ' || target.at[i] > '~')
			return 400;
	if (target.n == 0 || target.at[0] != '/')
		return 400;
	mark = memchr(target.at, '?', target.n);
	if (mark) {
		path.n = (size_t)(mark - target.at);
		query = (struct span){ mark + 1, target.n - path.n - 1 };
	}
	if (!copy(out->path, sizeof out->path, path) || !copy(out->query, sizeof out->query, query))
		return 414;
	return 200;
}

/* A method that is well formed but not ours is told apart at the end, once the rest is known to be
 * HTTP. */
static int parse_request_line(struct span line, struct mr_http_request *out, bool *known)
{
	struct span method = word(&line), target = word(&line), version = line;

	if (!is_token(method))
		return 400;
	if (version.n != 8 || memcmp(version.at, "HTTP/", 5) != 0 || version.at[6] != '.')
		return 400;
	if (version.at[5] != '1')
		return 505;
	out->head = method.n == 4 && memcmp(method.at, "HEAD", 4) == 0;
	*known = out->head || (method.n == 3 && memcmp(method.at, "GET", 3) == 0);
	return parse_target(target, out);
}

static int parse_host(struct span value, struct headers *seen, struct mr_http_request *out)
{
	if (seen->host || value.n == 0 || !copy(out->host, sizeof out->host, value))
		return 400;
	seen->host = true;
	for (char *c = out->host; *c; c++)
		*c = lower(*c);
	return 200;
}

/* Content-Length: any value but zeros is a body. */
static int parse_length(struct span value, struct headers *seen)
{
	if (value.n == 0)
		return 400;
	for (size_t i = 0; i < value.n; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return 400;
		seen->body |= value.at[i] != '0';
	}
	return 200;
}

static int parse_header(struct span line, struct headers *seen, struct mr_http_request *out)
{
	const char *colon = memchr(line.at, ':', line.n);
	struct span name = { line.at, colon ? (size_t)(colon - line.at) : 0 }, value;

	if (!colon || !is_token(name))
		return 400;
	value = (struct span){ colon + 1, line.n - name.n - 1 };
	while (value.n > 0 && (value.at[0] == ' ' || value.at[0] == '\t')) {
		value.at++;
		value.n--;
	}
	while (value.n > 0 && (value.at[value.n - 1] == ' ' || value.at[value.n - 1] == '\t'))
		value.n--;
	for (size_t i = 0; i < value.n; i++)
		if (((unsigned char)value.at[i] < ' ' && value.at[i] != '\t') ||
		    value.at[i] == 0x7f)
			return 400;
	if (is(name, "host"))
		return parse_host(value, seen, out);
	if (is(name, "content-length"))
		return parse_length(value, seen);
	seen->body |= is(name, "transfer-encoding");
	return 200;
}

int mr_http_parse(const char *text, size_t n, struct mr_http_request *out)
{
	struct span rest = { text, n < MR_HTTP_HEAD ? n : MR_HTTP_HEAD }, line = { text, 0 };
	struct headers seen = { 0 };
	bool known = false;
	int status;

	if (!complete(rest))
		return n < MR_HTTP_HEAD ? 0 : 431;
	*out = (struct mr_http_request){ 0 };
	next_line(&rest, &line);
	status = parse_request_line(line, out, &known);
	while (status == 200 && next_line(&rest, &line) && line.n > 0)
		status = ++seen.lines > MR_HTTP_HEADERS ? 431 : parse_header(line, &seen, out);
	if (status != 200)
		return status;
	if (!known)
		return 405;
	return seen.body ? 413 : 200;
}

bool mr_http_bare_host(const char *host, char out[MR_HTTP_HOST])
{
	struct span bare = { host, 0 };
	const char *rest;

	if (host[0] == '[') {
		bare.at = host + 1;
		bare.n = strcspn(bare.at, "]");
		rest = bare.at + bare.n;
		if (*rest++ != ']')
			return false;
	} else {
		bare.n = strcspn(host, ":");
		rest = host + bare.n;
	}
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	return *rest == '\0' && bare.n > 0 && copy(out, MR_HTTP_HOST, bare);
}
