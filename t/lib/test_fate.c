/* Rules of the network between nodes: what they say, what they do, and that a seed repeats it. */
#include "t/lib/fate.h"

#include <arpa/inet.h>

#include <check.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const names[] = { "a", "b", "c" };

static const char *parse(struct fates *f, const char *line)
{
	return fate_parse(f, line, names, COUNT(names));
}

static const char *const refused[] = {
	"", "   ", "lose", "drop=1", "drop drop", "drop from=d", "drop from", "drop to=", "drop kind=msg3",
	"drop size=", "drop size=9..1", "drop size=1..", "drop size=..3", "drop size=-1", "drop size=1...2",
	"drop after=1s", "drop every=0", "drop skip=x", "drop count=", "drop chance=", "drop chance=101",
	"drop chance=-1", "drop chance=nan", "drop chance=1x", "drop gone", "delay", "delay=", "delay=5..1",
	"delay=60001", "hold", "hold=0", "hold=1001", "hold=1..2", "corrupt=1", "double=2", "from=a drop",
	"roam=10.0.0.1:1", "roam=10.0.0.1 from=a", "roam=10.0.0:1 from=a", "roam=10.0.0.1:0 from=a",
	"roam=10.0.0.1:65536 from=a", "roam=10.0.0.1:1x from=a", "roam from=a", "drop\t\vfrom=a",
	"drop from=a from=a=b", "delay=18446744073709551616",
};

START_TEST(what_is_no_rule_is_refused)
{
	struct fates f = { 0 };

	ck_assert_msg(parse(&f, refused[_i]) != NULL, "taken: %s", refused[_i]);
	ck_assert_uint_eq(f.rules, 0);
}
END_TEST

START_TEST(rules_have_a_bound)
{
	static struct fates f;
	char line[300];

	memset(line, ' ', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	ck_assert_str_eq(parse(&f, line), "a rule too long");
	for (unsigned i = 0; i < FATE_RULES; i++)
		ck_assert_ptr_null(parse(&f, "drop"));
	ck_assert_str_eq(parse(&f, "drop"), "too many rules");
}
END_TEST

/* A letter a packet for the first ten from a to b, of 100 bytes, 10 ms apart. */
static const struct {
	const char *rule, *fate;
} row[] = {
	{ "drop", "xxxxxxxxxx" },
	{ "drop skip=8", "........xx" },
	{ "drop every=3", "x..x..x..x" },
	{ "drop every=3 skip=1", ".x..x..x.." },
	{ "drop count=2", "xx........" },
	{ "drop every=4 count=2", "x...x....." },
	{ "drop from=a", "xxxxxxxxxx" },
	{ "drop from=b", ".........." },
	{ "drop to=b", "xxxxxxxxxx" },
	{ "drop to=c", ".........." },
	{ "drop kind=frame", "xxxxxxxxxx" },
	{ "drop kind=msg1", ".........." },
	{ "drop size=100", "xxxxxxxxxx" },
	{ "drop size=99", ".........." },
	{ "drop size=100..200", "xxxxxxxxxx" },
	{ "drop size=101..200", ".........." },
	{ "drop after=50", ".....xxxxx" },
	{ "drop until=50", "xxxxx....." },
	{ "drop after=20 until=40 skip=1", "...x......" }, /* only what it picks is counted */
	{ "drop chance=0", ".........." },
	{ "drop chance=100", "xxxxxxxxxx" },
	{ "double every=2", "2.2.2.2.2." },
	{ "hold=3 skip=9", ".........h" },
	{ "delay=7 count=1", "d........." },
	{ "corrupt skip=5 count=1", ".....c...." },
	{ "roam=10.0.0.1:9 from=a", ".........." },
};

static char letter(const struct fate *fate)
{
	return fate->drop ? 'x' : fate->copies ? '2' : fate->hold ? 'h' : fate->delay_us ? 'd' :
	       fate->verbs & 1u << FATE_CORRUPT ? 'c' : '.';
}

START_TEST(each_word_does_what_it_says)
{
	static struct fates f;
	char fate[11] = "";

	f = (struct fates){ .seed = 1 };
	ck_assert_ptr_null(parse(&f, row[_i].rule));
	for (unsigned i = 0; i < 10; i++) {
		struct fate_packet p = { 0, 1, FATE_FRAME, 100, 10 * i };
		struct fate one = fate_decide(&f, &p);

		fate[i] = letter(&one);
	}
	ck_assert_str_eq(fate, row[_i].fate);
}
END_TEST

START_TEST(rules_add_up_until_one_drops)
{
	static struct fates f;
	struct fate_packet p = { 0, 1, FATE_FRAME, 100, 0 };
	struct fate fate;

	f = (struct fates){ .seed = 1 };
	ck_assert_ptr_null(parse(&f, "delay=2..2"));
	ck_assert_ptr_null(parse(&f, "delay=3"));
	ck_assert_ptr_null(parse(&f, "double"));
	ck_assert_ptr_null(parse(&f, "drop skip=1"));
	ck_assert_ptr_null(parse(&f, "double"));
	fate = fate_decide(&f, &p);
	ck_assert_uint_eq(fate.delay_us, 5000);
	ck_assert_uint_eq(fate.copies, 2);
	ck_assert_uint_eq(fate.verbs, 1u << FATE_DELAY | 1u << FATE_DOUBLE);
	fate = fate_decide(&f, &p);
	ck_assert(fate.drop);
	ck_assert_uint_eq(fate.copies, 1);
}
END_TEST

enum { LONG = 20000 };

/* What happens to LONG packets from a to b, as one letter each;
 * between them go some from b to a. */
static void run(uint64_t seed, unsigned between, char out[LONG])
{
	static struct fates f;
	struct fate_packet there = { 0, 1, FATE_FRAME, 100, 0 },
			   back = { 1, 0, FATE_FRAME, 100, 0 };

	f = (struct fates){ .seed = seed };
	ck_assert_ptr_null(parse(&f, "drop chance=5"));
	ck_assert_ptr_null(parse(&f, "double chance=12.5"));
	ck_assert_ptr_null(parse(&f, "corrupt chance=50"));
	for (unsigned i = 0; i < LONG; i++) {
		struct fate fate = fate_decide(&f, &there);

		ck_assert_uint_lt(fate.bit, 800);
		out[i] = letter(&fate);
		for (unsigned n = 0; n < between; n++)
			fate_decide(&f, &back);
	}
}

static unsigned count(const char text[LONG], char c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LONG; i++)
		n += text[i] == c;
	return n;
}

START_TEST(a_seed_repeats_and_directions_are_apart)
{
	static char first[LONG], again[LONG], other[LONG];

	run(1, 0, first);
	run(1, 3, again);
	run(2, 0, other);
	ck_assert_mem_eq(first, again, LONG);
	ck_assert(memcmp(first, other, LONG));
	/* six standard deviations of a fair lot, for any seed */
	ck_assert_uint_ge(count(first, 'x'), LONG / 20 - 185);
	ck_assert_uint_le(count(first, 'x'), LONG / 20 + 185);
	ck_assert_uint_ge(count(first, '2'), LONG * 19 / 160 - 275);
	ck_assert_uint_le(count(first, '2'), LONG * 19 / 160 + 275);
	ck_assert_uint_ge(count(first, 'c'), LONG * 133 / 320 - 419);
	ck_assert_uint_le(count(first, 'c'), LONG * 133 / 320 + 419);
}
END_TEST

START_TEST(delays_fill_their_range)
{
	static struct fates f;
	struct fate_packet p = { 0, 1, FATE_FRAME, 100, 0 };
	uint64_t low = UINT64_MAX, high = 0;

	f = (struct fates){ .seed = 1 };
	ck_assert_ptr_null(parse(&f, "delay=2..4"));
	for (unsigned i = 0; i < 5000; i++) {
		struct fate fate = fate_decide(&f, &p);

		low = fate.delay_us < low ? fate.delay_us : low;
		high = fate.delay_us > high ? fate.delay_us : high;
	}
	ck_assert(low >= 2000 && low < 2010);
	ck_assert(high <= 4000 && high > 3990);
}
END_TEST

START_TEST(roaming)
{
	static struct fates f;

	f = (struct fates){ .seed = 1 };
	ck_assert_ptr_null(parse(&f, "roam=10.0.0.9:99 from=b after=10"));
	ck_assert_ptr_null(parse(&f, "roam=10.0.0.8:88 from=b after=20 until=30 gone"));
	ck_assert_ptr_null(fate_roams(&f, 1, 9));
	ck_assert_ptr_eq(fate_roams(&f, 1, 10), &f.rule[0]);
	ck_assert_ptr_eq(fate_roams(&f, 1, 20), &f.rule[1]);
	ck_assert_ptr_eq(fate_roams(&f, 1, 30), &f.rule[0]);
	ck_assert_ptr_null(fate_roams(&f, 0, 20));
	ck_assert_uint_eq(ntohl(f.rule[0].address), 0x0a000009);
	ck_assert_uint_eq(ntohs(f.rule[0].port), 99);
	ck_assert(!f.rule[0].gone);
	ck_assert(f.rule[1].gone);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fate");
	TCase *t = tcase_create("fate");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, what_is_no_rule_is_refused, 0, (int)COUNT(refused));
	tcase_add_test(t, rules_have_a_bound);
	tcase_add_loop_test(t, each_word_does_what_it_says, 0, (int)COUNT(row));
	tcase_add_test(t, rules_add_up_until_one_drops);
	tcase_add_test(t, a_seed_repeats_and_directions_are_apart);
	tcase_add_test(t, delays_fill_their_range);
	tcase_add_test(t, roaming);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
