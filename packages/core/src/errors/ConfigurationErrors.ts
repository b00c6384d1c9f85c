/**
 * Failures of the configuration.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * One invalid option. It never contains the value that was given.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ConfigurationIssue = Schema.Struct({
  /** The name by which the option is set, such as `KIMI_TIMEOUT_TOTAL`. */
  name: Schema.String,
  /** The expected form, in words. */
  expected: Schema.String
})

/**
 * The configuration is invalid. Lists every invalid option.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigurationError extends TaggedKimiError<ConfigurationError>()("ConfigurationError", {
  issues: Schema.Array(ConfigurationIssue)
}) {
  /** Makes the error with a message that lists each issue on a separate line. */
  static of(issues: ReadonlyArray<typeof ConfigurationIssue.Type>): ConfigurationError {
    const lines = issues.map((issue) => `  ${issue.name}: expected ${issue.expected}`)
    return new ConfigurationError({ message: `Invalid configuration:\n${lines.join("\n")}`, issues })
  }
}
