/** Plain responses, and the same responses as streams. */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as SseText from "@kimi-effect/testing/SseText"
import * as Schema from "effect/Schema"
import { fromCompletion } from "../../../src/internal/decodeCompletion.ts"
import { fields } from "./errors.ts"

const decode = Schema.decodeUnknownSync(ChatCompletion)

const plainNames = Fixtures.exchangeNames.filter((name) => name.startsWith("plain-"))

/** Every plain response of the fixtures, recorded and synthetic, by name. */
export const completions: ReadonlyMap<string, ChatCompletion> = new Map([
  ...plainNames.map((name) => [name, decode(Fixtures.exchange(name).body)] as const),
  ...Fixtures.syntheticNames.map((name) => [name, decode(Fixtures.synthetic(name))] as const)
])

/** The text of the stream for a plain response. */
export const streamOf = (completion: ChatCompletion, options?: SseText.Options): string =>
  SseText.fromCompletion(completion, options).join("")

/** Headers with the host's ids, and the members of errors and responses with them. */
export const headers = { "msh-request-id": "r-1", "x-msh-trace-id": "t-1" }
export const head = { provider: "moonshot", requestId: "r-1", traceId: "t-1" }

/** The decoded response, or the members of its error. */
export const plain = (completion: ChatCompletion, model = "kimi-k3"): ChatResponse | Record<string, unknown> => {
  const answer = fromCompletion(completion, head, model)
  return "_tag" in answer ? fields(answer) : answer
}
