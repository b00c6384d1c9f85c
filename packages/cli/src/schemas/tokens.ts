/** The JSON of `kimi tokens`. */
import * as Schema from "effect/Schema"

export const Tokens = Schema.Struct({
  tokens: Schema.Finite,
  model: Schema.String,
  source: Schema.Literals(["estimate", "host"]).annotate({
    description: "An estimate is rather too high; the host's count differs by up to 3 from the billed one"
  })
})

export type Tokens = typeof Tokens.Type
