import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { confOf, EDUROAM, PASSWORD } from '../fixtures/eduroam.ts';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { Machine } from './machine.ts';
import { networksOf, siteOk } from './site-bench.ts';

// What vm_site import makes of each, and that the real wpa_supplicant reads what it has written.

let made: Certificates;
beforeAll(() => {
  made = makeCertificates();
});

/** What the real wpa_supplicant says of a file before it looks for an interface that is not there. */
function complaints(conf: string): string[] {
  const script = 'PATH=$PATH:/usr/sbin:/sbin; wpa_supplicant -D none -i none0 -c "$1" 2>&1 || true';
  const printed = run('sh', ['-c', script, 'sh', freshFile(conf)]).toString();
  expect(printed).toContain('Successfully initialized wpa_supplicant');
  return printed.split('\n').filter((line) => /^Line \d+:|Failed to read/.test(line));
}

describe('vm_site import of eduroam', { timeout: 60_000 }, () => {
  it.each(EDUROAM)('$what', (file) => {
    const { security, said = /^/ } = file;
    const machine = new Machine();
    const folder = join(machine.root, 'usr/local/etc');
    for (const [name, path] of Object.entries(made.paths))
      writeFileSync(join(folder, name), readFileSync(path));
    writeFileSync(join(folder, 'eduroam.conf'), confOf(file, readFileSync(join(folder, 'der'))));
    const printed = siteOk(machine, null, 'import', join(folder, 'eduroam.conf'));
    expect(printed).toMatch(said);
    expect(printed).not.toMatch(new RegExp(`${PASSWORD}|key words|left out`));
    const { networks } = JSON.parse(siteOk(machine, null, 'list', '--json')) as { networks: object[] };
    expect(networks).toMatchObject([{ ssid: 'eduroam', security }]);
    if (hasTool('wpa_supplicant')) expect(complaints(networksOf(machine))).toEqual([]);
  });
});
