// A DHCP server that answers every question by a number of packets that are spoiled in some way, and then by one that udhcpc
// takes, with values that would run, make a line or take a route into 172.24.1.0/24, if something took them at their word.
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';

const DISCOVER = 1;
const OFFER = 2;
const ACK = 5;

// The same answers at every run (mulberry32).
let state = 17;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return ((bits ^ (bits >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];
const times = (count, one) => Array.from({ length: count }, one);
const noise = (count) => times(count, () => random(256));

const TEXTS = [
  '$(touch /ran)',
  '`touch /ran`',
  "';touch /ran;'",
  'a\nnameserver 6.6.6.6',
  'lan\nsearch evil.example',
  '* -n --help',
  '\u001b[2J\u0007\0x',
  'x'.repeat(200),
  'corp.example',
];
const bytes = (text) => [...Buffer.from(text)];
const option = (code, value) => [code, Math.min(value.length, 255), ...value.slice(0, 255)];

const address = () =>
  pick([
    [192, 168, 5, random(256)],
    [172, 24, 1, random(256)],
    [10, random(256), 1, 1],
    [0, 0, 0, 0],
    [127, 0, 0, 1],
    [224, 0, 0, 251],
    noise(4),
  ]);

function route() {
  const length = random(40);
  return [length, ...address().slice(0, Math.ceil(Math.min(length, 32) / 8)), ...address()];
}

function labels() {
  return pick([
    () => [3, ...bytes('lan'), 0],
    () =>
      bytes(pick(TEXTS))
        .flatMap((byte) => [1, byte])
        .concat(0),
    () => [...bytes('\u000ea\nnameserver 6'), 0],
    // A name that points to itself.
    () => [0xc0, 0],
    () => noise(20),
  ])();
}

const OPTIONS = [
  () => option(3, times(1 + random(6), address).flat()),
  () => option(6, times(1 + random(12), address).flat()),
  () => option(12, bytes(pick(TEXTS))),
  () => option(15, bytes(pick(TEXTS))),
  () => option(26, noise(2)),
  () => option(119, times(1 + random(6), labels).flat()),
  () => option(121, times(1 + random(30), route).flat()),
  () => option(1, pick([[255, 255, 255, 0], noise(4), [0, 0, 0, 0], [255, 255, 255, 255]])),
  () => option(random(255), noise(random(60))),
];

/** An answer to this question, as a list of bytes. */
function answer(query, type, ip) {
  const fields = [2, 1, 6, 0, ...query.subarray(4, 8), 0, 0, 0x80, 0, 0, 0, 0, 0, ...ip];
  const head = [...fields, 0, 0, 0, 0, 0, 0, 0, 0, ...query.subarray(28, 44), ...times(192, () => 0)];
  const needed = [
    99,
    130,
    83,
    99,
    ...option(53, [type]),
    ...option(54, [10, 9, 9, 9]),
    ...option(51, [0, 0, 1, 0]),
  ];
  return [...head, ...needed, ...times(random(12), () => pick(OPTIONS)()).flat()];
}

/** Ways in which an answer is none. */
const SPOILED = [
  // Of another question, or for another machine.
  (packet) => packet.map((byte, at) => (at >= 4 && at < 8 ? random(256) : byte)),
  (packet) => packet.map((byte, at) => (at >= 28 && at < 34 ? random(256) : byte)),
  (packet) => packet.slice(0, random(240)),
  (packet) => packet.map((byte, at) => (at >= 236 && at < 240 ? random(256) : byte)),
  // Neither an offer nor a lease; a refusal (6) would only cost time.
  (packet) => packet.map((byte, at) => (at === 242 ? pick([0, 1, 3, 4, 7, 8, 99]) : byte)),
  // Options that lie of their length: the type is not seen any more.
  (packet) => packet.map((byte, at) => (at === 241 ? 255 : byte)),
  // Everything is in the fields for names (option 52), and those are noise.
  (packet) => [...packet.slice(0, 44), ...noise(192), 99, 130, 83, 99, 52, 1, 3, 255],
  () => noise(300 + random(200)),
];

export function serveHostile(count, sent) {
  const socket = createSocket('udp4');
  let packets = 0;
  let ip = [];
  const send = (packet) => {
    const end = packet.length < 1400 ? packet.concat(255, ...times(4, () => 0)) : packet.slice(0, 1400);
    socket.send(Buffer.from(end), 68, '255.255.255.255');
    packets += 1;
  };
  socket.on('message', (query) => {
    const type = query[242] === DISCOVER ? OFFER : ACK;
    if (type === OFFER)
      ip = pick([[192, 168, 5, 1 + random(254)], [192, 168, 5, 7], address(), [10, 1, 2, 3]]);
    for (let left = count; left > 0; left -= 1) send(pick(SPOILED)(answer(query, type, ip)));
    send(answer(query, type, ip));
    writeFileSync(sent, String(packets));
  });
  socket.bind(67, () => socket.setBroadcast(true));
}
