/** What `kimi doctor` finds where the host, or the proxy before it, does not answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { Check } from "../../src/schemas/doctor.ts"
import { closedPort, diagnose, key } from "../doctorSetUp.ts"
import { runKimi } from "../runKimi.ts"

const stalled = Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("late"))

/** The checks of a host that never answers a path, after the 10 seconds that one answer may take. */
const withoutAnswer = (path: string) =>
  Effect.gen(function* () {
    const server = yield* MockServer.make({ apiKey: key })
    const asked = Deferred.makeUnsafe<void>()
    yield* server.replyAt(path, () => {
      Deferred.doneUnsafe(asked, Effect.void)
      return stalled
    })
    const env = { KIMI_BASE_URL: server.url, KIMI_API_KEY: key, KIMI_PROXY: "off" }
    const doctor = yield* Effect.forkChild(runKimi(["doctor", "--json"], { env }))
    yield* Deferred.await(asked)
    yield* TestClock.adjust("10 seconds")
    const { code, stdout } = yield* Fiber.join(doctor)
    const { checks }: { readonly checks: ReadonlyArray<Check> } = JSON.parse(stdout)
    return { code, checks, origin: new URL(server.url).origin }
  })

describe("kimi doctor at a host that does not answer", () => {
  it.effect("names a host that never answers the list of models", () =>
    Effect.map(withoutAnswer("GET /v1/models"), ({ checks, code, origin }) => {
      assert.strictEqual(code, 1)
      const network = checks.find(({ name }) => name === "network")
      assert.strictEqual(network?.message, "The host has not answered within 10 seconds (without a proxy)")
      assert.include(network?.fix, `Check that ${origin} is the host of the API`)
      assert.deepStrictEqual(
        checks.filter(({ status }) => status === "skipped").map(({ name }) => name),
        ["model", "clock"]
      )
    })
  )

  it.effect("names a host that never answers the balance", () =>
    Effect.map(withoutAnswer("GET /v1/users/me/balance"), ({ checks, code }) => {
      assert.strictEqual(code, 1)
      const balance = checks.find(({ name }) => name === "balance")
      assert.deepInclude(balance, { status: "problem", message: "The host has not answered within 10 seconds" })
    })
  )
})

describe("kimi doctor behind a proxy", () => {
  const networkOf = (proxy: string, args: ReadonlyArray<string> = []) =>
    Effect.map(
      diagnose(() => Effect.succeed({ KIMI_PROXY: proxy, KIMI_BASE_URL: "https://api.moonshot.ai/v1" }), args),
      ({ checks }) => checks.find(({ name }) => name === "network")
    )

  it.live("names a proxy on whose port nothing listens as what to check", () =>
    Effect.gen(function* () {
      const proxy = `http://127.0.0.1:${yield* closedPort}`
      const network = yield* networkOf(proxy)
      const reached = "No connection to https://api.moonshot.ai can be established"
      assert.strictEqual(network?.message, `${reached} (through the proxy ${proxy} of KIMI_PROXY)`)
      assert.include(network?.fix, `Check that KIMI_PROXY names the right proxy, that ${proxy} is up`)
      assert.notInclude(network?.fix, "base URL")
    })
  )

  it.live("names the host name of a proxy that cannot be resolved", () =>
    Effect.map(networkOf("http://proxy.invalid:8080"), (network) => {
      assert.match(network?.message ?? "", /^The host name of the proxy could not be resolved/)
      assert.include(network?.fix, "KIMI_PROXY")
    })
  )

  it.live("names the flag of a proxy", () =>
    Effect.gen(function* () {
      const network = yield* networkOf("off", ["--proxy", `http://127.0.0.1:${yield* closedPort}`])
      assert.include(network?.fix, "Check that --proxy names the right proxy")
    })
  )
})
