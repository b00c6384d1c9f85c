import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Reply from "@kimi-effect/testing/Reply"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Regions } from "../../src/doctor/hostCheck.ts"
import type { Check } from "../../src/schemas/doctor.ts"
import { closedPort, diagnose, key, problemsOf, type SetUp } from "../doctorSetUp.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

/** A proxy that accepts no connection to a host. */
const refusingProxy = Effect.map(
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ),
  (server) => {
    const address = server.address()
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  }
)

describe("kimi doctor", () => {
  it.live("finds no problem in a set-up that works", () =>
    Effect.map(
      diagnose(() => Effect.succeed({})),
      ({ checks, code }) => {
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(problemsOf(checks), [])
        assert.deepStrictEqual(
          checks.map(({ name }) => name),
          ["configuration", "key", "network", "model", "clock", "balance", "limits", "stores"]
        )
      }
    )
  )

  const broken = <E>(
    name: string,
    expected: RegExp,
    envOf: (place: SetUp) => Effect.Effect<{ readonly [name: string]: string }, E, Scope.Scope>,
    args: ReadonlyArray<string> = [],
    exitCode = 1
  ) =>
    it.live(`names ${name}`, () =>
      Effect.map(diagnose(envOf, args), ({ checks, code, text }) => {
        assert.strictEqual(code, exitCode)
        assert.match(problemsOf(checks).join("\n"), expected)
        assert.notInclude(text, key)
      })
    )

  broken("a missing key", /configuration: .*KIMI_API_KEY/, () => Effect.succeed({ KIMI_API_KEY: "" }), [], 10)
  broken(
    "every option that cannot be used",
    /KIMI_TIER[^]*KIMI_IDLE_TIMEOUT|KIMI_IDLE_TIMEOUT[^]*KIMI_TIER/,
    () => Effect.succeed({ KIMI_TIER: "9", KIMI_IDLE_TIMEOUT: "soon" }),
    [],
    10
  )
  broken("a configuration file that is missing", /configuration: .*none\.json/, () => Effect.succeed({}), [
    "--config",
    "none.json"
  ])
  broken("a model that is a key, which it hides", /^model: <redacted> is not among/m, () =>
    Effect.succeed({ KIMI_MODEL: key, KIMI_BUDGET: "1 USD per day" })
  )
  broken("a wrong key", /^key: /m, () => Effect.succeed({ KIMI_API_KEY: "sk-another" }))
  broken("a host that cannot be found", /^network: /m, () =>
    Effect.succeed({ KIMI_BASE_URL: "https://host.invalid/v1" })
  )
  broken("a port on which nothing listens", /^network: /m, () =>
    Effect.map(closedPort, (port) => ({ KIMI_BASE_URL: `http://127.0.0.1:${port}/v1` }))
  )
  broken("a proxy that cannot be reached", /^network: .*through the proxy .* of KIMI_PROXY/m, () =>
    Effect.map(closedPort, (port) => ({ KIMI_PROXY: `http://127.0.0.1:${port}` }))
  )
  broken("a model that the host does not serve", /^model: kimi-k2\.5 /m, () =>
    Effect.succeed({ KIMI_MODEL: "kimi-k2.5" })
  )
  broken("an account without money", /^balance: 0 USD available/m, ({ server }) =>
    Effect.as(
      server.replyAt(
        "GET /v1/users/me/balance",
        Reply.json({ code: 0, data: { available_balance: 0, voucher_balance: 0, cash_balance: 0 }, status: true })
      ),
      {}
    )
  )
  broken("an account that the host has suspended", /^balance: /m, ({ server }) =>
    Effect.as(server.replyAt("GET /v1/models", ErrorReply.table.quotaSuspended), {})
  )
  it.live("does not call a host silent that refuses an account without money", () =>
    Effect.map(
      diagnose(({ server }) => Effect.as(server.replyAt("GET /v1/models", ErrorReply.table.quotaSuspended), {})),
      ({ checks, text }) => {
        assert.notInclude(text, "does not answer")
        assert.strictEqual(checks.find(({ name }) => name === "network")?.status, "ok")
      }
    )
  )
  broken("a clock that is wrong", /^clock: .* ahead of/m, ({ server }) =>
    Effect.as(
      server.replyAt(
        "GET /v1/models",
        Reply.json({ data: [{ id: "kimi-k3" }] }, { headers: { date: "Thu, 01 Jan 2026 00:00:00 GMT" } })
      ),
      {}
    )
  )
  broken("a Redis that cannot be reached", /^stores: .*(redis|cache)/im, () =>
    Effect.map(closedPort, (port) => ({ KIMI_CACHE: `redis://127.0.0.1:${port}` }))
  )

  broken("a proxy that refuses", /^network: .*through the proxy .* of KIMI_PROXY/m, () =>
    Effect.map(refusingProxy, (url) => ({ KIMI_PROXY: url, KIMI_BASE_URL: "https://api.moonshot.ai/v1" }))
  )
  broken("a limit of zero", /KIMI_MAX_CONCURRENCY/, () => Effect.succeed({ KIMI_MAX_CONCURRENCY: "0" }), [], 10)
  broken(
    "the wrong options of flags together with those of variables",
    /--tier[^]*KIMI_MAX_ATTEMPTS/,
    () => Effect.succeed({ KIMI_MAX_ATTEMPTS: "abc" }),
    ["--tier", "9"],
    10
  )
  it.live("corrects a base URL without the version", () =>
    Effect.map(
      diagnose(({ server }) => Effect.succeed({ KIMI_BASE_URL: server.url.replace(/\/v1$/, "") })),
      ({ checks }) => {
        const { fix } = checks.find(({ name }) => name === "host") ?? {}
        assert.include(fix, "Check the base URL, which often ends in /v1")
      }
    )
  )

  broken("an option that does not exist", /--set maxAttempt/, () => Effect.succeed({}), ["--set", "maxAttempt=3"], 10)
  broken("a damaged SQLite file", /^stores: .*damaged\.db|^stores: cache/m, ({ folder }) => {
    const path = join(folder, "damaged.db")
    return Effect.as(
      Effect.sync(() => writeFileSync(path, "this is no database".repeat(1000))),
      { KIMI_CACHE: `sqlite:${path}` }
    )
  })

  /** Files of `--dotenv` that cannot be used. */
  const brokenFile = (name: string, expected: RegExp, exitCode: number, write: (path: string) => void) =>
    it.live(`names ${name}`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const path = join(yield* temporaryFolder, "kimi.env")
          write(path)
          const { code, stdout } = yield* runKimi(["doctor", "--json", "--dotenv", path], { env: {} })
          const { checks }: { readonly checks: ReadonlyArray<Check> } = JSON.parse(stdout)
          assert.strictEqual(code, exitCode)
          assert.match(problemsOf(checks).join("\n"), expected)
          assert.notInclude(stdout, "sk-half")
        })
      )
    )

  brokenFile("an .env file that ends in the middle", /kimi\.env/, 10, (path) =>
    writeFileSync(path, 'KIMI_TIER=1\nKIMI_API_KEY="sk-half')
  )
  brokenFile("an .env file that cannot be read", /kimi\.env/, 1, (path) => mkdirSync(path))

  it.live("names a variable that sets no option", () =>
    Effect.map(
      diagnose(() => Effect.succeed({ KIMI_MAX_ATEMPTS: "3" })),
      ({ checks, code }) => {
        assert.strictEqual(code, 0)
        assert.match(problemsOf(checks).join(), /KIMI_MAX_ATEMPTS sets no option/)
      }
    )
  )

  it.live("names a misspelt variable where the configuration cannot be used", () =>
    Effect.map(
      diagnose(() => Effect.succeed({ KIMI_TEIR: "3", KIMI_TIER: "9" })),
      ({ checks }) => {
        const misspelt = checks.find(({ message }) => message.includes("KIMI_TEIR"))
        assert.strictEqual(misspelt?.fix, "Did you mean KIMI_TIER?")
      }
    )
  )

  it.live("names a misspelt variable of a file", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "kimi.env")
        writeFileSync(path, "KIMI_MODLE=kimi-k3\n")
        const { checks } = yield* diagnose(() => Effect.succeed({}), ["--dotenv", path])
        assert.include(problemsOf(checks).join(), "KIMI_MODLE sets no option")
      })
    )
  )

  it.live("names the option that a misspelt name of --set was meant for", () =>
    Effect.map(
      diagnose(() => Effect.succeed({}), ["--set", "maxAttempt=3"]),
      ({ checks }) => assert.match(checks[0]?.fix ?? "", /did you mean maxAttempts\?$/)
    )
  )

  it.live("knows the variables of the other packages", () =>
    Effect.map(
      diagnose(() => Effect.succeed({ KIMI_CASSETTE_MODE: "auto" })),
      ({ checks }) => assert.deepStrictEqual(problemsOf(checks), [])
    )
  )

  it.live("logs nothing in addition to its checks", () =>
    Effect.gen(function* () {
      const port = yield* closedPort
      const env = { KIMI_API_KEY: key, KIMI_BASE_URL: `http://127.0.0.1:${port}/v1` }
      const { stderr } = yield* runKimi(["doctor"], { env })
      assert.match(stderr, /^kimi: CommandError: Problems: 1\n/)
    })
  )

  it.live("names the region to which the key belongs", () =>
    Effect.gen(function* () {
      const [own, other] = [yield* MockServer.make({ apiKey: "sk-of-this" }), yield* MockServer.make({ apiKey: key })]
      const { stdout } = yield* runKimi(["doctor", "--json"], {
        env: { KIMI_API_KEY: key, KIMI_BASE_URL: own.url }
      }).pipe(Effect.provideService(Regions, { moonshot: own.url, "moonshot-cn": other.url }))
      const { checks }: { readonly checks: ReadonlyArray<Check> } = JSON.parse(stdout)
      assert.include(checks.find(({ name }) => name === "region")?.fix, "KIMI_PROVIDER to moonshot-cn")
    })
  )

  it.live.each([
    { args: [], env: { KIMI_MODEL: "kimi-k2.5" }, place: "KIMI_MODEL" },
    { args: ["--model", "kimi-k2.5"], env: {}, place: "--model" },
    { args: ["--set", "model=kimi-k2.5"], env: {}, place: "--set model" }
  ])("corrects a model that the host does not serve at $place", ({ args, env, place }) =>
    Effect.map(
      diagnose(() => Effect.succeed(env), args),
      ({ checks }) => {
        const { fix } = checks.find(({ name }) => name === "model") ?? {}
        assert.match(fix ?? "", new RegExp(`^Set ${place} to one that is, such as `))
      }
    )
  )

  it.live("sends the key to no other host if the base URL is not Moonshot's", () =>
    Effect.gen(function* () {
      const [own, other] = [yield* MockServer.make({ apiKey: "sk-of-this" }), yield* MockServer.make({ apiKey: key })]
      yield* runKimi(["doctor", "--json"], { env: { KIMI_API_KEY: key, KIMI_BASE_URL: own.url } }).pipe(
        Effect.provideService(Regions, { moonshot: "https://api.moonshot.ai/v1", "moonshot-cn": other.url })
      )
      assert.deepStrictEqual(yield* other.requests, [])
    })
  )
})
