import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import * as openpgp from 'openpgp';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { isIssuer, readPublicKey, readSignature } from '../../generators/formats/openpgp.ts';
import { MADE, newKey, testKey, type TestKey } from '../fixtures/openpgp-keys.ts';
import { hasTool } from '../tools.ts';

const FILE = Buffer.from('the bytes of an ISO\r\n\n');

let signer: TestKey;
let other: TestKey;
beforeAll(async () => {
  [signer, other] = await Promise.all([newKey(), newKey({ name: 'Other' })]);
});

/** Whether our reader finds that this key signed these bytes. */
function accepts(armored: string, publicKey: string, bytes: Uint8Array = FILE): boolean {
  const signature = readSignature(armored, 'x.asc');
  const key = readPublicKey(publicKey, 'key.asc');
  return signature.isBy(key, signature.begin().update(bytes));
}

/** The same by OpenPGP.js. */
async function othersAccept(armored: string, publicKey: string, bytes: Uint8Array = FILE): Promise<boolean> {
  const { signatures } = await openpgp.verify({
    message: await openpgp.createMessage({ binary: Buffer.from(bytes) }),
    signature: await openpgp.readSignature({ armoredSignature: armored }),
    verificationKeys: (await openpgp.readKey({ armoredKey: publicKey })).toPublic(),
    date: new Date((MADE + 2 * 86_400) * 1000),
  });
  return signatures[0]!.verified.then(
    () => true,
    () => false,
  );
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof AirhiveError && error.kind === 'verification') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe("Alpine's key, as it is shipped", () => {
  const text = readFileSync(fileURLToPath(new URL('../../profiles/keys/ncopa.asc', import.meta.url)), 'utf8');

  it('is the one that signs the ISOs, byte for byte', () => {
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      '75a9a7e0cc35bfa946ce40c26133b3ed29a204fbd98a3b33331b659d927b3027',
    );
    expect(readPublicKey(text, 'ncopa.asc')).toMatchObject({
      fingerprint: '0482D84022F52DF1C4E7CD43293ACD0907D9495A',
      owner: 'Natanael Copa <ncopa@alpinelinux.org>',
      created: Date.UTC(2014, 11, 10, 9, 19, 56) / 1000,
      expires: undefined,
      revoked: false,
    });
  });

  it('is read so by OpenPGP.js, too', async () => {
    const key = await openpgp.readKey({ armoredKey: text });
    expect(key.getFingerprint()).toBe('0482d84022f52df1c4e7cd43293acd0907d9495a');
    expect(key.getUserIDs()).toEqual(['Natanael Copa <ncopa@alpinelinux.org>']);
    expect(await key.getExpirationTime()).toBe(Infinity);
  });
});

describe('a signature', () => {
  it('of this key over this file is taken, and says who made it and when', async () => {
    const armored = await signer.sign(FILE);
    expect(accepts(armored, signer.publicKey)).toBe(true);
    const signature = readSignature(armored, 'x.asc');
    expect(signature).toMatchObject({
      issuer: signer.fingerprint,
      created: MADE + 86_400,
      expires: undefined,
    });
    expect(isIssuer(signature, readPublicKey(signer.publicKey, 'key'))).toBe(true);
    expect(isIssuer(signature, readPublicKey(other.publicKey, 'key'))).toBe(false);
  });

  it.each(['sha256', 'sha384', 'sha512'] as const)('with %s is taken', async (hash) => {
    const preferredHashAlgorithm = openpgp.enums.hash[hash];
    const key = testKey(signer.secret);
    const armored = await key.sign(FILE, undefined, { preferredHashAlgorithm });
    expect(accepts(armored, key.publicKey)).toBe(true);
  });

  it('over other bytes, or of another key, is not', async () => {
    const armored = await signer.sign(FILE);
    expect(accepts(armored, signer.publicKey, Buffer.from('the bytes of an ISO\n\n'))).toBe(false);
    expect(accepts(armored, signer.publicKey, Buffer.concat([FILE, Buffer.from([0])]))).toBe(false);
    expect(accepts(armored, other.publicKey)).toBe(false);
  });

  it('over a text, whose line ends do not count, is refused', async () => {
    const armored = (await openpgp.sign({
      message: await openpgp.createMessage({ text: 'a\nb' }),
      signingKeys: signer.secret,
      detached: true,
    })) as string;
    expect(refusal(() => readSignature(armored, 'x.asc'))).toBe('x.asc does not sign the bytes of a file');
  });

  it('of another kind of key is refused', async () => {
    const armored = await (await newKey({ type: 'ecc' })).sign(FILE);
    expect(refusal(() => readSignature(armored, 'x.asc'))).toMatch(/is not an RSA signature of version 4/);
  });

  it.each<[string, (armored: string) => string, RegExp]>([
    ['a page', () => '<html>go away</html>', /^x\.asc is not one armored PGP signature$/],
    ['nothing', () => '', /is not one armored PGP signature/],
    ['two', (text) => text + text, /is not one armored PGP signature/],
    ['the end is gone', (text) => text.slice(0, 300), /is not one armored PGP signature/],
    ['a key', () => signer.publicKey, /is not one armored PGP signature/],
    ['a line is gone', (text) => text.split('\n').toSpliced(6, 1).join('\n'), /is damaged/],
    ['no Base64', (text) => text.replace('\n\n', '\n\n*'), /its armor is not Base64/],
  ])('that is %s is refused', async (_what, change, message) => {
    const armored = change(await armoredOnce());
    expect(refusal(() => readSignature(armored, 'x.asc'))).toMatch(message);
  });

  it('that uses SHA-1 is refused', async () => {
    const bytes = dearmored(await armoredOnce());
    const at = bytes.indexOf(Buffer.from([4, 0, 1]));
    bytes[at + 3] = 2;
    expect(refusal(() => readSignature(armor(bytes), 'x.asc'))).toMatch(
      /uses the hash number 2; only SHA-256/,
    );
  });

  it('with any byte changed is refused or wrong, and never a bug', async () => {
    const bytes = dearmored(await armoredOnce());
    const key = readPublicKey(signer.publicKey, 'key.asc');
    // Who made it, and the beginning of the hash, are hints that nothing is built on.
    const length = (at: number) => bytes.readUInt16BE(at);
    const body = bytes.indexOf(Buffer.from([4, 0, 1]));
    const hashedEnd = body + 6 + length(body + 4);
    const valueStart = hashedEnd + 2 + length(hashedEnd) + 2;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        if (at >= hashedEnd && at < valueStart) return;
        const changed = Buffer.from(bytes);
        changed[at]! ^= flip;
        let right = false;
        try {
          const signature = readSignature(armor(changed), 'x.asc');
          right = signature.isBy(key, signature.begin().update(FILE));
        } catch (error) {
          expect(error).toBeInstanceOf(AirhiveError);
        }
        // The bits of a number's length that its bytes do not need.
        if (right) expect(at).toBeLessThan(valueStart + 2);
      }),
      { numRuns: 2000 },
    );
  });

  it('of any bytes is refused, and never a bug', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const read of [
          () => readSignature(armor(bytes), 'x'),
          () => readPublicKey(armor(bytes, 'PUBLIC KEY BLOCK'), 'x'),
        ])
          expect(read).toThrow(AirhiveError);
      }),
      { numRuns: 2000 },
    );
  });
});

let once: Promise<string> | undefined;
const armoredOnce = () => (once ??= signer.sign(FILE));

function dearmored(armored: string): Buffer {
  const lines = armored.trim().split(/\r?\n/);
  const from = lines.indexOf('') + 1;
  return Buffer.from(
    lines
      .slice(from, -1)
      .filter((line) => !line.startsWith('='))
      .join(''),
    'base64',
  );
}

function armor(bytes: Uint8Array, kind = 'SIGNATURE'): string {
  const base64 = Buffer.from(bytes).toString('base64');
  return `-----BEGIN PGP ${kind}-----\n\n${base64}\n-----END PGP ${kind}-----\n`;
}

describe('a key', () => {
  it('says when it expires, and OpenPGP.js agrees', async () => {
    const { publicKey } = await newKey({ seconds: 1000 });
    expect(readPublicKey(publicKey, 'key').expires).toBe(MADE + 1000);
    const read = await openpgp.readKey({ armoredKey: publicKey });
    expect((await read.getExpirationTime())?.valueOf()).toBe((MADE + 1000) * 1000);
  });

  it('whose owner has moved its end has the last one', async () => {
    const short = await newKey({ seconds: 1000 });
    const { privateKey } = await openpgp.reformatKey({
      privateKey: short.secret,
      userIDs: [{ name: 'Tester', email: 'tester@example.org' }],
      keyExpirationTime: 5000,
      date: new Date((MADE + 10) * 1000),
      format: 'object',
    });
    const updated = await short.secret.toPublic().update(privateKey.toPublic());
    expect(readPublicKey(updated.armor(), 'key').expires).toBe(MADE + 5000);
  });

  it('that was revoked says so, but not when another key revoked it', async () => {
    const { publicKey } = await openpgp.revokeKey({ key: other.secret, format: 'armored' });
    expect(readPublicKey(publicKey, 'key').revoked).toBe(true);
    const bytes = dearmored(publicKey);
    const start = packetEnd(bytes, 0);
    const revocation = bytes.subarray(start, packetEnd(bytes, start));
    const target = dearmored(signer.publicKey);
    const size = packetEnd(target, 0);
    const forged = Buffer.concat([target.subarray(0, size), revocation, target.subarray(size)]);
    expect(readPublicKey(armor(forged, 'PUBLIC KEY BLOCK'), 'key').revoked).toBe(false);
  });

  it('cannot get another name from anybody else', () => {
    const bytes = dearmored(signer.publicKey);
    const at = bytes.indexOf('Tester');
    bytes.write('Tamper', at);
    expect(refusal(() => readPublicKey(armor(bytes, 'PUBLIC KEY BLOCK'), 'key.asc'))).toBe(
      'key.asc has no user id that the key itself has signed',
    );
  });

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['two keys', () => signer.publicKey + other.publicKey, /is not one armored PGP public key block/],
    ['a secret key', () => signer.secret.armor(), /is not one armored PGP public key block/],
    [
      'an elliptic one',
      async () => (await newKey({ type: 'ecc' })).publicKey,
      /is not an RSA key of version 4/,
    ],
    ['a letter', () => 'Dear Natanael', /is not one armored PGP public key block/],
    ['a signature', armoredOnce, /is not one armored PGP public key block/],
  ])('that is %s is refused', async (_what, text, message) => {
    const armored = await text();
    expect(refusal(() => readPublicKey(armored, 'key.asc'))).toMatch(message);
  });
});

/** Where the packet ends that begins at `at`, of those with a length of two bytes, as OpenPGP.js writes keys. */
function packetEnd(bytes: Buffer, at: number): number {
  return at + 3 + bytes.readUInt16BE(at + 1) - 0xc000 + 192;
}

describe.skipIf(!hasTool('gpg'))('GnuPG (needs gpg)', () => {
  const gnupg = () => {
    // Its sockets have short names only.
    const home = mkdtempSync(join(tmpdir(), 'gpg-'));
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--no-autostart', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    writeFileSync(join(home, 'file'), FILE);
    return { home, gpg };
  };

  it('takes the signatures of the tests as we do, and refuses the wrong ones', async () => {
    const { home, gpg } = gnupg();
    writeFileSync(join(home, 'key.asc'), signer.publicKey);
    gpg('--import', join(home, 'key.asc'));
    writeFileSync(join(home, 'right.asc'), await signer.sign(FILE));
    writeFileSync(join(home, 'wrong.asc'), await signer.sign(Buffer.from('another file')));
    writeFileSync(join(home, 'foreign.asc'), await other.sign(FILE));
    for (const [name, right] of [
      ['right.asc', true],
      ['wrong.asc', false],
      ['foreign.asc', false],
    ] as const) {
      const check = () => gpg('--verify', join(home, name), join(home, 'file'));
      if (right) expect(check).not.toThrow();
      else expect(check).toThrow();
      const armored = readFileSync(join(home, name), 'utf8');
      expect([name, accepts(armored, signer.publicKey)]).toEqual([name, right]);
      expect([name, await othersAccept(armored, signer.publicKey)]).toEqual([name, right]);
    }
  });

  it('makes keys and signatures that we read as it does', () => {
    const home = mkdtempSync(join(tmpdir(), 'gpg-'));
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    onTestFinished(() => {
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
      rmSync(home, { recursive: true, force: true });
    });
    writeFileSync(join(home, 'file'), FILE);
    gpg('--quick-generate-key', 'Real One <real@example.org>', 'rsa2048', 'sign', '2y');
    gpg('--armor', '--detach-sign', join(home, 'file'));
    const key = readPublicKey(gpg('--armor', '--export'), 'key');
    const listed = gpg('--with-colons', '--list-keys');
    expect(listed).toContain(`fpr:::::::::${key.fingerprint}:`);
    expect(listed).toMatch(new RegExp(`^pub:u:2048:1:[0-9A-F]{16}:${key.created}:${key.expires}:`, 'm'));
    expect(key.owner).toBe('Real One <real@example.org>');
    const armored = readFileSync(join(home, 'file.asc'), 'utf8');
    expect(accepts(armored, gpg('--armor', '--export'))).toBe(true);
    expect(accepts(armored, gpg('--armor', '--export'), Buffer.from('x'))).toBe(false);
  });
});
