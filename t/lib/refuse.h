/* refuse.h - a kernel that knows less than this one: from the call on, system calls of this
 * process, its threads and what it begins fail with EINVAL when they ask for what an older kernel
 * has not.  There is no way back.
 */
#ifndef T_LIB_REFUSE_H
#define T_LIB_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

/* ioctl() of this request, if its argument has any of these bits; 0: always. */
bool refuse_ioctl(uint32_t request, uint32_t bits);

/* setsockopt() of this option. */
bool refuse_sockopt(uint32_t level, uint32_t option);

/* writev() of more pieces than this. */
bool refuse_writev(uint32_t pieces);

#endif
