/** The JSON of `kimi doctor`. */
import * as Schema from "effect/Schema"

const Check = Schema.Struct({
  name: Schema.String,
  status: Schema.Literals(["ok", "warning", "problem", "skipped"]),
  message: Schema.String,
  fix: Schema.optionalKey(Schema.String).annotate({ description: "What to change" })
})

export type Check = typeof Check.Type

export const Diagnosis = Schema.Struct({ checks: Schema.Array(Check) })

export type Diagnosis = typeof Diagnosis.Type
