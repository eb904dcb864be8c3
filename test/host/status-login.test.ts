import { describe, expect, it } from 'vitest';
import { online, prints, running } from './status-bench.ts';

// A network that wants a login on a web page: what vm_status makes of what the guest's "portal now" says.

const PAGE = 'https://login.example:8443/a/b?mac=02:00:00:00:00:01&next=http%3A//x/#top';

async function saying(portal: string, changes: Record<string, string> = {}) {
  const { machine, status } = await running();
  online(machine, { 'usr/libexec/airhive/portal': prints(portal), ...changes });
  return status;
}

describe('a network that wants a login', () => {
  it('is a state of its own, with the page to open', async () => {
    const status = await saying(`login ${PAGE}\n`);
    const { code, rows, said } = await status();
    expect(code, said).toBe(5);
    expect(rows.guest).toMatch(/^login, up for /);
    expect(said).toContain(`          this network wants a login: open '${PAGE}'\n`);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({
      state: 'login',
      reason: `this network wants a login: open '${PAGE}'`,
      login_url: PAGE,
    });
  });

  it('is said in time, though all that the guest looks at takes its time: it looks at all of it at once', async () => {
    const meets = (name: string, text: string): string => {
      const all = 'ls "$met" | grep -c .';
      return `#!/bin/sh
met=\${0%/usr/*}/met; mkdir -p "$met"; : >"$met/${name}"
until [ "$(${all})" = 3 ]; do sleep 0.05; done
echo '${text}'\n`;
    };
    const status = await saying('', {
      'usr/libexec/airhive/portal': meets('portal', `login ${PAGE}`),
      'usr/libexec/airhive/way': meets('way', 'online'),
      'usr/libexec/airhive/card': meets('card', 'ok'),
    });
    const { said } = await status();
    expect(said).toContain(`a login: open '${PAGE}'`);
  });

  it('is not said of a guest that forwards nothing, or has no address', async () => {
    for (const [state, changes] of [
      ['closed', { 'proc/sys/net/ipv4/ip_forward': '0\n' }],
      ['offline', { 'bin/ip': prints('') }],
    ] as const) {
      const status = await saying(`login ${PAGE}\n`, changes);
      expect((await status()).rows.guest).toMatch(new RegExp(`^${state}`));
    }
  });

  it('an open network, or one that may want it, is online', async () => {
    const open = await saying('open\n');
    expect(await open()).toMatchObject({ code: 0 });
    const maybe = await saying('maybe http://login.example/\n');
    const { code, said } = await maybe();
    expect(code, said).toBe(0);
    expect(said).toContain("if nothing else opens, open 'http://login.example/'");
    expect(JSON.parse((await maybe('--json')).said)).toMatchObject({ state: 'online', login_url: null });
  });

  it.each([
    'https://x.example/"; reboot',
    'https://x.example/$(reboot)',
    "https://x.example/'",
    'https://x.example/`id`',
    'https://x.example/\u001b[2J a',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'http://',
    'https://-x.example/',
    `https://x.example/${'a'.repeat(600)}`,
    '',
  ])('an address %j is not shown', async (url) => {
    const status = await saying(`login ${url}\n`);
    const { code, said } = await status('--json');
    expect(code).toBe(0);
    expect(JSON.parse(said)).toMatchObject({ state: 'online', login_url: null });
    expect((await status()).said).not.toContain('example');
  });

  it('the longest address is shown whole', async () => {
    const longest = `https://x.example/${'a'.repeat(482)}`;
    const status = await saying(`login ${longest}\n`);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({ login_url: longest });
  });
});
