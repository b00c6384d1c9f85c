/** Fuzzes `SseParser` and `StreamDecoder`. */
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as SseText from "@kimi-effect/testing/SseText"
import * as Headers from "effect/http/Headers"
import { StreamDecoder } from "../../packages/client/src/internal/StreamDecoder.ts"
import { expect, type Target, toBytes } from "./Target.ts"
import { markupTokens } from "./markupTokens.ts"

const context = { provider: "custom", isMoonshot: false, model: "kimi-k3", secret: "sk-fuzz-0123456789" }
const headers = Headers.fromInput({ "content-type": "text/event-stream", "msh-request-id": "request" })

type Options = ConstructorParameters<typeof StreamDecoder>[2]

/** Limits larger than any input. */
const wide: Options = {
  maxResponseBytes: 1e9,
  maxContentBytes: 1e9,
  maxEventBytes: 1e9,
  maxToolArgumentBytes: 1e9,
  markup: "parse"
}
const narrow: Options = {
  maxResponseBytes: 4_096,
  maxContentBytes: 1_024,
  maxEventBytes: 512,
  maxToolArgumentBytes: 64,
  markup: "fail"
}

/** Decodes the input in pieces of some bytes, and returns its events and how it ended, as text. */
const decode = (input: Uint8Array, pieceBytes: number, options: Options): string => {
  const decoder = new StreamDecoder(context, headers, options)
  for (let start = 0; start < input.length; start += pieceBytes) {
    decoder.feed(input.subarray(start, start + pieceBytes))
  }
  decoder.end()
  const events = decoder.take()
  const { failure, isComplete } = decoder
  expect(isComplete !== (failure !== undefined), () => "a stream ends with its end mark or a failure, and not both")
  expect(failure === undefined || isKimiError(failure), () => "the failure is not an error of the library")
  expect(!isComplete || events.at(-1)?._tag === "Finish", () => "the last event of a complete stream is not Finish")
  return JSON.stringify([events, failure?._tag, failure?.message])
}

const run = (input: Uint8Array): void => {
  const whole = decode(input, Math.max(1, input.length), wide)
  const pieceBytes = input.length > 2_048 ? 61 : (input[0] ?? 0) % 2 === 0 ? 1 : 7
  expect(whole === decode(input, pieceBytes, wide), () => `pieces of ${pieceBytes} bytes decode differently`)
  decode(input, Math.max(1, input.length), narrow)
  decode(input, 64, narrow)
}

export const streams: Target = {
  name: "streams",
  samples: [
    ...Fixtures.sseNames.map((name) => toBytes(Fixtures.sse(name))),
    toBytes(Fixtures.syntheticStream().map(SseText.event).join("") + SseText.done)
  ],
  tokens: [
    SseText.done,
    ...markupTokens,
    "data: ",
    "data",
    "event: error\n",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    ":",
    "\uFEFF",
    "[DONE]",
    "id: 1\n",
    '{"error":{"message":"x"}}',
    '{"choices":[',
    '"index":-1',
    '"index":1e99',
    '"tool_calls":[{"index":0}]',
    "null",
    '"usage":{}',
    '"__proto__":{}',
    "\ud800",
    "\u2028",
    "é",
    "[[[[[[[[",
    "1e400",
    '"content":""'
  ],
  run
}
