/**
 * The outcome of a configuration change. It holds the names of options and never
 * a value.
 *
 * @since 0.1.0
 */
import type { ConfigurationIssue } from "../errors/ConfigurationErrors.ts"

/**
 * The change was applied.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reloaded {
  readonly _tag: "Reloaded"
  /** The options whose values changed, by name. */
  readonly changed: ReadonlyArray<string>
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * The change was rejected, and the previous configuration stays in use.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejected {
  readonly _tag: "Rejected"
  /** Every reason. */
  readonly issues: ReadonlyArray<typeof ConfigurationIssue.Type>
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * @category models
 * @since 0.1.0
 */
export type ReloadEvent = Reloaded | Rejected
