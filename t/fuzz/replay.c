/* replay - a main for a fuzz entry where no fuzzer is at hand: runs it over its stored inputs.
 *
 * The entry's program is fuzz_<parser>; its inputs are the files of t/fuzz/corpus/<parser>/ below
 * $srcdir, and the empty input.  More files or directories may be named as arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned long inputs;

/* The bytes lie in an allocation of their exact size, so that a sanitizer sees one byte too far. */
static void replay_bytes(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		abort();
	if (n > 0)
		memcpy(exact, data, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	inputs++;
}

static int replay_file(const char *path)
{
	static uint8_t text[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	n = fread(text, 1, sizeof text, file);
	if (n == sizeof text && fgetc(file) != EOF) {
		fprintf(stderr, "%s: an input holds at most %zu bytes\n", path, sizeof text);
		fclose(file);
		return -1;
	}
	fclose(file);
	replay_bytes(text, n);
	return 0;
}

static int replay_path(const char *path)
{
	struct stat st;
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return replay_file(path);
	dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir))) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		rc |= replay_path(file);
	}
	closedir(dir);
	return rc;
}

/* An entry without stored inputs is a mistake: nothing would be replayed. */
int main(int argc, char **argv)
{
	const char *top = getenv("srcdir"), *name = strstr(argv[0], "fuzz_");
	char corpus[4096];
	int rc;

	for (const char *next = name; next; next = strstr(next + 1, "fuzz_"))
		name = next;
	if (!name) {
		fprintf(stderr, "%s: not named fuzz_<parser>\n", argv[0]);
		return 1;
	}
	snprintf(corpus, sizeof corpus, "%s/t/fuzz/corpus/%s", top ? top : ".", name + strlen("fuzz_"));
	replay_bytes(NULL, 0);
	rc = replay_path(corpus);
	for (int i = 1; i < argc; i++)
		rc |= replay_path(argv[i]);
	printf("%s: %lu inputs\n", name, inputs);
	return rc == 0 && inputs > 1 ? 0 : 1;
}
