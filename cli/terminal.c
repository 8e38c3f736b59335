/* terminal - put it in order, wait for keys, leave it as it was. */
#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/clock.h"

#define ENTER "\033[?1049h\033[?25l\033[2J" /* alternate screen, no cursor, empty */
#define LEAVE "\033[0m\033[?25h\033[?1049l"

static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV };

enum { FATAL = sizeof fatal / sizeof fatal[0] };

/* What a handler must find: the terminal is the process's, and there is one. */
static struct {
	struct termios   before, during;
	volatile sig_atomic_t open;
	char             typed[32]; /* keys read and not looked at, [typed_n] */
	size_t           typed_n;
} term;

bool cli_terminal_is(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && kind && *kind &&
	       strcmp(kind, "dumb") != 0;
}

/* ---- in and out; all of it may be called by a handler ---- */

static void say(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDOUT_FILENO, text, n);

		if (done < 0 && errno != EINTR)
			return;
		text += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
}

static void enter(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &term.during);
	say(ENTER, sizeof ENTER - 1);
}

static void leave(void)
{
	say(LEAVE, sizeof LEAVE - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
}

static void on_fatal(int signo)
{
	if (term.open)
		leave();
	term.open = 0;
	signal(signo, SIG_DFL);
	raise(signo); /* as soon as this returns */
}

static void on_stop(int signo)
{
	int before = errno;

	(void)signo;
	leave();
	raise(SIGSTOP);
	enter();
	errno = before;
}

static void on_window(int signo)
{
	(void)signo; /* it interrupts the wait for keys, and is blocked elsewhere */
}

static void handle(int signo, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigfillset(&action.sa_mask);
	sigaction(signo, &action, NULL);
}

bool cli_terminal_open(void)
{
	sigset_t window;

	if (tcgetattr(STDIN_FILENO, &term.before) != 0)
		return false;
	term.during = term.before;
	term.during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	term.during.c_cc[VMIN] = 1;
	term.during.c_cc[VTIME] = 0;
	term.typed_n = 0;
	sigemptyset(&window);
	sigaddset(&window, SIGWINCH);
	sigprocmask(SIG_BLOCK, &window, NULL);
	handle(SIGWINCH, on_window);
	handle(SIGTSTP, on_stop);
	for (unsigned i = 0; i < FATAL; i++)
		handle(fatal[i], on_fatal);
	enter();
	term.open = 1;
	return true;
}

void cli_terminal_close(void)
{
	if (!term.open)
		return;
	term.open = 0;
	handle(SIGTSTP, SIG_DFL);
	leave();
	for (unsigned i = 0; i < FATAL; i++)
		handle(fatal[i], SIG_DFL);
}

void cli_terminal_size(unsigned *width, unsigned *height)
{
	struct winsize size = { 0 };

	*width = 80;
	*height = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return;
	if (size.ws_col > 0)
		*width = size.ws_col;
	if (size.ws_row > 0)
		*height = size.ws_row;
}

bool cli_terminal_show(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t done = write(STDOUT_FILENO, text, len);

		if (done < 0 && errno != EINTR)
			return false;
		text += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

/* ---- keys ---- */

static const struct {
	const char  *typed;
	enum cli_key key;
} keys[] = {
	{ "\033[A", CLI_KEY_UP },       { "\033OA", CLI_KEY_UP },       { "k", CLI_KEY_UP },
	{ "\033[B", CLI_KEY_DOWN },     { "\033OB", CLI_KEY_DOWN },     { "j", CLI_KEY_DOWN },
	{ "\033[5~", CLI_KEY_PAGE_UP }, { "\033[6~", CLI_KEY_PAGE_DOWN },
	{ "\033[H", CLI_KEY_HOME },     { "\033OH", CLI_KEY_HOME },     { "\033[1~", CLI_KEY_HOME },
	{ "\033[F", CLI_KEY_END },      { "\033OF", CLI_KEY_END },      { "\033[4~", CLI_KEY_END },
	{ "g", CLI_KEY_HOME },          { "G", CLI_KEY_END },
	{ "q", CLI_KEY_QUIT },          { "Q", CLI_KEY_QUIT },
	{ "s", CLI_KEY_SORT },          { "d", CLI_KEY_DROPS },         { " ", CLI_KEY_PAUSE },
};

/* An escape sequence that is none of ours: up to its last byte. */
static size_t sequence(const char *typed, size_t n)
{
	size_t i = 1;

	if (n > 1 && (typed[1] == '[' || typed[1] == 'O'))
		for (i = 2; i < n && (typed[i] < '@' || typed[i] > '~');)
			i++;
	return i < n ? i + 1 : n;
}

enum cli_key cli_key_of(const char *typed, size_t n, size_t *took)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		*took = strlen(keys[i].typed);
		if (*took <= n && memcmp(typed, keys[i].typed, *took) == 0)
			return keys[i].key;
	}
	*took = typed[0] == '\033' ? sequence(typed, n) : 1;
	return CLI_KEY_OTHER;
}

static enum cli_key next_key(void)
{
	size_t took;
	enum cli_key key = cli_key_of(term.typed, term.typed_n, &took);

	term.typed_n -= took;
	memmove(term.typed, term.typed + took, term.typed_n);
	return key;
}

enum cli_key cli_terminal_key(uint64_t until_ns)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = mr_clock_now(), left = until_ns > now ? until_ns - now : 0;
	struct timespec wait = { .tv_sec = (time_t)(left / MR_NS_PER_S),
		                 .tv_nsec = (long)(left % MR_NS_PER_S) };
	sigset_t none;
	ssize_t n;

	if (term.typed_n > 0)
		return next_key();
	sigemptyset(&none);
	if (ppoll(&in, 1, &wait, &none) <= 0)
		return CLI_KEY_NONE;
	n = read(STDIN_FILENO, term.typed, sizeof term.typed);
	if (n < 0 && errno == EINTR)
		return CLI_KEY_NONE;
	if (n <= 0)
		return CLI_KEY_QUIT;
	term.typed_n = (size_t)n;
	return next_key();
}
