import { AirhiveError } from '../errors.ts';
import type { Dialogue } from '../ports.ts';
import type { VerbContext } from './world.ts';

/** What an answer means: a value, or what is wrong with it. */
export type Meaning<T> = { readonly value: T } | { readonly problem: string };

/** Asks the person at the terminal, if there is one and the command may. The terminal is opened by the first question. */
export class Questions {
  readonly #context: Pick<VerbContext, 'openTerminal' | 'signal'>;
  #dialogue: Promise<Dialogue | undefined> | undefined;

  constructor(context: Pick<VerbContext, 'openTerminal' | 'signal'>, mayAsk: boolean) {
    this.#context = context;
    if (!mayAsk) this.#dialogue = Promise.resolve(undefined);
  }

  /** Asks again until the answer means something. Undefined when nobody can be asked. */
  async ask<T>(question: string, read: (answer: string) => Meaning<T>): Promise<T | undefined> {
    this.#dialogue ??= this.#context.openTerminal();
    const dialogue = await this.#dialogue;
    if (!dialogue) return undefined;
    for (let before = ''; ;) {
      const meaning = read((await this.#answer(dialogue, before + question)).trim());
      if ('value' in meaning) return meaning.value;
      before = `${meaning.problem}\n`;
    }
  }

  async close(): Promise<void> {
    (await this.#dialogue)?.close();
  }

  async #answer(dialogue: Dialogue, text: string): Promise<string> {
    let answer: string | undefined;
    try {
      answer = await dialogue.ask(text);
    } catch (cause) {
      if (!this.#context.signal.aborted) throw cause;
      throw new AirhiveError('interrupted', 'interrupted; nothing was written', { cause });
    }
    if (answer !== undefined) return answer;
    throw new AirhiveError('usage', 'there was no answer; nothing was written', {
      hint: 'every question has an option as well: airhive init --help lists them',
    });
  }
}
