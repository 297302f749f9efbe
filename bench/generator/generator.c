/* The load: a closed loop with a window of requests outstanding, an open loop of so many a second whatever the answers do, or a
 * storm. In C, so that on a machine of few cores the servers are measured and not the one who asks. Told by native-generator.ts
 * what to do; says `restarted` after an Accounting-On and waits for a line, `begin` and `end` when the measured time begins and ends,
 * then what came of it. */
#define _GNU_SOURCE
#include "packets.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Few slots to a port: the load comes as from many NASes, and where a server has more than one process, reaches each of them. */
enum { slots_per_socket = 4, at_once = 32, most_samples = 1 << 23, most_tenths = 20000, pool_most = 20000, stops_a_second = 20000 };
/* In an open loop a session's next record is due so long after its last: it goes on by itself, as sessions do. */
static const double pause_s = 1.0;

/* What a session sends: (L)ogin, (S)tart, (I)nterim, (E)nd; (O) is the Accounting-On of the whole NAS. Before the time that is
 * measured come `restart`, so that no line has a session of the work before that its Start would end, then `prepare`, once for each
 * of so many subscribers; `pool`: the steps then go round among these sessions; `once`: each only once. */
typedef struct { const char *work, *restart, *prepare, *steps; int pool, once; } plan_t;
static const plan_t plans[] = {
  {"auth-pap", "", "", "L", 0, 0}, {"auth-chap", "", "", "L", 0, 0}, {"auth-mschapv2", "", "", "L", 0, 0},
  {"auth-wrong", "", "", "L", 0, 0}, {"auth-ipoe", "", "LS", "L", pool_most, 0}, {"acct-start", "O", "", "S", 0, 0},
  {"acct-interim", "O", "S", "I", pool_most, 0}, {"acct-stop", "O", "S", "E", 1, 1}, {"acct-mix", "O", "", "SIIIE", 0, 0},
  {"storm", "O", "", "LS", 0, 1}, {"evening", "", "", "LSIIIE", 0, 0},
};
static const plan_t *plan;

typedef struct { float *ms; uint64_t count; } samples_t;
static samples_t logins, accountings;
static struct { uint64_t requests, again, anew, lost, wrong, late; } counted;
static uint32_t goodput[most_tenths], begun_sessions, prepared, now_s;
static const char *preparing; /* `restart`, then `prepare`; "" in the work itself. */
static int measuring, stopping, outstanding;
static double started, measured_from, ended;

static double clock_s(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double cpu_s(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
/* A line has one session: another would end it. */
static uint32_t pool_size(void) {
  double most = is("acct-stop") ? stops_a_second * orders.seconds + orders.window : plan->pool;
  return orders.subscribers < most ? orders.subscribers : (uint32_t)most;
}
static uint32_t once_count(void) { return is("storm") ? orders.subscribers : pool_size(); }

static void transmit(slot_t *s) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  s->sent = clock_s();
  s->tries++;
  sendto(s->socket, s->octets, s->length, 0, (struct sockaddr *)&to, sizeof to);
}
/* A request of its own: with another identifier, and a login with another authenticator. */
static void begin_request(slot_t *s, double due) {
  s->identifier += slots_per_socket;
  switch (*s->steps) {
    case 'L': build_login(s); break;
    case 'O': build_record(s, accounting_on, now_s); break;
    case 'S': build_record(s, start, now_s); break;
    case 'I': build_record(s, interim, now_s); break;
    case 'E': build_record(s, stop, now_s); break;
  }
  s->tries = 0;
  s->due = due;
  transmit(s);
}
static int is_restart(void) { return *preparing && preparing == plan->restart; }
/* Gives a slot the next session; 0 where there is none left. */
static int begin_session(slot_t *s) {
  s->class_length = 0;
  s->record = 1;
  if (*preparing) {
    if (prepared == (is_restart() ? 1 : pool_size())) return 0;
    s->subscriber = prepared++;
    s->session = orders.run * 0x400000u + s->subscriber;
    s->steps = preparing;
    return 1;
  }
  if (stopping || (plan->once && begun_sessions == once_count())) return 0;
  uint32_t number = begun_sessions++, size = plan->pool ? pool_size() : orders.subscribers;
  s->subscriber = number % size;
  s->session = orders.run * 0x400000u + (plan->pool ? s->subscriber : number);
  if (*plan->steps == 'I' || *plan->steps == 'E') s->record = 2 + number / size;
  s->steps = plan->steps;
  return 1;
}

/* Open loop: sessions whose next step comes, in the order in which it is due, and slots without a session. */
typedef struct { slot_t *slot; double due; } waiting_t;
static waiting_t *waiting;
static uint32_t waiting_first, waiting_last, ring;
static slot_t **idle;
static int idle_count;
static uint64_t opened;

static int is_open(void) { return orders.per_second > 0 && !*preparing; }
/* How long nothing is due; 1 ms at least, since waking for each request would cost more than the request. */
static double until_due(double now) {
  double wait = started + opened / orders.per_second - now;
  return wait < 0.001 ? 0.001 : wait < 0.02 ? wait : 0.02;
}
/* What is due by now is sent; where no slot is free it waits, and its time runs. */
static void send_due(double now) {
  for (;; opened++) {
    double due = started + opened / orders.per_second;
    if (due > now || stopping) return;
    if (waiting_first != waiting_last && waiting[waiting_first % ring].due <= now) {
      begin_request(waiting[waiting_first++ % ring].slot, due);
      continue;
    }
    if (idle_count == 0 || !begin_session(idle[idle_count - 1])) return;
    outstanding++;
    begin_request(idle[--idle_count], due);
  }
}
/* A slot's request is answered, or given up where `goes_on` is 0: what it does next. */
static void next(slot_t *s, int goes_on) {
  s->tries = 0;
  if (goes_on && s->steps[1]) {
    s->steps++;
    if (*s->steps == 'I' || *s->steps == 'E') s->record++;
    if (!is_open()) return begin_request(s, clock_s());
    if (stopping) { outstanding--; return; }
    waiting[waiting_last++ % ring] = (waiting_t){s, clock_s() + pause_s};
    return;
  }
  outstanding--;
  if (is_open()) idle[idle_count++] = s;
  else if (begin_session(s)) { outstanding++; begin_request(s, clock_s()); }
}

/* Whatever was due in the measured time counts, answered in it or later, or given up: else the slowest would be left out. */
static void take_time(const slot_t *s, double now) {
  if (measured_from == 0 || s->due < measured_from || (ended > 0 && s->due >= ended)) return;
  samples_t *kind = *s->steps == 'L' ? &logins : &accountings;
  kind->ms[kind->count++ % most_samples] = (now - s->due) * 1e3;
}
static void received(slot_t *slots, const uint8_t *reply, int length) {
  slot_t *s = &slots[length > 1 ? reply[1] & (slots_per_socket - 1) : 0];
  if (length < 2 || s->tries == 0 || s->identifier != reply[1]) { counted.late++; return; }
  if (!is_right(s, reply, length)) { counted.wrong++; return; }
  double now = clock_s();
  take_time(s, now);
  if (measuring) {
    counted.requests++;
    int tenth = (now - measured_from) * 10;
    if (tenth >= 0 && tenth < most_tenths) goodput[tenth]++;
  }
  next(s, 1);
}
static void sweep(slot_t *slots, int count, double now) {
  for (int i = 0; i < count; i++) {
    slot_t *s = &slots[i];
    if (s->tries == 0 || now - s->sent < orders.patience_s) continue;
    /* FreeRADIUS does not answer an Accounting-On for which there was nothing to end, and is slow where there was much. */
    int counts = !is_restart();
    if (s->tries < orders.tries) { counted.again += counts; transmit(s); }
    else if (counts && is("storm")) { counted.anew++; begin_request(s, s->due); }
    else { counted.lost += counts; take_time(s, now); next(s, 0); }
  }
}

static int compare(const void *one, const void *other) {
  float a = *(const float *)one, b = *(const float *)other;
  return (a > b) - (a < b);
}
static void print_times(float *ms, size_t count) {
  qsort(ms, count, sizeof *ms, compare);
  static const double shares[3] = {0.5, 0.99, 0.999};
  static const char *names[3] = {"p50Ms", "p99Ms", "p999Ms"};
  for (int i = 0; i < 3; i++) printf("\"%s\":%f,", names[i], count ? ms[(size_t)(count * shares[i])] : 0.0);
  printf("\"worstMs\":%f", count ? ms[count - 1] : 0.0);
}
static size_t kept(const samples_t *s) { return s->count < most_samples ? s->count : most_samples; }
static void print_result(double measured, double cpu) {
  size_t of_logins = kept(&logins), of_accounting = kept(&accountings);
  float *all = malloc(sizeof(float) * (of_logins + of_accounting + 1));
  memcpy(all, logins.ms, sizeof(float) * of_logins);
  memcpy(all + of_logins, accountings.ms, sizeof(float) * of_accounting);
  printf("result {\"requests\":%lu,\"seconds\":%f,\"generatorCpuSeconds\":%f,\"retransmissions\":%lu,\"lost\":%lu,\"anew\":%lu,"
         "\"wrong\":%lu,\"late\":%lu,", counted.requests, measured, cpu, counted.again, counted.lost, counted.anew,
         counted.wrong, counted.late);
  print_times(all, of_logins + of_accounting);
  if (of_logins) { printf(",\"auth\":{"); print_times(logins.ms, of_logins); printf("}"); }
  if (of_accounting) { printf(",\"accounting\":{"); print_times(accountings.ms, of_accounting); printf("}"); }
  printf(",\"goodput\":[");
  for (int i = 0; i < measured * 10 && i < most_tenths; i++) printf(i ? ",%u" : "%u", goodput[i]);
  printf("]}\n");
}

static int open_socket(int poll, int index) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), large = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event)) exit(1);
  return fd;
}
/* Reads what has come within so many seconds, less than one. */
static void receive(int poll, const int *fds, slot_t *slots, double patience) {
  static uint8_t buffers[at_once][packet_space];
  static struct iovec parts[at_once];
  static struct mmsghdr messages[at_once];
  struct epoll_event events[64];
  struct timespec timeout = {0, patience * 1e9};
  int ready = epoll_pwait2(poll, events, 64, &timeout, NULL);
  for (int e = 0; e < ready; e++) {
    for (int i = 0; i < at_once; i++) {
      parts[i] = (struct iovec){buffers[i], packet_space};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int index = events[e].data.u32, got = recvmmsg(fds[index], messages, at_once, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) received(&slots[index * slots_per_socket], buffers[i], messages[i].msg_len);
  }
}

int main(void) {
  md5_table();
  des_tables();
  read_orders();
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) if (is(plans[i].work)) plan = &plans[i];
  int seed = open("/dev/urandom", O_RDONLY), poll = epoll_create1(0);
  if (!plan || seed < 0 || read(seed, &random_state, 8) != 8 || poll < 0) return 1;
  random_state |= 1;
  logins.ms = malloc(sizeof(float) * most_samples);
  accountings.ms = malloc(sizeof(float) * most_samples);
  /* An open loop holds its sessions for as long as they last, and as much again for answers that are late. */
  int count = orders.per_second > 0 ? (int)(orders.per_second * (pause_s + 1)) + orders.window : orders.window;
  int sockets = (count + slots_per_socket - 1) / slots_per_socket, *fds = malloc(sizeof(int) * sockets);
  slot_t *slots = calloc(count, sizeof *slots);
  ring = count + 1;
  waiting = calloc(ring, sizeof *waiting);
  idle = calloc(count, sizeof *idle);
  for (int i = 0; i < sockets; i++) fds[i] = open_socket(poll, i);
  for (int i = 0; i < count; i++) { slots[i].socket = fds[i / slots_per_socket]; slots[i].identifier = i % slots_per_socket; }

  double cpu = 0, swept = clock_s(), sweep_s = orders.patience_s < 0.5 ? orders.patience_s / 10 : 0.05;
  now_s = time(NULL);
  preparing = *plan->restart ? plan->restart : plan->prepare;
  int running = 0;
  for (;;) {
    double now = clock_s();
    if (*preparing && running && outstanding == 0) {
      if (is_restart()) {
        printf("restarted\n"); fflush(stdout);
        if (!fgets(line, sizeof line, stdin)) return 1;
        now = clock_s();
      }
      preparing = preparing == plan->restart ? plan->prepare : "";
      prepared = running = 0;
    }
    if (!running) {
      running = 1;
      started = now;
      if (is_open()) for (int i = 0; i < count; i++) idle[idle_count++] = &slots[i];
      else for (int i = 0; i < orders.window && begin_session(&slots[i]); i++) { outstanding++; begin_request(&slots[i], now); }
    }
    if (!*preparing && !measuring && !ended && (plan->once || now - started >= orders.warmup_s)) {
      measured_from = now; cpu = cpu_s(); measuring = 1;
      printf("begin\n"); fflush(stdout);
    }
    if (is_open()) send_due(now);
    receive(poll, fds, slots, is_open() ? until_due(now) : 0.05);
    now = clock_s();
    if (now - swept >= sweep_s) { swept = now; now_s = time(NULL); sweep(slots, count, now); }
    if (measuring && ((plan->once && outstanding == 0) || now - measured_from >= (is("storm") ? 600 : orders.seconds))) {
      if (is_open()) {
        send_due(now);
        double unsent = (now - started) * orders.per_second - opened; /* No slot was free: nobody was there to answer. */
        if (unsent > 0 && !plan->once) counted.lost += (uint64_t)unsent;
      }
      ended = now; cpu = cpu_s() - cpu; measuring = 0; stopping = 1;
      printf("end\n"); fflush(stdout);
      outstanding -= (int)(waiting_last - waiting_first); /* Sessions that go on are left as they are. */
    }
    if (ended && (outstanding == 0 || now - ended > orders.patience_s * orders.tries + 1)) break;
  }
  print_result(ended - measured_from, cpu);
  return 0;
}
