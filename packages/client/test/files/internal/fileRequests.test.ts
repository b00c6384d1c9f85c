import { assert, describe, it } from "@effect/vitest"
import type { HostRequestError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { make } from "../../../src/files/internal/fileRequests.ts"
import type { HostApi, RequestOptions } from "../../../src/HostApi.ts"
import { providers } from "../../../src/Provider.ts"
import { hostApiOf } from "../../support/hosts.ts"

/** A host that sends two pieces, the second some time after the first. */
const hostOf = (pause: Duration.Input): HostApi["Service"] => ({
  provider: providers.moonshot,
  request: <A>({ response }: RequestOptions<A>): Effect.Effect<A, HostRequestError> => {
    const first = new Uint8Array([1])
    const second = Stream.fromEffect(Effect.as(Effect.sleep(pause), new Uint8Array([2])))
    return response.read({
      status: 200,
      contentType: undefined,
      text: Effect.succeed(""),
      bytes: Effect.succeed(first),
      stream: Stream.concat(Stream.make(first), second),
      unexpected: () => new InvalidResponseError({ message: "unexpected" })
    })
  }
})

const bounds = {
  maxBytes: 100,
  idleTimeout: Duration.seconds(60),
  responseTimeout: Duration.minutes(5),
  uploadTimeout: Duration.minutes(30)
}

const contentOf = (pause: Duration.Input) => make(hostOf(pause), bounds).content("f", 100)

describe("the content of a file", () => {
  it.effect("fails when the host sends nothing for the idle timeout", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(contentOf("1 hour"))))
      yield* TestClock.adjust("59999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "IdleTimeoutError")
    })
  )

  it.effect("may be read slowly", () =>
    Effect.gen(function* () {
      const slow = Stream.runForEach(contentOf("1 second"), () => Effect.sleep("10 minutes"))
      const fiber = yield* Effect.forkChild(Effect.result(slow))
      yield* TestClock.adjust("21 minutes")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    })
  )
})

/** Half of a surrogate pair, which cannot be encoded, stands for every text that is no id. */
const noIds = ["", ".", "..", "%2e%2E", "\ud800", undefined, 7] as ReadonlyArray<string>

describe("the id of a file", () => {
  it.effect.each(noIds)("is refused if it is %j", (id) =>
    Effect.gen(function* () {
      const api = hostApiOf(providers.moonshot, () => Effect.die("it was sent"))
      const files = make(api, bounds)
      const calls = [files.get(id), files.remove(id), files.text(id), Stream.runDrain(files.content(id, 1))]
      for (const call of calls) {
        const error = yield* Effect.flip(call as Effect.Effect<unknown, HostRequestError>)
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "id" })
      }
    })
  )

  it.effect("is one segment of the path with any content", () =>
    Effect.gen(function* () {
      const paths: Array<string> = []
      const api = hostApiOf(providers.moonshot, ({ path }) => {
        paths.push(path)
        return Effect.succeed({})
      })
      yield* Effect.exit(make(api, bounds).get("../users/me?a#b"))
      assert.strictEqual(paths.at(-1), "/files/..%2Fusers%2Fme%3Fa%23b")
    })
  )
})
