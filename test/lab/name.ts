/** Several labs can stand side by side on one machine: the variable PSHIM6_LAB tells them apart. */

export class LabNameError extends Error {
  constructor(name: string) {
    super(`PSHIM6_LAB is ${JSON.stringify(name)}: up to 8 lower-case letters and digits are valid`);
    this.name = 'LabNameError';
  }
}

/** Empty for the usual lab. Throws LabNameError when the variable is no name. */
function labName(): string {
  const name = process.env['PSHIM6_LAB'] ?? '';
  if (!/^[a-z0-9]{0,8}$/.test(name)) throw new LabNameError(name);
  return name;
}

export const LAB_NAME = labName();
