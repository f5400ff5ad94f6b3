/** Wire format of SHIM6: RFC 5533 §5 and RFC 5534 §5. */
export * from './codec.ts';
export * from './context-tag.ts';
export * from './messages.ts';
export * from './options.ts';
export * from './payload-header.ts';
export * from './quoted.ts';
