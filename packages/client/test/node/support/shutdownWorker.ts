/** A service: a client from the environment that makes `CALLS` calls, one by default, and waits for a signal. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import { KimiClient } from "../../../src/KimiClient.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient
  const call = kimi.chat({ messages: [{ role: "user", content: "Hello!" }], max_completion_tokens: 100 })
  yield* call
  process.send?.("ready")
  // Redis may be suspended.
  for (let made = 1; made < Number(process.env["CALLS"] ?? 1); made++) yield* Effect.ignore(call)
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.provide(program, KimiNode.layerConfig()))
