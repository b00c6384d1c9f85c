/** Fuzzes the decoding of JSON bodies: completions, and the errors that come in their place. */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as Headers from "effect/http/Headers"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { fromCompletion } from "../../packages/client/src/internal/decodeCompletion.ts"
import { parseJson, unexpectedBody } from "../../packages/client/src/internal/responseErrors.ts"
import { expect, type Target, toBytes, toText } from "./Target.ts"
import { markupTokens } from "./markupTokens.ts"

const context = { provider: "moonshot", isMoonshot: true, model: "kimi-k3", secret: "sk-fuzz-0123456789" }
const head = { status: 200, headers: Headers.fromInput({ "content-type": "application/json" }) }
const decode = Schema.decodeUnknownResult(ChatCompletion)

const run = (input: Uint8Array): void => {
  const text = toText(input)
  const decoded = Result.flatMap(parseJson(text), (json) => decode(json))
  if (Result.isFailure(decoded)) {
    expect(isKimiError(unexpectedBody(text, "not a completion", context, head)), () => "not an error of the library")
    return
  }
  const response = fromCompletion(decoded.success, { provider: "moonshot" }, "kimi-k3", undefined, {
    markup: { mode: "parse", isStrict: false }
  })
  if ("_tag" in response) return expect(isKimiError(response), () => "not an error of the library")
  expect(
    response.choices.some(({ message }) => message.content !== "" || message.tool_calls !== undefined),
    () => "a response without content"
  )
  const ids = response.choices.flatMap(({ message }) => (message.tool_calls ?? []).map(({ id }) => id))
  expect(
    response.choices.length > 1 || new Set(ids).size === ids.length,
    () => "two tool calls of a choice have one id"
  )
}

const samples = [
  ...Fixtures.exchangeNames.map((name) => Fixtures.exchange(name).body),
  ...Fixtures.syntheticNames.map((name) => Fixtures.synthetic(name))
]

export const completions: Target = {
  name: "completions",
  samples: samples.map((body) => toBytes(JSON.stringify(body))),
  tokens: [
    ...markupTokens,
    "null",
    "true",
    "[]",
    "{}",
    '""',
    "0",
    "-1",
    "1e400",
    "1e99",
    '"__proto__"',
    '"constructor"',
    "\\ud800",
    '"choices":[]',
    '"choices":null',
    '"message":null',
    '"content":null',
    '"content":""',
    '"tool_calls":[]',
    '"id":null',
    '"error":"x"',
    '{"error":{}}',
    '"usage":null',
    '"finish_reason":"content_filter"',
    "[[[[[[[[",
    '"code":429',
    '"type":"rate_limit_reached_error"',
    "\uFEFF",
    ",",
    ":"
  ],
  run
}
