/** The JSON of `kimi config`. */
import * as Schema from "effect/Schema"

export const ConfigOptions = Schema.Struct({
  options: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      value: Schema.NullOr(Schema.String).annotate({
        description:
          "As a configuration file has it, and as it was given if it cannot be used; null if it has none. Secrets are <redacted>"
      }),
      origin: Schema.String.annotate({ description: "A flag, the environment, a file, or default" }),
      expected: Schema.optionalKey(Schema.String).annotate({
        description: "What is expected in place of a value that cannot be used. The command then ends with 10"
      })
    })
  )
})

export type ConfigOptions = typeof ConfigOptions.Type
