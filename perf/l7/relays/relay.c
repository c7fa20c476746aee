// SPDX-License-Identifier: Apache-2.0
/*
 * relay WAY PATTERN MIB [OBJECT]: one connection through a relay on loopback, and what it took.
 *
 * WAY: direct, copy (64 KiB buffer), splice64 and splice256 (pipes of so many KiB), sockmap (OBJECT: redirect.bpf.o).
 * PATTERN: bulk (as fast as it goes), 64k and 1k (messages of that size, each answered by the receiver with one byte,
 * or as long, before the next), stalled (nobody receives).
 * The relay runs on CPU 0, both ends on CPU 1. Prints JSON: bytes that arrived, CPU seconds of the relay and of the ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (64 << 10)
#define MOVES 8

enum way { DIRECT, COPY, SPLICE, SOCKMAP };

static char buffer[256 << 10];
static enum way way;
static int pipe_bytes;
static unsigned long long wanted;
static size_t message, answer;
static int stalls;
static int ready[2]; /* The relay says here that it has both sockets: sockmap leaves what came before where it is. */

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void no_delay(int fd)
{
	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), "TCP_NODELAY");
}

static int listen_any(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	check(bind(fd, (struct sockaddr *)address, length), "bind");
	check(listen(fd, 1), "listen");
	getsockname(fd, (struct sockaddr *)address, &length);
	return fd;
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	check(connect(fd, (const struct sockaddr *)address, sizeof(*address)), "connect");
	no_delay(fd);
	return fd;
}

static int accept_one(int listener)
{
	int fd = check(accept(listener, NULL, NULL), "accept");

	no_delay(fd);
	return fd;
}

static void wait_room(int fd, const char *what)
{
	check(errno == EAGAIN ? 0 : -1, what);
	poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
}

static void send_all(int fd, const char *from, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, from, length, MSG_NOSIGNAL);

		if (sent > 0)
			from += sent, length -= sent;
		else
			wait_room(fd, "send");
	}
}

static void receive_all(int fd, size_t length)
{
	while (length > 0) {
		ssize_t got = recv(fd, buffer, length < sizeof(buffer) ? length : sizeof(buffer), 0);

		check(got <= 0 ? -1 : 0, "receive");
		length -= got;
	}
}

/* Sends until it could send nothing for a second. */
static unsigned long long stall(int fd)
{
	unsigned long long sent = 0;
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	while (sent < wanted && poll(&room, 1, 1000) > 0) {
		ssize_t result = send(fd, buffer, BUFFER, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (result > 0)
			sent += result;
	}
	return sent;
}

static void run_source(const struct sockaddr_in *address)
{
	int fd = connect_to(address);
	size_t piece = message ? message : BUFFER;

	pin(1);
	if (way != DIRECT)
		check(read(ready[0], buffer, 1) == 1 ? 0 : -1, "the relay");
	if (stalls) {
		printf("\"taken\": %llu, ", stall(fd));
		fflush(stdout);
		return;
	}
	for (unsigned long long sent = 0; sent < wanted; sent += piece) {
		send_all(fd, buffer, piece);
		if (answer)
			receive_all(fd, answer);
	}
	receive_all(fd, 1); /* The other end has all. */
}

static void run_sink(int listener)
{
	int fd = accept_one(listener);

	pin(1);
	if (stalls) {
		pause();
		return;
	}
	for (unsigned long long got = 0; got < wanted;) {
		size_t piece = message ? message : sizeof(buffer);

		if (answer) {
			receive_all(fd, piece);
			got += piece;
			send_all(fd, buffer, answer);
			continue;
		}
		ssize_t some = recv(fd, buffer, piece, 0);

		check(some <= 0 ? -1 : 0, "receive at the sink");
		got += some;
	}
	send_all(fd, buffer, 1);
	receive_all(fd, 0);
	recv(fd, buffer, 1, 0);
}

static void send_ready(void)
{
	check(write(ready[1], "", 1), "ready");
}

static int copy_some(int from, int to)
{
	ssize_t got = recv(from, buffer, BUFFER, 0);

	if (got > 0)
		send_all(to, buffer, got);
	return got > 0 ? got < BUFFER ? 0 : 1 : got < 0 && errno == EAGAIN ? 0 : -1;
}

static int splice_some(int from, int to, int ends[2])
{
	ssize_t got = splice(from, NULL, ends[1], NULL, pipe_bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (got <= 0)
		return got < 0 && errno == EAGAIN ? 0 : -1;
	for (ssize_t left = got; left > 0;) {
		ssize_t sent = splice(ends[0], NULL, to, NULL, left, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (sent > 0)
			left -= sent;
		else
			wait_room(to, "splice");
	}
	return 1;
}

/* Until one side ends. */
static void move(int client, int server)
{
	int ends[2] = {-1, -1};
	struct pollfd both[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};

	if (way == SPLICE) {
		check(pipe(ends), "pipe");
		check(fcntl(ends[0], F_SETPIPE_SZ, pipe_bytes), "F_SETPIPE_SZ");
	}
	fcntl(client, F_SETFL, O_NONBLOCK);
	fcntl(server, F_SETFL, O_NONBLOCK);
	send_ready();
	for (;;) {
		poll(both, 2, -1);
		for (int i = 0; i < 2; i++) {
			for (int moves = 0; both[i].revents && moves < MOVES; moves++) {
				int more = way == COPY ? copy_some(both[i].fd, both[!i].fd) : splice_some(both[i].fd, both[!i].fd, ends);

				if (more < 0)
					return;
				if (!more)
					break;
			}
		}
	}
}

static void redirect(int client, int server, const char *path, unsigned int port)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_map *constants;
	int map, program, fds[] = {client, server};
	size_t size;

	check(object ? 0 : -1, path);
	constants = bpf_object__find_map_by_name(object, ".rodata");
	*(unsigned int *)bpf_map__initial_value(constants, &size) = port;
	check(bpf_object__load(object), "load");
	map = bpf_object__find_map_fd_by_name(object, "sides");
	program = bpf_program__fd(bpf_object__find_program_by_name(object, "redirect"));
	check(bpf_prog_attach(program, map, BPF_SK_SKB_STREAM_VERDICT, 0), "attach");
	for (int i = 0; i < 2; i++)
		check(bpf_map_update_elem(map, &i, &fds[i], BPF_ANY), "sockmap");
	send_ready();
	poll(&(struct pollfd){.fd = client, .events = POLLRDHUP}, 1, -1);
}

static void run_relay(int listener, const struct sockaddr_in *sink, const char *object)
{
	struct sockaddr_in own;
	socklen_t length = sizeof(own);
	int server = connect_to(sink), client;

	pin(0);
	client = accept_one(listener);
	getsockname(client, (struct sockaddr *)&own, &length);
	if (way == SOCKMAP)
		redirect(client, server, object, ntohs(own.sin_port));
	else
		move(client, server);
}

static double seconds(struct timeval time)
{
	return time.tv_sec + time.tv_usec / 1e6;
}

static double cpu_of(pid_t pid)
{
	struct rusage used;
	int status = 0;

	check(wait4(pid, &status, 0, &used), "wait");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		exit(stalls ? 0 : 1);
	return seconds(used.ru_utime) + seconds(used.ru_stime);
}

static void choose(char **argv)
{
	static const char *const ways[] = {"direct", "copy", "splice", "sockmap"};

	for (int i = 0; i < 4; i++)
		if (!strncmp(argv[1], ways[i], strlen(ways[i])))
			way = i;
	pipe_bytes = (way == SPLICE ? atoi(argv[1] + strlen("splice")) : 0) << 10;
	if (!strcmp(argv[2], "64k"))
		message = 64 << 10, answer = 1;
	else if (!strcmp(argv[2], "1k"))
		message = answer = 1 << 10;
	stalls = !strcmp(argv[2], "stalled");
	wanted = strtoull(argv[3], NULL, 10) << 20;
}

int main(int argc, char **argv)
{
	struct sockaddr_in sink, relay;
	struct timespec began, ended;
	pid_t ends[2], own = 0;
	double relay_cpu = 0, ends_cpu;

	if (argc < 4)
		return 2;
	choose(argv);
	int sink_listener = listen_any(&sink), relay_listener = listen_any(&relay);

	check(pipe(ready), "pipe");
	clock_gettime(CLOCK_MONOTONIC, &began);
	if (!(ends[1] = fork()))
		return run_sink(sink_listener), 0;
	if (way != DIRECT && !(own = fork()))
		return run_relay(relay_listener, &sink, argc > 4 ? argv[4] : NULL), 0;
	if (!(ends[0] = fork())) {
		printf("{");
		run_source(way == DIRECT ? &sink : &relay);
		return fflush(stdout), 0;
	}
	ends_cpu = cpu_of(ends[0]);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	if (stalls) {
		kill(ends[1], SIGKILL);
		if (own)
			kill(own, SIGKILL);
		printf("\"bytes\": 0}\n");
		return 0;
	}
	ends_cpu += cpu_of(ends[1]);
	if (own)
		relay_cpu = cpu_of(own);
	printf("\"bytes\": %llu, \"relay\": %.6f, \"ends\": %.6f, \"wall\": %.6f}\n", wanted, relay_cpu, ends_cpu,
	       ended.tv_sec - began.tv_sec + (ended.tv_nsec - began.tv_nsec) / 1e9);
	return 0;
}
