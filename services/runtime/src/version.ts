/** Release of this runtime, told in every hello. */
export const RUNTIME_VERSION = '0.1.0'
