import { assert, describe, it } from "@effect/vitest"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { ClientClosedError } from "@kimi-effect/core/ResilienceErrors"
import { MockProvider, Script } from "@kimi-effect/testing"
import { Effect, Layer, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as Kimi from "../../src/promise/Kimi.ts"
import { startEvent, textDelta } from "../support/responses.ts"

const hello = { messages: [{ role: "user", content: "Hello!" }] } as const

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

describe("Kimi.close", () => {
  it("releases the layers of the client when a stream fails to close", async () => {
    let isReleased = false
    const events = Stream.concat(Stream.fromIterable([startEvent(), textDelta("Hi")]), Stream.never).pipe(
      Stream.ensuring(Effect.die(new Error("observer")))
    )
    const client = MockProvider.layerClient({ script: [Script.events(events)] })
    const released = Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => void (isReleased = true))))
    const kimi = Kimi.fromLayer(Layer.merge(client, released))
    await kimi.stream(hello).next()
    await kimi.close()
    assert.isTrue(isReleased)
  })

  it("resolves when the client cannot be built", async () => {
    const failing = Layer.effect(
      KimiClient,
      Effect.andThen(
        Effect.promise(() => new Promise<void>((resolve) => void setImmediate(resolve))),
        Effect.fail(new ConfigurationError({ message: "no key", issues: [] }))
      )
    )
    const kimi = Kimi.fromLayer(failing)
    const first = rejection(kimi.stream(hello).next())
    await kimi.close()
    assert.instanceOf(await first, ClientClosedError)
  })
})

describe("a signal that aborts while the client is built", () => {
  it("ends a stream at once", async () => {
    const kimi = Kimi.fromLayer(Layer.effect(KimiClient, Effect.never))
    const controller = new AbortController()
    const first = rejection(kimi.stream(hello, { signal: controller.signal }).next())
    await Promise.resolve()
    controller.abort(new Error("enough"))
    assert.deepInclude(await first, { message: "enough" })
  })
})
