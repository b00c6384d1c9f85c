/**
 * The configuration cannot be used.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * One unusable option. It never holds the value that was given.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ConfigurationIssue = Schema.Struct({
  /** The option by the name the reader can set, such as `KIMI_TIMEOUT_TOTAL`. */
  name: Schema.String,
  /** The expected form, in words. */
  expected: Schema.String
})

/**
 * Everything that is wrong with the configuration, at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigurationError extends TaggedKimiError<ConfigurationError>()("ConfigurationError", {
  issues: Schema.Array(ConfigurationIssue)
}) {
  /** Makes the error with a message that lists every issue on a line of its own. */
  static of(issues: ReadonlyArray<typeof ConfigurationIssue.Type>): ConfigurationError {
    const lines = issues.map((issue) => `  ${issue.name}: expected ${issue.expected}`)
    return new ConfigurationError({ message: `Invalid configuration:\n${lines.join("\n")}`, issues })
  }
}
