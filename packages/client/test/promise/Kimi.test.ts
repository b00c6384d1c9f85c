import { assert, describe, it } from "@effect/vitest"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { OverloadedError } from "@kimi-effect/core/RateLimitErrors"
import { ClientClosedError } from "@kimi-effect/core/ResilienceErrors"
import { StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import { Effect, Schema, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as Kimi from "../../src/promise/Kimi.ts"
import { eventsOf, startEvent, textDelta } from "../support/responses.ts"

const hello = { messages: [{ role: "user", content: "Hello!" }] } as const

const clientOf = (script: Script.Script): Kimi.Kimi => Kimi.fromLayer(MockProvider.layerClient({ script }))

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const collected: Array<A> = []
  for await (const item of items) collected.push(item)
  return collected
}

/** A signal that counts its listeners. */
const countedSignal = () => {
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...args)
  }
  return { controller, signal, listeners: () => listeners }
}

/** A stream that stays open after its first events, and whether it was closed. */
const openStream = (before: ReadonlyArray<StreamEvent> = [startEvent(), textDelta("Hi")]) => {
  const closed = Promise.withResolvers<void>()
  const events = Stream.concat(Stream.fromIterable(before), Stream.never).pipe(
    Stream.ensuring(Effect.sync(() => closed.resolve()))
  )
  return { closed: closed.promise, script: [Script.events(events)] }
}

describe("Kimi.chat", () => {
  it("resolves to the response", async () => {
    await using kimi = clientOf(["Hi"])
    assert.strictEqual((await kimi.chat(hello)).text, "Hi")
  })

  it("rejects with the class of the error", async () => {
    await using kimi = clientOf([Reply.overloaded()])
    assert.instanceOf(await rejection(kimi.chat(hello)), OverloadedError)
  })

  it("rejects with the reason of an aborted signal", async () => {
    await using kimi = clientOf([Reply.never()])
    const { controller, listeners, signal } = countedSignal()
    const pending = rejection(kimi.chat(hello, { signal }))
    await kimi.runtime.context()
    controller.abort()
    const error = await pending
    assert(error instanceof DOMException)
    assert.strictEqual(error.name, "AbortError")
    assert.strictEqual(listeners(), 0)
  })

  it("sends nothing when the signal is already aborted", async () => {
    const reason = new Error("enough")
    const kimi = Kimi.fromLayer(
      MockProvider.layerClient({
        script: () => {
          throw new Error("it was sent")
        }
      })
    )
    assert.strictEqual(await rejection(kimi.chat(hello, { signal: AbortSignal.abort(reason) })), reason)
    await kimi.close()
  })

  it("leaves no listener on the signal", async () => {
    await using kimi = clientOf(["Hi", Reply.overloaded()])
    const { listeners, signal } = countedSignal()
    await kimi.chat(hello, { signal })
    await rejection(kimi.chat(hello, { signal }))
    assert.strictEqual(listeners(), 0)
  })

  it("applies the options of the call", async () => {
    await using kimi = Kimi.fromLayer(MockProvider.layerClient())
    const error = await rejection(kimi.chat(hello, { timeout: 0 }))
    assert.deepInclude(error, { _tag: "InvalidRequestError" })
    assert.isString((await kimi.chat(hello, { timeout: "1 minute" })).text)
  })

  it("rejects with ClientClosedError when the client is closed during the call", async () => {
    const kimi = clientOf([Reply.never()])
    const pending = rejection(kimi.chat(hello))
    await kimi.runtime.context()
    await kimi.close()
    assert.instanceOf(await pending, ClientClosedError)
  })

  it("rejects with ClientClosedError after the client was closed", async () => {
    const kimi = clientOf(["Hi"])
    await kimi.chat(hello)
    await kimi.close()
    await kimi.close()
    assert.instanceOf(await rejection(kimi.chat(hello)), ClientClosedError)
    assert.instanceOf(await rejection(collect(kimi.stream(hello))), ClientClosedError)
    assert.instanceOf(await rejection(kimi.streamResponse(hello)), ClientClosedError)
  })
})

describe("Kimi.stream", () => {
  it("iterates over the events", async () => {
    await using kimi = clientOf([Script.events(eventsOf({ content: "Hi" }))])
    assert.deepStrictEqual(await collect(kimi.stream(hello)), eventsOf({ content: "Hi" }))
  })

  it("makes no call before the first event is read", async () => {
    await using kimi = Kimi.fromLayer(MockProvider.layerClient({ script: [] }))
    const { listeners, signal } = countedSignal()
    kimi.stream(hello, { signal })
    assert.strictEqual(listeners(), 0)
    await kimi.runtime.context()
  })

  it("is read once", async () => {
    await using kimi = clientOf([Script.events(eventsOf())])
    const stream = kimi.stream(hello)
    await collect(stream)
    assert.deepStrictEqual(await collect(stream), [])
  })

  it("has the whole response, with what was read before", async () => {
    await using kimi = clientOf(["Hello world!"])
    const stream = kimi.stream(hello)
    assert.strictEqual((await stream.next()).value?._tag, "Start")
    assert.strictEqual((await stream.response()).text, "Hello world!")
  })

  it("has no whole response when it was left", async () => {
    await using kimi = clientOf(["Hello world!"])
    const stream = kimi.stream(hello)
    for await (const _event of stream) break
    assert.instanceOf(await rejection(stream.response()), StreamTruncatedError)
  })

  it("throws the class of the error, then is done", async () => {
    await using kimi = clientOf([Reply.overloaded()])
    const stream = kimi.stream(hello)
    assert.instanceOf(await rejection(collect(stream)), OverloadedError)
    assert.isTrue((await stream.next()).done)
  })

  it("closes the call when the loop is left", async () => {
    const { closed, script } = openStream()
    await using kimi = clientOf(script)
    const { listeners, signal } = countedSignal()
    for await (const _event of kimi.stream(hello, { signal })) break
    await closed
    assert.strictEqual(listeners(), 0)
  })

  it("throws the reason when the signal aborts, with the call closed", async () => {
    const { closed, script } = openStream()
    await using kimi = clientOf(script)
    const { controller, listeners, signal } = countedSignal()
    const reason = new Error("enough")
    const stream = kimi.stream(hello, { signal })
    await stream.next()
    await stream.next()
    const pending = rejection(stream.next())
    controller.abort(reason)
    assert.strictEqual(await pending, reason)
    await closed
    assert.isTrue((await stream.next()).done)
    assert.strictEqual(listeners(), 0)
  })

  it("throws the reason to the next read when the signal aborted between two", async () => {
    const { closed, script } = openStream()
    await using kimi = clientOf(script)
    const controller = new AbortController()
    const stream = kimi.stream(hello, { signal: controller.signal })
    await stream.next()
    controller.abort()
    await closed
    assert.deepInclude(await rejection(stream.next()), { name: "AbortError" })
  })

  it("throws ClientClosedError when the client is closed", async () => {
    const { closed, script } = openStream([startEvent()])
    const kimi = clientOf(script)
    const stream = kimi.stream(hello)
    await stream.next()
    const pending = rejection(stream.next())
    await kimi.close()
    assert.instanceOf(await pending, ClientClosedError)
    await closed
  })
})

describe("Kimi.streamResponse", () => {
  it("is a response in OpenAI's chunks", async () => {
    await using kimi = clientOf([Script.events(eventsOf({ content: "Hi" }))])
    const response = await kimi.streamResponse(hello, { headers: { "x-own": "1" } })
    const text = await response.text()
    assert.include(text, '"delta":{"content":"Hi"}')
    assert.isTrue(text.endsWith("data: [DONE]\n\n"))
    assert.strictEqual(response.headers.get("x-own"), "1")
  })

  it("is a response in the events of the library", async () => {
    await using kimi = clientOf([Script.events(eventsOf({ content: "Hi" }))])
    const response = await kimi.streamResponse(hello, { format: "events" })
    assert.include(await response.text(), 'event: TextDelta\ndata: {"_tag":"TextDelta","choice":0,"text":"Hi"}')
  })

  it("closes the call when its body is cancelled", async () => {
    const { closed, script } = openStream()
    await using kimi = clientOf(script)
    const reader = (await kimi.streamResponse(hello)).body?.getReader() ?? assert.fail("no body")
    await reader.read()
    await reader.cancel()
    await closed
  })

  it("closes the call when its signal aborts", async () => {
    const { closed, script } = openStream()
    await using kimi = clientOf(script)
    const controller = new AbortController()
    const response = await kimi.streamResponse(hello, { signal: controller.signal })
    const reader = response.body?.getReader() ?? assert.fail("no body")
    await reader.read()
    controller.abort()
    await closed
  })

  it("ends with ClientClosedError when the client is closed", async () => {
    const { closed, script } = openStream()
    const kimi = clientOf(script)
    const response = await kimi.streamResponse(hello, { format: "events" })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail("no body")
    await reader.read()
    const last = reader.read()
    await kimi.close()
    await closed
    assert.include((await last).value, 'event: Failure\ndata: {"_tag":"Failure","error":"ClientClosedError"')
    assert.isTrue((await reader.read()).done)
  })

  it("closes the call with the client while its reader waits", async () => {
    const { closed, script } = openStream()
    const kimi = clientOf(script)
    const reader = (await kimi.streamResponse(hello)).body?.getReader() ?? assert.fail("no body")
    await reader.read()
    await kimi.close()
    await closed
  })
})

describe("Kimi.object", () => {
  const schema = Schema.Struct({ item: Schema.String, count: Schema.Int })
  const order = { item: "tea", count: 2 }

  it("resolves to the value", async () => {
    await using kimi = clientOf([JSON.stringify(order)])
    const { value } = await kimi.object({ schema, prompt: "Two teas, please." })
    assert.deepStrictEqual(value, order)
  })

  it("rejects with the class of the error", async () => {
    await using kimi = clientOf(["no", "no"])
    const error = await rejection(kimi.object({ schema, prompt: "Two teas, please." }))
    assert.deepInclude(error, { _tag: "StructuredOutputError", reason: "invalid JSON" })
  })

  it("streams the value while it is written", async () => {
    await using kimi = clientOf([JSON.stringify(order)])
    const events = await collect(kimi.objectStream({ schema, prompt: "Two teas, please." }))
    const last = events.at(-1)
    assert(last?._tag === "Finish")
    assert.deepStrictEqual(last.output.value, order)
    assert.isTrue(events.some(({ _tag }) => _tag === "Partial"))
  })
})

describe("Kimi.make", () => {
  it("takes secrets as plain strings, which it redacts", () => {
    const settings = Kimi.toSettings({ apiKey: "sk-secret", redisPassword: "password", model: "kimi-k3" })
    assert.strictEqual(settings.model, "kimi-k3")
    assert.notMatch(JSON.stringify(settings), /sk-secret|"password"/)
  })

  it("rejects each call with ConfigurationError for invalid options", async () => {
    await using kimi = Kimi.make({ apiKey: "sk-test", maxConcurrency: -1 })
    for (const call of [kimi.chat(hello), collect(kimi.stream(hello)), kimi.models()]) {
      const error = await rejection(call)
      assert.instanceOf(error, ConfigurationError)
      assert.include(String(error), "maxConcurrency")
    }
  })

  it("gives the runtime to programs with Effect", async () => {
    await using kimi = clientOf(["Hi"])
    const text = await kimi.runtime.runPromise(
      Effect.map(
        KimiClient.use((client) => client.chat(hello)),
        (response) => response.text
      )
    )
    assert.strictEqual(text, "Hi")
  })
})

describe("Kimi", () => {
  it("has the free calls", async () => {
    await using kimi = Kimi.fromLayer(MockProvider.layerClient())
    assert.isNotEmpty(await kimi.models())
    assert.isDefined((await kimi.balance()).available_balance)
  })
})
