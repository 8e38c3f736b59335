/* nodefile_bench.c - see nodefile_bench.h. */
#include "t/cli/nodefile_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char folder[] = "/tmp/test_nodefile.XXXXXX";

void in_folder(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

void out_of_folder(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(name, mode), 0);
}

char *printed(const struct mr_report *r)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_report_print(r, out);
	fclose(out);
	return text;
}
