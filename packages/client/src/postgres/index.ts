/**
 * What needs PostgreSQL: the journal that several machines share.
 *
 * @since 0.1.0
 */
export * as Journal from "./Journal.ts"
