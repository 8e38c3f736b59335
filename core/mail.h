/* mail.h - 64-byte letters between two workers: orders, acknowledgements, events.
 *
 * One producer, one consumer, on ck_ring; a letter is copied in and copied out.  Unlike a packet
 * ring it may be full: push then says so and the caller decides (an order waits in the host's
 * backlog, an event is counted as lost).
 */
#ifndef MR_CORE_MAIL_H
#define MR_CORE_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#define MR_LETTER 64

struct mr_mail;

/* Room for n letters; NULL: no memory.  Setup only. */
struct mr_mail *mr_mail_open(uint32_t n);
void mr_mail_close(struct mr_mail *m);

/* Producer only; false when full. */
bool mr_mail_push(struct mr_mail *m, const void *letter);

/* Letters that fit now.  Producer only. */
uint32_t mr_mail_room(const struct mr_mail *m);

/* Consumer only; false when empty. */
bool mr_mail_pop(struct mr_mail *m, void *letter);
bool mr_mail_ready(const struct mr_mail *m);

#endif
