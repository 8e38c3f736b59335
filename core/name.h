/* name.h - addresses of host names, found without waiting.
 *
 * Questions go to the machine's name servers (resolv.conf and hosts, as libevent's evdns reads
 * them) over an event base of their own, which runs only inside mr_names_poll: answers arrive there
 * and nowhere else, on the thread of the one user.  Whoever has asked polls every few milliseconds
 * until all answers are there.  A question first has the two files read again if they have changed:
 * a program that starts before the network finds no name server in them.
 */
#ifndef MR_CORE_NAME_H
#define MR_CORE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#define MR_NAME_ADDRESSES 8 /* of one name, at most; further ones are left out */

struct mr_names;

struct mr_name_address {
	uint16_t len;      /* of sock                             */
	uint8_t  sock[28]; /* sockaddr_in or sockaddr_in6 image   */
};

/* What a question came to: n addresses, 0: no such name, or no answer.  Borrowed for the call. */
typedef void mr_name_found(void *arg, const struct mr_name_address *found, unsigned n);

/* The two files, borrowed; NULL: the machine's.  NULL: no memory.  Opens no socket and reads no
 * file yet. */
struct mr_names *mr_names_open(const char *resolv_conf, const char *hosts);

/* Ends questions under way; nobody is told.  NULL is fine. */
void mr_names_close(struct mr_names *names);

/* Ask for the addresses of host, port being a decimal number; found is called once, within poll or
 * already within ask.  False, and found is not called: the machine has no name service. */
bool mr_names_ask(struct mr_names *names, const char *host, const char *port, mr_name_found *found,
                  void *arg);

/* Let answers come in; never waits. */
void mr_names_poll(struct mr_names *names);

#endif
