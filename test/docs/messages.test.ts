import { describe, expect, it } from 'vitest';
import { quotes } from './documents.ts';
import { fits, messagesOf, scripts, type Message } from './messages.ts';

const all = ['host', 'guest', 'shared'].flatMap((part) => scripts(`overlays/${part}`)).flatMap(messagesOf);
const quoted = quotes();

/** Messages that say all there is to say, or that nobody looks up. */
const SELF_EXPLAINING = [
  /^usage: /,
  /^is started by vm_run, not by hand$/,
  // What vm_run is doing.
  /^starting \0; what it prints goes to \0$/,
  /^starting it again in \0 s$/,
  /^to talk to it: cu /,
  /^SIG\0: asked the guest to shut down; vm_kill forces it$/,
  /^stopped by (SIG\0|vm_kill)$/,
  /^the guest (powered off|halted)$/,
  /^bhyve was terminated$/,
  // What the guest is glad of.
  /^connected to "\0"$/,
  /^address \0\/\0, router \0, DNS \0$/,
  /^\0: fetched, checked and kept; the guest is a gateway now$/,
  /^networks and keys as the host has sent them$/,
  /^the Wi-Fi card works now$/,
  // Handed on, not said.
  /^\0(: \0)?$/,
];

/** What a person who is offline can meet: everything of these scripts by these functions. */
function lookedUp({ file, by }: Message): boolean {
  if (file.startsWith('overlays/guest/')) return by === 'say' || by === 'say_once';
  if (file.startsWith('overlays/shared/')) return true;
  return /\/(vm_run|lib\/(preflight|guest|check|check-rc))$/.test(file) && !['fine', 'echo'].includes(by);
}

describe('the troubleshooting page', () => {
  it('is about messages', () => {
    expect(quoted.length).toBeGreaterThan(100);
    expect(quoted.toSorted().filter((quote, index, sorted) => quote === sorted[index + 1])).toEqual([]);
  });

  it('quotes nothing that no program says', () => {
    const texts = all.flatMap(asSaid);
    expect(quoted.filter((quote) => !texts.some((text) => fits(quote, text)))).toEqual([]);
  });

  it('has every message that a person can be stuck with', () => {
    const missing = all
      .filter(lookedUp)
      .filter(({ text }) => !SELF_EXPLAINING.some((known) => known.test(text)))
      .filter(({ text }) => !quoted.some((quote) => fits(quote, text)))
      .map(({ file, text }) => `${file}: ${text.replaceAll('\0', '$')}`);
    expect(missing).toEqual([]);
  });
});

/** What wifi-control answers, a word for vm_wifi and a sentence for its user, is said by vm_wifi. */
function asSaid({ file, by, text }: Message): string[] {
  if (!file.endsWith('/wifi-control')) return [text];
  const sentence = by === 'answer' ? text : text.slice(text.indexOf(' ') + 1);
  return [`not joined: ${sentence}; it is as it was before`];
}

describe('a quote fits a message', () => {
  it.each([
    ['the card ID at PLACE has MSI', 'the card \0 at \0 has MSI', true],
    ['there is no tap0: ...', 'there is no \0: run "\0"', true],
    ['there is no tap0', 'there is no \0: run "\0"', false],
    ['there is no tap0: run it', 'there is no \0: run "\0"', false],
    ['a message that nobody says', '\0', false],
    ['the guest is gone', 'the guest is here', false],
  ])('%s', (quote, message, expected) => {
    expect(fits(quote, message)).toBe(expected);
  });
});
