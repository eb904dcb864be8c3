// The program of a child process, on the folder of its first argument. "once": publishes the sample bundle with the mark
// of the second one and a site image; "loop": again and again; "recover": only puts right what others left. Prints how
// many calls changed the disk.
import { openSample, publishSample } from '../sample.ts';
import { callsMade } from './counted-fs.ts';

const [out = '', mark = '', how] = process.argv.slice(2);
if (how === 'recover') await (await openSample(out)).discard();
else if (how === 'once') await publishSample(out, mark, { site: true });
else for (let round = 0; ; round++) await publishSample(out, `${mark}-${round}`, { site: true });
process.stdout.write(String(callsMade()));
