/* sanitized.h - is this a build with AddressSanitizer or ThreadSanitizer?  Then SANITIZED is 1: the
 * heap is the sanitizer's, and more instructions run than were written. */
#ifndef T_LIB_SANITIZED_H
#define T_LIB_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
