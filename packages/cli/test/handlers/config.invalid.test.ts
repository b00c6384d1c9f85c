import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, key } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const files = Effect.map(temporaryFolder, (folder) => {
  const [json, dotEnv] = [join(folder, "kimi (1).json"), join(folder, ".env")] as const
  writeFileSync(json, JSON.stringify({ kimi: { tier: 9, cache: "memory", teir: 2 } }), { mode: 0o600 })
  writeFileSync(dotEnv, "KIMI_IDLE_TIMEOUT=never\n", { mode: 0o600 })
  return { args: ["--config", json, "--dotenv", dotEnv], dotEnv, json }
})

describe("kimi config with values that cannot be used", () => {
  it.live("lists each with its origin among the others", () =>
    Effect.gen(function* () {
      const { args, dotEnv, json } = yield* files
      const { code, stderr, stdout } = yield* runKimi(["config", "--json", "--max-attempts", "none", ...args], {
        env: { KIMI_MAX_EVENT_BYTES: "many" }
      })
      assert.strictEqual(code, 10)
      assert.include(stderr, `kimi.tier in ${json}`)
      const rows = decoded("config", stdout).options
      const shown = Object.fromEntries(
        rows.map(({ expected, name, origin, value }) => [name, [value, origin, expected !== undefined]])
      )
      assert.deepStrictEqual(shown, {
        cache: ["memory", `file ${json} (kimi.cache)`, false],
        idleTimeout: ["never", `file ${dotEnv} (KIMI_IDLE_TIMEOUT)`, true],
        "kimi.teir": [null, `file ${json}`, true],
        maxAttempts: ["none", "flag --max-attempts", true],
        maxEventBytes: ["many", "environment (KIMI_MAX_EVENT_BYTES)", true],
        tier: ["9", `file ${json} (kimi.tier)`, true]
      })
    })
  )

  it.live("marks a fallback whose step has no key", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runKimi(["config", "--json", "--fallback", '[{"provider":"together"}]'])
      assert.strictEqual(code, 10)
      assert.deepStrictEqual(decoded("config", stdout).options, [
        {
          name: "fallback",
          value: "<redacted>",
          origin: "flag --fallback",
          expected: "an API key in this step: its host together requires one, and gets none of another host"
        }
      ])
    })
  )

  it.live("marks them in the table", () =>
    Effect.map(runKimi(["config", "--tier", "9", "--cache", "memory"]), ({ code, stdout }) => {
      assert.strictEqual(code, 10)
      assert.match(stdout, /^tier +9 +flag --tier: INVALID, expected /m)
      assert.match(stdout, /^cache +memory +flag --cache$/m)
    })
  )

  it.live("hides those that may be a secret", () =>
    Effect.map(
      runKimi(["config", "--all"], {
        env: { KIMI_TIER: key, KIMI_PROXY: "user:hunter2@proxy", KIMI_HEADERS: "hunter2", KIMI_FALLBACK: "[hunter2" }
      }),
      ({ code, stderr, stdout }) => {
        assert.strictEqual(code, 10)
        assert.notInclude(stdout + stderr, key)
        assert.notInclude(stdout + stderr, "hunter2")
        assert.match(stdout, /^tier +<redacted> +environment \(KIMI_TIER\): INVALID/m)
      }
    )
  )

  it.live("names an option that contradicts another", () =>
    Effect.map(runKimi(["config", "--json", "--provider", "custom"]), ({ code, stdout }) => {
      assert.strictEqual(code, 10)
      const row = decoded("config", stdout).options.find(({ name }) => name === "baseUrl")
      assert.strictEqual(row?.origin, "default")
      assert.include(row?.expected ?? "", "a base URL")
    })
  )
})

describe("a variable in lower case", () => {
  it.live.each(["kimi_foo", "kimi_foo_bar", "kimi_tier", "kimi_prices_models"])(
    "is named in place of the member that %s is read as",
    (name) =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* runKimi(["config", "--json"], { env: { [name]: "9" } })
        assert.strictEqual(code, 10)
        assert.match(JSON.parse(stderr).error.message, new RegExp(String.raw`\n  ${name}: expected [^\n]+$`))
        assert.deepStrictEqual(
          decoded("config", stdout).options.map(({ origin }) => origin),
          [`environment (${name})`]
        )
      })
  )

  it.live("is named with the file that has it", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, ".env")
      writeFileSync(path, "kimi_foo=1\n", { mode: 0o600 })
      const { code, stderr } = yield* runKimi(["tokens", "Hi", "--dotenv", path])
      assert.strictEqual(code, 10)
      assert.include(stderr, `kimi_foo in ${path}: expected `)
    })
  )

  it.live("is the origin of its option", () =>
    Effect.map(runKimi(["config", "--json"], { env: { kimi_tier: "3" } }), ({ stdout }) =>
      assert.strictEqual(decoded("config", stdout).options[0]?.origin, "environment (kimi_tier)")
    )
  )
})

describe("an option that cannot be used", () => {
  it.live("is named with the file that has it in every command", () =>
    Effect.gen(function* () {
      const { args, dotEnv, json } = yield* files
      for (const command of [["models"], ["chat", "Hi"], ["files", "list"], ["batch", "cancel", "batch-1"]]) {
        const { code, stderr } = yield* runKimi([...command, ...args], { env: { KIMI_API_KEY: key } })
        assert.strictEqual(code, 10, command.join(" "))
        assert.include(stderr, `kimi.tier in ${json}: expected`)
        assert.include(stderr, `KIMI_IDLE_TIMEOUT in ${dotEnv}: expected`)
      }
    })
  )

  it.live("is named with its flag where it contradicts another", () =>
    Effect.map(runKimi(["models", "--base-url", "http://example.com/v1"]), ({ code, stderr }) => {
      assert.strictEqual(code, 10)
      assert.include(stderr, "--base-url: expected an https URL")
    })
  )
})

describe("two flags that set one option", () => {
  for (const command of [["config"], ["models"], ["chat", "Hi"], ["doctor"]]) {
    it.live(`are wrong usage of kimi ${command[0]}`, () =>
      Effect.map(runKimi([...command, "--set", "tier=2", "--tier", "3"]), ({ code, stderr }) => {
        assert.strictEqual(code, 2)
        assert.include(stderr, "--set tier: expected no --tier with it")
      })
    )
  }
})
