/* files.h - the live page: page.html, page.css and the scripts one behind the other, as bytes.
 *
 * Made from the files of this folder when the program is built (embed.sh).  The page loads nothing
 * but these and asks for nothing but /stats, /peers and /graph; CLI_PAGE_POLICY holds the browser
 * to it.
 */
#ifndef MILLRACE_CLI_PAGE_FILES_H
#define MILLRACE_CLI_PAGE_FILES_H

#include <stddef.h>

#define CLI_PAGE_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct cli_page_file {
	const unsigned char *bytes;
	size_t               n;
};

extern const struct cli_page_file cli_page_html, cli_page_css, cli_page_js;

#endif
