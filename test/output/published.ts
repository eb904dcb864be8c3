import { temporaryFolder } from '../inputs/sandbox.ts';
import { addData, OLD_DATA, publishSample, type State } from './sample.ts';

/** A folder in which a bundle was published and run. */
export async function publishedFolder(mark = 'one'): Promise<string> {
  const out = temporaryFolder();
  await publishSample(out, mark);
  addData(out);
  return out;
}

/** Its state. */
export const OLD_STATE: State = { bundle: 'one', tar: 'one', data: OLD_DATA, litter: [] };
