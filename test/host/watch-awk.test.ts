import { expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';

/** What the guest says of its connection, as lines for a person. */
function told(...lines: string[]): string[] {
  const file = freshFile(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'));
  return runAwks(['ssid', 'shown', 'answers'], ['-v', 'want=watch'], [file]).trimEnd().split('\n');
}

it('tells each state by its own words alone', () => {
  expect(
    told(
      'wpa_state=COMPLETED\tssid=home\tfreq=5180\tRSSI=-50\tip=10.77.0.5\tsaid=x',
      'wpa_state=COMPLETED\tssid=home\tfreq=5180\tRSSI=-50',
      'wpa_state=SCANNING\tsaid=wrong passphrase',
      'wpa_state=SCANNING',
    ),
  ).toEqual([
    '[####]  -50 dBm  10.77.0.5  "home"  36, 5 GHz',
    '[####]  -50 dBm  no address yet  "home"  36, 5 GHz',
    'not connected: wrong passphrase',
    'not connected',
  ]);
});

it('gives a terminal nothing to obey', () => {
  const [line] = told('wpa_state=SCANNING\tsaid=a\x1b[2J\x07b\x9bc\x7fd');
  expect(line).toMatch(/a\[2Jbcd$/);
});
