import { describe, it } from "@effect/vitest"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { LanguageModelContract } from "@kimi-effect/testing/contract"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer } from "effect"
import * as KimiLanguageModel from "../../src/agent/KimiLanguageModel.ts"
import { KimiClient } from "../../src/KimiClient.ts"
import { providers } from "../../src/Provider.ts"
import { connect } from "../node/support/kimi.ts"

const usage = { prompt_tokens: 10, completion_tokens: 20, cached_tokens: 4, reasoning_tokens: 5 }

/** The beginning of an answer: the event with the role, and the first with text. */
const afterEvents = 2

const replyOf = (behavior: LanguageModelContract.Behavior): Reply.Reply => {
  switch (behavior._tag) {
    case "Refuses":
      return ErrorReply.table.limitRpm
    case "Answers": {
      const { calls, finishReason, reasoning, text } = behavior
      return Reply.chatResponse({
        content: text,
        reasoning_content: reasoning,
        tool_calls: calls,
        finish_reason: finishReason,
        usage
      })
    }
    case "Breaks":
    case "Stalls": {
      const fault = behavior._tag === "Breaks" ? Fault.ResetMidStream : Fault.StallMidStream
      return Reply.chatResponse(
        { content: behavior.text, usage },
        { fault: fault({ afterEvents }), chunking: { events: 1 } }
      )
    }
  }
}

const suite = (options: KimiConfig.Options, settings?: KimiLanguageModel.Settings) =>
  LanguageModelContract.suite(it, (behaviors) =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(...behaviors.map(replyOf))
      const client = Layer.succeed(KimiClient, yield* connect(server, options))
      return {
        model: Layer.provide(KimiLanguageModel.layer(settings), client),
        requests: Effect.map(server.requests, (requests) => requests.map(({ json }) => json)),
        aborted: server.aborted
      }
    })
  )

for (const provider of Object.values(providers)) {
  describe(`a model of the host ${provider.id}`, () => suite({ provider: provider.id }, { provider }))
}

describe("a model that asks for JSON objects without a schema", () => suite({}, { objectFormat: "json_object" }))
