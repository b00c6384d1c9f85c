import { describe, it } from "@effect/vitest"
import * as Admission from "@kimi-effect/core/Admission"
import * as Redis from "@kimi-effect/core/Redis"
import { AdmissionContract } from "@kimi-effect/testing/contract"
import { Effect, Layer } from "effect"
import { connect, reachable, ownPrefix } from "./support/redis.ts"

describe("admission in memory", () => {
  AdmissionContract.suite(it, Admission.layerMemory)
})

describe.skipIf(!reachable)("admission in Redis", () => {
  // Calls are counted by the clock of Redis.
  AdmissionContract.suite(
    it,
    (settings) =>
      Layer.unwrap(
        Effect.map(ownPrefix, (keyPrefix) => Admission.layerRedis({ ...settings, keyPrefix, timeout: "10 seconds" }))
      ).pipe(Layer.provide(Layer.effect(Redis.Redis, connect()))),
    { clock: "Server" }
  )
})

describe("admission that is off", () => {
  AdmissionContract.suiteOff(it, Admission.layerOff)
})
