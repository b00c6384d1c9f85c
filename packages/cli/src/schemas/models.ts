/** The JSON of `kimi models`. */
import * as Schema from "effect/Schema"

const Price = Schema.Struct({
  provider: Schema.String,
  currency: Schema.Literals(["USD", "CNY"]),
  from: Schema.optionalKey(Schema.String).annotate({ description: "First day of the price" }),
  cacheHit: Schema.optionalKey(Schema.String),
  cacheMiss: Schema.String,
  output: Schema.String,
  cacheWrite: Schema.optionalKey(Schema.String),
  cacheWrite1h: Schema.optionalKey(Schema.String)
}).annotate({ description: "Prices per million tokens, as decimals" })

export type Price = typeof Price.Type

const Model = Schema.Struct({
  id: Schema.String,
  contextWindow: Schema.Finite.annotate({ description: "Tokens of prompt and output together; 0 if unknown" }),
  defaultMaxOutput: Schema.optionalKey(Schema.Finite),
  state: Schema.Literals(["live", "retiring", "retired"]),
  retiresOn: Schema.optionalKey(Schema.String).annotate({ description: "Last day, or the day it was retired" }),
  successor: Schema.optionalKey(Schema.String),
  image: Schema.Boolean,
  video: Schema.Boolean,
  batch: Schema.Boolean.annotate({ description: "Whether Moonshot runs batches of it; false if unknown" }),
  prices: Schema.Array(Price)
})

export type Model = typeof Model.Type

export const Models = Schema.Struct({
  source: Schema.Literals(["catalogue", "host"]),
  day: Schema.String.annotate({ description: "The day of the prices, in UTC" }),
  models: Schema.Array(Model)
})

export type Models = typeof Models.Type
