/** Random requests that are well formed and violate many rules. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

const Text = Schema.Literals(["", " ", "hi", "ho", "ha"])
const Id = Schema.Literals(["a", "b"])

const Call = Schema.Struct({
  id: Id,
  type: Schema.Literal("function"),
  function: Schema.Struct({ name: Schema.Literals(["f", "g"]), arguments: Schema.Literal("{}") })
})

const Part = Schema.Union([
  Schema.Struct({ type: Schema.Literal("text"), text: Text }),
  Schema.Struct({
    type: Schema.Literal("image_url"),
    image_url: Schema.Literals(["data:image/png,x", "data:image/png,y", "data:image/png,z", "https://x.y"])
  })
])

const System = Schema.Struct({ role: Schema.Literal("system"), content: Schema.optionalKey(Text) })

const User = Schema.Struct({ role: Schema.Literal("user"), content: Schema.Union([Text, Schema.Array(Part)]) })

const Assistant = Schema.Struct({
  role: Schema.Literal("assistant"),
  content: Schema.optionalKey(Schema.NullOr(Text)),
  reasoning_content: Schema.optionalKey(Text),
  tool_calls: Schema.optionalKey(Schema.Array(Call)),
  partial: Schema.optionalKey(Schema.Literals([false, false, false, true]))
})

const Tool = Schema.Struct({ role: Schema.Literal("tool"), tool_call_id: Id, content: Text })

/** A valid turn of tools with random texts. */
const ToolLoop = Schema.Tuple([
  Schema.Struct({ ...Assistant.fields, partial: Schema.Literal(false), tool_calls: Schema.Tuple([Call]) }),
  Schema.Struct({ role: Schema.Literal("user"), content: Text })
])

/** Mostly valid turns, so that whole histories are valid often enough. */
const Turn = Schema.Union([
  ToolLoop,
  ToolLoop,
  ToolLoop,
  ...[User, User, User, System, Assistant, Tool].map((message) => Schema.Tuple([message]))
])

const oneOf = <const L extends ReadonlyArray<string | number | boolean>>(...values: L) =>
  Schema.optionalKey(Schema.Literals(values))

const Members = Schema.Struct({
  max_completion_tokens: oneOf(1, 300_000, 2_000_000),
  max_tokens: oneOf(1, 300_000, 2_000_000),
  temperature: oneOf(0, 0.6, 1),
  top_p: oneOf(0.5, 0.95),
  n: oneOf(1, 2),
  presence_penalty: oneOf(0, 1),
  frequency_penalty: oneOf(0, -1),
  stop: Schema.optionalKey(Schema.Union([Text, Schema.Array(Text)])),
  logprobs: oneOf(true, false),
  top_logprobs: oneOf(0, 3),
  reasoning_effort: oneOf("low", "medium", "max"),
  thinking: Schema.optionalKey(
    Schema.Struct({
      type: Schema.Literals(["enabled", "disabled"]),
      keep: Schema.optionalKey(Schema.NullOr(Schema.Literal("all")))
    })
  ),
  tool_choice: Schema.optionalKey(
    Schema.Union([
      Schema.Literals(["auto", "none", "required"]),
      Schema.Struct({ type: Schema.Literal("function"), function: Schema.Struct({ name: Schema.Literal("f") }) })
    ])
  ),
  response_format: Schema.optionalKey(Schema.Struct({ type: Schema.Literals(["text", "json_object"]) }))
})

const live = ModelCatalog.knownModels.filter(({ lifecycle }) => lifecycle.state === "live").map(({ id }) => id)

/** A random request and its host. */
export const requests: Arbitrary.Arbitrary<{ request: ModelRequest; host: KimiConfig.ProviderId }> = Arbitrary.map(
  Arbitrary.all({
    members: Arbitrary.schema(Members),
    turns: Arbitrary.schema(Schema.Array(Turn)),
    model: Arbitrary.schema(Schema.Literals([...live, ...live, "unknown", "kimi-k2.5"])),
    host: Arbitrary.schema(Schema.Literals(["moonshot", "moonshot", "moonshot", ...KimiConfig.providerIds]))
  }),
  ({ members, turns, model, host }) => {
    const messages = turns.flatMap((turn): ReadonlyArray<Message> =>
      turn.length === 1
        ? [...turn]
        : [turn[0], { role: "tool", tool_call_id: turn[0].tool_calls[0].id, content: "1" }, turn[1]]
    )
    // Generated objects have no prototype, unlike those of callers.
    return structuredClone({ request: { ...members, model, messages }, host })
  }
)
