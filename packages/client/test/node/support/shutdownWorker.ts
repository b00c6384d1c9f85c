/** A service: a client from the environment that has answered a call, and waits for a signal. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import { KimiClient } from "../../../src/KimiClient.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient
  yield* kimi.chat({ messages: [{ role: "user", content: "Hello!" }] })
  process.send?.("ready")
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.provide(program, KimiNode.layerConfig()))
