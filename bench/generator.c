/* The load in C, for the works whose digests are MD5 alone: the same loop as generator.ts at a fifth of its CPU, so that on a
 * machine of two cores the servers are measured and not the one who asks. Packets come as templates from packets.ts, on
 * standard input; what differs from request to request is written over them. Every reply's authenticators are verified.
 * RFC 2865 section 3 and 5.2, RFC 2866 section 3, RFC 1321, RFC 2104, RFC 3579 section 3.2. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { slots_per_socket = 64, packet_space = 4096, last_step = 5, tries = 5, most_samples = 4000000, at_once = 32 };
static const double patience_s = 1.0;

/* MD5 --------------------------------------------------------------------------------------------------------------- */
typedef struct { uint32_t word[4]; uint64_t length; uint8_t block[64]; } md5_t;
static uint32_t sine[64];
static const int turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void md5_table(void) {
  /* floor(2^32 * |sin(i + 1)|) without the mathematics library: the sum of angles, in long double. */
  long double s = 0.84147098480789650665L, c = 0.54030230586813971740L, one_s = s, one_c = c;
  for (int i = 0; i < 64; i++) {
    long double value = (s < 0 ? -s : s) * 4294967296.0L;
    sine[i] = (uint32_t)value;
    long double next = s * one_c + c * one_s;
    c = c * one_c - s * one_s;
    s = next;
  }
}
static void md5_compress(uint32_t word[4], const uint8_t *block) {
  uint32_t m[16], a = word[0], b = word[1], c = word[2], d = word[3];
  memcpy(m, block, 64);
#define STEP(f, g, round, i) { uint32_t x = a + (f) + sine[i] + m[(g) & 15]; int r = turns[round][(i) & 3]; \
    a = d; d = c; c = b; b += x << r | x >> (32 - r); }
  for (int i = 0; i < 16; i++) STEP((b & c) | (~b & d), i, 0, i)
  for (int i = 16; i < 32; i++) STEP((d & b) | (~d & c), 5 * i + 1, 1, i)
  for (int i = 32; i < 48; i++) STEP(b ^ c ^ d, 3 * i + 5, 2, i)
  for (int i = 48; i < 64; i++) STEP(c ^ (b | ~d), 7 * i, 3, i)
  word[0] += a; word[1] += b; word[2] += c; word[3] += d;
}
static void md5_begin(md5_t *h) {
  h->word[0] = 0x67452301; h->word[1] = 0xefcdab89; h->word[2] = 0x98badcfe; h->word[3] = 0x10325476; h->length = 0;
}
static void md5_add(md5_t *h, const void *octets, size_t length) {
  const uint8_t *from = octets;
  for (size_t used = h->length & 63; length > 0;) {
    size_t part = 64 - used < length ? 64 - used : length;
    memcpy(h->block + used, from, part);
    h->length += part; from += part; length -= part; used += part;
    if (used == 64) { md5_compress(h->word, h->block); used = 0; }
  }
}
static void md5_end(md5_t *h, uint8_t digest[16]) {
  uint64_t bits = h->length * 8;
  static const uint8_t padding[64] = {0x80};
  size_t used = h->length & 63;
  md5_add(h, padding, used < 56 ? 56 - used : 120 - used);
  md5_add(h, &bits, 8);
  memcpy(digest, h->word, 16);
}

/* Orders -------------------------------------------------------------------------------------------------------------- */
typedef struct { uint8_t octets[packet_space]; int length, user, mac, password, session, status, ip, at_time, counters[5]; } template_t;
enum { counter_time, counter_in, counter_out, counter_packets_in, counter_packets_out };
static template_t login, records[4];
static char work[32], secret[256];
static int auth_port, acct_port, reply_signed, window;
static uint32_t subscribers, run_number;
static double warmup_s, seconds;
static size_t secret_length;
static md5_t inner, outer; /* HMAC-MD5 with the secret, key pads already taken in. */

static void read_template(template_t *t, char *text) {
  char *hex = strtok(text, " ");
  t->length = (int)strlen(hex) / 2;
  for (int i = 0; i < t->length; i++) sscanf(hex + 2 * i, "%2hhx", &t->octets[i]);
  int *fields[] = {&t->user, &t->mac, &t->password, &t->session, &t->status, &t->ip, &t->at_time,
                   &t->counters[0], &t->counters[1], &t->counters[2], &t->counters[3], &t->counters[4]};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *fields[i] = atoi(strtok(NULL, " "));
}
static void read_orders(void) {
  static char line[16384];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *value = strchr(line, ' ');
    if (!value) continue;
    *value++ = 0;
    if (!strcmp(line, "work")) snprintf(work, sizeof work, "%s", value);
    else if (!strcmp(line, "secret")) snprintf(secret, sizeof secret, "%s", value);
    else if (!strcmp(line, "numbers"))
      sscanf(value, "%d %d %d %d %u %u %lf %lf", &auth_port, &acct_port, &reply_signed, &window, &subscribers, &run_number,
             &warmup_s, &seconds);
    else if (!strcmp(line, "login")) read_template(&login, value);
    else if (!strncmp(line, "record", 6)) read_template(&records[line[6] - '0'], value);
  }
  secret_length = strlen(secret);
  uint8_t pad[64] = {0};
  memcpy(pad, secret, secret_length); /* Secrets of the benchmark are shorter than a block. */
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36;
  md5_begin(&inner); md5_add(&inner, pad, 64);
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36 ^ 0x5c;
  md5_begin(&outer); md5_add(&outer, pad, 64);
}

/* Packets ------------------------------------------------------------------------------------------------------------- */
typedef struct {
  int socket, length, port, step, tries, expected, class_length;
  uint8_t octets[packet_space], class_value[256], identifier;
  uint32_t subscriber, session;
  double first_sent, sent;
} slot_t;
static uint64_t random_state;
static const uint8_t zeros[16];

static uint64_t next_random(void) { /* xorshift64 */
  random_state ^= random_state << 13; random_state ^= random_state >> 7; random_state ^= random_state << 17;
  return random_state;
}
static void put32(uint8_t *at, uint32_t value) { value = htonl(value); memcpy(at, &value, 4); }
/* As subscribers.ts: line0000042, pass-0000042-word, 02:00:00:00:00:2A. By hand: printf would cost more than the digests. */
static void put_digits(uint8_t *at, uint32_t number) { for (int i = 6; i >= 0; i--, number /= 10) at[i] = '0' + number % 10; }
static void put_line(const template_t *t, uint8_t *octets, uint32_t number) {
  static const char digits[] = "0123456789ABCDEF";
  put_digits(octets + t->user + 4, number);
  uint8_t *mac = octets + t->mac + 9;
  for (int i = 0; i < 6; i++) mac[i + i / 2] = digits[number >> (20 - 4 * i) & 15];
}
static void build_login(slot_t *s) {
  memcpy(s->octets, login.octets, s->length = login.length);
  s->octets[1] = s->identifier;
  for (int i = 0; i < 2; i++) { uint64_t r = next_random(); memcpy(s->octets + 4 + 8 * i, &r, 8); }
  put_line(&login, s->octets, s->subscriber);
  char password[33] = "pass-0000000-word";
  put_digits((uint8_t *)password + 5, s->subscriber);
  size_t length = strlen(password);
  memset(password + length, 0, sizeof password - length);
  md5_t h;
  uint8_t *at = s->octets + login.password;
  if (!strcmp(work, "auth-chap")) {
    at[0] = s->identifier;
    md5_begin(&h); md5_add(&h, at, 1); md5_add(&h, password, length); md5_add(&h, s->octets + 4, 16); md5_end(&h, at + 1);
  } else {
    const uint8_t *chained = s->octets + 4;
    for (int block = 0; block < 32; block += 16, chained = at + block - 16) {
      uint8_t digest[16];
      md5_begin(&h); md5_add(&h, secret, secret_length); md5_add(&h, chained, 16); md5_end(&h, digest);
      for (int i = 0; i < 16; i++) at[block + i] = password[block + i] ^ digest[i];
    }
  }
  uint8_t digest[16];
  h = inner; md5_add(&h, s->octets, s->length); md5_end(&h, digest);
  h = outer; md5_add(&h, digest, 16); md5_end(&h, s->octets + 22); /* Message-Authenticator stands first, zeroed. */
  s->port = auth_port; s->expected = 2;
}
static void build_record(slot_t *s, uint32_t now) {
  int status = s->step == 1 ? 1 : s->step == last_step ? 2 : 3;
  const template_t *t = &records[status];
  uint8_t *octets = s->octets;
  memcpy(octets, t->octets, s->length = t->length);
  octets[1] = s->identifier;
  put_line(t, octets, s->subscriber);
  for (int i = 0; i < 8; i++) octets[t->session + i] = "0123456789abcdef"[s->session >> (28 - 4 * i) & 15];
  put32(octets + t->status, status);
  put32(octets + t->ip, 0x64400000u + s->subscriber);
  put32(octets + t->at_time, now);
  static const uint32_t factors[5] = {1, 1000003, 20000003, 1500, 20000};
  if (status != 1) for (int i = 0; i < 5; i++) put32(octets + t->counters[i], factors[i] * s->step);
  if (s->class_length > 0) {
    octets[s->length] = 25; octets[s->length + 1] = s->class_length + 2;
    memcpy(octets + s->length + 2, s->class_value, s->class_length);
    s->length += s->class_length + 2;
  }
  octets[2] = s->length >> 8; octets[3] = s->length;
  md5_t h;
  md5_begin(&h); md5_add(&h, octets, 4); md5_add(&h, zeros, 16); md5_add(&h, octets + 20, s->length - 20);
  md5_add(&h, secret, secret_length); md5_end(&h, octets + 4);
  s->port = acct_port; s->expected = 5;
}
static int is_right(const slot_t *s, const uint8_t *reply, int received, uint8_t *class_value, int *class_length) {
  int length = received < 20 ? 0 : reply[2] << 8 | reply[3], signature = 0;
  if (length < 20 || length > received || reply[0] != s->expected) return 0;
  for (int at = 20; at < length; at += reply[at + 1]) {
    if (at + 2 > length || reply[at + 1] < 2 || at + reply[at + 1] > length) return 0;
    if (reply[at] == 80 && reply[at + 1] == 18) signature = at + 2;
    if (reply[at] == 25) memcpy(class_value, reply + at + 2, *class_length = reply[at + 1] - 2);
  }
  md5_t h;
  uint8_t digest[16];
  md5_begin(&h); md5_add(&h, reply, 4); md5_add(&h, s->octets + 4, 16); md5_add(&h, reply + 20, length - 20);
  md5_add(&h, secret, secret_length); md5_end(&h, digest);
  if (memcmp(digest, reply + 4, 16)) return 0;
  if (!signature) return !(reply_signed && s->step == 0);
  h = inner; md5_add(&h, reply, 4); md5_add(&h, s->octets + 4, 16); md5_add(&h, reply + 20, signature - 20);
  md5_add(&h, zeros, 16); md5_add(&h, reply + signature + 16, length - signature - 16); md5_end(&h, digest);
  h = outer; md5_add(&h, digest, 16); md5_end(&h, digest);
  return !memcmp(digest, reply + signature, 16);
}

/* The loop ------------------------------------------------------------------------------------------------------------- */
static struct { uint64_t requests, again, lost, wrong, late; } counted;
static double *samples;
static uint32_t started, now_s;
static int measuring, stopping, outstanding, is_storm, is_mix;

static double clock_s(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double cpu_s(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
static void transmit(slot_t *s) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  s->sent = clock_s();
  s->tries++;
  sendto(s->socket, s->octets, s->length, 0, (struct sockaddr *)&to, sizeof to);
}
/* What a slot does next; 0 where there is nothing left to do. */
static int advance(slot_t *s) {
  if (is_mix && s->step > 0 && s->step < last_step) { s->step++; return 1; }
  if (is_storm && s->tries > 0 && s->step == 0) { s->step = 1; return 1; }
  if (stopping || (is_storm && started == subscribers)) return 0;
  s->subscriber = started % subscribers;
  s->session = run_number * 0x400000u + started++;
  s->step = is_mix ? 1 : 0;
  s->class_length = 0;
  return 1;
}
static void next(slot_t *s) {
  if (!advance(s)) {
    s->tries = 0;
    if (--outstanding == 0 && is_storm) stopping = 1;
    return;
  }
  s->identifier += slots_per_socket;
  if (s->step == 0) build_login(s); else build_record(s, now_s);
  s->tries = 0;
  transmit(s);
  s->first_sent = s->sent;
}
static void received(slot_t *slots, const uint8_t *reply, int length) {
  slot_t *s = &slots[length > 1 ? reply[1] & (slots_per_socket - 1) : 0];
  if (s->tries == 0 || length < 2 || s->identifier != reply[1]) { counted.late++; return; }
  uint8_t class_value[256];
  int class_length = 0;
  if (!is_right(s, reply, length, class_value, &class_length)) { counted.wrong++; return; }
  if (is_storm && s->step == 0) memcpy(s->class_value, class_value, s->class_length = class_length);
  if (measuring) samples[counted.requests++ % most_samples] = clock_s() - s->first_sent;
  next(s);
}
static void sweep(slot_t *slots, double now) {
  for (int i = 0; i < window; i++) {
    slot_t *s = &slots[i];
    if (s->tries == 0 || now - s->sent < patience_s) continue;
    if (s->tries < tries) { counted.again++; transmit(s); continue; }
    counted.lost++;
    if (is_storm) s->tries = 0; /* A login that is lost has no Start. */
    next(s);
  }
}
static int compare(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}
static int open_socket(int poll, int index) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), large = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event)) exit(1);
  return fd;
}

int main(void) {
  md5_table();
  read_orders();
  is_storm = !strcmp(work, "storm");
  is_mix = !strcmp(work, "acct-mix");
  int seed = open("/dev/urandom", O_RDONLY), poll = epoll_create1(0);
  if (seed < 0 || read(seed, &random_state, 8) != 8 || poll < 0) return 1;
  random_state |= 1;
  samples = malloc(sizeof(double) * most_samples);
  slot_t *slots = calloc(window, sizeof *slots);
  int sockets = (window + slots_per_socket - 1) / slots_per_socket, fds[sockets];
  for (int i = 0; i < sockets; i++) fds[i] = open_socket(poll, i);
  for (int i = 0; i < window; i++) { slots[i].socket = fds[i / slots_per_socket]; slots[i].identifier = i % slots_per_socket; }
  now_s = time(NULL);
  outstanding = window;
  for (int i = 0; i < window; i++) next(&slots[i]);

  static uint8_t buffers[at_once][packet_space];
  struct iovec parts[at_once];
  struct mmsghdr messages[at_once];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < at_once; i++) {
    parts[i] = (struct iovec){buffers[i], packet_space};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  double begun = 0, ended = 0, cpu = 0, start = clock_s(), swept = start;
  for (;;) {
    struct epoll_event events[16];
    int ready = epoll_wait(poll, events, 16, 50);
    for (int e = 0; e < ready; e++) {
      int index = events[e].data.u32;
      int got = recvmmsg(fds[index], messages, at_once, MSG_DONTWAIT, NULL);
      for (int i = 0; i < got; i++) received(&slots[index * slots_per_socket], buffers[i], messages[i].msg_len);
    }
    double now = clock_s();
    if (now - swept >= 0.05) { swept = now; now_s = time(NULL); sweep(slots, now); }
    if (!begun && (is_storm || now - start >= warmup_s)) {
      begun = now; cpu = cpu_s(); measuring = 1;
      printf("begin\n"); fflush(stdout);
    } else if (begun && !ended && (is_storm ? stopping || now - begun > 600 : now - begun >= seconds)) {
      ended = now; cpu = cpu_s() - cpu; measuring = 0; stopping = 1;
      printf("end\n"); fflush(stdout);
    }
    if (ended && (outstanding == 0 || now - ended > patience_s * tries + 1)) break;
  }
  size_t kept = counted.requests < most_samples ? counted.requests : most_samples;
  qsort(samples, kept, sizeof *samples, compare);
  double p50 = kept ? samples[kept / 2] : 0, p99 = kept ? samples[kept * 99 / 100] : 0;
  printf("result {\"requests\":%lu,\"seconds\":%f,\"p50Ms\":%f,\"p99Ms\":%f,\"retransmissions\":%lu,\"lost\":%lu,"
         "\"wrong\":%lu,\"late\":%lu,\"generatorCpuSeconds\":%f}\n",
         counted.requests, ended - begun, p50 * 1e3, p99 * 1e3, counted.again, counted.lost, counted.wrong, counted.late, cpu);
  return 0;
}
