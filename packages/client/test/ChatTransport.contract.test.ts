import { describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { ChatTransportContract } from "@kimi-effect/testing/contract"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as UndiciHttpClient from "../src/node/UndiciHttpClient.ts"
import { key } from "./node/support/kimi.ts"

/** The beginning of an answer: the event with the role, and the first with text. */
const afterEvents = 2

const faultOf = (behavior: Exclude<ChatTransportContract.Behavior, { readonly _tag: "Answers" | "Refuses" }>) => {
  switch (behavior._tag) {
    case "Breaks":
      return Fault.ResetMidStream({ afterEvents })
    case "Truncates":
      return Fault.TruncatedStream({ afterEvents })
    case "Stalls":
      return Fault.StallMidStream({ afterEvents })
  }
}

const replyOf = (behavior: ChatTransportContract.Behavior): Reply.Reply => {
  if (behavior._tag === "Refuses") return ErrorReply.table.limitRpm
  const usage = { prompt_tokens: 10, completion_tokens: 20 }
  if (behavior._tag === "Answers") {
    return Reply.chatResponse({ content: behavior.text, reasoning_content: behavior.reasoning, usage })
  }
  return Reply.chatResponse({ content: behavior.text, usage }, { fault: faultOf(behavior), chunking: { events: 1 } })
}

const suite = (client: Layer.Layer<HttpClient.HttpClient, unknown, KimiConfig.KimiConfig>) =>
  ChatTransportContract.suite(it, (behavior) =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(replyOf(behavior))
      return {
        transport: ChatTransport.layerHttp.pipe(
          Layer.provide(client),
          Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), baseUrl: server.url }))
        ),
        requests: Effect.map(server.requests, ({ length }) => length),
        aborted: server.aborted
      }
    })
  )

describe("a transport over the HTTP client of Node", () => suite(UndiciHttpClient.layer))

describe("a transport over fetch", () => suite(FetchHttpClient.layer))
