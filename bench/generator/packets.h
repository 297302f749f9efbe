/* Orders from standard input, and the packets made after them: templates of packets.ts, over which is written what differs from
 * request to request. Every reply is verified. RFC 2865 sections 3 and 5.2, RFC 2866 section 3, RFC 3579 section 3.2,
 * RFC 2548 section 2.3, RFC 2759. */
#include "digests.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { packet_space = 4096, accounting_response = 5, access_accept = 2, access_reject = 3 };
enum { start = 1, stop = 2, interim = 3, accounting_on = 7 };

/* Where in a template what is patched begins; 0: it has none. In the order of `patched` in packets.ts. */
enum { session_time, input, input_high, output, output_high, packets_in, packets_out, counter_count };
typedef struct {
  uint8_t octets[packet_space];
  int length, user, mac, port_id, credentials, challenge, session, status, ip, at_time, counters[counter_count];
} template_t;
static template_t login, records[8];
static struct {
  char work[32], secret[64];
  int auth_port, acct_port, reply_signed, window, tries;
  uint32_t subscribers, run;
  double warmup_s, seconds, per_second, patience_s;
} orders;
static size_t secret_length;
static digest_t inner, outer; /* HMAC-MD5 with the secret, key pads already taken in. */

typedef struct {
  const char *steps; /* What is left of its session: see `plans` in generator.c. */
  int socket, length, port, record, tries, expected, class_length;
  uint8_t octets[packet_space], class_value[256], identifier;
  char success[43]; /* What MS-CHAP2-Success must be. */
  uint32_t subscriber, session;
  double due, sent;
} slot_t;

static void read_template(template_t *t, char *text) {
  char *hex = strtok(text, " ");
  t->length = (int)strlen(hex) / 2;
  for (int i = 0; i < t->length; i++) sscanf(hex + 2 * i, "%2hhx", &t->octets[i]);
  int *fields[] = {&t->user, &t->mac, &t->port_id, &t->credentials, &t->challenge, &t->session, &t->status, &t->ip, &t->at_time};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *fields[i] = atoi(strtok(NULL, " "));
  for (int i = 0; i < counter_count; i++) t->counters[i] = atoi(strtok(NULL, " "));
}
static char line[16384];
/* Until an empty line. */
static void read_orders(void) {
  while (fgets(line, sizeof line, stdin) && *line != '\n') {
    line[strcspn(line, "\n")] = 0;
    char *value = strchr(line, ' ');
    if (!value) continue;
    *value++ = 0;
    if (!strcmp(line, "work")) snprintf(orders.work, sizeof orders.work, "%s", value);
    else if (!strcmp(line, "secret")) snprintf(orders.secret, sizeof orders.secret, "%s", value);
    else if (!strcmp(line, "numbers"))
      sscanf(value, "%d %d %d %d %d %u %u %lf %lf %lf %lf", &orders.auth_port, &orders.acct_port, &orders.reply_signed, &orders.window,
             &orders.tries, &orders.subscribers, &orders.run, &orders.warmup_s, &orders.seconds, &orders.per_second, &orders.patience_s);
    else if (!strcmp(line, "login")) read_template(&login, value);
    else if (!strncmp(line, "record", 6)) read_template(&records[line[6] & 7], value);
  }
  uint8_t pad[64] = {0};
  secret_length = strlen(orders.secret);
  memcpy(pad, orders.secret, secret_length); /* Shorter than a block. */
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36;
  begin(&inner, md5_compress); add(&inner, pad, 64);
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36 ^ 0x5c;
  begin(&outer, md5_compress); add(&outer, pad, 64);
}

static uint64_t random_state;
static uint64_t next_random(void) { /* xorshift64 */
  random_state ^= random_state << 13; random_state ^= random_state >> 7; random_state ^= random_state << 17;
  return random_state;
}
static void fill_random(uint8_t *at) { for (int i = 0; i < 2; i++) { uint64_t r = next_random(); memcpy(at + 8 * i, &r, 8); } }
static void put32(uint8_t *at, uint32_t value) { value = htonl(value); memcpy(at, &value, 4); }

/* As subscribers.ts: line0000042, pass-0000042-word, 02:00:00:00:00:2A. By hand: printf would cost more than the digests. */
static void put_digits(uint8_t *at, int count, uint32_t number) { for (; count--; number /= 10) at[count] = '0' + number % 10; }
static void put_mac(uint8_t *mac, uint32_t number) {
  for (int i = 0; i < 6; i++) mac[9 + i + i / 2] = "0123456789ABCDEF"[number >> (20 - 4 * i) & 15];
}
static int is(const char *work) { return !strcmp(orders.work, work); }
/* Lines come in over 4000 VLANs: if all used one port, wrong passwords would look like one guesser's, whom Gatehouse slows. */
static void put_line(const template_t *t, uint8_t *octets, uint32_t number) {
  put_mac(octets + t->mac, number);
  put_digits(octets + t->port_id + 4, 4, number % 4000);
  if (is("auth-ipoe")) put_mac(octets + t->user, number); else put_digits(octets + t->user + 4, 7, number);
}
static void put_pap(uint8_t *at, const uint8_t *authenticator, const char *password, size_t length, int blocks) {
  const uint8_t *chained = authenticator;
  for (int block = 0; block < blocks; block++, chained = at, at += 16, password += 16) {
    uint8_t digest[16];
    digest_t h;
    begin(&h, md5_compress); add(&h, orders.secret, secret_length); add(&h, chained, 16); end(&h, digest);
    for (int i = 0; i < 16; i++) at[i] = digest[i] ^ (length > (size_t)(16 * block + i) ? password[i] : 0);
  }
}
static void put_ms_chap2(slot_t *s, const char *password, size_t length) {
  static const char signing[] = "Magic server to client signing constant", more[] = "Pad to make it do more than one iteration";
  uint8_t *response = s->octets + login.credentials, *challenge = s->octets + login.challenge;
  uint8_t wide[64] = {0}, nt_hash[21] = {0}, hashed[20], digest[20];
  digest_t h;
  memset(response, 0, 50);
  fill_random(challenge); fill_random(response + 2);
  for (size_t i = 0; i < length; i++) wide[2 * i] = password[i];
  begin(&h, md4_compress); add(&h, wide, 2 * length); end(&h, nt_hash);
  begin(&h, sha1_compress); add(&h, response + 2, 16); add(&h, challenge, 16); add(&h, s->octets + login.user, 11); end(&h, hashed);
  for (int i = 0; i < 3; i++) des_encrypt(nt_hash + 7 * i, hashed, response + 26 + 8 * i);
  begin(&h, md4_compress); add(&h, nt_hash, 16); end(&h, digest);
  begin(&h, sha1_compress); add(&h, digest, 16); add(&h, response + 26, 24); add(&h, signing, sizeof signing - 1); end(&h, digest);
  begin(&h, sha1_compress); add(&h, digest, 20); add(&h, hashed, 8); add(&h, more, sizeof more - 1); end(&h, digest);
  s->success[0] = response[0]; s->success[1] = 'S'; s->success[2] = '=';
  for (int i = 0; i < 40; i++) s->success[3 + i] = "0123456789ABCDEF"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
}
static void build_login(slot_t *s) {
  memcpy(s->octets, login.octets, s->length = login.length);
  s->octets[1] = s->identifier;
  fill_random(s->octets + 4);
  put_line(&login, s->octets, s->subscriber);
  char password[] = "pass-0000000-word";
  put_digits((uint8_t *)password + 5, 7, s->subscriber);
  size_t length = sizeof password - 1;
  uint8_t *at = s->octets + login.credentials;
  if (is("auth-chap")) {
    digest_t h;
    at[0] = s->identifier;
    begin(&h, md5_compress); add(&h, at, 1); add(&h, password, length); add(&h, s->octets + 4, 16); end(&h, at + 1);
  } else if (is("auth-mschapv2")) put_ms_chap2(s, password, length);
  else if (is("auth-ipoe")) put_pap(at, s->octets + 4, "", 0, 1); /* RFC 2865 section 5.2: an empty password is 16 hidden NULs. */
  else put_pap(at, s->octets + 4, password, is("auth-wrong") ? length - 1 : length, 2);
  uint8_t digest[16];
  digest_t h = inner;
  add(&h, s->octets, s->length); end(&h, digest);
  h = outer; add(&h, digest, 16); end(&h, s->octets + 22); /* Message-Authenticator stands first, zeroed. */
  s->port = orders.auth_port;
  s->expected = is("auth-wrong") ? access_reject : access_accept;
}
/* `record`: which record of its session it is, from 1; the counters follow it. */
static void build_record(slot_t *s, int status, uint32_t now) {
  static const uint8_t zeros[16];
  const template_t *t = &records[status];
  uint8_t *octets = s->octets;
  memcpy(octets, t->octets, s->length = t->length);
  octets[1] = s->identifier;
  put32(octets + t->status, status);
  put32(octets + t->at_time, now);
  if (status != accounting_on) {
    put_line(t, octets, s->subscriber);
    for (int i = 0; i < 8; i++) octets[t->session + i] = "0123456789abcdef"[s->session >> (28 - 4 * i) & 15];
    put32(octets + t->ip, 0x64400000u + s->subscriber);
  }
  if (t->counters[session_time]) {
    uint64_t in = 1000003ull * s->record, out = 20000003ull * s->record;
    uint32_t values[counter_count] = {s->record, in, in >> 32, out, out >> 32, 1500 * s->record, 20000 * s->record};
    for (int i = 0; i < counter_count; i++) put32(octets + t->counters[i], values[i]);
  }
  if (s->class_length > 0) {
    octets[s->length] = 25; octets[s->length + 1] = s->class_length + 2;
    memcpy(octets + s->length + 2, s->class_value, s->class_length);
    s->length += s->class_length + 2;
  }
  octets[2] = s->length >> 8; octets[3] = s->length;
  digest_t h;
  begin(&h, md5_compress); add(&h, octets, 4); add(&h, zeros, 16); add(&h, octets + 20, s->length - 20);
  add(&h, orders.secret, secret_length); end(&h, octets + 4);
  s->port = orders.acct_port;
  s->expected = accounting_response;
}

/* Whether a reply is the one that was asked for, with right authenticators; its Class is kept. */
static int is_right(slot_t *s, const uint8_t *reply, int received) {
  static const uint8_t zeros[16];
  int length = received < 20 ? 0 : reply[2] << 8 | reply[3], signature = 0, proved = 0, class_at = 0;
  if (length < 20 || length > received || reply[0] != s->expected) return 0;
  for (int at = 20; at < length; at += reply[at + 1]) {
    if (at + 2 > length || reply[at + 1] < 2 || at + reply[at + 1] > length) return 0;
    if (reply[at] == 80 && reply[at + 1] == 18) signature = at + 2;
    if (reply[at] == 25) class_at = at;
    if (reply[at] == 26 && reply[at + 1] == 51 && reply[at + 6] == 26) proved = !memcmp(reply + at + 8, s->success, 43);
  }
  int is_login = s->expected != accounting_response;
  digest_t h;
  uint8_t digest[16];
  begin(&h, md5_compress); add(&h, reply, 4); add(&h, s->octets + 4, 16); add(&h, reply + 20, length - 20);
  add(&h, orders.secret, secret_length); end(&h, digest);
  if (memcmp(digest, reply + 4, 16)) return 0;
  if (is_login && ((orders.reply_signed && !signature) || (is("auth-mschapv2") && !proved))) return 0;
  if (signature) {
    h = inner; add(&h, reply, 4); add(&h, s->octets + 4, 16); add(&h, reply + 20, signature - 20);
    add(&h, zeros, 16); add(&h, reply + signature + 16, length - signature - 16); end(&h, digest);
    h = outer; add(&h, digest, 16); end(&h, digest);
    if (memcmp(digest, reply + signature, 16)) return 0;
  }
  if (is_login && class_at) memcpy(s->class_value, reply + class_at + 2, s->class_length = reply[class_at + 1] - 2);
  return 1;
}
