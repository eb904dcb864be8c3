declare module 'sha256-file' {
  export default function sha256File(
    path: string,
    done: (error: Error | null, sum: string | null) => void,
  ): void;
}
