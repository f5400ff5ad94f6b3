/** What libbpf prints (its warnings and the verifier's log), captured for the error instead of written to stderr. */
import koffi from 'koffi';
import { libbpf, type Pointer } from './library.ts';

const LIBBPF_WARN = 0;
const KEPT = 65_536;

const libc = koffi.load('libc.so.6');
/* A va_list reaches a callee as one pointer on x86-64, arm64 and riscv64, and only vasprintf looks behind it. */
const vasprintf = libc.func('vasprintf', 'int', ['void *', 'void *', 'void *']) as (
  result: BigUint64Array,
  format: Pointer,
  parameters: Pointer,
) => number;
const free = libc.func('free', 'void', ['void *']) as (pointer: bigint) => void;

let captured: string[] | undefined;

libbpf.setPrint((level, format, parameters) => {
  if (level !== LIBBPF_WARN || captured === undefined) return 0;
  const result = new BigUint64Array(1);
  const length = vasprintf(result, format, parameters);
  if (length < 0) return 0;
  const text = result[0]!;
  // The end of a log says what was refused; a log may have megabytes.
  const skipped = Math.max(0, length - KEPT);
  captured.push(koffi.decode.string(text + BigInt(skipped), length - skipped));
  free(text);
  return length;
});

/** Runs `call` and returns its result with what libbpf printed meanwhile (at most 64 KiB, the end of it). */
export function capturePrint<Result>(call: () => Result): { result: Result; log: string } {
  captured = [];
  try {
    const result = call();
    return { result, log: captured.join('').slice(-KEPT) };
  } finally {
    captured = undefined;
  }
}
