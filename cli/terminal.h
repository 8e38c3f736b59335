/* terminal.h - a terminal that shows one screen at a time, and the keys pressed at it.
 *
 * Plain escape sequences that every terminal of today knows (alternate screen, cursor home, erase,
 * colours); no terminal description is looked up, so nothing beside libc is needed.
 *
 * From open to close the terminal is another: keys come one by one and unseen, the cursor is
 * hidden, what stood there before is put away.  However the program ends it gets back what it had:
 * at close, and on SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT and SIGSEGV, which then take their
 * usual effect. SIGTSTP gives it back for the time that the program stands still.
 *
 * One at a time, in a program with one thread.
 */
#ifndef MILLRACE_CLI_TERMINAL_H
#define MILLRACE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_key {
	CLI_KEY_NONE, /* the time has come, or the window has another size */
	CLI_KEY_QUIT, CLI_KEY_SORT, CLI_KEY_PAUSE, CLI_KEY_DROPS,
	CLI_KEY_UP, CLI_KEY_DOWN, CLI_KEY_PAGE_UP, CLI_KEY_PAGE_DOWN, CLI_KEY_HOME, CLI_KEY_END,
	CLI_KEY_OTHER,
};

/* Are input and output a terminal that knows the sequences? */
bool cli_terminal_is(void);

/* False: it cannot be set up (errno). */
bool cli_terminal_open(void);
void cli_terminal_close(void);

/* Of the window now; 80 x 24 when it does not say. */
void cli_terminal_size(unsigned *width, unsigned *height);

/* Wait for a key until this time of mr_clock_now, or until the window changes.  A terminal that is
 * gone is a CLI_KEY_QUIT. */
enum cli_key cli_terminal_key(uint64_t until_ns);

/* Show this text, whole, from the upper left corner on; false: the terminal is gone. */
bool cli_terminal_show(const char *text, size_t len);

/* The key at the start of what was typed, and how many of its n > 0 bytes it took. */
enum cli_key cli_key_of(const char *typed, size_t n, size_t *took);

#endif
