import { parentPort, workerData } from 'node:worker_threads';
import { hashHere } from './hash.ts';

// What hashFile runs beside the build: takes a path, answers with its SHA-256.
void hashHere(workerData as string).then((digest) => parentPort?.postMessage(digest));
