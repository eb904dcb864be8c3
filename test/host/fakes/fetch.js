// Plays fetch(1) over real HTTP, for `fetch -r -F -S BYTES -T SECONDS -o FILE URL`. As fetch.c does: it continues FILE
// with Range, starts over when the server sends the whole, refuses a size other than -S before writing anything,
// keeps a partial file (-r), and fails when fewer bytes came than announced.
import { appendFileSync, existsSync, statSync, truncateSync } from 'node:fs';
import { get } from 'node:http';

const args = process.argv.slice(2);
const [r, f, s, size, t, patience, o, file = '', url = '', ...rest] = args;
if (`${r} ${f} ${s} ${t} ${o}` !== '-r -F -S -T -o' || url === '' || rest.length > 0)
  fail('usage: fetch ...');

const offset = existsSync(file) ? statSync(file).size : 0;
const request = get(url, { headers: offset > 0 ? { range: `bytes=${offset}-` } : {}, agent: false });
request.setTimeout(Number(patience) * 1000, () => request.destroy(new Error('transfer timed out')));
request.on('error', (error) => fail(`${url}: ${error.message}`));
request.on('response', (response) => void receive(response));

/** @param {import('node:http').IncomingMessage} response */
async function receive(response) {
  const status = response.statusCode ?? 0;
  if (status !== 200 && status !== 206) fail(`${url}: ${response.statusMessage}`);
  const start = status === 206 ? offset : 0;
  const length = response.headers['content-length'];
  const total = length === undefined ? undefined : start + Number(length);
  if (total === undefined) process.stderr.write(`fetch: ${url}: size unknown\n`);
  else if (total !== Number(size)) fail(`${url}: size mismatch: expected ${size}, actual ${total}`);
  try {
    if (start === 0 && offset > 0) truncateSync(file);
    for await (const bytes of response) appendFileSync(file, bytes);
  } catch {
    fail(`${file} appears to be truncated`);
  }
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`fetch: ${message}\n`);
  process.exit(1);
}
