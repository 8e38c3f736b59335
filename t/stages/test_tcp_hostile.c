/* tcp: clients that mean no good, or do none: slow, silent, many, and those that say anything. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "stages/lib/tcp.h"
#include "stages/lib/tcp_pool.h"
#include "t/lib/streams.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_tcp;

#define S MR_NS_PER_S

/* One does not read: he loses his own frames by name and nobody else's (R24), his stream keeps its
 * step, and when he has taken nothing for 30 s he is cut off. */
START_TEST(a_slow_reader)
{
	struct rig *rig = streams_open(STREAMS_TCP(",\"send_buf_size\":4096"));
	int slow = streams_client(rig), quick = streams_client(rig);
	struct fips_via to_slow = streams_via(slow), to_quick = streams_via(quick);
	int64_t last = -1, number;
	unsigned frames = 0, n;

	streams_until(rig, "accepted", 2);
	streams_msg1();
	streams_say(slow, streams_out.at, streams_out.n); /* who has said something may be silent */
	streams_say(quick, streams_out.at, streams_out.n);
	streams_until(rig, "made", 2);
	for (n = 0; n < 10000 && rig_count(rig, "full") < 100; n++) {
		streams_feed(rig, &to_slow, n, n % 50 ? STREAMS_MOST : 999);
		streams_feed(rig, &to_quick, n, 1000);
		if (n % 30 < 29)
			continue; /* of many at once the socket takes one in part */
		rig_run(rig);
		for (unsigned i = 0; i < 30; i++)
			ck_assert_int_eq(streams_heard(quick), n - 29 + i);
		ck_assert(!rig_holds(rig, "frames"));
	}
	ck_assert_uint_ge(rig_count(rig, "full"), 100);
	streams_impatient(slow, true);
	for (unsigned i = 0; i < 100; i++) {
		while ((number = streams_heard(slow)) >= 0) {
			ck_assert_int_gt(number, last);
			last = number;
			frames++;
		}
		rig_run(rig); /* the rest of one that has gone in part */
	}
	ck_assert_uint_eq(frames, n - rig_count(rig, "full"));
	craft_drops(rig, &mr_kind_tcp, "full", rig_count(rig, "full"));
	for (n = 0; n < 10000 && rig_count(rig, "full") < 200; n++) {
		streams_feed(rig, &to_slow, n, 1000);
		rig_run(rig);
	}
	rig_at(rig, 30 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "cut"), 0);
	rig_at(rig, 40 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "cut"), 1);
	ck_assert_uint_le(rig_count(rig, "lost"), 1);
	ck_assert(streams_is_there(quick));
	close(slow);
	close(quick);
	rig_close(rig);
}
END_TEST

/* Who says nothing for 30 s, or stops in the midst of a frame, is cut off;
 * who says whole frames is not. */
START_TEST(the_silent_are_cut_off)
{
	struct rig *rig = streams_open(STREAMS_NODE);
	int nothing = streams_client(rig), some = streams_client(rig), good = streams_client(rig),
	    halting = streams_client(rig);

	streams_until(rig, "accepted", 4);
	streams_msg1();
	streams_say(good, streams_out.at, streams_out.n);
	streams_say(halting, streams_out.at, streams_out.n);
	streams_until(rig, "made", 2);
	rig_at(rig, 20 * S);
	rig_run(rig);
	streams_say(some, streams_out.at, 50); /* a beginning is not enough */
	streams_say(halting, streams_out.at, 3);
	rig_run(rig);
	rig_at(rig, 30 * S);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "cut"), 0);
	rig_at(rig, 31 * S);
	streams_until(rig, "cut", 2);
	ck_assert(streams_is_closed(nothing) && streams_is_closed(some));
	ck_assert(streams_is_there(halting) && streams_is_there(good));
	rig_at(rig, 51 * S);
	streams_until(rig, "cut", 3);
	ck_assert(streams_is_closed(halting));
	rig_at(rig, 1000 * S);
	rig_run(rig);
	ck_assert(streams_is_there(good));
	craft_drops(rig, &mr_kind_tcp, "partial", 2);
	close(nothing);
	close(some);
	close(good);
	close(halting);
	rig_close(rig);
}
END_TEST

/* There are so many places and no more (R7).  Who has said nothing for a second makes room, the
 * oldest first; then who has shown no live key for a minute. */
START_TEST(places_have_a_cap)
{
	struct rig *rig = streams_open(STREAMS_TCP(",\"max_inbound_connections\":3"));
	int live = streams_client(rig), silent = streams_client(rig), junk = streams_client(rig),
	    more;

	streams_until(rig, "accepted", 3);
	streams_msg1();
	streams_say(junk, streams_out.at, streams_out.n);
	streams_out.n = 0;
	streams_frame(STREAMS_INDEX, 1, 60);
	streams_say(live, streams_out.at, streams_out.n);
	streams_until(rig, "made", 2);
	for (unsigned i = 1; i <= 2; i++) {
		more = streams_client(rig);
		streams_until(rig, "refused", i);
		ck_assert(streams_is_closed(more));
		close(more);
		rig_at(rig, 2 * S); /* a second, and not more than that */
	}

	rig_at(rig, 4 * S);
	more = streams_client(rig);
	streams_until(rig, "evicted", 1);
	ck_assert(streams_is_closed(silent) && streams_is_there(junk) && streams_is_there(live));
	close(silent);
	streams_frame(STREAMS_INDEX, 2, 60);
	streams_say(more, streams_out.at, streams_out.n);
	streams_until(rig, "made", 4);

	rig_at(rig, 63 * S);
	streams_say(live, streams_out.at, streams_out.n);
	streams_until(rig, "made", 6);
	silent = streams_client(rig);
	streams_until(rig, "evicted", 2);
	ck_assert(streams_is_closed(junk) && streams_is_there(live) && streams_is_there(more));
	ck_assert_uint_eq(rig_count(rig, "refused"), 2);
	close(junk);
	close(live);
	close(more);
	close(silent);
	rig_close(rig);
}
END_TEST

/* Who only speaks, and never under a key of ours, holds his place for a few seconds and no longer:
 * handshakes that lead nowhere, sent by as many as there are places,
 * keep nobody out for a minute (R7). */
START_TEST(talkers_hold_no_place)
{
	struct rig *rig = streams_open(STREAMS_TCP(",\"max_inbound_connections\":3"));
	int live = streams_client(rig), first = streams_client(rig), second = streams_client(rig),
	    more;

	streams_until(rig, "accepted", 3);
	streams_frame(STREAMS_INDEX, 1, 60);
	streams_say(live, streams_out.at, streams_out.n);
	streams_out.n = 0;
	streams_msg1();
	streams_say(first, streams_out.at, streams_out.n);
	streams_say(second, streams_out.at, streams_out.n);
	streams_until(rig, "made", 3);
	rig_at(rig, 4 * S); /* their answer may be on its way */
	more = streams_client(rig);
	streams_until(rig, "refused", 1);
	close(more);
	rig_at(rig, 8 * S);
	more = streams_client(rig);
	streams_until(rig, "evicted", 1);
	ck_assert_uint_eq(rig_count(rig, "refused"), 1);
	ck_assert(streams_is_closed(first) && streams_is_there(second) && streams_is_there(live));
	streams_say(second, streams_out.at, streams_out.n); /* to say it again does not help */
	streams_until(rig, "made", 4);
	rig_at(rig, 9 * S);
	close(first);
	first = streams_client(rig);
	streams_until(rig, "evicted", 2);
	ck_assert(streams_is_closed(second) && streams_is_there(live));
	close(live);
	close(first);
	close(second);
	close(more);
	rig_close(rig);
}
END_TEST

/* A thousand that connect and say nothing: those that are in use stay, and one more gets in. */
START_TEST(a_thousand_silent_ones)
{
	struct rig *rig = streams_open(STREAMS_TCP(",\"max_inbound_connections\":20"));
	int live = streams_client(rig), fd, crowd[1000];

	streams_until(rig, "accepted", 1);
	streams_frame(STREAMS_INDEX, 1, 60);
	streams_say(live, streams_out.at, streams_out.n);
	streams_until(rig, "made", 1);
	for (unsigned i = 0; i < COUNT(crowd); i++) {
		crowd[i] = streams_client(rig);
		streams_until(rig, "accepted", 2 + i);
		if (i >= 100 + 19)
			close(crowd[i - 100]);
	}
	ck_assert_uint_eq(rig_count(rig, "refused"), COUNT(crowd) - 19);
	rig_at(rig, 3 * S);
	fd = streams_client(rig);
	streams_until(rig, "accepted", 2 + COUNT(crowd));
	streams_say(fd, streams_out.at, streams_out.n);
	streams_until(rig, "made", 2);
	ck_assert(streams_is_there(live) && streams_is_there(fd));
	for (unsigned i = 0; i < COUNT(crowd); i++) {
		if (i < 19 || i >= COUNT(crowd) - 100)
			close(crowd[i]);
	}
	close(live);
	close(fd);
	rig_close(rig);
}
END_TEST

static uint32_t dice;

static uint32_t throw(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

/* One piece of a stream: whole frames, the beginning of one, or anything. */
static void put_piece(void)
{
	streams_out.n = 0;
	switch (throw(8)) {
	case 0: streams_msg1(); break;
	case 1: streams_msg2(); break;
	case 2: streams_frame(STREAMS_INDEX + throw(2), 1, STREAMS_MOST); break;
	case 3: streams_frame(STREAMS_INDEX, 1, 40 + throw(100)); streams_out.n -= throw(40); break;
	case 4:
		for (unsigned i = 0; i < 40; i++)
			streams_frame(STREAMS_INDEX, i, 33);
		break;
	case 5:
		for (; streams_out.n < 1 + throw(50); streams_out.n++)
			streams_out.at[streams_out.n] = (uint8_t)throw(256);
		break;
	default: streams_frame(STREAMS_INDEX, 1, 60 + throw(500)); break;
	}
}

static void forget(struct rig *rig)
{
	while (rig_out(rig, "frames") || rig_out(rig, "handshakes"))
		;
}

/* A crowd comes, says some of it and goes, while frames are sent to whoever was there: every packet
 * goes one way (that is asserted when the rig is closed), no place is lost,
 * and one that behaves is served. */
START_TEST(a_crowd_of_fools)
{
	struct rig *rig = streams_open(STREAMS_TCP(",\"max_inbound_connections\":30"));
	const struct mr_tcp *tcp = rig_use(rig, &mr_resource_tcp);
	struct fips_via via[20];
	int fd[20];
	uint64_t now = S;

	dice = (uint32_t)_i;
	for (unsigned i = 0; i < COUNT(fd); i++) {
		fd[i] = streams_client(rig);
		via[i] = streams_via(fd[i]);
	}
	for (unsigned round = 0; round < 600; round++) {
		unsigned i = throw(COUNT(fd));

		put_piece();
		send(fd[i], streams_out.at, streams_out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (throw(4) == 0)
			streams_feed(rig, &via[throw(COUNT(via))], round, 32 + throw(STREAMS_MOST));
		if (throw(10) == 0) {
			close(fd[i]);
			fd[i] = streams_client(rig);
			via[i] = streams_via(fd[i]);
		}
		rig_at(rig, now += throw(500) * MR_NS_PER_MS);
		rig_run(rig);
		forget(rig);
	}
	for (unsigned i = 0; i < COUNT(fd); i++)
		close(fd[i]);
	for (unsigned i = 0; i < 2000 && tcp->pool->in[0]; i++) {
		rig_run(rig);
		usleep(100);
	}
	ck_assert_uint_eq(tcp->pool->in[0], 0);
	ck_assert_uint_eq(rig_count(rig, "held"), 0);
	fd[0] = streams_client(rig);
	streams_out.n = 0;
	streams_frame(STREAMS_INDEX, 1, 60);
	forget(rig);
	streams_say(fd[0], streams_out.at, streams_out.n);
	streams_until(rig, "made", rig_count(rig, "made") + 1);
	ck_assert_ptr_nonnull(rig_out(rig, "frames"));
	close(fd[0]);
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tcp hostile");
	TCase *tc = tcase_create("tcp hostile");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_slow_reader);
	tcase_add_test(tc, the_silent_are_cut_off);
	tcase_add_test(tc, places_have_a_cap);
	tcase_add_test(tc, talkers_hold_no_place);
	tcase_add_test(tc, a_thousand_silent_ones);
	tcase_add_loop_test(tc, a_crowd_of_fools, 1, 6);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
