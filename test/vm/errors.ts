/** What kept the machine from running a command; the command's own failure is its exit status instead. */
export type VmErrorCode =
  | 'usage'
  | 'unknown-kernel'
  | 'index-unreachable'
  | 'package-missing'
  | 'tool-missing'
  | 'unpack-failed'
  | 'boot-failed'
  | 'machine-died'
  | 'time-limit'
  | 'interrupted';

export class VmError extends Error {
  override readonly name = 'VmError';
  readonly code: VmErrorCode;

  /** @param detail lines shown below the message: a tool's last words, the guest's kernel log */
  constructor(code: VmErrorCode, message: string, detail: readonly string[] = []) {
    super([message, ...detail.map((line) => `  | ${line}`)].join('\n'));
    this.code = code;
  }
}
