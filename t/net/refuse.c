/* refuse WHAT COMMAND... - run a command on a kernel that knows less of TUN devices and UDP
 * sockets.
 *
 *     uso        no super-packets of UDP (before Linux 6.2)
 *     offloads   none at all
 *     header     not even the header in front of packets that says what they are
 *     udp        no messages of several datagrams, neither to send nor to receive */

#include <linux/if_tun.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "t/lib/refuse.h"

#define USO 0x60 /* TUN_F_USO4 and TUN_F_USO6 */

int main(int argc, char **argv)
{
	bool done = false;

	if (argc > 2 && strcmp(argv[1], "uso") == 0)
		done = refuse_ioctl(TUNSETOFFLOAD, USO);
	else if (argc > 2 && strcmp(argv[1], "offloads") == 0)
		done = refuse_ioctl(TUNSETOFFLOAD, UINT32_MAX);
	else if (argc > 2 && strcmp(argv[1], "header") == 0)
		done = refuse_ioctl(TUNSETVNETHDRSZ, 0);
	else if (argc > 2 && strcmp(argv[1], "udp") == 0)
		done = refuse_sockopt(SOL_UDP, UDP_SEGMENT) && refuse_sockopt(SOL_UDP, UDP_GRO);
	if (!done) {
		fprintf(stderr, "refuse: what, or this kernel lends no filters\n");
		return 1;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}
