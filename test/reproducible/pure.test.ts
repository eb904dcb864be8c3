import { afterEach, describe, expect, it } from 'vitest';
import { digestsOf, makeBundle } from './reference.ts';

const real = { Date: globalThis.Date, random: Math.random, env: process.env };

const forbidden = (what: string) => () => {
  throw new Error(`${what} in the pure part`);
};

/** The YAML parser looks there whether it is to print what it reads; that changes no result. */
function environment(_: unknown, name: string | symbol): undefined {
  if (name !== 'LOG_STREAM' && name !== 'LOG_TOKENS') forbidden('process.env')();
}

/** Dates that are told their time work as ever; nobody is told the time of day, chance or environment. */
function forbidTheWorld(): void {
  globalThis.Date = class extends real.Date {
    constructor(...args: readonly unknown[]) {
      if (args.length === 0) forbidden('new Date()')();
      super(...(args as [number]));
    }
    static override now = forbidden('Date.now()');
    override getTimezoneOffset = forbidden('getTimezoneOffset()');
    override getHours = forbidden('getHours()');
    override getDate = forbidden('getDate()');
  } as unknown as DateConstructor;
  Math.random = forbidden('Math.random()');
  process.env = new Proxy<NodeJS.ProcessEnv>({}, { get: environment, has: forbidden('process.env') });
}

function allowTheWorld(): void {
  globalThis.Date = real.Date;
  Math.random = real.random;
  process.env = real.env;
}

afterEach(allowTheWorld);

describe('from texts to the bundle', () => {
  it('nobody asks for the time, chance or the environment', async () => {
    const expected = digestsOf(await makeBundle());
    forbidTheWorld();
    const made = makeBundle().finally(allowTheWorld);
    expect(digestsOf(await made)).toEqual(expected);
  });

  it('and who asks is caught', () => {
    forbidTheWorld();
    expect(() => new Date()).toThrow('new Date() in the pure part');
    expect(() => Date.now()).toThrow('Date.now() in the pure part');
    expect(() => new Date(0).getHours()).toThrow('getHours()');
    expect(() => Math.random()).toThrow('Math.random() in the pure part');
    expect(() => process.env.HOME).toThrow('process.env in the pure part');
    expect(new Date(0).getUTCHours()).toBe(0);
  });
});
