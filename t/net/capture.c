/* capture FILE - what is in a pcapng file: a line an interface.
 * Ends with 0 when every block adds up. */
#include <check.h>
#include <stdio.h>

#include "t/lib/pcapng.h"

static const char *path; /* from the command line */

START_TEST(every_block)
{
	struct pcapng_file *f = pcapng_read(path);

	for (unsigned i = 0; i < f->interfaces; i++) {
		unsigned n = 0;

		for (unsigned k = 0; k < f->packets; k++)
			n += f->packet[k].interface == i;
		printf("interface %s link %u packets %u\n", f->interface[i].name,
		       f->interface[i].link, n);
	}
	pcapng_free(f);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("capture");
	TCase *tc = tcase_create("capture");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (argc != 2)
		return 2;
	path = argv[1];
	tcase_add_test(tc, every_block);
	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_MINIMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
