import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './processes.ts';

/**
 * What happens at a call: it fails without effect, or for want of room when half is written; the script is killed just
 * before or after it; or it never ends.
 */
export type Fault = 'fail' | 'full' | 'kill-before' | 'kill-after' | 'hang';

/**
 * The folder in which the fakes keep what they play, below the temporary folder of a machine: what they are to do, what
 * they were told, and the fault that call.c has to plant.
 */
export class State {
  readonly root = mkdtempSync(process.env.AIRHIVE_TEST_MACHINES ?? join(tmpdir(), 'airhive-host-'));
  readonly state = join(this.root, 'state');

  put(path: string, text: string): void {
    writeFileSync(join(this.state, path), text);
  }

  get(path: string): string {
    try {
      return readFileSync(join(this.state, path), 'utf8');
    } catch (error) {
      // A process of the machine may end at any moment, and its file goes with it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  /** The calls of one command so far, without its name. */
  calls(command: string): string[] {
    return this.get('calls')
      .split('\n')
      .filter((line) => line === command || line.startsWith(`${command} `))
      .map((line) => line.slice(command.length + 1));
  }

  /** The pauses of vm_run between two attempts, in seconds; its polling is left out. */
  pauses(): number[] {
    const all = this.get('sleeps').split('\n').filter(Boolean).map(Number);
    return all.filter((seconds) => seconds > 1);
  }

  /** Resolves when a file of the state folder is there and not empty. */
  async exists(path: string): Promise<void> {
    await until(() => this.get(path) !== '', `${path} is not there`);
  }

  /** Plants a fault at the `at`th call from now on; `fault()` takes it out. */
  fault(at?: number, how: Fault = 'fail'): void {
    this.put('fault', at === undefined ? '' : `${at} ${how}\n`);
    this.put('call-count', '0\n');
    rmSync(join(this.state, 'fault-met'), { force: true });
  }

  /** How many calls there were since the last fault(). */
  callCount(): number {
    return Number(this.get('call-count'));
  }

  /** Whether the call with the planted fault was to write a file. */
  wasToWrite(): boolean {
    return /^\d+ \//.test(this.get('fault-met'));
  }

  /** Whether the planted fault was met. */
  faultMet(): boolean {
    return existsSync(join(this.state, 'fault-met'));
  }
}
