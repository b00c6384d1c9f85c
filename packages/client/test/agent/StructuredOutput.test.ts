import { assert, describe, it } from "@effect/vitest"
import * as Cost from "@kimi-effect/core/Cost"
import { Reply } from "@kimi-effect/testing"
import { DateTime, Effect, Option, Schema, SchemaTransformation } from "effect"
import * as StructuredOutput from "../../src/agent/StructuredOutput.ts"
import { failed, play, succeeded } from "./support/output.ts"

const Order = Schema.Struct({ item: Schema.String, count: Schema.Int.check(Schema.isGreaterThan(0)) })
const prompt = "Two teas, please."
const good = '{"item":"tea","count":2}'

const refused = Reply.invalidRequest({ message: "response_format.type must be 'json_object' or 'text'" })

const generate = (options: Partial<StructuredOutput.Options<typeof Order>> = {}) =>
  StructuredOutput.generate({ schema: Order, prompt, ...options })

describe("StructuredOutput.generate", () => {
  it.effect("sends the JSON Schema, then decodes the response", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([good], generate({ system: "Be exact.", request: { model: "kimi-k2.6" } }))
      const output = succeeded(exit)
      assert.deepStrictEqual(output.value, { item: "tea", count: 2 })
      assert.deepInclude(output, { rounds: 1, format: "json_schema" })
      assert.deepStrictEqual(requests, [
        {
          model: "kimi-k2.6",
          messages: [
            { role: "system", content: "Be exact." },
            { role: "user", content: prompt }
          ],
          response_format: {
            type: "json_schema",
            json_schema: {
              name: "output",
              schema: {
                type: "object",
                properties: { item: { type: "string" }, count: { type: "integer", minimum: 1 } },
                required: ["item", "count"],
                additionalProperties: false
              }
            }
          }
        }
      ])
      assert.deepStrictEqual(output.messages.at(-1), { role: "assistant", content: good })
    })
  )

  it.effect("sends name, description, earlier messages", () =>
    Effect.gen(function* () {
      const messages = [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Yes?" }
      ] as const
      const { requests } = yield* play([good], generate({ name: "order", description: "An order.", messages }))
      const format = requests[0]?.response_format
      assert(format?.type === "json_schema")
      assert.deepInclude(format.json_schema, { name: "order", description: "An order." })
      assert.deepStrictEqual(requests[0]?.messages, [...messages, { role: "user", content: prompt }])
    })
  )

  it.effect("accepts JSON in a Markdown fence", () =>
    Effect.gen(function* () {
      for (const text of [`\`\`\`json\n${good}\n\`\`\``, `\n\`\`\`\n${good}\`\`\`\n`]) {
        const { exit } = yield* play([text], generate())
        assert.deepStrictEqual(succeeded(exit).value, { item: "tea", count: 2 })
      }
    })
  )

  it.effect("sends back what does not fit, with the paths, no value of the schema's other members", () =>
    Effect.gen(function* () {
      const bad = '{"item":"tea","count":0}'
      const { exit, requests } = yield* play([Reply.text(bad, { reasoning: "Hm." }), good], generate())
      assert.deepInclude(succeeded(exit), { rounds: 2, value: { item: "tea", count: 2 } })
      assert.deepStrictEqual(requests[1]?.messages.slice(1), [
        { role: "assistant", content: bad, reasoning_content: "Hm." },
        {
          role: "user",
          content:
            "Your response does not match the JSON Schema: count: Expected a value greater than 0. Answer again with the whole corrected JSON, and with nothing else."
        }
      ])
      assert.deepStrictEqual(requests[1]?.response_format, requests[0]?.response_format)
    })
  )

  it.effect("sends back prose around the JSON", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([`Here you are: ${good}`, good], generate())
      assert.strictEqual(succeeded(exit).rounds, 2)
      assert.match(String(requests[1]?.messages.at(-1)?.content), /^Your response is not one JSON value\./)
    })
  )

  it.effect("adds the tokens of all rounds", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 10, completion_tokens: 5 }
      const { exit } = yield* play([Reply.text("no", { usage }), Reply.text(good, { usage })], generate())
      const output = succeeded(exit)
      assert.deepInclude(output.usage, { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 })
      const single = Option.getOrThrow(yield* Cost.ofResponse(output.response))
      assert.deepStrictEqual(output.cost, Option.some(Cost.sum(single, single)))
    })
  )

  it.effect("has no cost when a round has no known price", () =>
    Effect.gen(function* () {
      const { exit } = yield* play(
        [Reply.text("no", { model: "other" }), good],
        generate({ request: { model: "other" } })
      )
      assert.isTrue(Option.isNone(succeeded(exit).cost))
    })
  )

  it.effect("fails after the last round, with text, tokens of all rounds", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play(["{}", "canary {}", "{}"], generate({ repairs: 1 }))
      const error = failed(exit)
      assert(error._tag === "StructuredOutputError")
      assert.strictEqual(requests.length, 2)
      assert.deepInclude(error, { reason: "invalid JSON", provider: "moonshot", model: "kimi-k3" })
      assert.deepInclude(error.partial, { content: "canary {}", usage: { prompt_tokens: 176, completion_tokens: 80 } })
      assert.notInclude(JSON.stringify(error), "canary")
    })
  )

  it.effect("names every issue by its path, without values of the model", () =>
    Effect.gen(function* () {
      const Items = Schema.Struct({
        items: Schema.Array(Order),
        notes: Schema.Record(Schema.String, Schema.Finite)
      })
      const text = '{"items":[{"item":"canary","count":-7},{"count":1}],"notes":{"canary":"canary"}}'
      const { exit } = yield* play([text], StructuredOutput.generate({ schema: Items, prompt, repairs: 0 }))
      const error = failed(exit)
      assert(error._tag === "StructuredOutputError")
      assert.strictEqual(error.reason, "schema mismatch")
      assert.match(error.issue ?? "", /^items\.0\.count: .*; items\.1\.item: .*; notes\.\*: /)
      assert.notInclude(`${error.message} ${error.issue}`, "canary")
      assert.notInclude(error.issue ?? "", "-7")
    })
  )

  it.effect("does not repair a refusal", () =>
    Effect.gen(function* () {
      for (const finishReason of ["refusal", "content_filter"]) {
        const { exit, requests } = yield* play([Reply.text("I cannot.", { finishReason })], generate())
        assert.deepInclude(failed(exit), { _tag: "StructuredOutputError", reason: "refusal" })
        assert.strictEqual(requests.length, 1)
      }
    })
  )

  it.effect("does not repair a truncated response", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([Reply.text(good.slice(0, 10), { finishReason: "length" })], generate())
      assert.deepInclude(failed(exit), { _tag: "StructuredOutputError", reason: "truncated" })
      assert.strictEqual(requests.length, 1)
    })
  )

  it.effect("accepts complete JSON before the token limit", () =>
    Effect.gen(function* () {
      const { exit } = yield* play([Reply.text(`${good}\n\n\n`, { finishReason: "length" })], generate())
      assert.deepStrictEqual(succeeded(exit).value, { item: "tea", count: 2 })
    })
  )

  it.effect("puts the shape into the prompt when the host ignores json_schema", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([good], generate({ system: "Be exact." }), { provider: "ollama" })
      const output = succeeded(exit)
      assert.deepInclude(output, { format: "json_object", rounds: 1 })
      assert.strictEqual(requests.length, 1)
      assert.deepStrictEqual(requests[0]?.response_format, { type: "json_object" })
      assert.deepStrictEqual(
        requests[0]?.messages.map(({ role }) => role),
        ["system", "system", "user"]
      )
      assert.match(String(requests[0]?.messages[1]?.content), /JSON Schema.*"minimum":1/s)
      assert.deepStrictEqual(
        output.messages.map(({ role }) => role),
        ["system", "user", "assistant"]
      )
    })
  )

  it.effect("puts the shape into the prompt when the host refuses json_schema", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([refused, "no", good], generate())
      assert.deepInclude(succeeded(exit), { format: "json_object", rounds: 2 })
      assert.deepStrictEqual(
        requests.map((request) => request.response_format?.type),
        ["json_schema", "json_object", "json_object"]
      )
    })
  )

  it.effect("does not change a format that the caller has chosen", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* play([refused], generate({ format: "json_schema" }))
      assert.strictEqual(failed(exit)._tag, "InvalidRequestError")
      assert.strictEqual(requests.length, 1)
      const plain = yield* play([good], generate({ format: "json_object" }))
      assert.deepStrictEqual(plain.requests[0]?.response_format, { type: "json_object" })
    })
  )

  it.effect("passes errors of the call on", () =>
    Effect.gen(function* () {
      const { exit } = yield* play([Reply.serverError()], generate())
      assert.strictEqual(failed(exit)._tag, "ServerError")
    })
  )

  it.effect("wraps a root that is not an object", () =>
    Effect.gen(function* () {
      const cases = [
        [Schema.Array(Order), [{ item: "tea", count: 2 }]],
        [Schema.Literals(["yes", "no"]), "yes"],
        [Schema.Finite, 1.5],
        [Schema.NullOr(Schema.String), null]
      ] as const
      for (const [schema, value] of cases) {
        const options = { schema: schema as Schema.Codec<unknown, unknown>, prompt }
        const { exit, requests } = yield* play([JSON.stringify({ value })], StructuredOutput.generate(options))
        assert.deepStrictEqual(succeeded(exit).value, value)
        const format = requests[0]?.response_format
        assert(format?.type === "json_schema")
        assert.deepInclude(format.json_schema.schema, { type: "object", required: ["value"] })
      }
    })
  )

  it.effect("decodes to the types of the schema", () =>
    Effect.gen(function* () {
      const Trimmed = Schema.String.pipe(Schema.decodeTo(Schema.String, SchemaTransformation.trim()))
      const Event = Schema.Struct({ at: Schema.DateTimeUtc, id: Schema.BigInt, name: Trimmed })
      const text = '{"at":"2026-11-28T00:00:00.000Z","id":"12","name":" tea "}'
      const { exit } = yield* play([text], StructuredOutput.generate({ schema: Event, prompt }))
      const { at, id, name } = succeeded(exit).value
      assert.strictEqual(DateTime.toEpochMillis(at), Date.parse("2026-11-28T00:00:00.000Z"))
      assert.deepStrictEqual([id, name], [12n, "tea"])
    })
  )

  it.effect("refuses a schema that cannot be sent, before any request", () =>
    Effect.gen(function* () {
      const Pair = Schema.Struct({ pair: Schema.Tuple([Schema.String, Schema.Finite]) })
      const { exit, requests } = yield* play([], StructuredOutput.generate({ schema: Pair, prompt }))
      const error = failed(exit)
      assert.deepInclude(error, { _tag: "ToolSchemaError", path: "properties.pair" })
      assert.match(error.message, /^The schema of the output cannot be sent/)
      assert.lengthOf(requests, 0)
    })
  )

  it.effect("refuses invalid options, before any request", () =>
    Effect.gen(function* () {
      for (const [options, parameter] of [
        [{ repairs: -1 }, "repairs"],
        [{ repairs: 0.5 }, "repairs"],
        [{ prompt: undefined }, "prompt"]
      ] as const) {
        const { exit, requests } = yield* play([], generate(options as never))
        assert.deepInclude(failed(exit), { _tag: "InvalidRequestError", parameter })
        assert.lengthOf(requests, 0)
      }
    })
  )

  interface Tree {
    readonly children: ReadonlyArray<Tree>
  }
  const Tree: Schema.Codec<Tree> = Schema.Struct({
    children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
  }).annotate({ identifier: "Tree" })

  it.effect("rejects a value that is nested too deeply for a recursive schema", () =>
    Effect.gen(function* () {
      const depth = 200_000
      const text = '{"children":['.repeat(depth) + "]}".repeat(depth)
      const { exit } = yield* play([text], StructuredOutput.generate({ schema: Tree, prompt, repairs: 0 }))
      assert.deepInclude(failed(exit), { _tag: "StructuredOutputError" })
    })
  )

  it.effect("keeps a member called __proto__ out of prototypes", () =>
    Effect.gen(function* () {
      const Any = Schema.Struct({ notes: Schema.Record(Schema.String, Schema.String) })
      const text = '{"notes":{"__proto__":"x","constructor":"y"},"__proto__":{"polluted":"z"}}'
      yield* play([text, text], StructuredOutput.generate({ schema: Any, prompt }))
      assert.notProperty({}, "polluted")
    })
  )
})
