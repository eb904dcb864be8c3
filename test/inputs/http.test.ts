import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { globalAgent } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  checkTarget,
  httpGet,
  plainReason,
  publicUrl,
  RefusedRequest,
} from '../../generators/inputs/http.ts';
import type { HttpResponse } from '../../generators/ports.ts';
import { deadMirrorUrl, generatedBytes, startMirror } from '../mirror/mirror.ts';
import { hasTool } from '../tools.ts';
import { mirrorOf, temporaryFolder } from './sandbox.ts';

const BYTES = generatedBytes(200_000);
const never = new AbortController().signal;

async function get(url: string, headers: Record<string, string> = {}): Promise<HttpResponse> {
  return httpGet(url, { headers, signal: never });
}

async function read(response: HttpResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a plain request', () => {
  it('gives status, headers in lower case and the bytes', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    const response = await get(`${mirror.url}/file`, { range: 'bytes=150000-' });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe('bytes 150000-199999/200000');
    expect((await read(response)).equals(BYTES.subarray(150_000))).toBe(true);
    expect(mirror.requests[0]?.headers).toMatchObject({
      'user-agent': 'airhive',
      'accept-encoding': 'identity',
      range: 'bytes=150000-',
    });
  });

  it('leaves an encoded body as it was sent', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    mirror.script({ kind: 'headers', headers: { 'content-encoding': 'gzip' } });
    const response = await get(`${mirror.url}/file`);
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect((await read(response)).equals(BYTES)).toBe(true);
  });

  it('rejects while the body is read when the connection is cut, with and without a length', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    mirror.script({ kind: 'cut', after: 1000 }, { kind: 'cut', after: 1000, silent: true });
    await expect(get(`${mirror.url}/file`).then(read)).rejects.toThrow();
    await expect(get(`${mirror.url}/file`).then(read)).rejects.toThrow();
  });

  it('rejects while the body is read when the signal fires', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    mirror.script({ kind: 'hold', after: 1000 });
    const abort = new AbortController();
    const response = await httpGet(`${mirror.url}/file`, { headers: {}, signal: abort.signal });
    const reading = read(response);
    abort.abort();
    await expect(reading).rejects.toThrow();
  });

  it('lets go of the connection when the signal fires and nobody reads the body', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    mirror.script({ kind: 'hold', after: 1000 });
    const abort = new AbortController();
    await httpGet(`${mirror.url}/file`, { headers: {}, signal: abort.signal });
    abort.abort();
    mirror.script({ kind: 'serve' });
    expect((await read(await get(`${mirror.url}/file`))).equals(BYTES)).toBe(true);
  });

  it('says in plain words why there is no connection', async () => {
    const error: unknown = await get(await deadMirrorUrl()).catch((reason: unknown) => reason);
    expect(plainReason(error)).toBe('connection refused');
    expect(plainReason(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }))).toBe(
      'its name is not known',
    );
    expect(plainReason(new Error('http://user:secret@host/ failed'))).toBe('the request failed');
  });
});

describe('redirects', () => {
  it('are followed, with the same Range', async () => {
    const mirror = await mirrorOf({ file: BYTES, other: BYTES });
    mirror.script({ kind: 'redirect', to: 'other?token=1' }, { kind: 'serve' });
    const response = await get(`${mirror.url}/file`, { range: 'bytes=10-' });
    expect((await read(response)).equals(BYTES.subarray(10))).toBe(true);
    expect(mirror.requests.map(({ path, range }) => [path, range])).toEqual([
      ['file', 'bytes=10-'],
      ['other', 'bytes=10-'],
    ]);
  });

  it('are followed five times, not six', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    const redirect = { kind: 'redirect', to: 'file' } as const;
    mirror.script(redirect, redirect, redirect, redirect, redirect, { kind: 'serve' });
    expect((await get(`${mirror.url}/file`)).status).toBe(200);
    mirror.script(redirect);
    await expect(get(`${mirror.url}/file`)).rejects.toThrow('more than 5 redirects');
    expect(mirror.requests).toHaveLength(6 + 6);
  });

  it.each(['ftp://127.0.0.1/file', 'file:///etc/passwd', 'http://user:secret@127.0.0.1/', 'http://['])(
    'to %s are refused',
    async (to) => {
      const mirror = await mirrorOf({ file: BYTES });
      mirror.script({ kind: 'redirect', to });
      const error: unknown = await get(`${mirror.url}/file`).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RefusedRequest);
      expect((error as Error).message).toMatch(/^redirected to an address that /);
      expect((error as Error).message).not.toContain('secret');
    },
  );

  it('without a target are an answer like any other', async () => {
    const mirror = await mirrorOf({ file: BYTES });
    mirror.script({ kind: 'status', code: 302 });
    expect((await get(`${mirror.url}/file`)).status).toBe(302);
  });

  it('from https to http are refused', () => {
    const from = new URL('https://mirror.example/alpine/file');
    expect(() => checkTarget('http://mirror.example/file?key=secret', from)).toThrow(
      'redirected from https to http (http://mirror.example/file)',
    );
    expect(checkTarget('/file', from).href).toBe('https://mirror.example/file');
    expect(checkTarget('https://a.example/', new URL('http://b.example/')).href).toBe('https://a.example/');
  });

  it.skipIf(!hasTool('openssl'))('from a real https server to http are refused (needs openssl)', async () => {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...request.split(' '), ...names, '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    const mirror = await startMirror({ files: { file: BYTES }, tls });
    onTestFinished(() => mirror.close());
    const plain = await mirrorOf({ file: BYTES });

    const stranger: unknown = await get(`${mirror.url}/file`).catch((reason: unknown) => reason);
    expect(plainReason(stranger)).toBe('the request failed (DEPTH_ZERO_SELF_SIGNED_CERT)');
    globalAgent.options.ca = tls.cert;
    onTestFinished(() => {
      delete globalAgent.options.ca;
    });
    expect((await read(await get(`${mirror.url}/file`))).equals(BYTES)).toBe(true);
    mirror.script({ kind: 'redirect', to: `${plain.url}/file` });
    await expect(get(`${mirror.url}/file`)).rejects.toThrow('redirected from https to http');
    expect(plain.requests).toHaveLength(0);
  });
});

describe('addresses', () => {
  it('are refused when they are not http, hold a password or cannot be read', async () => {
    for (const url of [
      'ftp://mirror.example/',
      'http://user:secret@127.0.0.1/',
      'mirror',
      'user:secret@host/x',
    ]) {
      const error: unknown = await get(url).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RefusedRequest);
      expect((error as Error).message).not.toContain('secret');
    }
  });

  it('are shown without what may be a secret', () => {
    expect(publicUrl('https://user:secret@mirror.example:8443/alpine/x?token=secret#secret')).toBe(
      'https://mirror.example:8443/alpine/x',
    );
    expect(publicUrl('user:secret@host/x')).not.toContain('secret');
    expect(publicUrl('//secret')).not.toContain('secret');
  });
});
