// The program of a child process: publishes the sample bundle again and again into the folder of its first argument, with
// site images, and with marks that begin with its second one. Does not end by itself.
import { publishSample } from '../sample.ts';

const [out = '', mark = ''] = process.argv.slice(2);
for (let round = 0; ; round++) await publishSample(out, `${mark}-${round}`, { site: true });
