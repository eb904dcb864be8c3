// servers.js DIR [RCODE]: a mirror at 127.0.0.1:8080 that has the files of DIR and writes down in DIR/requests what it was
// asked for. A file whose name is the content of DIR/hold stops in the middle until that file is gone. With RCODE also a DNS server at 127.0.0.53, to which every name is
// 127.0.0.1 and every question for an IPv6 address a reason to answer with that code (RFC 1035, 4.1.1).
// With a number of packets also a hostile DHCP server, see hostile.js.
import { createSocket } from 'node:dgram';
import { appendFileSync, existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { serveHostile } from './hostile.js';

const [directory, code, hostile] = process.argv.slice(2);
const hold = join(directory, 'hold');

createServer((request, response) => {
  appendFileSync(join(directory, 'requests'), `${request.url}\n`);
  const path = join(directory, request.url);
  if (!existsSync(path)) return response.writeHead(404).end();
  const bytes = readFileSync(path);
  response.writeHead(200, { 'Content-Length': bytes.length });
  if (!existsSync(hold) || !path.includes(readFileSync(hold, 'utf8'))) return response.end(bytes);
  const half = bytes.length >> 1;
  response.write(bytes.subarray(0, half));
  writeFileSync(join(directory, 'held'), path);
  const watcher = watch(directory, () => {
    if (existsSync(hold)) return;
    watcher.close();
    response.end(bytes.subarray(half));
  });
}).listen(8080, '127.0.0.1', () => writeFileSync(join(directory, 'ready'), ''));

// With DIR/portal, JSON, also web servers on ports 80 and 443 of every address, with the certificate DIR/cert.pem. What it
// says of a path is what they answer: { status, headers, body }, or bytes that are no HTTP. They write down in DIR/visits.
if (existsSync(join(directory, 'portal'))) {
  const visit = (scheme) => (request, response) => {
    appendFileSync(join(directory, 'visits'), `${scheme}://${request.headers.host}${request.url}\n`);
    const answer = JSON.parse(readFileSync(join(directory, 'portal'), 'utf8'))[request.url];
    if (typeof answer === 'string') return request.socket.end(answer);
    const { status = 404, headers = {}, body = '' } = answer ?? {};
    response.writeHead(status, headers).end(body);
  };
  createServer(visit('http')).listen(80);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(directory, name)));
  createSecureServer({ key, cert }, visit('https')).listen(443);
}

if (code) {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => {
    let end = 12;
    while (query[end] !== 0) end += query[end] + 1;
    const question = query.subarray(12, end + 5);
    const isForIpv4 = query.readUInt16BE(end + 1) === 1;
    const flags = [0x81, 0x80 | (isForIpv4 ? 0 : Number(code))];
    const head = [query[0], query[1], ...flags, 0, 1, 0, isForIpv4 ? 1 : 0, 0, 0, 0, 0];
    const answer = isForIpv4 ? [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] : [];
    socket.send(Buffer.concat([Buffer.from(head), question, Buffer.from(answer)]), port, address);
  });
  socket.bind(53, '127.0.0.53');
}

if (hostile) serveHostile(Number(hostile), join(directory, 'sent'));
