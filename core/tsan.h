/* tsan.h - handing memory from one thread to another through a Concurrency Kit ring.
 *
 * mr_hand_over stands before an enqueue, mr_take_over behind a dequeue, both naming the ring.  They
 * do two things.  They are release and acquire: ck_ring's own fences order stores with stores and
 * loads with loads, but what the producer has read must have been read before the consumer writes
 * it, which on some machines takes more (on x86 both are nothing).  And they tell ThreadSanitizer,
 * which does not follow fences, that everything before the one is visible after the other; the few
 * functions that touch a ck_ring are kept out of its sight (MR_UNSEEN).
 */
#ifndef MR_CORE_TSAN_H
#define MR_CORE_TSAN_H

#include <stdatomic.h>

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
#else
#define MR_UNSEEN
#endif

static inline void mr_hand_over(void *ring)
{
	(void)ring;
	atomic_thread_fence(memory_order_release);
#ifdef MR_TSAN
	__tsan_release(ring);
#endif
}

static inline void mr_take_over(void *ring)
{
	(void)ring;
	atomic_thread_fence(memory_order_acquire);
#ifdef MR_TSAN
	__tsan_acquire(ring);
#endif
}

#endif
