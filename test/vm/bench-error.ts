/** Something that the bench needs cannot be had here; exit code 4. */
export class BenchError extends Error {}
