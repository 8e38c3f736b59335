/* notify.h - telling whoever started us how we are: systemd's protocol (sd_notify(3)), by a few
 * lines of our own.
 *
 *     READY=1                     all is open, packets flow
 *     RELOADING=1, READY=1        around a reload
 *     STATUS=...                  a line that `systemctl status` shows
 *     WATCHDOG=1                  we live; without one for so long we are ended and started again
 *     STOPPING=1                  on our way out
 *
 * Each is a datagram to the socket that NOTIFY_SOCKET names; nobody is waited for.  What is not
 * taken is lost, but for READY=1, for which the service's start waits: it goes again with the next
 * sign of life.  Without the variable nothing is sent.  Main only.
 */
#ifndef MR_CORE_NOTIFY_H
#define MR_CORE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct mr_notify {
	int                fd;  /* owned; -1: nobody wants to know                  */
	struct sockaddr_un to;
	socklen_t          len;
	uint64_t           watchdog; /* ns in which WATCHDOG=1 is wanted; 0: it is not */
	bool               owes_ready; /* the last READY=1 was not taken             */
};

/* From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken out of the environment.
 * NULL, or what is wrong with them: then nothing will be sent. */
const char *mr_notify_open(struct mr_notify *n);
void mr_notify_close(struct mr_notify *n);

/* READY=1 and, unless it is NULL, a status; the same after a reload. */
void mr_notify_ready(struct mr_notify *n, const char *status);
void mr_notify_reloading(const struct mr_notify *n, uint64_t now); /* ns of mr_clock_now */
void mr_notify_status(const struct mr_notify *n, const char *status);
void mr_notify_alive(struct mr_notify *n);
void mr_notify_stopping(struct mr_notify *n, const char *status);

#endif
