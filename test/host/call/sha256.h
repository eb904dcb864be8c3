// SHA-256 (FIPS 180-4) of a file, as 64 hexadecimal digits.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static uint32_t turn(uint32_t word, int by) { return word >> by | word << (32 - by); }

static int is_prime(int number) {
  for (int i = 2; i * i <= number; i++)
    if (number % i == 0) return 0;
  return 1;
}

// The first 32 bits behind the point of the square (2) or cube (3) root.
static uint32_t fraction(int number, int root) {
  unsigned __int128 low = 0, high = (unsigned __int128)1 << 40;
  while (high - low > 1) {
    unsigned __int128 middle = (low + high) / 2;
    unsigned __int128 power = middle * middle, wanted = (unsigned __int128)number << (root == 2 ? 64 : 96);
    if (root == 3) power *= middle;
    if (power <= wanted) low = middle;
    else high = middle;
  }
  return (uint32_t)low;
}

static void sha256_block(uint32_t sum[8], const unsigned char *bytes, const uint32_t key[64]) {
  uint32_t word[64], now[8];
  for (int i = 0; i < 16; i++, bytes += 4)
    word[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = word[i - 15], b = word[i - 2];
    word[i] = word[i - 16] + word[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
  }
  for (int i = 0; i < 8; i++) now[i] = sum[i];
  for (int i = 0; i < 64; i++) {
    uint32_t e = now[4], a = now[0];
    uint32_t one = now[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & now[5]) ^ (~e & now[6])) + key[i] + word[i];
    uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & now[1]) ^ (a & now[2]) ^ (now[1] & now[2]));
    for (int j = 7; j > 0; j--) now[j] = now[j - 1];
    now[4] += one;
    now[0] = one + two;
  }
  for (int i = 0; i < 8; i++) sum[i] += now[i];
}

// Returns 0 when the file cannot be read.
static int sha256_file(const char *path, char digest[65]) {
  static unsigned char bytes[1 << 16];
  uint32_t sum[8], key[64];
  int file = open(path, O_RDONLY | O_CLOEXEC), primes = 0;
  uint64_t total = 0;
  size_t kept = 0;
  ssize_t got;
  if (file < 0) return 0;
  for (int number = 2; primes < 64; number++) {
    if (!is_prime(number)) continue;
    if (primes < 8) sum[primes] = fraction(number, 2);
    key[primes++] = fraction(number, 3);
  }
  while ((got = read(file, bytes + kept, sizeof bytes - 128 - kept)) > 0) {
    size_t at = 0;
    total += (uint64_t)got;
    kept += (size_t)got;
    for (; kept - at >= 64; at += 64) sha256_block(sum, bytes + at, key);
    for (size_t i = 0; i < kept - at; i++) bytes[i] = bytes[at + i];
    kept -= at;
  }
  close(file);
  if (got < 0) return 0;
  bytes[kept++] = 0x80;
  while (kept % 64 != 56) bytes[kept++] = 0;
  for (int i = 7; i >= 0; i--) bytes[kept++] = (unsigned char)(total * 8 >> 8 * i);
  for (size_t at = 0; at < kept; at += 64) sha256_block(sum, bytes + at, key);
  for (int i = 0; i < 8; i++) snprintf(digest + 8 * i, 9, "%08x", sum[i]);
  return 1;
}
