/** DHCPv6 between octets and values. */
export * from './codec.ts';
export * from './constants.ts';
export { optionCode } from './option-rows.ts';
export * from './options.ts';
