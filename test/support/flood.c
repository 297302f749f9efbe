/* A flood for the tests: datagrams from many addresses of 127/8 to one port of 127.0.0.1, so many a second.
 * Arguments: port, datagrams a second, seconds, sources. Prints how many it sent in how many seconds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { at_once = 16, length = 80 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  int port = atoi(arguments[1]), sources = atoi(arguments[4]);
  double rate = atof(arguments[2]), seconds = atof(arguments[3]);
  struct rlimit files = {(rlim_t)sources + 64, (rlim_t)sources + 64};
  setrlimit(RLIMIT_NOFILE, &files);
  int *sockets = malloc((size_t)sources * sizeof *sockets), opened = 0;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(0x7f000001);
  for (int i = 0; i < sources; i++) {
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f400000u + (uint32_t)i * 37u + 2u); /* 127.64.0.2, .39, .76 … */
    int one = socket(AF_INET, SOCK_DGRAM, 0);
    if (one < 0 || bind(one, (struct sockaddr *)&from, sizeof from) < 0 || connect(one, (struct sockaddr *)&to, sizeof to) < 0) break;
    sockets[opened++] = one;
  }
  if (opened == 0) return 1;
  uint8_t octets[length] = {1, 0, 0, length};
  for (int i = 20; i + 2 <= length; i += 20) octets[i] = 1, octets[i + 1] = 20; /* Three attributes of 20 octets. */
  struct iovec part = {octets, length};
  struct mmsghdr messages[at_once];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < at_once; i++) messages[i].msg_hdr.msg_iov = &part, messages[i].msg_hdr.msg_iovlen = 1;
  uint64_t sent = 0;
  double begun = now(), passed = 0;
  for (int turn = 0; (passed = now() - begun) < seconds; turn++) {
    if ((double)sent >= passed * rate) {
      struct timespec little = {0, 100000};
      nanosleep(&little, NULL);
      continue;
    }
    octets[1] = (uint8_t)turn;
    int done = sendmmsg(sockets[turn % opened], messages, at_once, 0);
    if (done > 0) sent += (uint64_t)done;
  }
  printf("{\"sent\":%llu,\"seconds\":%.3f,\"sources\":%d}\n", (unsigned long long)sent, passed, opened);
  return 0;
}
