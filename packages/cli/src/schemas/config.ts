/** The JSON of `kimi config`. */
import * as Schema from "effect/Schema"

export const ConfigOptions = Schema.Struct({
  options: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      value: Schema.NullOr(Schema.String).annotate({
        description: "As a configuration file has it; null if it has none. Secrets are <redacted>"
      }),
      origin: Schema.String.annotate({ description: "A flag, the environment, a file, or default" })
    })
  )
})

export type ConfigOptions = typeof ConfigOptions.Type
