import { assert, describe, it } from "@effect/vitest"
import type { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { completions, headers, plain, streamOf } from "./support/completions.ts"
import { bytesOf, decode, settle } from "./support/sse.ts"
import { runs, seedOf } from "../../../../test/support/depth.ts"

/** Splits bytes at the given lengths, with the rest as last read. */
const cutBy = (bytes: Uint8Array, lengths: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const reads: Array<Uint8Array> = []
  let from = 0
  for (const length of lengths) {
    reads.push(bytes.subarray(from, from + length))
    from += length
  }
  return [...reads, bytes.subarray(from)]
}

const Cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 })))

const Text = Schema.Union([
  Schema.String,
  Schema.Literals(["", " ", "\n", "👋🏽", "data: [DONE]\n\n", '{"a":"}"}', "\uFEFF"])
])

const Call = Schema.Struct({
  id: Schema.Literals(["", " ", "f_0", "f_0", "call", "functions.f:0"]),
  type: Schema.Literals(["function", "builtin_function"]),
  function: Schema.Struct({ name: Schema.Literals(["f", "get_time"]), arguments: Text })
})

const Choice = Schema.Struct({
  message: Schema.Struct({
    content: Schema.NullOr(Text),
    reasoning_content: Schema.NullOr(Text),
    tool_calls: Schema.NullOr(Schema.Array(Call))
  }),
  finish_reason: Schema.Literals(["stop", "length", "tool_calls", "content_filter", "odd"])
})

const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

const Completion = Schema.Struct({
  id: Schema.String,
  created: count,
  model: Schema.Literals(["kimi-k3", "kimi-k2.6"]),
  choices: Schema.NonEmptyArray(Choice),
  usage: Schema.NullOr(
    Schema.Struct({
      prompt_tokens: count,
      completion_tokens: count,
      total_tokens: count,
      cached_tokens: Schema.NullOr(count),
      completion_tokens_details: Schema.Struct({ reasoning_tokens: count })
    })
  )
})

/** A lone surrogate has no UTF-8 encoding, so no host can send one. */
const isWellFormed = (completion: ChatCompletion): boolean =>
  JSON.stringify(completion).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(completion))

const generated = Arbitrary.filter(Arbitrary.schema(Completion), isWellFormed)

describe("the fold of a stream", () => {
  it.prop(
    "equals the plain response, or its error, for every fixture in any chunking",
    { name: Schema.Literals([...completions.keys()]), cuts: Cuts },
    ({ name, cuts }) => {
      const completion = completions.get(name) ?? assert.fail(name)
      const reads = cutBy(bytesOf(streamOf(completion, { includeUsage: true })), cuts)
      assert.deepStrictEqual(settle(decode(reads, { headers })), plain(completion))
    },
    { arbitrary: { seed: seedOf("completions"), runs: runs({ sample: 100, deep: 3_000 }) } }
  )

  it.prop(
    "equals the plain response, or its error, for every completion in any chunking",
    { completion: generated, cuts: Cuts, includeUsage: Schema.Boolean },
    ({ completion, cuts, includeUsage }) => {
      const reads = cutBy(bytesOf(streamOf(completion, { includeUsage })), cuts)
      assert.deepStrictEqual(settle(decode(reads, { headers })), plain(completion))
    },
    { arbitrary: { seed: seedOf("cuts"), runs: runs({ sample: 200, deep: 3_000 }) } }
  )

  it.prop(
    "is an error for every stream that ends early",
    { completion: generated, part: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })) },
    ({ completion, part }) => {
      const bytes = bytesOf(streamOf(completion))
      const end = bytes.length - "data: [DONE]\n\n".length
      const { failure } = decode([bytes.subarray(0, Math.floor(end * part))])
      assert.strictEqual(failure?._tag, "StreamTruncatedError")
    }
  )
})
