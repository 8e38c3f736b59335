/* json_path.c - JSON paths as text: building them, and taking them apart. */
#include "core/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_')
			return false;
	return true;
}

const char *mr_path_key(char out[MR_PATH], const char *path, const char *key)
{
	size_t at = strnlen(path, MR_PATH - 1);

	memmove(out, path, at);
	out[at] = '\0';
	if (is_plain(key)) {
		snprintf(out + at, MR_PATH - at, "%s%s", at ? "." : "", key);
		return out;
	}
	at += (size_t)snprintf(out + at, MR_PATH - at, "[\"");
	for (; *key && at + 5 < MR_PATH; key++) {
		if (*key == '"' || *key == '\\')
			out[at++] = '\\';
		out[at++] = *key;
	}
	if (at < MR_PATH)
		snprintf(out + at, MR_PATH - at, "\"]");
	return out;
}

const char *mr_path_item(char out[MR_PATH], const char *path, size_t index)
{
	size_t at = strnlen(path, MR_PATH - 1);

	memmove(out, path, at);
	snprintf(out + at, MR_PATH - at, "[%zu]", index);
	return out;
}

/* ["name"], *path being at the quote. */
static bool quoted_step(const char **path, struct mr_step *step)
{
	const char *at = *path + 1;
	size_t n = 0;

	for (; *at && *at != '"' && n + 1 < sizeof step->name; at++) {
		if (*at == '\\' && at[1])
			at++;
		step->name[n++] = *at;
	}
	if (at[0] != '"' || at[1] != ']')
		return false;
	step->name[n] = '\0';
	*path = at + 2;
	return true;
}

/* [n], *path being at the first digit. */
static bool item_step(const char **path, struct mr_step *step)
{
	char *end;
	unsigned long index = strtoul(*path, &end, 10);

	if (*end != ']' || index > MR_JSON_MAX)
		return false;
	step->item = true;
	step->index = (unsigned)index;
	*path = end + 1;
	return true;
}

bool mr_path_step(const char **path, struct mr_step *step)
{
	const char *at = *path;
	bool ok;

	step->item = false;
	step->name[0] = '\0';
	if (!*at)
		return false;
	if (*at == '[') {
		at++;
		if (*at == '"')
			ok = quoted_step(&at, step);
		else
			ok = isdigit((unsigned char)*at) && item_step(&at, step);
	} else {
		size_t n = strcspn(at, ".[");

		ok = n > 0 && n < sizeof step->name;
		if (ok) {
			memcpy(step->name, at, n);
			step->name[n] = '\0';
			at += n;
		}
	}
	if (ok && *at == '.' && at[1] && at[1] != '.' && at[1] != '[')
		at++;
	else if (ok && *at && *at != '[')
		ok = false;
	if (ok)
		*path = at;
	return ok;
}
