/**
 * What becomes of a change of the configuration, as data. It holds the names
 * of options, and never a value.
 *
 * @since 0.1.0
 */
import type { ConfigurationIssue } from "../errors/ConfigurationErrors.ts"

/**
 * The configuration was swapped.
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
 * The change cannot be used, and the last good configuration stays.
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
