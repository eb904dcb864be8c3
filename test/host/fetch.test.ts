import { existsSync, readFileSync, statSync, writeFileSync, chmodSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMirror, type Mirror } from '../mirror/mirror.ts';
import { ISO_BYTES, sha256 } from './bundle.ts';
import { Machine } from './machine.ts';

const PATH = 'v3.24/releases/x86_64/alpine.iso';

async function mirrorWith(bytes: Uint8Array): Promise<Mirror> {
  const mirror = await startMirror({ files: { [PATH]: bytes } });
  onTestFinished(() => mirror.close());
  return mirror;
}

/** A machine without the ISO, whose bundle names these mirrors. */
function machineFor(...mirrors: Mirror[]): Machine {
  const isoUrlList = mirrors.map((mirror) => `${mirror.url}/${PATH}`).join(' ');
  return new Machine({ iso: false, view: { isoUrlList } });
}

/** What lies in iso/, but for the digest that every bundle has there. */
const besides = (machine: Machine): string[] =>
  readdirSync(dirname(machine.iso)).filter((name) => !name.endsWith('.sha256'));

function expectComplete(machine: Machine): void {
  expect(readFileSync(machine.iso).equals(ISO_BYTES)).toBe(true);
  expect(statSync(machine.iso).mode & 0o777).toBe(0o444);
  expect(besides(machine)).toEqual([basename(machine.iso)]);
}

describe('vm_fetch', () => {
  it('fetches, checks and names the ISO; a second call finds it', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    const machine = machineFor(mirror);
    expect((await machine.call('vm_fetch')).code).toBe(0);
    expectComplete(machine);
    const again = await machine.call('vm_fetch');
    expect(again).toMatchObject({
      code: 0,
      said: `vm_fetch: ${machine.iso} is already downloaded, checksum OK\n`,
    });
    expect(mirror.requests).toHaveLength(1);
  });

  it('goes on at the next mirror where the first one broke off', async () => {
    const [bad, good] = [await mirrorWith(ISO_BYTES), await mirrorWith(ISO_BYTES)];
    bad.script({ kind: 'cut', after: 50_000 });
    const machine = machineFor(bad, good);
    expect((await machine.call('vm_fetch')).code).toBe(0);
    expectComplete(machine);
    expect(good.requests[0]?.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('goes on in a later call', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    mirror.script({ kind: 'cut', after: 50_000 }, { kind: 'serve' });
    const machine = machineFor(mirror);
    const first = await machine.call('vm_fetch');
    expect(first.code).toBe(5);
    expect(first.said).toContain(`of ${ISO_BYTES.length} bytes`);
    expect(existsSync(machine.iso)).toBe(false);
    expect((await machine.call('vm_fetch')).code).toBe(0);
    expectComplete(machine);
    expect(mirror.requests[1]?.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it.each([
    ['404', { kind: 'status', code: 404 }],
    ['a log-in page in place of the ISO', { kind: 'shorter', by: ISO_BYTES.length - 100, silent: false }],
    ['a page of unknown size', { kind: 'shorter', by: ISO_BYTES.length - 100, silent: true }],
    ['no connection', { kind: 'hangUp' }],
  ] as const)('%s everywhere is exit 5', async (_, behaviour) => {
    const mirror = await mirrorWith(ISO_BYTES);
    mirror.script(behaviour);
    const machine = machineFor(mirror, mirror);
    const ended = await machine.call('vm_fetch');
    expect(ended.code).toBe(5);
    expect(ended.said).toContain('no mirror could be used');
    expect(mirror.requests).toHaveLength(2);
    const left = besides(machine);
    expect(left).toEqual(left.length > 0 ? [`${basename(machine.iso)}.part`] : []);
  });

  it('a mirror that never ends, and tells no size, is cut off behind the pinned size', async () => {
    let sent = 0;
    const server = createServer((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && sent < 200_000_000) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536))) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const machine = new Machine({ iso: false, view: { isoUrlList: `http://127.0.0.1:${port}/a.iso` } });
    let largest = 0;
    const timer = setInterval(() => {
      const part = `${machine.iso}.part`;
      if (existsSync(part)) largest = Math.max(largest, statSync(part).size);
    }, 5);
    const ended = await machine.call('vm_fetch');
    clearInterval(timer);
    expect(ended.code, ended.said).toBe(5);
    expect(largest).toBeLessThanOrEqual(ISO_BYTES.length + 512);
    expect(sent).toBeLessThan(20_000_000);
    expect(besides(machine)).toEqual([]);
  });

  it('a file of the right size but wrong content is exit 6, names both hashes and keeps nothing', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    mirror.script({ kind: 'wrong' });
    const machine = machineFor(mirror);
    const ended = await machine.call('vm_fetch');
    expect(ended.code).toBe(6);
    const sums = ended.said.match(/[0-9a-f]{64}/g);
    expect(sums).toHaveLength(2);
    expect(sums?.[1]).toBe(sha256(ISO_BYTES));
    expect(besides(machine)).toEqual([]);
  });

  it('a wrong file from one mirror does not keep the next from helping', async () => {
    const [bad, good] = [await mirrorWith(ISO_BYTES), await mirrorWith(ISO_BYTES)];
    bad.script({ kind: 'wrong' });
    const machine = machineFor(bad, good);
    expect((await machine.call('vm_fetch')).code).toBe(0);
    expectComplete(machine);
  });

  it('a bad beginning left by someone else is thrown away and the mirror asked again', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    const machine = machineFor(mirror);
    writeFileSync(`${machine.iso}.part`, Buffer.alloc(50_000));
    expect((await machine.call('vm_fetch')).code).toBe(0);
    expectComplete(machine);
    expect(mirror.requests.map((request) => request.range)).toEqual(['bytes=50000-', undefined]);
  });

  it('a part that is too long is thrown away', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    const machine = machineFor(mirror);
    writeFileSync(`${machine.iso}.part`, Buffer.alloc(ISO_BYTES.length + 1));
    expect((await machine.call('vm_fetch')).code).toBe(0);
    expectComplete(machine);
  });

  it('a damaged ISO is fetched again', async () => {
    const machine = machineFor(await mirrorWith(ISO_BYTES));
    writeFileSync(machine.iso, 'damaged');
    chmodSync(machine.iso, 0o444);
    const ended = await machine.call('vm_fetch');
    expect(ended.code).toBe(0);
    expect(ended.said).toContain('has a checksum mismatch');
    expectComplete(machine);
  });

  it('too little space is exit 7 before anything is fetched', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    const machine = machineFor(mirror);
    machine.put('free-kilobytes', '100\n');
    const ended = await machine.call('vm_fetch');
    expect(ended.code).toBe(7);
    expect(ended.said).toContain('too little space');
    expect(mirror.requests).toEqual([]);
  });

  it('two at once: one works, the other says so', async () => {
    const mirror = await mirrorWith(ISO_BYTES);
    mirror.script({ kind: 'hold', after: 1000 });
    const machine = machineFor(mirror);
    const first = machine.start('vm_fetch');
    await mirror.seen(1);
    const second = await machine.call('vm_fetch');
    expect(second).toMatchObject({ code: 4, said: 'vm_fetch: another vm_fetch is at work\n' });
    mirror.release();
    expect((await first.ended).code).toBe(0);
    expectComplete(machine);
  });
});
