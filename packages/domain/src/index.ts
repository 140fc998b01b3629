/** The words of the product, without I/O: ids, errors, entities, rules. Tables and databases have their own entries. */
export * from './entities/index.ts'
export * from './errors.ts'
export * from './ids.ts'
export * from './roles.ts'
export * from './slugs.ts'
export * from './state-machines.ts'
