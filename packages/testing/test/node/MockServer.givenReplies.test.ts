/** Replies that a program without types gives to a server. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as MockServer from "../../src/node/MockServer.ts"

const post = async (url: string): Promise<{ status: number; body: string }> => {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer sk-test", "content-type": "application/json" },
    body: JSON.stringify({ model: "kimi-k3", messages: [{ role: "user", content: "Hello" }] })
  })
  return { status: response.status, body: await response.text() }
}

/** The response to a chat request. */
const ask = ({ url }: MockServer.MockServer["Service"]) => Effect.promise(() => post(url))

const contentOf = ({ body }: { readonly body: string }): unknown => JSON.parse(body).choices[0].message.content

const invalid: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["null", null],
  ["undefined", undefined],
  ["a number", 5],
  ["a boolean", true],
  ["a symbol", Symbol("reply")],
  ["a list", ["text"]],
  ["a Promise", Promise.resolve("text")],
  ["an object that is no reply", { _tag: "Other" }]
]

const untyped = (value: unknown) => value as string

describe("a server", () => {
  it.live("sends a text as a chat response", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways("always")
      yield* server.reply("once")
      assert.deepStrictEqual([contentOf(yield* ask(server)), contentOf(yield* ask(server))], ["once", "always"])
    }).pipe(Effect.scoped)
  )

  it.live("sends a text that a function returns", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(() => "computed")
      assert.strictEqual(contentOf(yield* ask(server)), "computed")
    }).pipe(Effect.scoped)
  )

  for (const [name, value] of invalid) {
    it.live(`refuses ${name} as a reply where it is given`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        for (const script of [
          server.reply(untyped(value)),
          server.replyAlways(untyped(value)),
          server.replyAt("GET /v1/models", untyped(value))
        ]) {
          const exit = yield* Effect.exit(script)
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isFailure(exit)) {
            assert.strictEqual(
              (Cause.squash(exit.cause) as Error).message,
              `MockServer: a reply is a text, a Reply or a function from a request to one, not ${name}`
            )
          }
        }
      }).pipe(Effect.scoped)
    )

    it.live(`answers 500 when a function returns ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(() => untyped(value))
        const { body, status } = yield* ask(server)
        assert.strictEqual(status, 500)
        assert.include(body, `returned ${name}, not a text or a Reply`)
      }).pipe(Effect.scoped)
    )
  }
})
