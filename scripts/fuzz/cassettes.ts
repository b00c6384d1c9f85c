/** Fuzzes the reader of cassettes. */
import { CassetteFormatError, CassetteVersionError } from "@kimi-effect/testing/CassetteErrors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Interaction } from "../../packages/testing/src/cassette/Interaction.ts"
import * as CassetteText from "../../packages/testing/src/internal/cassette/cassetteText.ts"
import { expect, type Target, toBytes, toText } from "./Target.ts"

const run = (input: Uint8Array): void => {
  const read = Effect.runSync(Effect.result(CassetteText.parse("fuzz", toText(input))))
  if (Result.isFailure(read)) {
    const { failure } = read
    expect(
      failure instanceof CassetteFormatError || failure instanceof CassetteVersionError,
      () => "not an error of a cassette"
    )
    return
  }
  const text = CassetteText.render(read.success)
  expect(
    CassetteText.render(Effect.runSync(CassetteText.parse("fuzz", text))) === text,
    () => "what was read is not written in the same way"
  )
}

const request = {
  method: "POST",
  origin: "https://api.moonshot.ai",
  path: "/v1/chat/completions",
  headers: { "content-type": "application/json" },
  body: { json: { model: "kimi-k3", messages: [{ role: "user", content: "Hello!" }] } }
}

const interactions: ReadonlyArray<Interaction> = [
  { request, response: { status: 200, after: 12, headers: { a: "1" }, body: { json: { id: "chatcmpl-1" } } } },
  {
    request,
    response: {
      status: 200,
      headers: {},
      body: { events: [{ json: { choices: [] }, after: 1 }, { data: "[DONE]" }, { raw: ": comment\n\n" }] },
      isIncomplete: true
    }
  },
  { request: { ...request, query: "a=1" }, response: { status: 502, headers: {}, body: { text: "<html>" } } },
  { request, response: { status: 200, headers: {}, body: { base64: "AP8=" } } }
]

export const cassettes: Target = {
  name: "cassettes",
  samples: [toBytes(CassetteText.render([])), ...interactions.map((one) => toBytes(CassetteText.render([one])))],
  tokens: [
    '"version": 1',
    '"version": 2',
    '"version": 1e99',
    '"kimi-cassette"',
    '"events"',
    '"json"',
    '"base64": "A"',
    '"status": 99',
    '"after": -1',
    '"after": 1e400',
    '"__proto__"',
    "\\ud800",
    "[[[[[[[[",
    "null",
    "{}",
    "\uFEFF",
    ","
  ],
  run
}
