/* tsan.h - telling ThreadSanitizer about hand-overs it cannot see.
 *
 * Concurrency Kit's rings order their slots with fences of their own, which ThreadSanitizer does not
 * follow.  The few functions that touch a ck_ring are kept out of its sight (MR_UNSEEN) and say in
 * so many words that everything before the enqueue is visible after the dequeue.  In other builds
 * all of this is nothing.
 */
#ifndef MR_CORE_TSAN_H
#define MR_CORE_TSAN_H

#if defined(__SANITIZE_THREAD__)
#define MR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MR_TSAN 1
#endif
#endif

#ifdef MR_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define MR_UNSEEN __attribute__((no_sanitize("thread"), noinline))
#define mr_hand_over(p) __tsan_release(p)
#define mr_take_over(p) __tsan_acquire(p)
#else
#define MR_UNSEEN
#define mr_hand_over(p) ((void)(p))
#define mr_take_over(p) ((void)(p))
#endif

#endif
