/* path - where the socket is, and what it is like. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stages/control/query/parts.h"

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One that would be too long is none. */
void mr_query_default_path(char out[108])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (is_folder("/run/fips"))
		snprintf(out, 108, "/run/fips/control.sock");
	else if (runtime && runtime[0] == '/' && strlen(runtime) < 80 && is_folder(runtime))
		snprintf(out, 108, "%s/fips/control.sock", runtime);
	else
		snprintf(out, 108, "/tmp/fips-control.sock");
}

struct mr_query_settings mr_query_settings(const void *control)
{
	const struct control *c = control;

	return (struct mr_query_settings){ .enabled = c->set.socket, .path = c->set.socket_path };
}

/* Who is in the group may do all that the socket offers; nobody else may even look. */
struct mr_unix_wish mr_query_wish(const char *path)
{
	return (struct mr_unix_wish){ .path = path, .called = path,
		                      .setting = "node.control.socket_path", .mode = 0770,
		                      .group = "fips", .folder = 0750 };
}
