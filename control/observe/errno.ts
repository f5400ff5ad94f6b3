/** Why a file could not be used, in words and with the code that manuals name. */
import { getSystemErrorMessage } from 'node:util';

export function errnoText(error: unknown): string {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  const words = errno === undefined ? undefined : getSystemErrorMessage(errno);
  return words === undefined ? code : `${words} (${code})`;
}
