/* A line that somebody sends to the control socket, to a node that has a link and a session:
 * whatever it is, the answer is one line of JSON in plain ASCII with a status. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/query.h"
#include "t/lib/whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void open_pair(void)
{
	static bool open;

	if (open)
		return;
	open = true;
	whole_link_up();
	whole_say(0, &whole_mesh(1)->me.addr, 300, 1);
	whole_run(3000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mr_query_host host;
	json_t *answer;
	size_t len = 0;
	char *text;

	if (n > MR_ONELINE_MAX)
		return 0;
	open_pair();
	host = (struct mr_query_host){ .engine = node[0].engine, .version = "test", .socket = "/s",
		                       .running = true, .now = air.now, .started = MR_NS_PER_S,
		                       .wall = UINT64_C(1700000000) * MR_NS_PER_S };
	text = mr_query_answer(&host, MR_ONELINE_READ, (const char *)data, n, &len);
	assert(text && len > 1 && strlen(text) == len && text[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i++)
		assert(text[i] >= 0x20 && text[i] < 0x7f);
	answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	assert(json_is_string(json_object_get(answer, "status")));
	assert(json_object_size(answer) == 2);
	json_decref(answer);
	free(text);
	return 0;
}
