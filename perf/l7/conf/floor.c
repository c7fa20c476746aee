// SPDX-License-Identifier: Apache-2.0
// The least that a relay of this shape can cost: one thread, epoll, a connection to the origin for each client's, kept.
// It reads and writes, and parses nothing. What a turn has read is sent at its end, in a row: that costs less than at once.
// PAUSE (a macro), ns, is slept between being woken and looking what has come: 0 for not at all.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 128, BUFFER = 64 << 10 };

// One end of a pair. `data` is what was read from `other` and is still to be sent here.
struct end {
	int fd;
	struct end *other;
	char *data;
	size_t from, to;
	int held; // `other` may have more than was read
};

static struct end *row[MOST_EVENTS];
static int rows, epoll;
static struct end *dead[MOST_EVENTS];
static int deads;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void finish(struct end *end)
{
	if (end->fd < 0)
		return;
	close(end->fd);
	close(end->other->fd);
	end->fd = end->other->fd = -1;
	dead[deads++] = end; // freed when the turn's events have been looked at
}

// Reads one piece for the other end, once that one has sent the last. Less than there is room for leaves nothing (epoll(7), edges).
static int take(struct end *end)
{
	struct end *to = end->other;
	to->held = to->from < to->to;
	if (to->held)
		return 0;
	ssize_t got = recv(end->fd, to->data, BUFFER, 0);
	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		finish(end);
		return 0;
	}
	to->from = 0;
	to->to = got < 0 ? 0 : got;
	to->held = got == BUFFER;
	return got > 0;
}

static void give(struct end *end)
{
	while (end->fd >= 0 && end->from < end->to) {
		ssize_t sent = send(end->fd, end->data + end->from, end->to - end->from, MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN)
				finish(end);
			return;
		}
		end->from += sent;
		if (end->from == end->to && end->held)
			take(end->other);
	}
}

static void add(struct end *end)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = end };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event))
		fail("epoll_ctl");
}

static void accept_one(int listener, struct sockaddr_in *origin)
{
	int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	if (client < 0)
		return;
	int upstream = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (upstream < 0)
		fail("socket");
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(upstream, (struct sockaddr *)origin, sizeof(*origin)) && errno != EINPROGRESS)
		fail("connect");
	struct end *ends = calloc(2, sizeof(*ends));
	for (int i = 0; i < 2; i++) {
		ends[i].fd = i ? upstream : client;
		ends[i].other = &ends[1 - i];
		ends[i].data = malloc(BUFFER);
	}
	add(&ends[0]);
	add(&ends[1]);
}

static void handle(struct end *end, unsigned events)
{
	if (end->fd < 0)
		return;
	if (events & EPOLLOUT)
		give(end);
	if (end->fd < 0 || !(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) || !take(end))
		return;
	end->other->held |= (events & EPOLLRDHUP) != 0; // its end is behind what was read
	row[rows++] = end->other;
}

int main(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(@PORT@), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in origin = here;
	origin.sin_port = htons(@ORIGIN@);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof(here)) || listen(listener, 4096))
		fail("listen");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event listening = { .events = EPOLLIN, .data.ptr = NULL }, events[MOST_EVENTS];
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening))
		fail("epoll");
	struct pollfd any = { .fd = epoll, .events = POLLIN };
	struct timespec pause = { .tv_nsec = PAUSE };
	for (;;) {
		if (PAUSE > 0 && poll(&any, 1, -1) == 1)
			nanosleep(&pause, NULL);
		int ready = epoll_wait(epoll, events, MOST_EVENTS, -1);
		for (int i = 0; i < ready; i++) {
			if (events[i].data.ptr)
				handle(events[i].data.ptr, events[i].events);
			else
				accept_one(listener, &origin);
		}
		for (int i = 0; i < rows; i++)
			give(row[i]);
		rows = 0;
		while (deads > 0) {
			struct end *pair = dead[--deads];
			pair = pair < pair->other ? pair : pair->other;
			free(pair[0].data);
			free(pair[1].data);
			free(pair);
		}
	}
}
